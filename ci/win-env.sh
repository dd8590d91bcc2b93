# shellcheck shell=bash
# The environment of the Windows build. Source it in the top folder of the checkout, in a separate shell:
# RUSTC would affect a Linux build too. Then: "$CARGO" build --locked --target "$WT"
win_std=$(bash ci/win-std.sh)
unset RUSTUP_TOOLCHAIN LD_LIBRARY_PATH # left by rustup and by `cargo run`, meant for another compiler
export RUSTC=/usr/bin/rustc CARGO=/usr/bin/cargo WT=x86_64-win7-windows-gnu
# A separate folder: two compilers in one folder would invalidate each other's work.
export CARGO_TARGET_DIR=${WIN_TARGET_DIR:-${CARGO_TARGET_DIR:-$PWD/target}/win}
export CARGO_TARGET_X86_64_WIN7_WINDOWS_GNU_RUSTFLAGS="--sysroot=$win_std"
export CARGO_TARGET_X86_64_WIN7_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc
export CARGO_TARGET_X86_64_WIN7_WINDOWS_GNU_RUNNER=wine
# Without these, C code in crates would be compiled by the machine's own compiler, and only the linker would notice.
export CC_x86_64_win7_windows_gnu=x86_64-w64-mingw32-gcc
export CXX_x86_64_win7_windows_gnu=x86_64-w64-mingw32-g++
export AR_x86_64_win7_windows_gnu=x86_64-w64-mingw32-ar
