#!/bin/bash
# Installs the checkers of ci/tools.txt into their own Python environment; prints its folder of programs.
# The environment is named after the list, so a changed version creates a new one. It is a cache and may be deleted.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/reprise
venv=$cache/tools-$(sha256sum ci/tools.txt | cut -c1-12)
if [ ! -e "$venv/.ok" ]; then
  rm -rf "$venv"
  mkdir -p "$cache"
  python3 -m venv "$venv" >&2 || { echo "cannot create a Python environment in $venv; install python3-venv" >&2; exit 1; }
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r ci/tools.txt >&2
  touch "$venv/.ok"
fi
echo "$venv/bin"
