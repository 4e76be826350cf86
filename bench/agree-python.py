"""What Python finds in archives and mails, and how many pictures are in a WebP or an icon. Reads keys, NUL between them;
prints JSON."""
import email
import email.policy
import json
import struct
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


def webp(data):
    frames, at = 0, 12
    while at + 8 <= len(data):
        frames += data[at:at + 4] == b'ANMF'
        at += 8 + struct.unpack('<I', data[at + 4:at + 8])[0] + 1 & ~1
    return {'frames': frames or 1}


def icon(data):
    count = struct.unpack('<H', data[4:6])[0]
    sizes = [((data[6 + 16 * i] or 256), (data[7 + 16 * i] or 256)) for i in range(count)]
    width, height = max(sizes, key=lambda s: s[0] * s[1])
    return {'frames': count, 'width': width, 'height': height}


def look(path):
    with open(path, 'rb') as f:
        head = f.read(512)
        if head[:4] == b'RIFF' and head[8:12] == b'WEBP':
            return webp(head + f.read())
        if head[:4] in (b'\0\0\1\0', b'\0\0\2\0') and path.endswith(('.ico', '.cur')):
            return icon(head + f.read())
    if path.endswith('.eml'):
        return mail(path)
    if head[:2] == b'PK' or head[257:262] == b'ustar' or path.endswith(('.tgz', '.tar.gz', '.tar.xz', '.tar.bz2')):
        return archive(path)
    return {}


def main():
    answers = {}
    for key in filter(None, sys.stdin.buffer.read().decode().split('\0')):
        try:
            found = look(key)
        except Exception as e:  # whatever a damaged file makes of these modules
            found = {'error': str(e)}
        if found:
            answers[key] = found
    json.dump(answers, sys.stdout)


main()
