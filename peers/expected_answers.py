"""Reads WS-Management answers independently of our reader, from the specifications only: DSP0226 (messages), DSP0230
(values), DSP0227 (items), MS-WSMV (where Windows differs), and the event schema.

A value is a dictionary with one key, `nil`, `text`, `list`, `reference` or `object`; the text of a datetime also has `date`.
"""

import datetime
import re
import xml.etree.ElementTree as ET

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
EVENTING = "http://schemas.xmlsoap.org/ws/2004/08/eventing"
CIM = "http://schemas.dmtf.org/wbem/wscim/1/common"
FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
EVENT = "http://schemas.microsoft.com/win/2004/08/events/event"
IDENTITY = ["http://schemas.dmtf.org/wbem/wsman/%s/1/wsmanidentity.xsd" % word for word in ("identity", "identify")]
WMI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
XML = "http://www.w3.org/XML/1998/namespace"

TIMED_OUT = 2150858793
SUBSCRIPTION_CLOSED = 2150858760
CHANGES = {
    "__InstanceCreationEvent": "created",
    "__InstanceModificationEvent": "modified",
    "__InstanceDeletionEvent": "deleted",
}
# CIM status codes (DSP0223) and the WMI codes for them. 27 is what recorded quota faults have.
CIM_STATUS = {
    1: 0x80041001,
    2: 0x80041003,
    3: 0x8004100E,
    4: 0x80041008,
    5: 0x80041010,
    6: 0x80041002,
    7: 0x8004100C,
    16: 0x8004102E,
    27: 2150859174,
}
# wsmerror.h: the provider failed. The inner code is more specific.
PROVIDER_FAILED = (2150858755, 2150858883)
# DSP0226 section 14: the meaning of a fault without a code, by its subcode.
SUBCODES = {
    "AccessDenied": "Denied",
    "DestinationUnreachable": "NotThere",
    "CannotProcessFilter": "NotThere",
    "QuotaLimit": "Busy",
    "TimedOut": "TimedOut",
    "EncodingLimit": "TooLarge",
    "ActionNotSupported": "Unsupported",
    "UnsupportedFeature": "Unsupported",
}


def envelope(body):
    return (
        '<s:Envelope xmlns:s="%s" xmlns:n="%s" xmlns:e="%s"><s:Header/><s:Body>%s</s:Body></s:Envelope>'
        % (SOAP, ENUMERATION, EVENTING, body)
    )


# Stand-ins for the ends of an exchange that a recording lacks.
CONTEXT = "<n:EnumerationContext>made-up</n:EnumerationContext>"
BEGINNING = envelope("<n:EnumerateResponse>%s</n:EnumerateResponse>" % CONTEXT)
END = envelope("<n:PullResponse><n:Items/><n:EndOfSequence/></n:PullResponse>")
SUBSCRIBED = envelope("<e:SubscribeResponse>%s</e:SubscribeResponse>" % CONTEXT)


class NotUsed(Exception):
    """A message that cannot be compared, and why."""


def tag(namespace, local):
    return "{%s}%s" % (namespace, local)


def local(element):
    return element.tag.rpartition("}")[2]


def space(element):
    return element.tag[1:].partition("}")[0] if element.tag.startswith("{") else ""


def child(element, namespace, name):
    return None if element is None else element.find(tag(namespace, name))


def token(element):
    return "" if element is None else "".join(element.itertext()).strip()


class Answer:
    """One answer and its kind."""

    def __init__(self, text):
        try:
            self.root = ET.fromstring(text)
        except ET.ParseError as error:
            raise NotUsed("not well-formed XML (a template or an excerpt)") from error
        if self.root.tag != tag(SOAP, "Envelope"):
            raise NotUsed("not a SOAP 1.2 envelope")
        self.header = child(self.root, SOAP, "Header")
        self.body = child(self.root, SOAP, "Body")
        self.action = token(child(self.header, ADDRESSING, "Action"))
        self.relates_to = token(child(self.header, ADDRESSING, "RelatesTo"))
        self.method = ""
        if self.body is None:
            raise NotUsed("no body")
        self.node = self.body[0] if len(self.body) else None
        self.kind = self.kind_of(self.node)

    def kind_of(self, node):
        if node is None:
            if self.action.endswith("/Heartbeat"):
                return "heartbeat"
            raise NotUsed("an empty body (%s)" % self.last_of_action())
        known = {
            tag(SOAP, "Fault"): "fault",
            tag(ENUMERATION, "EnumerateResponse"): "enumerate",
            tag(ENUMERATION, "PullResponse"): "pull",
            tag(EVENTING, "SubscribeResponse"): "subscribe",
            tag(EVENTING, "SubscriptionEnd"): "end",
        }
        known.update({tag(namespace, "IdentifyResponse"): "identify" for namespace in IDENTITY})
        if node.tag in known:
            return known[node.tag]
        if self.action.endswith("/transfer/GetResponse"):
            return "get"
        if local(node).endswith("_OUTPUT"):
            self.method = local(node)[: -len("_OUTPUT")]
            return "invoke"
        if self.action.endswith("Response"):
            raise NotUsed("an operation that our client does not have: " + self.last_of_action())
        raise NotUsed("a request: " + self.last_of_action())

    def last_of_action(self):
        return "/".join(self.action.split("/")[-2:]) or "no action"

    def items(self):
        namespace = WSMAN if self.kind == "enumerate" else ENUMERATION
        found = child(self.node, namespace, "Items")
        return [] if found is None else list(found)

    def is_last(self):
        namespace = WSMAN if self.kind == "enumerate" else ENUMERATION
        return child(self.node, namespace, "EndOfSequence") is not None or not self.context()

    def context(self):
        return token(child(self.node, ENUMERATION, "EnumerationContext"))

    def bookmark(self):
        found = child(self.header, WSMAN, "Bookmark")
        return found[0] if found is not None and len(found) else None

    def holds_events(self):
        marks = (tag(EVENT, "Event"), tag(WSMAN, "DroppedEvents"))
        return self.bookmark() is not None or any(item.tag in marks for item in self.items())

    def holds_changes(self):
        items = self.items()
        return bool(items) and all(local(item) in CHANGES for item in items)

    def rows(self):
        return [item_row(item) for item in self.items()]

    def fault(self):
        return fault(self.node) if self.kind == "fault" else None


def item_row(item):
    """An item of an enumeration: an object, a reference, or both (DSP0226 8.7)."""
    if item.tag == tag(WSMAN, "Item"):
        return dict(row(item[0]), path=reference(item[1], False) if len(item) > 1 else None)
    if item.tag == tag(ADDRESSING, "EndpointReference"):
        path = reference(item, False)
        return {"class": path["class"], "path": path, "properties": {}}
    return row(item)


def row(element):
    fragment = element.tag == tag(WSMAN, "XmlFragment")
    return {"class": "" if fragment else local(element), "path": None, "properties": properties(element, fragment)}


def properties(element, fragment):
    found = {}
    for part in element:
        if part.tag != tag(CIM, "Location"):
            found.setdefault(local(part), []).append(value(part, fragment))
    return {name: values[0] if len(values) == 1 else array(values) for name, values in found.items()}


def array(values):
    """An element that repeats (MS-WSMV 2.2.4.4). NULL elements are not part of the array."""
    return {"list": [one for one in values if "nil" not in one]}


def value(element, fragment):
    if element.get(tag(XSI, "nil"), "").strip() in ("true", "1"):
        return {"nil": True}
    if not len(element):
        return {"text": element.text or ""}
    kinds = ("Datetime", "Interval", "Date", "Time", "CIM_DateTime")
    typed = element.get(tag(XSI, "type"))
    only = element[0] if len(element) == 1 else None
    # MS-WSMV note 58: Windows omits namespaces within a fragment. The form with namespaces is valid too.
    spaces = ("", CIM) if fragment else (CIM,)
    if only is not None and local(only) in kinds and (space(only) in spaces or local(only) == "CIM_DateTime"):
        if typed is None or space(only) == CIM or local(only) == "CIM_DateTime":
            return {"text": token(only), "date": date(token(only))}
    found = reference(element, fragment)
    if found is not None:
        return {"reference": found}
    name = (typed or "").rpartition(":")[2]
    name = name[: -len("_Type")] if name.endswith("_Type") else name
    return {"object": {"class": name, "path": None, "properties": properties(element, fragment)}}


def reference(element, fragment):
    """An endpoint reference in its property, bare or wrapped (DSP0230 9.3); without namespaces in a fragment."""
    def part(parent, namespace, name):
        found = child(parent, namespace, name)
        if found is None and fragment and parent is not None:
            found = parent.find(name)
        return found

    wrapped = part(element, ADDRESSING, "EndpointReference")
    element = element if wrapped is None else wrapped
    parameters = part(element, ADDRESSING, "ReferenceParameters")
    if parameters is None:
        parameters = part(element, ADDRESSING, "ReferenceProperties")
    uri = token(part(parameters, WSMAN, "ResourceURI"))
    if not uri:
        return None
    below = uri[len(WMI):] if uri.lower().startswith(WMI) else uri
    namespace, _, name = below.rpartition("/")
    keys = {}
    selectors = part(parameters, WSMAN, "SelectorSet")
    for selector in [] if selectors is None else selectors:
        key = selector.get("Name")
        inner = part(selector, ADDRESSING, "EndpointReference")
        if key.lower() != "__cimnamespace":
            keys[key] = selector.text or "" if inner is None else reference(inner, fragment)
    return {"namespace": namespace, "class": name, "keys": keys}


MOMENT = re.compile(r"^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?$")
LENGTH = re.compile(r"^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d+))?S)?)?$")
DMTF = re.compile(r"^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)\.(\d{6})([+-]\d{3})$")
DMTF_LENGTH = re.compile(r"^(\d{8})(\d\d)(\d\d)(\d\d)\.(\d{6}):000$")


def date(text):
    """A point in time in microseconds since 1970 with its offset, or a duration; None for anything else."""
    micros = lambda fraction: int(((fraction or "") + "000000")[:6])
    match = MOMENT.match(text)
    if match:
        zone = match.group(8) or "Z"
        offset = 0 if zone == "Z" else (1 if zone[0] == "+" else -1) * (int(zone[1:3]) * 60 + int(zone[4:6]))
        return moment([int(part) for part in match.groups()[:6]], micros(match.group(7)), offset)
    match = DMTF.match(text)
    if match:
        return moment([int(part) for part in match.groups()[:6]], int(match.group(7)), int(match.group(8)))
    match = LENGTH.match(text) or DMTF_LENGTH.match(text)
    if match:
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[:4])
        whole = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
        return {"length_us": whole * 1_000_000 + micros(match.group(5))}
    return None


def moment(parts, micros, offset):
    since = datetime.datetime(*parts) - datetime.datetime(1970, 1, 1)
    seconds = since.days * 86_400 + since.seconds - offset * 60
    return {"unix_us": seconds * 1_000_000 + micros, "offset": offset}


def fault(node):
    """Code, words and subcode of a fault (DSP0226 14, MS-WSMV 2.2.4.43)."""
    subcode = token(node.find("/".join(tag(SOAP, name) for name in ("Code", "Subcode", "Value")))).rpartition(":")[2]
    reason = token(node.find("/".join(tag(SOAP, name) for name in ("Reason", "Text"))))
    detail = child(node, SOAP, "Detail")
    own = child(detail, FAULT, "WSManFault")
    wmi = None if detail is None else next((part for part in detail if local(part) == "MSFT_WmiError"), None)
    code, words = None, ""
    if own is not None:
        code, words = int(own.get("Code")), spoken(child(own, FAULT, "Message"))
        inner = own.findall(".//" + tag(FAULT, "WSManFault"))
        if code in PROVIDER_FAILED and inner and int(inner[-1].get("Code")):
            code = int(inner[-1].get("Code"))
    elif wmi is not None:
        told = {local(part): token(part) for part in wmi}
        code, words = wmi_code(told), told.get("Message", "")
    return {"code": code, "subcode": subcode, "words": words or reason, "kind": SUBCODES.get(subcode)}


def spoken(message):
    """The text of a message: its own, or that of the innermost provider fault, without the other provider details."""
    if message is None:
        return ""
    own = ((message.text or "") + "".join(part.tail or "" for part in message)).strip()
    provider = child(message, FAULT, "ProviderFault")
    if own or provider is None:
        return own
    inner = child(provider, FAULT, "WSManFault")
    if inner is not None:
        return spoken(child(inner, FAULT, "Message"))
    return ((provider.text or "") + "".join(part.tail or "" for part in provider)).strip()


def wmi_code(told):
    """The HRESULT in a WMI error, or the one for its CIM status. Results of type MI are CIM statuses."""
    number = int(told.get("error_Code") or 0)
    mi = told.get("error_Type", "").upper() == "MI"
    named = re.match(r"HRESULT 0x([0-9a-fA-F]+)$", told.get("MessageID", ""))
    if number and not mi:
        return number
    if named:
        return int(named.group(1), 16)
    return CIM_STATUS.get(int(told.get("CIMStatusCode") or 0) or (number if mi else 0))


def record(event):
    """An event record, by the event schema."""
    system = child(event, EVENT, "System")
    of = lambda name: child(system, EVENT, name)
    own = child(event, EVENT, "UserData")
    if own is not None and len(own):
        data = [[local(part), "".join(part.itertext())] for part in own[0]]
    else:
        found = child(event, EVENT, "EventData")
        found = [] if found is None else found.findall(tag(EVENT, "Data"))
        data = [[part.get("Name", ""), "".join(part.itertext())] for part in found]
    return {
        "provider": of("Provider").get("Name", ""),
        "id": int(token(of("EventID"))),
        "level": int(token(of("Level")) or 0),
        "number": int(token(of("EventRecordID"))),
        "channel": token(of("Channel")),
        "computer": token(of("Computer")),
        "unix_us": date(of("TimeCreated").get("SystemTime"))["unix_us"],
        "data": data,
    }


def change(item):
    """A change of an instance (WMI reference, __InstanceOperationEvent)."""
    of = lambda name: next((part for part in item if local(part) == name), None)

    def instance(name):
        found = of(name)
        read = {"nil": True} if found is None else value(found, False)
        return read.get("object")

    kind = CHANGES[local(item)]
    target = instance("TargetInstance")
    created = token(of("TIME_CREATED"))
    before = target if kind == "deleted" else instance("PreviousInstance") if kind == "modified" else None
    at = int(created) // 10 - 11_644_473_600_000_000 if created.isdigit() and int(created) else None
    return {"kind": kind, "before": before, "now": None if kind == "deleted" else target, "unix_us": at}


def tree(element):
    """An element in a form that compares: names by URI, attributes in any order, exact text."""
    attributes = {name: text for name, text in element.attrib.items() if not name.startswith("{") or name.startswith("{%s}" % XML)}
    content = [element.text or ""]
    for part in element:
        content += [tree(part), part.tail or ""]
    return [element.tag, attributes, content]
