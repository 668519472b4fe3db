#!/bin/sh
# Installs Brian2 for `cargo bench --bench network` into a virtual environment.
# Usage: install_brian2.sh FOLDER; the newest Python first, as Brian2 2.10 needs 3.12.
set -eu
folder=$1
versions=${PYENV_ROOT:-$HOME/.pyenv}/versions
for python in python3.13 python3.12 "$versions"/3.13*/bin/python "$versions"/3.12*/bin/python python3; do
    # A name may be there and lead to no Python: pyenv's do.
    if "$python" -c '' 2>/dev/null && "$python" -m venv "$folder" 2>/dev/null; then
        break
    fi
done
# Brian2 2.9, for older Pythons, does not import with newer NumPys.
"$folder/bin/pip" install --quiet 'brian2>=2.10' 2>/dev/null ||
    "$folder/bin/pip" install --quiet 'brian2==2.9.0' 'numpy<2.3' setuptools
"$folder/bin/python" -c 'import brian2, sys; print("Brian2", brian2.__version__, "Python", sys.version.split()[0])'
