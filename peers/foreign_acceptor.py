"""A WS-Management service whose logins and sealing are other people's: pyspnego's acceptor and pypsrp's encryption.

It has one class with three instances, returns one per Pull, and answers no unsealed messages over HTTP. It does not depend on
Reprise. It serves on loopback until its standard input ends, and prints `READY PORT` first.

    NTLM_USER_FILE=users python peers/foreign_acceptor.py --offer negotiate
"""

import argparse
import base64
import hashlib
import http.server
import re
import ssl
import sys
import threading

import gssapi
import spnego
from pypsrp.encryption import WinRMEncryption
from spnego.channel_bindings import GssChannelBindings

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
RESOURCE = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/Win32_Thing"
CHANNEL_BOUND = 2048  # GSS_C_CHANNEL_BOUND_FLAG
# Otherwise the reason of a refusal would be reported in the next step, which does not happen.
gssapi.SecurityContext.__DEFER_STEP_ERRORS__ = False
MUTUAL = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
NAMES = ["eins", "zwei", "dr\u00fcben"]


def envelope(body, relates_to):
    head = f"<a:RelatesTo>{relates_to}</a:RelatesTo>" if relates_to else ""
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:n="{ENUMERATION}" xmlns:w="{WSMAN}">'
        f"<s:Header>{head}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def thing(name):
    return f'<p:Win32_Thing xmlns:p="{RESOURCE}"><p:Name>{name}</p:Name><p:Filling>{"x" * 20000}</p:Filling></p:Win32_Thing>'


def answer(request):
    """The reply to an envelope, and its HTTP status."""
    text = request.decode("utf-8")
    message_id = re.search("MessageID>([^<]*)<", text)
    message_id = message_id.group(1) if message_id else None
    if "Identify" in text:
        vendor = "<i:ProductVendor>somebody else</i:ProductVendor>"
        return 200, envelope(f'<i:IdentifyResponse xmlns:i="{IDENTITY}">{vendor}</i:IdentifyResponse>', None)
    if "enumeration/Enumerate<" in text:
        return 200, envelope("<n:EnumerateResponse><n:EnumerationContext>0</n:EnumerationContext></n:EnumerateResponse>", message_id)
    if "enumeration/Pull<" in text:
        at = int(re.search("EnumerationContext>([^<]*)<", text).group(1))
        last = at + 1 == len(NAMES)
        rest = "<n:EndOfSequence/>" if last else ""
        context = "" if last else f"<n:EnumerationContext>{at + 1}</n:EnumerationContext>"
        return 200, envelope(f"<n:PullResponse>{context}<n:Items>{thing(NAMES[at])}</n:Items>{rest}</n:PullResponse>", message_id)
    if "transfer/Get<" in text:
        return 200, envelope(thing(NAMES[0]), message_id)
    reason = "<s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text>nothing of that kind</s:Text></s:Reason>"
    return 500, envelope(f"<s:Fault>{reason}</s:Fault>", message_id)


class Connection(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.context = self.scheme = self.sealing = None
        self.messages = 0

    def log_message(self, *_):
        pass

    def reply(self, status, headers=(), body=b""):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self):
        self.reply(401, [("WWW-Authenticate", offer) for offer in self.server.offers])

    def is_bound(self):
        """Whether a Kerberos login is bound to this channel: MIT accepts one without bindings, and reports this only by a flag."""
        context = getattr(self.context, "_context")  # pyspnego has no public access to it
        context = context if isinstance(context, gssapi.SecurityContext) else getattr(context, "_context")
        return bool(int(context.actual_flags) & CHANNEL_BOUND)

    def log_in(self, authorization):
        """Processes one token. Returns True once the login is complete."""
        scheme, token = authorization.split(" ", 1)
        if self.context is None:
            protocol = self.server.protocol
            self.context = spnego.server(
                protocol=protocol, service="HTTP", hostname=self.server.service_host, channel_bindings=self.server.bindings
            )
            self.scheme = scheme
        try:
            out = self.context.step(base64.b64decode(token))
        except Exception as error:  # any exception of the library means that the login failed
            print("REFUSED", repr(error), flush=True)
            self.context = None
            self.refuse()
            return
        headers = [("WWW-Authenticate", f"{scheme} {base64.b64encode(out).decode()}")] if out else []
        if not self.context.complete:
            self.reply(401, headers)
            return
        if self.server.bindings and self.context.negotiated_protocol == "kerberos" and not self.is_bound():
            print("REFUSED a ticket without channel bindings", flush=True)
            self.context = None
            self.refuse()
            return
        kind = WinRMEncryption.KERBEROS if scheme == "Kerberos" else WinRMEncryption.SPNEGO
        self.sealing = WinRMEncryption(self.context, kind)
        over = ["over", self.connection.version(), self.connection.cipher()[0]] if self.server.tls else []
        print("LET IN", self.context.client_principal, "by", self.context.negotiated_protocol, "under", scheme, *over, flush=True)
        self.reply(200, headers)

    def by_certificate(self, body):
        """Answers a message of a client that claims to be authenticated by its TLS certificate."""
        shown = self.connection.getpeercert() if self.server.tls else None
        if not shown:
            print("REFUSED no certificate", flush=True)
            self.refuse()
            return
        if not self.messages:
            print("LET IN", shown["subject"][0][0][1], "by certificate over", self.connection.version(), flush=True)
        self.messages += 1
        print(f"CLEAR message {self.messages} over TLS", flush=True)
        status, text = answer(body)
        self.reply(status, [("Content-Type", "application/soap+xml;charset=UTF-8")], text)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        authorization = self.headers.get("Authorization")
        if authorization == MUTUAL:
            self.by_certificate(body)
            return
        complete = self.context is not None and self.context.complete
        if authorization and not complete:
            self.log_in(authorization)
            return
        if not complete:
            self.refuse()
            return
        if authorization:
            print("SURPRISE: a second login on a connection", flush=True)
        self.messages += 1
        content_type = self.headers["Content-Type"]
        if self.server.tls:
            status, text = answer(body)
            print(f"CLEAR message {self.messages} over TLS", flush=True)
            self.reply(status, [("Content-Type", "application/soap+xml;charset=UTF-8")], text)
            return
        boundary = re.search('boundary="([^"]+)"', content_type)
        if not content_type.startswith("multipart/encrypted") or not boundary:
            print("SURPRISE: a message in the clear", flush=True)
            self.reply(500)
            return
        status, text = answer(self.sealing.unwrap_message(body, boundary.group(1)))
        print(f"SEALED message {self.messages}", flush=True)
        sealed_type, sealed = self.sealing.wrap_message(text)
        sealed_type = f'{sealed_type};protocol="{self.sealing.protocol}";boundary="Encrypted Boundary"'
        self.reply(status, [("Content-Type", sealed_type)], sealed)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--offer", action="append", required=True, help="a scheme in the 401: Negotiate, Kerberos, NTLM")
    parser.add_argument("--protocol", default="negotiate", help="pyspnego's: negotiate, ntlm, kerberos")
    parser.add_argument("--service-host", help="the host's name in its domain")
    parser.add_argument("--certificate", help="PEM file with certificate and key: HTTPS, and channel bindings are required")
    parser.add_argument("--bound-to", help="PEM file: require channel bindings to this certificate instead, over HTTP too")
    parser.add_argument("--ciphers", help="over HTTPS, speak TLS 1.2 with these suites alone, in OpenSSL's names")
    parser.add_argument("--client-authority", help="over HTTPS, ask for a client certificate that this authority (PEM file) has signed")
    parser.add_argument("--dh-parameters", help="PEM file with the group for DHE")
    arguments = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Connection)
    server.daemon_threads = True
    server.offers, server.protocol, server.service_host = arguments.offer, arguments.protocol, arguments.service_host
    server.tls, server.bindings = bool(arguments.certificate), None
    if arguments.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments.certificate)
        if arguments.ciphers:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(arguments.ciphers)
        if arguments.client_authority:
            context.verify_mode = ssl.CERT_OPTIONAL
            context.load_verify_locations(arguments.client_authority)
        if arguments.dh_parameters:
            context.load_dh_params(arguments.dh_parameters)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    bound_to = arguments.bound_to or arguments.certificate
    if bound_to:
        with open(bound_to, encoding="ascii") as file:
            pem = re.search("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", file.read(), re.S).group(0)
        # The test certificates are signed with SHA-256, so that is the hash (RFC 5929 4.1).
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).digest()
        server.bindings = GssChannelBindings(application_data=b"tls-server-end-point:" + digest)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("READY", server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
