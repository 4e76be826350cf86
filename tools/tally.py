#!/usr/bin/env python3
"""Counts the single tests in a log: tally.py meson testlog.json | tally.py tap FILE...
Prints "PASSED FAILED". A program that died without a summary counts as one failure."""
import json
import re
import sys


def count_program(entry):
    text = (entry.get('stdout') or '') + (entry.get('stderr') or '')
    passed = sum(map(int, re.findall(r'\[  PASSED  \] (\d+) test', text, re.M)))
    failed = sum(map(int, re.findall(r'\[  FAILED  \] (\d+) test', text, re.M)))
    if entry['result'] == 'SKIP':
        return 0, 0
    if entry['result'] == 'OK':
        return max(passed, 1), 0
    return passed, max(failed, 1)


def count_meson(path):
    with open(path, encoding='utf-8') as log:
        counts = [count_program(json.loads(line)) for line in log if line.strip()]
    return sum(c[0] for c in counts), sum(c[1] for c in counts)


def count_tap(path):
    """Of one file, as node's test runner writes it."""
    with open(path, encoding='utf-8', errors='replace') as log:
        last = dict(re.findall(r'^# (pass|fail|cancelled) (\d+)$', log.read(), re.M))
    if 'pass' not in last:
        return 0, 1
    return int(last['pass']), int(last['fail']) + int(last['cancelled'])


count = {'meson': count_meson, 'tap': count_tap}[sys.argv[1]]
counts = [count(path) for path in sys.argv[2:]]
print(sum(c[0] for c in counts), sum(c[1] for c in counts))
