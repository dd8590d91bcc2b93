"""Local WMI through real COM under Wine: reprise.exe on a simulated host, whose WMI the stand-in is, beside WS-Management.

    python3 ci/win_standin.py REPRISE REPRISE.EXE STAND-IN.DLL TESTS.EXE

REPRISE runs the labs. TESTS.EXE has the tests of the local client. Ends with `N passed, N failed`; exit code 1 if any failed.
Each wait has a bound.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

# How long anything may take that does not hang: Wine on a busy machine is slow.
WAIT_MAX_S = 240
# `WbemLocator`, and the DLL that it is in Wine.
LOCATOR = r"HKLM\Software\Classes\CLSID\{4590f811-1d3a-11d0-891f-00aa004b2e24}\InprocServer32"
WINE_OWN = r"C:\windows\system32\wbem\wbemprox.dll"
# The host that the program runs on; each VM has its primary there.
LOCAL, PEER = "hv02.lab.test", "hv01.lab.test"
HUB = ["--hosts", "2", "--topology", "hub"]
# What must be the same over both ways to ask a host.
SAME = ["vm", "vm_id", "leg", "primary", "replica", "before", "wanted", "action", "reason", "result", "after", "attempts"]

PROGRAM, EXE, DLL, TESTS = [os.path.abspath(path) for path in sys.argv[1:5]]
PLACE = tempfile.mkdtemp()
WINE = dict(
    os.environ,
    WINEPREFIX=os.path.join(PLACE, "prefix"),
    WINEDEBUG="-all",
    # Wine must neither ask for .NET nor for a browser.
    WINEDLLOVERRIDES="mscoree,mshtml=",
    RUST_BACKTRACE="0",
)


def wine(*arguments, limit=WAIT_MAX_S, **environment):
    """Runs a Windows program: its exit code (Wine passes on the low byte), its output and its errors."""
    done = subprocess.run(
        ["wine", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=limit,
        env=dict(WINE, **environment),
    )
    return done.returncode, done.stdout, done.stderr


def windows_path(path):
    return "Z:" + path.replace("/", "\\")


class Lab:
    """Simulated hosts, until the end of the `with`."""

    def __init__(self, *arguments):
        self.file = os.path.join(PLACE, "lab-%d.json" % time.monotonic_ns())
        command = [PROGRAM, "lab", "up", "--endpoints", self.file, *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + WAIT_MAX_S
        while not os.path.exists(self.file):
            assert self.process.poll() is None and time.monotonic() < until, "the lab is not up"
            time.sleep(0.05)
        with open(self.file) as file:
            endpoints = json.load(file)
        self.control_url = endpoints["control"]
        self.hosts = {host["name"]: host for host in endpoints["hosts"]}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(WAIT_MAX_S)

    def ask(self, method, route):
        request = urllib.request.Request(self.control_url + route, method=method)
        with urllib.request.urlopen(request, timeout=WAIT_MAX_S) as answer:
            return json.load(answer)

    def post(self, *routes):
        for route in routes:
            self.ask("POST", route)

    def restart(self, host=LOCAL, more=""):
        """An orderly restart while every VM's changes are on their way."""
        self.post("/hosts/%s/shutdown?in_flight=all" % host, "/hosts/%s/boot%s" % (host, more))

    def states(self):
        return [leg["sender_state"] for vm in self.ask("GET", "/world")["vms"] for leg in vm["legs"]]

    def wmi(self, host=LOCAL):
        return "%s/hosts/%s/wmi" % (self.control_url, host)

    def write(self, name, text):
        path = "%s-%s" % (self.file, name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o600)
        return path


class Run:
    """One `reprise.exe run --json`, with its events."""

    def __init__(self, lab, *arguments):
        events = "%s-%d" % (lab.file, time.monotonic_ns())
        command = [EXE, "run", "--json", "--event-log", "file:" + windows_path(events), *arguments]
        began = time.monotonic()
        self.code, output, self.errors = wine(*command, REPRISE_STANDIN=lab.wmi())
        self.seconds = time.monotonic() - began
        assert output, self.errors
        self.document = json.loads(output)
        self.legs = self.document["relationships"]
        self.events = []
        if os.path.exists(events):
            with open(events) as file:
                self.events = [json.loads(line) for line in file]

    def summary(self):
        return self.code, self.document["outcome"], [host["ready"] for host in self.document["hosts"]]

    def results(self):
        return [{key: leg[key] for key in SAME} for leg in self.legs]

    def told(self):
        """The events, without what depends on the machine's speed: times, and whether the next cycle came before the end."""

        def timeless(text):
            text = re.sub(r"\b[0-9.]+ (m?s|seconds)\b", "N s", text)
            return re.sub(r"(confirmed by newer data): [0-9]+", r"\1: N", text)

        texts = (timeless(event["message"]) for event in self.events)
        return sorted([event["id"], event["level"], text] for event, text in zip(self.events, texts))

    def error(self):
        return self.document["hosts"][0]["error"]


def locally(lab, *arguments):
    return Run(lab, *arguments)


def over_the_network(lab, *arguments):
    host = lab.hosts[LOCAL]
    password = windows_path(lab.write("password", host["password"] + "\n"))
    return Run(lab, "--host", host["url"], "--user", host["user"], "--password-file", password, *arguments)


def both(spec, prepare, *arguments):
    """The same on the host itself and over WS-Management, each in a lab of its own that is made alike."""
    runs = []
    for way in (locally, over_the_network):
        with Lab(*HUB, *spec) as lab:
            prepare(lab)
            runs.append(way(lab, *arguments))
            runs[-1].states = lab.states()
    local, remote = runs
    equal(local.summary(), remote.summary())
    equal(local.results(), remote.results())
    equal(local.told(), remote.told())
    equal(local.states, remote.states)
    return local, remote


def equal(found, expected):
    assert found == expected, "found    %s\nexpected %s" % (json.dumps(found), json.dumps(expected))


def within(text, part):
    assert part in text, "`%s` is not in: %s" % (part, text)


def count(run, result):
    return sum(leg["result"] == result for leg in run.legs)


# The checks.


def main_job():
    local, remote = both(["--vms", "20"], Lab.restart)
    equal((local.code, count(local, "resumed"), set(local.states)), (0, 20, {3}))
    ids = [event["id"] for event in local.events]
    equal(sorted(ids), [0, 2] + [4] * 20 + [100])
    for name, run in (("local WMI", local), ("WS-Management", remote)):
        elapsed = run.document["elapsed_ms"]
        print("     %s: %d VMs resumed in %d ms, %d events" % (name, count(run, "resumed"), elapsed, len(run.events)))


def main_job_of_other_systems():
    for system in ("2012", "2022"):
        local, _ = both(["--vms", "3", "--os", system, "--odd-names"], Lab.restart)
        equal((local.code, count(local, "resumed")), (0, 3))


def paused_and_left():
    def prepare(lab):
        lab.post("/vms/vm-001/pause", "/vms/vm-002/set?state=9", "/vms/vm-003/set?state=4")

    local, _ = both(["--vms", "4"], prepare, "--paused", "leave")
    results = [leg["result"] for leg in sorted(local.legs, key=lambda leg: leg["vm"])]
    equal(results, ["left", "needs_person", "left", "healthy"])


def by_hand():
    with Lab("--vms", "2", *HUB) as lab:

        def verb(*arguments):
            command = [EXE, *arguments, "--json", "--event-log", "none"]
            code, output, errors = wine(*command, REPRISE_STANDIN=lab.wmi())
            assert output, errors
            return code, json.loads(output)

        code, paused = verb("pause", "vm-001", "--reason", "patch night")
        equal((code, paused["result"], paused["after"], lab.states()), (0, "done", "Suspended", [7, 3]))
        run = Run(lab)
        equal({leg["vm"]: leg["reason"] for leg in run.legs}, {"vm-001": "paused_on_purpose", "vm-002": "replicating"})
        code, resumed = verb("resume", "vm-001")
        equal((code, resumed["result"], lab.states()), (0, "done", [3, 3]))
        code, drill = verb("drill", "vm-002", "--direct")
        equal((code, drill["passed"], lab.states()), (0, True, [3, 3]))
        code, output, errors = wine(EXE, "drill", "vm-002", "--json", REPRISE_STANDIN=lab.wmi())
        equal((code, output), (2, ""))
        within(errors, "the task is not installed")


def examined():
    with Lab("--vms", "2", *HUB) as lab:
        code, output, errors = wine(EXE, "doctor", "--json", REPRISE_STANDIN=lab.wmi())
        assert output, errors
        document = json.loads(output)
        equal((len(document["hosts"]), document["hosts"][0]["name"]), (1, LOCAL))
        findings = {finding["id"]: finding for finding in document["hosts"][0]["findings"]}
        assert len(findings) >= 5, findings
        print("     exit code %d; %s" % (code, ", ".join("%s: %s" % (id, f["level"]) for id, f in sorted(findings.items()))))


def receiver_is_not_ours():
    with Lab("--hosts", "2", "--vms", "4") as lab:
        lab.restart()
        run = locally(lab)
        equal(sorted((leg["primary"], leg["result"]) for leg in run.legs), [(PEER, "skipped")] * 2 + [(LOCAL, "resumed")] * 2)
        skipped = [leg for leg in run.legs if leg["result"] == "skipped"]
        equal({(leg["reason"], leg["wanted"]) for leg in skipped}, {("sender_not_asked", False)})
        equal([event["id"] for event in run.events if event["id"] in (3, 102)], [102])
        equal((run.code, run.document["outcome"]), (0, "ok"))


def fails(route, result="failed"):
    """A resume that a fault strikes ends the same over both."""

    def prepare(lab):
        lab.restart()
        lab.post(route)

    # Over COM, acts begin 5 s late, since Wine's event logs cannot be read; while a job hangs, the next look comes 10 s later. The
    # run must outlast both.
    limits = ["--timeout", "20s", "--vmms-timeout", "4s", "--retry-for", "4s"]
    local, _ = both(["--vms", "2"], prepare, *limits)
    equal(sorted(leg["result"] for leg in local.legs), sorted([result, "resumed"]))
    return next((leg for leg in local.legs if leg["vm"] == "vm-001"))


def refused_by_a_number():
    fails("/faults/returns?vm=vm-001&code=32769")
    leg = fails("/faults/returns?vm=vm-001&code=39999")
    within(json.dumps(leg["error"]), "39999")


def lost_and_hanging():
    fails("/faults/job_fail?vm=vm-001&code=0x80004005&count=9")
    fails("/faults/job_hang?vm=vm-001")
    fails("/faults/job_gone?vm=vm-001&count=1", "resumed")


def lost_answer():
    with Lab(*HUB, "--vms", "1") as lab:
        lab.restart()
        lab.post("/faults/drop_after?op=invoke&count=1")
        run = locally(lab)
        equal((run.code, count(run, "resumed") + count(run, "healthy")), (0, 1))
        equal(lab.ask("GET", "/world")["hosts"][1]["requests"]["invoke"], 1)


def vanished():
    """The VM's object is not found at the act, once: looked at again, and resumed."""
    with Lab(*HUB, "--vms", "1") as lab:
        lab.restart()
        lab.post("/faults/wmi?op=invoke&code=0x80041002&count=1")
        run = locally(lab)
        equal((run.code, count(run, "resumed")), (0, 1))


def not_ready(route, *parts):
    with Lab(*HUB, "--vms", "2") as lab:
        lab.post(route)
        # A busy machine has time for the first answer.
        run = locally(lab, "--timeout", "2s", "--vmms-timeout", "2s", "--retry-for", "8s")
        equal(run.summary()[0], 1)
        equal(run.legs, [])
        for part in parts:
            within(json.dumps(run.error()), part)
        return run


def no_rights():
    run = not_ready("/faults/rights?namespace=virtualization", "WBEM_E_ACCESS_DENIED", "Hyper-V Administrators")
    equal([event["id"] for event in run.events], [0, 1, 100])


def no_login():
    error = json.dumps(not_ready("/faults/login", "ERROR_ACCESS_DENIED", "run this elevated").error())
    assert "password" not in error and "Remote Management" not in error, error


def empty_namespace():
    not_ready("/faults/deny", "Msvm_ReplicationService has no instance", "Hyper-V Administrators")


def stopped():
    not_ready("/hosts/%s/vmms/stop" % LOCAL, "stopped", "Get-Service vmms")


def numbers():
    """Some of the numbers that the unit tests have all of, through COM."""
    for number, part in [
        ("0x80041013", "WBEM_E_PROVIDER_LOAD_FAILURE"),
        ("0x80041069", "WBEM_E_TIMED_OUT"),
        ("0x800706BA", "RPC_S_SERVER_UNAVAILABLE"),
        ("0x80041003", "run this elevated"),
    ]:
        run = not_ready("/faults/wmi?op=enumerate&code=" + number, part)
        equal(run.error()["code"].upper(), number.upper())


def beside_others():
    """This host by its own WMI and the other one over the network, from one configuration."""
    with Lab("--hosts", "2", "--vms", "4") as lab:
        lab.restart()
        peer = lab.hosts[PEER]
        login = "user = '%s'\npassword_file = '%s'" % (peer["user"], windows_path(lab.write("password", peer["password"] + "\n")))
        listed = "[[host]]\nlocal = true\n[[host]]\nurl = '%s'\n%s\n" % (peer["url"], login)
        config = windows_path(lab.write("toml", "version = 1\n" + listed))
        lab.post("/requests/reset")
        run = locally(lab, "--config", config)
        equal((run.code, count(run, "resumed")), (0, 4))
        equal([(host["name"], host["url"]) for host in run.document["hosts"]], [(LOCAL, None), (PEER, peer["url"])])
        asked = {host["name"]: host["requests"] for host in lab.ask("GET", "/world")["hosts"]}
        equal((asked[LOCAL]["invoke"], asked[PEER]["invoke"], asked[LOCAL]["identify"]), (2, 2, 0))
        # The same computer twice is one host.
        own = lab.hosts[LOCAL]["url"]
        both_ways = windows_path(lab.write("twice", "version = 1\n%s[[host]]\nurl = '%s'\n%s\n" % (listed, own, login)))
        again = locally(lab, "--config", both_ways)
        equal((len(again.legs), count(again, "healthy"), count(again, "resumed")), (4, 4, 0))


def discovered():
    """The other host is named by this computer's relationships alone."""
    with Lab("--hosts", "2", "--vms", "4") as lab:
        lab.restart()
        peer = lab.hosts[PEER]
        login = "user = '%s'\npassword_file = '%s'" % (peer["user"], windows_path(lab.write("password", peer["password"] + "\n")))
        found = "[discover]\npeers = true\nresolve = { '%s' = '%s' }\n" % (PEER, peer["url"])
        config = "version = 1\n[login]\n%s\n[[host]]\nlocal = true\n%s" % (login, found)
        run = locally(lab, "--config", windows_path(lab.write("toml", config)))
        equal((run.code, count(run, "resumed")), (0, 4))
        equal([host["url"] for host in run.document["hosts"]], [None, peer["url"]])


def wrong_configuration():
    with Lab(*HUB, "--vms", "1") as lab:
        text = "version = 1\n[[host]]\nlocal = true\nurl = 'http://hv01'\n"
        config = windows_path(lab.write("toml", text))
        code, output, errors = wine(EXE, "run", "--config", config, REPRISE_STANDIN=lab.wmi())
        equal((code, output), (2, ""))
        within(errors, "line 3: host.local: give either url or local = true")


def late_vmms():
    def prepare(lab):
        lab.restart(more="?vmms_starts_after_s=3&vmms_ready_after_s=5")

    local, _ = both(["--vms", "3"], prepare)
    equal((local.code, count(local, "resumed")), (0, 3))
    within(json.dumps(local.told()), "was started successfully")


def busy_wmi():
    with Lab(*HUB, "--vms", "2") as lab:
        lab.restart()
        lab.post("/faults/wmi?code=0x80041033&count=2", "/faults/busy?count=2", "/faults/drop_before?count=2")
        run = locally(lab)
        equal((run.code, count(run, "resumed")), (0, 2))


def client():
    with Lab(*HUB, "--vms", "2") as lab:
        arguments = [TESTS, "stand_in", "--ignored", "--nocapture", "--test-threads", "1"]
        code, output, errors = wine(*arguments, REPRISE_STANDIN=lab.wmi())
        print("".join("     %s\n" % line for line in output.splitlines() if "KiB" in line), end="")
        assert code == 0 and re.search(r"test result: ok\. [1-9]", output), output + errors


def no_hyperv():
    locator(WINE_OWN)
    began = time.monotonic()
    code, output, _ = wine(EXE, "run", "--json", "--event-log", "none")
    error = json.loads(output)["hosts"][0]["error"]
    equal(code, 1)
    within(json.dumps(error), "Hyper-V is not installed on this host")
    within(json.dumps(error), "Install-WindowsFeature Hyper-V")
    seconds = time.monotonic() - began
    print("     it took %d s" % seconds)
    assert seconds < 60, "it took %d s" % seconds


CHECKS = [
    ("20 VMs that a restart of this host broke are resumed, as over WS-Management", main_job),
    ("the same on other versions of Windows, with odd names", main_job_of_other_systems),
    ("what is paused, prepared for a failover or wants a person is left alone, as over WS-Management", paused_and_left),
    ("by hand: a VM is paused, left by a run, and resumed; a drill passes, and needs the task without --direct", by_hand),
    ("doctor examines this computer", examined),
    ("a leg whose sender is elsewhere is not ours", receiver_is_not_ours),
    ("a method that returns a number, known or not, is a failure, as over WS-Management", refused_by_a_number),
    ("jobs that fail, hang or vanish end as over WS-Management", lost_and_hanging),
    ("an act whose answer is lost is not repeated", lost_answer),
    ("an object that is not found at the act is looked for again", vanished),
    ("without rights the run says who has them", no_rights),
    ("an account that COM refuses is reported", no_login),
    ("a namespace that shows nothing is not ready", empty_namespace),
    ("a VMMS that is stopped is not ready", stopped),
    ("numbers with which WMI fails lead to advice", numbers),
    ("this computer and another one are asked from one configuration", beside_others),
    ("a host that this computer's relationships name is found and asked", discovered),
    ("an address beside local = true is refused with its line", wrong_configuration),
    ("a VMMS that starts late is waited for, as over WS-Management", late_vmms),
    ("calls that WMI fails for a while are tried again", busy_wmi),
    ("the client's own tests, 10,000 calls among them", client),
    ("a computer without Hyper-V says so soon, by Wine's own WMI", no_hyperv),
]


def locator(dll):
    code, output, errors = wine("reg", "add", LOCATOR, "/ve", "/d", dll, "/f")
    assert code == 0, output + errors


def main():
    passed = failed = 0
    try:
        wine("wineboot", "-i")
        wine("winecfg", "-v", "win81")
        shutil.copy(DLL, os.path.join(WINE["WINEPREFIX"], "drive_c", "standin.dll"))
        locator(r"C:\standin.dll")
        wanted = sys.argv[5:]
        for name, check in CHECKS:
            if wanted and check.__name__ not in wanted:
                continue
            began = time.monotonic()
            try:
                check()
            except (AssertionError, OSError, ValueError, KeyError, IndexError, subprocess.TimeoutExpired) as error:
                print("FAIL - %s\n     %s" % (name, str(error)[:4000].replace("\n", "\n     ")))
                failed += 1
            else:
                print("ok   - %s (%.0f s)" % (name, time.monotonic() - began))
                passed += 1
            sys.stdout.flush()
    finally:
        # Ends only the processes of this prefix.
        subprocess.run(["wineserver", "-k"], env=WINE, check=False)
        shutil.rmtree(PLACE, ignore_errors=True)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


sys.exit(main())
