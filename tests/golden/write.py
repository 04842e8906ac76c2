"""Write one case: the model in its containers and case.json beside them."""

from __future__ import annotations

import importlib.util
import json
import pickle
import platform
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Optional

import cloudpickle
import joblib
import numpy as np

from answers import answers, dense
from encode import encode_input, encode_output

JOBLIB = {
    "model.joblib": 0,
    "model.joblib.z": ("zlib", 3),
    "model.joblib.gz": ("gzip", 3),
    "model.joblib.bz2": ("bz2", 3),
    "model.joblib.xz": ("xz", 3),
    "model.joblib.lzma": ("lzma", 3),
    "model.joblib.lz4": ("lz4", 3),
}
PICKLES = {f"model.p{protocol}.pkl": protocol for protocol in range(pickle.HIGHEST_PROTOCOL + 1)}
BIG_SKOPS = 7_000
BIG = 10_000
SMALL_PICKLE = 6_000
PACKAGES = ("numpy", "scipy", "scikit-learn", "joblib", "cloudpickle", "skops", "xgboost", "lightgbm", "catboost", "imbalanced-learn", "category_encoders", "feature-engine", "sklearn-pandas", "pandas", "mlflow")


def made_by() -> dict:
    """Versions of everything that had a hand in the files."""
    from importlib import metadata

    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def thin(name: str, model: object, first: bool) -> tuple:
    """The containers of a case in the committed set.

    Every 28th small model is kept in all of them (every 36th in the later generations). The others take
    turns: in the first generation one or two of each family, later a single container.
    """
    number = zlib.crc32(name.encode())
    small = len(pickle.dumps(model, protocol=0)) < SMALL_PICKLE
    if small and number % (28 if first else 36) == 0:
        return all_containers()
    pickles = list(PICKLES) if small else list(PICKLES)[2:]
    one_pickle, one_joblib = pickles[number // 3 % len(pickles)], list(JOBLIB)[number // 7 % len(JOBLIB)]
    cloud, skops = ("model.cloudpickle.pkl",), ("model.skops", "model.deflated.skops")
    if first:
        by_value = cloud + skops if small else (cloud, skops)[number // 5 % 2]
        return (one_pickle, one_joblib, *by_value)
    turns = ((one_pickle,), (one_joblib,), cloud, skops if small and has_skops() else (one_joblib,))
    return turns[number // 5 % len(turns)]


def has_skops() -> bool:
    """Whether skops is installed; there is none for the oldest generation."""
    return importlib.util.find_spec("skops") is not None


def all_containers() -> tuple:
    """Every container an estimator can be in."""
    return (*PICKLES, "model.cloudpickle.pkl", *JOBLIB, "model.skops", "model.deflated.skops")


def write_model(model: object, folder: Path, containers: tuple) -> list:
    """Save an estimator; a container that the library itself cannot write is left out."""
    return [container for container in containers if _write_container(model, folder / container)]


def swap_big_skops(folder: Path, written: list) -> list:
    """In the committed set, a skops file that is large because it is stored is kept deflated only."""
    stored = folder / "model.skops"
    if not stored.exists() or stored.stat().st_size < BIG_SKOPS:
        return [name for name in written if not _removed(name == "model.deflated.skops", folder / name)]
    return [name for name in written if not _removed(name == "model.skops", folder / name)]


def drop_big(folder: Path, written: list) -> list:
    """In the committed set, what is large is kept only where a case has nothing smaller."""
    size = {name: (folder / name).stat().st_size for name in written}
    least = min(written, key=size.__getitem__)
    return [name for name in written if name == least or not _removed(size[name] >= BIG, folder / name)]


def _removed(yes: bool, path: Path) -> bool:
    if yes:
        path.unlink()
    return yes


def _write_container(model: object, path: Path) -> bool:
    if path.name in PICKLES:
        path.write_bytes(pickle.dumps(model, protocol=PICKLES[path.name]))
    elif path.name in JOBLIB:
        joblib.dump(model, path, compress=JOBLIB[path.name])
    elif path.name == "model.cloudpickle.pkl":
        path.write_bytes(cloudpickle.dumps(model))
    else:
        return _write_skops(model, path)
    return True


def _write_skops(model: object, path: Path) -> bool:
    if not has_skops():
        return False
    import skops.io

    try:
        deflated = path.name == "model.deflated.skops"
        skops.io.dump(model, path, compression=zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED)
    except Exception as error:  # skops names several kinds of refusal
        if "Unsupported" not in type(error).__name__:
            raise
        return False
    return True


def write_case(case: object, data: object, folder: Path, seed: int, containers: str) -> None:
    """Train, save and ask one case, and write its folder."""
    model = case.fit(data)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if old.is_file():
            old.unlink()
    if case.save is not None:
        models = case.save(model, folder, data)
        if containers != "all" and len(models) > 1 and not case.refused:
            models = [name for index, name in enumerate(models) if not _removed(index != zlib.crc32(case.name.encode()) % len(models), folder / name)]
    else:
        models = write_model(model, folder, _wanted(case, model, containers))
        if containers != "all" and case.containers is None:
            models = drop_big(folder, swap_big_skops(folder, models))
    body = {"case": case.name, "made_by": made_by(), "seed": seed, "models": models}
    if case.refused:
        body["refused"] = {"mentions": list(case.refused)}
    if case.rows is not None:
        body.update(_questions(case, data, model))
    (folder / "case.json").write_text(_dump(body), encoding="utf-8")


def _wanted(case: object, model: object, containers: str) -> tuple:
    if case.containers:
        return case.containers
    return all_containers() if containers == "all" else thin(case.name, model, containers == "thin")


def _questions(case: object, data: object, model: object) -> dict:
    rows = case.rows(data, model)
    body = {"input": encode_input(rows, case.objects)}
    if case.unread:
        body["unread"] = _unread(model, rows)
    extras = [found for extra in _extras(case, rows) if (found := _extra(case, model, extra)) is not None]
    if extras:
        body["inputs_extra"] = extras
    if case.errors is not None:
        body["errors"] = [{"input": encode_input(bad, case.objects), "mentions": list(mentions)} for bad, mentions in case.errors(data, model)]
    if not case.refused:
        body["expected"] = _expected(case, model, rows)
    return body


def _extra(case: object, model: object, rows: object) -> Optional[dict]:
    """A further question; None where the library itself stumbles over these rows, which it says."""
    try:
        return {**encode_input(rows, case.objects), "expected": _expected(case, model, rows)}
    except Exception as error:  # whatever the library fails with
        print(f"{case.library} {case.name}: the library cannot answer a further question: {error}", file=sys.stderr)
        return None


def _extras(case: object, rows: object) -> list:
    """The same question in single precision, and one row of it alone."""
    found = []
    is_float = isinstance(rows, np.ndarray) and rows.dtype == np.float64
    if "f32" in case.extras and is_float:
        found.append(rows[::2].astype(np.float32))
    if "row" in case.extras and not isinstance(rows, list) and len(rows) > 1:
        found.append(rows[2:3])
    return found


def _unread(model: object, rows: object) -> list:
    """Places of the columns that may hold anything: with texts there the model answers all the same."""
    import pandas as pd

    # labels may be the same by chance, probabilities are not
    asked = next(getattr(model, name) for name in ("predict_proba", "predict", "transform") if hasattr(model, name))
    before = dense(asked(rows))
    found = []
    for place in range(rows.shape[1]):
        changed = pd.DataFrame(rows).astype(object)
        changed.isetitem(place, np.array(["never seen"] * len(changed), dtype=object))
        changed = changed if isinstance(rows, pd.DataFrame) else changed.to_numpy()
        try:
            after = dense(asked(changed))
            same = np.allclose(after, before, rtol=1e-9, atol=0) if before.dtype.kind == "f" else np.array_equal(after, before)
        except (TypeError, ValueError):
            same = False
        if same:
            found.append(place)
    return found


def _expected(case: object, model: object, rows: object) -> dict:
    found = answers(model, rows, case.methods, case.also)
    return {method: encode_output(array, case.exactness(method)) for method, array in found.items()}


def _dump(body: dict) -> str:
    """One line per top-level key: small, and a changed answer shows as a changed line."""
    lines = [f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in body.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"
