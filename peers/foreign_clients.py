"""WS-Management clients that others wrote, against the lab: every login that they speak, over HTTP and HTTPS.

It starts the labs with the given program, and ends them. Each row of the table that it prints is a client with a login over a
transport; each column is an operation. The first failure is printed, and the exit code is then 1.

    cargo build && python peers/foreign_clients.py target/debug/reprise

With KEYTAB USER PASSWORD after the program it logs in only by Kerberos, which needs a realm (run_client.sh).
"""

import base64
import http.client
import json
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings
import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.parse import urlsplit

import requests
import spnego
import xmltodict
from pypsrp.exceptions import AuthenticationError, WinRMTransportError, WSManFaultError
from pypsrp.negotiate import HTTPNegotiateAuth
from pypsrp.wsman import NAMESPACES, WSMan, WSManAction
from winrm.exceptions import InvalidCredentialsError, WinRMOperationTimeoutError
from winrm.exceptions import WinRMTransportError as PywinrmTransportError
from winrm.exceptions import WSManFaultError as PywinrmFaultError
from winrm.protocol import Protocol

from hyperv_client import ANONYMOUS, JOB_STARTED, LOOKS_MAX, REPLICATING, V2, WQL, embedded, local, properties, selectors, tag

IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
IDENTIFY = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:i="%s">'
    "<s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>" % IDENTITY
)
VM = {"CreationClassName": "Msvm_ComputerSystem"}
EVENT_LOG = "http://schemas.microsoft.com/wbem/wsman/1/windows/EventLog"
EVENT = "http://schemas.microsoft.com/win/2004/08/events/event"
EVENT_QUERY = "http://schemas.microsoft.com/win/2004/08/events/eventquery"
EVENTING = "http://schemas.xmlsoap.org/ws/2004/08/eventing"
PULL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/Pull"
PUSH = EVENTING + "/DeliveryModes/Push"
SUBSCRIBE = EVENTING + "/Subscribe"
UNSUBSCRIBE = (
    '<s:Envelope xmlns:s="%s" xmlns:a="%s" xmlns:e="%s" xmlns:w="%s"><s:Header><a:To>http://host/wsman</a:To>'
    "<w:ResourceURI>{}</w:ResourceURI><a:ReplyTo><a:Address>%s</a:Address></a:ReplyTo><a:Action>%s/Unsubscribe</a:Action>"
    "<a:MessageID>uuid:1</a:MessageID><e:Identifier>{}</e:Identifier></s:Header><s:Body><e:Unsubscribe/></s:Body></s:Envelope>"
    % (NAMESPACES["s"], NAMESPACES["wsa"], EVENTING, NAMESPACES["wsman"], ANONYMOUS, EVENTING)
)
CHANGES = (
    "SELECT * FROM __InstanceModificationEvent WITHIN 1 WHERE TargetInstance ISA 'Msvm_ReplicationRelationship' "
    "AND TargetInstance.ReplicationState = 7"
)
VMMS_ADMIN = "Microsoft-Windows-Hyper-V-VMMS-Admin"
NOT_FOUND, BAD_QUERY = 2150858752, 2150858778
TIMED_OUT, NOT_PULLED, DELIVERY_MODE = 2150858793, 2150858762, 2150858782
SUBSCRIPTION_CLOSED = 2150858760
PATIENCE_S = 30


class Fault(Exception):
    """A SOAP fault, by its code."""


class Refused(Exception):
    """The login was refused."""


class Unsealed(Exception):
    """The message was refused because it was not sealed."""


class Pypsrp:
    """pypsrp. It signs and seals over HTTP, and binds its logins to the certificate over HTTPS."""

    name = "pypsrp"
    service = "host"

    def __init__(self, lab, auth, user=None, password=None, encryption=None, shown=None):
        url = urlsplit(lab.url)
        secure = url.scheme == "https"
        certificate, key = shown or lab.shown
        self.wsman = WSMan(
            url.hostname,
            port=url.port,
            ssl=secure,
            cert_validation=lab.certificate if secure else True,
            auth=auth,
            encryption=encryption or ("always" if auth != "basic" and not secure else "never"),
            username=user or lab.user,
            password=password or lab.password,
            negotiate_service=self.service,
            certificate_pem=certificate,
            certificate_key_pem=key,
        )

    def transport(self, message):
        try:
            return self.wsman.transport.send(message.encode())
        except (AuthenticationError, WinRMTransportError) as error:
            raise translated(error, getattr(error, "code", None), getattr(error, "response_text", "")) from error

    def identify(self):
        return self.raw(IDENTIFY)

    def raw(self, message):
        return ET.fromstring(self.transport(message))

    def send(self, action, resource, body=None, keys=None, timeout=None):
        try:
            chosen = selectors(keys) if keys else None
            return self.wsman.invoke(action, resource, body, selector_set=chosen, timeout=timeout)
        except WSManFaultError as fault:
            raise Fault(fault.code) from fault
        except (AuthenticationError, WinRMTransportError) as error:
            raise translated(error, getattr(error, "code", None), getattr(error, "response_text", "")) from error

    def close(self):
        self.wsman.close()


class Pywinrm:
    """pywinrm. It has its own code for sealing, and its mustUnderstand attributes have no namespace."""

    name = "pywinrm"

    def __init__(self, lab, auth, user=None, password=None, encryption=None):
        self.protocol = Protocol(
            endpoint=lab.url,
            transport=auth,
            username=user or lab.user,
            password=password or lab.password,
            ca_trust_path=lab.certificate,
            message_encryption=encryption or "auto",
        )

    def raw(self, message):
        try:
            return ET.fromstring(self.protocol.send_message(message))
        except WinRMOperationTimeoutError as error:
            raise Fault(TIMED_OUT) from error
        except PywinrmFaultError as fault:
            raise Fault(fault.wsman_fault_code) from fault
        except InvalidCredentialsError as error:
            raise Refused from error
        except PywinrmTransportError as error:
            raise translated(error, error.code, error.response_text) from error

    def identify(self):
        return self.raw(IDENTIFY)

    def send(self, action, resource, body=None, keys=None, timeout=20):
        self.protocol.operation_timeout_sec = timeout
        envelope = self.protocol.build_wsman_header(action, resource)
        chosen = [{"@Name": name, "#text": value} for name, value in (keys or {}).items()]
        if chosen:
            envelope["env:Header"]["w:SelectorSet"] = {"w:Selector": chosen}
        envelope["env:Body"] = {} if body is None else xmltodict.parse(ET.tostring(body))
        return self.raw(xmltodict.unparse({"env:Envelope": envelope}))

    def close(self):
        self.protocol.transport.close_session()


def translated(error, code, text):
    if code == 500 and not text:
        return Unsealed()
    if code == 401 or isinstance(error, AuthenticationError):
        return Refused()
    return error


class Lab:
    """A lab that runs as long as its block."""

    def __init__(self, program, arguments):
        self.command = [program, "lab", "up", "--vms", "7", *arguments]

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name, "lab.json")
        self.process = subprocess.Popen([*self.command, "--endpoints", str(path)])
        end = time.monotonic() + PATIENCE_S
        while not path.exists():
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit("SURPRISE: the lab does not start")
            time.sleep(0.05)
        endpoints = json.loads(path.read_text(encoding="utf-8"))
        self.control = endpoints["control"]
        host = endpoints["hosts"][0]
        self.name, self.url, self.user, self.password = (host[key] for key in ("name", "url", "user", "password"))
        self.certificate = self.file("lab.pem", endpoints.get("certificate_pem"))
        kept = ("client_certificate_pem", "client_key_pem")
        self.shown = tuple(self.file(name, endpoints.get(name)) for name in kept)
        return self

    def file(self, name, text):
        """The path of a file with this text; None without a text."""
        if text is None:
            return None
        path = Path(self.folder.name, name)
        path.write_text(text, encoding="ascii")
        return str(path)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()

    def ask(self, path, method="POST"):
        request = urllib.request.Request(self.control + path, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def state(self, name):
        vm = next(vm for vm in self.ask("/world", "GET")["vms"] if vm["vm"] == name)
        return vm["legs"][0]["sender_state"]

    def requests(self, kind):
        return self.ask("/world", "GET")["hosts"][0]["requests"][kind]


def expect(what, found, wanted):
    if found != wanted:
        raise AssertionError(f"{what}: {found!r}, not {wanted!r}")


def in_body(envelope):
    return envelope.find(tag("s", "Body"))[0]


def wql(text):
    element = ET.Element(tag("wsman", "Filter"), Dialect=WQL)
    element.text = text
    return element


def pull_of(context, most=100):
    pull = ET.Element(tag("wsen", "Pull"))
    ET.SubElement(pull, tag("wsen", "EnumerationContext")).text = context
    ET.SubElement(pull, tag("wsen", "MaxElements")).text = str(most)
    return pull


def enumerate_all(client, resource, chosen=None, most=None, optimize=False):
    """All items, and how many each reply had: Enumerate, then Pull until the end."""
    body = ET.Element(tag("wsen", "Enumerate"))
    if optimize:
        ET.SubElement(body, tag("wsman", "OptimizeEnumeration"))
        ET.SubElement(body, tag("wsman", "MaxElements")).text = str(most)
    if chosen is not None:
        body.append(chosen)
    answer = in_body(client.send(WSManAction.ENUMERATE, resource, body))
    items, sizes, namespace = [], [], "wsman"
    while True:
        batch = answer.find(tag(namespace, "Items"))
        if batch is not None:
            sizes.append(len(batch))
            items += list(batch)
        if answer.find(tag(namespace, "EndOfSequence")) is not None:
            return items, sizes
        context = answer.find(tag("wsen", "EnumerationContext")).text
        answer = in_body(client.send(WSManAction.PULL, resource, pull_of(context, most)))
        namespace = "wsen"


def identify(lab, client):
    names = {local(child): child.text for child in in_body(client.identify())}
    expect("vendor", names["ProductVendor"], "Microsoft Corporation")
    expect("who has logged in learns the version", names["ProductVersion"].startswith("OS: 6.3."), True)


def enumerate_and_pull(lab, client):
    items, sizes = enumerate_all(client, V2 + "Msvm_ComputerSystem", most=3)
    expect("the host and its VMs", len(items), 8)
    expect("three at a time", sizes, [3, 3, 2])


def query(lab, client):
    text = "SELECT * FROM Msvm_ComputerSystem WHERE ElementName = 'vm-001'"
    items, _ = enumerate_all(client, V2 + "*", wql(text), 32000, optimize=True)
    expect("names", [properties(item)["ElementName"] for item in items], ["vm-001"])


def columns(lab, client):
    text = "SELECT Name, ElementName FROM Msvm_ComputerSystem WHERE ReplicationMode > 0"
    items, _ = enumerate_all(client, V2 + "*", wql(text), 2, optimize=True)
    expect("fragments", {item.tag for item in items}, {tag("wsman", "XmlFragment")})
    expect("columns", [child.tag for child in items[0]], ["ElementName", "Name"])
    expect("rows", len(items), 7)


def keys_of(client, name):
    text = f"SELECT * FROM Msvm_ComputerSystem WHERE ElementName = '{name}'"
    row = properties(enumerate_all(client, V2 + "*", wql(text), 1, optimize=True)[0][0])
    return {**VM, "Name": row["Name"]}


def get(lab, client):
    keys = keys_of(client, "vm-001")
    row = properties(in_body(client.send(WSManAction.GET, V2 + "Msvm_ComputerSystem", keys=keys)))
    expect("name", row["ElementName"], "vm-001")


def resume(lab, client):
    """Resumes replication that somebody has paused, and follows the job to its end."""
    lab.ask("/vms/vm-001/pause")
    expect("it is paused", lab.state("vm-001"), 7)
    keys, uri = keys_of(client, "vm-001"), V2 + "Msvm_ComputerSystem"
    leg_keys = {"InstanceID": f"Microsoft:{keys['Name']}\\HVR\\0"}
    leg = properties(in_body(client.send(WSManAction.GET, V2 + "Msvm_ReplicationRelationship", keys=leg_keys)))
    method = "RequestReplicationStateChangeEx"
    body = ET.Element("{%s}%s_INPUT" % (uri, method))
    argument = embedded("Msvm_ReplicationRelationship", leg)
    ET.SubElement(body, "{%s}ReplicationRelationship" % uri).text = argument
    ET.SubElement(body, "{%s}RequestedState" % uri).text = str(REPLICATING)
    output = properties(in_body(client.send(uri + "/" + method, uri, body, keys)))
    expect("a job has begun", int(output["ReturnValue"]), JOB_STARTED)
    chosen = {one.get("Name"): one.text for one in output["Job"].iter(tag("wsman", "Selector"))}
    job_keys = {"InstanceID": chosen["InstanceID"]}
    for _ in range(LOOKS_MAX):
        job = properties(in_body(client.send(WSManAction.GET, V2 + "Msvm_ConcreteJob", keys=job_keys)))
        if job["JobState"] not in ("2", "3", "4"):
            break
        time.sleep(0.05)
    expect("the job ended well", (job["JobState"], job["ErrorCode"]), ("7", "0"))
    expect("it replicates", lab.state("vm-001"), REPLICATING)


def fault_of(attempt):
    """The code of the fault with which an attempt ends, if any."""
    try:
        attempt()
    except Fault as fault:
        return fault.args[0]
    return None


def faults(lab, client):
    nothing = V2 + "Msvm_Nothing"
    expect("unknown class", fault_of(lambda: client.send(WSManAction.GET, nothing, keys={"Name": "x"})), NOT_FOUND)
    unknown = wql("SELECT * FROM Msvm_Nothing")
    expect("unknown class in WQL", fault_of(lambda: enumerate_all(client, V2 + "*", unknown, 1)), BAD_QUERY)
    absent = wql("SELECT Name FROM Msvm_ComputerSystem WHERE NoSuchProp = 3")
    expect("unknown property in WQL", fault_of(lambda: enumerate_all(client, V2 + "*", absent, 1)), BAD_QUERY)
    expect("no keys", fault_of(lambda: client.send(WSManAction.GET, V2 + "Msvm_ComputerSystem", keys=VM)), NOT_FOUND)
    nobody = {**VM, "Name": "00000000-0000-4000-8000-000000000000"}
    expect("no such VM", fault_of(lambda: client.send(WSManAction.GET, V2 + "Msvm_ComputerSystem", keys=nobody)), NOT_FOUND)
    # A busy host, simulated by the lab: the fault is sealed too, and the connection stays open.
    lab.ask(f"/faults/busy?host={lab.name}&count=1")
    keys = keys_of
    expect("busy", fault_of(lambda: keys(client, "vm-001")), 2150859174)
    expect("and then not", keys(client, "vm-001")["CreationClassName"], "Msvm_ComputerSystem")


def subscription(mode, heartbeat=None, query=None, bookmark=None):
    """The body of a subscription to VMMS's log, from a bookmark on, or to the class changes of a query."""
    body = ET.Element("{%s}Subscribe" % EVENTING)
    delivery = ET.SubElement(body, "{%s}Delivery" % EVENTING, Mode=mode)
    if heartbeat:
        ET.SubElement(delivery, tag("wsman", "Heartbeats")).text = heartbeat
    if query:
        body.append(wql(query))
        return body
    chosen = ET.SubElement(body, tag("wsman", "Filter"), Dialect=EVENT_QUERY)
    query = ET.SubElement(ET.SubElement(chosen, "QueryList"), "Query", Id="0")
    ET.SubElement(query, "Select", Path=VMMS_ADMIN).text = "*"
    if bookmark is not None:
        ET.SubElement(body, tag("wsman", "Bookmark")).append(bookmark)
    ET.SubElement(body, tag("wsman", "SendBookmarks"))
    return body


def events(lab, client):
    """Subscribes by Pull, receives events, receives an empty reply, and unsubscribes; other modes are refused."""
    expect("push", fault_of(lambda: client.send(SUBSCRIBE, EVENT_LOG, subscription(PUSH))), DELIVERY_MODE)
    answer = in_body(client.send(SUBSCRIBE, EVENT_LOG, subscription(PULL)))
    expect("answer", local(answer), "SubscribeResponse")
    context = answer.find(tag("wsen", "EnumerationContext")).text
    identifier = next(answer.iter("{%s}Identifier" % EVENTING)).text
    # This host's log has the shutdown of the other host.
    lab.ask("/hosts/hv02.lab.test/shutdown?in_flight=1")
    lab.ask("/hosts/hv02.lab.test/boot")
    lab.ask("/vms/vm-001/set?state=3")

    def pull(context, most):
        envelope = client.send(WSManAction.PULL, EVENT_LOG, pull_of(context, most), timeout=10)
        answer = in_body(envelope)
        ids = [next(item.iter("{%s}EventID" % EVENT)).text for item in answer.find(tag("wsen", "Items"))]
        bookmarks = envelope.find(tag("s", "Header")).find(tag("wsman", "Bookmark"))[0]
        return ids, answer.find(tag("wsen", "EnumerationContext")).text, bookmarks

    ids, context, bookmarks = pull(context, 1)
    expect("the first record", ids, ["32022"])
    expect("bookmark", (local(bookmarks), bookmarks[0].get("Channel")), ("BookmarkList", VMMS_ADMIN))
    ids, context, _ = pull(context, 100)
    expect("the next", ids, ["32086"])
    behind = in_body(client.send(SUBSCRIBE, EVENT_LOG, subscription(PULL, bookmark=bookmarks)))
    expect("behind the first", pull(behind.find(tag("wsen", "EnumerationContext")).text, 100)[0], ["32086"])
    began = time.monotonic()
    late = fault_of(lambda: client.send(WSManAction.PULL, EVENT_LOG, pull_of(context), timeout=1))
    expect("nothing comes in time", late, TIMED_OUT)
    expect("it was waited for", time.monotonic() - began >= 1, True)
    client.raw(UNSUBSCRIBE.format(EVENT_LOG, identifier))
    over = fault_of(lambda: client.send(WSManAction.PULL, EVENT_LOG, pull_of(context)))
    expect("it is over", over, SUBSCRIPTION_CLOSED)
    answer = in_body(client.send(SUBSCRIBE, EVENT_LOG, subscription(PULL, "PT0.05S")))
    context = answer.find(tag("wsen", "EnumerationContext")).text
    time.sleep(0.2)
    lost = fault_of(lambda: client.send(WSManAction.PULL, EVENT_LOG, pull_of(context)))
    expect("nobody pulled for a heartbeat", lost, NOT_PULLED)


def indications(lab, client):
    """Subscribes to changes of a class, and receives the pause of a replication."""
    push = subscription(PUSH, query=CHANGES)
    expect("push", fault_of(lambda: client.send(SUBSCRIBE, V2 + "*", push)), DELIVERY_MODE)
    answer = in_body(client.send(SUBSCRIBE, V2 + "*", subscription(PULL, query=CHANGES)))
    context = answer.find(tag("wsen", "EnumerationContext")).text
    identifier = next(answer.iter("{%s}Identifier" % EVENTING)).text
    lab.ask("/vms/vm-003/set?state=7")
    answer = in_body(client.send(WSManAction.PULL, V2 + "*", pull_of(context), timeout=10))
    lab.ask("/vms/vm-003/set?state=3")
    context = answer.find(tag("wsen", "EnumerationContext")).text
    found = answer.find(tag("wsen", "Items"))
    expect("events", {local(event) for event in found}, {"__InstanceModificationEvent"})
    events = [properties(event) for event in found]
    states = [(event["PreviousInstance"]["ReplicationState"], event["TargetInstance"]["ReplicationState"]) for event in events]
    expect("states", states, [("3", "7")])
    expect("when", int(events[0]["TIME_CREATED"]) > 0, True)
    client.raw(UNSUBSCRIBE.format(V2 + "*", identifier))
    over = fault_of(lambda: client.send(WSManAction.PULL, V2 + "*", pull_of(context)))
    expect("it is over", over, SUBSCRIPTION_CLOSED)


def refused(attempt):
    try:
        attempt()
    except Refused:
        return True
    return False


def other_certificate(lab):
    """Files of a certificate for the same name with another key."""
    certificate, key = (str(Path(lab.folder.name, name)) for name in ("other.pem", "other.key"))
    request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=administrator@LAB"]
    subprocess.run(["openssl", *request, "-out", certificate, "-keyout", key], check=True, capture_output=True)
    return certificate, key


def wrong_logins(lab, make, auth):
    before = lab.requests("unauthorized")
    wrong = [{"password": "wrong"}, {"user": "LAB\\nobody"}, {"user": "OTHER\\administrator"}]
    if auth == "certificate":
        wrong = [{"shown": other_certificate(lab)}]
    for changed in wrong:
        client = make(lab, **changed)
        expect(f"{changed} is refused", refused(client.identify), True)
        client.close()
    expect("the host counted them", lab.requests("unauthorized") >= before + len(wrong), True)


OPERATIONS = [
    ("Identify", identify),
    ("Enumerate/Pull", enumerate_and_pull),
    ("WQL", query),
    ("columns", columns),
    ("Get", get),
    ("Invoke+job", resume),
    ("faults", faults),
    ("events", events),
    ("indications", indications),
]


def row(lab, client_class, auth, transport):
    """Does all operations with one login, on one connection if the client keeps it open."""

    def make(lab, **changed):
        return client_class(lab, auth, **changed)

    cells = []
    client = make(lab)
    for name, operation in [*OPERATIONS, ("wrong logins", None)]:
        try:
            if operation:
                operation(lab, client)
            else:
                wrong_logins(lab, make, auth)
            cells.append("ok")
        except Exception as error:  # noqa: BLE001 (whatever a client throws is a finding)
            print(f"SURPRISE: {client_class.name} {auth} {transport}, {name}: {error!r}")
            cells.append("FAILED")
    client.close()
    return [client_class.name, auth, transport, *cells]


def clear_is_refused(lab):
    """After an NTLM login, unsealed messages over plain HTTP are refused, as by a host in its default settings."""
    for client in (Pypsrp(lab, "ntlm", encryption="never"), Pypsrp(lab, "negotiate", encryption="never")):
        try:
            client.identify()
        except Unsealed:
            continue
        raise AssertionError("an unsealed message was taken")


def bound_to(lab, binding):
    """The status of a login that is bound to this certificate hash."""
    session = requests.Session()
    session.auth = HTTPNegotiateAuth(lab.user, lab.password, auth_provider="negotiate", send_cbt=binding is not None)
    kept = HTTPNegotiateAuth._get_cbt_data
    try:
        if binding is not True:
            HTTPNegotiateAuth._get_cbt_data = staticmethod(lambda response: binding)
        return session.post(lab.url, data="", verify=lab.certificate).status_code
    finally:
        HTTPNegotiateAuth._get_cbt_data = kept
        session.close()


def channel_bindings(lab):
    """A login is bound to the certificate that its client saw."""
    expect("the right one gets in", bound_to(lab, True), 200)
    expect("none gets in", bound_to(lab, None), 200)
    expect("another one does not", bound_to(lab, b"tls-server-end-point:" + bytes(32)), 401)


def strikes(lab):
    """The lab's faults on replies affect sealed ones too; a new connection works again."""
    for kind in ("drop_before", "drop_after", "reset", "half_close", "garbage", "empty", "login"):
        for client_class, auth in ((Pypsrp, "negotiate"), (Pywinrm, "ntlm")):
            client = client_class(lab, auth)
            keys = keys_of(client, "vm-001")
            lab.ask(f"/faults/{kind}?host={lab.name}&count=1")
            struck = None
            try:
                get(lab, client)
            except Exception as error:  # noqa: BLE001 (each client has its own ways to say so)
                struck = error
            client.close()
            # pywinrm logs in again by itself.
            expect(f"{kind} struck {client.name}", struck is not None or kind == "login", True)
            client = client_class(lab, auth)
            expect(f"after {kind}", keys_of(client, "vm-001"), keys)
            client.close()


def leg(connection, token):
    """Sends one leg of a login on a connection that is kept: its status, and the token that came back."""
    connection.request("POST", "/wsman", b"", {"Authorization": "Negotiate " + base64.b64encode(token).decode()})
    answer = connection.getresponse()
    answer.read()
    return answer.status, base64.b64decode((answer.getheader("WWW-Authenticate") or "").partition(" ")[2].split(",")[0])


def without_time(challenge):
    """The challenge as an on-path attacker would change it: without its time, so that the client sends no integrity code."""
    length, _, at = struct.unpack("<HHI", challenge[40:48])
    pairs, kept, place = challenge[at : at + length], b"", 0
    while place < len(pairs):
        kind, size = struct.unpack("<HH", pairs[place : place + 4])
        kept += b"" if kind == 7 else pairs[place : place + 4 + size]
        place += 4 + size
    return challenge[:40] + struct.pack("<HHI", len(kept), len(kept), at) + challenge[48:at] + kept


def passwords_without_code(lab):
    """A client without an integrity code still has to know the password."""
    url = urlsplit(lab.url)
    for password, wanted in ((lab.password, 200), ("wrong", 401)):
        connection = http.client.HTTPConnection(url.hostname, url.port)
        client = spnego.client(lab.user, password, protocol="ntlm")
        _, challenge = leg(connection, client.step())
        third = client.step(without_time(challenge))
        expect("no code is sent", third[72:88] == bytes(16) or struct.unpack("<I", third[16:20])[0] < 88, True)
        expect(f"status of {password!r}", leg(connection, third)[0], wanted)
        connection.close()


def wide_requests(lab):
    """Requests in UTF-16, in the clear and sealed; the replies declare UTF-8."""
    wide, marked = IDENTIFY.encode("utf-16-le"), IDENTIFY.encode("utf-16")
    for kind, body in (("charset=UTF-16", wide), ("charset=UTF-16", marked), ("charset=UTF-8", marked)):
        headers = {"Content-Type": "application/soap+xml;" + kind}
        answer = requests.post(lab.url, body, headers=headers, auth=(lab.user, lab.password))
        expect(f"{kind} in the clear", (answer.status_code, b"Microsoft Corporation" in answer.content), (200, True))
        expect("the answer's type", answer.headers["Content-Type"].lower(), "application/soap+xml;charset=utf-8")
        client = Pypsrp(lab, "negotiate")
        client.identify()
        encryption = client.wsman.transport.encryption
        kept = encryption._wrap_message
        encryption._wrap_message = lambda message: kept(message).replace(b"charset=UTF-8", kind.encode(), 1)
        # A fault is sealed too.
        for text in (body, "<x>ü</x>".encode("utf-16")):
            fine = text is body
            try:
                names = ET.fromstring(client.wsman.transport.send(text)).tag
            except WinRMTransportError as error:
                names = error.code
            expect(f"{kind}, sealed", names == tag("s", "Envelope") if fine else names == 500, True)
        client.close()


def stripped(third):
    """The third message without its integrity code, although its proof says that there is one."""
    return third[:72] + bytes(16) + third[88:]


def altered_and_replayed_logins(lab):
    """A message whose integrity code was removed is refused, and so is a replayed one."""
    url = urlsplit(lab.url)

    def begin():
        connection = http.client.HTTPConnection(url.hostname, url.port)
        client = spnego.client(lab.user, lab.password, protocol="ntlm")
        first = client.step()
        return connection, client, first, leg(connection, first)[1]

    connection, client, _, challenge = begin()
    third = client.step(challenge)
    expect("it has a code", third[72:88] != bytes(16), True)
    expect("without its code", leg(connection, stripped(third))[0], 401)
    connection.close()
    connection, client, first, challenge = begin()
    third = client.step(challenge)
    expect("as it is", leg(connection, third)[0], 200)
    expect("again on its own connection", leg(connection, third)[0], 401)
    connection.close()
    connection, _, _, _ = begin()
    expect("again on another", leg(connection, third)[0], 401)
    expect("and without a challenge", leg(connection, third)[0], 401)
    expect("a first message begins anew", leg(connection, first)[0], 401)
    connection.close()


def special(name, check, lab):
    try:
        check(lab)
    except Exception as error:  # noqa: BLE001
        print(f"SURPRISE: {name}: {error!r}")
        return False
    print(f"ok: {name}")
    return True


class Kerberos(Pypsrp):
    """The same by Kerberos, with the service name HTTP."""

    service = "HTTP"


def tickets(program, keytab, user, password):
    """Kerberos, with and without SPNEGO. The host is `localhost`, whose key the keytab has."""
    fine = True
    for transport, arguments in (("http", []), ("https", ["--tls"])):
        with Lab(program, ["--auth", "kerberos,negotiate", "--keytab", keytab, *arguments]) as lab:
            lab.url = lab.url.replace("127.0.0.1", "localhost")
            for auth in ("kerberos", "negotiate"):
                client = Kerberos(lab, auth, user, password)
                for name, operation in OPERATIONS:
                    fine &= special(f"pypsrp {auth} by ticket, {transport}, {name}", lambda lab: operation(lab, client), lab)
                spoken = client.wsman.transport.session.auth.contexts["localhost"].negotiated_protocol
                fine &= special(f"pypsrp {auth} spoke Kerberos", lambda _: expect("protocol", spoken, "kerberos"), lab)
                client.close()
    if not fine:
        sys.exit(1)
    print("no failures")


def main(program):
    rows, fine = [], True
    for transport, arguments in (("http", []), ("https", ["--tls"])):
        with Lab(program, arguments) as lab:
            for client, auth in (
                (Pypsrp, "basic"),
                (Pypsrp, "ntlm"),
                (Pypsrp, "negotiate"),
                (Pywinrm, "basic"),
                (Pywinrm, "ntlm"),
            ):
                rows.append(row(lab, client, auth, transport))
            if transport == "http":
                fine &= special("an unsealed message over clear HTTP is refused", clear_is_refused, lab)
                fine &= special("faults strike through the seal", strikes, lab)
                fine &= special("requests may be in UTF-16, clear and sealed", wide_requests, lab)
                fine &= special("a login without a message code needs the password too", passwords_without_code, lab)
                fine &= special("a stripped code and a replayed login are refused", altered_and_replayed_logins, lab)
            else:
                fine &= special("a login is bound to its channel", channel_bindings, lab)
    # Each scheme alone, under its own name.
    for alone in ("ntlm", "negotiate", "basic"):
        with Lab(program, ["--auth", alone]) as lab:
            rows.append(row(lab, Pypsrp, alone, f"http, {alone} alone"))
    for offered in ("certificate", "certificate,negotiate"):
        with Lab(program, ["--tls", "--auth", offered]) as lab:
            rows.append(row(lab, Pypsrp, "certificate", f"https, {offered}"))
    heads = ["client", "login", "transport", *[name for name, _ in OPERATIONS], "wrong logins"]
    widths = [max(len(line[place]) for line in [heads, *rows]) for place in range(len(heads))]
    for line in [heads, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    if not fine or any("FAILED" in line for line in rows):
        sys.exit(1)
    print("no failures")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(sys.argv[1]) if len(sys.argv) == 2 else tickets(*sys.argv[1:])
