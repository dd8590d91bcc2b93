"""Copies a Kerberos ticket cache in which every ticket expired an hour before it was issued.

    python peers/expire_tickets.py CACHE COPY
"""

import struct
import sys
import time
from pathlib import Path

# A credential's times are four numbers, big end first: authentication, start, end, renewable till (MIT Kerberos, credential
# cache file format). The first two are those of a moment ago, the third is later.
HOUR_S = 3600

cache = bytearray(Path(sys.argv[1]).read_bytes())
now, found = int(time.time()), 0
for at in range(len(cache) - 16):
    given, start, end, _ = struct.unpack_from(">4I", cache, at)
    if now - HOUR_S < given <= now and start == given and end > now:
        struct.pack_into(">I", cache, at + 8, given - HOUR_S)
        found += 1
if not found:
    sys.exit("there is no ticket in the cache")
Path(sys.argv[2]).write_bytes(cache)
