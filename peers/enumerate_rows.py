"""Reads the rows of a large host with pypsrp, and prints one line: rows, processor seconds, peak megabytes, wall seconds.

    python peers/enumerate_rows.py TIMES URL USER PASSWORD-FILE
"""

import resource
import sys
import time
import xml.etree.ElementTree as ET
from urllib.parse import urlsplit

from pypsrp.wsman import NAMESPACES, WSMan

RESOURCE = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/*"
WQL = "http://schemas.microsoft.com/wbem/wsman/1/WQL"


def tag(prefix, name):
    return "{%s}%s" % (NAMESPACES[prefix], name)


def read(client):
    body = ET.Element(tag("wsen", "Enumerate"))
    ET.SubElement(body, tag("wsman", "OptimizeEnumeration"))
    ET.SubElement(body, tag("wsman", "MaxElements")).text = "32000"
    chosen = ET.SubElement(body, tag("wsman", "Filter"), Dialect=WQL)
    chosen.text = "SELECT * FROM Msvm_ReplicationRelationship"
    answer = client.enumerate(RESOURCE, body)
    rows = 0
    while True:
        found = {"Items": None, "EnumerationContext": None, "EndOfSequence": None}
        for element in answer.iter():
            name = element.tag.rsplit("}", 1)[-1]
            if name in found:
                found[name] = element
        rows += len(found["Items"]) if found["Items"] is not None else 0
        context = found["EnumerationContext"]
        if found["EndOfSequence"] is not None or context is None or not context.text:
            return rows
        body = ET.Element(tag("wsen", "Pull"))
        ET.SubElement(body, tag("wsen", "EnumerationContext")).text = context.text
        ET.SubElement(body, tag("wsen", "MaxElements")).text = "32000"
        answer = client.pull(RESOURCE, body)


def main():
    times, url, user, password_file = sys.argv[1:]
    began = time.monotonic()
    with open(password_file) as file:
        password = file.read()
    address = urlsplit(url)
    client = WSMan(address.hostname, port=address.port, ssl=False, auth="basic", encryption="never", username=user, password=password)
    rows = 0
    for _ in range(int(times)):
        rows = read(client)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(rows, time.process_time(), memory, time.monotonic() - began)


main()
