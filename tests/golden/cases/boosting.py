"""XGBoost and LightGBM: native files, scikit-learn wrappers, and wrappers inside pipelines."""

from __future__ import annotations

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from case import Case, from_script, installed, version_key

# margins are plain sums; answers pass through one exponential, or through a softmax chain
PLAIN = {"*": "A"}
ONE_EXP = {"*": "A", "predict": "B", "predict_proba": "B"}
CHAIN = {"*": "A", "predict": "B4", "predict_proba": "B4"}
LABELS_ONE_EXP = {"*": "A", "predict_proba": "B"}
LABELS_CHAIN = {"*": "A", "predict_proba": "B4"}


def cases() -> list:
    """Both libraries, where they are installed."""
    found = []
    if installed("xgboost"):
        found += [*_xgboost_native(), *_xgboost_binary(), *_xgboost_boosters(), *_xgboost_wrappers()]
    if installed("lightgbm"):
        found += [*_lightgbm_native(), *_lightgbm_boosters(), *_lightgbm_wrappers()]
    return found


def _edge_nan(d: object, model: object) -> np.ndarray:
    return d.edge(model, nan=True, huge=1e20)


def _number_frame(d: object) -> object:
    return d.frame[["age", "income", "children", "member"]]


def _number_rows(d: object, model: object) -> object:
    return d.frame_rows()[["age", "income", "children", "member"]]


def _city_frame(d: object) -> object:
    """A frame with a column of categories."""
    return d.frame[["age", "city", "income"]].astype({"city": "category"})


def _one_city(d: object) -> object:
    """The same categories, of which one is met: no tree can split by them, whatever the seed."""
    frame = _city_frame(d)
    return frame.assign(city=frame["city"].cat.categories[0]).astype({"city": frame["city"].dtype})


def _city_rows(d: object, model: object) -> object:
    rows = _city_frame(d).iloc[:9].reset_index(drop=True)
    rows.loc[3, "city"] = None
    return rows


def _unknown_city(d: object, model: object) -> list:
    """Releases from 3.1 on know their categories and refuse others, whether they split by them or not."""
    if version_key(installed("xgboost")) < (3, 1):
        return []
    rows = _city_frame(d).iloc[:2].reset_index(drop=True)
    rows["city"] = rows["city"].cat.rename_categories({rows["city"][1]: "Atlantis"})
    return [(rows, ("city", "Atlantis"))]


def _numeric_splits(d: object) -> object:
    import xgboost

    frame = _one_city(d)
    matrix = xgboost.DMatrix(frame, frame["income"], enable_categorical=True, nthread=1)
    return xgboost.train({"max_depth": 2, "tree_method": "hist", "nthread": 1}, matrix, 3)


def _xgb_categories(d: object) -> object:
    frame = _one_city(d)
    return _xgb_regressor(d, frame["income"], frame, max_depth=2, enable_categorical=True)


def save_xgboost(model: object, folder: object, d: object) -> list:
    """UBJ and JSON; versions before 1.6 write JSON only."""
    names = ["model.json"]
    if version_key(installed("xgboost")) >= (1, 6):
        names.append("model.ubj")
    for name in names:
        model.save_model(str(folder / name))
    return names


def _save_xgboost_binary(model: object, folder: object, d: object) -> list:
    """The format before UBJSON, which releases from 1.6 on write under this ending."""
    name = "model.deprecated" if version_key(installed("xgboost")) >= (1, 6) else "model.bin"
    model.save_model(str(folder / name))
    return [name]


def save_lightgbm(model: object, folder: object, d: object) -> list:
    """The text format."""
    model.save_model(str(folder / "model.txt"))
    return ["model.txt"]


def xgb_train(d: object, y: object, rounds: int = 4, x: object = None, **params: object) -> object:
    """A small booster; `missing` is remembered for the questions."""
    import xgboost

    missing = params.pop("missing", np.nan)
    group = params.pop("group", None)
    early = params.pop("early", None)
    x = d.x_nan if x is None else x
    matrix = xgboost.DMatrix(x, y, missing=missing, nthread=1)
    if group is not None:
        matrix.set_group(group)
    params = {"max_depth": 3, "seed": d.state % 100_000, "nthread": 1, "verbosity": 0, "tree_method": "hist", **params}
    more = {"evals": [(matrix, "seen")], "early_stopping_rounds": early, "verbose_eval": False} if early else {}
    model = xgboost.train(params, matrix, rounds, **more)
    model.golden_missing = missing
    return model


def _xgb(name: str, fit: object, exact: dict = PLAIN, rows: object = _edge_nan, **more: object) -> Case:
    return Case(name, fit, rows, exact, library="xgboost", save=save_xgboost, **more)


def _old_binary(name: str, fit: object, exact: dict = PLAIN, rows: object = _edge_nan) -> Case:
    name = name if name.startswith("boost-") else f"old-binary-{name}"
    return Case(name, fit, rows, exact, library="xgboost", save=_save_xgboost_binary, until="3.1")


def _xgboost_binary() -> list:
    t = xgb_train
    return [
        _old_binary("boost-old-dart", lambda d: t(d, d.binary, rounds=4, max_depth=2, objective="binary:logistic", booster="dart", rate_drop=0.5), ONE_EXP),
        _old_binary("boost-old-dart-three", lambda d: t(d, d.three, rounds=2, max_depth=2, objective="multi:softprob", num_class=3, booster="dart", rate_drop=0.5), CHAIN),
        _old_binary("boost-old-linear", lambda d: _without_depth(d, d.y), PLAIN, lambda d, m: d.edge(m, nan=True, huge=1e3)),
        _old_binary("squared-error", lambda d: t(d, d.y, objective="reg:squarederror", base_score=3.25)),
        _old_binary("binary-logistic", lambda d: t(d, d.binary, objective="binary:logistic"), ONE_EXP),
        _old_binary("multi-softmax", lambda d: t(d, d.three, rounds=3, objective="multi:softmax", num_class=3)),
        _old_binary("multi-softprob", lambda d: t(d, d.three, rounds=3, objective="multi:softprob", num_class=3), CHAIN),
        _old_binary("forest", lambda d: t(d, d.y, rounds=2, objective="reg:squarederror", num_parallel_tree=3, subsample=0.6)),
    ]


def _xgboost_native() -> list:
    t = xgb_train
    return [
        _xgb("binary-logistic", lambda d: t(d, d.binary, objective="binary:logistic"), ONE_EXP),
        _xgb("binary-logistic-base-score", lambda d: t(d, d.binary, objective="binary:logistic", base_score=0.2), ONE_EXP),
        _xgb("binary-logitraw", lambda d: t(d, d.binary, objective="binary:logitraw")),
        _xgb("binary-hinge", lambda d: t(d, d.binary, objective="binary:hinge")),
        _xgb("squared-error", lambda d: t(d, d.y, objective="reg:squarederror")),
        _xgb("squared-error-base-score", lambda d: t(d, d.y, objective="reg:squarederror", base_score=3.25)),
        _xgb("squared-error-deep", lambda d: t(d, d.y, rounds=2, objective="reg:squarederror", max_depth=8)),
        _xgb("squared-error-one-leaf", lambda d: t(d, d.y, rounds=2, objective="reg:squarederror", min_child_weight=1e6)),
        _xgb("regression-logistic", lambda d: t(d, d.binary * 0.9 + 0.05, objective="reg:logistic"), ONE_EXP),
        _xgb("squared-log-error", lambda d: t(d, d.positive, objective="reg:squaredlogerror")),
        _xgb("pseudo-huber", lambda d: t(d, d.y, objective="reg:pseudohubererror")),
        _xgb("poisson", lambda d: t(d, d.counts, objective="count:poisson"), ONE_EXP),
        _xgb("gamma", lambda d: t(d, d.positive, objective="reg:gamma"), ONE_EXP),
        _xgb("tweedie", lambda d: t(d, d.counts, objective="reg:tweedie", tweedie_variance_power=1.3), ONE_EXP),
        _xgb("cox", lambda d: t(d, d.positive, objective="survival:cox"), ONE_EXP),
        _xgb("multi-softprob", lambda d: t(d, d.three, rounds=3, objective="multi:softprob", num_class=3), CHAIN),
        _xgb("multi-softmax", lambda d: t(d, d.three, rounds=3, objective="multi:softmax", num_class=3)),
        _xgb("rank-pairwise", lambda d: t(d, d.three, objective="rank:pairwise", group=[30, 40, 26])),
        _xgb("rank-ndcg", lambda d: t(d, d.three, objective="rank:ndcg", min_child_weight=0.01, group=[50, 46])),
        _xgb("absolute-error", lambda d: t(d, d.y, objective="reg:absoluteerror"), since="1.7"),
        _xgb(
            "quantile-three-levels",
            lambda d: t(d, d.y, rounds=3, objective="reg:quantileerror", quantile_alpha=np.array([0.1, 0.5, 0.9])),
            since="2.0",
        ),
        _xgb("forest", lambda d: t(d, d.y, rounds=2, objective="reg:squarederror", num_parallel_tree=3, subsample=0.6)),
        _xgb(
            "forest-softprob", lambda d: t(d, d.three, rounds=2, objective="multi:softprob", num_class=3, num_parallel_tree=2, subsample=0.6), CHAIN
        ),
        _xgb("two-targets", lambda d: t(d, d.y2, rounds=3, objective="reg:squarederror"), since="1.6"),
        _xgb("two-labels", lambda d: t(d, np.column_stack([d.binary, d.three == 1]), rounds=3, objective="binary:logistic"), ONE_EXP, since="1.6"),
        _xgb("early-stopped-all-rounds", lambda d: t(d, d.binary, rounds=40, objective="binary:logistic", eta=1.5, early=2), ONE_EXP),
        _xgb("feature-names", lambda d: t(d, d.binary, x=_number_frame(d), objective="binary:logistic"), ONE_EXP, _number_rows),
        _xgb("categories-without-splits", lambda d: _numeric_splits(d), PLAIN, _city_rows, since="1.7", errors=_unknown_city),
        _xgb("exact-method", lambda d: t(d, d.y, objective="reg:squarederror", tree_method="exact")),
        _xgb("lossguide", lambda d: t(d, d.y, objective="reg:squarederror", grow_policy="lossguide", max_leaves=6, max_depth=0)),
    ]


def _coded(d: object) -> np.ndarray:
    """Numbers, and a column of categories as their numbers, some of which are missing."""
    codes = d.rng.randint(0, 7, size=len(d.x)).astype(float)
    codes[d.rng.uniform(size=len(codes)) < 0.1] = np.nan
    return np.column_stack([d.x_nan[:, :2], codes])


def _coded_answer(d: object, x: np.ndarray) -> np.ndarray:
    return d.y + 8.0 * np.isin(x[:, 2], (1, 4, 5)) - 5.0 * (x[:, 2] == 2)


def _code_rows(d: object, model: object) -> np.ndarray:
    """Every category, unknown ones, negative and huge numbers, fractions, and missing ones."""
    codes = np.array([0, 1, 2, 3, 4, 5, 6, 7, 40, -1, -0.5, 2.75, 5e9, np.nan, -0.0])
    return np.column_stack([d.x_nan[: len(codes), :2], codes])


def _xgb_coded(d: object, **params: object) -> object:
    import xgboost

    x = _coded(d)
    matrix = xgboost.DMatrix(x, _coded_answer(d, x), nthread=1, feature_types=["q", "q", "c"], enable_categorical=True)
    params = {"max_depth": 3, "tree_method": "hist", "nthread": 1, "max_cat_to_onehot": 1, **params}
    return xgboost.train(params, matrix, 2)


def _cities_by_number(d: object) -> object:
    """A frame whose categories are whole numbers that are not their own places."""
    frame = _city_frame(d)
    names = frame["city"].cat.categories
    return frame.assign(city=frame["city"].cat.rename_categories([70, 10, 30, 20, 50][: len(names)]))


def _unknown_number(d: object, model: object) -> list:
    rows = _cities_by_number(d).iloc[:2].reset_index(drop=True)
    rows["city"] = rows["city"].cat.rename_categories({rows["city"][1]: 11})
    return [(rows, ("city", "11"))]


def _city_answer(d: object) -> np.ndarray:
    return d.y + 6.0 * d.frame["city"].isin(["Oslo", "Bonn"]).to_numpy()


def _cities_split(d: object, frame: object, **params: object) -> object:
    import xgboost

    matrix = xgboost.DMatrix(frame, _city_answer(d), enable_categorical=True, nthread=1)
    return xgboost.train({"max_depth": 2, "tree_method": "hist", "nthread": 1, **params}, matrix, 3)


def _number_city_rows(d: object, model: object) -> object:
    return _cities_by_number(d).iloc[:9].reset_index(drop=True)


def _without_depth(d: object, y: object, **params: object) -> object:
    """A linear booster."""
    more = {"max_depth": None, "tree_method": None, "updater": "coord_descent", "rounds": 3, **params}
    return xgb_train(d, y, booster="gblinear", **more)


def _xgboost_boosters() -> list:
    """Other boosters than plain trees, splits by categories, leaves with several values."""
    t = lambda d, y, **params: xgb_train(d, y, **{"max_depth": 2, **params})
    dart = {"booster": "dart", "rate_drop": 0.4, "rounds": 5}
    three = {"objective": "multi:softprob", "num_class": 3}
    vectors = {"multi_strategy": "multi_output_tree", "rounds": 2}
    finite = lambda d, m: d.edge(m, nan=True, huge=1e3)
    return [
        _xgb("boost-dart", lambda d: t(d, d.binary, objective="binary:logistic", **dart), ONE_EXP),
        _xgb("boost-dart-base-score", lambda d: t(d, d.y, objective="reg:squarederror", base_score=3.25, **dart)),
        _xgb("boost-dart-three", lambda d: t(d, d.three, **{**dart, **three, "rounds": 3}), CHAIN),
        _xgb("boost-dart-forest", lambda d: t(d, d.y, num_parallel_tree=2, subsample=0.6, normalize_type="forest", **{**dart, "rounds": 2})),
        _xgb("boost-linear", lambda d: _without_depth(d, d.y, objective="reg:squarederror"), PLAIN, finite),
        _xgb("boost-linear-binary", lambda d: _without_depth(d, d.binary, objective="binary:logistic", base_score=0.3), ONE_EXP, finite),
        _xgb("boost-linear-three", lambda d: _without_depth(d, d.three, **three), CHAIN, finite),
        _xgb("boost-categories-numbers", _xgb_coded, PLAIN, _code_rows, since="1.7"),
        _xgb("boost-categories-one-hot", lambda d: _xgb_coded(d, max_cat_to_onehot=20), PLAIN, _code_rows, since="1.7"),
        _xgb("boost-categories", lambda d: _cities_split(d, _city_frame(d)), PLAIN, _city_rows, since="3.1", errors=_unknown_city),
        _xgb("boost-categories-dart", lambda d: _cities_split(d, _city_frame(d), booster="dart", rate_drop=0.5), PLAIN, _city_rows, since="3.1"),
        _xgb("boost-categories-integers", lambda d: _cities_split(d, _cities_by_number(d)), PLAIN, _number_city_rows, since="3.1", errors=_unknown_number),
        _xgb("boost-vectors", lambda d: t(d, d.y2, objective="reg:squarederror", **vectors), since="2.0"),
        _xgb("boost-vectors-three", lambda d: t(d, d.three, **vectors, **three), CHAIN, since="2.0"),
        _xgb("boost-vectors-labels", lambda d: t(d, np.column_stack([d.binary, d.flags, d.three == 2]), objective="binary:logistic", **vectors), ONE_EXP, since="2.0"),
    ]


def _xgb_classifier(d: object, y: object, x: object = None, **params: object) -> object:
    import xgboost

    params = {"n_estimators": 4, "max_depth": 3, "n_jobs": 1, "tree_method": "hist", "random_state": d.state % 100_000, **params}
    return xgboost.XGBClassifier(**params).fit(d.x_nan if x is None else x, y)


def _xgb_regressor(d: object, y: object, x: object = None, **params: object) -> object:
    import xgboost

    params = {"n_estimators": 4, "max_depth": 3, "n_jobs": 1, "tree_method": "hist", "random_state": d.state % 100_000, **params}
    return xgboost.XGBRegressor(**params).fit(d.x_nan if x is None else x, y)


def _xgb_early(d: object) -> object:
    import xgboost

    model = xgboost.XGBClassifier(n_estimators=60, max_depth=3, learning_rate=1.0, n_jobs=1, early_stopping_rounds=2, random_state=d.state % 100_000)
    return model.fit(d.x[:66], d.binary[:66], eval_set=[(d.x[66:], d.binary[66:])], verbose=False)


def _xgb_pipeline(d: object) -> object:
    import xgboost

    model = xgboost.XGBRegressor(n_estimators=5, max_depth=3, n_jobs=1, random_state=d.state % 100_000)
    return make_pipeline(StandardScaler(), model).fit(d.x, d.y)


def _xgb_booster_pickle(d: object) -> object:
    return xgb_train(d, d.binary, objective="binary:logistic")


def _xgboost_wrappers() -> list:
    x = {"library": "xgboost"}
    holes = lambda d: np.where(np.isnan(d.x_nan), -999.0, d.x_nan)
    hole_rows = lambda d, m: np.nan_to_num(d.edge(m, nan=True, huge=1e20), nan=-999.0)
    return [
        Case("xgb-classifier", lambda d: _xgb_classifier(d, d.binary), _edge_nan, LABELS_ONE_EXP, **x),
        Case("xgb-classifier-three", lambda d: _xgb_classifier(d, d.three, n_estimators=3), _edge_nan, LABELS_CHAIN, **x),
        Case("xgb-classifier-early-stopping", _xgb_early, _edge_nan, LABELS_ONE_EXP, since="1.6", **x),
        Case("xgb-classifier-missing-999", lambda d: _xgb_classifier(d, d.binary, holes(d), missing=-999.0), hole_rows, LABELS_ONE_EXP, **x),
        Case("xgb-regressor", lambda d: _xgb_regressor(d, d.y), _edge_nan, **x),
        Case(
            "xgb-regressor-missing-zero",
            lambda d: _xgb_regressor(d, d.y, np.nan_to_num(d.x_nan), missing=0.0),
            lambda d, m: d.edge(m, huge=1e20),
            **x,
        ),
        Case("xgb-regressor-poisson", lambda d: _xgb_regressor(d, d.counts, objective="count:poisson"), _edge_nan, ONE_EXP, **x),
        Case("xgb-regressor-two-targets", lambda d: _xgb_regressor(d, d.y2, n_estimators=3), _edge_nan, since="1.6", **x),
        Case("xgb-classifier-frame", lambda d: _xgb_classifier(d, d.three, _number_frame(d), n_estimators=3), _number_rows, LABELS_CHAIN, **x),
        Case("xgb-classifier-text", lambda d: _xgb_classifier(d, d.names, n_estimators=3), _edge_nan, LABELS_CHAIN, until="1.6", **x),
        Case("xgb-regressor-categories", _xgb_categories, _city_rows, since="1.7", errors=_unknown_city, **x),
        Case("xgb-random-forest", lambda d: _xgb_forest(d), _edge_nan, **x),
        Case("xgb-ranker", lambda d: _xgb_ranker(d), _edge_nan, **x),
        Case("boost-classifier-dart", lambda d: _xgb_classifier(d, d.three, booster="dart", rate_drop=0.5, n_estimators=2, max_depth=2), _edge_nan, LABELS_CHAIN, **x),
        Case("boost-regressor-linear", lambda d: _xgb_regressor(d, d.y, booster="gblinear", tree_method=None, max_depth=None, updater="coord_descent"), lambda d, m: d.edge(m, nan=True, huge=1e3), **x),
        Case("boost-classifier-forest", lambda d: _xgb_forest_classifier(d), _edge_nan, LABELS_CHAIN, **x),
        Case("boost-classifier-cities", _xgb_city_classifier, _city_rows, LABELS_CHAIN, since="3.1", errors=_unknown_city, **x),
        Case("boost-classifier-own-objective", _xgb_own_objective, _edge_nan, LABELS_ONE_EXP, containers=("model.cloudpickle.pkl",), **x),
        Case("boost-regressor-levels", lambda d: _xgb_regressor(d, d.y, n_estimators=2, max_depth=2, objective="reg:quantileerror", quantile_alpha=[0.2, 0.8]), _edge_nan, since="2.0", **x),
        Case("boost-regressor-vectors", lambda d: _xgb_regressor(d, d.y2, n_estimators=2, max_depth=2, multi_strategy="multi_output_tree"), _edge_nan, since="2.0", **x),
        Case("xgb-in-pipeline", _xgb_pipeline, lambda d, m: d.edge(), **x),
        Case(
            "booster-pickle",
            _xgb_booster_pickle,
            _edge_nan,
            ONE_EXP,
            containers=("model.p4.pkl", "model.p2.pkl", "model.cloudpickle.pkl", "model.joblib"),
            **x,
        ),
    ]


def _xgb_forest(d: object) -> object:
    import xgboost

    return xgboost.XGBRFRegressor(n_estimators=4, max_depth=3, n_jobs=1, random_state=d.state % 100_000).fit(d.x, d.y)


def _xgb_forest_classifier(d: object) -> object:
    import xgboost

    return xgboost.XGBRFClassifier(n_estimators=3, max_depth=2, n_jobs=1, random_state=d.state % 100_000).fit(d.x, d.three)


def _xgb_city_classifier(d: object) -> object:
    return _xgb_classifier(d, d.three, _city_frame(d), n_estimators=2, enable_categorical=True, max_depth=2)


OWN_OBJECTIVE = "lambda labels, scores: (1 / (1 + 2.718281828 ** -scores) - labels, 0.25 + 0 * scores)"


def _xgb_own_objective(d: object) -> object:
    return _xgb_classifier(d, d.binary, n_estimators=2, max_depth=2, objective=from_script(OWN_OBJECTIVE, "own_objective"))


def _xgb_ranker(d: object) -> object:
    import xgboost

    model = xgboost.XGBRanker(n_estimators=4, max_depth=3, n_jobs=1, random_state=d.state % 100_000)
    return model.fit(d.x, d.three, group=[40, 30, 26])


def lgb_train(d: object, y: object, rounds: int = 4, x: object = None, **params: object) -> object:
    """A small LightGBM booster."""
    import lightgbm

    group, early = params.pop("group", None), params.pop("early", None)
    named = params.pop("categories", "auto")
    x = d.x_nan if x is None else x
    params = {"num_leaves": 6, "min_data_in_leaf": 5, "verbosity": -1, "num_threads": 1, "seed": d.state % 100_000, "deterministic": True, **params}
    train = lightgbm.Dataset(x, y, group=None if group is None else np.asarray(group), categorical_feature=named, params=params)
    more = {}
    if early:
        more["valid_sets"] = [lightgbm.Dataset(x[:30] * 1.1, y[:30], reference=train, params=params)]
        more["callbacks"] = [lightgbm.early_stopping(early, verbose=False)]
    return lightgbm.train(params, train, rounds, **more)


def _lgb(name: str, fit: object, exact: dict = PLAIN, rows: object = _edge_nan, **more: object) -> Case:
    return Case(name, fit, rows, exact, library="lightgbm", save=save_lightgbm, **more)


def _lightgbm_native() -> list:
    t = lgb_train
    bag = {"bagging_fraction": 0.7, "bagging_freq": 1}
    zeros = lambda d: np.where(np.isnan(d.x_nan), 0.0, d.x_nan)
    return [
        _lgb("regression", lambda d: t(d, d.y, objective="regression")),
        _lgb("regression-no-nan", lambda d: t(d, d.y, x=d.x, objective="regression")),
        _lgb("regression-sqrt", lambda d: t(d, d.positive, objective="regression", reg_sqrt=True), ONE_EXP),
        _lgb("regression-l1", lambda d: t(d, d.y, objective="regression_l1")),
        _lgb("huber", lambda d: t(d, d.y, objective="huber")),
        _lgb("fair", lambda d: t(d, d.y, objective="fair")),
        _lgb("quantile", lambda d: t(d, d.y, objective="quantile", alpha=0.8)),
        _lgb("mape", lambda d: t(d, d.positive, objective="mape")),
        _lgb("poisson", lambda d: t(d, d.counts, objective="poisson"), ONE_EXP),
        _lgb("gamma", lambda d: t(d, d.positive, objective="gamma"), ONE_EXP),
        _lgb("tweedie", lambda d: t(d, d.counts, objective="tweedie"), ONE_EXP),
        _lgb("binary", lambda d: t(d, d.binary, objective="binary"), ONE_EXP),
        _lgb("binary-sigmoid", lambda d: t(d, d.binary, objective="binary", sigmoid=0.6), ONE_EXP),
        _lgb("multiclass", lambda d: t(d, d.three, rounds=3, objective="multiclass", num_class=3), CHAIN),
        _lgb("multiclassova", lambda d: t(d, d.three, rounds=3, objective="multiclassova", num_class=3), ONE_EXP),
        _lgb("cross-entropy", lambda d: t(d, d.binary * 0.8 + 0.1, objective="cross_entropy"), ONE_EXP),
        _lgb("cross-entropy-lambda", lambda d: t(d, d.binary * 0.8 + 0.1, objective="cross_entropy_lambda"), {**ONE_EXP, "predict": "B4"}),
        _lgb("lambdarank", lambda d: t(d, d.three, objective="lambdarank", group=[30, 40, 26])),
        _lgb("forest", lambda d: t(d, d.y, objective="regression", boosting="rf", **bag)),
        _lgb("forest-binary", lambda d: t(d, d.binary, objective="binary", boosting="rf", **bag), ONE_EXP),
        _lgb("dart", lambda d: t(d, d.y, rounds=8, objective="regression", boosting="dart")),
        _lgb("goss", lambda d: t(d, d.y, objective="regression", boosting="goss")),
        _lgb("zero-as-missing", lambda d: t(d, d.y, x=zeros(d), objective="regression", zero_as_missing=True)),
        _lgb("no-missing", lambda d: t(d, d.y, objective="regression", use_missing=False)),
        _lgb("one-leaf", lambda d: t(d, d.y, rounds=2, objective="regression", min_data_in_leaf=100)),
        _lgb("feature-names", lambda d: t(d, d.binary, x=_number_frame(d), objective="binary"), ONE_EXP, _number_rows),
        _lgb("categories-unread", lambda d: t(d, d.frame["income"], x=_city_frame(d), objective="regression", min_data_per_group=1000), PLAIN, _city_rows),
        _lgb("early-stopped", lambda d: t(d, d.y, rounds=60, objective="regression", learning_rate=0.9, early=3)),
    ]


def _lgb_coded(d: object, **params: object) -> object:
    x = _coded(d)
    more = {"objective": "regression", "min_data_per_group": 5, "cat_smooth": 1, "max_cat_to_onehot": 2, **params}
    return lgb_train(d, _coded_answer(d, x), x=x, categories=[2], **more)


def _lgb_cities(d: object, frame: object, **params: object) -> object:
    return lgb_train(d, _city_answer(d), x=frame, objective="regression", min_data_per_group=3, cat_smooth=1, **params)


def _seen_and_unseen_cities(d: object, model: object) -> object:
    """A category that training never met is missing for LightGBM."""
    rows = _city_frame(d).iloc[:9].reset_index(drop=True)
    rows["city"] = rows["city"].cat.rename_categories({rows["city"][1]: "Atlantis"})
    rows.loc[3, "city"] = None
    return rows


def _lightgbm_boosters() -> list:
    """Splits by categories, and leaves that hold linear models."""
    t = lgb_train
    linear = {"objective": "regression", "linear_tree": True, "num_leaves": 4, "rounds": 3}
    finite = lambda d, m: d.edge(m, nan=True, huge=1e3)
    answers = {"*": "A"}
    own = from_script(OWN_OBJECTIVE_LGB, "own_objective")
    return [
        _lgb("boost-lgb-categories", _lgb_coded, answers, _code_rows),
        _lgb("boost-lgb-categories-one-hot", lambda d: _lgb_coded(d, max_cat_to_onehot=20), answers, _code_rows),
        _lgb("boost-lgb-categories-multiclass", lambda d: lgb_train(d, d.three, rounds=2, x=_coded(d), categories=[2], objective="multiclass", num_class=3, min_data_per_group=3), CHAIN, _code_rows),
        _lgb("boost-lgb-cities", lambda d: _lgb_cities(d, _city_frame(d)), answers, _seen_and_unseen_cities),
        _lgb("boost-lgb-cities-integers", lambda d: _lgb_cities(d, _cities_by_number(d)), answers, _number_city_rows),
        _lgb("boost-lgb-linear", lambda d: t(d, d.y, **linear), answers, finite),
        _lgb("boost-lgb-linear-no-nan", lambda d: t(d, d.y, x=d.x, **linear), answers, finite),
        _lgb("boost-lgb-linear-categories", lambda d: _lgb_coded(d, linear_tree=True), answers, _code_rows),
        _lgb("boost-lgb-linear-one-leaf", lambda d: t(d, d.y, **{**linear, "rounds": 2, "min_data_in_leaf": 90}), answers, finite),
        _lgb("boost-lgb-linear-binary", lambda d: t(d, d.binary, **{**linear, "objective": "binary"}), ONE_EXP, finite),
        _lgb("boost-lgb-xendcg", lambda d: t(d, d.three, objective="rank_xendcg", group=[30, 40, 26])),
        _lgb("boost-lgb-multiclassova-sigmoid", lambda d: t(d, d.three, rounds=2, objective="multiclassova", num_class=3, sigmoid=0.7), ONE_EXP),
        _lgb("boost-lgb-own-objective", lambda d: _lgb_own(d, own), answers),
        _lgb("boost-lgb-deep", lambda d: t(d, d.y, rounds=2, objective="regression", num_leaves=40, min_data_in_leaf=1), answers),
    ]


OWN_OBJECTIVE_LGB = "lambda scores, rows: (scores - rows.get_label(), 1.0 + 0.0 * scores)"


OWN_THREE = """
def own_three(y, s):
    import numpy
    p = numpy.exp(s) / numpy.exp(s).sum(axis=1, keepdims=True)
    return p - (numpy.arange(3) == y.reshape(-1, 1)), 2.0 * p * (1.0 - p)
"""


def _lgb_own(d: object, own: object) -> object:
    """A booster whose objective is a function: given to `train` before 4.0, a parameter since."""
    if version_key(installed("lightgbm")) >= (4, 0):
        return lgb_train(d, d.y, objective=own)
    import lightgbm

    params = {"num_leaves": 6, "min_data_in_leaf": 5, "verbosity": -1, "num_threads": 1, "deterministic": True}
    return lightgbm.train(params, lightgbm.Dataset(d.x_nan, d.y, params=params), 4, fobj=own)


def _lgbm(d: object, kind: str, y: object, x: object = None, **params: object) -> object:
    import lightgbm

    params = {"n_estimators": 4, "num_leaves": 6, "min_child_samples": 5, "n_jobs": 1, "verbosity": -1, "random_state": d.state % 100_000, **params}
    return getattr(lightgbm, kind)(**params).fit(d.x_nan if x is None else x, y)


def _lgbm_early(d: object) -> object:
    import lightgbm

    model = lightgbm.LGBMClassifier(n_estimators=80, num_leaves=6, learning_rate=0.8, n_jobs=1, verbosity=-1, random_state=d.state % 100_000)
    stop = [lightgbm.early_stopping(3, verbose=False)]
    return model.fit(d.x[:66], d.names[:66], eval_set=[(d.x[66:], d.names[66:])], callbacks=stop)


def _lgbm_pipeline(d: object) -> object:
    import lightgbm

    model = lightgbm.LGBMClassifier(n_estimators=4, num_leaves=6, n_jobs=1, verbosity=-1, random_state=d.state % 100_000)
    return make_pipeline(StandardScaler(), model).fit(d.x, d.names)


def _lgbm_ranker(d: object) -> object:
    import lightgbm

    model = lightgbm.LGBMRanker(n_estimators=3, num_leaves=5, min_child_samples=5, n_jobs=1, verbosity=-1, random_state=d.state % 100_000)
    return model.fit(d.x_nan, d.three, group=np.array([40, 30, 26]))


def _lightgbm_wrappers() -> list:
    x = {"library": "lightgbm"}
    return [
        Case("lgbm-classifier", lambda d: _lgbm(d, "LGBMClassifier", d.binary), _edge_nan, LABELS_ONE_EXP, **x),
        Case("lgbm-classifier-text", lambda d: _lgbm(d, "LGBMClassifier", d.names, n_estimators=3), _edge_nan, LABELS_CHAIN, **x),
        Case(
            "lgbm-classifier-frame", lambda d: _lgbm(d, "LGBMClassifier", d.three, _number_frame(d), n_estimators=3), _number_rows, LABELS_CHAIN, **x
        ),
        Case("lgbm-classifier-bool", lambda d: _lgbm(d, "LGBMClassifier", d.flags), _edge_nan, LABELS_ONE_EXP, **x),
        Case("lgbm-classifier-early-stopping", _lgbm_early, _edge_nan, LABELS_CHAIN, since="3.3", **x),
        Case("lgbm-regressor", lambda d: _lgbm(d, "LGBMRegressor", d.y), _edge_nan, **x),
        Case("lgbm-regressor-poisson", lambda d: _lgbm(d, "LGBMRegressor", d.counts, objective="poisson"), _edge_nan, ONE_EXP, **x),
        Case("boost-lgb-classifier-cities", lambda d: _lgbm(d, "LGBMClassifier", d.names, _city_frame(d), n_estimators=2, min_data_per_group=3), _seen_and_unseen_cities, LABELS_CHAIN, **x),
        Case("boost-lgb-regressor-linear", lambda d: _lgbm(d, "LGBMRegressor", d.y, n_estimators=3, linear_tree=True), lambda d, m: d.edge(m, nan=True, huge=1e3), **x),
        Case("boost-lgb-ranker", _lgbm_ranker, _edge_nan, **x),
        Case("boost-lgb-classifier-own-objective", lambda d: _lgbm(d, "LGBMClassifier", d.binary, n_estimators=2, objective=from_script("lambda y, s: (s - y, 1 + 0 * s)", "own")), _edge_nan, containers=("model.cloudpickle.pkl",), **x),
        Case("boost-lgb-classifier-own-three", lambda d: _lgbm(d, "LGBMClassifier", d.names, n_estimators=2, objective=from_script(OWN_THREE, "own_three")), _edge_nan, {"*": "A", "contributions": "C"}, containers=("model.cloudpickle.pkl",), since="4", **x),
        Case("boost-lgb-regressor-own-objective", lambda d: _lgbm(d, "LGBMRegressor", d.y, n_estimators=2, objective=from_script("lambda y, s: (s - y, 1 + 0 * s)", "own")), _edge_nan, containers=("model.cloudpickle.pkl",), **x),
        Case("lgbm-in-pipeline", _lgbm_pipeline, lambda d, m: d.edge(), LABELS_CHAIN, **x),
        Case(
            "booster-pickle",
            lambda d: lgb_train(d, d.binary, objective="binary"),
            _edge_nan,
            ONE_EXP,
            containers=("model.p4.pkl", "model.p2.pkl", "model.cloudpickle.pkl", "model.joblib"),
            **x,
        ),
    ]
