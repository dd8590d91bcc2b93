# shellcheck shell=bash
# Shared by the scripts here: a service that others wrote (foreign_acceptor.py), its certificate, its users, and the checks of our
# client. Source it in the top folder of the checkout; $client is the client. The first failure ends it with exit code 1.
python=${PYTHON:-python3}
work=$(mktemp -d)
server=
others=() # ids of other processes to end
stop_server() {
  if [ -n "$server" ]; then
    exec 8>&-
    wait "$server" || true
    server=
  fi
}
finish() {
  stop_server
  [ ${#others[@]} = 0 ] || kill "${others[@]}" 2> /dev/null || true
  rm -rf "$work"
}
trap finish EXIT
thing=http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/Win32_Thing

fail() {
  echo "SURPRISE: $*" >&2
  sed 's/^/  server: /' "$work/server.log" >&2
  exit 1
}

# build NAME FLAGS…: the client, in NAME. Builds with other features have the same name in cargo's folder, so each is copied.
build() {
  local name=$1
  shift
  cargo build --quiet --locked -p wsman-http --example wsman "$@"
  cp "${CARGO_TARGET_DIR:-target}/debug/examples/wsman" "$work/$name"
}

# Starts a service: a script in this folder, with its arguments. Sets $port.
start_service() {
  local script=$1
  shift
  stop_server
  rm -f "$work/in" "$work/server.log"
  : > "$work/server.log"
  mkfifo "$work/in"
  "$python" "peers/$script" "$@" < "$work/in" >> "$work/server.log" 2>&1 &
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

start_server() { start_service foreign_acceptor.py "$@"; }

# asks NAME URL FLAGS…: the reply must have three instances.
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

# refused NAME WORDS URL FLAGS…: the client must fail with these words after a single refusal.
refused() {
  local name=$1 words=$2 url=$3
  shift 3
  if "$client" enumerate "$url" "$thing" "$@" > "$work/out" 2> "$work/err"; then fail "$name: the login was accepted"; fi
  grep -q "$words" "$work/err" || fail "$name: it says $(cat "$work/err")"
  [ "$(grep -c '^REFUSED' "$work/server.log")" -le 1 ] || fail "$name: the login was retried"
  echo "ok: $name: $(cat "$work/err")"
}

# Creates our own authority, in ca, and a certificate for this computer: certificate, key, and both in one file.
make_certificate() {
  openssl req -x509 -newkey rsa:2048 -sha256 -nodes -days 2 -subj /CN=authority -keyout "$work/ca.key" -out "$work/ca" 2> /dev/null
  openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout "$work/key" -out "$work/request" 2> /dev/null
  openssl x509 -req -sha256 -days 2 -in "$work/request" -CA "$work/ca" -CAkey "$work/ca.key" -CAcreateserial -out "$work/certificate" \
    -extfile <(echo "subjectAltName=DNS:localhost,IP:127.0.0.1") 2> /dev/null
  cat "$work/certificate" "$work/key" > "$work/both"
  fingerprint=$(openssl x509 -in "$work/certificate" -noout -fingerprint -sha256 | cut -d= -f2)
}

# Creates one of X.509 version 1 by the same authority, with its key in both-old: OpenSSL creates version 1 without extensions.
make_old_certificate() {
  openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout "$work/old.key" -out "$work/request" 2> /dev/null
  openssl x509 -req -sha256 -days 2 -in "$work/request" -CA "$work/ca" -CAkey "$work/ca.key" -CAcreateserial -out "$work/old" 2> /dev/null
  openssl x509 -in "$work/old" -noout -text | grep -q 'Version: 1 ' || fail "OpenSSL no longer creates certificates of version 1"
  cat "$work/old" "$work/old.key" > "$work/both-old"
  old_fingerprint=$(openssl x509 -in "$work/old" -noout -fingerprint -sha256 | cut -d= -f2)
}

# make_client NAME AUTHORITY: creates a certificate for logins, NAME.pem, and its key, NAME.key, and the authority's files if they
# do not exist.
make_client() {
  local name=$1 authority=$2
  [ -e "$work/$authority" ] || openssl req -x509 -newkey rsa:2048 -sha256 -nodes -days 2 -subj "/CN=$authority" -keyout "$work/$authority.key" -out "$work/$authority" 2> /dev/null
  openssl req -newkey rsa:2048 -nodes -subj "/CN=$name" -keyout "$work/$name.key" -out "$work/request" 2> /dev/null
  openssl x509 -req -sha256 -days 2 -in "$work/request" -CA "$work/$authority" -CAkey "$work/$authority.key" -CAcreateserial -out "$work/$name.pem" \
    -extfile <(printf 'extendedKeyUsage=clientAuth\nsubjectAltName=otherName:1.3.6.1.4.1.311.20.2.3;UTF8:%s@TESTDOM\n' "$name") 2> /dev/null
}

printf 'TESTDOM:svc:right horse\n' > "$work/users"
export NTLM_USER_FILE=$work/users
umask 077
printf 'right horse\n' > "$work/right"
printf 'wrong horse\n' > "$work/wrong"
user=(--user 'TESTDOM\svc')
