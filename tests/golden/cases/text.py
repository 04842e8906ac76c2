"""Counts, TF-IDF and text pipelines."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import BernoulliNB, ComplementNB, MultinomialNB
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import MaxAbsScaler, Normalizer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC

from case import Case, from_script


def _rows(d: object, model: object) -> list:
    return d.document_rows()


def _vectorizer(name: str, kind: object, exact: str, **params: object) -> Case:
    return Case(name, lambda d: kind(**params).fit(d.documents), _rows, exact)


def cases() -> list:
    """All text cases."""
    return [*_counts(), *_tfidf(), *_weights(), *_pipelines(), *_tutorials(), *_own_functions(), *_methods()]


def _counts() -> list:
    known = ["fox", "straße", "the quick", "東京", "café", "zyxw"]
    variants = {
        "count": {},
        "count-bigrams": {"ngram_range": (1, 2), "max_features": 40},
        "count-only-trigrams": {"ngram_range": (3, 3), "max_features": 20},
        "count-char": {"analyzer": "char", "ngram_range": (1, 3), "max_features": 40},
        "count-char-wb": {"analyzer": "char_wb", "ngram_range": (2, 4), "max_features": 40},
        "count-char-case": {"analyzer": "char", "lowercase": False, "max_features": 40},
        "count-stop-words": {"stop_words": "english"},
        "count-own-stop-words": {"stop_words": ["wine", "straße", "x1"], "ngram_range": (1, 2), "max_features": 30},
        "count-accents-unicode": {"strip_accents": "unicode"},
        "count-accents-ascii": {"strip_accents": "ascii"},
        "count-accents-char-wb": {"strip_accents": "unicode", "analyzer": "char_wb", "ngram_range": (3, 3), "max_features": 30},
        "count-binary": {"binary": True},
        "count-case-kept": {"lowercase": False},
        "count-one-letter-tokens": {"token_pattern": r"(?u)\b\w+\b"},
        "count-letters-only": {"token_pattern": r"[a-zA-Z]{2,}"},
        "count-hyphen-tokens": {"token_pattern": r"\b[\w-]+\b"},
        "count-group-token": {"token_pattern": r"(\w+)-\w+|\bwine"},
        "count-not-space": {"token_pattern": r"\S+"},
        "count-vocabulary": {"vocabulary": known, "ngram_range": (1, 2)},
        "count-vocabulary-map": {"vocabulary": {"wine": 1, "red": 0, "white": 2}},
        "count-limits": {"min_df": 3, "max_df": 0.5},
        "count-f32": {"dtype": np.float32, "max_features": 20},
    }
    refused = lambda d, m: [(["wine", None], ("row 1", "missing"))]
    missing = Case("count-missing-text", lambda d: CountVectorizer(max_features=5).fit(d.documents), _rows, errors=refused)
    return [*(_vectorizer(name, CountVectorizer, "A", **params) for name, params in variants.items()), missing]


def _tfidf() -> list:
    variants = {
        "tfidf": ({}, "C"),
        "tfidf-l1": ({"norm": "l1"}, "C"),
        "tfidf-plain": ({"norm": None}, "A"),
        "tfidf-sublinear": ({"sublinear_tf": True}, "C"),
        "tfidf-sublinear-plain": ({"sublinear_tf": True, "norm": None}, "B4"),
        "tfidf-no-idf": ({"use_idf": False}, "C"),
        "tfidf-not-smooth": ({"smooth_idf": False, "norm": None}, "A"),
        "tfidf-bigrams": ({"ngram_range": (1, 2), "stop_words": "english", "max_features": 40}, "C"),
        "tfidf-char-wb": ({"analyzer": "char_wb", "ngram_range": (2, 3), "max_features": 40}, "C"),
        "tfidf-f32": ({"dtype": np.float32}, "C"),
        "tfidf-binary-accents": ({"binary": True, "strip_accents": "unicode"}, "C"),
    }
    return [_vectorizer(name, TfidfVectorizer, exact, **params) for name, (params, exact) in variants.items()]


def _weights() -> list:
    counts = lambda d: np.maximum(d.ints, 0)
    rows = lambda d, m: counts(d)[:8].astype(float)
    return [
        Case("tfidf-transformer", lambda d: TfidfTransformer().fit(counts(d)), rows, "C"),
        Case("tfidf-transformer-plain", lambda d: TfidfTransformer(norm=None).fit(counts(d)), rows),
    ]


def _pipelines() -> list:
    sgd = lambda d: SGDClassifier(random_state=d.state)
    union = lambda: make_union(TfidfVectorizer(max_features=30), CountVectorizer(analyzer="char", max_features=20))
    return [
        Case("text-logistic", lambda d: make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(d.documents, _topics(d)), _rows, "C"),
        Case(
            "text-counts-tfidf-sgd", lambda d: make_pipeline(CountVectorizer(), TfidfTransformer(), sgd(d)).fit(d.documents, _topics(d)), _rows, "C"
        ),
        Case(
            "text-binary-logistic", lambda d: make_pipeline(CountVectorizer(binary=True), LogisticRegression()).fit(d.documents, _wine(d)), _rows, "C"
        ),
        Case("text-union-logistic", lambda d: make_pipeline(union(), MaxAbsScaler(), LogisticRegression()).fit(d.documents, _wine(d)), _rows, "C"),
    ]


def _topics(d: object) -> np.ndarray:
    return np.array(["tall" if len(text) > 55 else "short" if len(text) < 35 else "Mittel ü" for text in d.documents])


def _wine(d: object) -> np.ndarray:
    return np.array([len(text) % 2 == 0 for text in d.documents])


def _tutorials() -> list:
    """The pipelines that tutorials of text build."""
    frame = lambda d: pd.DataFrame({"text": d.documents, "length": [float(len(text)) for text in d.documents], "kind": ["a", "b", "c"] * 20})
    asked = lambda d, m: frame(d).iloc[[3, 59, 0, 58, 7]].reset_index(drop=True)
    text_and_numbers = lambda: make_column_transformer((TfidfVectorizer(max_features=20), "text"), (StandardScaler(), ["length"]), (OneHotEncoder(), ["kind"]))
    both = lambda: make_union(TfidfVectorizer(ngram_range=(1, 2), max_features=25), TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), max_features=25))
    short = lambda **params: TfidfVectorizer(max_features=30, **params)
    fits = {
        "text-spam-naive": (lambda d: make_pipeline(CountVectorizer(stop_words="english"), MultinomialNB()), _wine, "C"),
        "text-tfidf-naive": (lambda d: make_pipeline(short(lowercase=False), MultinomialNB(alpha=0.1)), _topics, "C"),
        "text-bernoulli": (lambda d: make_pipeline(CountVectorizer(binary=True, max_features=30), BernoulliNB()), _wine, "C"),
        "text-complement": (lambda d: make_pipeline(CountVectorizer(max_features=30), TfidfTransformer(), ComplementNB()), _topics, "C"),
        "text-svc": (lambda d: make_pipeline(short(sublinear_tf=True, min_df=2), LinearSVC(random_state=0)), _topics, "C"),
        "text-kernel": (lambda d: make_pipeline(short(), SVC(kernel="linear")), _wine, "C"),
        "text-hashing-sgd": (lambda d: make_pipeline(HashingVectorizer(n_features=64), SGDClassifier(random_state=0)), _topics, "C"),
        "text-hashing-tfidf": (
            lambda d: make_pipeline(HashingVectorizer(n_features=32, alternate_sign=False, norm=None), TfidfTransformer(), LogisticRegression()),
            _topics,
            "C",
        ),
        "text-chars-and-words": (lambda d: make_pipeline(both(), LogisticRegression(max_iter=300)), _topics, "C"),
        "text-latent": (lambda d: make_pipeline(short(), TruncatedSVD(5, random_state=0), LogisticRegression()), _wine, "C"),
        "text-latent-normal": (lambda d: make_pipeline(short(), TruncatedSVD(4, random_state=0), Normalizer(copy=False), LinearSVC(random_state=0)), _topics, "C"),
        "text-select-chi2": (lambda d: make_pipeline(CountVectorizer(), TfidfTransformer(), SelectKBest(chi2, k=12), LinearSVC(random_state=0)), _topics, "C"),
        "text-forest": (lambda d: make_pipeline(short(), RandomForestClassifier(4, max_depth=4, random_state=0)), _topics, {"*": "C"}),
        "text-ridge": (lambda d: make_pipeline(short(norm="l1"), Ridge()), lambda d: np.array([float(len(text)) for text in d.documents]), "C"),
        "text-scaled": (lambda d: make_pipeline(short(), StandardScaler(with_mean=False), SGDClassifier(random_state=0)), _wine, "C"),
        "text-search": (
            lambda d: GridSearchCV(make_pipeline(TfidfVectorizer(), LogisticRegression()), {"tfidfvectorizer__max_features": [10, 20]}, cv=2),
            _wine,
            "C",
        ),
        "text-calibrated": (lambda d: make_pipeline(short(), CalibratedClassifierCV(LinearSVC(random_state=0), cv=2)), _wine, "C"),
        "text-votes": (
            lambda d: make_pipeline(short(), VotingClassifier([("nb", MultinomialNB()), ("lr", LogisticRegression())], voting="soft")),
            _wine,
            "C",
        ),
        "text-own-words": (
            lambda d: make_pipeline(CountVectorizer(stop_words=["the", "of", "wine"], token_pattern=r"(?u)\b[^\d\W]{3,}\b", strip_accents="ascii"), MultinomialNB()),
            _wine,
            "C",
        ),
    }
    made = lambda fit, target: lambda d: fit(d).fit(d.documents, target(d))
    found = [Case(name, made(fit, target), _rows, exact) for name, (fit, target, exact) in fits.items()]
    columns = Case(
        "text-columns", lambda d: make_pipeline(text_and_numbers(), LogisticRegression(max_iter=500)).fit(frame(d), _wine(d)), asked, "C", extras=("row",)
    )
    return [*found, columns]


def _own_functions() -> list:
    """Functions in a vectorizer are refused, with what to use in their place."""
    cloud = ("model.cloudpickle.pkl",)
    refused = lambda name, attribute, text, words: Case(
        name,
        lambda d: CountVectorizer(**{attribute: from_script(text, attribute)}).fit(d.documents),
        _rows,
        refused=(f"CountVectorizer.{attribute}", "train.py", *words),
        containers=cloud,
    )
    return [
        refused("text-tokenizer-lambda", "tokenizer", "lambda text: text.split('-')", ("token_pattern",)),
        refused("text-preprocessor-lambda", "preprocessor", "lambda text: text.replace('#', '')", ("before the request",)),
    ]


def _methods() -> list:
    """Methods of Python's own texts, which pickles store by name and skops does not name."""
    rows = lambda d, m: [*d.document_rows()[6:], "a\u2028b\x1cc\x1dd\x85e\u00a0f\u200bg\x1fh", "\x1f Über  uns \u3000"]
    variants = {
        "text-split": {"tokenizer": str.split},
        "text-split-bigrams": {"tokenizer": str.split, "lowercase": False, "ngram_range": (1, 2), "stop_words": ["the", "Café"]},
        "text-split-analyzer": {"analyzer": str.split, "ngram_range": (1, 3)},
        "text-letters": {"analyzer": list},
        "text-method-lower": {"preprocessor": str.lower, "strip_accents": "unicode"},
        "text-method-upper": {"preprocessor": str.upper},
        "text-method-strip": {"preprocessor": str.strip, "analyzer": "char", "ngram_range": (1, 2)},
    }
    made = lambda params: lambda d: CountVectorizer(**{"max_features": 12, **params}).fit(rows(d, None))
    pickles = ("model.p0.pkl", "model.p2.pkl", "model.p4.pkl", "model.joblib", "model.cloudpickle.pkl")
    found = [Case(name, made(params), rows, containers=pickles[at % 5 :][:1]) for at, (name, params) in enumerate(variants.items())]
    swapped = Case("text-method-swapcase", made({"preprocessor": str.swapcase}), rows, refused=("CountVectorizer.preprocessor", "str.swapcase", "lowercase"), containers=("model.p4.pkl",))
    nameless = Case("text-method-skops", lambda d: CountVectorizer(tokenizer=str.split).fit(["red wine"]), lambda d, m: ["wine"], refused=("CountVectorizer.tokenizer", "joblib"), containers=("model.skops",), since="1.2")
    return [*found, swapped, nameless]
