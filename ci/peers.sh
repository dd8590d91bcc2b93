#!/bin/bash
# Tests simulated hosts with programs that others wrote: creates the Python environment of peers/requirements.txt, starts a lab for
# each client, and uses the client's exit code. Argument: the program. Ends at the first failure.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/reprise
venv=$cache/peers-$(sha256sum peers/requirements.txt | cut -c1-12)
if [ ! -e "$venv/.ok" ]; then
  rm -rf "$venv"
  mkdir -p "$cache"
  python3 -m venv "$venv" || { echo "cannot create a Python environment in $venv; install python3-venv" >&2; exit 1; }
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r peers/requirements.txt
  touch "$venv/.ok"
fi

folder=$(mktemp -d)
lab=
finish() {
  [ -z "$lab" ] || kill "$lab" 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT

# Runs one client against its own lab. The lab's file appears when every host answers.
against() {
  local client=$1 waited=0
  shift
  rm -f "$folder/lab.json"
  echo "-- $client: lab up $*"
  "$program" lab up --endpoints "$folder/lab.json" "$@" &
  lab=$!
  while [ ! -e "$folder/lab.json" ]; do
    kill -0 "$lab" && [ "$waited" -lt 300 ] || { echo "the lab is not up" >&2; exit 1; }
    waited=$((waited + 1))
    sleep 0.1
  done
  timeout 300 "$venv/bin/python" "peers/$client" "$folder/lab.json"
  kill "$lab" && wait "$lab"
  lab=
}

against hyperv_client.py
against hyperv_client.py --os 2019 --vms 5 --odd-names

# Clients and a server that others wrote, with every login that they support; these scripts start and end what they need.
timeout 600 "$venv/bin/python" peers/foreign_clients.py "$program"
PYTHON=$venv/bin/python timeout 600 bash peers/run_client.sh "$program"

# Clients with their own NTLM: curl, and Go's WinRM library as Debian packages it. Nothing is downloaded for them.
env GO111MODULE=off GOFLAGS= GOPROXY=off GOPATH=/usr/share/gocode GOCACHE="$cache/go" go build -o "$folder/winrm_client" peers/winrm_client.go
timeout 300 "$venv/bin/python" peers/ntlm_clients.py "$program" "$folder/winrm_client"

# The example program of our client, which the step above has built, in every form of its usage.
timeout 300 "$venv/bin/python" peers/usage.py "$program" "${CARGO_TARGET_DIR:-target}/debug/examples/wsman"
PYTHON=$venv/bin/python timeout 600 bash peers/run_legacy_tls.sh

# Recordings of real hosts, from source packages that contain them.
PYTHON=$venv/bin/python timeout 600 bash peers/run_recordings.sh
