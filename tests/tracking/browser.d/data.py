"""What the pages show, logged by MLflow's client."""

from __future__ import annotations

import mlflow
import numpy as np
from mlflow.models import infer_signature
from sklearn.linear_model import LinearRegression

PAGE = '<p id="text">a page</p><script>document.getElementById("text").textContent = "a script ran"</script>'


def log(address: str) -> dict[str, str]:
    """Three runs with histories and artifacts, a model with a version, and a prompt; their ids."""
    mlflow.set_tracking_uri(address)
    experiment = mlflow.set_experiment("harbour").experiment_id
    for index in range(3):
        with mlflow.start_run(run_name=f"crane-{index}") as run:
            mlflow.log_params({"depth": index, "kind": "tree"})
            for step in range(20):
                mlflow.log_metrics({"loss": (1 + index) / (step + 1), "accuracy": step / 20}, step=step)
            mlflow.set_tag("team", "quay")
            mlflow.log_input(mlflow.data.from_numpy(np.arange(4), name="tides"), context="training")
            mlflow.log_text("a text of the run", "notes/hello.txt")
            mlflow.log_text(PAGE, "page.html")
            mlflow.log_table({"ship": ["tug", "ferry"], "length": [20, 90]}, "ships.json")
            mlflow.log_image(np.zeros((20, 30, 3), dtype=np.uint8), "dark.png")
    rows = np.arange(6.0).reshape(3, 2)
    fitted = LinearRegression().fit(rows, [1, 2, 3])
    with mlflow.start_run(run_name="fitted"):
        mlflow.log_metric("loss", 0.5)
        signature = infer_signature(rows, fitted.predict(rows))
        model = mlflow.sklearn.log_model(fitted, name="lift", registered_model_name="lift", signature=signature)
    client = mlflow.MlflowClient()
    client.set_registered_model_alias("lift", "champion", "1")
    client.set_registered_model_tag("lift", "area", "north")
    client.set_model_version_tag("lift", "1", "reviewed", "twice")
    mlflow.genai.register_prompt("greeting", "Ahoy {{name}}", commit_message="first")
    mlflow.genai.register_prompt("greeting", "Good day {{name}}", commit_message="second")
    return {"experiment": experiment, "run": run.info.run_id, "model": model.model_id}
