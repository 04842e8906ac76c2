"""Runs checkov and trivy over Terraform folders and holds what they find against a list of reasoned exceptions.

usage: scan.py SKIPS FOLDER…

A line of SKIPS is `SCANNER CHECK FOLDER:RESOURCE REASON`, with * for any part (of trivy's findings RESOURCE is module and
file). What is found and not listed fails, and so does a line that fits nothing: a list that only grows says nothing.
"""

import fnmatch
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple


class Finding(NamedTuple):
    """One complaint of one scanner."""

    scanner: str
    check: str
    resource: str
    title: str


class Skip(NamedTuple):
    """One exception, with the reason for it."""

    scanner: str
    check: str
    resource: str
    reason: str


def checkov(folder: str) -> set[Finding]:
    """What checkov finds in a root and the modules it calls."""
    command = ["checkov", "-d", folder, "--framework", "terraform", "--skip-download", "--quiet", "--compact", "-o", "json"]
    for variables in sorted(Path(folder).glob("*.tfvars")):
        command += ["--var-file", str(variables)]
    answer = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=False).stdout)
    results = answer["results"]
    if not answer["summary"]["passed"] or answer["summary"]["parsing_errors"]:
        raise SystemExit(f"checkov could not read '{folder}': {results['parsing_errors']}")
    return {Finding("checkov", found["check_id"], f"{folder}:{found['resource']}", found["check_name"]) for found in results["failed_checks"]}


def trivy(folder: str) -> set[Finding]:
    """What trivy finds in a root and the modules it calls."""
    command = ["trivy", "config", "--quiet", "--skip-check-update", "--skip-version-check", "--disable-telemetry"]
    command += ["--format", "json", "--include-non-failures"]
    if Path(folder, "terraform.tfvars").exists():
        command += ["--tf-vars", "terraform.tfvars"]
    answer = json.loads(subprocess.run([*command, "."], stdout=subprocess.PIPE, check=True, cwd=folder).stdout)
    found, passed = set(), 0
    for result in answer.get("Results", []):
        passed += result.get("MisconfSummary", {}).get("Successes", 0)
        for one in result.get("Misconfigurations", []):
            if one["Status"] == "FAIL":
                where = f"{folder}:{one['CauseMetadata'].get('Resource', '')}/{Path(result['Target']).name}"
                found.add(Finding("trivy", one["ID"], where, one["Title"]))
    if not passed:
        raise SystemExit(f"trivy could not read '{folder}'")
    return found


def skips(file: Path) -> list[Skip]:
    """The exceptions, each with a reason."""
    entries = []
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = line.split(maxsplit=3)
        if len(parts) != 4 or parts[0] not in ("checkov", "trivy"):
            raise SystemExit(f"{file.name}:{number}: write `SCANNER CHECK FOLDER:RESOURCE REASON`")
        entries.append(Skip(*parts))
    return entries


def main() -> int:
    """Scans every folder; 1 when something is found that is not excepted, or an exception fits nothing."""
    exceptions = skips(Path(sys.argv[1]))
    found = {finding for folder in sys.argv[2:] for scanner in (checkov, trivy) for finding in scanner(folder)}
    used, left = set(), []
    for finding in sorted(found):
        resource = re.sub(r"\[[^]]*\]", "", finding.resource)
        fitting = {skip for skip in exceptions if skip[:2] == finding[:2] and fnmatch.fnmatchcase(resource, skip.resource)}
        used |= fitting
        if not fitting:
            left.append(finding)
    for finding in left:
        print(f"{finding.scanner} {finding.check} {finding.resource}: {finding.title}")
    unused = [skip for skip in exceptions if skip not in used]
    for skip in unused:
        print(f"`{skip.scanner} {skip.check} {skip.resource}` fits nothing that is found; take it out of the list")
    print(f"SAYS {len(found)} findings, {len(found) - len(left)} of them excepted with a reason")
    return 1 if left or unused else 0


if __name__ == "__main__":
    sys.exit(main())
