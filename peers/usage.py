"""The example program of our WS-Management client against the lab: every form of its usage, as an administrator writes it.

It starts the lab itself. The first failure is printed, and the exit code is then 1.

    cargo build && cargo build -p wsman-http --example wsman
    python peers/usage.py target/debug/reprise target/debug/examples/wsman
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from foreign_clients import EVENT_LOG, PATIENCE_S, VMMS_ADMIN, Lab, expect

WMI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/"
WINDOWS, HYPERV = WMI + "cimv2/", WMI + "virtualization/v2/"
LOGINS = ("auto", "basic", "ntlm", "negotiate")


class Wsman:
    """The program with a login."""

    def __init__(self, program, lab, folder):
        self.program, self.url, self.user = program, lab.url, lab.user
        self.right, self.wrong = Path(folder, "right"), Path(folder, "wrong")
        for file, password in ((self.right, lab.password), (self.wrong, "not-the-password")):
            file.write_text(password + "\n", encoding="utf-8")

    def command(self, action, *arguments, auth="negotiate", password=None, url=None):
        login = ["--auth", auth, "--user", self.user, "--password-file", str(password or self.right)]
        return [self.program, action, url or self.url, *arguments, *login]

    def run(self, action, *arguments, **login):
        """The exit code, the objects (one per line), and standard error."""
        command = self.command(action, *arguments, **login)
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    def good(self, action, *arguments, **login):
        code, objects, said = self.run(action, *arguments, **login)
        if code or said:
            raise AssertionError(f"{action} {arguments}: {code} {said}")
        shown = " ".join(argument if len(argument) < 90 else argument[:87] + "..." for argument in arguments)
        print(f"ok: {action} {shown} -> {len(objects)} objects")
        return objects

    def bad(self, words, action, *arguments, code=1, **login):
        found, objects, said = self.run(action, *arguments, **login)
        expect(f"{action} {arguments}", (found, objects, words in said, said.startswith("error: ")), (code, [], True, True))
        print(f"ok: {said.splitlines()[0]}")


def identify(wsman):
    for auth in LOGINS:
        (identity,) = wsman.good("identify", auth=auth)
        expect("version", identity["version"], "OS: 6.3.9600 SP: 0.0 Stack: 3.0")
        expect("profiles", [uri.rsplit("/", 1)[1] for uri in identity["profiles"]], ["basic", "spnego-kerberos"])


def enumerate_(wsman):
    whole = wsman.good("enumerate", HYPERV + "Msvm_ComputerSystem")
    single = wsman.good("enumerate", HYPERV + "Msvm_ComputerSystem", "--batch", "1")
    names = [row["Name"] for row in whole]
    expect("one at a time", [row["Name"] for row in single], names)
    columns = wsman.good("enumerate", HYPERV + "*", "--wql", "SELECT Name FROM Msvm_ComputerSystem", "--batch", "2")
    expect("columns", columns, [{"Name": name} for name in names])
    referred = wsman.good("enumerate", HYPERV + "Msvm_ComputerSystem", "--epr")
    expect("references", all(row["Name"] in row["__path"] for row in referred), True)
    wsman.bad("write " + WINDOWS + "*", "enumerate", WINDOWS + "Win32_Service", "--wql", "SELECT * FROM Win32_Service")
    wsman.bad("--wql QUERY is missing", "enumerate", WINDOWS + "*")
    wsman.bad("the resource is missing", "enumerate")
    wsman.bad("is not the resource of a WMI class", "enumerate", "Win32_Service")
    wsman.bad("no class", "enumerate", WINDOWS + "Win32_Nothing")
    wsman.bad("--batch", "enumerate", WINDOWS + "Win32_Service", "--batch", "0", code=2)


def get(wsman):
    (service,) = wsman.good("get", WINDOWS + "Win32_Service", "--selector", "Name=vmms")
    expect("service", (service["Name"], service["State"], service.get("__path")), ("vmms", "Running", None))
    (service,) = wsman.good("get", WINDOWS + "Win32_Service", "--selector", "Name=vmms", "--epr")
    expect("reference", 'Win32_Service.Name="vmms"' in service["__path"], True)
    wsman.bad("takes the keys", "get", WINDOWS + "Win32_Service")
    wsman.bad("is no key", "get", WINDOWS + "Win32_Service", "--selector", "Nome=vmms")
    wsman.bad("--wql does not go with this action", "get", WINDOWS + "Win32_Service", "--wql", "x")
    wsman.bad("NAME=VALUE", "get", WINDOWS + "Win32_Service", "--selector", "vmms", code=2)


def invoke(wsman):
    query = "SELECT Name FROM Msvm_ComputerSystem WHERE ElementName = 'vm-001'"
    (vm,) = wsman.good("enumerate", HYPERV + "*", "--wql", query)
    keys = ["--selector", "CreationClassName=Msvm_ComputerSystem", "--selector", "Name=" + vm["Name"]]
    computer = HYPERV + "Msvm_ComputerSystem"
    for named in ([computer + "/RequestStateChange"], [computer, "--method", "RequestStateChange"]):
        for state in ("9", "2"):
            (output,) = wsman.good("invoke", *named, *keys, "--arg", "RequestedState=" + state)
            expect("return value", output["ReturnValue"] in ("0", "4096"), True)
            (row,) = wsman.good("get", computer, *keys)
            expect("state", row["EnabledState"], state)
    wsman.bad("the method is missing", "invoke", computer, *keys)


def subscribe(wsman, lab):
    # Both this host and the other host have events about the other host's shutdown and start.
    lab.ask("/hosts/hv02.lab.test/shutdown?in_flight=1")
    lab.ask("/hosts/hv02.lab.test/boot")
    logs = ["--log", VMMS_ADMIN, "--existing"]
    # The first event of the log is from the time before: the host has a past.
    found = wsman.good("subscribe", *logs, "--count", "3")[1:]
    expect("ids", [event["id"] for event in found], [32022, 32086])
    expect("log", {(event["log"], event["computer"]) for event in found}, {(VMMS_ADMIN, lab.name)})
    expect("what it carries", {"name": "VmName", "value": "vm-001"} in found[0]["data"], True)
    expect("XML", found[0]["xml"].startswith("<Event "), True)
    chosen = ["--xpath", "*[System[(EventID=32086)]]"]
    for resource in ([], [EVENT_LOG]):
        (event,) = wsman.good("subscribe", *resource, *logs, *chosen, "--count", "1")
        expect("chosen", event["id"], 32086)
    query = f'<QueryList><Query Path="{VMMS_ADMIN}"><Select>*[System[(EventID=32022)]]</Select></Query></QueryList>'
    file = wsman.right.with_name("query.xml")
    file.write_text(query, encoding="utf-8")
    for given in (query, str(file)):
        (event,) = wsman.good("subscribe", "--query", given, "--existing", "--count", "1")
        expect("queried", event["id"], 32022)
    interrupted(wsman, lab)
    wsman.bad("--log NAME or --query LIST is missing", "subscribe")
    wsman.bad("Nothing", "subscribe", "--log", "Nothing")
    wsman.bad("--xpath cannot be used", "subscribe", "--log", "System", "--xpath", "*[System[")
    wsman.bad("--query cannot be used", "subscribe", "--query", "<Query/>")
    wsman.bad("cannot read", "subscribe", "--query", "/nothing/there.xml")
    wsman.bad("only classes and event logs can", "subscribe", "urn:x", "--log", "System")
    wsman.bad("--by NAME is missing", "subscribe", WINDOWS + "Win32_Service", "--log", "System")
    wsman.bad("--count does not go with this action", "identify", "--count", "1")
    wsman.bad("cannot be used with", "subscribe", "--log", "System", "--query", query, code=2)


def interrupted(wsman, lab):
    """Without --existing, events are printed as they arrive, until Ctrl-C, which is not an error."""
    opened = lab.requests("subscribe")
    command = wsman.command("subscribe", "--log", VMMS_ADMIN)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while lab.requests("subscribe") == opened:
            expect("it listens", process.poll(), None)
        lab.ask("/vms/vm-001/set?state=3")
        lab.ask("/hosts/hv02.lab.test/shutdown?in_flight=1")
        lab.ask("/hosts/hv02.lab.test/boot")
        ids = [json.loads(process.stdout.readline())["id"] for _ in range(2)]
        expect("what came", ids, [32022, 32086])
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate(timeout=PATIENCE_S)
        expect("the end", (process.returncode, rest, said), (0, "", ""))
    print("ok: subscribe until Ctrl-C -> 2 objects")


def changes(wsman, lab):
    """Class changes: by subscription, and by polling if the host accepts no subscription."""
    lab.ask("/vms/vm-001/set?state=3")
    relationships = [HYPERV + "Msvm_ReplicationRelationship", "--by", "InstanceID", "--within", "1"]
    for heard_by, note in (("subscription", ""), ("polling", "note: asking every 1 s, without a subscription: ")):
        opened, asked = lab.requests("subscribe"), lab.requests("enumerate")
        command = wsman.command("subscribe", *relationships, "--column", "ReplicationState", "--count", "2")
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            while lab.requests("subscribe") == opened or lab.requests("enumerate") == asked:
                expect("it listens", process.poll(), None)
            found = []
            for act in ("pause", "resume"):
                lab.ask(f"/vms/vm-001/{act}")
                found.append(json.loads(process.stdout.readline()))
            rest, said = process.communicate(timeout=PATIENCE_S)
        expect("the end", (process.returncode, rest, said.startswith(note), bool(said)), (0, "", True, bool(note)))
        states = [(change["before"]["ReplicationState"], change["now"]["ReplicationState"]) for change in found]
        expect("states", states, [("3", "7"), ("7", "3")])
        expect("how", {(change["change"], change["heard_by"]) for change in found}, {("modified", heard_by)})
        expect("the host's time", {change["time"] is not None for change in found}, {heard_by == "subscription"})
        print(f"ok: subscribe to a class, heard by {heard_by} -> {len(found)} objects")
        lab.ask("/faults/unsupported?op=subscribe&count=1")
    lab.ask("/faults/unsupported?op=subscribe", "DELETE")
    wsman.bad("no class", "subscribe", HYPERV + "Msvm_Nothing", "--by", "InstanceID")
    wsman.bad("has no Nome", "subscribe", WINDOWS + "Win32_Service", "--by", "Nome")
    wsman.bad("the resource is missing", "subscribe", "--by", "Name")
    wsman.bad("cannot be used with", "subscribe", *relationships, "--log", "System", code=2)
    wsman.bad("--by does not go with this action", "enumerate", *relationships)


def cut_off(wsman):
    """A reader that closes the pipe after the first line is supported too."""
    command = wsman.command("enumerate", HYPERV + "Msvm_ComputerSystem")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, timeout=PATIENCE_S, check=False)
    os.close(writer)
    expect("a reader that goes away", (done.returncode, done.stderr), (0, b""))


def refusals(wsman):
    for auth in LOGINS:
        wsman.bad("refused", "identify", auth=auth, password=wsman.wrong)
    wsman.bad("cannot reach", "identify", url="http://127.0.0.1:1")
    wsman.bad("expected http", "identify", url="hv01")
    wsman.bad("knows hosts by name", "identify", auth="kerberos")
    wsman.bad("cannot read", "identify", password="/nothing/there")


def main(program, example):
    with Lab(program, []) as lab:
        os.umask(0o077)
        wsman = Wsman(example, lab, lab.folder.name)
        identify(wsman)
        enumerate_(wsman)
        get(wsman)
        invoke(wsman)
        subscribe(wsman, lab)
        changes(wsman, lab)
        cut_off(wsman)
        refusals(wsman)
    print("no failures")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
