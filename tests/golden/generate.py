"""Train small models with the installed libraries and write them, with the libraries' own answers.

Usage: python generate.py --out DIR [--seed N] [--only PATTERN ...] [--containers thin|thinner|all]
"""

from __future__ import annotations

import argparse
import fnmatch
import logging
import os
import shutil
import sys
import time
import traceback
import warnings
from importlib import import_module
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent))

FAMILIES = (
    "linear",
    "svm",
    "preprocess",
    "preparing",
    "answer_types",
    "compose",
    "text",
    "dicts",
    "imblearn",
    "trees",
    "boosting",
    "bayes",
    "neighbors",
    "cluster",
    "decomposition",
    "select",
    "ensembles",
    "meta",
    "neural",
    "gaussian",
    "foreign",
    "catboost",
    "tutorials",
    "recipes",
    "gallery",
    "mlflow_folders",
    "chains",
    "refused",
)


def folder_of(case: object, out: Path) -> Path:
    """`OUT/<library>-<version>/<case>`, and `OUT/refused/<library>-<version>-<case>` for refused ones."""
    from case import installed

    tag = f"{case.library}-{installed(case.library)}"
    if case.refused:
        return out / "refused" / f"{tag}-{case.name}"
    return out / tag / case.name


def wanted(case: object, patterns: list, containers: str) -> bool:
    """Whether a case fits the installed versions and one of the patterns."""
    from case import installed, version_key

    version = version_key(installed(case.library))
    if not version or not version_key(case.since) <= version < version_key(case.until):
        return False
    if case.fresh and containers != "all":
        return False
    return any(fnmatch.fnmatch(case.name, pattern) for pattern in patterns)


def all_cases() -> list:
    """Every case of every family, in order; names are unique within a library."""
    found = []
    for family in FAMILIES:
        found += import_module(f"cases.{family}").cases()
    names = [(case.library, case.name) for case in found]
    doubles = {name for name in names if names.count(name) > 1}
    if doubles:
        raise SystemExit(f"case names used twice: {sorted(doubles)}")
    return found


def run(case: object, out: Path, seed: int, containers: str) -> bool:
    """Write one case; on failure say why, leave no folder behind and go on."""
    from data import Data
    from write import write_case

    folder = folder_of(case, out)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            write_case(case, Data(seed, case.name), folder, seed, containers)
    except Exception:
        print(f"failed: {case.library} {case.name}", file=sys.stderr)
        traceback.print_exc()
        shutil.rmtree(folder, ignore_errors=True)
        return False
    return True


def main() -> int:
    """Parse the command line, write the cases, and fail if any case failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", nargs="+", default=["*"], metavar="PATTERN", help="patterns of case names, such as 'ridge*'")
    parser.add_argument("--containers", choices=("thin", "thinner", "all"), default="thin")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    start = time.monotonic()
    chosen = [case for case in all_cases() if wanted(case, options.only, options.containers)]
    done = [run(case, options.out, options.seed, options.containers) for case in chosen]
    print(f"{sum(done)} of {len(done)} cases in {time.monotonic() - start:.1f} s")
    return 0 if all(done) else 1


if __name__ == "__main__":
    sys.exit(main())
