"""Two clients with their own NTLM, against the lab over HTTPS: curl, which supports only OEM, and Go's WinRM library, which omits
NTLMSSP_NEGOTIATE_NTLM. Neither seals messages, so over plain HTTP they are refused.

It starts the labs with the given program, and ends them. On the first failure it ends with exit code 1.

    GO111MODULE=off GOPATH=/usr/share/gocode go build -o client peers/winrm_client.go
    cargo build && python peers/ntlm_clients.py target/debug/reprise ./client
"""

import base64
import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET
from urllib.parse import urlsplit

from foreign_clients import IDENTIFY, Lab, expect
from hyperv_client import ANONYMOUS, V2, local, tag

TRANSFER, ENUMERATION = ("http://schemas.xmlsoap.org/ws/2004/09/%s/" % kind for kind in ("transfer", "enumeration"))
DMTF = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"
UNICODE, OEM = 1, 2
TIMEOUT_S = 20


def request(uri, action, selectors, body=""):
    chosen = "".join(f'<w:Selector Name="{name}">{value}</w:Selector>' for name, value in selectors.items())
    return (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" '
        'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration">'
        f"<s:Header><w:ResourceURI>{uri}</w:ResourceURI><a:ReplyTo><a:Address>{ANONYMOUS}</a:Address></a:ReplyTo>"
        f"<a:Action>{action}</a:Action><a:MessageID>uuid:1</a:MessageID><w:SelectorSet>{chosen}</w:SelectorSet></s:Header>"
        f"<s:Body>{body}</s:Body></s:Envelope>"
    )


def curl(lab, body, user=None, password=None, path=""):
    """The status of one request by curl, its reply and what curl prints about its headers."""
    quoted = f"{user or lab.user}:{password or lab.password}".replace("\\", "\\\\").replace('"', '\\"')
    trust = ["--cacert", lab.certificate] if lab.certificate else []
    kind = ["--header", "Content-Type: application/soap+xml;charset=UTF-8"]
    command = ["curl", "--silent", "--show-error", "--verbose", "--ntlm", "--max-time", str(TIMEOUT_S), *trust, *kind]
    with open(lab.folder.name + "/request", "wb") as file:
        file.write(body if isinstance(body, bytes) else body.encode())
    command += ["--write-out", "\n%{http_code}", "--data-binary", f"@{file.name}", "--config", "-", lab.url + path]
    done = subprocess.run(command, input=f'user = "{quoted}"\n'.encode(), capture_output=True)
    expect("curl's exit code", (done.returncode, done.stderr.decode() if done.returncode else ""), (0, ""))
    answer, _, status = done.stdout.decode().rpartition("\n")
    return int(status), answer, done.stderr.decode()


def go(client, lab, password=None):
    """The names that Go's client reads, or how it fails."""
    url = urlsplit(lab.url)
    command = [client, url.hostname, str(url.port), lab.user, lab.certificate]
    done = subprocess.run(command, input=password or lab.password, capture_output=True, text=True, timeout=TIMEOUT_S)
    return done.stdout.split() if done.returncode == 0 else done.stderr.strip()


def curl_speaks_oem(lab):
    """Checks that the clients really use these variants; otherwise the tests would prove nothing."""
    _, _, told = curl(lab, IDENTIFY)
    first = base64.b64decode(re.search(r"^> Authorization: NTLM (\S+)", told, re.M).group(1))
    expect("its charsets", struct.unpack("<I", first[12:16])[0] & (UNICODE | OEM), OEM)


def curl_logs_in(lab):
    for user in (None, "administrator", "lab\\ADMINISTRATOR", "lab/administrator"):
        status, answer, _ = curl(lab, IDENTIFY, user)
        expect(f"{user} gets the version", (status, "OS: 6.3." in answer), (200, True))


def curl_is_refused(lab):
    for user, password in ((None, "wrong"), ("LAB\\nobody", None), ("OTHER\\administrator", None)):
        expect(f"{user}, {password}", curl(lab, IDENTIFY, user, password)[:2], (401, ""))


def curl_reads(lab):
    """By DMTF's URI, at a path with a slash, with zeros after the text; and a service by a part of its keys."""
    body = "<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>100</w:MaxElements></n:Enumerate>"
    uri = DMTF + "Msvm_ComputerSystem"
    text = request(uri, ENUMERATION + "Enumerate", {"__cimnamespace": "root/virtualization/v2"}, body)
    status, answer, _ = curl(lab, text.encode() + bytes(2), path="/")
    expect("status", status, 200)
    items = ET.fromstring(answer).find(f".//{tag('wsman', 'Items')}")
    expect("elements", {item.tag for item in items}, {"{%s}Msvm_ComputerSystem" % uri})
    names = [child.text for item in items for child in item if local(child) == "ElementName"]
    expect("names", names, NAMES)
    service = "Msvm_VirtualSystemManagementService"
    for keys in ({"CreationClassName": service}, {}):
        status, answer, _ = curl(lab, request(V2 + service, TRANSFER + "Get", keys))
        expect(f"the service by {keys}", (status, "<p:Name>vmms</p:Name>" in answer), (200, True))


NAMES = ["HV01", *(f"vm-{number:03}" for number in range(1, 8))]


def main(program, client):
    with Lab(program, ["--tls"]) as lab:
        for check in (curl_speaks_oem, curl_logs_in, curl_is_refused, curl_reads):
            check(lab)
            print(f"ok: {check.__name__}")
    with Lab(program, []) as lab:
        expect("curl over clear HTTP", curl(lab, IDENTIFY)[:2], (500, ""))
    print("ok: curl over clear HTTP is refused, since it does not seal")
    for schemes in ("ntlm", "negotiate", "basic,ntlm,negotiate"):
        with Lab(program, ["--tls", "--auth", schemes]) as lab:
            expect(f"names, {schemes}", go(client, lab), NAMES)
            expect(f"a wrong password, {schemes}", go(client, lab, "wrong"), "http response error: 401 - invalid content type")
        print(f"ok: Go's client where {schemes} is offered")
    print("no failures")


if __name__ == "__main__":
    main(*sys.argv[1:])
