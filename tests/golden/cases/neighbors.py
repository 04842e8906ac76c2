"""What answers by near rows. Distances summed column by column are equal bits; those of matrix products are class C.

A density takes each logarithm where the library takes it, from the same C library; that of weights is numpy's, which differs by processor.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from sklearn import neighbors as nn
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import KNNImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from case import Case


def cases() -> list:
    """Classifiers and regressors over every metric, dense and sparse, and what else looks at near rows."""
    return [*_classifiers(), *_regressors(), *_metrics(), *_sparse(), *_radius(), *_outliers(), *_centroids(), *_transforms(), *_imputers(), *_densities(), *_refused()]


def _scaled(d: object, rows: int = 40) -> object:
    return ((d.x - d.x.mean(axis=0)) / d.x.std(axis=0))[:rows]


def _near(d: object, model: object) -> object:
    """New rows, one of the training, and one far away."""
    all_rows = _scaled(d, len(d.x))
    return np.vstack([all_rows[60:64], all_rows[3:4], np.full((1, 5), 9.0)])


def _new(d: object, model: object) -> object:
    return _scaled(d, len(d.x))[60:65]


def _case(name: str, fit: object, rows: object = _near, exact: object = "A", **more: object) -> Case:
    return Case(f"neighbors-{name}", fit, rows, exact=exact, **more)


def _ties(d: object) -> object:
    return d.ints[:40].astype(float)


def _tie_rows(d: object, model: object) -> object:
    return d.ints[30:36].astype(float)


def _no_missing(d: object, model: object) -> list:
    rows = _near(d, model)[:2]
    hollow = rows.copy()
    hollow[1, 2] = np.nan
    return [(hollow, ("NaN",)), (rows[:, :3], ("3", "5"))]


def _labels(d: object) -> object:
    return d.three[:40]


def _classifiers() -> list:
    knn = nn.KNeighborsClassifier
    return [
        _case("classifier", lambda d: knn().fit(_scaled(d), _labels(d)), errors=_no_missing),
        _case("classifier-distance", lambda d: knn(weights="distance").fit(_scaled(d), d.names[:40])),
        _case("classifier-many", lambda d: knn(11, weights="distance", leaf_size=5).fit(_scaled(d), d.flags[:40])),
        _case("classifier-ball", lambda d: knn(4, algorithm="ball_tree", leaf_size=3).fit(_scaled(d), _labels(d))),
        _case("classifier-brute", lambda d: knn(algorithm="brute").fit(_scaled(d), _labels(d)), _new),
        _case("classifier-brute-distance", lambda d: knn(algorithm="brute", weights="distance").fit(_scaled(d), _labels(d)), _new, exact="C"),
        _case("classifier-outputs", lambda d: knn(6).fit(_scaled(d), d.labels2[:40])),
        _case("classifier-outputs-distance", lambda d: knn(6, weights="distance").fit(_scaled(d), np.column_stack([d.names, d.names[::-1]])[:40])),
        _case("classifier-one", lambda d: knn(1).fit(_scaled(d)[:, :1], _labels(d)), lambda d, m: _near(d, m)[:, :1]),
        _case("classifier-all", lambda d: knn(12).fit(_scaled(d, 12), d.binary[:12].astype(float))),
        _case("classifier-ties", lambda d: knn(3, leaf_size=4).fit(_ties(d), _labels(d)), _tie_rows),
        _case("classifier-ties-ball", lambda d: knn(4, algorithm="ball_tree", leaf_size=4).fit(_ties(d), _labels(d)), _tie_rows),
        _case("classifier-ties-brute", lambda d: knn(4, algorithm="brute").fit(_ties(d), _labels(d)), _tie_rows, since="1.1", extras=("row",)),
        _case("classifier-integers", lambda d: knn(3).fit(d.ints[:40], _labels(d)), lambda d, m: d.ints[50:56]),
        _case("classifier-floats", lambda d: knn(3, weights="distance").fit(_scaled(d).astype(np.float32), _labels(d))),
        _case("classifier-frame", lambda d: knn(3).fit(d.frame[["income", "children"]][:40], d.names[:40]), lambda d, m: d.frame[["income", "children"]][50:55]),
        _case("classifier-in-pipeline", lambda d: make_pipeline(StandardScaler(), knn()).fit(d.x[:40], d.names[:40]), lambda d, m: d.edge()),
        _case("classifier-wide", lambda d: knn(3).fit(_wide(d)[:40], _labels(d)), lambda d, m: _wide(d)[60:64]),
    ]


def _wide(d: object) -> object:
    return np.column_stack([_scaled(d, 96) * np.sin(step + 1.0) + step for step in range(4)])


def _regressors() -> list:
    knn = nn.KNeighborsRegressor
    return [
        _case("regressor", lambda d: knn().fit(_scaled(d), d.y[:40]), errors=_no_missing),
        _case("regressor-distance", lambda d: knn(9, weights="distance").fit(_scaled(d), d.y[:40])),
        _case("regressor-many", lambda d: knn(17).fit(_scaled(d), d.y[:40])),
        _case("regressor-outputs", lambda d: knn(11).fit(_scaled(d), d.y2[:40])),
        _case("regressor-outputs-distance", lambda d: knn(weights="distance").fit(_scaled(d), d.y2[:40])),
        _case("regressor-one-column", lambda d: knn(9).fit(_scaled(d), d.y[:40, None])),
        _case("regressor-integers", lambda d: knn(9).fit(_scaled(d), d.counts[:40])),
        _case("regressor-floats", lambda d: knn(9).fit(_scaled(d).astype(np.float32), d.y[:40].astype(np.float32))),
        _case("regressor-float-outputs", lambda d: knn(9).fit(_scaled(d), d.y2[:40].astype(np.float32))),
        _case("regressor-brute", lambda d: knn(algorithm="brute", weights="distance").fit(_scaled(d), d.y[:40]), _new, exact="C"),
    ]


def _on_metric(name: str, exact: str = "A", rows: object = _new, since: str = "0", until: str = "999", **more: object) -> Case:
    title = "-".join([name, *(str(more[key]) for key in ("algorithm", "p") if key in more), *(["weighted"] if "metric_params" in more else [])])
    fit = lambda d: nn.KNeighborsRegressor(4, metric=name, weights="distance", **_params(more, d)).fit(_scaled(d), d.y[:40])
    return _case(f"metric-{title}", fit, rows, exact=exact, since=since, until=until)


def _params(more: dict, d: object) -> dict:
    return {key: value(d) if callable(value) else value for key, value in more.items()}


def _metrics() -> list:
    ball, brute, kd = {"algorithm": "ball_tree"}, {"algorithm": "brute"}, {"algorithm": "kd_tree"}
    variances = {"metric_params": lambda d: {"V": _scaled(d).var(axis=0, ddof=1)}}
    inverse = {"metric_params": lambda d: {"VI": np.linalg.inv(np.cov(_scaled(d).T))}}
    covariance = {"metric_params": lambda d: {"V": np.cov(_scaled(d).T)}}
    weights = {"metric_params": {"w": np.array([0.5, 1.0, 2.0, 0.0, 3.0])}}
    return [
        *(_on_metric(name, **how) for name in ("manhattan", "chebyshev") for how in (kd, ball, brute)),
        *(_on_metric(name, **how) for name in ("l1", "l2", "cityblock") for how in ({},)),
        *(_on_metric("minkowski", p=p, exact="C", **how) for p in (1, 3, 1.5) for how in (kd, ball, brute)),
        _on_metric("minkowski", exact="C", p=3, since="1.2", **ball, **weights),
        _on_metric("minkowski", exact="C", p=2, since="1.2", **weights),
        _on_metric("minkowski", exact="C", p=0.5, since="1.3", **brute),
        _on_metric("wminkowski", exact="C", until="1.2", **ball, metric_params={"p": 3, "w": np.array([0.5, 1.0, 2.0, 0.1, 3.0])}),
        *(_on_metric("seuclidean", exact="C", **how, **variances) for how in (ball, brute)),
        *(_on_metric("mahalanobis", exact="C", **how, **inverse) for how in (ball, brute)),
        _case("metric-mahalanobis-covariance", lambda d: nn.KNeighborsRegressor(4, metric="mahalanobis", algorithm="ball_tree", **_params(covariance, d)).fit(_scaled(d), d.y[:40]), _new),
        *(_on_metric(name, exact="C", **how) for name in ("canberra", "braycurtis") for how in (ball, brute)),
        *(_on_metric(name, exact="C", **brute) for name in ("cosine", "correlation", "sqeuclidean", "euclidean", "nan_euclidean")),
        *_haversine(),
        *_bits(),
        _case("metric-nan", lambda d: nn.KNeighborsRegressor(3, metric="nan_euclidean", weights="distance").fit(np.where(np.isnan(d.x_nan[:40]), np.nan, _scaled(d)), d.y[:40]), lambda d, m: np.where(np.isnan(d.x_nan), np.nan, _scaled(d, 96))[60:66], exact="C", since="1.6"),
        _case("metric-precomputed", lambda d: nn.KNeighborsRegressor(3, metric="precomputed").fit(_apart(d, 0, 40), d.y[:40]), lambda d, m: _apart(d, 60, 65), errors=lambda d, m: [(-_apart(d, 60, 61), ("negative",))]),
    ]


def _apart(d: object, start: int, end: int) -> object:
    rows = _scaled(d, 96)
    return np.sqrt(((rows[start:end, None] - rows[None, :40]) ** 2).sum(axis=2))


def _haversine() -> list:
    places = lambda d: np.column_stack([np.arctan(d.x[:, 0]), np.arctan(d.x[:, 2] * 9.0) * 2.0])
    fit = lambda algorithm: lambda d: nn.KNeighborsRegressor(3, metric="haversine", algorithm=algorithm, weights="distance", leaf_size=4).fit(places(d)[:40], d.y[:40])
    return [_case(f"metric-haversine-{name}", fit(name), lambda d, m: places(d)[60:65], exact="C") for name in ("ball_tree", "brute")]


def _bits() -> list:
    def rows(d: object) -> object:
        return (np.column_stack([d.ints, d.ints[::-1], d.ints[:, ::-1] + d.ints[::-1]]) > 2).astype(float)

    found = []
    for name, until in (("jaccard", "999"), ("dice", "999"), ("rogerstanimoto", "999"), ("russellrao", "999"), ("sokalsneath", "999"), ("sokalmichener", "1.6"), ("kulsinski", "1.2"), ("hamming", "999"), ("matching", "1.2"), ("yule", "999")):
        algorithm = "brute" if name == "yule" else "ball_tree"
        fit = lambda d, name=name, algorithm=algorithm: nn.KNeighborsRegressor(20, metric=name, algorithm=algorithm, leaf_size=50).fit(rows(d)[:20], d.y[:20])
        found.append(_case(f"metric-{name}", fit, lambda d, m: rows(d)[60:63], exact="C", until=until))
    near = lambda d: nn.KNeighborsClassifier(3, metric="jaccard", algorithm="ball_tree", leaf_size=4).fit(rows(d)[:40], _labels(d))
    return [*found, _case("metric-jaccard-ties", near, lambda d, m: rows(d)[60:66])]


def _sparse() -> list:
    def on_texts(model: object) -> object:
        return lambda d: make_pipeline(TfidfVectorizer(max_features=40), model).fit(d.documents[:30], d.names[:30])

    documents = lambda d, m: [text for text in d.document_rows() if text.strip()][:6]
    thin = lambda d: sparse.csr_matrix(np.where(np.abs(_scaled(d)) > 0.3, _scaled(d), 0.0))
    few = lambda d, m: np.where(np.abs(_scaled(d, 96)) > 0.1, _scaled(d, 96), 0.0)[60:65]
    knn = nn.KNeighborsClassifier
    return [
        _case("sparse-cosine", lambda d: nn.KNeighborsRegressor(4, metric="cosine", weights="distance").fit(thin(d), d.y[:40]), few, exact="C"),
        _case("sparse-euclidean", lambda d: nn.KNeighborsRegressor(4, weights="distance").fit(thin(d), d.y[:40]), few, exact="C"),
        _case("sparse-manhattan", lambda d: nn.KNeighborsRegressor(4, metric="manhattan", weights="distance").fit(thin(d), d.y[:40]), few, exact="C"),
        _case("texts", on_texts(knn(1)), documents),
        _case("texts-cosine", on_texts(knn(1, metric="cosine", weights="distance")), documents, exact="C"),
    ]


def _radius() -> list:
    classifier, regressor = nn.RadiusNeighborsClassifier, nn.RadiusNeighborsRegressor
    alone = lambda d, m: [(np.full((1, 5), 9.0), ("no neighbour", "row 0"))]
    return [
        _case("radius-classifier", lambda d: classifier(2.5).fit(_scaled(d), _labels(d)), _close, errors=alone),
        _case("radius-classifier-distance", lambda d: classifier(2.5, weights="distance", leaf_size=5).fit(_scaled(d), d.names[:40]), _close),
        _case("radius-classifier-outlier", lambda d: classifier(1.5, outlier_label=7).fit(_scaled(d), _labels(d))),
        _case("radius-classifier-usual", lambda d: classifier(1.5, outlier_label="most_frequent").fit(_scaled(d), d.names[:40])),
        _case("radius-classifier-known", lambda d: classifier(1.5, outlier_label="ash").fit(_scaled(d), d.names[:40])),
        _case("radius-classifier-brute", lambda d: classifier(1.5, algorithm="brute", outlier_label=1).fit(_scaled(d), _labels(d)), _new),
        _case("radius-classifier-outputs", lambda d: classifier(1.5, outlier_label=[2, 1]).fit(_scaled(d), d.labels2[:40])),
        _case("radius-classifier-ties", lambda d: classifier(3.0, outlier_label=0, leaf_size=4).fit(_ties(d), _labels(d)), _tie_rows),
        _case("radius-regressor", lambda d: regressor(2.5, leaf_size=4).fit(_scaled(d), d.y[:40])),
        _case("radius-regressor-distance", lambda d: regressor(2.5, weights="distance", leaf_size=4).fit(_scaled(d), d.y[:40]), exact="C"),
        _case("radius-regressor-outputs", lambda d: regressor(2.5, algorithm="ball_tree", leaf_size=4).fit(_scaled(d), d.y2[:40])),
        _case("radius-regressor-brute", lambda d: regressor(2.5, algorithm="brute").fit(_scaled(d), d.y[:40]), _new, exact="C"),
        _case("radius-regressor-integers", lambda d: regressor(2.5).fit(_scaled(d), d.counts[:40]), _close),
        _case("radius-regressor-chebyshev", lambda d: regressor(1.5, metric="chebyshev", leaf_size=4).fit(_scaled(d), d.y[:40])),
    ]


def _close(d: object, model: object) -> object:
    return _scaled(d)[:5] + 0.05


def _outliers() -> list:
    factor = lambda **more: nn.LocalOutlierFactor(8, novelty=True, **more)
    more = {"also": ("score_samples",)}
    return [
        _case("outliers", lambda d: factor().fit(_scaled(d)), extras=("row",), errors=_no_missing, exact="B4", **more),
        _case("outliers-float-rows", lambda d: factor(contamination=0.2).fit(_scaled(d)), lambda d, m: _near(d, m).astype(np.float32), exact="C", **more),
        _case("outliers-floats", lambda d: factor().fit(_scaled(d).astype(np.float32)), lambda d, m: _new(d, m).astype(np.float32), exact="C32", **more),
        _case("outliers-brute", lambda d: factor(algorithm="brute", metric="manhattan").fit(_scaled(d)), _new, exact="C", extras=("row",), **more),
    ]


def _centroids() -> list:
    centroid = nn.NearestCentroid
    thin = lambda d: sparse.csr_matrix(np.where(np.abs(_scaled(d)) > 0.5, _scaled(d), 0.0))
    exact = {"exact": "C", "also": ("predict_log_proba",)}
    return [
        _case("centroid", lambda d: centroid().fit(_scaled(d), _labels(d)), errors=_no_missing, **exact),
        _case("centroid-two", lambda d: centroid(shrink_threshold=0.3).fit(_scaled(d), d.flags[:40]), **exact),
        _case("centroid-manhattan", lambda d: centroid(metric="manhattan").fit(_scaled(d), d.names[:40]), **exact),
        _case("centroid-sparse", lambda d: centroid().fit(thin(d), _labels(d)), until="1.6", **exact),
        _case("centroid-cosine", lambda d: centroid(metric="cosine").fit(_scaled(d), _labels(d)), _new, until="1.2", **exact),
        _case("centroid-empirical", lambda d: centroid(priors="empirical").fit(_scaled(d), d.names[:40]), since="1.6", **exact),
        _case("centroid-priors", lambda d: centroid(priors=[0.9, 0.1], metric="manhattan").fit(_scaled(d), d.binary[:40]), since="1.6", **exact),
    ]


def _transforms() -> list:
    components = lambda d, **more: nn.NeighborhoodComponentsAnalysis(random_state=d.state % 1000, max_iter=5, **more).fit(_scaled(d), _labels(d))
    few = lambda d: _scaled(d, 12)
    return [
        _case("components", components, exact="C", errors=_no_missing),
        _case("components-two", lambda d: components(d, n_components=2, init="pca"), exact="C"),
        _case("graph", lambda d: nn.KNeighborsTransformer(n_neighbors=3).fit(few(d)), errors=_no_missing),
        _case("graph-ones", lambda d: nn.KNeighborsTransformer(mode="connectivity", n_neighbors=3, metric="manhattan").fit(few(d))),
        _case("graph-brute", lambda d: nn.KNeighborsTransformer(n_neighbors=3, algorithm="brute").fit(few(d)), _new, exact="C", extras=("row",)),
        _case("graph-radius", lambda d: nn.RadiusNeighborsTransformer(radius=2.0, algorithm="kd_tree").fit(few(d))),
        _case("graph-radius-ones", lambda d: nn.RadiusNeighborsTransformer(mode="connectivity", radius=2.0, algorithm="kd_tree").fit(few(d))),
        _case("graph-before-model", lambda d: make_pipeline(nn.KNeighborsTransformer(n_neighbors=6), nn.KNeighborsRegressor(3, metric="precomputed")).fit(_scaled(d), d.y[:40]), _new, extras=("row",)),
    ]


def _imputers() -> list:
    # marks without "row": up to 1.2 a row that lacks nothing has no columns of marks
    def hollow(d: object) -> object:
        return np.where(np.isnan(d.x_nan), np.nan, _scaled(d, 96))

    def rows(d: object, model: object) -> object:
        new = hollow(d)[60:68]
        new[0] = np.nan
        return new

    def with_empty(d: object) -> object:
        return np.where(np.arange(5) == 1, np.nan, hollow(d))[:40]

    marked = lambda d: np.where(np.isnan(d.x_nan[:40]), -1.0, d.x[:40])
    near = lambda **more: lambda d: KNNImputer(**more).fit(hollow(d)[:40])
    return [
        _case("imputer", near(), rows, exact="C", errors=lambda d, m: [(rows(d, m)[:, :3], ("3", "5"))]),
        _case("imputer-distance", near(weights="distance", n_neighbors=3), rows, exact="C"),
        _case("imputer-marks", near(add_indicator=True, n_neighbors=50), rows, exact="C", extras=("f32",)),
        _case("imputer-empty-column", lambda d: KNNImputer(n_neighbors=3, add_indicator=True).fit(with_empty(d)), rows, exact="C", extras=("f32",)),
        _case("imputer-keeps-empty-column", lambda d: KNNImputer(n_neighbors=3, keep_empty_features=True).fit(with_empty(d)), rows, exact="C", since="1.2"),
        _case("imputer-number", lambda d: KNNImputer(missing_values=-1.0, n_neighbors=3).fit(marked(d)), lambda d, m: np.where(np.isnan(d.x_nan), -1.0, d.x)[60:66], exact="C", extras=("row",)),
        _case("imputer-in-pipeline", lambda d: make_pipeline(KNNImputer(n_neighbors=3), nn.KNeighborsRegressor(3)).fit(hollow(d)[:40], d.y[:40]), lambda d, m: hollow(d)[60:66], exact="C"),
    ]


def _densities() -> list:
    def density(name: str, rows: object = _near, since: str = "0", errors: object = None, weights: object = None, data: object = _scaled, **more: object) -> Case:
        def fit(d: object) -> object:
            return nn.KernelDensity(**more).fit(data(d), sample_weight=weights(d) if weights else None)

        return _case(f"density-{name}", fit, rows, exact="C" if weights else "B4", since=since, errors=errors, methods=("score_samples",))

    one = lambda d: _scaled(d)[:, 2:3]
    one_row = lambda d, m: _near(d, m)[:, 2:3]
    bits = lambda d: (_scaled(d) > 0.0).astype(float)
    kernels = ("gaussian", "tophat", "epanechnikov", "exponential", "linear", "cosine")
    return [
        *(density(name, kernel=name, bandwidth=2.0, errors=_no_missing if name == "gaussian" else None) for name in kernels),
        *(density(f"{name}-leaves", kernel=name, bandwidth=1.5, leaf_size=4) for name in kernels),
        *(density(f"{name}-one", one_row, kernel=name, bandwidth=0.3, leaf_size=3, data=one) for name in kernels),
        *(density(f"{name}-ball", kernel=name, bandwidth=1.1, leaf_size=5, algorithm="ball_tree", breadth_first=False) for name in kernels),
        *(density(f"{name}-weighted", kernel=name, bandwidth=1.8, leaf_size=5, weights=lambda d: d.y[:40] - d.y[:40].min() + 0.1) for name in kernels),
        *(density(f"{name}-coarse", kernel=name, bandwidth=1.3, leaf_size=2, atol=1e-4, rtol=1e-2, breadth_first=name != "cosine") for name in kernels),
        density("relative", bandwidth=0.7, leaf_size=2, rtol=1e-8),
        density("manhattan", bandwidth=2.5, leaf_size=6, metric="manhattan"),
        density("chebyshev", kernel="linear", bandwidth=1.5, leaf_size=6, metric="chebyshev"),
        density("minkowski", bandwidth=1.5, leaf_size=6, metric="minkowski", metric_params={"p": 3}),
        density("hamming", lambda d, m: bits(d)[:5], bandwidth=0.5, leaf_size=6, metric="hamming", data=bits),
        density("scott", bandwidth="scott", leaf_size=6, since="1.2"),
        density("silverman", kernel="exponential", bandwidth="silverman", leaf_size=6, since="1.2"),
        density("without-weight", bandwidth=0.8, leaf_size=4, since="1.2", weights=lambda d: np.where(np.arange(40) % 3 == 0, 0.0, d.y[:40] ** 2)),
        _case("density-in-pipeline", lambda d: make_pipeline(StandardScaler(), nn.KernelDensity(bandwidth=0.5)).fit(d.x[:40]), lambda d, m: d.x[50:56], exact="B4", methods=("score_samples",)),
    ]


def _refused() -> list:
    return [
        Case("neighbors-nearest", lambda d: nn.NearestNeighbors().fit(_scaled(d, 9)), extras=(), refused=("NearestNeighbors", "KNeighborsTransformer")),
        Case("neighbors-outliers-of-training", lambda d: nn.LocalOutlierFactor(3).fit(_scaled(d, 9)), extras=(), refused=("LocalOutlierFactor", "novelty=True")),
    ]
