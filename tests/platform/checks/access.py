"""Who may ask, and how often: TLS, API keys, tokens, limits and web pages, at a gateway with the chart's values for them."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import http.server
import json
import pathlib
import secrets
import ssl
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from suite.authority import Authority
from suite.kube import Unexpected, name_of, until
from suite.registry import check

from .cluster import DOMAIN, V1, Platform
from .own_gateway import gateway, without_rights
from .rollouts import patch

ISSUER, AUDIENCE = "https://issuer.example.test/", "models"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Issuer:
    """Signs tokens (ES256), and publishes its keys over HTTPS."""

    keys: dict[str, ec.EllipticCurvePrivateKey] = field(default_factory=dict)
    port: int = 0

    def new_key(self) -> str:
        name = f"key-{secrets.token_hex(3)}"
        self.keys[name] = ec.generate_private_key(ec.SECP256R1())
        return name

    def published(self) -> bytes:
        number = lambda value: encoded(value.to_bytes(32, "big"))  # noqa: E731
        points = {name: key.public_key().public_numbers() for name, key in self.keys.items()}
        keys = [{"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": name, "x": number(at.x), "y": number(at.y)} for name, at in points.items()]
        return json.dumps({"keys": keys}).encode()

    def token(self, key: str, by: ec.EllipticCurvePrivateKey | None = None, **claims: Any) -> str:
        said = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "exp": int(time.time()) + 600} | claims
        text = ".".join(encoded(json.dumps(part).encode()) for part in ({"alg": "ES256", "typ": "JWT", "kid": key}, said))
        r, s = utils.decode_dss_signature((by or self.keys[key]).sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{text}.{encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


@contextlib.contextmanager
def issuer(platform: Platform, authority: Authority) -> Iterator[Issuer]:
    found = Issuer()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802  (http.server calls it so)
            body = found.published()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer((platform.host, 0), Handler)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority.folder / "issuer.crt", authority.folder / "issuer.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    found.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Client:
    """Asks services of one namespace at one gateway, each request on a connection of its own."""

    address: str
    namespace: str
    rows: Any

    def ask(self, name: str, headers: dict[str, str] | None = None, method: str = "POST") -> tuple[int, dict[str, str]]:
        connection = http.client.HTTPConnection(self.address, 8080, timeout=30)
        with contextlib.closing(connection):
            base = {"host": f"{name}.{self.namespace}.{DOMAIN}", "content-type": "application/json"}
            connection.request(method, V1.format(name=name), json.dumps({"instances": self.rows}), base | (headers or {}))
            reply = connection.getresponse()
            reply.read()
            return reply.status, {key.lower(): value for key, value in reply.getheaders()}

    def wants(self, wanted: int, what: str, name: str, headers: dict[str, str] | None = None) -> None:
        if (seen := self.ask(name, headers)[0]) != wanted:
            raise Unexpected(f"{what}: `{name}` answers {seen}, and {wanted} is right")


def secret(namespace: str, name: str, data: dict[str, bytes]) -> dict[str, Any]:
    coded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}, "data": coded}


@check
def who_may_ask(platform: Platform) -> str:
    """The chart's values for TLS, API keys and tokens, and the annotations for them, for limits and for web pages, on a gateway of this release; Secrets change while it runs."""
    namespace = platform.namespace("platform-access")
    services = {
        "open": {}, "keyed": {"auth": "api-key"}, "hers": {"auth": "api-key", "clients": "alice"}, "tokens": {"auth": "jwt"},
        "ours": {"auth": "jwt", "clients": "ada", "jwt-audience": "ours"}, "slow": {"rate-limit": "1/m burst 5"}, "paged": {"auth": "api-key", "cors-origins": "https://*.example.test"},
    }  # fmt: skip
    for name, annotations in services.items():
        service = platform.service(namespace, name)
        service["metadata"]["annotations"] = {f"longshore.dev/{key}": value for key, value in annotations.items()}
        platform.kube.apply(service)
    keys = {name: secrets.token_hex(16) for name in ("alice", "bob", "carol")}
    line = lambda name: f"{name}:{hashlib.sha256(keys[name].encode()).hexdigest()}\n"  # noqa: E731
    with contextlib.ExitStack() as stack:
        authority = Authority(pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory())))
        authority.certificate("issuer", f"IP:{platform.host}")
        for name in ("first", "second"):
            authority.certificate(name, f"DNS:*.{namespace}.{DOMAIN}")
        own = stack.enter_context(issuer(platform, authority))
        first = own.new_key()
        ca = (authority.folder / "ca.crt").read_text()
        platform.kube.apply(
            secret(namespace, "tls", authority.pair("first")),
            secret(namespace, "keys", {"keys": (line("alice") + line("bob")).encode()}),
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "issuer", "namespace": namespace}, "data": {"ca.crt": ca}},
        )
        jwt = {"jwks": f"https://{platform.host}:{own.port}/keys", "caConfigMapName": "issuer", "issuer": ISSUER, "audience": AUDIENCE}
        stack.callback(without_rights, platform, namespace)
        pod = gateway(platform, namespace, {"tls": {"secretName": "tls"}, "auth": {"apiKeysSecretName": "keys", "jwt": jwt}})
        for name in services:
            platform.ready(namespace, name)
        client = Client(pod["status"]["podIP"], namespace, platform.known()["rows"])
        told = [api_keys(client, keys), tokens(client, own, first), limits(platform, client), pages(client, keys)]
        told += [secrets_that_change(platform, authority, client, pod, keys, line)]
        # the release's own gateways have neither keys nor issuers, so they let nobody in
        for name, code in (("open", 200), ("keyed", 403), ("tokens", 403)):
            host = f"{name}.{namespace}.{DOMAIN}"
            status, _, _ = platform.ask(platform.gateway_address, host, V1.format(name=name), {"instances": client.rows})
            if status != code:
                raise Unexpected(f"`{name}` at a gateway without keys answers {status}, and {code} is right")
    return "; ".join(told)


def api_keys(client: Client, keys: dict[str, str]) -> str:
    client.wants(200, "without a key", "open")
    client.wants(401, "without a key", "keyed")
    client.wants(401, "with a wrong key", "keyed", {"x-api-key": keys["carol"]})
    client.wants(200, "with a key", "keyed", {"x-api-key": keys["bob"]})
    client.wants(200, "with a key", "keyed", {"authorization": f"Bearer {keys['bob']}"})
    client.wants(200, "with her key", "hers", {"x-api-key": keys["alice"]})
    client.wants(403, "with another's key", "hers", {"x-api-key": keys["bob"]})
    return "keys: 7 of 7 right"


def tokens(client: Client, own: Issuer, key: str) -> str:
    bearer = lambda token: {"authorization": f"Bearer {token}"}  # noqa: E731
    stranger = ec.generate_private_key(ec.SECP256R1())
    now = int(time.time())
    client.wants(401, "without a token", "tokens")
    client.wants(200, "with a token", "tokens", bearer(own.token(key)))
    for what, token in {
        "with one that is over": own.token(key, exp=now - 60), "with one that is not yet": own.token(key, nbf=now + 600),
        "of another issuer": own.token(key, iss="https://other.example.test/"), "for another audience": own.token(key, aud="others"),
        "signed by another": own.token(key, by=stranger), "with another's name": own.token(key)[:-6] + "AAAAAA",
    }.items():  # fmt: skip
        client.wants(401, what, "tokens", bearer(token))
    client.wants(200, "for this audience", "ours", bearer(own.token(key, aud="ours")))
    client.wants(401, "for the usual audience", "ours", bearer(own.token(key)))
    client.wants(403, "of another client", "ours", bearer(own.token(key, aud="ours", sub="bob")))
    # the issuer changes its key: the new one is asked for when it is first seen, the old one ends
    second = own.new_key()
    del own.keys[key]
    begun = time.monotonic()
    until("a token by the new key", lambda: client.ask("tokens", bearer(own.token(second)))[0] == 200, 30, 0.5)
    return f"tokens: 11 of 11 right, a new key counted after {time.monotonic() - begun:.1f} s"


def limits(platform: Platform, client: Client) -> str:
    replies = [client.ask("slow") for _ in range(12)]
    count = Counter(status for status, _ in replies)
    late = [headers.get("retry-after") for status, headers in replies if status == 429]
    if count != {200: 5, 429: 7} or not all(late):
        raise Unexpected(f"12 requests at `1/m burst 5` were answered {dict(count)}, with `Retry-After` {late}")
    patch(platform, client.namespace, "slow", json.dumps({"metadata": {"annotations": {"longshore.dev/rate-limit": None}}}))
    begun = time.monotonic()
    until("no limit any more", lambda: client.ask("slow")[0] == 200, 10, 0.1)
    return f"limits: {dict(count)} of 12, `Retry-After` {late[0]}, taken away within {time.monotonic() - begun:.1f} s"


def pages(client: Client, keys: dict[str, str]) -> str:
    said = {}
    for origin in ("https://shop.example.test", "https://example.org"):
        asked = {"origin": origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type, x-api-key"}
        status, headers = client.ask("paged", asked, "OPTIONS")
        _, answer = client.ask("paged", {"origin": origin, "x-api-key": keys["bob"]})
        said[origin] = (status, headers.get("access-control-allow-origin"), answer.get("access-control-allow-origin"))
    page = "https://shop.example.test"
    if said[page][1:] != (page, page) or not 200 <= said[page][0] < 300 or said["https://example.org"][1:] != (None, None):
        raise Unexpected(f"web pages are told {said}")
    return f"pages: {page} may ask ({said[page][0]}), https://example.org may not ({said['https://example.org'][0]})"


def secrets_that_change(platform: Platform, authority: Authority, client: Client, pod: dict[str, Any], keys: dict[str, str], line: Any) -> str:
    """Certificate and keys of Secrets change under an open connection."""
    name, namespace = f"keyed.{client.namespace}.{DOMAIN}", client.namespace

    class Connection(http.client.HTTPSConnection):
        def connect(self) -> None:
            http.client.HTTPConnection.connect(self)
            self.sock = authority.client(None).wrap_socket(self.sock, server_hostname=name)

    connect = lambda: Connection(client.address, 8443, timeout=10)  # noqa: E731

    def ask(connection: Connection, key: str) -> int:
        headers = {"host": name, "content-type": "application/json", "x-api-key": keys[key]}
        connection.request("POST", V1.format(name="keyed"), json.dumps({"instances": client.rows}), headers)
        reply = connection.getresponse()
        reply.read()
        return reply.status

    def presented() -> bytes:
        with contextlib.closing(connect()) as fresh:
            fresh.connect()
            return fresh.sock.getpeercert(binary_form=True)

    certificate = lambda of: ssl.PEM_cert_to_DER_cert(authority.pair(of)["tls.crt"].decode())  # noqa: E731
    with contextlib.closing(connect()) as kept:
        if (status := ask(kept, "bob")) != 200 or presented() != certificate("first"):
            raise Unexpected(f"over TLS a key is answered {status}")
        platform.kube.apply(secret(namespace, "tls", authority.pair("second")), secret(namespace, "keys", {"keys": (line("alice") + line("carol")).encode()}))
        begun = time.monotonic()
        until("the second certificate", lambda: presented() == certificate("second"), 150, 0.5)
        until("the new keys", lambda: (ask(kept, "bob"), ask(kept, "carol")) == (401, 200), 150, 0.5)
        seconds = time.monotonic() - begun
    now = platform.kube.get("pod", name_of(pod), namespace=namespace)
    if restarts := now["status"]["containerStatuses"][0]["restartCount"]:
        raise Unexpected(f"the gateway was started anew {restarts} times")
    return f"TLS: a new certificate and new keys counted {seconds:.0f} s after their Secrets changed (a kubelet's minute in it), on one open connection, no restart"
