#!/bin/bash
# Our WS-Management client against hosts that offer TLS as Windows Server 2012 and 2012 R2 do with an RSA certificate:
# OpenSSL's own server for the handshakes, foreign_acceptor.py for complete sessions. Also logins by client certificate, which
# the host requests in the handshake or later (renegotiating_server.py).
#
#     PYTHON=venv/bin/python peers/run_legacy_tls.sh
#
# Needs libssl-dev and pkg-config. The first failure ends it with exit code 1.
set -euo pipefail
cd "$(dirname "$0")/.."
. peers/service.sh
make_certificate

build with --features legacy-tls
build without

# The suites that 2012 R2 offers with an RSA certificate, in OpenSSL's names (Microsoft, "TLS Cipher Suites in Windows 8.1").
suites=(
  ECDHE-RSA-AES256-SHA384 ECDHE-RSA-AES128-SHA256 ECDHE-RSA-AES256-SHA ECDHE-RSA-AES128-SHA
  DHE-RSA-AES256-GCM-SHA384 DHE-RSA-AES128-GCM-SHA256
  AES256-GCM-SHA384 AES128-GCM-SHA256 AES256-SHA256 AES128-SHA256 AES256-SHA AES128-SHA
)
openssl genpkey -genparam -algorithm DH -pkeyopt group:ffdhe2048 -out "$work/dh" 2> /dev/null
login=(--auth negotiate "${user[@]}" --password-file "$work/right")
other=${fingerprint//[0-4]/9}

# OpenSSL's server reverses each line, so for the client TLS succeeds and HTTP fails.
start_openssl() {
  : > "$work/server.log"
  openssl s_server -accept 127.0.0.1:0 -tls1_2 -cipher "$1" -cert "$work/certificate" -key "$work/key" -rev >> "$work/server.log" 2>&1 &
  others+=($!)
  port=
  for _ in $(seq 100); do
    port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' "$work/server.log")
    [ -z "$port" ] || return 0
    sleep 0.1
  done
  fail "OpenSSL's server does not start"
}

for suite in "${suites[@]}"; do
  start_openssl "$suite"
  client=$work/without
  refused "$suite of s_server, without the feature" "no cipher suite that this build supports" "https://localhost:$port" "${login[@]}" --ca "$work/ca" > "$work/told"
  client=$work/with
  through="what answers there does not speak HTTP"
  for way in "localhost --ca $work/ca" "127.0.0.1 --tls-fingerprint $fingerprint" "127.0.0.1 --insecure-no-tls-verification"; do
    read -r -a way <<< "$way"
    refused "$suite" "$through" "https://${way[0]}:$port" "${login[@]}" "${way[@]:1}" >> "$work/told"
  done
  # The system's authorities: both OpenSSL and our client read this variable.
  SSL_CERT_FILE=$work/ca refused "$suite" "$through" "https://localhost:$port" "${login[@]}" >> "$work/told"
  refused "$suite" "the host's certificate is not trusted" "https://localhost:$port" "${login[@]}" >> "$work/told"
  refused "$suite" "has the fingerprint" "https://localhost:$port" "${login[@]}" --tls-fingerprint "$other" >> "$work/told"
  spoken=$(grep -c "^Ciphersuite: $suite$" "$work/server.log") || fail "$suite: it was not spoken"
  echo "ok: $suite of s_server: not used without the feature; with it $spoken handshakes; trusted: by authority, pin, system, without verification; refused: unknown authority, other pin"
done
head -n 1 "$work/told"
tail -n 2 "$work/told"

client=$work/with
for suite in "${suites[@]}"; do
  service=(--offer Negotiate --certificate "$work/both" --ciphers "$suite" --dh-parameters "$work/dh")
  start_server "${service[@]}"
  asks "negotiate with channel bindings, own authority" "https://localhost:$port" "${login[@]}" --ca "$work/ca"
  grep -q "^LET IN .* over TLSv1.2 $suite$" "$work/server.log" || fail "$suite was not spoken"
done
asks "negotiate with channel bindings, pinned certificate" "https://127.0.0.1:$port" "${login[@]}" --tls-fingerprint "$fingerprint"
refused "negotiate, wrong password" "or the password is wrong" "https://localhost:$port" --auth negotiate "${user[@]}" --password-file "$work/wrong" --ca "$work/ca"
# rustls is used if it can: without the suites above, the server uses TLS 1.3, which the other library must not use.
start_server --offer Negotiate --certificate "$work/both"
asks "a host that rustls speaks to" "https://localhost:$port" "${login[@]}" --ca "$work/ca"
grep -q "^LET IN .* over TLSv1.3 " "$work/server.log" || fail "TLS 1.3 was not spoken"

# Logins by certificate. rustls presents it if the server requests it in the handshake; if the server requests it later, as WinRM
# does, the other library presents it.
make_client svc ca
make_client stranger other-ca
shown=(--auth certificate --certificate "$work/svc.pem" --key "$work/svc.key")
client=$work/without
service=(--offer Negotiate --certificate "$work/both" --client-authority "$work/ca")
start_server "${service[@]}"
asks "certificate, asked for in the handshake" "https://localhost:$port" "${shown[@]}" --ca "$work/ca"
start_server "${service[@]}" --ciphers ECDHE-RSA-AES256-GCM-SHA384
asks "certificate, asked for in the handshake" "https://localhost:$port" "${shown[@]}" --ca "$work/ca"
start_server --offer Negotiate --certificate "$work/both"
refused "certificate, not asked for" "by renegotiation, which this build does not speak" "https://localhost:$port" "${shown[@]}" --ca "$work/ca"
for suite in ECDHE-RSA-AES256-SHA384 ECDHE-RSA-AES256-GCM-SHA384; do
  service=(renegotiating_server.py --certificate "$work/both" --client-authority "$work/ca" --ciphers "$suite")
  client=$work/with
  start_service "${service[@]}"
  asks "certificate, own authority" "https://localhost:$port" "${shown[@]}" --ca "$work/ca"
  asks "certificate, pinned host" "https://127.0.0.1:$port" "${shown[@]}" --tls-fingerprint "$fingerprint"
  refused "certificate of another authority" "alert unknown ca.*(the host may not accept the client certificate)" "https://localhost:$port" --auth certificate --certificate "$work/stranger.pem" --key "$work/stranger.key" --ca "$work/ca"
  start_service "${service[@]}"
  refused "certificate, host that is not verified" "verified" "https://localhost:$port" "${shown[@]}" --insecure-no-tls-verification
  refused "certificate, other pin" "fingerprint" "https://localhost:$port" "${shown[@]}" --tls-fingerprint "$other"
  ! grep -q "^CLEAR" "$work/server.log" || fail "something was sent"
done
client=$work/without
refused "certificate, asked for by renegotiation, without the feature" "by renegotiation, which this build does not speak" "https://localhost:$port" "${shown[@]}" --ca "$work/ca"
echo "no failures"
