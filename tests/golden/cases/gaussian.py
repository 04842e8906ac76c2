"""Gaussian processes, kernel ridge and quadratic discriminants: dot products, so class C."""

from __future__ import annotations

import zlib

import numpy as np
from scipy import sparse
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process import kernels as k
from sklearn.kernel_ridge import KernelRidge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from case import Case

LOG = {"also": ("predict_log_proba",)}


def _scaled(d: object) -> object:
    return ((d.x - d.x.mean(axis=0)) / d.x.std(axis=0))[:, :3]


def _rows(d: object, model: object) -> object:
    """Rows near the training, one of its rows, and one far from all."""
    return np.vstack([_scaled(d)[8:11], 40.0 * np.ones((1, 3))])


def _case(name: str, fit: object, rows: object = _rows, **more: object) -> Case:
    turns = ("model.joblib.z", "model.p5.pkl", "model.joblib.xz", "model.joblib.gz", "model.p2.pkl", "model.cloudpickle.pkl", "model.joblib.bz2")
    return Case(name, lambda d: _lean(fit(d)), rows, **{"exact": "C", "containers": (turns[zlib.crc32(name.encode()) % len(turns)],), **more})


def _lean(model: object) -> object:
    """Without the state of random numbers, which is larger than these models and changes no answer."""
    parts = [model, *getattr(model, "steps", [])[-1:], getattr(model, "base_estimator_", None)]
    parts += getattr(parts[-1], "estimators_", [])
    for part in parts:
        part = part[1] if isinstance(part, tuple) else part
        for name in ("_rng", "rng"):
            getattr(part, "__dict__", {}).pop(name, None)
    return model


def cases() -> list:
    """Every class with the parameters that change the answer."""
    return [*_discriminants(), *_kernels(), *_regressors(), *_classifiers(), *_ridges()]


def _no_missing(d: object, model: object) -> list:
    rows = _scaled(d)[:2]
    hollow = rows.copy()
    hollow[1, 2] = np.nan
    return [(hollow, ("NaN",)), (rows[:, :2], ("2", "3"))]


def _discriminants() -> list:
    qda = QuadraticDiscriminantAnalysis
    near = lambda d, m: np.vstack([d.x[:3], d.x[:1] + 3.0])
    return [
        _case("quadratic-discriminant", lambda d: qda().fit(_scaled(d), d.names), errors=_no_missing, **LOG),
        _case("quadratic-discriminant-two", lambda d: qda(reg_param=0.2).fit(d.x, d.binary), near, **LOG),
        _case("quadratic-discriminant-priors", lambda d: qda(priors=[0.6, 0.1, 0.3], store_covariance=True).fit(d.x, d.three), near),
        _case("quadratic-discriminant-eigen", lambda d: qda(solver="eigen", shrinkage=0.3).fit(d.x, d.three), near, since="1.8"),
        _case("quadratic-discriminant-f32", lambda d: qda().fit(_scaled(d).astype("f4"), d.three), lambda d, m: _scaled(d)[:4], exact="C32", **LOG),
        _case("quadratic-discriminant-in-pipeline", lambda d: make_pipeline(StandardScaler(), qda()).fit(d.x, d.flags), near),
    ]


def _regressor(d: object, kernel: object, y: object = None, x: object = None, **more: object) -> object:
    x = _scaled(d)[:10] if x is None else x
    return GaussianProcessRegressor(kernel, alpha=0.05, random_state=d.state % 1000, **more).fit(x, d.y[:10] if y is None else y)


def _kernels() -> list:
    still = {"optimizer": None}
    kernels = {
        "radial": k.RBF(0.8),
        "radial-by-column": k.RBF([0.8, 1.5, 3.0]),
        "matern-half": k.Matern(1.2, nu=0.5),
        "matern-one-and-half": k.Matern([0.9, 1.0, 2.0], nu=1.5),
        "matern-two-and-half": k.Matern(1.3, nu=2.5),
        "matern-infinite": k.Matern(1.3, nu=np.inf),
        "matern-any": k.Matern(1.1, nu=1.2),
        "matern-large": k.Matern(2.0, nu=4.0),
        "rational": k.RationalQuadratic(length_scale=1.2, alpha=0.7),
        "dot": k.DotProduct(0.6),
        "constant": k.ConstantKernel(2.5) + k.WhiteKernel(0.3),
        "sums-and-products": 1.7 * k.RBF(0.9) + k.WhiteKernel(0.1) + k.DotProduct(0.4) * k.RBF(2.0),
        **{f"pairwise-{name}": k.PairwiseKernel(gamma=gamma, metric=name) for name, gamma in (("linear", 0.4), ("rbf", 0.4), ("laplacian", 0.3), ("polynomial", 0.5), ("sigmoid", 0.01), ("cosine", 1.0))},
        "pairwise-more": 0.7 * k.PairwiseKernel(gamma=0.4, metric="poly", pairwise_kernels_kwargs={"degree": 2, "coef0": 0.5}) + k.WhiteKernel(0.2),
        "power": k.DotProduct(0.6) ** 2 + k.RationalQuadratic(1.1, 0.9) ** 1.5,
    }
    column = lambda d, m: _rows(d, m)[:, :1]
    periodic = lambda d: _regressor(d, k.ExpSineSquared(length_scale=1.4, periodicity=2.3), x=_scaled(d)[:10, :1], **still)
    found = [_case("gaussian-kernel-periodic", periodic, column)]
    counts = lambda d: _regressor(d, k.PairwiseKernel(metric="chi2"), x=np.abs(_scaled(d)[:10]), **still)
    found.append(_case("gaussian-kernel-pairwise-counts", counts, refused=("PairwiseKernel", "chi2", "rbf")))
    return found + [_case(f"gaussian-kernel-{name}", lambda d, kernel=kernel: _regressor(d, kernel, **still), extras=("row",) if "matern" in name else ("f32", "row")) for name, kernel in kernels.items()]


def _regressors() -> list:
    fitted = k.ConstantKernel(1.0) * k.RBF(1.0) + k.WhiteKernel(0.1)
    f32 = lambda d: _scaled(d)[:10].astype("f4")
    return [
        _case("gaussian-regressor", lambda d: _regressor(d, None), errors=_no_missing),
        _case("gaussian-regressor-fitted", lambda d: _regressor(d, fitted)),
        _case("gaussian-regressor-normalized", lambda d: _regressor(d, fitted, normalize_y=True)),
        _case("gaussian-regressor-two-targets", lambda d: _regressor(d, k.RBF(1.5), d.y2[:10])),
        _case("gaussian-regressor-two-normalized", lambda d: _regressor(d, k.Matern(nu=1.5), d.y2[:10], normalize_y=True), since="1.0"),
        _case("gaussian-regressor-one-column", lambda d: _regressor(d, k.RBF(1.5), d.y2[:10, :1])),
        _case("gaussian-regressor-f32", lambda d: _regressor(d, k.RBF(1.1) + k.DotProduct(0.5), x=f32(d)), exact="C32"),
        # so large a constant leaves few digits of what floats add to it, where it is a number of Python and not, as after fitting, of numpy 2
        _case("gaussian-regressor-f32-constant", lambda d: _regressor(d, k.RBF(1.1) + k.DotProduct(300.0, "fixed"), x=f32(d), optimizer=None), extras=("f32", "row"), exact="C32", fresh=True),
        _case("gaussian-regressor-f32-fitted-constant", lambda d: _regressor(d, k.RBF(1.1) + k.DotProduct(17.0), x=f32(d), optimizer=None), extras=("f32", "row"), exact="C32", fresh=True),
        _case("gaussian-regressor-whole-numbers", lambda d: _regressor(d, k.RBF(4.0), x=d.ints[:10]), lambda d, m: d.ints[8:12]),
        _case("gaussian-regressor-in-pipeline", lambda d: make_pipeline(StandardScaler(), GaussianProcessRegressor(k.RBF(1.0), alpha=0.1)).fit(d.x[:10], d.y[:10]), lambda d, m: d.x[8:12]),
    ]


def _classifier(d: object, kernel: object, y: object, **more: object) -> object:
    return GaussianProcessClassifier(kernel, random_state=d.state % 1000, **more).fit(_scaled(d)[:10], y[:10])


def _labels(d: object) -> object:
    return np.array(["ash", "birch", "Öl-Weide"] * 4)[:10]


def _classifiers() -> list:
    c = _classifier
    two = lambda d: np.arange(10) % 2
    return [
        _case("gaussian-classifier", lambda d: c(d, None, two(d)), errors=_no_missing),
        _case("gaussian-classifier-fitted", lambda d: c(d, 1.0 * k.RBF(1.0), _scaled(d)[:10, 0] > np.median(_scaled(d)[:10, 0]))),
        _case("gaussian-classifier-three", lambda d: c(d, 1.5 * k.RBF(1.0), _labels(d), optimizer=None)),
        _case("gaussian-classifier-three-kernels", lambda d: c(d, k.Matern(1.0, nu=1.5) + k.DotProduct(0.3), _labels(d), optimizer=None), extras=("row",)),
        # the library sums the squares of floats in floats
        _case("gaussian-classifier-dot", lambda d: c(d, k.DotProduct(0.3), two(d), optimizer=None), exact="C32"),
        _case("gaussian-classifier-pairs", lambda d: c(d, k.RationalQuadratic(), _labels(d), multi_class="one_vs_one", optimizer=None), methods=("predict",)),
    ]


def _ridges() -> list:
    x = lambda d: _scaled(d)[:10]
    one = lambda kernel, **more: lambda d: KernelRidge(kernel=kernel, alpha=0.3, **more).fit(x(d), d.y[:10])
    kernels = {
        "radial": one("rbf", gamma=0.4),
        "polynomial": one("poly", degree=2, gamma=0.3, coef0=0.5),
        "sigmoid": one("sigmoid", gamma=0.1, coef0=0.2),
        "laplacian": one("laplacian"),
        "cosine": one("cosine"),
        "two-targets": lambda d: KernelRidge(kernel="rbf", alpha=[0.1, 2.0]).fit(x(d), d.y2[:10]),
        "sparse": lambda d: KernelRidge(kernel="rbf", gamma=0.2).fit(sparse.csr_matrix(x(d)), d.y[:10]),
    }
    counts = lambda d: np.abs(x(d))
    return [
        _case("kernel-ridge", one("linear"), errors=_no_missing),
        *(_case(f"kernel-ridge-{name}", fit) for name, fit in kernels.items()),
        _case("kernel-ridge-chi-squared", lambda d: KernelRidge(kernel="chi2", gamma=0.5).fit(counts(d), d.y[:10]), lambda d, m: counts(d)[:4]),
        _case("kernel-ridge-precomputed", lambda d: KernelRidge(kernel="precomputed").fit(x(d) @ x(d).T, d.y[:10]), lambda d, m: _scaled(d)[20:24] @ x(d).T),
    ]
