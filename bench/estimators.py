"""Estimators of scikit-learn that compare rows or multiply them by layers: how the models are trained, and how they are measured on one thread.

Usage: python estimators.py OUT
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
OURS = "cargo bench --quiet -p longshore-engine --bench estimators"
SCENARIOS = {
    "svc": "Support vector machines",
    "knn": "Nearest neighbours",
    "mlp": "Neural networks 30→100→100→10",
    "gaussian": "Gaussian processes and kernel ridge",
}

Trained = tuple[str, str, str, str, Callable[[], object]]
"""Scenario, name in the tables, method, rows, and what makes the model."""


def trained() -> Iterator[Trained]:
    """About 2,000 support vectors, 10,000 rows of training for neighbours; 30 columns where nothing else is said."""
    import numpy as np
    from scipy import sparse
    from sklearn import gaussian_process, kernel_ridge, neighbors, neural_network, svm
    from sklearn.gaussian_process.kernels import RBF, WhiteKernel

    rows = measured()
    labels, values = rows["labels"], rows["values"]
    wide, thin, narrow = rows["wide"], sparse.csr_matrix(rows["thin"]), rows["narrow"]
    two = labels % 2

    def svc(rows: object, of: object, count: int, **parameters: object) -> Callable[[], object]:
        return lambda: svm.SVC(random_state=0, **parameters).fit(rows[:count], of[:count])

    yield "svc", "SVC rbf, 2 classes", "predict", "wide", svc(wide, two, 2_600)
    yield "svc", "SVC rbf, 10 classes", "predict", "wide", svc(wide, labels, 2_050)
    yield "svc", "SVC rbf, 10 classes, probability", "predict_proba", "wide", svc(wide, labels, 2_050, probability=True)
    yield "svc", "SVC linear, 2 classes", "predict", "wide", svc(wide, two, 3_000, kernel="linear")
    yield "svc", "SVC poly, 10 classes", "predict", "wide", svc(wide, labels, 2_100, kernel="poly")
    yield "svc", "SVC rbf, 10 classes, sparse", "predict", "thin", svc(thin, labels, 2_050)
    yield "svc", "SVC linear, 2 classes, sparse", "predict", "thin", svc(thin, two, 3_000, kernel="linear")
    yield "svc", "SVR rbf", "predict", "wide", lambda: svm.SVR().fit(wide[:2_050], values[:2_050])

    for algorithm in ("brute", "kd_tree"):
        for name, part in (("narrow", narrow), ("wide", wide)):
            model = neighbors.KNeighborsClassifier(algorithm=algorithm)
            title = f"KNN {algorithm}, {part.shape[1]} columns"
            yield "knn", title, "predict", name, lambda model=model, part=part: model.fit(part[:10_000], labels[:10_000])

    layers = {"hidden_layer_sizes": (100, 100), "max_iter": 20, "random_state": 0}
    for activation in ("relu", "tanh"):
        classifier = neural_network.MLPClassifier(activation=activation, **layers)
        yield "mlp", f"classifier, {activation}", "predict", "wide", lambda model=classifier: model.fit(wide, labels)
        targets = np.stack([values * (1 + at) for at in range(10)], axis=1)
        regressor = neural_network.MLPRegressor(activation=activation, **layers)
        yield "mlp", f"regressor, {activation}", "predict", "wide", lambda model=regressor, targets=targets: model.fit(wide, targets)

    kernel = 1.0 * RBF(5.0) + WhiteKernel(0.1)
    process = gaussian_process.GaussianProcessRegressor(kernel, optimizer=None)
    yield "gaussian", "process regressor, 1,000 rows", "predict", "wide", lambda: process.fit(wide[:1_000], values[:1_000])
    classes = gaussian_process.GaussianProcessClassifier(1.0 * RBF(5.0), optimizer=None)
    yield "gaussian", "process classifier, 300 rows", "predict_proba", "wide", lambda: classes.fit(wide[:300], two[:300])
    for name in ("rbf", "poly"):
        ridge = kernel_ridge.KernelRidge(kernel=name, gamma=0.02)
        yield "gaussian", f"kernel ridge {name}, 2,000 rows", "predict", "wide", lambda model=ridge: model.fit(wide[:2_000], values[:2_000])


def measured() -> dict:
    """20,000 rows of doubles: 30 columns, the same with two of three values zero, and 3 columns; labels and values of each."""
    import numpy as np
    from sklearn.datasets import make_classification

    random = np.random.default_rng(5)
    wide, labels = make_classification(20_000, 30, n_informative=20, n_classes=10, class_sep=0.6, flip_y=0.1, random_state=5)
    wide = (wide - wide.mean(axis=0)) / wide.std(axis=0)
    thin = np.where(random.random(wide.shape) < 1 / 3, wide, 0.0)
    values = np.sin(wide[:, 0]) + wide[:, 1] * wide[:, 2] + random.normal(size=len(wide)) * 0.3
    return {"wide": wide, "thin": thin, "narrow": np.ascontiguousarray(wide[:, :3]), "labels": labels, "values": values}


def write(folder: Path) -> None:
    """The models, the rows, and `models.json`: what is measured with which rows."""
    import joblib
    import numpy as np

    folder.mkdir(parents=True)
    for name, values in measured().items():
        if values.ndim == 2:
            np.save(folder / f"{name}.npy", values)
    entries = []
    for place, (scenario, name, method, rows, fit) in enumerate(trained()):
        joblib.dump(fit(), folder / f"{place}.joblib")
        entries.append({"scenario": scenario, "name": name, "file": f"{place}.joblib", "method": method, "rows": rows})
    (folder / "models.json").write_text(json.dumps(entries, indent=1))


def measure(folder: Path, scenario: str, ours: str) -> list[dict]:
    """`{model, engine, us_per_row: {rows: microseconds}}` on one core, of Longshore on all cores too; best of several runs each."""
    models = folder / "models/estimators"
    everywhere = os.sched_getaffinity(0)
    peer = [folder / "peers/bin/python", "-B", HERE / "peers/estimators.py", models, scenario]
    one = {min(everywhere)}
    commands = [(shlex.split(ours), "longshore", one), (shlex.split(ours), "longshore, all cores", everywhere)] if ours else []
    found = []
    for command, engine, cores in [*commands, (peer, "scikit-learn", one)]:
        more = {"LONGSHORE_BENCH_MODELS": str(models), "LONGSHORE_BENCH_SCENARIO": scenario, "LONGSHORE_BENCH_ENGINE": engine}
        done = subprocess.run(
            command,
            cwd=HERE.parent,
            env={**os.environ, "OMP_NUM_THREADS": "1", **more},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda cores=cores: os.sched_setaffinity(0, cores),
        )
        found += [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return found


if __name__ == "__main__":
    write(Path(sys.argv[1]))
