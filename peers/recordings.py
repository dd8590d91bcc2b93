"""Compares our reader with an independent one on answers recorded from real hosts, property by property. The independent
reader is expected_answers.py, which is written from the specifications only.

    python peers/recordings.py [--prove] [--least CHAINS] READER FOLDER...

READER is the example `read` of the crate `wsman` (cargo build --package wsman --example read). A FOLDER contains published
recordings as OWNER/NAME/...; it is kept outside the repository (see CONTRIBUTING.md). The exit code is 1 if our reader is
wrong anywhere, and 2 if a folder contains nothing to compare or there are fewer chains than --least.

--prove checks the comparison itself: it changes every value that our reader returned, one at a time, and each change must
be reported as wrong.
"""

import argparse
import copy
import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
import xml.etree.ElementTree as ET

import expected_answers as expected
import recorded_files

# Maximum number of wrong properties to print, one entry per property of a file. All of them are counted.
PRINTED_MAX = 60
# Parts of our reader's output that have no counterpart: the parts of a date where only the schema knows that a text is
# one, and our own error kinds.
OWN_WORDS = ("asked", "date", "kind", "profiles", "unreadable")


class Unused:
    """The messages that are not compared, and why."""

    def __init__(self):
        self.counts = defaultdict(Counter)
        self.places = {}

    def add(self, source, where, why):
        self.counts[source][why] += 1
        self.places.setdefault((source, why), where)


class Verdict:
    """The result of comparing one chain."""

    def __init__(self, chain):
        self.chain = chain
        self.rows = self.right = 0
        self.wrong = []

    def same(self, place, wanted, got):
        if wanted == got:
            self.right += 1
        else:
            self.wrong.append((place, wanted, got))

    def properties(self, place, wanted, got):
        """Compares each property, including those of embedded objects."""
        names = {name.lower(): name for name in got}
        for name, value in wanted.items():
            own = names.pop(name.lower(), None)
            self.value("%s.%s" % (place, name), value, None if own is None else got[own])
        for name in names.values():
            self.wrong.append(("%s.%s" % (place, name), None, got[name]))

    def value(self, place, wanted, got):
        if "object" in wanted and isinstance(got, dict) and "object" in got:
            self.same(place + " (class)", wanted["object"]["class"], got["object"]["class"])
            self.properties(place, wanted["object"]["properties"], got["object"]["properties"])
            return
        self.same(place, plain(wanted), plain(got, wanted))

    def row(self, place, wanted, got):
        self.rows += 1
        place = "%s %s" % (place, wanted["class"] or "row")
        if wanted["class"] != got["class"]:
            self.wrong.append((place + " (class)", wanted["class"], got["class"]))
        if folded(wanted["path"]) != folded(got["path"]):
            self.wrong.append((place + " (path)", wanted["path"], got["path"]))
        self.properties(place, wanted["properties"], got["properties"])

    def all_rows(self, wanted, got):
        if len(wanted) != len(got):
            self.wrong.append(("rows", len(wanted), len(got)))
        for number, (one, other) in enumerate(zip(wanted, got), 1):
            self.row("row %d" % number, one, other)


def plain(value, beside=None):
    """A value in a form that compares. The date of a text counts only where the independent reader found a date."""
    if value is None:
        return None
    if "text" in value:
        wanted = value if beside is None else beside
        return ("date", value["text"], value.get("date")) if "date" in wanted else ("text", value["text"])
    if "list" in value:
        others = (beside or {}).get("list", [])
        return ("list", [plain(one, others[i] if i < len(others) else None) for i, one in enumerate(value["list"])])
    if "reference" in value:
        return ("reference", folded(value["reference"]))
    if "object" in value:
        return ("object", value["object"])
    return ("nil", value["nil"])


def folded(path):
    """A path in the form in which hosts compare it: names, classes and namespaces ignore case (MS-WSMV 2.2.4.35)."""
    if not isinstance(path, dict):
        return path
    keys = {name.lower(): folded(key) for name, key in path["keys"].items()}
    return {"namespace": path["namespace"].lower(), "class": path["class"].lower(), "keys": keys}


def compare(chain, read):
    verdict = Verdict(chain)
    answers = [expected.Answer(text) for text in chain.texts]
    if len(answers) != len(read["answers"]):
        verdict.wrong.append(("answers", len(answers), len(read["answers"])))
        return verdict
    compare_requests(verdict, answers, read)
    if chain.operation == "enumerate":
        return compare_rows(verdict, answers, read["answers"])
    for number, (answer, got) in enumerate(zip(answers, read["answers"]), 1):
        if answer.kind == "fault":
            compare_fault(verdict, chain, answer.fault(), got)
        elif chain.operation == "get":
            wanted = dict(expected.row(answer.node), path=None)
            verdict.all_rows([wanted], [dict(got["instance"], path=None)] if "instance" in got else [])
        elif chain.operation == "invoke":
            verdict.rows += 1
            verdict.properties(chain.method, expected.properties(answer.node, False), got.get("output", {}))
        elif chain.operation == "identify":
            compare_identity(verdict, answer, got)
        elif chain.operation == "events":
            compare_events(verdict, "answer %d" % number, answer, got)
        elif chain.operation == "changes":
            compare_changes(verdict, "answer %d" % number, answer, got)
    return verdict


def compare_requests(verdict, answers, read):
    """Each next request must use the newest context, and Unsubscribe the subscription."""
    for before, asked in zip(answers, [got.get("asked", "") for got in read["answers"][1:]]):
        if before.kind in ("enumerate", "pull", "subscribe") and before.context():
            found = ET.fromstring(asked).find(".//" + expected.tag(expected.ENUMERATION, "EnumerationContext"))
            verdict.same("the context of the next request", before.context(), expected.token(found))
    manager = next((answer for answer in answers if answer.kind == "subscribe"), None)
    identifier = "" if manager is None else named(manager.node, expected.EVENTING, "Identifier")
    if identifier and read.get("leave"):
        asked = ET.fromstring(read["leave"])
        verdict.same("the identifier in Unsubscribe", identifier, named(asked, expected.EVENTING, "Identifier"))
        uri = named(manager.node, expected.WSMAN, "ResourceURI")
        verdict.same("the resource of Unsubscribe", uri, named(asked, expected.WSMAN, "ResourceURI"))


def named(element, namespace, name):
    return expected.token(element.find(".//" + expected.tag(namespace, name)))


def compare_rows(verdict, answers, read):
    for number, got in enumerate(read[:-1], 1):
        verdict.same("answer %d (more to come)" % number, {"next": True}, without_request(got))
    wanted = [row for answer in answers for row in answer.rows()]
    verdict.all_rows(wanted, read[-1].get("rows", []))
    if "rows" not in read[-1]:
        verdict.wrong.append(("the last answer", "rows", without_request(read[-1])))
    return verdict


def without_request(got):
    return {name: value for name, value in got.items() if name != "asked"}


def compare_fault(verdict, chain, wanted, got):
    verdict.rows += 1
    if chain.operation in ("events", "changes") and wanted["code"] == expected.TIMED_OUT:
        verdict.same("no events", {"nothing": True}, without_request(got))
        return
    for name in ("error", "fault"):
        own = got.get(name) or {}
        verdict.same("%s (code)" % name, wanted["code"], own.get("status"))
        if wanted["words"]:
            verdict.same("%s (words)" % name, wanted["words"], own.get("message"))
        elif wanted["subcode"]:
            verdict.same("%s (subcode)" % name, wanted["subcode"], own.get("message", "").split(" ")[-1])
        if wanted["code"] is None and wanted["kind"]:
            verdict.same("%s (kind, by its subcode %s)" % (name, wanted["subcode"]), wanted["kind"], own.get("kind"))


def compare_identity(verdict, answer, got):
    verdict.rows += 1
    own = got.get("identity", {})
    texts = {expected.local(part): expected.token(part) for part in answer.node}
    for name, wire in (("protocol", "ProtocolVersion"), ("vendor", "ProductVendor"), ("version", "ProductVersion")):
        verdict.same(name, texts.get(wire, ""), own.get(name))


def compare_events(verdict, place, answer, got):
    if answer.kind in ("heartbeat", "end", "subscribe"):
        verdict.rows += 1
        if answer.kind == "end":
            compare_end(verdict, place, answer, got.get("error") or {})
        else:
            wanted = {"nothing": True} if answer.kind == "heartbeat" else {"opened": True}
            verdict.same(place, wanted, without_request(got))
        return
    items = answer.items()
    records = [item for item in items if item.tag == expected.tag(expected.EVENT, "Event")]
    dropped = sum(int(expected.token(item) or 1) for item in items if expected.local(item) == "DroppedEvents")
    if not records and not dropped:
        verdict.rows += 1
        verdict.same(place + " (no events)", {"nothing": True}, without_request(got))
        return
    verdict.same(place + " (dropped)", dropped, got.get("dropped"))
    read = got.get("events", [])
    if len(records) != len(read):
        verdict.wrong.append((place + " (events)", len(records), len(read)))
    for number, (event, own) in enumerate(zip(records, read), 1):
        verdict.rows += 1
        at = "%s event %d" % (place, number)
        for name, wanted in expected.record(event).items():
            verdict.same("%s %s" % (at, name), wanted, own["record"].get(name))
        verdict.same(at + " (as XML)", expected.tree(event), expected.tree(ET.fromstring(own["xml"])))
    mark = answer.bookmark()
    if mark is not None:
        own = got.get("bookmark")
        verdict.same(place + " (bookmark)", expected.tree(mark), own and expected.tree(ET.fromstring(own)))


def compare_end(verdict, place, answer, got):
    """SubscriptionEnd (WS-Eventing): an error for a closed subscription that names the status and the reason."""
    told = lambda name: expected.token(expected.child(answer.node, expected.EVENTING, name))
    status, reason = told("Status").rpartition("/")[2], told("Reason")
    verdict.same(place + " (status)", expected.SUBSCRIPTION_CLOSED, got.get("status"))
    verdict.same(place + " (words)", [status, reason], [part for part in (status, reason) if part in got.get("message", "")])


def compare_changes(verdict, place, answer, got):
    if answer.kind != "pull":
        verdict.same(place, {"opened": True}, without_request(got))
        return
    verdict.same(place + " (dropped)", 0, got.get("dropped"))
    wanted = [expected.change(item) for item in answer.items()]
    own = got.get("changes", [])
    if len(wanted) != len(own):
        verdict.wrong.append((place + " (changes)", len(wanted), without_request(got)))
    for number, (one, other) in enumerate(zip(wanted, own), 1):
        at = "%s change %d" % (place, number)
        for name in ("kind", "unix_us"):
            verdict.same("%s %s" % (at, name), one[name], other[name])
        for name in ("before", "now"):
            if one[name] is None or other[name] is None:
                verdict.same("%s %s" % (at, name), one[name], other[name])
            else:
                verdict.row("%s %s" % (at, name), one[name], other[name])


def read_with(reader, chains):
    """Runs our reader on the chains."""
    lines = []
    for chain in chains:
        answers = [{"relates_to": expected.Answer(text).relates_to, "text": text} for text in chain.texts]
        lines.append(json.dumps({"operation": chain.operation, "method": chain.method, "answers": answers}))
    run = subprocess.run([reader], input="\n".join(lines), capture_output=True, text=True, encoding="utf-8", timeout=600)
    if run.returncode != 0:
        sys.exit("%s ended with %d: %s" % (reader, run.returncode, run.stderr.strip()))
    return [json.loads(line) for line in run.stdout.split("\n") if line]


def prove(chain, read):
    """Changes each value that was read. Returns how many were changed, and which changes went unnoticed."""
    unnoticed, changed = [], 0
    for number, answer in enumerate(read["answers"]):
        for path in leaves({name: part for name, part in answer.items() if name != "asked"}, []):
            if any(word in OWN_WORDS for word in path if isinstance(word, str)):
                continue
            false = copy.deepcopy(read)
            spot = false["answers"][number]
            for step in path[:-1]:
                spot = spot[step]
            old = spot[path[-1]]
            spot[path[-1]] = not old if isinstance(old, bool) else old + 1 if isinstance(old, int) else changed_text(old)
            changed += 1
            if not noticed(chain, false):
                unnoticed.append("%s: answer %d, %s" % (chain.where, number + 1, "/".join(map(str, path))))
    return changed, unnoticed


def changed_text(text):
    return "<changed/>" if text and text.startswith("<") else "(changed)"


def noticed(chain, read):
    try:
        return bool(compare(chain, read).wrong)
    except (KeyError, TypeError, AttributeError):
        return True  # Not even in the form of the reader's output.


def leaves(value, path):
    if isinstance(value, dict):
        for name, part in value.items():
            yield from leaves(part, path + [name])
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from leaves(part, path + [number])
    elif value is not None:
        yield path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prove", action="store_true", help="check that each changed value is reported")
    parser.add_argument("--least", type=int, default=1, metavar="CHAINS", help="minimum number of chains")
    parser.add_argument("reader", help="the built example of the crate wsman")
    parser.add_argument("folders", nargs="+", metavar="folder", help="recordings, OWNER/NAME/...")
    arguments = parser.parse_args()
    unused, verdicts, proofs = Unused(), [], []
    for folder in arguments.folders:
        found = recorded_files.messages(folder, unused)
        chains = list(recorded_files.chains(found, unused))
        if not chains:
            print("%s contains nothing to compare" % folder)
            sys.exit(2)
        for chain, read in zip(chains, read_with(arguments.reader, chains), strict=True):
            verdicts.append(compare(chain, read))
            if arguments.prove:
                proofs.append(prove(chain, read))
    print_unused(unused)
    print_wrong(verdicts)
    print_table(verdicts, unused)
    if len(verdicts) < arguments.least:
        print("%d chains were compared; at least %d are expected" % (len(verdicts), arguments.least))
        sys.exit(2)
    unnoticed = [place for _, places in proofs for place in places]
    if arguments.prove:
        print("%d values were changed, %d changes went unnoticed" % (sum(count for count, _ in proofs), len(unnoticed)))
        print("\n".join(unnoticed[:PRINTED_MAX]))
    sys.exit(1 if unnoticed or any(verdict.wrong for verdict in verdicts) else 0)


def print_unused(unused):
    print("Not compared:")
    for source in sorted(unused.counts):
        for why, count in sorted(unused.counts[source].items()):
            print("  %-24s %4d  %s; for example %s" % (source, count, why, unused.places[(source, why)]))


def print_wrong(verdicts):
    found = {}
    for verdict in verdicts:
        for place, wanted, got in verdict.wrong:
            kind = (verdict.chain.where, re.sub(r"^(row|answer) \d+", r"\1", place))
            found.setdefault(kind, []).append((place, wanted, got))
    for (where, _), all_of_it in list(found.items())[:PRINTED_MAX]:
        place, wanted, got = all_of_it[0]
        print("WRONG %s: %s%s" % (where, place, ", and %d like it" % (len(all_of_it) - 1) if all_of_it[1:] else ""))
        print("      expected   %s" % short(wanted))
        print("      our reader %s" % short(got))
    if len(found) > PRINTED_MAX:
        print("... and %d more kinds" % (len(found) - PRINTED_MAX))


def short(value):
    text = repr(value)
    return text if len(text) <= 200 else text[:200] + "..."


def print_table(verdicts, unused):
    by_source = defaultdict(lambda: [0] * 8)
    for verdict in verdicts:
        line = by_source[verdict.chain.source]
        added = [1, len(verdict.chain.texts) - len(verdict.chain.made_up), bool(verdict.chain.made_up), verdict.rows]
        added += [verdict.right + len(verdict.wrong), verdict.right, len(verdict.wrong), bool(verdict.wrong)]
        by_source[verdict.chain.source] = [a + b for a, b in zip(line, added)]
    heads = ["source", "chains", "answers", "completed", "rows", "properties", "right", "wrong", "chains wrong"]
    widths = [24] + [max(len(head), 7) for head in heads[1:]]
    show = lambda cells: print("  ".join(str(cell).ljust(w) if i == 0 else str(cell).rjust(w) for i, (cell, w) in enumerate(zip(cells, widths))))
    show(heads + [])
    for source in sorted(by_source):
        show([source] + by_source[source])
    show(["all"] + [sum(column) for column in zip(*by_source.values())])
    print("%d messages were not compared." % sum(sum(counts.values()) for counts in unused.counts.values()))


if __name__ == "__main__":
    main()
