"""kubectl and helm as processes with JSON between us, and waiting for what they show."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from typing import Any

CACHE = pathlib.Path(os.environ.get("LONGSHORE_CACHE") or pathlib.Path.home() / ".cache/longshore")
TOOLS = [
    CACHE / "tools/bin",
    pathlib.Path(os.environ.get("LONGSHORE_CLUSTER_CACHE") or pathlib.Path.home() / ".cache/longshore-cluster") / "bin",
]


class Unexpected(Exception):
    """What was seen instead of what must be."""


class Skip(Exception):
    """Why a check cannot be made on this cluster."""


def tool(name: str) -> str:
    """The path of a program: on PATH, else in the caches that the repository's tools are installed to."""
    found = shutil.which(name) or next((str(folder / name) for folder in TOOLS if (folder / name).exists()), None)
    if not found:
        raise Unexpected(f"`{name}` is missing: put it on PATH (`.ci/tools` installs helm, a cluster brings kubectl)")
    return found


def until(what: str, probe: Callable[[], Any], seconds: float = 60, pause: float = 0.2) -> Any:
    """Polls `probe` until it gives something true; the failure says what it gave last."""
    end, last = time.monotonic() + seconds, None
    while True:
        try:
            if last := probe():
                return last
        except (Unexpected, OSError, KeyError) as error:
            last = error
        if time.monotonic() > end:
            raise Unexpected(f"not within {seconds:g} s: {what} (last seen: {str(last)[:600]})")
        time.sleep(pause)


class Kube:
    """One cluster, by its kubeconfig."""

    def __init__(self, kubeconfig: pathlib.Path) -> None:
        self.kubeconfig = kubeconfig
        self.kubectl_path, self.helm_path = tool("kubectl"), tool("helm")
        self.env = os.environ | {"KUBECONFIG": str(kubeconfig)}

    def process(self, command: list[str], check: bool, stdin: str | None, timeout: float) -> subprocess.CompletedProcess:
        try:
            done = subprocess.run(command, input=stdin, text=True, capture_output=True, env=self.env, timeout=timeout)
        except subprocess.TimeoutExpired as error:
            raise Unexpected(f"`{' '.join(command[:8])}` did not end within {timeout:g} s") from error
        if check and done.returncode:
            said = done.stderr.strip() or done.stdout.strip()
            raise Unexpected(f"`{' '.join(command[1:12])}` ended with {done.returncode}: {said[-1500:]}")
        return done

    def kubectl(
        self, *args: str, namespace: str | None = None, check: bool = True, stdin: str | None = None, timeout: float = 180
    ) -> subprocess.CompletedProcess:
        where = ["--namespace", namespace] if namespace else []
        return self.process([self.kubectl_path, *where, *map(str, args)], check, stdin, timeout)

    def helm(self, *args: str, namespace: str, check: bool = True, timeout: float = 180) -> subprocess.CompletedProcess:
        return self.process([self.helm_path, *map(str, args), "--namespace", namespace], check, None, timeout)

    def popen(self, *args: str, namespace: str) -> subprocess.Popen:
        """kubectl in the background, its output as lines."""
        command = [self.kubectl_path, "--namespace", namespace, *args]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self.env)

    def get(self, *what: str, namespace: str | None = None) -> dict[str, Any]:
        return json.loads(self.kubectl("get", *what, "-o", "json", namespace=namespace).stdout)

    def items(self, *what: str, namespace: str | None = None) -> list[dict[str, Any]]:
        return self.get(*what, namespace=namespace)["items"]

    def raw(self, path: str) -> str:
        return self.kubectl("get", "--raw", path).stdout

    def apply(self, *objects: dict[str, Any], check: bool = True) -> subprocess.CompletedProcess:
        """Applies objects, which name their namespace themselves."""
        bundle = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        return self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=bundle, check=check)

    def pods(self, namespace: str, selector: str) -> list[dict[str, Any]]:
        """The pods that are not on their way out."""
        found = self.items("pods", "-l", selector, namespace=namespace)
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def endpoints(self, namespace: str, service: str) -> list[dict[str, Any]]:
        """All endpoints of a Service, whatever their conditions."""
        slices = self.items("endpointslices", "-l", f"kubernetes.io/service-name={service}", namespace=namespace)
        return [endpoint for part in slices for endpoint in part.get("endpoints") or []]

    def ready_pods(self, namespace: str, service: str) -> set[str]:
        return {e["targetRef"]["name"] for e in self.endpoints(namespace, service) if e["conditions"].get("ready")}


def is_ready(pod: dict[str, Any]) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))


def name_of(thing: dict[str, Any]) -> str:
    return thing["metadata"]["name"]


def names(things: Iterable[dict[str, Any]]) -> set[str]:
    return {name_of(thing) for thing in things}
