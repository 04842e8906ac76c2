"""Alerts and dashboards: every query parses and names only metrics that exist; every alert is tested, firing and not, and has its runbook.

usage: rules.py
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

import helm
import yaml

ALERTS = helm.ROOT / "deploy/alerts"
SETS = [(ALERTS / f"{name}.rules.yaml", ALERTS / f"{name}.test.yaml") for name in ("model", "platform")]
DASHBOARDS = [helm.CHART / "dashboards", helm.PLATFORM / "dashboards"]
# what alerts may use beside the program's own metrics, and who exports it
FOREIGN = {
    "kube_deployment_spec_replicas": "kube-state-metrics",
    "kube_deployment_status_replicas_ready": "kube-state-metrics",
    "kube_horizontalpodautoscaler_spec_max_replicas": "kube-state-metrics",
    "kube_horizontalpodautoscaler_status_current_replicas": "kube-state-metrics",
    "kube_pod_container_resource_limits": "kube-state-metrics",
    "kube_pod_container_status_restarts_total": "kube-state-metrics",
    "certmanager_certificate_expiration_timestamp_seconds": "cert-manager",
    "probe_ssl_earliest_cert_expiry": "blackbox exporter",
}
WORDS = {"and", "bool", "offset", "or", "unless"}
LABELS = {"namespace", "job", "pod", "instance", "service", "container", "le"}


def exported():
    """The program's metrics and their labels, from the reference a test of the program keeps true."""
    found = {}
    for line in (helm.ROOT / "docs/reference/metrics.md").read_text().splitlines():
        row = re.match(r"\| `(\w+)` \| (\w+) \| ([^|]*)\|", line)
        if row:
            labels = set(re.findall(r"`(\w+)`", row[3]))
            names = [row[1]] if row[2] != "histogram" else [row[1] + end for end in ("_bucket", "_sum", "_count")]
            found |= {name: labels for name in names}
    return found


# labels of what the roles of the platform count of an InferenceService, and of themselves
ROLES = {"namespace", "service", "component", "revision", "protocol", "code", "reason", "kind"}


def of_the_roles():
    """Metrics of the operator and the gateway, by the names that their code registers."""
    found = {}
    for crate in ("gateway", "operator"):
        for file in (helm.ROOT / "crates" / crate / "src").rglob("*.rs"):
            for name in re.findall(r'"(longshore_(?:gateway|operator|autoscaler)_[a-z_]+)"', file.read_text()):
                # which of them are counters or histograms, the code says by types that are not read here
                found |= {name + end: ROLES for end in ("", "_total", "_bucket", "_sum", "_count")}
    return found


def names(query):
    """Metrics of a query with the labels selected, and labels grouped by."""
    text = re.sub(r'"(\\.|[^"\\])*"', '""', query)
    groups = re.findall(r"\b(?:by|on|without|ignoring|group_left|group_right)\s*\(([^)]*)\)", text)
    grouped = set(re.findall(r"\w+", " ".join(groups)))
    text = re.sub(r"\b(by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)", " ", text)
    metrics = []
    for name, selector in re.findall(r"([a-zA-Z_:][\w:]*)(?![\w:])(?!\s*\()\s*(\{[^}]*\})?", re.sub(r"\[[^\]]*\]", "", text)):
        if name not in WORDS:
            metrics.append((name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector or ""))))
    return metrics, grouped


def check(query, place, known, foreign, problems):
    """One query against the metrics that exist."""
    metrics, grouped = names(query)
    if not metrics:
        problems.append(f"{place}: no metric in {query}")
    labels = set(LABELS)
    for name, selected in metrics:
        if name in known:
            labels |= known[name]
            for label in sorted(selected - known[name] - LABELS):
                problems.append(f"{place}: {name} has no label `{label}`")
        elif name in foreign:
            labels |= {"deployment", "horizontalpodautoscaler", "resource", "name"}
        else:
            problems.append(f"{place}: the program does not export `{name}` (docs/reference/metrics.md)")
    for label in sorted(grouped - labels):
        problems.append(f"{place}: grouped by `{label}`, which none of its metrics has")


def panels(dashboard):
    """All panels, those in rows as well."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def dashboards(known, problems):
    """Checks the dashboards; gives their queries as recording rules."""
    queries, uids = [], set()
    for file in sorted(file for folder in DASHBOARDS for file in folder.glob("*.json")):
        dashboard = json.loads(file.read_text())
        name = file.stem
        if dashboard["uid"] in uids or dashboard.get("id"):
            problems.append(f"{name}: uid used twice, or a number of one Grafana")
        uids.add(dashboard["uid"])
        variables = {variable["name"] for variable in dashboard["templating"]["list"]}
        numbers = [panel["id"] for panel in panels(dashboard)]
        if len(numbers) != len(set(numbers)):
            problems.append(f"{name}: panels with the same number")
        places = [panel["gridPos"] for panel in panels(dashboard)]
        for at, one in enumerate(places):
            if one["x"] + one["w"] > 24:
                problems.append(f"{name}: a panel is wider than the page")
            for two in places[at + 1 :]:
                apart = one["x"] + one["w"] <= two["x"] or two["x"] + two["w"] <= one["x"]
                if not (apart or one["y"] + one["h"] <= two["y"] or two["y"] + two["h"] <= one["y"]):
                    problems.append(f"{name}: panels lie on each other at {two}")
        for panel in panels(dashboard):
            if panel["type"] == "row":
                continue
            place = f"{name}: {panel['title']}"
            if panel["datasource"].get("uid") != "${datasource}" or not panel.get("description") or not panel["targets"]:
                problems.append(f"{place}: no data source by variable, no description or no query")
            if panel["type"] != "table" and "unit" not in panel["fieldConfig"]["defaults"]:
                problems.append(f"{place}: no unit")
            for target in panel["targets"]:
                query = target["expr"]
                for variable in re.findall(r"\$(\w+)", query):
                    if variable not in variables | {"__rate_interval"}:
                        problems.append(f"{place}: there is no variable `{variable}`")
                query = re.sub(r"\$\w+", "x", query.replace("$__rate_interval", "5m"))
                check(query, place, known, {}, problems)
                queries.append({"record": f"panel:{name}:{len(queries)}", "expr": query})
        for variable in dashboard["templating"]["list"]:
            source = re.match(r"label_values\((.*), (\w+)\)$", variable.get("definition", ""))
            if source:
                check(re.sub(r"\$\w+", "x", source[1]), f"{name}: variable {variable['name']}", known, {}, problems)
    for link in sorted((helm.ROOT / "deploy/grafana").glob("*.json")):
        if not link.is_symlink() or not link.exists():
            problems.append(f"{link}: wants to be a link to a chart's dashboard")
    if len(uids) != 6:
        problems.append(f"six dashboards are wanted, there are {len(uids)}")
    return queries


def promtool(*arguments):
    """Runs promtool; fails with what it says."""
    done = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"promtool {' '.join(map(str, arguments))}: {done.stdout}{done.stderr}")
    return done.stdout


def alerts(rules_file, tests_file, known, problems):
    """Checks the alerts of a file; gives how many there are."""
    rules = [rule for group in yaml.safe_load(rules_file.read_text())["groups"] for rule in group["rules"]]
    anchors = {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")
               for heading in re.findall(r"(?m)^#+ (.*)$", (helm.ROOT / "docs/troubleshooting.md").read_text())}  # fmt: skip
    fires, quiet = set(), set()
    for test in yaml.safe_load(tests_file.read_text())["tests"]:
        for case in test["alert_rule_test"]:
            (fires if case.get("exp_alerts") else quiet).add(case["alertname"])
    for rule in rules:
        name = rule["alert"]
        check(rule["expr"], name, known, FOREIGN, problems)
        if rule["labels"].get("severity") not in ("critical", "warning"):
            problems.append(f"{name}: severity is neither critical nor warning")
        for note in ("summary", "description", "runbook_url"):
            if not rule["annotations"].get(note):
                problems.append(f"{name}: no {note}")
        path, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        if not (helm.ROOT / path).is_file() or anchor not in anchors:
            problems.append(f"{name}: there is no {path}#{anchor}")
        for kind, where in (("that it fires", fires), ("that it does not fire", quiet)):
            if name not in where:
                problems.append(f"{name}: no test of {kind} in {tests_file.name}")
    for name in sorted((fires | quiet) - {rule["alert"] for rule in rules}):
        problems.append(f"{tests_file.name} tests `{name}`, which is not there")
    return len(rules), len(fires | quiet)


def main():
    """Everything."""
    known, problems = exported() | of_the_roles(), []
    if "longshore_serve_requests_total" not in known:
        sys.exit("docs/reference/metrics.md could not be read")
    queries = dashboards(known, problems)
    found = [alerts(*files, known, problems) for files in SETS]
    if problems:
        sys.exit("\n".join(problems))
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "queries.yaml"
        file.write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": queries}]}))
        promtool("check", "rules", file)
        file.write_text(yaml.safe_dump({"groups": [{"name": "x", "rules": [{"record": "a:b", "expr": queries[0]["expr"] + "("}]}]}))
        if subprocess.run(["promtool", "check", "rules", file], capture_output=True).returncode == 0:
            sys.exit("promtool accepted a query that does not parse")
    for rules_file, tests_file in SETS:
        promtool("check", "rules", rules_file)
        promtool("test", "rules", tests_file)
    count, tested = (sum(counts) for counts in zip(*found, strict=True))
    print(f"{len(queries)} queries of 6 dashboards parse and name metrics the program exports; {count} alerts, {tested} tested")


main()
