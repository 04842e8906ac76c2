"""Stepped rollouts: through to 100 % by themselves, rolled back by themselves, and clients that are kept at one version."""

from __future__ import annotations

import concurrent.futures
import hashlib
import http.client
import itertools
import json
import math
import os
import pathlib
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from suite.kube import CACHE, Unexpected, until
from suite.registry import check

from .cluster import DOMAIN, V1, Platform, lossless
from .rollouts import patch, to, traffic

MISBEHAVING = pathlib.Path(__file__).parents[1] / "misbehaving"


def misbehaving(platform: Platform) -> str:
    """The name of an image with a predictor that answers as its flags say, which every node has."""
    source = MISBEHAVING / "main.go"
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:12]
    reference = f"longshore.test/misbehaving:{digest}"
    folder = CACHE / "cluster-images"
    folder.mkdir(parents=True, exist_ok=True)
    archive, program = folder / f"misbehaving-{digest}.tar", folder / f"misbehaving-{digest}"
    if not archive.exists():
        command = ["go", "build", "-trimpath", "-ldflags=-s -w", "-o", str(program), "."]
        made = subprocess.run(command, cwd=MISBEHAVING, env=os.environ | {"CGO_ENABLED": "0"}, capture_output=True, text=True)
        if made.returncode:
            raise Unexpected(f"`{source}` cannot be built: {made.stderr[-800:]}")
        platform.machines.pack(reference, archive, program)
    platform.machines.load(archive)
    return reference


def container(image: str, *flags: str) -> dict[str, Any]:
    context = {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    few = {"cpu": "50m", "memory": "64Mi"}
    return {
        "name": "kserve-container",
        "image": image,
        "args": list(flags),
        "securityContext": context,
        "resources": {"requests": few, "limits": few | {"cpu": "1"}},
        "ports": [{"containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1},
    }


def bad(platform: Platform, image: str, *flags: str) -> str:
    """A patch to a predictor that answers as the first version does, and misbehaves as `flags` say."""
    labels = ",".join(map(str, platform.known()["answers"]["v1"]))
    return json.dumps({"spec": {"predictor": {"model": None, "containers": [container(image, f"-labels={labels}", *flags)]}}})


def native(version: str) -> str:
    model = {"modelFormat": {"name": "sklearn"}, "storageUri": f"s3://models/iris/{version}"}
    return json.dumps({"spec": {"predictor": {"containers": None, "model": model}}})


def annotate(platform: Platform, namespace: str, **values: str | None) -> None:
    annotations = {f"longshore.dev/{key.replace('_', '-')}": value for key, value in values.items()}
    patch(platform, namespace, "iris", json.dumps({"metadata": {"annotations": annotations}}))


def progress(platform: Platform, namespace: str) -> dict[str, Any]:
    found = platform.get(namespace, "iris")
    latest = found["status"]["components"]["predictor"].get("latestCreatedRevision", "")
    conditions = [c for c in found["status"].get("conditions", []) if c["type"] == "RolloutProgressing"]
    # a condition tells of the revision that it names
    return next((c for c in conditions if latest and f"`{latest}`" in c.get("message", "")), {})


def change(platform: Platform, namespace: str, text: str) -> str:
    """Patches the service; gives the revision that comes of it."""
    before = platform.get(namespace, "iris")["status"]["components"]["predictor"]["latestCreatedRevision"]
    patch(platform, namespace, "iris", text)

    def latest() -> str | None:
        now = platform.get(namespace, "iris")["status"]["components"]["predictor"]["latestCreatedRevision"]
        return now if now != before else None

    return until("a new revision", latest, 30, 0.1)


def rolled_back(platform: Platform, namespace: str, text: str, seconds: float = 60) -> tuple[float, str, list[str]]:
    """Seconds from a bad version's first share of requests or copies to its rollback, the reason, and the stable revision."""
    revision, begun = change(platform, namespace, text), None
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        now = progress(platform, namespace)
        if now.get("reason") in ("Stepping", "WaitingForRequests") and begun is None:
            begun = time.monotonic()
        if now.get("reason") == "RolledBack":
            took = time.monotonic() - begun if begun else 0.0
            shares = until("the stable revision has all requests", lambda: whole(platform, namespace, revision), 20, 0.1)
            return took, now["message"].split("no requests: ", 1)[-1], shares
        if now.get("reason") == "Complete":
            raise Unexpected(f"a bad version got all requests: {now}")
        time.sleep(0.1)
    raise Unexpected(f"a bad version was not rolled back in {seconds:.0f} s: {progress(platform, namespace)}")


def whole(platform: Platform, namespace: str, not_this: str) -> list[str] | None:
    shares = [name for name, percent in traffic(platform, namespace, "iris").items() if percent == 100]
    return shares if shares and shares != [not_this] else None


@check
def a_stepped_rollout(platform: Platform) -> str:
    """Under load a version that disagrees is rolled back by copies alone, and one that agrees gets 5, 50 and 100 % by itself; no request fails or is answered otherwise."""
    namespace = platform.namespace("platform-stepped")
    platform.kube.apply(platform.service(namespace, "iris"))
    platform.ready(namespace, "iris")
    annotate(platform, namespace, rollout="0%,5%,50%,100% every 2s", rollout_gates="disagreement < 5%, errors < 1%, requests >= 20", shadow="100%")
    with platform.load(namespace, "iris", rate=200, expect="v1") as report:
        seconds, why, _ = rolled_back(platform, namespace, to("v2"))
        if "answered otherwise" not in why or not why.startswith("at 0%"):
            raise Unexpected(f"it was rolled back since {why}")
        # the same model in a new revision
        begun = time.monotonic()
        again = json.dumps({"spec": {"predictor": {"labels": {"version": "again"}, "model": {"storageUri": "s3://models/iris/v1"}}}})
        revision = change(platform, namespace, again)
        steps = []

        def complete() -> bool:
            # one reading for both, or the last step can come between them
            shares = traffic(platform, namespace, "iris")
            if revision in shares and shares[revision] not in steps:
                steps.append(shares[revision])
            return shares == {revision: 100}

        until("all requests at the new revision", complete, 60, 0.2)
        took = time.monotonic() - begun
    if [step for step in steps if step in (5, 50, 100)] != [5, 50, 100]:
        raise Unexpected(f"the steps were {steps}")
    return f"disagreeing: back after {seconds:.1f} s, {why}; agreeing: {steps} % in {took:.1f} s; {lossless(report)}"


@check
def bad_versions_are_rolled_back(platform: Platform) -> str:
    """A version that fails and one that is slow are rolled back by themselves: the seconds that took, and the requests it cost."""
    namespace = platform.namespace("platform-rollback")
    image = misbehaving(platform)
    platform.kube.apply(platform.service(namespace, "iris"))
    platform.ready(namespace, "iris")
    annotate(platform, namespace, rollout="10%,100% every 10s", rollout_gates="errors < 1%, p95 < 250ms, requests >= 50")
    told = []
    for name, flags in (("failing", ["-failing=2"]), ("slow", ["-delay=600ms"])):
        with platform.load(namespace, "iris", rate=200) as report:
            seconds, why, _ = rolled_back(platform, namespace, bad(platform, image, *flags))
        cost = report["failed"] if name == "failing" else int(why.split("%, ", 1)[-1].split(" ")[0])
        if cost > 0.1 * report["requests"]:
            raise Unexpected(f"{name}: {cost} of {report['requests']} requests were its cost: {why}")
        if name == "slow":
            lossless(report)
        told.append(f"{name}: back after {seconds:.1f} s, {cost} of {report['requests']} requests ({why.split(';')[0]})")
    return "; ".join(told)


@check
def a_transformer_rolls_out(platform: Platform) -> str:
    """Predictor and transformer of one manifest step by themselves to 100 %; a transformer that fails is rolled back and takes its predictor along."""
    namespace = platform.namespace("platform-transformer")
    image = misbehaving(platform)
    service = platform.service(namespace, "iris")
    service["spec"]["transformer"] = {"containers": [container(image)]}
    platform.kube.apply(service)
    platform.ready(namespace, "iris")
    annotate(platform, namespace, rollout="20%,50%,100% every 2s", rollout_gates="errors < 2%, requests >= 20")

    def of(component: str) -> dict[str, int]:
        parts = platform.get(namespace, "iris")["status"]["components"][component]["traffic"]
        return {part["revisionName"]: part["percent"] for part in parts}

    before = {component: list(of(component)) for component in ("predictor", "transformer")}
    with platform.load(namespace, "iris", rate=200) as report:
        both = {"predictor": {"model": {"storageUri": "s3://models/iris/v2"}}, "transformer": {"containers": [container(image, "-delay=1ms")]}}
        patch(platform, namespace, "iris", json.dumps({"spec": both}))

        def complete() -> bool:
            now = {component: of(component) for component in before}
            return all(len(shares) == 1 and list(shares) != before[component] for component, shares in now.items())

        until("all requests at both new revisions", complete, 90, 0.2)
        answered = platform.predict(namespace, "iris")[0]
    lossless(report)
    good = {component: list(of(component)) for component in before}
    with platform.load(namespace, "iris", rate=200) as costs:
        both = {"predictor": {"model": {"storageUri": "s3://models/iris/v3"}}, "transformer": {"containers": [container(image, "-failing=2")]}}
        patch(platform, namespace, "iris", json.dumps({"spec": both}))

        def back() -> str | None:
            conditions = platform.get(namespace, "iris")["status"]["conditions"]
            found = next(c for c in conditions if c["type"] == "RolloutProgressing")
            return found["message"] if found["reason"] == "RolledBack" else None

        message = until("both rolled back", back, 60, 0.2)
        until("the old ones have all requests", lambda: all(of(component).get(good[component][0]) == 100 for component in good), 20, 0.2)
    if answered != "v2" or "the new revision of the transformer was rolled back" not in message:
        raise Unexpected(f"`{answered}` answered, and then {message}")
    return f"both at 100 %: {lossless(report)}; a failing transformer cost {costs['failed']} of {costs['requests']} requests and took its predictor along"


class Client:
    """One client that keeps its connection and says who it is."""

    def __init__(self, platform: Platform, namespace: str, headers: dict[str, str]) -> None:
        self.platform, self.known = platform, platform.known()
        self.body = json.dumps({"instances": self.known["rows"]})
        self.headers = {"host": f"iris.{namespace}.{DOMAIN}", "content-type": "application/json"} | headers
        self.connection = http.client.HTTPConnection(platform.gateway_address, 80, timeout=30)

    def ask(self) -> str:
        self.connection.request("POST", V1.format(name="iris"), self.body, self.headers)
        reply = self.connection.getresponse()
        answer = json.loads(reply.read())
        for version, labels in self.known["answers"].items():
            if reply.status == 200 and answer.get("predictions") == labels:
                return version
        raise Unexpected(f"answered {reply.status} {str(answer)[:300]}")


def by_each(clients: list[Client], act: Callable[[Client], Any]) -> list[Any]:
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return list(pool.map(act, clients))


@check
def a_split_of_20_000_requests(platform: Platform) -> str:
    """10 % of 20,000 requests within binomial bounds."""
    namespace = platform.namespace("platform-split")
    platform.kube.apply(platform.service(namespace, "iris", minReplicas=2))
    platform.ready(namespace, "iris")
    patch(platform, namespace, "iris", to("v2", 10))
    platform.ready(namespace, "iris")
    requests, clients = 20_000, [Client(platform, namespace, {}) for _ in range(16)]
    count: Counter[str] = sum(by_each(clients, lambda it: Counter(it.ask() for _ in range(requests // 16))), Counter())
    low, high = (requests * 0.1 + sign * 4.5 * math.sqrt(requests * 0.1 * 0.9) for sign in (-1, 1))
    if not low <= count["v2"] <= high or set(count) != {"v1", "v2"}:
        raise Unexpected(f"of {requests} requests the versions answered {dict(count)}; {low:.0f} to {high:.0f} of v2 are within bounds")
    return f"{count['v2']} of {requests} at 10 % (bounds {low:.0f}–{high:.0f}), 0 failed"


@check
def shares_up_and_down_under_load(platform: Platform) -> str:
    """A canary goes 0, 10, 50, 100 % and back to 0 % by the manifest, under constant load: no request fails."""
    namespace = platform.namespace("platform-shares")
    platform.kube.apply(platform.service(namespace, "iris"))
    platform.ready(namespace, "iris")
    patch(platform, namespace, "iris", to("v2", 0))
    platform.ready(namespace, "iris")
    seen = []
    with platform.load(namespace, "iris", rate=200) as report:
        for percent in (0, 10, 50, 100, 50, 0):
            patch(platform, namespace, "iris", to("v2", percent))
            platform.ready(namespace, "iris")
            time.sleep(1)
            count = Counter(by_each([Client(platform, namespace, {}) for _ in range(8)], lambda it: [it.ask() for _ in range(25)].count("v2")))
            seen.append((percent, sum(share * times for share, times in count.items())))
    for percent, of_new in seen:
        if (percent in (0, 100) and of_new != 2 * percent) or abs(of_new / 2 - percent) > 25:
            raise Unexpected(f"shares and answers of 200 by the new version: {seen}")
    return f"new version's answers of 200: {', '.join(f'{percent} %: {count}' for percent, count in seen)}; {lossless(report)}"


@check
def clients_stay_at_one_version(platform: Platform) -> str:
    """Over a whole stepped rollout no client, known by a header or by a cookie, gets the old version after the new one."""
    namespace = platform.namespace("platform-sticky")
    platform.kube.apply(platform.service(namespace, "iris"))
    platform.ready(namespace, "iris")
    told = []
    for kind, version in (("header", "v2"), ("cookie", "v3")):
        before = platform.predict(namespace, "iris")[0]
        annotate(platform, namespace, sticky=f"{kind}=session", rollout="10%,50%,100% every 4s")
        named = lambda at: {"session": f"user-{at}"} if kind == "header" else {"cookie": f"a=1; session=user-{at}"}  # noqa: E731
        clients = [Client(platform, namespace, named(at)) for at in range(100)]
        revision = change(platform, namespace, native(version))
        answers: list[list[str]] = [[] for _ in clients]
        end = time.monotonic() + 60
        while time.monotonic() < end and not (answers[0] and traffic(platform, namespace, "iris") == {revision: 100}):
            for past, answer in zip(answers, by_each(clients, Client.ask)):
                past.append(answer)
        for past, answer in zip(answers, by_each(clients, Client.ask)):
            past.append(answer)
        wrong = [past for past in answers if list(dict.fromkeys(past)) != [key for key, _ in itertools.groupby(past)]]
        ends = {past[-1] for past in answers}
        if wrong or ends != {version} or any(past[0] not in (before, version) for past in answers):
            raise Unexpected(f"{kind}: {len(wrong)} clients went back, the last answers are {ends}; one of them: {wrong[:1]}")
        both = sum(len(set(past)) == 2 for past in answers)
        told.append(f"by {kind}: {sum(map(len, answers))} requests of {len(clients)} clients, {both} of them saw the change, 0 went back")
    return "; ".join(told)
