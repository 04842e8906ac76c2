"""Train the wine classifier and save it as an MLflow model folder.

The data is scikit-learn's bundled copy of the UCI wine data: 178 bottles from three growers, 13 chemical measurements each.
The answer is the grower: 0, 1 or 2.

Usage: python train.py [OUT]        (OUT is `model` beside this file when absent)
"""

import shutil
import sys
from pathlib import Path

import mlflow
from mlflow.models import infer_signature
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).resolve().parent


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "model"
    rows, grower = load_wine(return_X_y=True, as_frame=True)
    # `proline` is the only column of whole numbers; a client should be free to send 1065 or 1065.5 in any column.
    rows = rows.astype("float64")
    seen, unseen, seen_grower, unseen_grower = train_test_split(rows, grower, test_size=0.25, stratify=grower, random_state=0)

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    model.fit(seen, seen_grower)
    print(f"accuracy on {len(unseen)} unseen bottles: {model.score(unseen, unseen_grower):.3f}")

    shutil.rmtree(out, ignore_errors=True)
    mlflow.sklearn.save_model(
        model,
        out,
        signature=infer_signature(rows, model.predict(rows)),
        input_example=rows.head(2),
        pip_requirements=str(HERE / "requirements.txt"),
    )


if __name__ == "__main__":
    main()
