#!/bin/bash
# Local WMI through real COM under Wine, with simulated hosts: builds what ci/win_standin.py needs, and runs it.
# Argument: the program for this machine, which runs the simulated hosts.
set -euo pipefail
labs=$(realpath "${1:?usage: ci/win-standin.sh PATH/reprise}")
. ci/win-env.sh
"$CARGO" build --locked --target "$WT" --package reprise --package reprise-wmi-standin
tests=$("$CARGO" test --locked --target "$WT" --package reprise-wmi --no-run --message-format json |
  python3 -c 'import json, sys; print([e for e in (json.loads(l).get("executable") for l in sys.stdin) if e][-1])')
built=$CARGO_TARGET_DIR/$WT/debug
timeout 1500 python3 ci/win_standin.py "$labs" "$built/reprise.exe" "$built/reprise_wmi_standin.dll" "$tests"
