"""A general Hyper-V client, on WS-Management as pypsrp speaks it: lists VMs, shows one, changes its state and its replication.

It does not depend on Reprise and works with hosts from Server 2012 R2 on. Each step reads back what it did, and the first failure
ends it with exit code 1. It turns a VM off and suspends its replication: never use it on a production host.

    reprise lab up --endpoints lab.json &
    python peers/hyperv_client.py lab.json
"""

import json
import sys
import time
import xml.etree.ElementTree as ET
from urllib.parse import urlsplit

from pypsrp.exceptions import WSManFaultError
from pypsrp.wsman import NAMESPACES, SelectorSet, WSMan

V2 = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/"
WQL = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
ASSOCIATIONS = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/associationFilter"
BINDING = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd"
ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
NIL = "{%s}nil" % NAMESPACES["xsi"]
TYPE = "{%s}type" % NAMESPACES["xsi"]

RUNNING, OFF, SAVED, PAUSED, RESET = 2, 3, 6, 9, 11
REPLICATING, SUSPENDED = 3, 7
JOB_STARTED, INVALID_STATE = 4096, 32775
LOOKS_MAX = 200


def tag(prefix, name):
    return "{%s}%s" % (NAMESPACES[prefix], name)


def local(element):
    return element.tag.rsplit("}", 1)[-1]


def selectors(keys):
    chosen = SelectorSet()
    for name, value in keys.items():
        chosen.add_option(name, value)
    return chosen


def reference(parent, class_name, keys):
    """The parts of an endpoint reference, directly within an element."""
    ET.SubElement(parent, tag("wsa", "Address")).text = ANONYMOUS
    parameters = ET.SubElement(parent, tag("wsa", "ReferenceParameters"))
    ET.SubElement(parameters, tag("wsman", "ResourceURI")).text = V2 + class_name
    chosen = ET.SubElement(parameters, tag("wsman", "SelectorSet"))
    for name, value in keys.items():
        ET.SubElement(chosen, tag("wsman", "Selector"), Name=name).text = value


def properties(element):
    """An instance as a dictionary: text, None for NULL, a list for repeated elements, a dictionary for an object."""
    found = {}
    for child in element:
        if child.get(NIL) == "true":
            value = None
        elif child.get(TYPE):
            value = properties(child)
        elif len(child):
            value = child[0].text if local(child[0]) in ("Datetime", "Interval") else child
        else:
            value = child.text or ""
        name = local(child)
        if name in found:
            earlier = found[name] if isinstance(found[name], list) else [found[name]]
            value = earlier + [value]
        found[name] = value
    return found


class Host:
    def __init__(self, endpoint):
        url = urlsplit(endpoint["url"])
        self.wsman = WSMan(
            url.hostname,
            port=url.port,
            ssl=url.scheme == "https",
            auth="basic",
            encryption="never",
            username=endpoint["user"],
            password=endpoint["password"],
        )

    def enumerate(self, resource, filter_element, optimize, most):
        """All items, most at a time: Enumerate, then Pull until the end."""
        body = ET.Element(tag("wsen", "Enumerate"))
        if optimize:
            ET.SubElement(body, tag("wsman", "OptimizeEnumeration"))
        if most:
            ET.SubElement(body, tag("wsman", "MaxElements")).text = str(most)
        body.append(filter_element)
        answer = self.wsman.enumerate(resource, body)[0]
        items, sizes = [], []
        namespace = "wsman"
        while True:
            batch = answer.find(tag(namespace, "Items"))
            batch = [] if batch is None else list(batch)
            if optimize or namespace == "wsen":
                sizes.append(len(batch))
            items += batch
            if answer.find(tag(namespace, "EndOfSequence")) is not None:
                return [properties(item) for item in items], sizes
            pull = ET.Element(tag("wsen", "Pull"))
            context = answer.find(tag("wsen", "EnumerationContext")).text
            ET.SubElement(pull, tag("wsen", "EnumerationContext")).text = context
            if most:
                ET.SubElement(pull, tag("wsen", "MaxElements")).text = str(most)
            answer = self.wsman.pull(resource, pull)[0]
            namespace = "wsen"

    def query(self, text, optimize=True, most=32000):
        element = ET.Element(tag("wsman", "Filter"), Dialect=WQL)
        element.text = text
        return self.enumerate(V2 + "*", element, optimize, most)

    def associated(self, class_name, keys, association, result):
        element = ET.Element(tag("wsman", "Filter"), Dialect=ASSOCIATIONS)
        walk = ET.SubElement(element, "{%s}AssociatedInstances" % BINDING)
        reference(ET.SubElement(walk, "{%s}Object" % BINDING), class_name, keys)
        ET.SubElement(walk, "{%s}AssociationClassName" % BINDING).text = association
        ET.SubElement(walk, "{%s}ResultClassName" % BINDING).text = result
        return self.enumerate(V2 + "*", element, True, 32000)[0]

    def get(self, class_name, keys):
        return properties(self.wsman.get(V2 + class_name, selector_set=selectors(keys))[0])

    def invoke(self, class_name, keys, method, arguments):
        uri = V2 + class_name
        body = ET.Element("{%s}%s_INPUT" % (uri, method))
        for name, value in arguments:
            ET.SubElement(body, "{%s}%s" % (uri, name)).text = str(value)
        answer = self.wsman.invoke(uri + "/" + method, uri, body, selector_set=selectors(keys))
        return properties(answer.find(tag("s", "Body"))[0])

    def call(self, class_name, keys, method, arguments):
        """Invokes and follows the job to its end. Returns the return value."""
        output = self.invoke(class_name, keys, method, arguments)
        value = int(output["ReturnValue"])
        if value != JOB_STARTED:
            return value
        chosen = {s.get("Name"): s.text for s in output["Job"].iter(tag("wsman", "Selector"))}
        for _ in range(LOOKS_MAX):
            job = self.get("Msvm_ConcreteJob", {"InstanceID": chosen["InstanceID"]})
            if int(job["JobState"]) not in (2, 3, 4, 5, 6):
                expect("the job ended well", (job["JobState"], job["ErrorCode"]), ("7", "0"))
                return value
            time.sleep(0.05)
        sys.exit("SURPRISE: the job does not end")


def expect(what, found, wanted):
    if found != wanted:
        sys.exit(f"SURPRISE: {what}: {found!r}, not {wanted!r}")
    print(f"  ok: {what}: {found!r}")


def embedded(class_name, instance):
    """An instance as CIM-XML, as Hyper-V's methods expect it."""
    root = ET.Element("INSTANCE", CLASSNAME=class_name)
    for name, value in instance.items():
        if isinstance(value, str):
            one = ET.SubElement(root, "PROPERTY", NAME=name, TYPE="string")
            ET.SubElement(one, "VALUE").text = value
    return ET.tostring(root, encoding="unicode")


class Vm:
    def __init__(self, host, row):
        self.host = host
        self.name = row["ElementName"]
        self.id = row["Name"]
        self.keys = {"CreationClassName": "Msvm_ComputerSystem", "Name": self.id}
        self.leg = {"InstanceID": f"Microsoft:{self.id}\\HVR\\0"}

    def row(self):
        return self.host.get("Msvm_ComputerSystem", self.keys)

    def request_state(self, state):
        arguments = [("RequestedState", state)]
        return self.host.call("Msvm_ComputerSystem", self.keys, "RequestStateChange", arguments)

    def request_replication(self, state):
        leg = self.host.get("Msvm_ReplicationRelationship", self.leg)
        arguments = [
            ("ReplicationRelationship", embedded("Msvm_ReplicationRelationship", leg)),
            ("RequestedState", state),
        ]
        return self.host.call("Msvm_ComputerSystem", self.keys, "RequestReplicationStateChangeEx", arguments)


def list_vms(host):
    print("VMs, one item a Pull")
    text = "SELECT * FROM Msvm_ComputerSystem WHERE InstallDate IS NOT NULL"
    rows, sizes = host.query(text, optimize=False, most=1)
    expect("each Pull held one item", set(sizes), {1})
    at_once, _ = host.query(text)
    names = [row["ElementName"] for row in rows]
    expect("all at once are the same", [row["ElementName"] for row in at_once], names)
    unasked, sizes = host.query(text, optimize=True, most=None)
    expect("without MaxElements it is one", set(sizes), {1})
    for row in rows:
        print("  ", row["Name"], row["ElementName"], "state", row["EnabledState"], "mode", row["ReplicationMode"])
    return rows


def show(vm):
    print(f"{vm.name}: itself, its settings, its processors and memory")
    row = vm.row()
    lower = vm.host.get("MSVM_COMPUTERSYSTEM", {"creationclassname": "msvm_computersystem", "name": vm.id.lower()})
    same = [name for name in row if name != "OnTimeInMilliseconds"]
    expect("any spelling gets it", [lower[name] for name in same] == [row[name] for name in same], True)
    expect("what is NULL is there", "OtherEnabledState" in row and row["OtherEnabledState"] is None, True)
    expect("of a NULL array there is no element", "IdentifyingDescriptions" in row, False)
    expect("properties are in Windows' order", list(row) == sorted(row, key=str.lower), True)
    settings = vm.host.associated(
        "Msvm_ComputerSystem", vm.keys, "Msvm_SettingsDefineState", "Msvm_VirtualSystemSettingData"
    )
    expect("its settings", [one["VirtualSystemIdentifier"] for one in settings], [vm.id])
    parts = [
        part
        for result in ("Msvm_ProcessorSettingData", "Msvm_MemorySettingData")
        for part in vm.host.associated(
            "Msvm_VirtualSystemSettingData",
            {"InstanceID": settings[0]["InstanceID"]},
            "Msvm_VirtualSystemSettingDataComponent",
            result,
        )
    ]
    expect("processors and megabytes", [part["VirtualQuantity"] for part in parts], ["2", "4096"])
    wql = (
        "ASSOCIATORS OF {Msvm_ComputerSystem.CreationClassName='Msvm_ComputerSystem',Name='%s'} "
        "WHERE AssocClass = Msvm_SystemReplicationRelationship" % vm.id
    )
    legs, _ = vm.host.query(wql)
    expect("its replication object, in WQL", [leg["InstanceID"] for leg in legs], [vm.leg["InstanceID"]])
    return row


def summary(host, count):
    print("a summary of all VMs")
    service = host.query("SELECT * FROM Msvm_VirtualSystemManagementService")[0][0]
    names = ("CreationClassName", "Name", "SystemCreationClassName", "SystemName")
    output = host.invoke(
        "Msvm_VirtualSystemManagementService",
        {name: service[name] for name in names},
        "GetSummaryInformation",
        [("RequestedInformation", number) for number in (1, 100, 105, 114, 115, 118)],
    )
    entries = output["SummaryInformation"]
    entries = entries if isinstance(entries, list) else [entries]
    expect("one entry a VM", len(entries), count)
    for entry in entries:
        print("  ", entry["ElementName"], "state", entry["EnabledState"], "replication", entry["ReplicationState"])


def change_state(vm):
    print(f"{vm.name}: off, started, paused, resumed, saved, started, reset")
    for request in (OFF, RUNNING, PAUSED, RUNNING, SAVED, RUNNING):
        expect(f"state {request} is taken", vm.request_state(request) in (0, JOB_STARTED), True)
        expect("it is read back", vm.row()["EnabledState"], str(request))
    expect("a reset is taken", vm.request_state(RESET) in (0, JOB_STARTED), True)
    expect("it runs after that", vm.row()["EnabledState"], str(RUNNING))
    expect("to start what runs is refused", vm.request_state(RUNNING), INVALID_STATE)
    expect("nonsense is refused", vm.request_state(77), INVALID_STATE)


def change_replication(vm):
    print(f"{vm.name}: replication suspended and resumed")
    for request in (SUSPENDED, REPLICATING):
        expect(f"state {request} starts a job", vm.request_replication(request), JOB_STARTED)
        leg = vm.host.get("Msvm_ReplicationRelationship", vm.leg)
        expect("it is read back", leg["ReplicationState"], str(request))
    expect("to resume what replicates is refused", vm.request_replication(REPLICATING), INVALID_STATE)


def refusals(host):
    print("what is not there")
    for attempt in (
        lambda: host.query("SELECT * FROM Msvm_ReplicationSettingDefineState"),
        lambda: host.get("Msvm_Nothing", {"InstanceID": "x"}),
        lambda: host.get("Msvm_ReplicationRelationship", {"InstanceID": "x"}),
    ):
        try:
            attempt()
        except WSManFaultError as fault:
            print(f"  ok: a fault with code {fault.code}")
            continue
        sys.exit("SURPRISE: something that is not there was found")


def main(path):
    with open(path, encoding="utf-8") as file:
        endpoints = json.load(file)["hosts"]
    host = Host(endpoints[0])
    rows = list_vms(host)
    vm = Vm(host, next(row for row in rows if row["ReplicationMode"] == "1"))
    show(vm)
    summary(host, len(rows))
    change_state(vm)
    change_replication(vm)
    refusals(host)
    print("no failures")


if __name__ == "__main__":
    main(sys.argv[1])
