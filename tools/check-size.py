#!/usr/bin/env python3
"""Reports the sizes of functions and files; fails for a function over 80 lines or a file over 500."""
import pathlib
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FUNCTION_MOST, FILE_MOST = 80, 500


def functions_of(lines):
    """(name, first line, length): clang-format puts the braces of a function into column 0."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == '{':
            start = number
        elif line == '}' and start:
            name = next((l for l in reversed(lines[:start - 1]) if l and not l[0].isspace()), '?')
            yield name.split('(')[0].split()[-1].lstrip('*'), start, number - start + 1
            start = None


def p90(values):
    return sorted(values)[int(len(values) * 0.9)] if values else 0


def main():
    paths = sorted(p for folder in ('src', 'tests/unit', 'tests/fuzz') for p in (ROOT / folder).rglob('*')
                   if p.suffix in ('.c', '.h'))
    found, files, functions = [], [], []
    for path in paths:
        lines = path.read_text(encoding='utf-8').splitlines()
        name = path.relative_to(ROOT)
        files.append(len(lines))
        if len(lines) > FILE_MOST:
            found.append(f'{name}: {len(lines)} lines, at most {FILE_MOST}')
        for function, line, length in functions_of(lines) if path.suffix == '.c' else []:
            functions.append(length)
            if length > FUNCTION_MOST:
                found.append(f'{name}:{line}: {function} has {length} lines, at most {FUNCTION_MOST}')
    for line in found:
        print(line)
    print(f'size: {len(files)} files, median {statistics.median(files):.0f} lines, 90 % below {p90(files)}; '
          f'{len(functions)} functions, median {statistics.median(functions):.0f}, 90 % below {p90(functions)}, '
          f'over 60: {sum(f > 60 for f in functions)}')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
