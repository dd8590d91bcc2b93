#!/bin/bash
# Programs that others wrote against simulated hosts: the Python environment of peers/requirements.txt, a lab for each
# client, and the client's own verdict. Argument: the program. Ends at the first surprise.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/reprise
venv=$cache/peers-$(sha256sum peers/requirements.txt | cut -c1-12)
if [ ! -e "$venv/.ok" ]; then
  rm -rf "$venv"
  mkdir -p "$cache"
  python3 -m venv "$venv" || { echo "cannot make a Python environment in $venv; install python3-venv" >&2; exit 1; }
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

# One client against a lab of its own. The lab's file appears when every host answers.
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

# Clients and a server that others wrote, with every login that they speak; these start and end what they need.
timeout 600 "$venv/bin/python" peers/foreign_clients.py "$program"
PYTHON=$venv/bin/python timeout 600 bash peers/run_client.sh "$program"

# Clients whose NTLM is their own: curl, and Go's WinRM library as Debian packages it. Nothing is fetched for them.
env GO111MODULE=off GOFLAGS= GOPROXY=off GOPATH=/usr/share/gocode GOCACHE="$cache/go" go build -o "$folder/winrm_client" peers/winrm_client.go
timeout 300 "$venv/bin/python" peers/ntlm_clients.py "$program" "$folder/winrm_client"

# The example program of our client, which that has built, in every form of its usage.
timeout 300 "$venv/bin/python" peers/usage.py "$program" "${CARGO_TARGET_DIR:-target}/debug/examples/wsman"
PYTHON=$venv/bin/python timeout 600 bash peers/run_legacy_tls.sh

# Recordings of real hosts, from source packages that contain them.
PYTHON=$venv/bin/python timeout 600 bash peers/run_recordings.sh
