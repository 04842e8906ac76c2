"""A gateway that starts while the API server is slow or away."""

from __future__ import annotations

import concurrent.futures
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from suite.kube import Unexpected, name_of, until
from suite.registry import check

from .cluster import DOMAIN, V1, Platform
from .own_gateway import gateway, without_rights

# the name that the API server's certificate has
API = "kubernetes.default.svc"


@dataclass
class Way:
    """A way to the API server through this machine, which can be shut: then connections are taken, and nothing comes through them."""

    target: tuple[str, int]
    port: int = 0
    is_open: threading.Event = field(default_factory=threading.Event)
    sockets: list[socket.socket] = field(default_factory=list)

    def shut(self) -> None:
        self.is_open.clear()
        for it in self.sockets:
            with contextlib.suppress(OSError):
                it.shutdown(socket.SHUT_RDWR)
        self.sockets.clear()

    def carry(self, client: socket.socket) -> None:
        self.is_open.wait()
        try:
            server = socket.create_connection(self.target, timeout=10)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        self.sockets += [client, server]
        for source, sink in ((client, server), (server, client)):
            threading.Thread(target=self.copy, args=(source, sink), daemon=True).start()

    @staticmethod
    def copy(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for it in (source, sink):
            with contextlib.suppress(OSError):
                it.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def way(platform: Platform) -> Iterator[Way]:
    server = platform.kube.kubectl("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}").stdout
    host, _, port = server.removeprefix("https://").rstrip("/").partition(":")
    found = Way((host, int(port or 443)))
    listener = socket.create_server((platform.host, 0))
    found.port = listener.getsockname()[1]

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=found.carry, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield found
    finally:
        listener.close()
        found.is_open.set()
        found.shut()


@check
def a_gateway_starts_without_the_api(platform: Platform) -> str:
    """A gateway whose API server does not answer holds what it has no route for, answers it once it can read, and goes on when the API is away again."""
    namespace = platform.namespace("platform-start")
    platform.kube.apply(platform.service(namespace, "iris"))
    platform.ready(namespace, "iris")
    body, host = {"instances": platform.known()["rows"]}, f"iris.{namespace}.{DOMAIN}"
    with way(platform) as api, contextlib.ExitStack() as stack:
        stack.callback(without_rights, platform, namespace)
        environment = [{"name": "KUBERNETES_SERVICE_HOST", "value": API}, {"name": "KUBERNETES_SERVICE_PORT", "value": str(api.port)}]
        aliases: dict[str, Any] = {"hostAliases": [{"ip": platform.host, "hostnames": [API]}]}
        pod = gateway(platform, namespace, {"env": environment}, aliases, wait=False)
        address = pod["status"]["podIP"]

        def ask(name: str = host) -> tuple[int, float]:
            begun = time.monotonic()
            while True:
                try:
                    status, _, _ = platform.ask(f"{address}:8080", name, V1.format(name=name.partition(".")[0]), body)
                    return status, time.monotonic() - begun
                except ConnectionRefusedError:
                    # its process has not begun
                    if time.monotonic() > begun + 30:
                        raise
                    time.sleep(0.05)

        with concurrent.futures.ThreadPoolExecutor(21) as clients:
            held = [clients.submit(ask) for _ in range(20)]
            strange = clients.submit(ask, f"nobody.{namespace}.{DOMAIN}")
            time.sleep(6)
            early = [it.result() for it in held if it.done()]
            if early:
                raise Unexpected(f"before it could read its routes it answered {early}")
            ready = [c for c in platform.kube.get("pod", name_of(pod), namespace=namespace)["status"]["conditions"] if c["type"] == "Ready"]
            if ready[0]["status"] == "True":
                raise Unexpected("it says that it is ready, and has read no route")
            begun = time.monotonic()
            api.is_open.set()
            answers = [it.result() for it in held]
            seconds = time.monotonic() - begun
        if {status for status, _ in answers} != {200} or strange.result()[0] != 404:
            raise Unexpected(f"those that were held got {answers}, an unknown host {strange.result()}")
        until("it is ready", lambda: platform.kube.kubectl("wait", "--for=condition=Ready", f"pod/{name_of(pod)}", "--timeout=30s", namespace=namespace), 30)
        api.shut()
        away = []
        end = time.monotonic() + 35
        while time.monotonic() < end:
            away.append(ask())
            time.sleep(0.2)
        api.is_open.set()
        platform.kube.apply(platform.service(namespace, "second"))
        platform.ready(namespace, "second")
        begun = time.monotonic()
        until("it learns of a new service", lambda: ask(f"second.{namespace}.{DOMAIN}")[0] != 404, 60, 0.2)
        again = time.monotonic() - begun
    if {status for status, _ in away} != {200}:
        raise Unexpected(f"while the API was away again it answered {[it for it in away if it[0] != 200][:5]}")
    return (
        f"20 requests held, answered {seconds:.1f} s after the API was; an unknown host 404; the API away again for 35 s: {len(away)} requests, 0 failed, "
        f"{max(it for _, it in away) * 1e3:.0f} ms at most; a new service known {again:.1f} s after it was ready"
    )
