#!/bin/bash
# Writes the pages of docs/reference from the program's own tables.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/.."
for page in actions fields limits options processing; do
    build/bindery manual "$page" > "docs/reference/$page.md"
done
