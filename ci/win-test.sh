#!/bin/bash
# Tests of the crates that call Windows, run under Wine in a new Wine prefix.
set -euo pipefail
. ci/win-env.sh
place=$(mktemp -d)
# Wine must neither ask for .NET nor for a browser, nor print messages.
export WINEPREFIX=$place/prefix WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
finish() { wineserver -k 2>/dev/null || true; rm -rf "$place"; }
trap finish EXIT
timeout 120 wineboot -i </dev/null >/dev/null 2>&1
timeout 120 wine winecfg -v win81 </dev/null >/dev/null 2>&1
timeout 900 "$CARGO" test --locked --target "$WT" --package reprise-platform --package reprise-wmi </dev/null
