#!/bin/bash
# Builds Rust's standard library for the Windows target, once per compiler; prints the folder for --sysroot.
#
# The target has no prebuilt library. It is built separately from the project, so that the project itself is compiled
# with stable features only: no unstable flag reaches it or the build scripts of its dependencies.
set -euo pipefail
target=x86_64-win7-windows-gnu
top=$(cd "$(dirname "$0")/.." && pwd)
minimum=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$top/Cargo.toml")
cache=${WIN_STD_CACHE:-${CARGO_TARGET_DIR:-$top/target}/win-std}

release=$(/usr/bin/rustc -vV 2>/dev/null | awk '/^release:/{print $2}') || true
source_version=$(dpkg-query -W -f='${Version}' rust-web-src 2>/dev/null) || true
if [ -z "$release" ] || [ -z "$source_version" ]; then
  echo "the Windows build needs Debian's compiler and its source: apt-get install rustc-web cargo-web rust-web-src" >&2
  exit 1
fi
if [ "$(printf '%s\n' "$minimum" "$release" | sort -V | head -n 1)" != "$minimum" ]; then
  echo "/usr/bin/rustc is $release, but at least $minimum is needed: apt-get update, then install rustc-web again" >&2
  exit 1
fi

sysroot=$cache/$release-$source_version
if [ ! -e "$sysroot" ]; then
  # Created in a temporary folder and renamed when complete: two concurrent builds do not see each other's unfinished files.
  mkdir -p "$cache"
  part=$(mktemp -d "$cache/part.XXXXXX")
  trap 'rm -rf "$part"' EXIT
  # An empty crate makes cargo build the library, which is then among its dependencies.
  seed=$part/seed
  mkdir -p "$seed/src"
  : > "$seed/src/lib.rs"
  printf '[package]\nname = "stdseed"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n' > "$seed/Cargo.toml"
  # It includes bitcode: without it, a release build with LTO could not link against it. `test` is for `cargo test` under Wine.
  (cd "$seed" && env -u RUSTUP_TOOLCHAIN -u LD_LIBRARY_PATH \
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Cembed-bitcode=yes CARGO_TARGET_DIR="$seed/t" \
    /usr/bin/cargo build --quiet --release --target "$target" -Zbuild-std=std,panic_unwind,panic_abort,test,proc_macro >&2)
  libraries=$part/sysroot/lib/rustlib
  mkdir -p "$libraries/$target/lib"
  cp "$seed/t/$target/release/deps/"*.rlib "$libraries/$target/lib/"
  rm -f "$libraries/$target/lib/"libstdseed*
  # A build script that is compiled with this sysroot by mistake finds the machine's own library.
  ln -s /usr/lib/rustlib/x86_64-unknown-linux-gnu "$libraries/x86_64-unknown-linux-gnu"
  # If another build was faster, its result is equivalent.
  mv -T "$part/sysroot" "$sysroot" 2>/dev/null || [ -e "$sysroot" ]
fi
echo "$sysroot"
