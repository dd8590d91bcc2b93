"""A WS-Management service that requests a client's certificate as WinRM does: by renegotiation, after it has received a request.

TLS comes from `openssl s_server`, which this script controls through its standard streams: its output is what the client sends; an
`R` as input makes it renegotiate and request a certificate; all other input is sent to the client. It serves on loopback until its
standard input ends, and prints `READY PORT` first.

    python peers/renegotiating_server.py --certificate host.pem --client-authority ca.pem
"""

import argparse
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from foreign_acceptor import MUTUAL, answer

PATIENCE_S = 10
# The start of a connection, and of a request in it.
MARK = re.compile(rb"CIPHER is (\S+)|POST /wsman HTTP/1\.1\r\n(.*?)\r\n\r\n", re.S)


class Server:
    def __init__(self, arguments, log):
        self.log = log
        command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-tls1_2", "-no_resumption_on_reneg", "-cert", arguments.certificate]
        command += ["-CAfile", arguments.client_authority, "-verify_return_error", "-msg", "-msgfile", str(log)]
        if arguments.ciphers:
            command += ["-cipher", arguments.ciphers]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)
        self.heard = b""
        self.suite = "?"
        self.known = False
        self.messages = 0

    def more(self):
        part = self.process.stdout.read(65536)
        if not part:
            sys.exit("SURPRISE: s_server has ended")
        self.heard += part

    def until(self, pattern):
        """The next match, removed from the received data with everything before it."""
        while True:
            match = pattern.search(self.heard)
            if match:
                self.heard = self.heard[match.end() :]
                return match
            self.more()

    def say(self, text):
        self.process.stdin.write(text)

    def received(self, kind):
        return len(re.findall(rb"<<< TLS 1\.2, Handshake \[length [0-9a-f]+\], " + kind, self.log.read_bytes()))

    def renegotiate(self):
        """Requests a certificate. Returns whether the client presented one and proved that it has the key."""
        finished, proved = self.received(b"Finished"), self.received(b"CertificateVerify")
        self.say(b"R\n")
        end = time.monotonic() + PATIENCE_S
        while self.received(b"Finished") == finished:
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return self.received(b"CertificateVerify") > proved

    def reply(self, status, text):
        words = {200: "OK", 401: "Unauthorized", 500: "Internal Server Error"}[status]
        head = f"HTTP/1.1 {status} {words}\r\nContent-Type: application/soap+xml;charset=UTF-8\r\nContent-Length: {len(text)}\r\n\r\n"
        self.say(head.encode() + text)

    def request(self, head):
        headers = dict(line.split(": ", 1) for line in head.decode().lower().split("\r\n"))
        length = int(headers["content-length"])
        while len(self.heard) < length:
            self.more()
        body, self.heard = self.heard[:length], self.heard[length:]
        if headers.get("authorization") != MUTUAL.lower():
            self.reply(401, b"")
            return
        if not self.known:
            self.known = self.renegotiate()
            if not self.known:
                print("REFUSED no certificate", flush=True)
                self.reply(401, b"")
                return
            print("LET IN by certificate, asked for by renegotiation, over TLSv1.2", self.suite, flush=True)
        self.messages += 1
        print(f"CLEAR message {self.messages} over TLS", flush=True)
        self.reply(*answer(body))

    def serve(self):
        print("READY", int(self.until(re.compile(rb"ACCEPT \S*?:(\d+)\n")).group(1)), flush=True)
        while True:
            match = self.until(MARK)
            if match.group(1):
                self.suite, self.known = match.group(1).decode(), False
            else:
                self.request(match.group(2))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificate", required=True, help="PEM file with certificate and key")
    parser.add_argument("--client-authority", required=True, help="PEM file: who must have signed the client's certificate")
    parser.add_argument("--ciphers", help="speak these suites alone, in OpenSSL's names")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(arguments, Path(folder, "messages"))
        threading.Thread(target=server.serve, daemon=True).start()
        sys.stdin.read()
        server.process.terminate()
        server.process.wait()


if __name__ == "__main__":
    main()
