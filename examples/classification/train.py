"""Train the classifier behind the classification service and save it as an MLflow model folder.

The data is scikit-learn's bundled copy of Fisher's irises: 150 flowers of three species, four measurements each.
The answer is the species as text.

Usage: python train.py [OUT]        (OUT is `model` beside this file when absent)
"""

import shutil
import sys
from pathlib import Path

import mlflow
from mlflow.models import infer_signature
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

HERE = Path(__file__).resolve().parent
COLUMNS = ["sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm"]


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "model"
    irises = load_iris(as_frame=True)
    rows = irises.data.set_axis(COLUMNS, axis="columns")
    species = irises.target_names[irises.target]
    seen, unseen, seen_species, unseen_species = train_test_split(rows, species, test_size=0.25, stratify=species, random_state=0)

    model = RandomForestClassifier(n_estimators=60, max_depth=5, random_state=0)
    model.fit(seen, seen_species)
    print(f"accuracy on {len(unseen)} unseen flowers: {model.score(unseen, unseen_species):.3f}")

    shutil.rmtree(out, ignore_errors=True)
    mlflow.sklearn.save_model(
        model,
        out,
        signature=infer_signature(rows, model.predict(rows)),
        input_example=rows.iloc[[0, 70]],
        pip_requirements=str(HERE / "requirements.txt"),
        # skops does not store a decision tree without `skops_trusted_types`; most registries hold forests in this form.
        serialization_format="cloudpickle",
    )


if __name__ == "__main__":
    main()
