#!/usr/bin/env python3
"""Makes samples of archives in a folder: by the programs of their formats (7z, cpio, dpkg-deb, genisoimage, lz4, lzip, xz,
zstd), or byte by byte where those are not free (RAR, CAB). 7z must list the names that are expected.
usage: make-archive-samples.py FOLDER"""
import json, os, re, struct, subprocess, sys, tempfile, zipfile, zlib

FOLDER = os.path.abspath(sys.argv[1])
FILES = {'one.txt': b'hello\n', 'dir/zwei \u00fc.txt': b'two\n' * 50}


def run(*args, **more):
    return subprocess.run(args, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **more).stdout


def put(name, data, kind, expected):
    path = os.path.join(FOLDER, name)
    with open(path, 'wb') as f:
        f.write(data)
    with open(path + '.expected.json', 'w') as f:
        json.dump({'ContentType': kind, 'MediaType': 'archive', **expected}, f, ensure_ascii=False, indent=1)
        f.write('\n')


def listed(name, data, kind, names, password=None, **more):
    put(name, data, kind, {'EntryCount': len(names), 'EntryNames': names, **more})
    said = run('7z', 'l', '-slt', '-sccUTF-8', f'-p{password or ""}', os.path.join(FOLDER, name)).decode()
    files = re.findall(r'^Path = (.*)$', said.partition('----------')[2], re.M)
    if sorted(files) != sorted(names):
        raise SystemExit(f'{name}: 7z lists {files}, not {names}')


def read(path):
    with open(path, 'rb') as f:
        return f.read()


# ---- by their programs ----

def tree(folder):
    for name, data in FILES.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as f:
            f.write(data)
        os.utime(path, (1057049557, 1057049557))
    os.utime(os.path.join(folder, 'dir'), (1057049557, 1057049557))


def programs(folder):
    names, out = sorted(FILES), os.path.join(folder, 'out')
    here = {'cwd': os.path.join(folder, 'tree')}
    os.makedirs(here['cwd'])
    tree(here['cwd'])
    tar = run('tar', '--sort=name', '--owner=0', '--group=0', '--format=ustar', '-cf', '-', 'dir', 'one.txt', **here)
    in_tar = ['dir/', *names]
    for suffix, kind, command in (('lz4', 'application/x-lz4', ('lz4', '-c')), ('lz', 'application/x-lzip', ('lzip', '-c')),
                                  ('lzma', 'application/x-lzma', ('xz', '--format=lzma', '-c')), ('zst', 'application/zstd', ('zstd', '-q', '-c'))):
        packed = run(*command, input=tar)
        put('tree.tar.' + suffix, packed, kind, {'EntryCount': 3, 'EntryNames': in_tar, 'Encrypted': None})
        put('cut.tar.' + suffix, packed[:len(packed) // 2], kind, {'Error': 'EXTRACT_FAILED', 'EntryCount': None})
    cpio = run('cpio', '--quiet', '--reproducible', '-o', '-H', 'newc', input='\n'.join(names).encode(), **here)
    put('tree.cpio', cpio, 'application/x-cpio', {'EntryCount': 2, 'EntryNames': names})
    run('7z', 'a', '-mtm=off', out + '.7z', *names, **here)
    listed('tree.7z', read(out + '.7z'), 'application/x-7z-compressed', names, Encrypted='false')
    put('cut.7z', read(out + '.7z')[:-10], 'application/x-7z-compressed', {'Error': 'EXTRACT_FAILED', 'EntryCount': None})
    run('7z', 'a', '-mtm=off', '-psecret', out + '-data.7z', *names, **here)
    listed('locked.7z', read(out + '-data.7z'), 'application/x-7z-compressed', names, 'secret', Encrypted='true')
    run('7z', 'a', '-mtm=off', '-mhe=on', '-psecret', out + '-names.7z', *names, **here)
    put('locked-names.7z', read(out + '-names.7z'), 'application/x-7z-compressed', {'Encrypted': 'true', 'EntryNames': None, 'EntryCount': None})
    run('genisoimage', '-quiet', '-J', '-R', '-o', out + '.iso', here['cwd'])
    put('tree.iso', read(out + '.iso').rstrip(b'\0') + b'\0' * 2048, 'application/x-iso9660-image', {'EntryCount': 3, 'EntryNames': ['dir', 'one.txt', 'dir/zwei ü.txt']})
    os.makedirs(here['cwd'] + '/DEBIAN')
    with open(here['cwd'] + '/DEBIAN/control', 'w') as f:
        f.write('Package: sample\nVersion: 1\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: a sample\n')
    run('dpkg-deb', '--root-owner-group', '-Zxz', '-b', here['cwd'], out + '.deb', env={**os.environ, 'SOURCE_DATE_EPOCH': '1057049557'})
    put('sample.deb', read(out + '.deb'), 'application/vnd.debian.binary-package',
        {'EntryCount': 3, 'EntryNames': ['debian-binary', 'control.tar.xz', 'data.tar.xz']})


# ---- byte by byte ----

def rar5(encrypted=False):
    def number(n):
        out = b''
        while n > 127:
            out, n = out + bytes([n & 127 | 128]), n >> 7
        return out + bytes([n])

    def block(body):
        body = number(len(body)) + body
        return struct.pack('<I', zlib.crc32(body)) + body
    out = b'Rar!\x1a\x07\x01\x00' + block(number(1) + number(0) + number(0))
    for name, data in FILES.items():
        name = name.encode()
        lock = number(1) + number(0) + number(0) + b'\x0f' + b'\0' * 32
        extra = number(len(lock)) + lock if encrypted else b''
        flags = 2 | (1 if extra else 0)
        body = number(2) + number(flags) + (number(len(extra)) if extra else b'') + number(len(data)) + number(4) + number(len(data)) + number(0o100644)
        out += block(body + struct.pack('<I', zlib.crc32(data)) + number(0) + number(1) + number(len(name)) + name + extra) + data
    return out + block(number(5) + number(0) + number(0))


def rar4(encrypted=False):
    def block(kind, flags, body, add=0):
        head = struct.pack('<BHH', kind, flags, 7 + len(body)) + body
        return struct.pack('<H', zlib.crc32(head) & 0xffff) + head
    out = b'Rar!\x1a\x07\0' + block(0x73, 0, b'\0' * 6)
    for name, data in (('one.txt', b'hello\n'), ('two.txt', b'two\n')):
        body = struct.pack('<IIBIIBBHI', len(data), len(data), 3, zlib.crc32(data), 0x2ee156b2, 20, 0x30, len(name), 0o100644) + name.encode()
        out += block(0x74, 0x8000 | (4 if encrypted else 0), body) + data
    return out + block(0x7b, 0x4000, b'')


def cab():
    data = b''.join(FILES.values())
    heads, at = b'', 0
    for name, content in FILES.items():
        heads += struct.pack('<IIHHHH', len(content), at, 0, 0x2ee1, 0x56b2, 0xa0) + name.replace('/', '\\').encode() + b'\0'
        at += len(content)
    files_at = 36 + 8
    data_at = files_at + len(heads)
    size = data_at + 8 + len(data)
    return (b'MSCF' + struct.pack('<IIIIIBBHHHHH', 0, size, 0, files_at, 0, 3, 1, 1, len(FILES), 0, 0, 0) + struct.pack('<IHH', data_at, 1, 0) + heads +
            struct.pack('<IHH', 0, len(data), len(data)) + data)


def zip_of(*names):
    """Names as bytes, as old programs wrote them: no flag says UTF-8."""
    locals_, directory = b'', b''
    for name in names:
        fields = struct.pack('<HHHHHIIIHH', 20, 0, 0, 0x56b2, 0x2ee1, 0, 0, 0, len(name), 0)
        directory += b'PK\1\2' + struct.pack('<H', 20) + fields + struct.pack('<HHHII', 0, 0, 0, 0, len(locals_)) + name
        locals_ += b'PK\3\4' + fields + name
    return locals_ + directory + b'PK\5\6' + struct.pack('<HHHHIIH', 0, 0, len(names), len(names), len(directory), len(locals_), 0)


def by_hand():
    rar, names = 'application/vnd.rar', list(FILES)
    listed('five.rar', rar5(), rar, names, Encrypted='false')
    put('locked-five.rar', rar5(True), rar, {'EntryCount': 2, 'EntryNames': names, 'Encrypted': 'true'})
    listed('four.rar', rar4(), rar, ['one.txt', 'two.txt'], Encrypted='false')
    listed('locked-four.rar', rar4(True), rar, ['one.txt', 'two.txt'], 'x', Encrypted='true')
    listed('tree.cab', cab(), 'application/vnd.ms-cab-compressed', names)
    put('cut.cab', cab()[:60], 'application/vnd.ms-cab-compressed', {'Error': 'EXTRACT_FAILED', 'EntryCount': None})
    up = ['../../etc/passwd', '/etc/shadow', 'C:\\autoexec.bat', 'a\nb']
    put('names.zip', zip_of(*[n.encode() for n in up]), 'application/zip', {'EntryCount': 4, 'EntryNames': up, 'Encrypted': 'false'})
    for name, codec, text in (('dos.zip', 'cp437', ['r\u00e9sum\u00e9.txt', '\u00fcber \u00d1and\u00fa.txt', '\u2592\u2593.txt']),
                              ('russian.zip', 'cp866', ['\u0434\u043e\u0433\u043e\u0432\u043e\u0440 \u043e \u043f\u043e\u0441\u0442\u0430\u0432\u043a\u0435.txt',
                                                       '\u0441\u043b\u043e\u0432\u0430 \u0438 \u0434\u0435\u043b\u0430.txt']),
                              ('japanese.zip', 'cp932', ['\u3059\u3079\u3066\u306e\u4eba\u9593\u306f\u751f\u307e\u308c\u306a\u304c\u3089\u306b.txt', '\u3042\u308a\u304c\u3068\u3046.txt'])):
        put(name, zip_of(*[t.encode(codec) for t in text]), 'application/zip', {'EntryCount': len(text), 'EntryNames': text, 'Encrypted': 'false'})
    put('cut.zip', zip_of(b'one.txt')[:40], 'application/zip', {'Error': 'EXTRACT_FAILED', 'EntryCount': None})


with tempfile.TemporaryDirectory() as work:
    programs(work)
by_hand()
