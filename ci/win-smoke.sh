#!/bin/bash
# Smoke test of the Windows program: its imports, then its behaviour under Wine, in a new Wine prefix.
# Ends with `N passed, N failed`; exit code 1 if any failed.
set -uo pipefail
exe=$(realpath "${1:?usage: ci/win-smoke.sh PATH/reprise.exe}")
place=$(mktemp -d)
log=$place/log
: > "$log"
# Wine must neither ask for .NET nor for a browser, nor print messages.
export WINEPREFIX=$place/prefix WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml=' RUST_BACKTRACE=0
passed=0 failed=0

# `wineserver -k` ends only the processes of this prefix.
finish() { wineserver -k 2>/dev/null; rm -rf "$place"; }
trap finish EXIT

check() {
  local name=$1
  shift
  # Debian's Wine ends its server with the last program, and a program that starts in that moment is cut off from it: once more.
  if "$@" >"$log" 2>&1 || { grep -qF 'wine client error:' "$log" && "$@" >"$log" 2>&1; }; then
    echo "ok   - $name"
    passed=$((passed + 1))
  else
    echo "FAIL - $name"
    failed=$((failed + 1))
    tail -n 15 "$log" | sed 's/^/     /'
  fi
}

# Waits until a file has something in it. Wine on a busy machine is slow: the bound is far above what it needs.
until_written() {
  for _ in $(seq 600); do
    [ -s "$1" ] && return 0
    sleep 0.2
  done
  return 1
}

# Runs a Windows program and returns its exit code (Wine passes on the low byte).
windows() { timeout 120 wine "$@" </dev/null 2>&1 | tr -d '\r'; return "${PIPESTATUS[0]}"; }

# Runs it and compares its exit code with the expected one.
ends_with() {
  local expected=$1 code
  shift
  windows "$@"
  code=$?
  [ "$code" = "$expected" ] || { echo "exit code $code, expected $expected: $*"; return 1; }
}

# Windows Server 2012 has all of these DLLs. Only this list ensures that the program starts there.
known='advapi32 bcrypt combase crypt32 dnsapi kernel32 ktmw32 msvcrt ncrypt ntdll ole32 oleaut32 propsys rpcrt4 secur32 userenv wevtapi ws2_32 api-ms-win-core-winrt-error-l1-1-0'
imports() {
  local dll all
  all=$(x86_64-w64-mingw32-objdump -p "$exe") || return 1
  dll=$(awk '/DLL Name:/{print tolower($3)}' <<<"$all" | sed 's/\.dll$//' | sort -u)
  [ -n "$dll" ] || { echo "no imports: is this a program?"; return 1; }
  dll=$(grep -vxF -f <(tr ' ' '\n' <<<"$known") <<<"$dll")
  [ -z "$dll" ] || { echo "imports a DLL that is not on the list: $dll"; return 1; }
  if grep -wE 'ProcessPrng|SetThreadDescription|GetTempPath2W' <<<"$all"; then
    echo "imports a function that Server 2012 lacks"
    return 1
  fi
}

# Wine has WMI and no Hyper-V, like a Windows without the role.
has_no_hyperv() {
  ends_with 1 "$exe" run --event-log none --timeout 2s --vmms-timeout 2s &&
    grep -qF WBEM_E_INVALID_NAMESPACE "$log" && grep -qF 'Install-WindowsFeature Hyper-V' "$log"
}

doctor_has_no_hyperv() { ends_with 3 "$exe" doctor && grep -qF 'Install-WindowsFeature Hyper-V' "$log"; }

# Types 11 (message table), 16 (version) and 24 (what it says of itself to Windows).
resources() {
  local all
  all=$(x86_64-w64-mingw32-objdump -p "$exe" | awk '/Type Table:/ { types = 1 } types && /Entry: ID:/ { print $4 }')
  for type in 0x00000b 0x000010 0x000018; do
    grep -qF "$type" <<<"$all" || { echo "no resource of type $type among: $all"; return 1; }
  done
}

# The text of each event as Event Viewer gets it, with <1>, <2>, … for the strings of a record.
shown() {
  cat >"$place/shown.c" <<'END'
#include <windows.h>
#include <stdio.h>
int wmain(int count, wchar_t **words) {
    static wchar_t strings[20][8], text[4096];
    static DWORD_PTR pointers[20];
    HMODULE module = LoadLibraryExW(words[1], NULL, LOAD_LIBRARY_AS_DATAFILE);
    if (!module) return 2;
    for (int i = 0; i < 20; i++) {
        swprintf(strings[i], 8, L"<%d>", i + 1);
        pointers[i] = (DWORD_PTR)strings[i];
    }
    for (int i = 2; i < count; i++) {
        DWORD id = wcstoul(words[i], NULL, 10);
        if (!FormatMessageW(FORMAT_MESSAGE_FROM_HMODULE | FORMAT_MESSAGE_ARGUMENT_ARRAY, module, id, 0, text, 4096,
                            (va_list *)pointers)) return 1;
        printf("%lu\t%ls", id, text);
    }
    return 0;
}
END
  x86_64-w64-mingw32-gcc -municode -o "$place/shown.exe" "$place/shown.c" && windows "$place/shown.exe" "$@"
}
# What the list of events says that Windows shows: the placeholders of a text are its strings from the second on; an id with
# two texts has the first string alone.
listed() {
  sed -n 's/^| \([0-9]*\) | [A-Za-z]* | `\(.*\)` |.*|.*|$/\1\t\2/p' docs/events.md | awk -F '\t' '
    { text = $2; for (n = 2; sub(/{[a-z_]*}/, "<" n ">", text); n++); count[$1]++; texts[$1] = text; if (count[$1] == 1) order[++ids] = $1 }
    END { for (i = 1; i <= ids; i++) { id = order[i]; print id "\t" (count[id] > 1 ? "<1>" : texts[id]) } }'
}
messages() {
  mapfile -t ids < <(listed | cut -f 1)
  [ ${#ids[@]} -gt 10 ] && shown "$(winepath -w "$exe")" "${ids[@]}" >"$place/shown" && diff "$place/shown" <(listed)
}

# Wine has no event logs: it refuses the subscription.
has_no_logs() {
  ends_with 1 "$exe" events && grep -qF 'cannot read the event log of localhost' "$log" &&
    grep -qF 'the service EventLog on this computer' "$log" && ! grep -qE 'WinRM|network' "$log"
}

prefix() { windows wineboot -i && wineserver -w && windows winecfg -v win81 && windows cmd /c ver | grep -F '6.3'; }
version() { ends_with 0 "$exe" --version && grep -qE '^reprise [0-9]+\.[0-9]+\.[0-9]+' "$log"; }

# Simulated hosts, until the end of this script. The file has their addresses, user and password.
lab() {
  wine "$exe" lab up --auth negotiate --endpoints "$place/endpoints" </dev/null >"$place/lab" 2>&1 &
  until_written "$place/endpoints"
  mapfile -t hosts < <(sed -n 's/.*"url": "\(.*\)",/--host\n\1/p' "$place/endpoints")
  [ ${#hosts[@]} = 4 ] || { cat "$place/lab"; return 1; }
}
breaks() {
  windows "$exe" lab ctl --endpoints "$place/endpoints" /hosts/hv01.lab.test/shutdown in_flight=all &&
    windows "$exe" lab ctl --endpoints "$place/endpoints" /hosts/hv01.lab.test/boot
}

# If no user is given, Windows logs in with the credentials of the account that runs the program. Wine gets them from Samba's
# ntlm_auth, which would ask a domain. The stand-in returns the lab's user instead; everything else is unchanged. Of Wine's
# packages only NTLM supports this, without channel bindings.
stand_in() {
  mkdir "$place/bin"
  cat >"$place/bin/ntlm_auth" <<'END'
#!/bin/bash
case " $* " in
  *" --use-cached-creds "*)
    exec /usr/bin/ntlm_auth --helper-protocol=ntlmssp-client-1 --domain=LAB --username=administrator --password="$LAB_PASSWORD" ;;
  *) exec /usr/bin/ntlm_auth "$@" ;;
esac
END
  chmod +x "$place/bin/ntlm_auth"
  LAB_PASSWORD=$(sed -n 's/.*"password": "\(.*\)"/\1/p' "$place/endpoints" | head -n 1)
}
as_this_account() { PATH=$place/bin:$PATH LAB_PASSWORD=$1 ends_with "$2" "$exe" run "${hosts[@]}" --auth ntlm --event-log none; }
logged_in() { stand_in && as_this_account "$LAB_PASSWORD" 0 && grep -qF resumed "$log"; }
refused() { as_this_account "not $LAB_PASSWORD" 1 && grep -qF 'refused the account that this program runs as by NTLM' "$log"; }
has_nothing() { ends_with 1 "$exe" run "${hosts[@]}" --event-log none && grep -qF 0x8009030E "$log"; }

# A run whose events go to the System log. Wine keeps no records, but says what each was given: `trace` for information, `warn`
# for a warning, `err` for an error.
source_key='HKLM\SYSTEM\CurrentControlSet\Services\EventLog\System\Hyper-V Replica script'
traced() {
  WINEDEBUG=-all,trace+eventlog,warn+eventlog,err+eventlog timeout 120 wine "$exe" run "$@" </dev/null >/dev/null 2>"$place/trace"
  echo "exit code $?"
  sed -n 's/.*:\(trace\|warn\|err\):eventlog:ReportEventW L"\(.*\)"$/\1 \2/p' "$place/trace" | tee "$place/records"
}
# So many records with this level and the text of this id.
records() {
  local level=$1 id=$2 expected=$3 text found
  text=$(sed -n "s/^| $id | [A-Za-z]* | \`\(.*\)\` |.*|.*|$/\1/p" docs/events.md | head -n 1 | sed 's/[.]/[.]/g; s/{[a-z_]*}/.*/g')
  found=$(grep -cE "^$level $text\$" "$place/records")
  [ -n "$text" ] && [ "$found" = "$expected" ] || { echo "$found records of event $id, expected $expected"; return 1; }
}
s2_registered() {
  windows reg delete "$source_key" /f
  traced --timeout 2s --vmms-timeout 2s
  windows reg query "$source_key" >"$place/source" && cat "$place/source" &&
    grep -F 'EventMessageFile' "$place/source" | grep -qF "$(winepath -w "$exe")" && grep -qE 'TypesSupported +REG_DWORD +0x7' "$place/source"
}
s3_s5_started_and_not_ready() { records trace 0 1 && records err 1 1 && records trace 100 1; }
s3_s6_s10_recorded() {
  local vms
  breaks && PATH=$place/bin:$PATH LAB_PASSWORD=$LAB_PASSWORD traced "${hosts[@]}" --auth ntlm --event-log system || return 1
  vms=$(grep -c '^trace Replication for .* resumed successfully' "$place/records")
  [ "$vms" -ge 1 ] && head -n 1 "$place/records" | grep -qxF 'trace Starting script to restart replication.' &&
    records trace 0 1 && records trace 2 2 && records trace 4 "$vms" && records trace 100 1 && records err 3 0
}

# Of a task Wine keeps the description and the settings alone, and it cannot run one: the XML is tested on Linux.
task_file=$WINEPREFIX/drive_c/windows/system32/tasks/Reprise/Startup
s12_installed() {
  windows reg delete "$source_key" /f
  ends_with 0 "$exe" install task && ends_with 0 "$exe" install task --at-startup-delay 30s &&
    grep -qF '<ExecutionTimeLimit>PT0S</ExecutionTimeLimit>' "$task_file" &&
    grep -qF '<DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>' "$task_file" &&
    [ -d "$WINEPREFIX/drive_c/ProgramData/Reprise" ] && windows reg query "$source_key" &&
    ends_with 1 "$exe" install task --account 'NOWHERE\nobody' && grep -qF 'check its name and its domain' "$log"
}
# The default configuration is read and its problem is found, so its owner was accepted: here all files belong to one user.
default_configuration() {
  local file="$WINEPREFIX/drive_c/ProgramData/Reprise/reprise.toml"
  echo 'version = 7' >"$file"
  ends_with 2 "$exe" run --event-log none && grep -qF 'reprise.toml has 1 problem' "$log"
  local code=$?
  rm "$file"
  return $code
}
s12_printed() {
  rm -f "$task_file"
  ends_with 0 "$exe" install task --print --account 'LAB\repl$' && [ ! -e "$task_file" ] &&
    grep -qF '<UserId>LAB\repl$</UserId>' "$log" && grep -qF '<LogonType>Password</LogonType>' "$log"
}
s12_uninstalled() {
  ends_with 0 "$exe" install task && ends_with 0 "$exe" uninstall && [ ! -e "$task_file" ] && ! windows reg query "$source_key" &&
    ends_with 0 "$exe" uninstall && grep -qxF 'Nothing was installed.' "$log"
}

# The resume of one VM fails: event 3.
s11_recorded() {
  breaks && windows "$exe" lab ctl --endpoints "$place/endpoints" /faults/job_fail vm=vm-001 code=32768 || return 1
  PATH=$place/bin:$PATH LAB_PASSWORD=$LAB_PASSWORD traced "${hosts[@]}" --auth ntlm --retry-for 3s --timeout 3s
  windows "$exe" lab ctl --endpoints "$place/endpoints" --delete /faults/job_fail
  records err 3 1 && grep -qF 'err vm-001' "$place/records"
}

# Ctrl-C in a console: a terminal of `script` is one to Wine. It is typed once the lab is up: before, it would end Wine's loader. It
# reaches the shell as well, which goes on. Wine ends a program that does not handle it with code 0 too, but then the files remain
# that the lab makes for a person at a terminal.
ends_by_ctrl_c() {
  local ended=$place/ctrl-c.code ready=$place/ctrl-c.endpoints terminal=$place/ctrl-c.terminal steps
  { until_written "$ready" && printf '\003' && until_written "$ended"; } |
    SHELL=/bin/sh timeout 300 script -qefc "trap : INT; wine '$exe' lab up --endpoints '$ready'; echo \$? >'$ended'" "$terminal" >/dev/null
  steps=("${PIPESTATUS[@]}")
  tr -d '\r' <"$terminal"
  [ -s "$ready" ] || { echo "the lab is not up"; return 1; }
  [ "${steps[0]}" = 0 ] || { echo "Ctrl-C does not end it"; return 1; }
  [ "$(cat "$ended")" = 0 ] || { echo "exit code $(cat "$ended")"; return 1; }
  grep -qF reprise.toml "$terminal" || { echo "it made no files for a person"; return 1; }
  ! find "$WINEPREFIX/drive_c" -name reprise.toml -newer "$ready" | grep . || { echo "it was ended, and left its files"; return 1; }
}

# Does the same as `cmdkey /generic:NAME /user:USER /pass:PASSWORD`, which Wine does not have: stores a password for this account.
cmdkey() {
  cat >"$place/cmdkey.c" <<'END'
#include <windows.h>
#include <wincred.h>
int wmain(int count, wchar_t **words) {
    CREDENTIALW credential = { .Type = CRED_TYPE_GENERIC, .Persist = CRED_PERSIST_LOCAL_MACHINE };
    if (count != 4) return 2;
    credential.TargetName = words[1];
    credential.UserName = words[2];
    credential.CredentialBlob = (BYTE *)words[3];
    credential.CredentialBlobSize = lstrlenW(words[3]) * sizeof(wchar_t);
    return CredWriteW(&credential, 0) ? 0 : 1;
}
END
  x86_64-w64-mingw32-gcc -municode -o "$place/cmdkey.exe" "$place/cmdkey.c" -ladvapi32 && windows "$place/cmdkey.exe" "$@"
}
# Runs the program with a configuration whose password is the credential with this name.
by_credential() {
  local url
  for url in "${hosts[1]}" "${hosts[3]}"; do printf '[[host]]\nurl = "%s"\n' "$url"; done |
    cat <(printf 'version = 1\n[login]\nuser = "administrator"\npassword_credential = "%s"\n' "$1") - >"$place/reprise.toml"
  ends_with "$2" "$exe" run --config "$place/reprise.toml" --event-log none
}
kept() { cmdkey simulated administrator "$LAB_PASSWORD" && by_credential simulated 0; }
not_kept() { by_credential forgotten 2 && grep -qF 'cmdkey /generic:forgotten' "$log"; }

check "imports only what Server 2012 has" imports
check "has a message table, a version and a manifest" resources
check "Wine starts as Windows 6.3" prefix
check "Windows shows the text of every event of the list" messages
check "reprise.exe --version names itself and its version" version
check "reprise.exe refuses a word it does not know with exit code 2" ends_with 2 "$exe" no-such-verb
check "without a host this computer's own WMI is asked, and says that Hyper-V is not installed" has_no_hyperv
check "doctor says that Hyper-V is not installed" doctor_has_no_hyperv
check "without a host this computer's own event logs are asked, and their refusal is reported" has_no_logs
check "S2: a run registers the source of its events in the System log" s2_registered
check "S3, S5: events 0 and 1 are in the System log" s3_s5_started_and_not_ready
check "S12: install registers the task, the source of events and the private folder" s12_installed
check "the configuration in ProgramData is read" default_configuration
check "S12: the task's XML is printed, and nothing is installed" s12_printed
check "S12: uninstall removes what install made" s12_uninstalled
check "reprise.exe demo ends with everything protected" ends_with 0 "$exe" demo
check "Ctrl-C in a console ends simulated hosts with exit code 0" ends_by_ctrl_c
check "simulated hosts start, and a shutdown stops replication" eval "lab && breaks"
check "without a user Windows logs in, and what it seals is taken: replication is resumed" logged_in
check "S3, S6, S10: events 0, 2 and 4 are in the System log" s3_s6_s10_recorded
check "S11: event 3 is in the System log, with VM and cause" s11_recorded
check "a Windows login that a host refuses is reported" refused
check "an account without credentials in Windows is reported" has_nothing
check "a password that Credential Manager keeps is used" kept
check "a missing credential is reported, with the command that creates it" not_kept

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
