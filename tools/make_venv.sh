#!/bin/sh
# Makes the virtual environment $VENV with the interpreter $PYTHON, or with the first fitting one that is found.
set -eu

fits() {
    "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

if [ -x "$VENV/bin/python" ] && fits "$VENV/bin/python" && "$VENV/bin/python" -m pip --version >/dev/null 2>&1; then
    exit 0
fi

if [ -n "${PYTHON:-}" ]; then
    candidates=$PYTHON
else
    candidates="python3.12 python3.11 python3.10 python3.13 python3 python"
fi

for candidate in $candidates; do
    if fits "$candidate"; then
        echo "Making $VENV with $("$candidate" --version) ($(command -v "$candidate"))."
        if "$candidate" -m venv --clear "$VENV" 2>/dev/null; then
            exit 0
        fi
        echo "$candidate cannot make virtual environments (Debian and Ubuntu: install the package python3-venv)." >&2
    fi
done

if [ -z "${PYTHON:-}" ] && command -v uv >/dev/null 2>&1; then
    echo "Making $VENV with Python 3.11 by uv."
    uv venv --quiet --clear --seed --python 3.11 "$VENV" && exit 0
fi

{
    echo "byola_keras needs Python 3.10, 3.11, 3.12 or 3.13 with the module venv. Received: ${PYTHON:-no fitting interpreter in PATH}."
    echo "Install one of them, or uv, or name an interpreter: make setup PYTHON=/path/to/python3.11"
} >&2
exit 1
