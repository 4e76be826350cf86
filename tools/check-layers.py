#!/usr/bin/env python3
"""Checks who includes whom: the table of folders in ARCHITECTURE.md, made machine-readable here.

Each #include "folder/file.h" must be of a folder that the including one may know, and each library
header (#include <...>) that has an owner must be included by its owners only.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SRC = ROOT / 'src'

# folder: what it may include, beside itself. A file instead of a folder: only that.
MAY = {
    'base': [],
    'auth': ['base'],
    'wire': ['base'],
    'process': ['base'],
    'worker': ['base', 'wire/frame.h', 'wire/meta.h', 'wire/meta.def', 'wire/profile.h', 'process'],
    'render': ['base', 'wire/frame.h', 'wire/profile.h', 'process', 'worker'],
    'store': ['base', 'auth'],
    'index': ['base'],
    'scan': ['base', 'wire/pool.h', 'store', 'index'],
    'media': ['base', 'wire/pool.h', 'process', 'store', 'index'],
    'api': ['base', 'auth', 'process', 'index', 'store', 'media/media.h', 'scan/scan.h'],
    'http': ['base', 'auth', 'process/process.h', 'store/store.h', 'index/catalog.h', 'media/media.h', 'api', 'scan/scan.h'],
    'cli': ['base', 'auth', 'wire', 'process', 'store', 'index', 'scan', 'media', 'api', 'http'],
    'main.c': ['base', 'cli'],
}

# first words of a library's headers: who may include them. GLib and jansson: anybody.
LIBRARIES = {
    'vips/': ['render'],
    'libav': ['worker', 'render'],
    'libsw': ['render'],
    'poppler': ['worker', 'render'],
    'cairo': ['render'],
    'archive': ['worker'],
    'libxml/': ['worker'],
    'seccomp': ['worker'],
    'linux/landlock': ['worker'],
    'linux/seccomp': ['worker'],
    'curl/': ['store', 'cli'],  # the command line is a client of the API
    'sqlite3': ['index'],
    'libpq': ['index'],
    'microhttpd': ['http'],
    'gnutls/': ['auth', 'http'],
    'sys/inotify': ['scan'],
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def is_allowed(target, allowed):
    return any(target == a or (not a.endswith(('.h', '.def')) and target.startswith(a + '/')) for a in allowed)


def complaints_of(path):
    relative = path.relative_to(SRC)
    folder = relative.parts[0]
    if len(relative.parts) > 2:
        yield f'{relative}: folders are one level deep'
    if folder not in MAY:
        yield f'{relative}: the folder {folder} is not in the table of tools/check-layers.py'
        return
    for bracket, target in INCLUDE.findall(path.read_text(encoding='utf-8')):
        if bracket == '"' and not is_allowed(target, MAY[folder] + [folder]):
            yield f'{relative}: {folder} must not know "{target}"'
        for library, owners in LIBRARIES.items():
            if bracket == '<' and target.startswith(library) and folder not in owners:
                yield f'{relative}: <{target}> belongs to {", ".join(owners)}'


def main():
    files = sorted(p for p in SRC.rglob('*') if p.suffix in ('.c', '.h', '.def'))
    found = [line for path in files for line in complaints_of(path)]
    for line in found:
        print(line)
    print(f'layers: {len(files)} files, {len(found)} complaints')
    return 1 if found or not files else 0


if __name__ == '__main__':
    sys.exit(main())
