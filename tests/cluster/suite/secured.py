"""A release with TLS, certificates of clients and API keys, whose Secrets change while it runs."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import pathlib
import secrets
import ssl
import tempfile
import time
from typing import Any

from .authority import Authority
from .context import Context
from .golden import RECRUITMENT
from .kube import Unexpected, name_of, until
from .registry import check


def secret(context: Context, namespace: str, name: str, data: dict[str, bytes]) -> None:
    meta = {"name": name, "namespace": namespace}
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    context.kube.apply({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": encoded})


def line(key: str) -> bytes:
    """A line of the file of keys."""
    return f"suite:{hashlib.sha256(key.encode()).hexdigest()}\n".encode()


def ask(connection: http.client.HTTPSConnection, key: str) -> tuple[int, Any]:
    """The status and the answer to the golden request."""
    headers = {"content-type": "application/json", "x-api-key": key}
    connection.request("POST", RECRUITMENT.path, RECRUITMENT.request.read_bytes(), headers)
    reply = connection.getresponse()
    return reply.status, json.loads(reply.read())


@check
def secrets_change_without_a_restart(context: Context) -> str:
    """TLS, certificates of clients and keys by the chart: probes, `helm test`, and Secrets that change under an open connection."""
    namespace = context.namespace()
    release = context.release(RECRUITMENT, namespace)
    old, new = secrets.token_hex(16), secrets.token_hex(16)
    # not by a forwarded port, which ends with the first connection that the server refuses
    host, port = release.node_port()[0].removeprefix("http://").split(":")
    with contextlib.ExitStack() as stack:
        authority = Authority(pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory())))
        for name in ("first", "second"):
            authority.certificate(name, f"DNS:{release.name}.{namespace}.svc", f"IP:{host}")
        authority.certificate("client")
        secret(context, namespace, "own", authority.pair("first"))
        secret(context, namespace, "clients", {"ca.crt": authority.pair("client")["ca.crt"]})
        secret(context, namespace, "smoke", authority.pair("client") | {"key": old.encode()})
        secret(context, namespace, "keys", {"keys": line(old)})
        flags = ["tls.secretName=own", "tls.clientCaSecretName=clients", "apiKeys.secretName=keys", "ports.grpc=9443"]
        flags += ["tests.tlsSecretName=smoke", "tests.apiKeySecretName=smoke", "replicaCount=1"]
        release.install("--set", ",".join(flags))
        release.complete(1)
        context.kube.helm("test", release.NAME, "--timeout", "60s", namespace=namespace)
        before = {name_of(pod) for pod in release.pods()}

        connect = lambda name="client": http.client.HTTPSConnection(host, int(port), context=authority.client(name), timeout=10)

        def answers() -> bool:
            with contextlib.closing(connect()) as first:
                return ask(first, old)[0] == 200

        until("an answer through the NodePort", answers, 20)
        kept = stack.enter_context(contextlib.closing(connect()))
        if (answer := ask(kept, old)) != (200, RECRUITMENT.expected()):
            raise Unexpected(f"over TLS with a certificate and a key: {answer}")
        with contextlib.suppress(ssl.SSLError, ConnectionError), contextlib.closing(connect(None)) as stranger:
            raise Unexpected(f"without a certificate: {ask(stranger, old)}")

        secret(context, namespace, "own", authority.pair("second"))
        secret(context, namespace, "keys", {"keys": line(new)})
        begun = time.monotonic()
        wanted = ssl.PEM_cert_to_DER_cert(authority.pair("second")["tls.crt"].decode())

        def renewed() -> bool:
            # one of the two keys is right at any time, on the connection that was open before as well
            if {ask(kept, key)[0] for key in (old, new)} not in ({200, 401}, {401, 200}):
                raise Unexpected("neither key is right, or both are")
            with contextlib.closing(connect()) as fresh:
                fresh.connect()
                return fresh.sock.getpeercert(binary_form=True) == wanted and ask(kept, new)[0] == 200

        until("the new certificate and the new key", renewed, 150, pause=1)
        seconds = time.monotonic() - begun
        if (answer := ask(kept, old)[0]) != 401:
            raise Unexpected(f"the old key is answered {answer}")
    after = {name_of(pod): pod["status"]["containerStatuses"][0]["restartCount"] for pod in release.pods()}
    if after != dict.fromkeys(before, 0):
        raise Unexpected(f"the pods {sorted(before)} are now {after}")
    return f"helm test passed over TLS with a certificate and a key; both Secrets counted {seconds:.0f} s after they changed, no pod was restarted, one connection stayed open"
