"""A model behind FastAPI, as a team would write it by hand: load with joblib, check with pydantic, predict, answer as a list."""

import os

import joblib
import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

model = joblib.load(os.environ["MODEL_FILE"])
app = FastAPI()


class Question(BaseModel):
    instances: list[list[float]]


@app.post("/predict")
def predict(question: Question) -> dict:
    answers = model.predict(np.asarray(question.instances))
    return {"predictions": answers.tolist()}


@app.get("/health/live")
def live() -> dict:
    return {"status": "ok"}
