"""Clusters and mixtures: labels are exact, distances and densities are matrix products of class C."""

from __future__ import annotations

import numpy as np
import sklearn.cluster as clusters
from scipy import sparse
from sklearn import mixture
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from case import Case

MIXED = ("score_samples",)


def cases() -> list:
    """Each class that has `predict` or `transform`, and the refusal of those that have neither."""
    return [*_means(), *_others(), *_columns(), *_mixtures(), *_refused()]


def _scaled(d: object, rows: int = 96) -> object:
    return ((d.x - d.x.mean(axis=0)) / d.x.std(axis=0))[:rows]


def _near(d: object, model: object) -> object:
    return np.vstack([_scaled(d)[:5] + 0.05, np.zeros((1, 5)), np.full((1, 5), -7.5)])


def _case(name: str, fit: object, rows: object = _near, exact: object = "C", **more: object) -> Case:
    return Case(f"cluster-{name}", fit, rows, exact=exact, **more)


def _seed(d: object) -> dict:
    return {"random_state": d.state % 1000}


def _no_missing(d: object, model: object) -> list:
    rows = _near(d, model)[:2]
    hollow = rows.copy()
    hollow[1, 2] = np.nan
    return [(hollow, ("NaN",)), (rows[:, :3], ("3", "5"))]


def _means() -> list:
    # rows of floats are refused beside centres of doubles
    plain = {"extras": ("row",)}
    means = lambda d, **more: clusters.KMeans(4, n_init=2, **_seed(d), **more)
    thin = lambda d: sparse.csr_matrix(np.where(np.abs(_scaled(d)) > 0.5, _scaled(d), 0.0))
    floats = lambda d, m: _near(d, m).astype(np.float32)
    documents = lambda d, m: d.document_rows()[::3]
    return [
        _case("means", lambda d: means(d).fit(_scaled(d)), errors=_no_missing, **plain),
        _case("means-one", lambda d: clusters.KMeans(1, n_init=1, **_seed(d)).fit(_scaled(d)), **plain),
        _case("means-integers", lambda d: means(d).fit(d.ints), lambda d, m: d.ints[:6], **plain),
        _case("means-floats", lambda d: means(d).fit(_scaled(d).astype(np.float32)), floats),
        _case("means-far-rows", lambda d: means(d).fit(d.x), lambda d, m: d.edge(), **plain),
        _case("means-frame", lambda d: means(d).fit(d.frame[["income", "children"]]), lambda d, m: d.frame[["income", "children"]][:6], **plain),
        _case("means-sparse", lambda d: means(d).fit(thin(d)), **plain),
        _case("means-texts", lambda d: make_pipeline(TfidfVectorizer(max_features=16), means(d)).fit(d.documents), documents),
        _case("means-before-model", lambda d: make_pipeline(StandardScaler(), means(d), LogisticRegression()).fit(d.x, d.three), lambda d, m: d.x[:6]),
        _case("means-batches", lambda d: clusters.MiniBatchKMeans(3, n_init=2, **_seed(d)).fit(_scaled(d)), **plain),
        _case("means-bisecting", lambda d: clusters.BisectingKMeans(5, **_seed(d)).fit(_scaled(d)), since="1.1", **plain),
        _case("means-bisecting-largest", lambda d: clusters.BisectingKMeans(4, bisecting_strategy="largest_cluster", **_seed(d)).fit(d.x), lambda d, m: d.x[:6], since="1.1", **plain),
        _case("means-bisecting-sparse", lambda d: clusters.BisectingKMeans(4, **_seed(d)).fit(thin(d)), since="1.1", **plain),
        _case("means-bisecting-one", lambda d: clusters.BisectingKMeans(1, **_seed(d)).fit(_scaled(d)), since="1.1", **plain),
    ]


def _others() -> list:
    return [
        _case("shift", lambda d: clusters.MeanShift(bandwidth=1.7).fit(_scaled(d)), errors=_no_missing),
        _case("shift-bins", lambda d: clusters.MeanShift(bandwidth=2.0, bin_seeding=True, cluster_all=False).fit(_scaled(d))),
        _case("affinity", lambda d: clusters.AffinityPropagation(**_seed(d)).fit(_scaled(d, 30)), errors=_no_missing),
        _case("affinity-none", lambda d: clusters.AffinityPropagation(max_iter=1, **_seed(d)).fit(_scaled(d, 30))),
        _case("birch", lambda d: clusters.Birch(n_clusters=3, threshold=1.2).fit(_scaled(d)), errors=_no_missing),
        _case("birch-all", lambda d: clusters.Birch(n_clusters=None, threshold=1.5).fit(_scaled(d))),
        _case("birch-floats", lambda d: clusters.Birch(n_clusters=3, threshold=1.2).fit(_scaled(d).astype(np.float32)), exact={"transform": "C", "*": "A"}),
    ]


def _columns() -> list:
    agglomeration = clusters.FeatureAgglomeration
    wide = lambda d: np.column_stack([_scaled(d), _scaled(d)[:, ::-1] * 2.0 + 1.0])
    rows = lambda d, m: wide(d)[:5]
    named = {"mean": np.mean, "median": np.median, "max": np.max, "min": np.min}
    return [
        *(_case(f"columns-{name}", lambda d, pool=pool: agglomeration(3, pooling_func=pool).fit(wide(d)), rows, exact="B4") for name, pool in named.items()),
        # one row alone is added in another order by numpy
        _case("columns-sum", lambda d: agglomeration(3, pooling_func=np.sum).fit(wide(d)), rows, exact="A", extras=("f32",)),
        _case("columns-sum-of-many", lambda d: agglomeration(2, pooling_func=np.sum).fit(np.hstack([wide(d) * 1.7**at for at in range(8)])), lambda d, m: np.hstack([wide(d)[:5] * 1.7**at for at in range(8)]), exact="A", extras=("f32",), fresh=True),
        _case("columns-before-model", lambda d: make_pipeline(agglomeration(2), LogisticRegression()).fit(d.x, d.three), lambda d, m: d.x[:5]),
    ]


def _mixtures() -> list:
    plain = lambda kind: lambda d: mixture.GaussianMixture(3, covariance_type=kind, **_seed(d)).fit(_scaled(d))
    bayes = lambda kind, **more: lambda d: mixture.BayesianGaussianMixture(n_components=3, covariance_type=kind, **more, **_seed(d)).fit(_scaled(d))
    kinds = ("full", "tied", "diag", "spherical")
    exact = {"also": MIXED, "exact": "C", "extras": ("row",)}
    floats = lambda d, m: _near(d, m).astype(np.float32)
    return [
        *(_case(f"mixture-{kind}", plain(kind), errors=_no_missing if kind == "full" else None, **exact) for kind in kinds),
        *(_case(f"mixture-{kind}-float-rows", plain(kind), floats, also=MIXED, exact="C32") for kind in kinds),
        *(_case(f"mixture-bayesian-{kind}", bayes(kind), **exact) for kind in kinds),
        _case("mixture-bayesian-distribution", bayes("full", weight_concentration_prior_type="dirichlet_distribution"), **exact),
        _case("mixture-one", lambda d: mixture.GaussianMixture(1).fit(_scaled(d)[:, :1]), lambda d, m: _near(d, m)[:, :1], **exact),
        _case("mixture-integers", lambda d: mixture.GaussianMixture(2, **_seed(d)).fit(d.ints), lambda d, m: d.ints[:6], **exact),
        _case("mixture-far-rows", lambda d: mixture.GaussianMixture(2, **_seed(d)).fit(d.x), lambda d, m: d.edge(), **exact),
        _case("mixture-floats", lambda d: mixture.GaussianMixture(2, **_seed(d)).fit(_scaled(d).astype(np.float32)), floats, also=MIXED, exact="C32"),
    ]


def _refused() -> list:
    words = ("predict", "KNeighborsClassifier", "labels_")
    def case(name: str, fit: object, since: str = "0") -> Case:
        return Case(f"cluster-{name}", fit, extras=(), refused=(type_of[name], *words), since=since)

    type_of = {"dbscan": "DBSCAN", "hdbscan": "HDBSCAN", "optics": "OPTICS", "agglomerative": "AgglomerativeClustering", "spectral": "SpectralClustering"}
    return [
        case("dbscan", lambda d: clusters.DBSCAN().fit(_scaled(d, 12))),
        case("hdbscan", lambda d: clusters.HDBSCAN(copy=True).fit(_scaled(d, 12)), since="1.3"),
        case("optics", lambda d: clusters.OPTICS().fit(_scaled(d, 12))),
        case("agglomerative", lambda d: clusters.AgglomerativeClustering().fit(_scaled(d, 12))),
        case("spectral", lambda d: clusters.SpectralClustering(2, **_seed(d)).fit(_scaled(d, 12))),
    ]
