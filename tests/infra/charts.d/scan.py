"""Two scanners look at every render; what they find must stand in skips.yaml with its reason, and every reason must still be needed.

usage: scan.py TRIVY CHECKOV RENDERS
"""

import json
import os
import pathlib
import subprocess
import sys

import helm
import yaml


def trivy(program, folder):
    """Findings as (check, resource)."""
    command = [program, "config", "--quiet", "--skip-check-update", "--skip-version-check", "--format", "json", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"trivy failed: {done.stderr}")
    report = json.loads(done.stdout)
    scanned = {result["Target"] for result in report.get("Results") or []}
    for result in report.get("Results") or []:
        for finding in result.get("Misconfigurations") or []:
            yield finding["ID"], f"{result['Target']}: {finding['Message']}"
    files = {path.name for path in folder.glob("*.yaml")}
    if scanned != files:
        sys.exit(f"trivy did not look at {sorted(files - scanned)}")


def checkov(program, folder):
    """Findings as (check, resource)."""
    command = [program, "-d", str(folder), "--framework", "kubernetes", "--skip-download", "--compact", "--quiet", "-o", "json"]
    environment = os.environ | {"LOG_LEVEL": "ERROR", "CHECKOV_RUN_SCA_PACKAGE_SCAN": "false"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    try:
        report = json.loads(done.stdout)
    except json.JSONDecodeError:
        sys.exit(f"checkov failed: {done.stderr or done.stdout}")
    if report["summary"]["passed"] < 100 or report["summary"]["parsing_errors"]:
        sys.exit(f"checkov did not look at the renders: {report['summary']}")
    for finding in report["results"]["failed_checks"]:
        yield finding["check_id"], f"{finding['file_path']}: {finding['resource']}: {finding['check_name']}"


def main():
    """Both scanners, and the reasons."""
    trivy_program, checkov_program, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    skips = yaml.safe_load((helm.HERE / "skips.yaml").read_text())
    problems = []
    for name, findings in (("trivy", list(trivy(trivy_program, folder))), ("checkov", list(checkov(checkov_program, folder)))):
        used = set()
        for check, place in findings:
            skip = next((s for s in skips[name] if s["check"] == check and s.get("where", "") in place), None)
            if skip is None:
                problems.append(f"{name}: {check}: {place}")
            else:
                used.add(skip["check"])
        for skip in skips[name]:
            if skip["check"] not in used:
                problems.append(f"{name}: {skip['check']} is skipped in skips.yaml but found nowhere: delete it")
            if not skip.get("why", "").strip():
                problems.append(f"{name}: {skip['check']} is skipped without a reason")
        print(f"{name}: {len(findings)} findings, all of them among the {len(used)} checks that are skipped with a reason")
    if problems:
        sys.exit("\n".join(sorted(set(problems))))


main()
