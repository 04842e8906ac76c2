"""Checks every pod of the renders against the Pod Security Standard `restricted`, and the check against pods that break each of its rules.

usage: podsecurity.py RENDERS
"""

import copy
import pathlib
import sys

import helm

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes",
}  # fmt: skip


def violations(spec):
    """The rules a pod breaks."""
    pod = spec.get("securityContext") or {}
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(key):
            yield key
    for volume in spec.get("volumes") or []:
        if set(volume) - {"name"} - VOLUMES:
            yield f"volume {volume['name']}"
    for sysctl in pod.get("sysctls") or []:
        if sysctl["name"] not in SYSCTLS:
            yield f"sysctl {sysctl['name']}"
    if (pod.get("windowsOptions") or {}).get("hostProcess"):
        yield "hostProcess"
    if pod.get("runAsUser") == 0:
        yield "root user"
    for container in [*(spec.get("initContainers") or []), *spec["containers"], *(spec.get("ephemeralContainers") or [])]:
        own = container.get("securityContext") or {}
        name = container["name"]
        if own.get("privileged"):
            yield f"{name}: privileged"
        if own.get("allowPrivilegeEscalation") is not False:
            yield f"{name}: privilege escalation"
        if own.get("runAsNonRoot", pod.get("runAsNonRoot")) is not True:
            yield f"{name}: may be root"
        if own.get("runAsUser") == 0:
            yield f"{name}: root user"
        if (own.get("seccompProfile") or pod.get("seccompProfile") or {}).get("type") not in ("RuntimeDefault", "Localhost"):
            yield f"{name}: seccomp"
        capabilities = own.get("capabilities") or {}
        if "ALL" not in (capabilities.get("drop") or []):
            yield f"{name}: capabilities not dropped"
        if set(capabilities.get("add") or []) - {"NET_BIND_SERVICE"}:
            yield f"{name}: capabilities added"
        if (own.get("procMount") or "Default") != "Default":
            yield f"{name}: procMount"
        if any(port.get("hostPort") for port in container.get("ports") or []):
            yield f"{name}: host port"
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if ((container.get(probe) or {}).get("httpGet") or {}).get("host"):
                yield f"{name}: host of a probe"


def hardened(spec):
    """What we ask beyond the standard."""
    if spec.get("automountServiceAccountToken") is not False:
        yield "token of the API mounted"
    for container in spec["containers"]:
        if (container.get("securityContext") or {}).get("readOnlyRootFilesystem") is not True:
            yield f"{container['name']}: root file system may be written"
        resources = container.get("resources") or {}
        for kind in ("requests", "limits"):
            if not {"cpu", "memory"} <= set(resources.get(kind) or {}):
                yield f"{container['name']}: {kind} of cpu and memory"
    for volume in spec.get("volumes") or []:
        if "emptyDir" in volume and not volume["emptyDir"].get("sizeLimit"):
            yield f"volume {volume['name']} without a limit"


def broken(spec):
    """Copies of a right pod, each breaking a rule."""

    def other(change):
        pod = copy.deepcopy(spec)
        change(pod, pod["containers"][0], pod["containers"][0]["securityContext"])
        return pod

    yield other(lambda pod, c, s: pod.update(hostNetwork=True))
    yield other(lambda pod, c, s: pod.update(volumes=[{"name": "x", "hostPath": {"path": "/"}}]))
    yield other(lambda pod, c, s: pod["securityContext"].update(sysctls=[{"name": "kernel.msgmax", "value": "1"}]))
    yield other(lambda pod, c, s: pod["securityContext"].update(windowsOptions={"hostProcess": True}))
    yield other(lambda pod, c, s: s.update(privileged=True))
    yield other(lambda pod, c, s: s.pop("allowPrivilegeEscalation"))
    yield other(lambda pod, c, s: s.update(runAsNonRoot=False))
    yield other(lambda pod, c, s: s.update(runAsUser=0))
    yield other(lambda pod, c, s: s.update(seccompProfile={"type": "Unconfined"}))
    yield other(lambda pod, c, s: s.update(capabilities={}))
    yield other(lambda pod, c, s: s["capabilities"].update(add=["SYS_ADMIN"]))
    yield other(lambda pod, c, s: s.update(procMount="Unmasked"))
    yield other(lambda pod, c, s: c.update(ports=[{"containerPort": 1, "hostPort": 1}]))
    yield other(lambda pod, c, s: c.update(livenessProbe={"httpGet": {"host": "example.org", "port": 1}}))


def main():
    """All pods of all renders."""
    found, count, sample = [], 0, None
    for file in sorted(pathlib.Path(sys.argv[1]).glob("*.yaml")):
        for document in helm.documents(file.read_text()):
            if document["kind"] == "Deployment":
                spec = document["spec"]["template"]["spec"]
            elif document["kind"] == "Pod":
                spec = document["spec"]
            else:
                continue
            count, sample = count + 1, spec
            name = f"{file.stem}: {document['kind']} {document['metadata']['name']}"
            found += [f"{name}: {problem}" for problem in (*violations(spec), *hardened(spec))]
    if found:
        sys.exit("\n".join(found))
    rules = list(broken(sample))
    for number, pod in enumerate(rules):
        if not list(violations(pod)):
            sys.exit(f"the check is blind: pod {number} that breaks a rule was admitted")
    print(f"{count} pods are restricted; {len(rules)} that break a rule are not")


main()
