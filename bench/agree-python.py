"""What Python's own modules find in archives and mails. Reads keys, NUL between them; prints JSON."""
import email
import email.policy
import json
import sys
import tarfile
import zipfile


def archive(path):
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as z:
            members = z.infolist()
            return {'entries': len(members), 'names': [m.filename for m in members]}
    if tarfile.is_tarfile(path):
        with tarfile.open(path) as t:
            members = t.getmembers()
            return {'entries': len(members), 'names': [m.name for m in members]}
    return {}


def mail(path):
    with open(path, 'rb') as f:
        message = email.message_from_binary_file(f, policy=email.policy.default)
    found = {name: str(message[name]) for name in ('Subject', 'From', 'To') if message[name]}
    if message['Date'] and message['Date'].datetime:
        found['Date'] = message['Date'].datetime.isoformat()
    return found


def main():
    answers = {}
    for key in filter(None, sys.stdin.buffer.read().decode().split('\0')):
        try:
            found = mail(key) if key.endswith('.eml') else archive(key)
        except Exception as e:  # whatever a damaged file makes of these modules
            found = {'error': str(e)}
        if found:
            answers[key] = found
    json.dump(answers, sys.stdout)


main()
