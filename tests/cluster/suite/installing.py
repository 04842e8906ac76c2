"""The golden values files on a bare cluster, and the time until they answer."""

from __future__ import annotations

import json
import statistics
import time
from typing import Any

from .context import Context, Release
from .golden import CHATBOT, CLASSIFICATION, RECRUITMENT, Golden
from .kube import Unexpected, is_ready, name_of, until
from .registry import alone, check


def first_answer(release: Release, *flags: str) -> float:
    """Seconds from the start of `helm install` to the first right answer through a NodePort."""
    urls = release.node_port()
    begun = time.monotonic()
    release.install(*flags, wait=False)
    until("the first answer", lambda: release.golden.ask(urls[0]), 60, pause=0.02)
    seconds = time.monotonic() - begun
    release.golden.right(urls[0])
    return seconds


def install(context: Context, golden: Golden) -> str:
    """Installs a golden file as it is and asks it in every way a user would."""
    namespace = context.namespace()
    release = context.release(golden, namespace)
    seconds = first_answer(release)
    release.complete()
    service = context.kube.get("service", release.name, namespace=namespace)["spec"]["ports"]
    ports = {port["name"]: port["port"] for port in service}
    if ports.get("http") != golden.service_port:
        raise Unexpected(f"the Service's ports are {ports}, not `http` on {golden.service_port}")
    client = context.client(namespace)
    urls = [release.url(), *(release.pod_url(pod) for pod in release.pods())]
    for url in urls:
        report = json.loads(context.smoke(namespace, client, url, "--json").stdout)
        if report["failed"] or not report["passed"]:
            raise Unexpected(f"`longshore smoke-test {url}` from another pod: {report}")
    command = ["exec", "-i", client, "--", "/usr/bin/longshore", "predict", f"example://{golden.model}", "--input", "-"]
    alone = json.loads(context.kube.kubectl(*command, namespace=namespace, stdin=golden.request.read_text()).stdout)
    if alone != golden.expected():
        raise Unexpected(f"`longshore predict` in the image answered {alone} and not {golden.expected()}")
    with release.forward(f"service/{release.name}", golden.service_port) as url:
        golden.right(url)
    begun = time.monotonic()
    context.kube.helm("test", release.NAME, "--timeout", "60s", namespace=namespace)
    return (
        f"`helm install` to the first answer {seconds:.1f} s, the Service's port {golden.service_port} and a NodePort answer as "
        f"`longshore predict` and the Python library; from another pod the Service and each of {len(urls) - 1} pods on "
        f"{golden.container_port} pass {report['passed']} checks; "
        f"helm test {time.monotonic() - begun:.1f} s"
    )


@alone
def install_classification(context: Context) -> str:
    """Golden values of S0: port 5000, from `helm install` to the first answer, `helm test`."""
    return install(context, CLASSIFICATION)


@alone
def install_recruitment_rank(context: Context) -> str:
    """Golden values of S1: 80 to 9696, from `helm install` to the first answer, `helm test`."""
    return install(context, RECRUITMENT)


@alone
def install_chatbot_intents(context: Context) -> str:
    """Golden values of S3's backend: port 8000, from `helm install` to the first answer, `helm test`."""
    return install(context, CHATBOT)


@check
def service_of_type_node_port(context: Context) -> str:
    """The chart's own Service as a NodePort answers on every node."""
    release = context.release(RECRUITMENT, context.namespace()).install("--set", "service.type=NodePort")
    port = context.kube.get("service", release.name, namespace=release.namespace)["spec"]["ports"][0]["nodePort"]
    nodes = [name_of(node) for node in context.kube.items("nodes") if is_ready(node)]
    for node in nodes:
        url = f"http://{context.node_address(node)}:{port}"
        until(f"an answer of {node}", lambda url=url: RECRUITMENT.right(url), 15)
    return f"port {port} on {len(nodes)} nodes"


@check
def pods_spread_over_zones_and_hosts(context: Context) -> str:
    """Replicas stand in as many zones and on as many hosts as there are."""
    nodes = {name_of(n): n["metadata"]["labels"].get("topology.kubernetes.io/zone") for n in context.kube.items("nodes") if is_ready(n)}
    workers = 4
    flags = ["--set", f"autoscaling.minReplicas={workers}"]
    release = context.release(CLASSIFICATION, context.namespace()).install(*flags)
    until("all replicas", lambda: len(context.kube.ready_pods(release.namespace, release.name)) == workers)
    hosts = [pod["spec"]["nodeName"] for pod in release.pods()]
    zones = [nodes[host] for host in hosts]
    for what, places, available in (("zones", zones, set(nodes.values())), ("hosts", hosts, set(nodes))):
        counts = [places.count(place) for place in available]
        if max(counts) - min(counts) > 1:
            raise Unexpected(f"{workers} pods over the {what} {sorted(map(str, available))}: {counts}")
    return f"{workers} pods in {len(set(zones))} zones on {len(set(hosts))} hosts"


def start_to_ready(context: Context, pod: dict[str, Any]) -> float:
    """Seconds from the creation of a pod until the API says it is ready, seen by a watch."""
    namespace, name = pod["metadata"]["namespace"], name_of(pod)
    watch = context.kube.popen("get", "pods", "--watch", "-o", "json", "--field-selector", f"metadata.name={name}", namespace=namespace)
    try:
        time.sleep(0.5)
        begun = time.monotonic()
        context.kube.apply(pod)
        decoder, text = json.JSONDecoder(), ""
        assert watch.stdout
        for line in watch.stdout:
            text += line
            if line.rstrip() == "}":
                if is_ready(decoder.decode(text)):
                    return time.monotonic() - begun
                text = ""
            if time.monotonic() - begun > 60:
                break
        raise Unexpected(f"pod {name} did not become ready")
    finally:
        watch.terminate()
        watch.wait()
        context.kube.kubectl("delete", "pod", name, "--wait=false", namespace=namespace)


PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


@alone
def pod_start_to_ready(context: Context) -> str:
    """A pod is ready at most 1 s after one without probes, which is the kubelet's own time; a startup probe may cost its period more."""
    rounds = 7
    release = context.release(RECRUITMENT, context.namespace()).install()
    template = context.kube.get("deployment", release.name, namespace=release.namespace)["spec"]["template"]
    period = template["spec"]["containers"][0]["startupProbe"]["periodSeconds"]
    # The kubelet asks readiness as soon as a container runs, but startup only at the next tick of the probe's period.
    times: dict[str, list[float]] = {"all": [], "no-startup": [], "none": []}
    left_out = {"all": (), "no-startup": PROBES[:1], "none": PROBES}
    for number in range(rounds):
        for kind, seconds in times.items():
            spec = json.loads(json.dumps(template["spec"])) | {"terminationGracePeriodSeconds": 1}
            for container in spec["containers"]:
                for key in ("lifecycle", *left_out[kind]):
                    container.pop(key, None)
            name = f"start-{kind}-{number}"
            meta = {"name": name, "namespace": release.namespace, "labels": {"app": name}}
            seconds.append(start_to_ready(context, {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}))
    every, quick, bare = (statistics.median(seconds) for seconds in times.values())
    figures = (
        f"created to ready, median of {rounds}: {bare:.2f} s without probes (the kubelet's own), {quick - bare:+.2f} s with liveness and readiness,"
        f" {every - bare:+.2f} s with a startup probe of {period} s as well"
    )
    if quick - bare > 1 or every - bare > 1 + period:
        raise Unexpected(f"{figures}; all: {times}")
    return f"{figures}; slowest {max(times['all']):.2f} s"
