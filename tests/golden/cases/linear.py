"""Linear models: dot products, so class C; labels are compared as labels."""

from __future__ import annotations

import numpy as np
from sklearn import linear_model as lm
from sklearn.covariance import EllipticEnvelope
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from case import Case


def _edge(d: object, model: object) -> object:
    return d.edge()


def _case(name: str, fit: object, **more: object) -> Case:
    return Case(name, fit, _edge, exact="C", **more)


def cases() -> list:
    """Linear regressors and classifiers with the parameters that change the answer."""
    return [*_regressors(), *_logistic(), *_discriminants(), *_sgd(), *_outliers(), *_others()]


def _regressors() -> list:
    return [
        _case("linear-regression", lambda d: lm.LinearRegression().fit(d.x, d.y)),
        _case("linear-regression-two-targets", lambda d: lm.LinearRegression().fit(d.x, d.y2)),
        _case("linear-regression-no-intercept", lambda d: lm.LinearRegression(fit_intercept=False).fit(d.x, d.y)),
        Case("linear-regression-one-feature", lambda d: lm.LinearRegression().fit(d.x[:, :1], d.y), lambda d, m: d.edge(x=d.x[:, :1]), exact="C"),
        _case("linear-regression-f32", lambda d: lm.LinearRegression().fit(d.x.astype("f4"), d.y.astype("f4"))),
        _case("ridge-f32", lambda d: lm.Ridge().fit(d.x.astype("f4"), d.y.astype("f4"))),
        _case("ridge-big-endian", _big_endian),
        Case("ridge-frame", lambda d: lm.Ridge().fit(_number_frame(d), d.y), lambda d, m: _number_frame(d)[:9], exact="C"),
        _case("ridge", lambda d: lm.Ridge(alpha=1.5).fit(d.x, d.y), errors=_no_missing),
        _case("ridge-two-targets", lambda d: lm.Ridge(alpha=np.array([0.1, 9.0])).fit(d.x, d.y2)),
        _case("ridge-cv", lambda d: lm.RidgeCV(alphas=[0.1, 1.0, 10.0]).fit(d.x, d.y)),
        _case("ridge-classifier", lambda d: lm.RidgeClassifier().fit(d.x, d.names)),
        _case("lasso", lambda d: lm.Lasso(alpha=0.05).fit(d.x, d.y)),
        _case("lasso-cv", lambda d: lm.LassoCV(cv=3, n_jobs=1, random_state=d.state).fit(d.x, d.y)),
        _case("elastic-net", lambda d: lm.ElasticNet(alpha=0.1, l1_ratio=0.3).fit(d.x, d.y)),
        _case("elastic-net-two-targets", lambda d: lm.ElasticNet(alpha=0.1).fit(d.x, d.y2)),
        _case("elastic-net-cv", lambda d: lm.ElasticNetCV(cv=3, n_jobs=1).fit(d.x, d.y)),
        _case("multi-task-lasso", lambda d: lm.MultiTaskLasso(alpha=0.1).fit(d.x, d.y2)),
    ]


def _big_endian(d: object) -> object:
    """As a model trained on a big-endian machine is stored."""
    model = lm.Ridge().fit(d.x, d.y)
    model.coef_ = model.coef_.astype(">f8")
    return model


def _number_frame(d: object) -> object:
    return d.frame[["income", "children", "member"]]


def _no_missing(d: object, model: object) -> list:
    rows = d.edge()[:2]
    hollow = rows.copy()
    hollow[1, 2] = np.nan
    return [(hollow, ("NaN",)), (rows[:, :3], ("3", "5"))]


def _logistic() -> list:
    lr = lm.LogisticRegression
    return [
        _case("logistic-binary", lambda d: lr(max_iter=300).fit(d.x, d.binary), also=("predict_log_proba",), errors=_no_missing),
        _case("logistic-f32", lambda d: lr(max_iter=300).fit(d.x.astype("f4"), d.three)),
        _case("logistic-i32-labels", lambda d: lr(max_iter=300).fit(d.x, d.three.astype("i4"))),
        _case("logistic-negative-labels", lambda d: lr(max_iter=300).fit(d.x, d.binary * 2 - 1)),
        _case("logistic-bool-labels", lambda d: lr(max_iter=300).fit(d.x, d.flags)),
        _case("logistic-multinomial", lambda d: lr(max_iter=300, C=0.5).fit(d.x, d.three), also=("predict_log_proba",)),
        _case("logistic-text-labels", lambda d: lr(max_iter=300).fit(d.x, d.names)),
        _case("logistic-object-labels", lambda d: lr(max_iter=300).fit(d.x, d.names.astype(object))),
        _case("logistic-float-labels", lambda d: lr(max_iter=300).fit(d.x, d.three.astype(float) * 2.0 - 1.0)),
        _case("logistic-liblinear", lambda d: lr(solver="liblinear").fit(d.x, d.binary)),
        _case("logistic-ovr", lambda d: lr(multi_class="ovr", max_iter=300).fit(d.x, d.three), until="1.8"),
        _case("logistic-liblinear-three", lambda d: lr(solver="liblinear").fit(d.x, d.three), until="1.8"),
        _case(
            "logistic-multinomial-two-classes",
            lambda d: lr(multi_class="multinomial", max_iter=300).fit(d.x, d.binary),
            until="1.8",
        ),
        _case("logistic-no-intercept", lambda d: lr(fit_intercept=False, max_iter=300).fit(d.x, d.three)),
        _case("logistic-cv", lambda d: lm.LogisticRegressionCV(Cs=3, cv=3, max_iter=200, n_jobs=1).fit(d.x, d.binary)),
        _case("logistic-cv-three", lambda d: lm.LogisticRegressionCV(Cs=2, cv=3, max_iter=200).fit(d.x, d.names)),
    ]


def _discriminants() -> list:
    lda = LinearDiscriminantAnalysis
    log = {"methods": ("predict", "predict_proba", "decision_function"), "also": ("predict_log_proba",)}
    return [
        _case("discriminant", lambda d: lda().fit(d.x, d.binary), **log),
        _case("discriminant-three", lambda d: lda().fit(d.x, d.names), **log),
        _case("discriminant-f32", lambda d: lda().fit(d.x.astype("f4"), d.binary), **log),
    ]


def _sgd() -> list:
    sgd = lm.SGDClassifier
    return [
        _case("sgd-hinge", lambda d: sgd(random_state=d.state).fit(d.x, d.binary)),
        _case("sgd-hinge-three", lambda d: sgd(random_state=d.state).fit(d.x, d.names)),
        _case("sgd-log", lambda d: sgd(loss="log_loss", random_state=d.state).fit(d.x, d.binary), since="1.1"),
        _case("sgd-log-three", lambda d: sgd(loss="log_loss", random_state=d.state).fit(d.x, d.three), since="1.1"),
        _case("sgd-log-old-name", lambda d: sgd(loss="log", random_state=d.state).fit(d.x, d.three), until="1.1"),
        _case("sgd-modified-huber", lambda d: sgd(loss="modified_huber", random_state=d.state).fit(d.x, d.binary)),
        _case("sgd-modified-huber-three", lambda d: sgd(loss="modified_huber", random_state=d.state).fit(d.x, d.three)),
        _case("sgd-squared-hinge", lambda d: sgd(loss="squared_hinge", random_state=d.state).fit(d.x, d.three)),
        # products of floats and an intercept in doubles: the answer is wider than it is exact
        Case("sgd-log-f32", lambda d: sgd(loss="log_loss", random_state=d.state).fit(d.x.astype("f4"), d.binary), _edge, "C32", since="1.3"),
        Case("sgd-log-three-f32", lambda d: sgd(loss="log_loss", random_state=d.state).fit(d.x.astype("f4"), d.three), _edge, "C32", since="1.3"),
        _case("sgd-average", lambda d: sgd(average=True, random_state=d.state).fit(d.x, d.three)),
        _case("sgd-regressor", lambda d: lm.SGDRegressor(random_state=d.state).fit(d.x / 10.0, d.y)),
        _case("sgd-regressor-huber", lambda d: lm.SGDRegressor(loss="huber", random_state=d.state).fit(d.x / 10.0, d.y)),
        _case("perceptron", lambda d: lm.Perceptron(random_state=d.state).fit(d.x, d.three)),
    ]


SCORES = ("predict", "decision_function", "score_samples")


def _small(name: str, fit: object, **more: object) -> Case:
    return Case(name, fit, lambda d, m: d.edge()[:5] if "f32" not in name else d.x[:5] / 10.0, **{"exact": "C", "containers": ("model.joblib.z",), **more})


def _outliers() -> list:
    stored = lambda d, **more: EllipticEnvelope(random_state=d.state % 1000, **more).fit(d.x)
    wrong = {"errors": _no_missing}
    one = lambda d, **more: lm.SGDOneClassSVM(random_state=d.state % 1000, **more)
    return [
        _small("sgd-one-class", lambda d: one(d, nu=0.2).fit(d.x / 10.0), methods=SCORES, since="1.0", **wrong),
        _small("sgd-one-class-average", lambda d: one(d, average=True).fit(d.x / 10.0), methods=SCORES, since="1.0"),
        _small("sgd-one-class-f32", lambda d: one(d).fit((d.x / 10.0).astype("f4")), methods=SCORES, exact="C32", since="1.0"),
        _small("elliptic-envelope", lambda d: stored(d), methods=SCORES, **wrong),
        _small("elliptic-envelope-no-precision", lambda d: stored(d, store_precision=False, contamination=0.2), methods=SCORES),
    ]


def _sparsified(model: object) -> object:
    model.coef_[..., 1] = 0.0
    return model.sparsify()


def _others() -> list:
    """Coefficients of other shapes, and what answers with several values a row."""
    sgd = lambda d: lm.SGDClassifier(loss="modified_huber", random_state=d.state % 1000)
    labels = lambda d: np.column_stack([d.binary, d.three == 1, d.y > 1.0]).astype(int)
    pa = {"random_state": 3, "max_iter": 20}
    return [
        _small("sparsified-logistic", lambda d: _sparsified(lm.LogisticRegression(max_iter=100).fit(d.x, d.names))),
        _small("sparsified-sgd", lambda d: _sparsified(sgd(d).fit(d.x / 10.0, d.binary))),
        _small("sparsified-sgd-regressor", lambda d: _sparsified(lm.SGDRegressor(random_state=3).fit(d.x / 100.0, d.y))),
        _small("ridge-classifier-several-labels", lambda d: lm.RidgeClassifier().fit(d.x, labels(d)), since="1.1"),
        _small("ridge-classifier-cv-several-labels", lambda d: lm.RidgeClassifierCV().fit(d.x, labels(d)), since="1.1"),
        _small("ransac-two-targets", lambda d: lm.RANSACRegressor(random_state=d.state % 1000).fit(d.x, d.y2)),
        _small("huber-regressor", lambda d: lm.HuberRegressor(max_iter=300).fit(d.x, d.y)),
        _small("quantile-regressor", lambda d: lm.QuantileRegressor(quantile=0.7, alpha=0.01, solver="highs").fit(d.x, d.y), since="1.2"),
        _small("passive-aggressive", lambda d: lm.PassiveAggressiveClassifier(**pa).fit(d.x / 10.0, d.names)),
        _small("passive-aggressive-regressor", lambda d: lm.PassiveAggressiveRegressor(**pa).fit(d.x / 10.0, d.y)),
        _small("gamma-log-link", lambda d: lm.GammaRegressor(max_iter=300).fit(d.x / 100.0, d.positive), extras=("row",)),
        _small("tweedie-identity", lambda d: lm.TweedieRegressor(power=0, link="identity").fit(d.x, d.y)),
        _small("tweedie-log", lambda d: lm.TweedieRegressor(power=1.5).fit(d.x / 100.0, d.counts)),
        _small("logistic-elastic-net", lambda d: lm.LogisticRegression(solver="saga", l1_ratio=0.5, penalty="elasticnet", max_iter=50).fit(d.x / 10.0, d.three), until="1.8"),
        _small("lasso-lars-two-targets", lambda d: lm.LassoLars(alpha=0.01).fit(d.x, d.y2)),
        _small("matching-pursuit-two-targets", lambda d: lm.OrthogonalMatchingPursuit(n_nonzero_coefs=2).fit(d.x, d.y2)),
    ]
