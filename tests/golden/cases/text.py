"""Counts, TF-IDF and text pipelines."""

from __future__ import annotations

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import MaxAbsScaler

from case import Case


def _rows(d: object, model: object) -> list:
    return d.document_rows()


def _vectorizer(name: str, kind: object, exact: str, **params: object) -> Case:
    return Case(name, lambda d: kind(**params).fit(d.documents), _rows, exact)


def cases() -> list:
    """All text cases."""
    return [*_counts(), *_tfidf(), *_weights(), *_pipelines()]


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
