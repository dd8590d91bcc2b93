#!/bin/bash
# What others have recorded from real hosts, read by our reader and by another one that knows the documents alone: the
# packages of peers/recordings.txt, then the shapes that the crate `wsman` keeps, with the proof that a wrong word would
# be noticed. PYTHON is an interpreter with PyYAML. Further folders of recordings may be given.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
list=peers/recordings.txt
cache=${XDG_CACHE_HOME:-$HOME/.cache}/reprise/recordings-$(sha256sum "$list" | cut -c1-12)
# What the packages hold, all of it: fewer chains mean that the script has stopped to see some.
chains=118

# pip asks a source package for its metadata before it hands it over, so it builds each as far as that.
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
"$python" peers/recordings.py --prove --least 39 "$reader" crates/core/wsman/corpus
