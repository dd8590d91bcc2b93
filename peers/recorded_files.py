"""Finds the SOAP messages in a folder of recordings, in whatever kind of file, and groups the answers to one request.

The folder contains OWNER/NAME/..., one published repository or source package each.
"""

import ast
import os
import re
from collections import namedtuple

import yaml

import expected_answers as expected

# One message: its file below the folder, and its text.
Message = namedtuple("Message", "source where text")
# The answers to one request and its follow-ups. `operation` tells the reader what was asked; `made_up` lists the ends of
# the exchange that the recording lacks.
Chain = namedtuple("Chain", "source where operation method texts made_up")

ENVELOPE = re.compile(r"<(?P<prefix>[\w-]+:)Envelope[\s>].*?</(?P=prefix)Envelope\s*>", re.S)
C_STRINGS = re.compile(r'(?:(?:PAL_T|ZT|T)\(\s*)?"(?:[^"\\\n]|\\.)*"\s*\)?(?:[\s\\]*(?:(?:PAL_T|ZT|T)\(\s*)?"(?:[^"\\\n]|\\.)*"\s*\)?)*')
C_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
NUMBERED = re.compile(r"^(?P<stem>.*)_(?P<number>\d{3})\.xml$")

# Repositories with both recordings and handwritten messages, and the text that marks a recording.
MARKED = {"r4sd/go-wsman": "recorded-by: go-wsman"}

# Other text files that may contain messages.
PROSE = (".md", ".txt", ".rs", ".rb", ".go", ".java")


def messages(folder, unused):
    """Yields every message below a folder. Counts what cannot be used in `unused`."""
    for top, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(top, name)
            where = os.path.relpath(path, folder).replace(os.sep, "/")
            parts = where.split("/")[:-1]
            source = "/".join(parts[:2]) if parts else os.path.basename(os.path.abspath(folder))
            with open(path, "rb") as file:
                data = file.read()
            if b"Envelope" not in data:
                if name.endswith((".xml", ".erb", ".yml")):
                    unused.add(source, where, "no SOAP message")
                continue
            try:
                text = data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
            except UnicodeDecodeError:
                unused.add(source, where, "not text")
                continue
            if source in MARKED and MARKED[source] not in text:
                unused.add(source, where, "handwritten: without its repository's mark of a recording")
                continue
            for number, found in enumerate(texts(name, text, lambda why: unused.add(source, where, why)), 1):
                place = where if name.endswith((".xml", ".erb")) else "%s#%d" % (where, number)
                yield Message(source, place, found)


def texts(name, text, refuse):
    if name.endswith(".xml"):
        yield text
    elif name.endswith(".erb"):
        yield re.sub(r"<%.*?%>", "x", text, flags=re.S)
    elif name.endswith((".yml", ".yaml")):
        for answer in answers_of_pairs(yaml.safe_load(text)):
            if isinstance(answer, str) and "Envelope" in answer:
                # The text is decoded already, whatever its declaration says.
                yield re.sub(r"^\s*<\?xml.*?\?>", "", answer)
            else:
                refuse("a request without an XML answer")
    elif name.endswith(".py"):
        for constant in python_texts(text):
            yield from (match.group(0) for match in ENVELOPE.finditer(constant))
    elif name.endswith((".cpp", ".c", ".h")):
        for run in C_STRINGS.finditer(text):
            joined = "".join(C_STRING.findall(run.group(0)))
            joined = re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t", "r": "\r"}.get(m.group(1), m.group(1)), joined)
            yield from (match.group(0) for match in ENVELOPE.finditer(joined))
    elif name.endswith(PROSE):
        yield from (match.group(0) for match in ENVELOPE.finditer(text))
    else:
        refuse("a file type that is not supported")


def answers_of_pairs(document):
    """The answers in a file of request and response pairs, as pypsrp and the recorders of other clients write them."""
    pairs = document.get("messages", []) if isinstance(document, dict) else document
    for pair in pairs if isinstance(pairs, list) else []:
        answer = pair.get("response", pair.get("Response")) if isinstance(pair, dict) else None
        yield answer.get("Body", answer.get("body")) if isinstance(answer, dict) else answer


def python_texts(text):
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except SyntaxError:
        return [text]  # Python 2
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def chains(found, unused):
    """Groups messages: the numbered files of one enumeration, the answers of one subscription; all others stand alone."""
    together = {}
    for message in found:
        try:
            answer = expected.Answer(message.text)
        except expected.NotUsed as why:
            unused.add(message.source, message.where, str(why))
            continue
        together.setdefault(key(message, answer), []).append((message, answer))
    for members in together.values():
        yield from chain(members)


def key(message, answer):
    folder, _, name = message.where.rpartition("/")
    numbered = NUMBERED.match(name)
    if numbered and answer.kind in ("enumerate", "pull"):
        return (message.source, folder, numbered.group("stem"))
    if folder.endswith("data_subscribe"):
        return (message.source, folder)
    return (message.source, message.where)


def chain(members):
    # The answer to Subscribe comes first.
    members.sort(key=lambda member: (member[1].kind != "subscribe", member[0].where))
    first, last = members[0], members[-1]
    source, where = first[0].source, first[0].where
    texts = [message.text for message, _ in members]
    kinds = {answer.kind for _, answer in members}
    if kinds <= {"enumerate", "pull"}:
        events = [answer for _, answer in members if answer.holds_events()]
        changes = [answer for _, answer in members if answer.holds_changes()]
        if not events:
            begun, ended = first[1].kind == "enumerate", last[1].is_last()
            made_up = [] if begun else ["beginning"]
            made_up += [] if ended else ["end"]
            whole = ([] if begun else [expected.BEGINNING]) + texts + ([] if ended else [expected.END])
            yield Chain(source, where, "enumerate", "", whole, made_up)
        if events or changes:
            operation = "events" if events else "changes"
            yield Chain(source, where, operation, "", [expected.SUBSCRIBED] + texts, ["beginning"])
    elif "subscribe" in kinds:
        yield Chain(source, where, "events", "", texts, [])
    else:
        for message, answer in members:
            operation = {"fault": "get", "end": "events", "heartbeat": "events"}.get(answer.kind, answer.kind)
            begun = [expected.SUBSCRIBED] if operation == "events" else []
            yield Chain(source, message.where, operation, answer.method, begun + [message.text], ["beginning"] if begun else [])
