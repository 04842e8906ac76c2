"""Whole recipes of guides and competitions: mixed frames, categories with gaps, early stopping, costs. Only trained fresh."""

from __future__ import annotations

import lightgbm
import numpy as np
import pandas as pd
import xgboost
from catboost import CatBoostClassifier, CatBoostRegressor
from imblearn.ensemble import BalancedRandomForestClassifier, EasyEnsembleClassifier
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import Pipeline as ImbPipeline
from sklearn import ensemble, linear_model, neighbors, preprocessing as pp, svm, tree
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

from case import Case, installed, version_key

HERE = version_key(installed("sklearn"))
XGB = version_key(installed("xgboost"))
LGBM = version_key(installed("lightgbm"))
FEW = ("model.p4.pkl", "model.joblib")
TREE = {"*": "A", "predict_log_proba": "B4"}
WORDS = ["job", "marital", "contact"]
NUMBERS = ["age", "balance", "duration"]


def bank(d: object, kind: str = "object") -> pd.DataFrame:
    """A frame like the one of the bank's campaign, with gaps."""
    rng = np.random.RandomState(d.state)
    count = 160
    frame = pd.DataFrame(
        {
            "age": rng.randint(18, 90, count),
            "job": rng.choice(np.array(["admin.", "blue-collar", "technician", "services", "retired"], dtype=object), count),
            "marital": rng.choice(np.array(["married", "single", "divorced"], dtype=object), count),
            "balance": rng.normal(1000, 2500, count).round(2),
            "contact": rng.choice(np.array(["cellular", "telephone", "unknown"], dtype=object), count),
            "duration": rng.exponential(250, count).round(0),
        }
    )
    frame.loc[rng.uniform(size=count) < 0.1, "balance"] = np.nan
    frame.loc[rng.uniform(size=count) < 0.1, "contact"] = np.nan
    if kind == "category":
        frame[WORDS] = frame[WORDS].astype("category")
    if kind == "filled":
        frame = frame.fillna({"contact": "none"})
    return frame


def took(d: object) -> np.ndarray:
    frame = bank(d)
    return ((frame["duration"] > 250) ^ (frame["job"] == "retired") ^ (np.random.RandomState(d.state).uniform(size=len(frame)) < 0.1)).to_numpy().astype(int)


def yes_no(d: object) -> np.ndarray:
    return np.array(["no", "yes"], dtype=object)[took(d)]


def level(d: object) -> np.ndarray:
    return np.array(["low", "mid", "high"], dtype=object)[np.digitize(bank(d)["duration"], [120, 330])]


def amount(d: object) -> np.ndarray:
    frame = bank(d)
    return (frame["duration"] / 50 + frame["age"] / 10 + (frame["job"] == "admin.") * 3 + np.random.RandomState(d.state).uniform(size=len(frame))).to_numpy()


def asked(kind: str = "object") -> object:
    return lambda d, m: bank(d, kind).iloc[d.rng.choice(160, 14, replace=False)].reset_index(drop=True)


def unseen(d: object, m: object) -> pd.DataFrame:
    rows = asked()(d, m)
    rows.loc[0, "job"], rows.loc[1, "marital"] = "astronaut", "it is complicated"
    return rows


def _one(name: str, fit: object, rows: object, exact: object = "C", **more: object) -> Case:
    return Case(f"recipe-{name}", fit, rows, exact, fresh=True, containers=more.pop("containers", FEW), **more)


def cases() -> list:
    """Boosters, then pipelines."""
    return [*_catboost(), *_lightgbm(), *_xgboost(), *_sklearn(), *_several(), *_imbalanced()]


def _catboost() -> list:
    plain = {"iterations": 12, "depth": 4, "verbose": 0, "allow_writing_files": False, "thread_count": 1}
    make = lambda cls, d, **more: cls(**{**plain, "random_seed": d.state % 1000, **more})
    rows = asked("filled")
    exact = {"*": "B4", "contributions": "C", "predict_log_proba": "C"}

    def stopped(d: object) -> object:
        frame, y = bank(d, "filled"), yes_no(d)
        return make(CatBoostClassifier, d, iterations=40, learning_rate=0.5, early_stopping_rounds=3).fit(frame[:110], y[:110], cat_features=WORDS, eval_set=(frame[110:], y[110:]), use_best_model=True)

    one = lambda name, fit, **more: _one(f"catboost-{name}", fit, rows, exact, library="catboost", extras=("row",), **more)
    return [
        one("stopped", stopped),
        one("balanced", lambda d: make(CatBoostClassifier, d, auto_class_weights="Balanced", cat_features=WORDS).fit(bank(d, "filled"), yes_no(d))),
        one("levels", lambda d: make(CatBoostClassifier, d, loss_function="MultiClass", cat_features=WORDS).fit(bank(d, "filled"), level(d))),
        one("one-all", lambda d: make(CatBoostClassifier, d, loss_function="MultiClassOneVsAll", cat_features=WORDS).fit(bank(d, "filled"), level(d))),
        one("quantile", lambda d: make(CatBoostRegressor, d, loss_function="Quantile:alpha=0.9", cat_features=WORDS).fit(bank(d, "filled"), amount(d))),
        one("mae-plain", lambda d: make(CatBoostRegressor, d, loss_function="MAE", boosting_type="Plain", l2_leaf_reg=5, one_hot_max_size=4, cat_features=WORDS).fit(bank(d, "filled"), amount(d))),
        one("tweedie", lambda d: make(CatBoostRegressor, d, loss_function="Tweedie:variance_power=1.5", cat_features=WORDS).fit(bank(d, "filled"), amount(d))),
        one("gaps-max", lambda d: make(CatBoostRegressor, d, nan_mode="Max", cat_features=WORDS).fit(bank(d, "filled"), amount(d))),
        one("lossguide", lambda d: make(CatBoostClassifier, d, grow_policy="Lossguide", max_leaves=9, cat_features=WORDS).fit(bank(d, "filled"), took(d))),
    ]


def _lightgbm() -> list:
    make = lambda cls, d, **more: getattr(lightgbm, cls)(**{"n_estimators": 8, "num_leaves": 7, "min_child_samples": 5, "n_jobs": 1, "verbose": -1, "random_state": d.state % 1000, **more})
    exact = {"*": "B4", "contributions": "C"}

    def rows(d: object, m: object) -> pd.DataFrame:
        found = asked()(d, m)
        found.loc[0, "job"], found.loc[1, "marital"] = "astronaut", None
        return found.assign(**{name: found[name].astype("category") for name in WORDS})

    def stopped(d: object) -> object:
        frame, y = bank(d, "category"), yes_no(d)
        return make("LGBMClassifier", d, n_estimators=60, learning_rate=0.6).fit(frame[:110], y[:110], eval_set=[(frame[110:], y[110:])], callbacks=[lightgbm.early_stopping(3, verbose=False)])

    one = lambda name, fit, **more: _one(f"lightgbm-{name}", fit, more.pop("rows", rows), exact, library="lightgbm", extras=("row",), **more)
    classes = {"goss": {"boosting_type": "goss"}, "dart": {"boosting_type": "dart"}, "forest": {"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.7}, "unbalanced": {"is_unbalance": True}, "weighted": {"class_weight": "balanced"}, "extra": {"extra_trees": True, "max_bin": 15}, "cats": {"cat_smooth": 1, "min_data_per_group": 2, "max_cat_to_onehot": 2}}
    kinds = {"quantile": {"objective": "quantile", "alpha": 0.1}, "tweedie": {"objective": "tweedie"}, "huber": {"objective": "huber"}, "gamma": {"objective": "gamma"}, "mape": {"objective": "mape"}, "monotone": {"monotone_constraints": [1, 0, 0, 0, 0, 1]}, "linear": {"linear_tree": True}, "zero-missing": {"zero_as_missing": True}, "sqrt": {"objective": "regression", "reg_sqrt": True}}
    numbers = lambda d, m: bank(d)[NUMBERS].iloc[:12].reset_index(drop=True)
    return [
        one("stopped", stopped, since="3.3", until="4.2"),
        one("levels", lambda d: make("LGBMClassifier", d).fit(bank(d, "category"), level(d))),
        *(one(f"class-{name}", lambda d, params=params: make("LGBMClassifier", d, **params).fit(bank(d, "category"), yes_no(d))) for name, params in classes.items()),
        *(one(f"value-{name}", lambda d, params=params, name=name: make("LGBMRegressor", d, **params).fit(bank(d, "category") if name != "linear" else bank(d)[NUMBERS], amount(d)), rows=rows if name != "linear" else numbers) for name, params in kinds.items()),
    ]


def _xgboost() -> list:
    make = lambda cls, d, **more: getattr(xgboost, cls)(**{"n_estimators": 8, "max_depth": 3, "n_jobs": 1, "random_state": d.state % 1000, "tree_method": "hist", **more})
    exact = {"*": "B4", "contributions": "C"}
    cats = {"enable_categorical": True}

    def stopped(d: object) -> object:
        frame, y = bank(d, "category"), took(d)
        return make("XGBClassifier", d, n_estimators=60, learning_rate=0.9, early_stopping_rounds=3, eval_metric="logloss", **cats).fit(frame[:110], y[:110], eval_set=[(frame[110:], y[110:])], verbose=False)

    # up to 3.0 a model does not hold the names of its categories
    rows = asked("category")
    one = lambda name, fit, **more: _one(f"xgboost-{name}", fit, more.pop("rows", rows), exact, library="xgboost", extras=("row",), since=more.pop("since", "1.7"), **more)
    numbers = lambda d, m: bank(d)[NUMBERS].iloc[:12].reset_index(drop=True).fillna(-999)
    plain = lambda d: bank(d)[NUMBERS].fillna(-999)
    kinds = {"poisson": "count:poisson", "gamma": "reg:gamma", "tweedie": "reg:tweedie", "log": "reg:squaredlogerror", "huber": "reg:pseudohubererror", "mae": "reg:absoluteerror", "logistic": "reg:logistic"}
    goal = lambda d, name: took(d) if name == "logistic" else amount(d)
    return [
        one("stopped", stopped, since="3.1"),
        one("levels", lambda d: make("XGBClassifier", d, **cats).fit(bank(d, "category"), np.digitize(bank(d)["duration"], [120, 330])), since="3.1"),
        one("one-hot", lambda d: make("XGBClassifier", d, max_cat_to_onehot=8, **cats).fit(bank(d, "category"), took(d)), since="3.1"),
        one("missing", lambda d: make("XGBRegressor", d, missing=-999, monotone_constraints="(1,0,0)").fit(plain(d), amount(d)), rows=numbers),
        one("forest", lambda d: make("XGBRFClassifier", d).fit(plain(d), took(d)), rows=numbers),
        one("dart", lambda d: make("XGBClassifier", d, booster="dart", rate_drop=0.4, one_drop=1).fit(plain(d), took(d)), rows=numbers),
        one("parallel", lambda d: make("XGBClassifier", d, num_parallel_tree=3, subsample=0.6, scale_pos_weight=4).fit(plain(d), took(d)), rows=numbers),
        one("hinge", lambda d: make("XGBClassifier", d, objective="binary:hinge").fit(plain(d), took(d)), rows=numbers),
        *(one(f"value-{name}", lambda d, kind=kind, name=name: make("XGBRegressor", d, objective=kind).fit(plain(d), goal(d, name)), rows=numbers) for name, kind in kinds.items()),
        *([
            _one("xgboost-quantiles", lambda d: make("XGBRegressor", d, objective="reg:quantileerror", quantile_alpha=[0.1, 0.5, 0.9]).fit(plain(d), amount(d)), numbers, exact, library="xgboost", extras=("row",)),
            _one("xgboost-two", lambda d: make("XGBRegressor", d).fit(plain(d), np.column_stack([amount(d), took(d)])), numbers, exact, library="xgboost", extras=("row",)),
            _one("xgboost-vector", lambda d: make("XGBRegressor", d, multi_strategy="multi_output_tree").fit(plain(d), np.column_stack([amount(d), took(d)])), numbers, exact, library="xgboost", extras=("row",)),
            _one("xgboost-labels", lambda d: make("XGBClassifier", d).fit(plain(d), np.column_stack([took(d), 1 - took(d)])), numbers, exact, library="xgboost", extras=("row",)),
        ] if XGB >= (2, 0) else []),
    ]


def _sklearn() -> list:
    dense = {"sparse_output" if HERE >= (1, 2) else "sparse": False}
    words = lambda **more: make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore", **more))
    numbers = lambda: make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    both = lambda last=numbers, word=words: ColumnTransformer([("cat", word(), WORDS), ("num", last(), NUMBERS)])
    fit = lambda steps, target=yes_no: lambda d: steps(d).fit(bank(d), target(d))
    log = lambda: make_pipeline(SimpleImputer(strategy="constant", fill_value=0), FunctionTransformer(np.abs), FunctionTransformer(np.log1p), pp.RobustScaler())
    logistic = lambda **more: linear_model.LogisticRegression(max_iter=500, **more)
    found = [
        _one("remainder", fit(lambda d: make_pipeline(ColumnTransformer([("cat", words(), WORDS)], remainder=make_pipeline(SimpleImputer(), pp.MinMaxScaler())), logistic())), unseen),
        _one("passed", fit(lambda d: make_pipeline(ColumnTransformer([("cat", words(**dense), WORDS)], remainder="passthrough"), SimpleImputer(), ensemble.RandomForestClassifier(6, max_depth=5, random_state=d.state))), unseen, TREE),
        _one("logged", fit(lambda d: make_pipeline(both(log), linear_model.RidgeCV()), amount), unseen),
        _one("binned", fit(lambda d: make_pipeline(both(lambda: make_pipeline(SimpleImputer(), pp.KBinsDiscretizer(4, encode="onehot"))), logistic(class_weight="balanced"))), unseen),
        _one("power", fit(lambda d: make_pipeline(both(lambda: make_pipeline(SimpleImputer(), pp.PowerTransformer())), svm.LinearSVC(dual=True, max_iter=5000))), unseen),
        _one("cast", fit(lambda d: make_pipeline(both(lambda: make_pipeline(SimpleImputer(), FunctionTransformer(np.float32))), ensemble.ExtraTreesClassifier(5, max_depth=4, random_state=d.state))), unseen, TREE),
        _one("target", fit(lambda d: TransformedTargetRegressor(make_pipeline(both(), linear_model.Lasso(alpha=0.05)), func=np.log1p, inverse_func=np.expm1), amount), unseen),
        _one("target-quantiles", fit(lambda d: TransformedTargetRegressor(make_pipeline(both(), linear_model.LinearRegression()), transformer=pp.QuantileTransformer(n_quantiles=50, output_distribution="normal")), amount), unseen),
        _one("stacked", fit(lambda d: make_pipeline(both(), ensemble.StackingClassifier([("rf", ensemble.RandomForestClassifier(4, max_depth=3, random_state=d.state)), ("svc", svm.SVC(random_state=d.state))], logistic(), cv=3, passthrough=True))), unseen),
        _one("stacked-values", fit(lambda d: make_pipeline(both(), ensemble.StackingRegressor([("knn", neighbors.KNeighborsRegressor()), ("tree", tree.DecisionTreeRegressor(max_depth=3, random_state=d.state))], ensemble.GradientBoostingRegressor(n_estimators=6, random_state=d.state), cv=3)), amount), unseen),
        _one("bagged", fit(lambda d: make_pipeline(both(), ensemble.BaggingClassifier(tree.DecisionTreeClassifier(max_depth=3), n_estimators=5, max_features=0.6, random_state=d.state))), unseen, {"*": "C"}),
        _one("calibrated", fit(lambda d: make_pipeline(both(), CalibratedClassifierCV(ensemble.RandomForestClassifier(4, max_depth=3, random_state=d.state), method="isotonic", cv=3))), unseen),
        _one("voted-values", fit(lambda d: make_pipeline(both(), ensemble.VotingRegressor([("r", linear_model.Ridge()), ("f", ensemble.RandomForestRegressor(4, max_depth=3, random_state=d.state))], weights=[1, 3])), amount), unseen),
        _one("union", fit(lambda d: make_pipeline(both(), FeatureUnion([("same", "passthrough"), ("squares", FunctionTransformer(np.square))]), logistic()) if HERE >= (1, 1) else make_pipeline(both(), logistic())), unseen),
        _one("lightgbm-last", fit(lambda d: make_pipeline(both(), lightgbm.LGBMClassifier(n_estimators=6, num_leaves=7, n_jobs=1, verbose=-1))), unseen, {"*": "B4", "contributions": "C"}),
        _one("xgboost-last", fit(lambda d: make_pipeline(both(), xgboost.XGBClassifier(n_estimators=6, max_depth=3, n_jobs=1, tree_method="exact")), took), unseen, {"*": "B4", "contributions": "C"}),
        _one("ordinal-gaps", fit(lambda d: make_pipeline(make_column_transformer((OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-2), ["job", "marital"]), remainder="drop"), tree.DecisionTreeClassifier(max_depth=4, random_state=d.state))), unseen, TREE),
    ]
    if HERE >= (1, 3):
        hot = lambda **more: lambda: OneHotEncoder(handle_unknown="infrequent_if_exist", **more)
        framed = lambda d: make_pipeline(ColumnTransformer([("cat", OneHotEncoder(handle_unknown="ignore", **dense), WORDS), ("num", SimpleImputer(), NUMBERS)], verbose_feature_names_out=False), ColumnTransformer([("scaled", StandardScaler(), ["age", "duration"]), ("jobs", "passthrough", ["job_retired", "job_admin."])], remainder="passthrough"), logistic()).set_output(transform="pandas")
        found += [
            _one("rare-share", fit(lambda d: make_pipeline(both(word=hot(min_frequency=0.25)), logistic())), unseen),
            _one("rare-drop", fit(lambda d: make_pipeline(both(word=hot(max_categories=3, drop="first")), logistic())), unseen),
            _one("framed", fit(framed), unseen),
            _one("target-encoded", fit(lambda d: make_pipeline(both(word=lambda: pp.TargetEncoder(random_state=d.state)), logistic())), unseen),
            _one("target-levels", lambda d: make_pipeline(both(word=lambda: pp.TargetEncoder(random_state=d.state)), logistic()).fit(bank(d), level(d)), unseen, since="1.4"),
            _one("missing-codes", fit(lambda d: make_pipeline(make_column_transformer((OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-2, encoded_missing_value=-1), WORDS), remainder="passthrough"), ensemble.HistGradientBoostingClassifier(max_iter=8, random_state=d.state))), unseen, {"*": "C"}),
            _one("hist-types", lambda d: ensemble.HistGradientBoostingClassifier(max_iter=8, max_leaf_nodes=7, categorical_features="from_dtype", random_state=d.state).fit(bank(d, "category"), yes_no(d)), asked("category"), "C", since="1.4"),
            _one("hist-quantile", lambda d: ensemble.HistGradientBoostingRegressor(loss="quantile", quantile=0.8, max_iter=8, early_stopping=True, n_iter_no_change=2, random_state=d.state).fit(bank(d)[NUMBERS], amount(d)), lambda d, m: bank(d)[NUMBERS].iloc[:12].reset_index(drop=True), "A"),
        ]
    return found


def _several() -> list:
    plain = lambda d: bank(d)[NUMBERS].fillna(0.0)
    rows = lambda d, m: plain(d).iloc[:12].reset_index(drop=True)
    pair = lambda d: np.column_stack([yes_no(d), level(d)]).astype(str)
    return [
        _one("several-labels", lambda d: MultiOutputClassifier(ensemble.RandomForestClassifier(4, max_depth=3, random_state=d.state)).fit(plain(d), pair(d)), rows, TREE),
        _one("several-forest", lambda d: ensemble.RandomForestClassifier(4, max_depth=3, random_state=d.state).fit(plain(d), pair(d)), rows, TREE),
        _one("several-chain", lambda d: make_pipeline(StandardScaler(), ClassifierChain(linear_model.LogisticRegression(), order=[1, 0], random_state=d.state)).fit(plain(d), np.column_stack([took(d), (amount(d) > 9).astype(int)])), rows),
        _one("several-boosted", lambda d: MultiOutputRegressor(ensemble.GradientBoostingRegressor(n_estimators=5, random_state=d.state)).fit(plain(d), np.column_stack([amount(d), plain(d)["age"]])), rows, "A"),
        _one("several-lightgbm", lambda d: MultiOutputRegressor(lightgbm.LGBMRegressor(n_estimators=5, num_leaves=5, n_jobs=1, verbose=-1)).fit(plain(d), np.column_stack([amount(d), plain(d)["age"]])), rows, "A"),
        _one("several-adaboost", lambda d: ensemble.AdaBoostClassifier(tree.DecisionTreeClassifier(max_depth=2), n_estimators=5, learning_rate=0.5, random_state=d.state).fit(plain(d), level(d)), rows),
    ]


def _imbalanced() -> list:
    plain = lambda d: bank(d)[NUMBERS].fillna(0.0)
    rows = lambda d, m: plain(d).iloc[:12].reset_index(drop=True)
    return [
        _one("smote", lambda d: ImbPipeline([("scale", StandardScaler()), ("smote", SMOTE(random_state=d.state, k_neighbors=3)), ("rf", ensemble.RandomForestClassifier(5, max_depth=4, random_state=d.state))]).fit(plain(d), yes_no(d)), rows, TREE),
        _one("balanced-forest", lambda d: BalancedRandomForestClassifier(5, max_depth=4, random_state=d.state).fit(plain(d), yes_no(d)), rows, TREE),
        _one("easy", lambda d: EasyEnsembleClassifier(3, random_state=d.state).fit(plain(d), yes_no(d)), rows),
    ]
