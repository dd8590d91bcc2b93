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
cargo build --quiet -p wsman-http --example wsman
client=${CARGO_TARGET_DIR:-target}/debug/examples/wsman
. peers/service.sh

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

make_certificate
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
others+=($!)
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
