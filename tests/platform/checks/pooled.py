"""Models that sleep are answered by the warm pool of their namespace, however many there are."""

from __future__ import annotations

import http.client
import json
import math
import pathlib
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from suite.kube import Unexpected, is_ready, name_of, until
from suite.registry import check

from .cluster import DOMAIN, V1, Platform, condition, lossless
from .rollouts import patch, to

POOL = "longshore.dev/pool=true"
OFF = {"longshore.dev/warm-pool": "false"}
VERSIONS = ("v1", "v2", "v3")
LIST = "/apis/serving.kserve.io/v1beta1/namespaces/{}/inferenceservices"


def sleeper(platform: Platform, namespace: str, name: str, version: str = "v1", **predictor: Any) -> dict[str, Any]:
    service = platform.service(namespace, name, version, minReplicas=0, maxReplicas=2, **predictor)
    service["metadata"]["annotations"] = {"autoscaling.knative.dev/window": "6s", "autoscaling.knative.dev/scale-to-zero-pod-retention-period": "0s"}
    return service


def pool_pods(platform: Platform, namespace: str) -> list[dict[str, Any]]:
    return [pod for pod in platform.kube.pods(namespace, POOL) if is_ready(pod)]


def many(platform: Platform, namespace: str, count: int) -> tuple[dict[str, str], float]:
    """Applies so many models that sleep, all at once, and waits until each is ready; gives their versions, and the seconds that took."""
    versions = {f"iris-{at:05}": VERSIONS[at % len(VERSIONS)] for at in range(count)}
    begun = time.monotonic()
    services = [sleeper(platform, namespace, name, version) for name, version in versions.items()]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda at: platform.kube.apply(*services[at : at + 100]), range(0, count, 100)))

    def ready() -> bool:
        found = json.loads(platform.kube.raw(LIST.format(namespace)))["items"]
        if unready := [name_of(it) for it in found if condition(it, "Ready") != "True"]:
            raise Unexpected(f"{len(unready)} of them are not, such as `{unready[0]}`")
        return len(found) == count

    until(f"{count} models ready", ready, 60 + count / 10, max(0.2, count / 2000))
    return versions, time.monotonic() - begun


def ask_each(platform: Platform, namespace: str, versions: dict[str, str]) -> list[float]:
    """Asks each model once, over a connection of its own; gives the milliseconds of each answer, which must be that of its version."""
    known = platform.known()
    body = json.dumps({"instances": known["rows"]})
    took = []
    for name, version in versions.items():
        begun = time.monotonic()
        connection = http.client.HTTPConnection(platform.gateway_address, 80, timeout=60)
        connection.request("POST", V1.format(name=name), body, {"host": f"{name}.{namespace}.{DOMAIN}", "content-type": "application/json"})
        reply = connection.getresponse()
        answer = reply.read()
        took.append((time.monotonic() - begun) * 1e3)
        connection.close()
        if reply.status != 200 or json.loads(answer)["predictions"] != known["answers"][version]:
            raise Unexpected(f"`{name}` answered {reply.status} {answer[:300]!r}; `{version}` says {known['answers'][version]}")
    return took


def quantile(took: list[float], share: float) -> float:
    """By the nearest rank: of 100 answers, one may be later than the 99th percentile."""
    return sorted(took)[max(0, math.ceil(share * len(took)) - 1)]


def figures(took: list[float]) -> str:
    return f"p50 {quantile(took, 0.5):.1f} ms, p99 {quantile(took, 0.99):.1f} ms"


def within(what: str, took: list[float], p50: float, p99: float) -> None:
    if quantile(took, 0.5) > p50 or quantile(took, 0.99) > p99:
        raise Unexpected(f"{what}: {figures(took)}; {p50:g} and {p99:g} ms are wanted")


def none_woke(platform: Platform, namespace: str) -> None:
    if woken := platform.kube.pods(namespace, "serving.kserve.io/inferenceservice"):
        raise Unexpected(f"replicas of their own run: {sorted(map(name_of, woken))[:5]}")


@check
def asleep_and_answered_by_the_pool(platform: Platform) -> str:
    """100 models sleep and share one pod: the first answer of each, one more, and the first of a pool that has just started."""
    namespace = platform.namespace("platform-pooled")
    versions, seconds = many(platform, namespace, 100)
    first = ask_each(platform, namespace, versions)
    again = ask_each(platform, namespace, versions)
    [pod] = pool_pods(platform, namespace)
    platform.kube.kubectl("delete", "pod", name_of(pod), "--wait=false", namespace=namespace)
    until("another pod of the pool", lambda: [p for p in pool_pods(platform, namespace) if name_of(p) != name_of(pod)], 60)
    cold = ask_each(platform, namespace, versions)
    none_woke(platform, namespace)
    within("first answers", first, 20, 100)
    within("further answers", again, 20, 100)
    return (
        f"ready after {seconds:.1f} s; first answers {figures(first)}, further ones {figures(again)}, "
        f"those of a new pool that fetches each from S3 {figures(cold)} (n=100 each; Knative wakes a pod: 1240 ms p50)"
    )


@check
def from_the_pool_to_a_replica_and_back(platform: Platform) -> str:
    """Load that lasts starts a replica of its own and moves there; when it is over the pool answers again. No request is lost."""
    namespace = platform.namespace("platform-moving")
    platform.kube.apply(sleeper(platform, namespace, "iris"))
    platform.ready(namespace, "iris")
    with platform.load(namespace, "iris", rate=50, expect="v1") as report:
        begun = time.monotonic()
        until("a replica of its own", lambda: [p for p in platform.kube.pods(namespace, "serving.kserve.io/inferenceservice=iris") if is_ready(p)], 40)
        seconds = time.monotonic() - begun
        time.sleep(2)
    begun = time.monotonic()
    platform.asleep(namespace, "iris", 60)
    asleep = time.monotonic() - begun
    took = [platform.predict(namespace, "iris")[1] * 1e3 for _ in range(20)]
    none_woke(platform, namespace)
    within("answers after that", took, 20, 100)
    return f"its own replica is ready after {seconds:.1f} s of load, gone {asleep:.1f} s after it; {lossless(report)}; then the pool: {figures(took)}"


@check
def the_pool_ends_under_load(platform: Platform) -> str:
    """The pool's only pod is deleted while many sleeping models are asked: no request is lost."""
    namespace = platform.namespace("platform-pool-ends")
    versions, _ = many(platform, namespace, 10)
    asked, failed = 0, []
    [pod] = pool_pods(platform, namespace)

    def ask(name: str) -> None:
        nonlocal asked
        for _ in range(25):
            try:
                seen, _ = platform.predict(namespace, name)
                if seen != versions[name]:
                    failed.append(f"`{name}` was answered by {seen}")
            except (Unexpected, OSError) as error:
                failed.append(str(error)[:300])
            asked += 1
            time.sleep(0.2)

    with ThreadPoolExecutor(len(versions)) as pool:
        done = [pool.submit(ask, name) for name in versions]
        time.sleep(1)
        platform.kube.kubectl("delete", "pod", name_of(pod), "--wait=false", namespace=namespace)
        for it in done:
            it.result()
    if failed:
        raise Unexpected(f"{len(failed)} of {asked} requests failed: {failed[:3]}")
    return f"{asked} requests, 0 failed"


@check
def versions_at_the_pool(platform: Platform) -> str:
    """A sleeping model that does not load says why, as its own pod would; the next version is answered for as soon as it is ready."""
    namespace = platform.namespace("platform-pool-versions")
    platform.kube.apply(sleeper(platform, namespace, "iris", "broken"), sleeper(platform, namespace, "other", "v3"))

    def failed() -> dict[str, Any] | None:
        status = platform.get(namespace, "iris").get("status", {}).get("modelStatus", {})
        return status.get("lastFailureInfo") if status.get("transitionStatus") == "BlockedByFailedLoad" else None

    failure = until("the failure in the status", failed, 60)
    if failure["reason"] != "ModelLoadFailed" or "pickle" not in failure["message"]:
        raise Unexpected(f"the failure does not say why: {failure}")
    seconds = []
    for version in ("v1", "v2"):
        patch(platform, namespace, "iris", to(version))
        seconds.append(platform.ready(namespace, "iris"))
        seen = {platform.predict(namespace, "iris")[0] for _ in range(20)}
        if seen != {version}:
            raise Unexpected(f"`{version}` is ready and {seen} answer")
    if platform.predict(namespace, "other")[0] != "v3":
        raise Unexpected("a neighbour answers otherwise")
    none_woke(platform, namespace)
    return f"{failure['reason']}, {failure['message'][:120]!r}; new versions ready after {', '.join(f'{s:.1f}' for s in seconds)} s"


@check
def who_has_a_pool(platform: Platform) -> str:
    """One pool a namespace, with its default account's credentials alone; none for other accounts and where it is switched off; gone with its last model."""
    one, two, off = (platform.namespace(f"platform-{name}") for name in ("pool-one", "pool-two", "pool-off"))
    platform.kube.kubectl("annotate", "namespace", off, "longshore.dev/warm-pool=false", "--overwrite")
    platform.kube.kubectl("create", "serviceaccount", "own", namespace=two)
    platform.kube.apply(
        sleeper(platform, one, "iris"),
        sleeper(platform, two, "own", serviceAccountName="own"),
        sleeper(platform, off, "iris"),
        sleeper(platform, two, "shy") | {"metadata": {"name": "shy", "namespace": two, "annotations": OFF}},
    )
    platform.ready(one, "iris")
    for namespace, name in ((two, "shy"), (off, "iris")):
        platform.ready(namespace, name)
        until(f"a replica of `{namespace}/{name}`", lambda at=(namespace, name): platform.replicas(*at) > 0, 10)
    until("a replica of `own`", lambda: platform.replicas(two, "own") > 0, 30)
    if strangers := [name_of(p) for n in (two, off) for p in platform.kube.pods(n, POOL)]:
        raise Unexpected(f"pools where none may be: {strangers}")
    [pod] = pool_pods(platform, one)
    [container] = pod["spec"]["containers"]
    secrets = {it["valueFrom"]["secretKeyRef"]["name"] for it in container["env"] if "valueFrom" in it}
    if secrets != {"bucket"} or pod["spec"]["automountServiceAccountToken"]:
        raise Unexpected(f"the pool reads {secrets}; token: {pod['spec']['automountServiceAccountToken']}")
    platform.kube.kubectl("delete", "inferenceservice", "iris", namespace=one)
    what = "deployments,services,networkpolicies"
    until("the pool is gone", lambda: "longshore-pool" not in platform.kube.kubectl("get", what, "-o", "name", namespace=one).stdout, 30)
    platform.kube.apply(sleeper(platform, one, "again"))
    seconds = platform.ready(one, "again")
    return f"one namespace has a pool, two have none; made again {seconds:.1f} s after the next model"


def memory(pod: dict[str, Any]) -> float | None:
    """Megabytes (PSS) of a pod's processes, where its machine is this one."""
    uid, total = pod["metadata"]["uid"], 0
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if uid in (process / "cgroup").read_text() and b"longshore" in (process / "cmdline").read_bytes():
                [line] = [it for it in (process / "smaps_rollup").read_text().splitlines() if it.startswith("Pss:")]
                total += int(line.split()[1])
        except OSError:
            continue
    return total / 1024 if total else None


def shown(pods: list[dict[str, Any]]) -> str:
    sizes = [size for pod in pods if (size := memory(pod))]
    return ", ".join(f"{size:.0f} MB" for size in sizes) or "not to be seen from here"


def at_once(platform: Platform, count: int) -> str:
    namespace = platform.namespace("platform-pool-many")
    versions, seconds = many(platform, namespace, count)
    took = ask_each(platform, namespace, versions)
    again = ask_each(platform, namespace, versions)
    pods = pool_pods(platform, namespace)
    none_woke(platform, namespace)
    roles = {role: platform.pods_of(role) for role in ("operator", "gateway")}
    within("answers", took, 20, 100)
    if len(pods) != 1 or (memory(pods[0]) or 0) > 2048 or any((memory(pod) or 0) > 100 * max(1, count / 1000) for pod in roles["operator"]):
        raise Unexpected(f"memory: {len(pods)} pods of the pool {shown(pods)}, operators {shown(roles['operator'])}")
    return (
        f"{count} models ready after {seconds:.1f} s; first answers {figures(took)}, further ones {figures(again)}; "
        f"memory: the pool {shown(pods)}, operators {shown(roles['operator'])}, gateways {shown(roles['gateway'])}"
    )


@check
def a_thousand_models_at_once(platform: Platform) -> str:
    """1,000 InferenceServices applied at once share a pool: ready within a minute, the operator within 100 MB."""
    return at_once(platform, 1000)


@check
def ten_thousand_models_in_one_pool(platform: Platform) -> str:
    """10,000 models sleep in one namespace: one pod of the pool answers for any of them. Takes many minutes: for a run by hand."""
    return at_once(platform, 10_000)
