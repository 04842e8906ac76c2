"""Train the models of the benchmarks and write them in every form that a measured server takes.

Usage: python models.py OUT
"""

import json
import shutil
import sys
import warnings
from pathlib import Path

import estimators
import joblib
import lightgbm as lgb
import mlflow
import numpy as np
import pandas as pd
import xgboost as xgb
from catboost import CatBoostClassifier
from mlflow.models import infer_signature
from sklearn.datasets import load_breast_cancer, make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

BATCH = 1_000
WINE = Path(__file__).resolve().parents[1] / "examples/wine/model"


def tree_data() -> tuple[np.ndarray, np.ndarray]:
    """20,000 rows of 28 features in f32, two classes."""
    rows, classes = make_classification(20_000, 28, n_informative=18, random_state=7)
    return np.ascontiguousarray(rows, dtype=np.float32), classes


def requests(folder: Path, row: list[float], columns: list[str] | None, answer: list) -> None:
    """One row as the body of each protocol, and the library's answer."""
    (folder / "answer.json").write_text(json.dumps(answer))
    data = {"columns": columns, "data": [row]} if columns else None
    tensor = {"name": "predict", "shape": [1, len(row)], "datatype": "FP64" if columns else "FP32", "data": row}
    bodies = {
        "v1": {"instances": [row]},
        "v2": {"inputs": [tensor]},
        "invocations": {"dataframe_split": data} if data else {"inputs": [row]},
    }
    for name, body in bodies.items():
        (folder / f"{name}.json").write_text(json.dumps(body))


def batch(out: Path) -> None:
    """A linear model of 30 columns, 1,000 rows in f32 as the body of V2, and the library's answer."""
    rows, classes = load_breast_cancer(return_X_y=True)
    rows = np.resize(rows, (BATCH, rows.shape[1])).astype(np.float32)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, np.resize(classes, BATCH))
    out.mkdir()
    signature = infer_signature(rows[:5], model.predict(rows[:5]))
    mlflow.sklearn.save_model(model, out / "mlflow", signature=signature, serialization_format="cloudpickle", pip_requirements=[])
    (out / "answer.json").write_text(json.dumps(model.predict(rows).tolist()))
    tensor = {"name": "predict", "shape": list(rows.shape), "datatype": "FP32", "data": rows.ravel().tolist()}
    (out / "v2.json").write_text(json.dumps({"inputs": [tensor]}))


def for_mlserver(folder: Path, name: str, model: object) -> None:
    folder.mkdir(parents=True)
    joblib.dump(model, folder / "model.joblib")
    settings = {"name": name, "implementation": "mlserver_sklearn.SKLearnModel", "parameters": {"uri": "./model.joblib"}}
    (folder / "model-settings.json").write_text(json.dumps(settings))


def main() -> None:
    warnings.simplefilter("ignore")
    out = Path(sys.argv[1])
    out.mkdir(parents=True)

    # The example's own model, so that the figures can be repeated with what is in the repository.
    shutil.copytree(WINE, out / "wine/mlflow")
    wine = mlflow.sklearn.load_model(str(WINE))
    for_mlserver(out / "wine/mlserver", "wine", wine)
    example = json.loads((WINE / "input_example.json").read_text())
    row = example["data"][0]
    requests(out / "wine", row, example["columns"], wine.predict(pd.DataFrame([row], columns=example["columns"])).tolist())

    batch(out / "batch")

    rows, classes = tree_data()
    forest = RandomForestClassifier(100, max_depth=12, n_jobs=1, random_state=0).fit(rows, classes)
    (out / "forest").mkdir()
    signature = infer_signature(rows[:5], forest.predict(rows[:5]))
    mlflow.sklearn.save_model(forest, out / "forest/mlflow", signature=signature, serialization_format="cloudpickle", pip_requirements=[])
    for_mlserver(out / "forest/mlserver", "forest", forest)
    requests(out / "forest", rows[0].astype(float).tolist(), None, forest.predict(rows[:1]).tolist())

    (out / "trees").mkdir()
    np.save(out / "trees/rows.npy", rows)
    boosted = xgb.XGBClassifier(n_estimators=500, max_depth=6, tree_method="hist", n_jobs=1).fit(rows, classes)
    boosted.get_booster().save_model(out / "trees/xgboost.ubj")
    light = lgb.LGBMClassifier(n_estimators=500, num_leaves=63, n_jobs=1, verbose=-1).fit(rows, classes)
    light.booster_.save_model(out / "trees/lightgbm.txt")
    joblib.dump(forest, out / "trees/forest.joblib")
    symmetric = CatBoostClassifier(iterations=500, depth=6, thread_count=1, verbose=False, allow_writing_files=False)
    symmetric.fit(rows, classes).save_model(str(out / "trees/catboost.cbm"))
    scenarios = (
        ("xgboost 500x6", "xgboost.ubj", "predict"),
        ("lightgbm 500x63", "lightgbm.txt", "predict"),
        ("catboost 500x6", "catboost.cbm", "predict_proba"),
        ("forest 100x12", "forest.joblib", "predict_proba"),
    )
    lines = ["\t".join((*scenario, "rows.npy")) for scenario in scenarios]
    (out / "trees/scenarios.tsv").write_text("\n".join(lines) + "\n")

    estimators.write(out / "estimators")


if __name__ == "__main__":
    main()
