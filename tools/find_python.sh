#!/bin/sh
# Prints a Python 3.11-3.13 that runs and can make virtual environments; a sentence on stderr and exit 1 if there is none.
# Each candidate is tried, because a shim of a version manager may stand on the path and have nothing behind it.
set -u
without_venv=""
for candidate in ${PYTHON:-} python3 python3.12 python3.13 python3.11 python; do
    command -v "$candidate" >/dev/null 2>&1 || continue
    "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1 || continue
    if "$candidate" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        echo "$candidate"
        exit 0
    fi
    without_venv=$candidate
done
if [ -n "$without_venv" ]; then
    echo "$without_venv cannot make virtual environments: install its venv module (Debian, Ubuntu: apt install python3-venv) and run make again." >&2
else
    found=$(python3 --version 2>/dev/null || echo "no working python3")
    echo "Scenebrush needs Python 3.11, 3.12 or 3.13, and here is $found: install one of them, or name it with make PYTHON=/path/to/python." >&2
fi
exit 1
