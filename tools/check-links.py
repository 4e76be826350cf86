#!/usr/bin/env python3
"""Checks what the programs link: the server no library that parses objects, the jailed ones none for network, SQL or HTTP.

What counts are the libraries that a program names itself (NEEDED). Those may have needs of their own: libavformat's bring a TLS
library into a worker's memory, where the jail keeps it from ever opening a socket.
"""
import pathlib
import re
import subprocess
import sys

FORBIDDEN = {
    'bindery': 'av|sw(scale|resample)|poppler|archive|xml2|vips|png|jpeg|tiff|webp|heif|jxl|openjp2|gif|exif|raw|gsf|magic|'
               'zip|bz2|lzma|zstd|freetype|cairo|rsvg|seccomp',
    'bindery-render': 'curl|microhttpd|nghttp|soup|sqlite|pq|mysql|ssl|crypto|gnutls|ssh|resolv|nsl|dbus',
    'bindery-worker': 'curl|microhttpd|nghttp|soup|sqlite|pq|mysql|ssl|crypto|gnutls|ssh|resolv|nsl|dbus',
}


def needed(path):
    text = subprocess.run(['readelf', '-d', path], check=True, capture_output=True, text=True).stdout
    return re.findall(r'\(NEEDED\).*\[(.*?)\]', text)


def main():
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else 'build')
    complaints = 0
    for program, names in FORBIDDEN.items():
        libraries = needed(build / program)
        wrong = [name for name in libraries if re.match(rf'lib({names})', name)]
        complaints += len(wrong)
        print(f'{program}: {", ".join(libraries)}')
        for name in wrong:
            print(f'error: {program} links {name}')
    return 1 if complaints else 0


if __name__ == '__main__':
    sys.exit(main())
