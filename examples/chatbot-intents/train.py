"""Train the chatbot's intent classifier and save it as an MLflow model folder.

One row is one message of a user, in the column `text`; the answer is the intent as text. The messages are made here, from the
templates and words below: every template is filled with every one of its words, plain and with a polite opening or ending.

Usage: python train.py [OUT]        (OUT is `model` beside this file when absent)
"""

import shutil
import sys
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.models import infer_signature
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline

HERE = Path(__file__).resolve().parent

THINGS = ["order", "parcel", "package", "delivery", "shoes", "laptop"]
DAYS = ["today", "tomorrow", "on sunday", "on monday", "at the weekend"]
TEMPLATES = {
    "greet": (["hello", "hi", "hey there", "good morning", "good evening", "hello bot", "hi, is anyone there"], [""]),
    "goodbye": (["bye", "goodbye", "see you later", "talk to you soon", "that is all, bye", "have a nice day"], [""]),
    "thank": (["thanks", "thank you so much", "great, thank you", "that helped, thanks", "perfect, many thanks"], [""]),
    "track_order": (["where is my {}", "when will my {} arrive", "track my {}", "has my {} been shipped", "status of my {}"], THINGS),
    "cancel_order": (["cancel my {}", "i do not want the {} any more", "stop the {} before it ships", "please cancel the {}"], THINGS),
    "refund": (["i want my money back for the {}", "refund the {}", "how do i return the {}", "the {} is broken, refund me"], THINGS),
    "opening_hours": (["are you open {}", "when do you open {}", "what are your hours {}", "how long are you open {}"], DAYS),
    "reset_password": (
        ["i forgot my password", "reset my password", "i cannot log in", "my login does not work", "change my password", "my account is locked"],
        [""],
    ),
    "talk_to_human": (
        ["let me talk to a human", "i want a real person", "connect me to an agent", "call me back", "speak with support staff"],
        [""],
    ),
}
OPENINGS = ["", "hello, ", "please, ", "sorry, "]
ENDINGS = ["", " please", "?", " right now"]


def messages() -> pd.DataFrame:
    """Every message with its intent and the template that it was made from."""
    rows = [
        (opening + template.format(word) + ending, intent, template)
        for intent, (templates, words) in TEMPLATES.items()
        for template in templates
        for word in words
        for opening in OPENINGS
        for ending in ENDINGS
    ]
    return pd.DataFrame(rows, columns=["text", "intent", "template"])


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "model"
    data = messages()
    rows, intent = data[["text"]], data["intent"].to_numpy(dtype=str)

    # The column is named, not listed: a vectorizer takes one column of documents, not a table of one column.
    words = ColumnTransformer([("words", TfidfVectorizer(sublinear_tf=True), "text")])
    model = make_pipeline(words, LogisticRegression(C=10, max_iter=1000, class_weight="balanced"))
    # Whole templates are held back: a message that differs from a seen one by "please" would prove nothing.
    folds = StratifiedGroupKFold(n_splits=4, shuffle=True, random_state=0)
    scores = cross_val_score(model, rows, intent, groups=data["template"], cv=folds)
    print(f"accuracy on messages from unseen templates: {scores.mean():.3f} (mean of {len(scores)} folds)")
    model.fit(rows, intent)

    shutil.rmtree(out, ignore_errors=True)
    mlflow.sklearn.save_model(
        model,
        out,
        signature=infer_signature(rows, model.predict(rows)),
        input_example=pd.DataFrame({"text": ["good morning", "where are my shoes"]}),
        pip_requirements=str(HERE / "requirements.txt"),
    )


if __name__ == "__main__":
    main()
