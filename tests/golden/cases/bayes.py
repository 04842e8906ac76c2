"""Naive Bayes: sums of logarithms, of which numpy's own differ by processor, so class C."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from sklearn import naive_bayes as nb
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OrdinalEncoder

from case import Case

LOG = ("predict_log_proba",)


def cases() -> list:
    """Each class on dense rows, the discrete ones on texts, and what they refuse."""
    return [*_gaussian(), *_counts(), *_bits(), *_categories(), *_texts()]


def _case(name: str, fit: object, rows: object, **more: object) -> Case:
    return Case(f"bayes-{name}", fit, rows, exact="C", also=LOG, **more)


def _edge(d: object, model: object) -> object:
    return d.edge()


def _near(d: object, model: object) -> object:
    return d.x[:5]


def _gaussian() -> list:
    gaussian = nb.GaussianNB
    frame = lambda d: d.frame[["income", "children", "member"]]
    return [
        _case("gaussian", lambda d: gaussian().fit(d.x, d.three), _near, errors=_no_missing),
        _case("gaussian-far-rows", lambda d: gaussian().fit(d.x, d.names), _edge),
        _case("gaussian-priors", lambda d: gaussian(priors=[0.7, 0.3], var_smoothing=1e-3).fit(d.x, d.flags), _near),
        _case("gaussian-weights", lambda d: gaussian().fit(d.x, d.three, sample_weight=d.weight), _near),
        _case("gaussian-one-feature", lambda d: gaussian().fit(d.x[:, :1], d.binary), lambda d, m: d.x[:7, :1]),
        _case("gaussian-one-class", lambda d: gaussian().fit(d.x, np.zeros(len(d.x))), _near),
        _case("gaussian-wide", lambda d: gaussian().fit(_wide(d), d.three), lambda d, m: _wide(d)[:4]),
        _case("gaussian-frame", lambda d: gaussian().fit(frame(d), d.names), lambda d, m: frame(d)[:6]),
        _case("gaussian-integers", lambda d: gaussian().fit(d.ints, d.three), lambda d, m: d.ints[:5]),
    ]


def _wide(d: object) -> object:
    return np.column_stack([d.x * np.sin(step + 1.0) + step for step in range(4)])


def _no_missing(d: object, model: object) -> list:
    rows = d.edge()[:2]
    hollow = rows.copy()
    hollow[1, 2] = np.nan
    return [(hollow, ("NaN",)), (rows[:, :3], ("3", "5"))]


def _positive(d: object) -> object:
    return d.ints + 4


def _counts() -> list:
    more = {"errors": lambda d, m: [(_positive(d)[:2, :3], ("3", "4"))]}
    counts = lambda d, m: np.vstack([_positive(d)[:4], np.zeros((1, 4), dtype=int)])
    shares = lambda d, m: np.vstack([_positive(d)[:4] / 7.0, [[-2.5, 0.5, 3.25, 1.0]]])
    return [
        _case("multinomial", lambda d: nb.MultinomialNB().fit(_positive(d), d.three), counts, **more),
        _case("multinomial-names", lambda d: nb.MultinomialNB(alpha=0.1, fit_prior=False).fit(_positive(d), d.names), shares),
        _case("multinomial-one-class", lambda d: nb.MultinomialNB().fit(_positive(d), np.ones(len(d.ints))), counts),
        _case("multinomial-priors", lambda d: nb.MultinomialNB(class_prior=[0.9, 0.1]).fit(_positive(d), d.binary), shares),
        _case("multinomial-scaled", lambda d: make_pipeline(MinMaxScaler(), nb.MultinomialNB()).fit(d.x, d.three), _near),
        _case("complement", lambda d: nb.ComplementNB().fit(_positive(d), d.three), counts, **more),
        _case("complement-norm", lambda d: nb.ComplementNB(norm=True, alpha=0.5).fit(_positive(d), d.names), shares),
        _case("complement-one-class", lambda d: nb.ComplementNB().fit(_positive(d), np.ones(len(d.ints))), counts),
        _case("complement-priors", lambda d: nb.ComplementNB(class_prior=[0.9, 0.1]).fit(_positive(d), d.binary), counts),
        _case("multinomial-sparse", lambda d: nb.MultinomialNB().fit(sparse.csr_matrix(_positive(d)), d.flags), counts),
    ]


def _bits() -> list:
    bernoulli = nb.BernoulliNB
    at = lambda d, m: np.vstack([d.x[:4], np.full((2, 5), [[0.3], [np.float32(0.3)]])])
    return [
        _case("bernoulli", lambda d: bernoulli().fit(d.x, d.three), _edge, errors=_no_missing),
        _case("bernoulli-threshold", lambda d: bernoulli(binarize=0.3, alpha=0.2).fit(d.x, d.names), at),
        _case("bernoulli-one-class", lambda d: bernoulli().fit(d.x, np.ones(len(d.x))), _near),
        _case("bernoulli-no-bits", lambda d: bernoulli(binarize=None).fit(np.abs(d.x) > 1.0, d.binary), _near),
        _case("bernoulli-integers", lambda d: bernoulli(binarize=2.0, fit_prior=False).fit(d.ints, d.flags), lambda d, m: d.ints[:5]),
    ]


def _categories() -> list:
    def strange(d: object, model: object) -> list:
        unknown, negative = _positive(d)[:2], _positive(d)[:2]
        unknown[1, 2], negative[1, 0] = 77, -1
        return [(unknown, ("77", "row 1", "column 2")), (negative, ("-1", "row 1", "column 0")), (unknown[:, :3], ("3", "4"))]

    def table(d: object) -> object:
        return d.frame[["city", "colour"]]

    categorical, rows = nb.CategoricalNB, lambda d, m: _positive(d)[:5]
    return [
        _case("categorical", lambda d: categorical().fit(_positive(d), d.three), rows, errors=strange),
        _case("categorical-cut", lambda d: categorical(alpha=0.3).fit(_positive(d), d.binary), lambda d, m: _positive(d)[:5] + 0.75),
        _case("categorical-more", lambda d: categorical(min_categories=20).fit(_positive(d), d.names), lambda d, m: _positive(d)[:5] + 5),
        _case("categorical-frame", lambda d: make_pipeline(OrdinalEncoder(), categorical()).fit(table(d), d.names), lambda d, m: table(d)[:7]),
    ]


def _texts() -> list:
    def topics(d: object) -> object:
        return np.array(["tall" if len(text) > 55 else "short" if len(text) < 35 else "Mittel ü" for text in d.documents])

    def on(vectorizer: object, model: object) -> object:
        return lambda d: make_pipeline(vectorizer, model).fit(d.documents, topics(d))

    documents = lambda d, m: d.document_rows()[::3]
    few = lambda **more: CountVectorizer(max_features=16, **more)
    return [
        _case("texts-multinomial", on(few(), nb.MultinomialNB()), documents),
        _case("texts-tfidf", on(TfidfVectorizer(max_features=16), nb.MultinomialNB(alpha=0.2)), documents),
        _case("texts-complement", on(few(), nb.ComplementNB(norm=True)), documents),
        _case("texts-bernoulli", on(few(binary=True), nb.BernoulliNB()), documents),
        _case("texts-bernoulli-threshold", on(few(), nb.BernoulliNB(binarize=1.0)), documents),
        _case("texts-floats", on(TfidfVectorizer(max_features=16, dtype=np.float32), nb.BernoulliNB(binarize=0.3)), documents),
    ]
