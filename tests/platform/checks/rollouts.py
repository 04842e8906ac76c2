"""New versions: blue-green, canaries, promotion, the way back, versions that cannot be served."""

from __future__ import annotations

import collections
import concurrent.futures
import math
import time

from suite.kube import Unexpected, until
from suite.registry import check

from .cluster import Platform, lossless

REQUESTS = 2_000


def patch(platform: Platform, namespace: str, name: str, text: str) -> None:
    platform.kube.kubectl("patch", "inferenceservice", name, "--type=merge", "-p", text, namespace=namespace)


def to(version: str, percent: int | None = None) -> str:
    """A patch to another version, with a share of the requests or all of them."""
    share = "null" if percent is None else str(percent)
    return f'{{"spec":{{"predictor":{{"canaryTrafficPercent":{share},"model":{{"storageUri":"s3://models/iris/{version}"}}}}}}}}'


def shares(platform: Platform, namespace: str, name: str, requests: int) -> collections.Counter[str]:
    """How many of many requests each version answered."""
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return collections.Counter(pool.map(lambda _: platform.predict(namespace, name)[0], range(requests)))


def traffic(platform: Platform, namespace: str, name: str) -> dict[str, int]:
    parts = platform.get(namespace, name)["status"]["components"]["predictor"]["traffic"]
    return {part["revisionName"]: part["percent"] for part in parts}


@check
def a_canary_and_both_ways_out(platform: Platform) -> str:
    """10 % within binomial bounds, back to 0, promoted to 100; no request fails and each is answered by one of two versions."""
    namespace = platform.namespace("platform-canary")
    platform.kube.apply(platform.service(namespace, "iris"))
    platform.ready(namespace, "iris")
    patch(platform, namespace, "iris", to("v2", 10))
    platform.ready(namespace, "iris")
    count = shares(platform, namespace, "iris", REQUESTS)
    low, high = (REQUESTS * 0.1 + sign * 4.5 * math.sqrt(REQUESTS * 0.1 * 0.9) for sign in (-1, 1))
    if not low <= count["v2"] <= high or set(count) != {"v1", "v2"}:
        raise Unexpected(f"of {REQUESTS} requests the versions answered {dict(count)}; {low:.0f} to {high:.0f} of v2 are within bounds")
    patch(platform, namespace, "iris", to("v2", 0))
    platform.ready(namespace, "iris")
    back = shares(platform, namespace, "iris", 200)
    patch(platform, namespace, "iris", to("v2"))
    platform.ready(namespace, "iris")
    whole = shares(platform, namespace, "iris", 200)
    if set(back) != {"v1"} or set(whole) != {"v2"}:
        raise Unexpected(f"at 0 % answered {dict(back)}, promoted {dict(whole)}")
    if sorted(traffic(platform, namespace, "iris").values()) != [100]:
        raise Unexpected(f"the traffic after promotion is {traffic(platform, namespace, 'iris')}")
    return f"{count['v2']} of {REQUESTS} at 10 % (bounds {low:.0f}–{high:.0f}), 0 of 200 at 0 %, 200 of 200 when promoted; 0 failed"


@check
def a_new_version_under_load(platform: Platform) -> str:
    """Two new versions and a way back by the manifest under constant load lose no request."""
    namespace = platform.namespace("platform-version")
    platform.kube.apply(platform.service(namespace, "iris", minReplicas=2))
    platform.ready(namespace, "iris")
    seconds = []
    with platform.load(namespace, "iris", rate=100) as report:
        for version in ("v2", "v3", "v1"):
            patch(platform, namespace, "iris", to(version))
            seconds.append(platform.ready(namespace, "iris"))
            answered = platform.predict(namespace, "iris")[0]
            if answered != version:
                raise Unexpected(f"`{version}` is ready and `{answered}` answers")
            time.sleep(3)
    return f"{lossless(report)}; new versions ready after {', '.join(f'{s:.1f}' for s in seconds)} s"


@check
def a_version_that_does_not_load(platform: Platform) -> str:
    """A file that is no model never gets a request: the old version answers, the status says why, a patch mends it."""
    namespace = platform.namespace("platform-broken")
    platform.kube.apply(platform.service(namespace, "iris"))
    platform.ready(namespace, "iris")
    with platform.load(namespace, "iris", rate=50, expect="v1") as report:
        begun = time.monotonic()
        patch(platform, namespace, "iris", to("broken"))

        def failed() -> dict | None:
            status = platform.get(namespace, "iris")["status"].get("modelStatus", {})
            return status if status.get("transitionStatus") == "BlockedByFailedLoad" else None

        status = until("the failure in the status", failed, 90)
        seconds = time.monotonic() - begun
        count = shares(platform, namespace, "iris", 100)
        patch(platform, namespace, "iris", to("v1"))
        platform.ready(namespace, "iris")
    if set(count) != {"v1"}:
        raise Unexpected(f"the versions answered {dict(count)}")
    failure = status.get("lastFailureInfo", {})
    if "model" not in failure.get("message", ""):
        raise Unexpected(f"the failure does not say why: {failure}")
    return f"named after {seconds:.1f} s: {failure['reason']}, {failure['message'][:120]!r}; {lossless(report)}"
