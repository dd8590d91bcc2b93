#!/bin/bash
# Compares our reader with an independent one (peers/recordings.py) on the recordings in the packages of
# peers/recordings.txt and in the folders given as arguments, and then on the corpus of the crate `wsman`, together with
# the check of the comparison itself. PYTHON is an interpreter with PyYAML.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
list=peers/recordings.txt
cache=${XDG_CACHE_HOME:-$HOME/.cache}/reprise/recordings-$(sha256sum "$list" | cut -c1-12)
# Everything that the packages contain. Fewer chains mean that the script no longer finds some of it.
chains=118

# pip prepares the metadata of a source package before it saves it.
if [ ! -e "$cache/.ok" ]; then
  rm -rf "$cache"
  mkdir -p "$cache/archives"
  names=$(sed -n 's/^\([a-z]*\)==.*/\1/p' "$list" | paste -sd,)
  "$python" -m pip download --quiet --disable-pip-version-check --no-deps --no-binary "$names" --require-hashes \
    --requirement "$list" --dest "$cache/archives"
  for archive in "$cache"/archives/*.tar.gz; do
    name=$(basename "$archive" .tar.gz)
    folder=$cache/packages/${name%-*}/${name##*-}
    mkdir -p "$folder"
    tar -xzf "$archive" -C "$folder" --strip-components=1
  done
  touch "$cache/.ok"
fi

cargo build --quiet --locked --package wsman --example read
reader=${CARGO_TARGET_DIR:-target}/debug/examples/read
"$python" peers/recordings.py --least "$chains" "$reader" "$cache/packages" "$@"
"$python" peers/recordings.py --prove --least 66 "$reader" crates/core/wsman/corpus
