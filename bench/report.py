"""The tables, and the results as data with the machine named."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from estimators import SCENARIOS as ESTIMATORS

MACHINE_KEYS = ("processor", "cores", "memory_gb", "kernel", "load_before")


def note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def machine() -> dict:
    """What the figures depend on. No host name."""
    processor = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    total = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    return {
        "processor": processor[1] if processor else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(int(total[1]) / 2**20),
        "kernel": platform.release(),
        "load_before": round(os.getloadavg()[0], 2),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def shown(given: argparse.Namespace) -> dict:
    return {name: getattr(given, name) for name in ("seconds", "rounds", "starts", "connections")}


def versions(binary: Path, folder: Path) -> dict:
    """Of everything that is measured."""
    code = "import importlib.metadata as m, sys; print({n: m.version(n) for n in sys.argv[1:]})"
    found: dict = {}
    for place, names in {
        "peers": ["fastapi", "uvicorn", "mlflow", "scikit-learn", "xgboost", "lightgbm", "catboost", "onnxruntime", "treelite", "tl2cgen"],
        "mlserver": ["mlserver"],
    }.items():
        # what `bench/setup` was not asked for is not there
        if not (folder / place).exists():
            continue
        text = subprocess.run([folder / place / "bin/python", "-c", code, *names], check=True, capture_output=True, text=True).stdout
        found |= json.loads(text.replace("'", '"'))
    if shutil.which("nginx"):
        found["nginx"] = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr.rpartition("/")[2].strip()
    if binary.is_file():
        found["longshore"] = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    return found


def ratio(ours: float, theirs: float) -> str:
    value = ours / theirs
    return f"{value:,.0f}×" if value >= 20 else f"{value:.2g}×" if value < 10 else f"{value:.1f}×"


def serving(title: str, rows: list[dict]) -> list[str]:
    """A line for each entry. The ratio is Longshore's requests a second over the same protocol, divided by the entry's."""
    ours = {row["name"]: row["rps"] for row in rows if row["server"].startswith("longshore")}
    same = {"MLServer": "longshore V2", "mlflow models serve": "longshore /invocations", "MLServer gRPC": "longshore gRPC"}
    lines = [
        title,
        "",
        "| server | requests/s | p50 ms | p99 ms | user µs | system µs | first answer ms | idle PSS MB | loaded PSS MB | loaded RSS MB | Longshore is |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        against = "" if row["name"] in ours else ratio(ours[same.get(row["name"], "longshore V1")], row["rps"])
        errors = f" ({row['errors']} errors)" if row["errors"] else ""
        figures = [
            f"{row['rps']:,.0f}{errors}",
            f"{row['p50_ms']:.2f}",
            f"{row['p99_ms']:.2f}",
            f"{row['user_us']:,.1f}",
            f"{row['system_us']:,.1f}",
            f"{row['start_ms']:,.0f}" if row["start_ms"] >= 100 else f"{row['start_ms']:.1f}",
            f"{row['idle_mb']['pss']:,.1f}",
            f"{row['loaded_mb']['pss']:,.1f}",
            f"{row['loaded_mb']['rss']:,.1f}",
            against,
        ]
        lines.append(f"| {row['name']} | " + " | ".join(figures) + " |")
    return [*lines, ""]


def beside_nginx(rows: list[dict]) -> list[str]:
    """What one event loop and one a core are of nginx's fixed reply."""
    rps = {row["name"]: row["rps"] for row in rows}
    if "nginx, fixed reply" not in rps:
        return []
    one, all_cores = (ratio(rps[name], rps["nginx, fixed reply"]) for name in ("longshore V1, one event loop", "longshore V1"))
    return [f"Beside nginx's fixed reply, V1 has {one} the requests with one event loop, and {all_cores} with one a core.", ""]


def microseconds(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def engine_table(title: str, rows: list[dict]) -> list[str]:
    """Microseconds a row; the last line of a model is the fastest peer divided by Longshore."""
    counts = sorted({int(count) for row in rows for count in row["us_per_row"]})
    lines = [f"{title} on one thread, microseconds a row", "", "| model | engine | " + " | ".join(f"batch {count:,}" for count in counts) + " |"]
    lines.append("|---|---|" + "--:|" * len(counts))
    for model in dict.fromkeys(row["model"] for row in rows):
        own = [row for row in rows if row["model"] == model]
        for row in own:
            figures = [microseconds(row["us_per_row"][str(count)]) for count in counts]
            lines.append(f"| {model} | {row['engine']} | " + " | ".join(figures) + " |")
        ours = [row for row in own if row["engine"] == "longshore"]
        theirs = [row for row in own if not row["engine"].startswith("longshore")]
        if ours and theirs:
            fastest = [min(row["us_per_row"][str(count)] for row in theirs) / ours[0]["us_per_row"][str(count)] for count in counts]
            lines.append(f"| {model} | **fastest peer / longshore** | " + " | ".join(ratio(value, 1) for value in fastest) + " |")
    return [*lines, ""]


def text(results: dict) -> str:
    lines = ["", ", ".join(f"{key} {results['machine'][key]}" for key in MACHINE_KEYS), ""]
    if "wine" in results:
        lines += serving("Wine (StandardScaler + LogisticRegression), one row a request", results["wine"])
        lines += beside_nginx(results["wine"])
    if "forest" in results:
        lines += serving("Random forest, 100 trees of depth 12, one row a request", results["forest"])
    if "grpc" in results:
        lines += serving("Wine by gRPC and over HTTP/1.1, one row a request, loaded by h2load", results["grpc"])
        rps = {row["name"]: row["rps"] for row in results["grpc"]}
        several, single = (ratio(rps[name], rps["longshore V2"]) for name in ("longshore gRPC", "longshore gRPC, one call a connection"))
        lines += [f"Longshore's gRPC is {several} its V2 over HTTP/1.1, and {single} with one call at a time on each connection.", ""]
    if "page" in results:
        lines += serving("Wine, one row a request, one event loop: with a page that nobody opens, and without", results["page"])
    if "binary" in results:
        lines += serving("StandardScaler + LogisticRegression, 1,000 rows of 30 FP32 a request", results["binary"])
        json_tensors, binary_tensors = (row["rps"] for row in results["binary"])
        lines += [f"Binary tensors are {ratio(binary_tensors, json_tensors)} the same in JSON.", ""]
    titles = {"trees": "Trees", "ensembles": "Every kind of ensemble", "catboost": "CatBoost's trees", **ESTIMATORS}
    for scenario, title in titles.items():
        if scenario in results:
            lines += engine_table(title, results[scenario])
    return "\n".join(lines)


def place(machine: dict) -> str:
    """How a file of results begins."""
    processor = re.sub(r"[^a-z0-9]+", "-", machine["processor"].lower()).strip("-")
    return f"{machine['date']}-{processor}-{machine['cores']}-cores"


def write(results: dict, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    names = ("wine", "forest", "grpc", "binary", "page", "trees", "ensembles", "catboost", *ESTIMATORS)
    scenarios = "-".join(name for name in names if name in results)
    path = folder / f"{place(results['machine'])}-{scenarios}.json"
    path.write_text(json.dumps(results, indent=2) + "\n")
    return path
