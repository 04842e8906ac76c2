"""Several canaries by name, the hosts of tags, and clients that are kept at one version beside the warm pool."""

from __future__ import annotations

import json
import math
import time
from collections import Counter

from suite.kube import Unexpected, until
from suite.registry import check

from .changes import served
from .cluster import V1, Platform, lossless
from .rollouts import patch, to, traffic
from .stepped import Client, by_each

REQUESTS = 4_000


def canary(name: str, version: str, percent: int) -> dict:
    model = {"modelFormat": {"name": "sklearn"}, "storageUri": f"s3://models/iris/{version}"}
    return {"trafficPercent": percent, "predictor": {"name": name, "model": model}}


@check
def two_canaries(platform: Platform) -> str:
    """Two canaries of `spec.canary` get 10 and 20 % within binomial bounds; their shares change quickly, one is promoted, both go: no request fails."""
    namespace = served(platform, "canaries")
    manifest = platform.get(namespace, "iris")["spec"]
    with platform.load(namespace, "iris", rate=50) as report:
        platform.kube.kubectl("patch", "isvc", "iris", "--type=merge", "-p", json.dumps({"spec": {"canary": [canary("blue", "v2", 10), canary("green", "v3", 20)]}}), namespace=namespace)
        platform.ready(namespace, "iris")
        until("three revisions with shares", lambda: sorted(traffic(platform, namespace, "iris").values()) == [10, 20, 70], 60, 0.2)
        clients = [Client(platform, namespace, {}) for _ in range(8)]
        count: Counter[str] = sum(by_each(clients, lambda it: Counter(it.ask() for _ in range(REQUESTS // 8))), Counter())
        for version, share in (("v1", 0.7), ("v2", 0.1), ("v3", 0.2)):
            off = 4.5 * math.sqrt(REQUESTS * share * (1 - share))
            if abs(count[version] - REQUESTS * share) > off:
                raise Unexpected(f"of {REQUESTS} requests the versions answered {dict(count)}")
        for blue, green in ((20, 10), (50, 50), (0, 100), (1, 1), (30, 40)):
            patch(platform, namespace, "iris", json.dumps({"spec": {"canary": [canary("blue", "v2", blue), canary("green", "v3", green)]}}))
        until("the last shares", lambda: sorted(traffic(platform, namespace, "iris").values()) == [30, 30, 40], 30, 0.2)
        platform.ready(namespace, "iris")
        # what a canary has becomes the predictor, and the canaries go
        patch(platform, namespace, "iris", json.dumps({"spec": {"canary": None, "predictor": {"model": {"storageUri": "s3://models/iris/v3"}}}}))
        platform.ready(namespace, "iris")
        until("all requests at one revision", lambda: list(traffic(platform, namespace, "iris").values()) == [100], 30, 0.2)
        after = Counter(by_each([Client(platform, namespace, {}) for _ in range(50)], Client.ask))
        left = lambda: [it for it in platform.kube.items("pods", namespace=namespace) if "-blue-" in it["metadata"]["name"] or "-green-" in it["metadata"]["name"]]  # noqa: E731
        until("the canaries' pods gone", lambda: not left(), 60, 0.5)
    if after != {"v3": 50} or manifest["predictor"]["model"]["storageUri"].endswith("v3"):
        raise Unexpected(f"after the promotion answered {dict(after)}")
    return f"of {REQUESTS} requests {count['v2']} at 10 %, {count['v3']} at 20 %; then five pairs of shares, and one promoted; {lossless(report)}"


@check
def hosts_of_tags(platform: Platform) -> str:
    """`latest-…` and `prev-…` lead to one revision each whatever the shares are, in pods and in the warm pool; clients with a session stay where they are."""
    namespace = platform.namespace("platform-tags")
    service = platform.service(namespace, "iris", minReplicas=0)
    service["metadata"]["annotations"] = {"serving.kserve.io/enable-tag-routing": "true", "longshore.dev/sticky": "header=session", "autoscaling.knative.dev/window": "6s"}
    platform.kube.apply(service)
    platform.ready(namespace, "iris")
    patch(platform, namespace, "iris", to("v2", 20))
    platform.ready(namespace, "iris")
    parts = platform.get(namespace, "iris")["status"]["components"]["predictor"]["traffic"]
    urls = {part.get("tag"): part.get("url", "").removeprefix("http://") for part in parts}
    body = {"instances": platform.known()["rows"]}

    def of_tags() -> dict[str, str]:
        seen = {}
        for tag in ("latest", "prev"):
            status, answer, _ = platform.ask(platform.gateway_address, urls[tag], V1.format(name="iris"), body)
            found = [version for version, labels in platform.known()["answers"].items() if status == 200 and answer["predictions"] == labels]
            seen[tag] = found[0] if found else f"{status} {answer}"
        return seen

    wanted = {"latest": "v2", "prev": "v1"}
    if set(urls) != {"latest", "prev"} or of_tags() != wanted:
        raise Unexpected(f"the hosts of tags {urls} answer {of_tags() if set(urls) == {'latest', 'prev'} else ''}")
    clients = [Client(platform, namespace, {"session": f"user-{at}"}) for at in range(60)]
    awake = by_each(clients, Client.ask)
    platform.asleep(namespace, "iris", 120)
    begun = time.monotonic()
    if of_tags() != wanted:
        raise Unexpected(f"asleep, the hosts of tags answer {of_tags()}")
    woken = time.monotonic() - begun
    asleep = by_each(clients, Client.ask)
    moved = sum(a != b for a, b in zip(awake, asleep))
    if moved or set(awake) != {"v1", "v2"}:
        raise Unexpected(f"{moved} of {len(clients)} clients came to another version once it slept; they were at {Counter(awake)}")
    return f"{urls['latest']} and {urls['prev']} lead to v2 and v1, asleep too (both in {woken * 1e3:.0f} ms); {dict(Counter(awake))} clients with a session stayed there, awake and asleep"
