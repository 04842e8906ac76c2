"""Trains what the pages show, starts the servers, lets one browser walk them, and holds the description of the API to clients."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "conformance"))

import joblib  # noqa: E402
import pandas as pd  # noqa: E402
from server import EXAMPLES, Server, binary  # noqa: E402
from sklearn.compose import make_column_transformer  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import OneHotEncoder, StandardScaler  # noqa: E402

sys.path.insert(0, str(HERE))

from description import check  # noqa: E402

MARKUP = "<img src=x onerror=alert(1)>"
QUOTES = 'it\'s "quoted" & <b>bold</b>'


def hostile(path: Path) -> None:
    """A classifier whose columns, categories and classes are markup."""
    rows = pd.DataFrame({MARKUP: [1.0, 2.0, 3.0, 4.0] * 5, 'a`b, "c"': [QUOTES, "plain"] * 10})
    steps = make_column_transformer((StandardScaler(), [MARKUP]), (OneHotEncoder(), [rows.columns[1]]))
    joblib.dump(make_pipeline(steps, LogisticRegression()).fit(rows, [QUOTES, "no"] * 10), path)


def locked(folder: Path) -> tuple[Path, str]:
    """A file of API keys, and the key in it."""
    keys = folder / "keys"
    made = subprocess.run([binary(), "api-key", "walker", "--file", keys], capture_output=True, text=True, check=True)
    key = next(word for word in made.stdout.split() if word.startswith("ls_"))
    return keys, key


def main() -> int:
    pictures = Path(os.environ.get("PICTURES") or tempfile.mkdtemp(prefix="longshore-ui-"))
    pictures.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        hostile(folder / "hostile.joblib")
        (folder / "broken.pkl").write_bytes(b"not a model")
        keys, key = locked(folder)
        names = ["wine", "classification", "recruitment-rank", "chatbot-intents"]
        models = [f"{name}={EXAMPLES / name / 'model'}" for name in names]
        server = stack.enter_context(Server(*models, f"hostile={folder / 'hostile.joblib'}", f"broken={folder / 'broken.pkl'}"))
        single = stack.enter_context(Server("example://wine"))
        secured = stack.enter_context(Server("example://wine", "--api-keys", keys))
        without = stack.enter_context(Server("example://wine", "--no-ui"))
        told = {
            "pictures": str(pictures),
            "folder": str(folder),
            "python": sys.executable,
            "base": server.url,
            "single": single.url,
            "secured": secured.url,
            "key": key,
            "without": without.url,
            "markup": MARKUP,
            "quotes": QUOTES,
            "rows": str(EXAMPLES / "recruitment-rank" / "model" / "serving_input_example.json"),
        }
        done = subprocess.run(["node", str(HERE / "walk.mjs"), json.dumps(told)], timeout=300, check=False)
        if done.returncode:
            print(f"the pages are pictured in {pictures}", file=sys.stderr)
            return 1
        if not os.environ.get("ONLY"):
            check(server.url, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
