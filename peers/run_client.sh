#!/bin/bash
# Our WS-Management client against a service whose logins and sealing are other people's (foreign_acceptor.py).
#
#     python3 -m venv venv && venv/bin/pip install -r peers/requirements.txt
#     PYTHON=venv/bin/python peers/run_client.sh
#
# With an MIT Kerberos server installed (krb5-kdc, krb5-admin-server, and pyspnego's extra `kerberos`) Kerberos is tried too.
# The first surprise ends it with exit code 1.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
cargo build --quiet -p wsman-http --example wsman
client=${CARGO_TARGET_DIR:-target}/debug/examples/wsman
work=$(mktemp -d)
server=
stop_server() {
  if [ -n "$server" ]; then
    exec 8>&-
    wait "$server" || true
    server=
  fi
}
kdc=
finish() {
  stop_server
  [ -z "$kdc" ] || kill "$kdc" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
thing=http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/Win32_Thing

fail() {
  echo "SURPRISE: $*" >&2
  sed 's/^/  server: /' "$work/server.log" >&2
  exit 1
}

# Starts a service; its port is in $port.
start_server() {
  stop_server
  rm -f "$work/in" "$work/server.log"
  : > "$work/server.log"
  mkfifo "$work/in"
  "$python" peers/foreign_acceptor.py "$@" < "$work/in" >> "$work/server.log" 2>&1 &
  server=$!
  exec 8> "$work/in"
  port=
  for _ in $(seq 100); do
    port=$(awk '/^READY/{print $2}' "$work/server.log")
    [ -z "$port" ] || return 0
    sleep 0.1
  done
  fail "the service does not start"
}

# asks NAME URL FLAGS…: three instances must come back.
asks() {
  local name=$1 url=$2
  shift 2
  "$client" enumerate "$url" "$thing" "$@" > "$work/out" 2> "$work/err" || fail "$name: $(cat "$work/err")"
  local names
  names=$("$python" -c 'import json,sys; print(*(json.loads(line)["Name"] for line in sys.stdin))' < "$work/out")
  [ "$names" = "eins zwei drüben" ] || fail "$name: it printed $names"
  grep -q SURPRISE "$work/server.log" && fail "$name"
  echo "ok: $name: $(grep -h '^LET IN' "$work/server.log" | tail -n 1), $(grep -c -E '^(SEALED|CLEAR)' "$work/server.log") messages"
}

# refused NAME WORDS URL FLAGS…: it must fail with these words after one refusal.
refused() {
  local name=$1 words=$2 url=$3
  shift 3
  if "$client" enumerate "$url" "$thing" "$@" > "$work/out" 2> "$work/err"; then fail "$name: it was let in"; fi
  grep -q "$words" "$work/err" || fail "$name: it says $(cat "$work/err")"
  [ "$(grep -c '^REFUSED' "$work/server.log")" -le 1 ] || fail "$name: it was tried again"
  echo "ok: $name: $(cat "$work/err")"
}

printf 'TESTDOM:svc:right horse\n' > "$work/users"
export NTLM_USER_FILE=$work/users
umask 077
printf 'right horse\n' > "$work/right"
printf 'wrong horse\n' > "$work/wrong"
user=(--user 'TESTDOM\svc')

for scheme in ntlm negotiate auto; do
  protocol=negotiate
  [ "$scheme" != ntlm ] || protocol=ntlm
  start_server --offer Negotiate --protocol "$protocol"
  asks "$scheme over http" "http://127.0.0.1:$port" --auth "$scheme" "${user[@]}" --password-file "$work/right"
  start_server --offer Negotiate --protocol "$protocol"
  refused "$scheme, wrong password" "or the password is wrong" "http://127.0.0.1:$port" --auth "$scheme" "${user[@]}" --password-file "$work/wrong"
done
start_server --offer NTLM --protocol ntlm
asks "auto where only NTLM is offered" "http://127.0.0.1:$port" "${user[@]}" --password-file "$work/right"

openssl req -x509 -newkey rsa:2048 -sha256 -nodes -days 2 -subj /CN=authority -keyout "$work/ca.key" -out "$work/ca" 2> /dev/null
openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout "$work/key" -out "$work/request" 2> /dev/null
openssl x509 -req -sha256 -days 2 -in "$work/request" -CA "$work/ca" -CAkey "$work/ca.key" -CAcreateserial -out "$work/certificate" \
  -extfile <(echo "subjectAltName=DNS:localhost,IP:127.0.0.1") 2> /dev/null
cat "$work/certificate" "$work/key" > "$work/both"
fingerprint=$(openssl x509 -in "$work/certificate" -noout -fingerprint -sha256 | cut -d= -f2)
for scheme in ntlm negotiate; do
  protocol=negotiate
  [ "$scheme" != ntlm ] || protocol=ntlm
  tls=(--offer Negotiate --protocol "$protocol" --certificate "$work/both")
  login=(--auth "$scheme" "${user[@]}" --password-file "$work/right")
  start_server "${tls[@]}"
  asks "$scheme over https with channel bindings, own authority" "https://localhost:$port" "${login[@]}" --ca "$work/ca"
  start_server "${tls[@]}"
  asks "$scheme over https, pinned certificate" "https://127.0.0.1:$port" "${login[@]}" --tls-fingerprint "$fingerprint"
  start_server "${tls[@]}"
  refused "$scheme over https, another certificate" "fingerprint" "https://127.0.0.1:$port" "${login[@]}" --tls-fingerprint "${fingerprint//[0-4]/9}"
  refused "$scheme over https, unknown authority" "TLS failed" "https://127.0.0.1:$port" "${login[@]}"
  asks "$scheme over https, nothing verified" "https://127.0.0.1:$port" "${login[@]}" --insecure-no-tls-verification
done

if ! command -v krb5kdc kdb5_util kadmin.local > /dev/null || ! "$python" -c 'import gssapi, krb5' 2> /dev/null; then
  echo "skipped: Kerberos (install krb5-kdc, krb5-admin-server and pyspnego[kerberos])"
  echo "no surprises"
  exit 0
fi

# A realm of our own. The host is `localhost`, so that no name need be made known.
kdc_port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export KRB5_CONFIG=$work/krb5.conf KRB5_KDC_PROFILE=$work/kdc.conf KRB5_KTNAME=$work/keytab
cat > "$KRB5_CONFIG" <<END
[libdefaults]
  default_realm = LAB.TEST
  dns_lookup_kdc = false
  rdns = false
  dns_canonicalize_hostname = false
[realms]
  LAB.TEST = { kdc = 127.0.0.1:$kdc_port }
END
cat > "$KRB5_KDC_PROFILE" <<END
[kdcdefaults]
  kdc_listen = 127.0.0.1:$kdc_port
  kdc_tcp_listen = 127.0.0.1:$kdc_port
[realms]
  LAB.TEST = { database_name = $work/principal
    key_stash_file = $work/stash }
END
{
  kdb5_util create -s -P "$RANDOM$RANDOM"
  kadmin.local -q 'addprinc +requires_preauth -pw "right horse" svc'
  kadmin.local -q 'addprinc -randkey HTTP/localhost'
  kadmin.local -q "ktadd -k $KRB5_KTNAME HTTP/localhost"
} > "$work/kdc.log" 2>&1 || fail "the realm cannot be made: $(tail -n 3 "$work/kdc.log")"
# It must not hold the service's input open.
krb5kdc -n >> "$work/kdc.log" 2>&1 8>&- &
kdc=$!
for _ in $(seq 50); do
  (: < "/dev/tcp/127.0.0.1/$kdc_port") 2> /dev/null && break
  sleep 0.1
done

login=(--auth kerberos --user 'LAB.TEST\svc' --kdc "127.0.0.1:$kdc_port")
for offer in Kerberos Negotiate; do
  protocol=negotiate
  [ "$offer" != Kerberos ] || protocol=kerberos
  service=(--offer "$offer" --protocol "$protocol" --service-host localhost)
  start_server "${service[@]}"
  asks "kerberos where $offer is offered, over http" "http://localhost:$port" "${login[@]}" --password-file "$work/right"
  start_server "${service[@]}"
  refused "kerberos where $offer is offered, wrong password" "refused the user or the password" "http://localhost:$port" "${login[@]}" --password-file "$work/wrong"
  # By Kerberos no channel bindings are sent (docs/adr/0007).
  start_server "${service[@]}" --certificate "$work/both" --ignore-bindings
  asks "kerberos where $offer is offered, over https" "https://localhost:$port" "${login[@]}" --password-file "$work/right" --ca "$work/ca"
done
start_server "${service[@]}"
refused "kerberos, unknown user" "refused the user or the password" "http://localhost:$port" --auth kerberos --user 'LAB.TEST\nobody' --kdc "127.0.0.1:$kdc_port" --password-file "$work/right"
refused "kerberos, unknown host" "does not know the host" "http://LOCALHOST:$port" "${login[@]}" --password-file "$work/right"
refused "kerberos, no server" "no Kerberos server (KDC) answers" "http://localhost:$port" --auth kerberos --user 'LAB.TEST\svc' --kdc 127.0.0.1:1 --password-file "$work/right"
echo "no surprises"
