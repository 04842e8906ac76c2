"""What clients make of `/openapi.json`: a validator, a generated client, and requests made from the schemas."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from pathlib import Path

CLIENTS = Path(os.environ.get("CLIENTS", "."))

# asks three models by the generated client, with the rows of the description's own examples
SCRIPT = """
import importlib, json, sys, urllib.request
sys.path.insert(0, sys.argv[2])
from longshore_client import Client
base = sys.argv[1]
api = json.load(urllib.request.urlopen(base + "/openapi.json"))
client = Client(base_url=base, raise_on_unexpected_status=True)
asked = 0
for path, item in api["paths"].items():
    operation = item.get("post", {})
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if not path.endswith((":predict", "/infer")) or "example" not in content:
        continue
    tag = operation["tags"][0].replace("-", "_")
    module = importlib.import_module(f"longshore_client.api.{tag}.{operation['operationId']}")
    body_type = module._get_kwargs.__annotations__["body"]
    kind = getattr(sys.modules[module.__name__], str(body_type).split(" | ")[0].split(".")[-1], None) or body_type
    answer = module.sync_detailed(client=client, body=kind.from_dict(content["example"]))
    assert answer.status_code == 200, (path, answer)
    rows = answer.parsed.predictions if path.endswith(":predict") else answer.parsed.outputs
    assert len(rows) == 1, (path, answer.parsed)
    asked += 1
assert asked >= 6, asked
print(f"a generated client was answered {asked} times")
"""


def run(folder: Path, *command: object) -> None:
    """Runs a command of the clients' environment in a folder; its words are shown when it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=200, check=False, cwd=folder)
    if done.returncode:
        print(done.stdout[-6000:], done.stderr[-3000:], file=sys.stderr)
        raise SystemExit(f"`{command[0]}` failed on the description of the API")
    print((done.stdout.strip().splitlines() or ["ok"])[-1])


def check(base: str, folder: Path) -> None:
    """Fails when a client would."""
    document = f"{base}/openapi.json"
    saved = folder / "openapi.json"
    saved.write_bytes(urllib.request.urlopen(document, timeout=20).read())
    run(folder, CLIENTS / "openapi-spec-validator", saved)
    client = folder / "longshore_client"
    settings = folder / "client.yaml"
    settings.write_text("project_name_override: longshore-client\npackage_name_override: longshore_client\npost_hooks: []\n")
    generate = ["generate", "--url", document, "--meta", "none", "--output-path", client, "--config", settings]
    run(folder, CLIENTS / "openapi-python-client", *generate)
    run(folder, CLIENTS / "python", "-c", SCRIPT, base, folder)
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    # models stay loaded
    which = ["--exclude-path-regex", "repository/models", "--checks", checks, "--phases", "examples,fuzzing"]
    run(folder, CLIENTS / "schemathesis", "run", document, "--url", base, *which, "--max-examples", 25, "--seed", 7, "--no-color")
