#!/bin/bash
# Our WS-Management client against a service whose logins and sealing are other people's (foreign_acceptor.py).
#
#     python3 -m venv venv && venv/bin/pip install -r peers/requirements.txt
#     PYTHON=venv/bin/python peers/run_client.sh [PROGRAM]
#
# With PROGRAM, the server side is tested too: its simulated hosts, by Kerberos, with pypsrp and with the program itself.
# Kerberos is tested with its own realm, so an MIT Kerberos server must be installed (krb5-kdc, krb5-admin-server), and
# krb5-user for its tickets. The client that uses them is built with libkrb5-dev, pkg-config, libclang1 and its headers.
# The first failure ends it with exit code 1.
set -euo pipefail
cd "$(dirname "$0")/.."
program=${1:-}
. peers/service.sh
# The last one stays in cargo's folder.
build with-tickets --features kerberos-system
build without-tickets
client=$work/without-tickets

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

# A name goes into the key in upper case, which each alphabet has in its own way. Python's is that of Unicode, as is the login
# library's, so the names that they and Windows map differently are not asked for at all.
for name in müller ÿves łukasz νίκος Дмитрий İlker ilker 管理者 ユーザー; do
  printf 'TESTDOM:%s:right horse\n' "$name" >> "$NTLM_USER_FILE"
  start_server --offer Negotiate --protocol ntlm
  asks "ntlm as $name" "http://127.0.0.1:$port" --auth ntlm --user "TESTDOM\\$name" --password-file "$work/right"
done
for name in groß ılker; do
  printf 'TESTDOM:%s:right horse\n' "$name" >> "$NTLM_USER_FILE"
  start_server --offer Negotiate --protocol ntlm
  refused "ntlm as $name" "use Kerberos" "http://127.0.0.1:$port" --auth ntlm --user "TESTDOM\\$name" --password-file "$work/right"
done

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
  # As with an on-path attacker; and as over plain HTTP, where there is no certificate to bind to.
  start_server "${tls[@]}" --bound-to "$work/ca"
  refused "$scheme over https, bound to another certificate" "something between ends the TLS connection" "https://localhost:$port" "${login[@]}" --ca "$work/ca"
  start_server --offer Negotiate --protocol "$protocol" --bound-to "$work/both"
  refused "$scheme over http, bound to nothing" "by NTLM" "http://localhost:$port" "${login[@]}"
done

# A certificate of X.509 version 1, over TLS 1.3 and 1.2: it can be pinned, but no authority can verify it.
make_old_certificate
old=(--offer Negotiate --certificate "$work/both-old")
login=(--auth negotiate "${user[@]}" --password-file "$work/right")
start_server "${old[@]}"
asks "certificate of version 1, pinned" "https://localhost:$port" "${login[@]}" --tls-fingerprint "$old_fingerprint"
start_server "${old[@]}"
asks "certificate of version 1, nothing verified" "https://localhost:$port" "${login[@]}" --insecure-no-tls-verification
start_server "${old[@]}" --ciphers ECDHE-RSA-AES256-GCM-SHA384
asks "certificate of version 1, pinned, by TLS 1.2" "https://localhost:$port" "${login[@]}" --tls-fingerprint "$old_fingerprint"
start_server "${old[@]}"
refused "certificate of version 1, its authority given" "X.509 version 1" "https://localhost:$port" "${login[@]}" --ca "$work/ca"

# Without them, broken Kerberos support would pass. Debian has the server's programs outside the usual path.
PATH=$PATH:/usr/sbin
command -v krb5kdc kdb5_util kadmin.local kinit > /dev/null || fail "there is no Kerberos server: install krb5-kdc, krb5-admin-server and krb5-user"
"$python" -c 'import gssapi, krb5' || fail "gssapi and krb5 are not there: install libkrb5-dev, python3-dev and peers/requirements.txt"

# Our own realm. The host is `localhost`, so that no name has to be registered.
kdc_port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export KRB5_CONFIG=$work/krb5.conf KRB5_KDC_PROFILE=$work/kdc.conf KRB5_KTNAME=$work/keytab
cat > "$KRB5_CONFIG" <<END
[libdefaults]
  default_realm = LAB.TEST
  dns_lookup_kdc = false
  rdns = false
  dns_canonicalize_hostname = false
[realms]
  LAB.TEST = {
    kdc = 127.0.0.1:$kdc_port
  }
  OTHER.TEST = {
    kdc = 127.0.0.1:$kdc_port
  }
END
sed "s/127.0.0.1:$kdc_port/127.0.0.1:1/" "$KRB5_CONFIG" > "$work/nobody.conf"
cat > "$KRB5_KDC_PROFILE" <<END
[kdcdefaults]
  kdc_listen = 127.0.0.1:$kdc_port
  kdc_tcp_listen = 127.0.0.1:$kdc_port
[realms]
  LAB.TEST = {
    database_name = $work/principal
    key_stash_file = $work/stash
  }
  OTHER.TEST = {
    database_name = $work/other-principal
    key_stash_file = $work/other-stash
  }
[logging]
  kdc = FILE:$work/asked.log
END
{
  kdb5_util create -s -P "$RANDOM$RANDOM"
  kadmin.local -q 'addprinc +requires_preauth -pw "right horse" svc'
  kadmin.local -q 'addprinc -randkey HTTP/localhost'
  kadmin.local -q "ktadd -k $KRB5_KTNAME HTTP/localhost"
  # Keytabs: for the password, with keys of two versions, with only the older version, of another user, and with AES-128.
  kadmin.local -q "ktadd -norandkey -k $work/svc.keytab svc"
  for name in aged other; do
    kadmin.local -q "addprinc +requires_preauth -randkey $name"
    kadmin.local -q "ktadd -k $work/$name.keytab $name"
  done
  cp "$work/aged.keytab" "$work/outdated.keytab"
  kadmin.local -q "ktadd -k $work/aged.keytab aged"
  kadmin.local -q 'addprinc +requires_preauth -randkey -e aes128-cts:normal small'
  kadmin.local -q "ktadd -norandkey -k $work/small.keytab small"
  # A realm to which the host does not belong.
  kdb5_util -r OTHER.TEST create -s -P "$RANDOM$RANDOM"
  kadmin.local -r OTHER.TEST -q 'addprinc -pw "right horse" svc@OTHER.TEST'
} > "$work/kdc.log" 2>&1 || fail "the realm cannot be created: $(tail -n 3 "$work/kdc.log")"
# It must not keep the service's input open.
krb5kdc -n -r LAB.TEST -r OTHER.TEST >> "$work/kdc.log" 2>&1 8>&- &
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
  start_server "${service[@]}" --certificate "$work/both"
  asks "kerberos where $offer is offered, over https with channel bindings" "https://localhost:$port" "${login[@]}" --password-file "$work/right" --ca "$work/ca"
  # As with an on-path attacker; and as over plain HTTP, where there is no certificate to bind to.
  start_server "${service[@]}" --certificate "$work/both" --bound-to "$work/ca"
  refused "kerberos where $offer is offered, bound to another certificate" "by Kerberos" "https://localhost:$port" "${login[@]}" --password-file "$work/right" --ca "$work/ca"
  grep -q '^REFUSED.*[Cc]hannel bindings' "$work/server.log" || fail "the login was refused for another reason"
  start_server "${service[@]}" --bound-to "$work/both"
  refused "kerberos where $offer is offered, bound to nothing" "by Kerberos" "http://localhost:$port" "${login[@]}" --password-file "$work/right"
  grep -q '^REFUSED.*without channel bindings' "$work/server.log" || fail "the login was refused for another reason"
done
# However a user is written, the client requests a name that a plain Kerberos server knows.
for as in svc@LAB.TEST svc@lab.test 'lab.test\svc'; do
  start_server "${service[@]}"
  asks "kerberos as $as" "http://localhost:$port" --auth kerberos --user "$as" --kdc "127.0.0.1:$kdc_port" --password-file "$work/right"
done
start_server "${service[@]}"
asks "kerberos, server found by krb5.conf" "http://localhost:$port" --auth kerberos --user svc@LAB.TEST --password-file "$work/right"
for name in svc aged; do
  start_server "${service[@]}"
  asks "kerberos with the keytab of $name" "http://localhost:$port" --user "$name@LAB.TEST" --kdc "127.0.0.1:$kdc_port" --keytab "$work/$name.keytab"
done
start_server "${service[@]}" --certificate "$work/both"
asks "kerberos with a keytab over https" "https://localhost:$port" --user 'LAB.TEST\svc' --kdc "127.0.0.1:$kdc_port" --keytab "$work/svc.keytab" --ca "$work/ca"
start_server "${service[@]}"
refused "keytab of somebody else" "has no key for svc@LAB.TEST, only for other@LAB.TEST" "http://localhost:$port" --user svc@LAB.TEST --kdc "127.0.0.1:$kdc_port" --keytab "$work/other.keytab"
refused "outdated keytab" "was the password changed after the keytab was written" "http://localhost:$port" --user aged@LAB.TEST --kdc "127.0.0.1:$kdc_port" --keytab "$work/outdated.keytab"
failures=$(grep -c 'PREAUTH_FAILED: aged@' "$work/asked.log" || true)
[ "$failures" = 1 ] || fail "the Kerberos server saw it $failures times"
# The library assumes that the session key, which is AES-256, has the type of the user's key.
refused "keytab of AES-128" "only AES-256 works everywhere" "http://localhost:$port" --user small@LAB.TEST --kdc "127.0.0.1:$kdc_port" --keytab "$work/small.keytab"
refused "keytab without Kerberos" "its keys can be used only for Kerberos" "http://localhost:$port" --auth ntlm --user svc@LAB.TEST --keytab "$work/svc.keytab"
refused "kerberos, unknown user" "refused the user or the password" "http://localhost:$port" --auth kerberos --user 'LAB.TEST\nobody' --kdc "127.0.0.1:$kdc_port" --password-file "$work/right"
refused "kerberos, unknown host" "does not know the host" "http://LOCALHOST:$port" "${login[@]}" --password-file "$work/right"
refused "kerberos, no server" "no Kerberos server (KDC) answers" "http://localhost:$port" --auth kerberos --user 'LAB.TEST\svc' --kdc 127.0.0.1:1 --password-file "$work/right"


# An account's tickets through the system's Kerberos: from `kinit`, or from a keytab that the system knows. At first there is no
# ticket cache.
export KRB5CCNAME=FILE:$work/none
start_server "${service[@]}"
refused "no user, without the feature" "use a build with the feature kerberos-system" "http://localhost:$port"
client=$work/with-tickets
refused "no ticket" "no Kerberos ticket was found: get one with .kinit." "http://localhost:$port"
start_server --offer Kerberos --protocol kerberos --service-host localhost
refused "no ticket, bare" "no Kerberos ticket was found: get one with .kinit." "http://localhost:$port"
for realm in LAB.TEST OTHER.TEST; do
  KRB5CCNAME=FILE:$work/tickets.$realm kinit "svc@$realm" < "$work/right" > "$work/kinit.log" || fail "kinit: $(cat "$work/kinit.log")"
done
"$python" peers/expire_tickets.py "$work/tickets.LAB.TEST" "$work/expired"
# Done before the cache has a ticket for the host, which would work without a Kerberos server.
cp "$work/tickets.LAB.TEST" "$work/fresh"
for offer in Kerberos Negotiate; do
  protocol=negotiate
  [ "$offer" != Kerberos ] || protocol=kerberos
  service=(--offer "$offer" --protocol "$protocol" --service-host localhost)
  export KRB5CCNAME=FILE:$work/tickets.LAB.TEST
  start_server "${service[@]}"
  asks "ticket where $offer is offered, over http" "http://localhost:$port"
  start_server "${service[@]}" --certificate "$work/both"
  asks "ticket where $offer is offered, over https with channel bindings" "https://localhost:$port" --ca "$work/ca"
  start_server "${service[@]}" --certificate "$work/both" --bound-to "$work/ca"
  refused "ticket where $offer is offered, bound to another certificate" "by Kerberos" "https://localhost:$port" --ca "$work/ca"
  grep -q '^REFUSED.*[Cc]hannel bindings' "$work/server.log" || fail "the login was refused for another reason"
  start_server "${service[@]}" --bound-to "$work/both"
  refused "ticket where $offer is offered, bound to nothing" "by Kerberos" "http://localhost:$port"
  grep -q '^REFUSED.*without channel bindings' "$work/server.log" || fail "the login was refused for another reason"
  start_server "${service[@]}"
  refused "ticket where $offer is offered, unknown host" "does not know the host" "http://LOCALHOST:$port"
  KRB5CCNAME=FILE:$work/fresh KRB5_CONFIG=$work/nobody.conf refused "ticket where $offer is offered, no server" "no Kerberos server (KDC) answers" "http://localhost:$port"
  KRB5CCNAME=FILE:$work/tickets.OTHER.TEST refused "ticket where $offer is offered, of another realm" "does not know the host" "http://localhost:$port"
  KRB5CCNAME=FILE:$work/expired refused "ticket where $offer is offered, expired" "has expired: get a new one with .kinit." "http://localhost:$port"
  export KRB5CCNAME=FILE:$work/by-keytab
  KRB5_CLIENT_KTNAME=$work/svc.keytab asks "keytab of the system where $offer is offered" "http://localhost:$port"
  KRB5CCNAME=FILE:$work/none KRB5_CLIENT_KTNAME=$work/outdated.keytab refused "outdated keytab of the system where $offer is offered" "was the password changed after the keytab was written" "http://localhost:$port"
done
refused "ticket and NTLM" "NTLM needs a user and a password" "http://localhost:$port" --auth ntlm
refused "ticket, host by address" "write the host's full DNS name" "http://127.0.0.1:$port"
export KRB5CCNAME=FILE:$work/tickets.LAB.TEST

# start_lab AUTH FLAGS…: starts simulated hosts that accept tickets. Sets ${hosts[@]} to the program's arguments for them.
start_lab() {
  rm -f "$work/lab.json"
  "$program" lab up --auth "$@" --keytab "$KRB5_KTNAME" --endpoints "$work/lab.json" 8>&- &
  others+=($!)
  for _ in $(seq 300); do
    [ ! -e "$work/lab.json" ] || break
    sleep 0.1
  done
  mapfile -t hosts < <("$python" -c 'import json,sys; print(*("--host\n" + h["url"].replace("127.0.0.1", "localhost") for h in json.load(sys.stdin)["hosts"]), sep="\n")' < "$work/lab.json")
}

if [ -n "$program" ]; then
  "$python" peers/foreign_clients.py "$program" "$KRB5_KTNAME" svc@LAB.TEST 'right horse' 8>&- || fail "see above"
  start_lab kerberos
  "$program" run --event-log none "${hosts[@]}" --user svc@LAB.TEST --kdc "127.0.0.1:$kdc_port" --keytab "$work/svc.keytab" > "$work/out" 2> "$work/err" ||
    fail "the program against its own hosts: $(cat "$work/out" "$work/err")"
  echo "ok: the program by keytab against its own hosts: $(tail -n 1 "$work/out")"

  # Builds the program with the feature, and then again without it: both have the same name in cargo's folder.
  cargo build --quiet --locked -p reprise --features kerberos-system
  cp "${CARGO_TARGET_DIR:-target}/debug/reprise" "$work/program-with-tickets"
  cargo build --quiet --locked -p reprise
  "$work/program-with-tickets" run --event-log none "${hosts[@]}" > "$work/out" 2> "$work/err" ||
    fail "the program by ticket against its own hosts: $(cat "$work/out" "$work/err")"
  echo "ok: the program by ticket against its own hosts: $(tail -n 1 "$work/out")"
  KRB5CCNAME=FILE:$work/none "$work/program-with-tickets" run --event-log none "${hosts[@]}" > "$work/out" 2> "$work/err" && fail "the program was accepted without a ticket"
  grep -h 'no Kerberos ticket was found: get one with `kinit`' "$work/out" "$work/err" > "$work/reported" || fail "the program without a ticket: $(cat "$work/out" "$work/err")"
  echo "ok: the program without a ticket: $(head -n 1 "$work/reported")"
  "$program" run --event-log none "${hosts[@]}" > "$work/out" 2> "$work/err" && fail "the program was accepted without the feature"
  grep -q 'no user is given' "$work/err" || fail "the program without the feature: $(cat "$work/out" "$work/err")"
  echo "ok: the program without the feature: $(tail -n 1 "$work/err")"
  # Within SPNEGO too, and over HTTPS.
  for way in "negotiate" "negotiate --tls" "kerberos --tls"; do
    read -r -a flags <<< "$way"
    start_lab negotiate,kerberos "${flags[@]:1}"
    unverified=()
    [ ${#flags[@]} = 1 ] || unverified=(--insecure-no-tls-verification)
    "$work/program-with-tickets" run --event-log none "${hosts[@]}" --auth "${flags[0]}" "${unverified[@]}" > "$work/out" 2> "$work/err" ||
      fail "the program by ticket against its own hosts, $way: $(cat "$work/out" "$work/err")"
    echo "ok: the program by ticket against its own hosts, $way: $(tail -n 1 "$work/out")"
  done
fi
echo "no failures"
