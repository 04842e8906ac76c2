"""Projections, factorisations and kernel approximations: dot products, so class C."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn import decomposition as dec
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from case import Case


def _edge(d: object, model: object) -> object:
    return d.edge()


def _scaled(d: object) -> object:
    return (d.x - d.x.mean(axis=0)) / d.x.std(axis=0)


def _state(d: object) -> int:
    return d.state % 1000


def _case(name: str, fit: object, rows: object = _edge, **more: object) -> Case:
    return Case(f"decomposition-{name}", fit, rows, **{"exact": "C", "methods": ("transform",), **more})


def _near(name: str, fit: object, **more: object) -> Case:
    """Rows as in training, for what is not linear or was fitted on floats."""
    return _case(name, fit, lambda d, m: np.vstack([_scaled(d)[:9], np.zeros((1, 5))]), **more)


def cases() -> list:
    """Every projection with what changes its answer."""
    return [*_principal(), *_sparse_rows(), *_factors()]


def _no_missing(d: object, model: object) -> list:
    rows = d.edge()[:2]
    hollow = rows.copy()
    hollow[1, 2] = np.nan
    return [(hollow, ("NaN",)), (rows[:, :3], ("3", "5"))]


def _principal() -> list:
    pca = dec.PCA
    frame = lambda d: pd.DataFrame(d.x, columns=list("abcde"))
    ints = lambda d: d.ints
    pipeline = lambda d: make_pipeline(StandardScaler(), pca(3), LogisticRegression()).fit(d.x, d.three)
    return [
        _case("pca", lambda d: pca().fit(d.x), errors=_no_missing),
        _case("pca-two", lambda d: pca(2).fit(d.x)),
        _case("pca-whiten", lambda d: pca(whiten=True).fit(d.x)),
        _case("pca-whiten-rank", lambda d: pca(whiten=True, svd_solver="arpack", n_components=3, random_state=_state(d)).fit(d.x)),
        _case("pca-share", lambda d: pca(0.999).fit(d.x)),
        _near("pca-float", lambda d: pca(3).fit(_scaled(d).astype(np.float32)), exact="C32"),
        _near("pca-float-whiten", lambda d: pca(3, whiten=True).fit(_scaled(d).astype(np.float32)), exact="C32"),
        _case("pca-one-column", lambda d: pca().fit(d.x[:, :1]), lambda d, m: d.edge(x=d.x[:, :1])),
        _case("pca-randomized", lambda d: pca(2, svd_solver="randomized", random_state=_state(d)).fit(d.x)),
        _case("pca-frame", lambda d: pca(2).fit(frame(d)), lambda d, m: frame(d)[:8]),
        _case("pca-integers", lambda d: pca(2).fit(ints(d)), lambda d, m: ints(d)[:8]),
        Case("decomposition-pca-pipeline", pipeline, _edge, exact="C"),
        _case("incremental", lambda d: dec.IncrementalPCA(3, batch_size=20).fit(d.x)),
        _case("incremental-whiten", lambda d: dec.IncrementalPCA(2, whiten=True, batch_size=30).fit(d.x)),
    ]


def _sparse_rows() -> list:
    svd = dec.TruncatedSVD
    text = lambda d: make_pipeline(TfidfVectorizer(), svd(5, random_state=_state(d))).fit(d.documents)
    thin = lambda d: sparse.csr_matrix(np.where(np.abs(_scaled(d)) > 1, d.x, 0))
    return [
        _case("svd", lambda d: svd(2, random_state=_state(d)).fit(d.x)),
        _case("svd-many", lambda d: svd(4, algorithm="arpack", random_state=_state(d)).fit(d.x)),
        _near("svd-float", lambda d: svd(2, random_state=_state(d)).fit(_scaled(d).astype(np.float32)), exact="C32"),
        _case("svd-texts", text, lambda d, m: d.document_rows()[:9]),
        _case("svd-sparse", lambda d: svd(3, random_state=_state(d)).fit(thin(d)), lambda d, m: thin(d)[:9].toarray()),
        _case("incremental-sparse", lambda d: dec.IncrementalPCA(2).fit(thin(d)), lambda d, m: thin(d)[:9].toarray()),
        _case("pca-sparse", lambda d: dec.PCA(2, svd_solver="arpack", random_state=_state(d)).fit(thin(d)), lambda d, m: thin(d)[:9].toarray(), since="1.4"),
    ]


def _factors() -> list:
    ica, fa = dec.FastICA, dec.FactorAnalysis
    # the library answers a row alone without its second dimension
    sparse_pca = {"extras": ("f32",)}
    return [
        _case("ica", lambda d: ica(3, random_state=_state(d)).fit(d.x)),
        _case("ica-unit", lambda d: ica(2, whiten="unit-variance", fun="exp", random_state=_state(d)).fit(d.x), since="1.1"),
        _case("ica-white-rows", lambda d: ica(whiten=False, random_state=_state(d), max_iter=50).fit(_scaled(d))),
        _near("ica-float", lambda d: ica(3, random_state=_state(d)).fit(_scaled(d).astype(np.float32)), exact="C32", since="1.1"),
        _case("factors", lambda d: fa(2, random_state=_state(d)).fit(d.x)),
        _case("factors-rotated", lambda d: fa(3, rotation="varimax", svd_method="lapack").fit(d.x)),
        _case("factors-all", lambda d: fa().fit(_scaled(d))),
        _case("sparse-pca", lambda d: dec.SparsePCA(3, alpha=0.5, random_state=_state(d)).fit(_scaled(d)), **sparse_pca),
        _case("sparse-pca-ridge", lambda d: dec.SparsePCA(2, ridge_alpha=2.5, random_state=_state(d)).fit(d.x), **sparse_pca),
        _case("sparse-pca-many", lambda d: dec.SparsePCA(6, alpha=0.1, ridge_alpha=0.5, random_state=_state(d)).fit(_scaled(d)), **sparse_pca),
        _case("sparse-pca-batches", lambda d: dec.MiniBatchSparsePCA(3, alpha=0.5, batch_size=20, random_state=_state(d)).fit(_scaled(d)), **sparse_pca),
    ]
