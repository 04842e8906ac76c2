"""Further models that courses, competitions and the libraries' own galleries build: whole pipelines over frames and texts. Only trained fresh."""

from __future__ import annotations

import numpy as np
import pandas as pd
import sklearn
from scipy import stats
from sklearn import cluster, covariance, datasets, decomposition, ensemble, feature_selection, kernel_approximation, kernel_ridge, linear_model, mixture, multiclass, multioutput, naive_bayes, neighbors, neural_network, preprocessing, random_projection, semi_supervised, svm, tree
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector, make_column_transformer
from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer  # noqa: F401
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.impute import IterativeImputer, KNNImputer, MissingIndicator, SimpleImputer
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV, StratifiedKFold
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, LabelEncoder, OneHotEncoder, OrdinalEncoder, PolynomialFeatures, StandardScaler

from case import Case, version_key

HERE = version_key(sklearn.__version__)
FEW = ("model.p4.pkl", "model.cloudpickle.pkl", "model.joblib", "model.skops")
SOME = FEW[:3]
TREE = {"*": "A", "predict_log_proba": "B4"}


def cases() -> list:
    """Passengers, houses, taxi rides, wines, texts, searches, boosters inside of everything."""
    return [*_passengers(), *_houses(), *_rides(), *_small_sets(), *_columns(), *_texts(), *_searches(), *_functions(), *_boosters(), *_inside(), *_dilled(), *_bundled()]


def _one(name: str, fit: object, rows: object, exact: object = "C", **more: object) -> Case:
    return Case(f"gallery-{name}", fit, rows, exact, fresh=True, containers=more.pop("containers", FEW), **more)


# ---------------------------------------------------------------------------------------------------- passengers


def passengers(d: object, gaps: bool = True) -> pd.DataFrame:
    """A frame like the one of the ship: numbers, texts, gaps in both, a name and a ticket nobody uses."""
    rng = np.random.RandomState(d.state)
    count = 120
    frame = pd.DataFrame(
        {
            "PassengerId": np.arange(1, count + 1),
            "Pclass": rng.choice([1, 2, 3], count),
            "Name": [f"Doe, {rng.choice(['Mr', 'Mrs', 'Miss'])}. {i}" for i in range(count)],
            "Sex": rng.choice(np.array(["male", "female"], dtype=object), count),
            "Age": rng.uniform(1, 80, count).round(1),
            "SibSp": rng.randint(0, 4, count),
            "Parch": rng.randint(0, 3, count),
            "Ticket": [f"A/{i * 37}" for i in range(count)],
            "Fare": rng.lognormal(3, 1, count).round(4),
            "Cabin": np.where(rng.uniform(size=count) < 0.3, "C85", None),
            "Embarked": rng.choice(np.array(["S", "C", "Q"], dtype=object), count, p=[0.7, 0.2, 0.1]),
        }
    )
    if gaps:
        frame.loc[rng.uniform(size=count) < 0.2, "Age"] = np.nan
        frame.loc[rng.uniform(size=count) < 0.05, "Embarked"] = np.nan
    return frame


def survived(d: object) -> np.ndarray:
    frame = passengers(d, gaps=False)
    return ((frame["Sex"] == "female") ^ (frame["Age"] < 12) ^ (np.random.RandomState(d.state).uniform(size=len(frame)) < 0.15)).astype(int).to_numpy()


def some_passengers(d: object, m: object) -> pd.DataFrame:
    rows = passengers(d).iloc[d.rng.choice(120, 12, replace=False)].reset_index(drop=True)
    rows.loc[0, "Age"], rows.loc[1, "Embarked"], rows.loc[2, "Sex"] = np.nan, np.nan, "unknown"
    return rows


def known_passengers(d: object, m: object) -> pd.DataFrame:
    return some_passengers(d, m).assign(Sex="male")


def _passengers() -> list:
    numbers, words = ["Age", "Fare", "SibSp", "Parch"], ["Sex", "Embarked", "Pclass"]
    fill = lambda: Pipeline([("imputer", SimpleImputer(strategy="median")), ("scaler", StandardScaler())])
    ordinary = lambda **more: Pipeline([("imputer", SimpleImputer(strategy="most_frequent")), ("onehot", OneHotEncoder(handle_unknown="ignore", **more))])
    constant = lambda: Pipeline([("imputer", SimpleImputer(strategy="constant", fill_value="missing")), ("onehot", OneHotEncoder(handle_unknown="ignore"))])
    prepared = lambda word=ordinary: ColumnTransformer([("num", fill(), numbers), ("cat", word(), words)])
    ordinal = lambda: ColumnTransformer([("num", SimpleImputer(), numbers), ("cat", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["Sex", "Embarked"])], remainder="drop")
    selected = lambda: ColumnTransformer([("num", fill(), make_column_selector(dtype_include=np.number)), ("cat", ordinary(), make_column_selector(dtype_include=object))])
    best = lambda: Pipeline([("encoder", OneHotEncoder(handle_unknown="ignore")), ("selector", feature_selection.SelectPercentile(feature_selection.chi2, percentile=50))])
    with_best = lambda: ColumnTransformer([("num", fill(), ["Age", "Fare"]), ("cat", make_pipeline(SimpleImputer(strategy="constant", fill_value="?"), best()), ["Sex", "Embarked"])])
    models = {
        "logistic": (lambda d: Pipeline([("preprocessor", prepared()), ("classifier", linear_model.LogisticRegression(max_iter=1000))]), "C"),
        "forest": (lambda d: make_pipeline(prepared(constant), ensemble.RandomForestClassifier(10, max_depth=5, random_state=d.state)), TREE),
        "svc": (lambda d: make_pipeline(prepared(), svm.SVC(probability=True, random_state=d.state)), "C"),
        "knn": (lambda d: make_pipeline(prepared(), neighbors.KNeighborsClassifier(5)), "C"),
        "bayes": (lambda d: make_pipeline(ordinal(), SimpleImputer(), naive_bayes.GaussianNB()), "C"),
        "tree": (lambda d: make_pipeline(ordinal(), SimpleImputer(), tree.DecisionTreeClassifier(max_depth=4, random_state=d.state)), TREE),
        "hist": (lambda d: make_pipeline(ordinal(), ensemble.HistGradientBoostingClassifier(max_iter=10, random_state=d.state)), "C"),
        "selector": (lambda d: make_pipeline(ColumnTransformer([("num", fill(), make_column_selector(dtype_include=np.number)), ("cat", ordinary(), ["Sex", "Embarked"])]), linear_model.LogisticRegression(max_iter=1000)), "C"),
        "by-kind": (lambda d: make_pipeline(selected(), linear_model.LogisticRegression(max_iter=1000)), "C"),
        "best": (lambda d: Pipeline([("preprocessor", with_best()), ("classifier", linear_model.LogisticRegression())]), "C"),
        "voting": (lambda d: make_pipeline(prepared(), ensemble.VotingClassifier([("lr", linear_model.LogisticRegression(max_iter=500)), ("rf", ensemble.RandomForestClassifier(5, random_state=d.state)), ("svc", svm.SVC(probability=True, random_state=d.state))], voting="soft", weights=[2, 1, 1])), "C"),
        "stacking": (lambda d: make_pipeline(prepared(), ensemble.StackingClassifier([("rf", ensemble.RandomForestClassifier(5, random_state=d.state)), ("knn", neighbors.KNeighborsClassifier())], linear_model.LogisticRegression(), cv=3)), "C"),
        "search": (lambda d: GridSearchCV(Pipeline([("prep", prepared()), ("rf", ensemble.RandomForestClassifier(5, random_state=d.state))]), {"rf__max_depth": [2, 4], "prep__num__imputer__strategy": ["mean", "median"]}, cv=2), TREE),
        "knn-imputer": (lambda d: make_pipeline(ColumnTransformer([("num", make_pipeline(StandardScaler(), KNNImputer(n_neighbors=3)), numbers), ("cat", ordinary(), words)]), linear_model.LogisticRegression(max_iter=500)), "C"),
        "iterative": (lambda d: make_pipeline(ColumnTransformer([("num", IterativeImputer(random_state=d.state, max_iter=4), numbers), ("cat", ordinary(), words)]), linear_model.LogisticRegression(max_iter=3000)), "C"),
        "boosting": (lambda d: make_pipeline(prepared(), ensemble.GradientBoostingClassifier(n_estimators=12, random_state=d.state)), "C"),
        "extra": (lambda d: make_pipeline(prepared(), ensemble.ExtraTreesClassifier(8, max_depth=5, random_state=d.state)), TREE),
        "mlp": (lambda d: make_pipeline(prepared(), neural_network.MLPClassifier((12, 6), max_iter=40, random_state=d.state)), "C"),
        "sgd": (lambda d: make_pipeline(prepared(), linear_model.SGDClassifier(loss="log_loss" if HERE >= (1, 1) else "log", random_state=d.state)), "C"),
        "indicator": (lambda d: make_pipeline(make_column_transformer((SimpleImputer(add_indicator=True), ["Age", "Fare"]), (ordinary(), ["Sex", "Embarked"])), linear_model.LogisticRegression(max_iter=500)), "C"),
        "union-indicator": (lambda d: make_pipeline(ColumnTransformer([("n", FeatureUnion([("fill", SimpleImputer()), ("mark", MissingIndicator(features="all"))]), ["Age", "Fare"])]), tree.DecisionTreeClassifier(max_depth=3, random_state=d.state)), TREE),
        "remainder": (lambda d: make_pipeline(ColumnTransformer([("drop", "drop", ["PassengerId", "Name", "Ticket", "Cabin"]), ("cat", ordinary(), ["Sex", "Embarked"])], remainder=SimpleImputer()), linear_model.LogisticRegression(max_iter=3000)), "C"),
        "passthrough": (lambda d: make_pipeline(ColumnTransformer([("cat", ordinary(), ["Sex", "Embarked"]), ("drop", "drop", ["Name", "Ticket", "Cabin"])], remainder="passthrough"), SimpleImputer(), ensemble.RandomForestClassifier(5, max_depth=4, random_state=d.state)), TREE),
    }
    fitted = lambda make: lambda d: make(d).fit(passengers(d), survived(d))
    # before 1.0 an ordinal encoder takes no missing value
    runs = {name: model for name, model in models.items() if HERE >= (1, 0) or name not in ("bayes", "tree", "hist")}
    found = [_one(f"ship-{name}", fitted(make), some_passengers, exact) for name, (make, exact) in runs.items()]
    if HERE >= (1, 2):
        pandas_out = lambda d: make_pipeline(prepared(lambda: ordinary(sparse_output=False)), linear_model.LogisticRegression(max_iter=500)).set_output(transform="pandas")
        found.append(_one("ship-pandas", fitted(pandas_out), some_passengers))
    if HERE >= (1, 1):
        rare = lambda d: make_pipeline(prepared(lambda: Pipeline([("i", SimpleImputer(strategy="most_frequent")), ("o", OneHotEncoder(min_frequency=0.15, handle_unknown="infrequent_if_exist"))])), linear_model.LogisticRegression(max_iter=500))
        first = lambda d: make_pipeline(prepared(lambda: Pipeline([("i", SimpleImputer(strategy="most_frequent")), ("o", OneHotEncoder(drop="first", handle_unknown="ignore"))])), linear_model.LogisticRegression(max_iter=500))
        found += [_one("ship-rare", fitted(rare), some_passengers), _one("ship-drop-first", fitted(first), some_passengers)]
    return found


# -------------------------------------------------------------------------------------------------------- houses


def houses(d: object) -> pd.DataFrame:
    rng = np.random.RandomState(d.state)
    count = 140
    frame = pd.DataFrame(
        {
            "MSSubClass": rng.choice([20, 60, 120], count),
            "LotArea": rng.lognormal(9, 0.4, count).round(),
            "LotFrontage": rng.uniform(20, 120, count).round(),
            "OverallQual": rng.randint(1, 11, count),
            "YearBuilt": rng.randint(1900, 2011, count),
            "GrLivArea": rng.normal(1500, 400, count).round().clip(300),
            "Neighborhood": rng.choice(np.array(["NAmes", "CollgCr", "OldTown", "Edwards", "Veenker"], dtype=object), count, p=[0.4, 0.3, 0.2, 0.08, 0.02]),
            "ExterQual": rng.choice(np.array(["Ex", "Gd", "TA", "Fa"], dtype=object), count),
            "Alley": rng.choice(np.array(["Grvl", "Pave", None], dtype=object), count, p=[0.1, 0.1, 0.8]),
            "CentralAir": rng.choice(np.array(["Y", "N"], dtype=object), count),
        }
    )
    frame.loc[rng.uniform(size=count) < 0.15, "LotFrontage"] = np.nan
    return frame


def price(d: object) -> np.ndarray:
    frame = houses(d)
    noise = np.random.RandomState(d.state + 1).lognormal(0, 0.1, len(frame))
    return (20000 + frame["GrLivArea"] * 60 + frame["OverallQual"] ** 2 * 1500).to_numpy() * noise


def some_houses(d: object, m: object) -> pd.DataFrame:
    rows = houses(d).iloc[d.rng.choice(140, 12, replace=False)].reset_index(drop=True)
    rows.loc[0, "Neighborhood"], rows.loc[1, "LotFrontage"], rows.loc[2, "Alley"] = "Nowhere", np.nan, None
    return rows


def _houses() -> list:
    numbers = ["LotArea", "LotFrontage", "OverallQual", "YearBuilt", "GrLivArea"]
    words = ["Neighborhood", "Alley", "CentralAir", "MSSubClass"]
    quality = [["Fa", "TA", "Gd", "Ex"]]

    def prepared(scale: object = StandardScaler, more: tuple = ()) -> ColumnTransformer:
        return ColumnTransformer(
            [
                ("num", make_pipeline(SimpleImputer(strategy="median"), scale()), numbers),
                ("quality", OrdinalEncoder(categories=quality), ["ExterQual"]),
                ("cat", make_pipeline(SimpleImputer(strategy="constant", fill_value="None"), OneHotEncoder(handle_unknown="ignore")), words[:3]),
                *more,
            ]
        )

    logged = lambda model: TransformedTargetRegressor(regressor=model, func=np.log1p, inverse_func=np.expm1)
    log_areas = ("log", make_pipeline(FunctionTransformer(np.log1p), StandardScaler()), ["LotArea", "GrLivArea"])
    models = {
        "linear": (lambda d: make_pipeline(prepared(), linear_model.LinearRegression()), "C"),
        "ridge-cv": (lambda d: make_pipeline(prepared(), linear_model.RidgeCV(alphas=[0.1, 1.0, 10.0])), "C"),
        "lasso-cv": (lambda d: make_pipeline(prepared(preprocessing.RobustScaler), linear_model.LassoCV(cv=3, random_state=d.state)), "C"),
        "elastic-cv": (lambda d: make_pipeline(prepared(preprocessing.RobustScaler), linear_model.ElasticNetCV(l1_ratio=[0.5, 0.9], cv=3, random_state=d.state)), "C"),
        "logged": (lambda d: logged(make_pipeline(prepared(), linear_model.Ridge())), "C"),
        "logged-inside": (lambda d: make_pipeline(prepared(), logged(ensemble.RandomForestRegressor(8, max_depth=5, random_state=d.state))), "C"),
        "logged-outside": (lambda d: logged(make_pipeline(prepared(more=(log_areas,)), linear_model.Lasso(alpha=0.001))), "C"),
        "target-scaled": (lambda d: TransformedTargetRegressor(make_pipeline(prepared(), svm.SVR(C=10)), transformer=StandardScaler()), "C"),
        "target-quantile": (lambda d: TransformedTargetRegressor(make_pipeline(prepared(), linear_model.RidgeCV()), transformer=preprocessing.QuantileTransformer(n_quantiles=50, output_distribution="normal")), "C"),
        "target-power": (lambda d: TransformedTargetRegressor(make_pipeline(prepared(), linear_model.Ridge()), transformer=preprocessing.PowerTransformer("box-cox")), "C"),
        "kernel-ridge": (lambda d: make_pipeline(prepared(), kernel_ridge.KernelRidge(alpha=0.6, kernel="polynomial", degree=2, coef0=2.5)), "C"),
        "huber-boosting": (lambda d: make_pipeline(prepared(), ensemble.GradientBoostingRegressor(n_estimators=15, learning_rate=0.1, max_depth=3, max_features="sqrt", loss="huber", random_state=d.state)), "A"),
        "stack": (lambda d: make_pipeline(prepared(), ensemble.StackingRegressor([("lasso", linear_model.LassoCV(cv=3)), ("gb", ensemble.GradientBoostingRegressor(n_estimators=8, random_state=d.state)), ("svr", svm.SVR())], linear_model.RidgeCV(), cv=3, passthrough=True)), "C"),
        "voting": (lambda d: make_pipeline(prepared(), ensemble.VotingRegressor([("rf", ensemble.RandomForestRegressor(6, random_state=d.state)), ("lr", linear_model.Ridge())])), "C"),
        "polynomial": (lambda d: make_pipeline(ColumnTransformer([("p", make_pipeline(SimpleImputer(), StandardScaler(), PolynomialFeatures(2, include_bias=False)), numbers)]), linear_model.Lasso(alpha=50.0, max_iter=3000)), "C"),
        "bins": (lambda d: make_pipeline(ColumnTransformer([("b", preprocessing.KBinsDiscretizer(5, encode="onehot", strategy="quantile"), ["YearBuilt", "GrLivArea"])], remainder="drop"), linear_model.Ridge()), "C"),
        "hist": (lambda d: make_pipeline(make_column_transformer((OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan), words[:1]), remainder="drop"), ensemble.HistGradientBoostingRegressor(max_iter=10, random_state=d.state)), "C"),
        "power": (lambda d: make_pipeline(ColumnTransformer([("p", preprocessing.PowerTransformer(), ["LotArea", "GrLivArea"])]), linear_model.BayesianRidge()), "C"),
        "pca": (lambda d: make_pipeline(ColumnTransformer([("n", make_pipeline(SimpleImputer(), StandardScaler()), numbers)]), decomposition.PCA(0.9), linear_model.LinearRegression()), "C"),
        "adaboost": (lambda d: make_pipeline(prepared(), ensemble.AdaBoostRegressor(n_estimators=6, random_state=d.state)), "A"),
        "bagging": (lambda d: make_pipeline(prepared(), ensemble.BaggingRegressor(n_estimators=5, random_state=d.state)), "C"),
        "rfe": (lambda d: make_pipeline(prepared(), feature_selection.RFE(linear_model.Ridge(), n_features_to_select=5), linear_model.LinearRegression()), "C"),
        "from-model": (lambda d: make_pipeline(prepared(), feature_selection.SelectFromModel(ensemble.ExtraTreesRegressor(8, random_state=d.state), threshold="median"), linear_model.LinearRegression()), "C"),
        "huber": (lambda d: make_pipeline(prepared(), linear_model.HuberRegressor(max_iter=500)), "C"),
        "gamma": (lambda d: make_pipeline(prepared(), linear_model.GammaRegressor(alpha=0.1, max_iter=200)), "C"),
        "ransac": (lambda d: make_pipeline(prepared(), linear_model.RANSACRegressor(random_state=d.state, min_samples=60)), "C"),
        "quantile-loss": (lambda d: make_pipeline(prepared(), ensemble.GradientBoostingRegressor(loss="quantile", alpha=0.9, n_estimators=10, random_state=d.state)), "A"),
        "spline": (lambda d: make_pipeline(ColumnTransformer([("s", preprocessing.SplineTransformer(n_knots=4), ["GrLivArea", "YearBuilt"]), ("o", OneHotEncoder(handle_unknown="ignore"), ["Neighborhood"])]), linear_model.Ridge()), "C", (1, 0)),
        "target-encoder": (lambda d: make_pipeline(ColumnTransformer([("t", preprocessing.TargetEncoder(random_state=d.state), ["Neighborhood", "ExterQual"]), ("n", SimpleImputer(), numbers)]), linear_model.Ridge()), "C", (1, 3)),
        "categories": (lambda d: make_pipeline(ensemble.HistGradientBoostingRegressor(max_iter=8, categorical_features=[0], random_state=d.state)), "A", (1, 0)),
    }
    found = []
    for name, (make, exact, *since) in models.items():
        if since and HERE < since[0]:
            continue
        if name == "categories":
            columns = ["MSSubClass", *numbers]
            fit = lambda d, make=make, columns=columns: make(d).fit(houses(d)[columns].assign(MSSubClass=lambda f: f["MSSubClass"] // 20 % 6), price(d))
            rows = lambda d, m, columns=columns: some_houses(d, m)[columns].assign(MSSubClass=lambda f: f["MSSubClass"] // 20 % 6)
        else:
            fit, rows = lambda d, make=make: make(d).fit(houses(d), price(d)), some_houses
        # without objects None and NaN would be one, and the imputer leaves None as it is
        found.append(_one(f"houses-{name}", fit, rows, exact, objects=True))
    return found


# --------------------------------------------------------------------------------------------------------- rides


def _rides() -> list:
    """The course that predicts how long a taxi ride takes: dicts of texts and numbers."""

    def rides(d: object) -> tuple:
        rng = np.random.RandomState(d.state)
        rows = [{"PULocationID": str(rng.randint(1, 20)), "DOLocationID": str(rng.randint(1, 20)), "trip_distance": float(rng.lognormal(1, 0.5))} for _ in range(150)]
        return rows, np.array([row["trip_distance"] * 4 + int(row["PULocationID"]) * 0.2 + rng.normal() for row in rows])

    def asked(d: object, m: object) -> list:
        rows, _ = rides(d)
        return [*rows[:6], {"PULocationID": "999", "DOLocationID": "3", "trip_distance": 2.5}, {"trip_distance": 1.0}, {"PU_DO": "1_2"}]

    def joined(d: object) -> list:
        return [{"PU_DO": f"{row['PULocationID']}_{row['DOLocationID']}", "trip_distance": row["trip_distance"]} for row in rides(d)[0]]

    models = {
        "linear": lambda d: linear_model.LinearRegression(),
        "lasso": lambda d: linear_model.Lasso(0.01),
        "ridge": lambda d: linear_model.Ridge(0.01),
        "svr": lambda d: svm.LinearSVR(random_state=d.state, max_iter=2000),
        "forest": lambda d: ensemble.RandomForestRegressor(8, max_depth=10, min_samples_leaf=3, random_state=d.state),
        "boosting": lambda d: ensemble.GradientBoostingRegressor(n_estimators=10, random_state=d.state),
    }
    found = [_one(f"rides-{name}", lambda d, make=make: make_pipeline(DictVectorizer(), make(d)).fit(*rides(d)), asked, extras=(), until="1.9" if name in ("lasso", "svr") else "999") for name, make in models.items()]
    churn = lambda d: make_pipeline(DictVectorizer(sparse=False), linear_model.LogisticRegression(solver="liblinear", C=1.0, max_iter=1000)).fit(joined(d), rides(d)[1] > 12)
    return [*found, _one("rides-churn", churn, lambda d, m: [*joined(d)[:5], {"trip_distance": 3.0}], extras=())]


# ---------------------------------------------------------------------------------------------------- small sets


def _set(name: str) -> tuple:
    return getattr(datasets, f"load_{name}")(return_X_y=True)


def _framed(name: str) -> tuple:
    bunch = getattr(datasets, f"load_{name}")(as_frame=True)
    return bunch.data, bunch.target


def _small_sets() -> list:
    lm, ens = linear_model, ensemble
    rows = lambda of: lambda d, m: _set(of)[0][d.rng.choice(len(_set(of)[0]), 15, replace=False)]
    some = lambda of: lambda d, m: _framed(of)[0].sample(12, random_state=d.state).reset_index(drop=True)
    unlabelled = lambda d, y: np.where(np.random.RandomState(d.state).uniform(size=len(y)) < 0.5, -1, y)
    plain = {
        "wine-scaled-logistic": ("wine", lambda d: make_pipeline(StandardScaler(), lm.LogisticRegression()), "C"),
        "wine-lda": ("wine", lambda d: make_pipeline(StandardScaler(), decomposition.PCA(2), naive_bayes.GaussianNB()), "C"),
        "wine-nystroem": ("wine", lambda d: make_pipeline(StandardScaler(), kernel_approximation.Nystroem(n_components=20, random_state=d.state), svm.LinearSVC(random_state=d.state, max_iter=5000)), "C"),
        "wine-rbf-sampler": ("wine", lambda d: make_pipeline(preprocessing.MinMaxScaler(), kernel_approximation.RBFSampler(n_components=30, random_state=d.state), lm.SGDClassifier(random_state=d.state)), "C"),
        "wine-ovr": ("wine", lambda d: multiclass.OneVsRestClassifier(make_pipeline(StandardScaler(), svm.SVC(probability=True, random_state=d.state))), "C"),
        "wine-ovo": ("wine", lambda d: multiclass.OneVsOneClassifier(svm.LinearSVC(random_state=d.state, max_iter=3000)), "C"),
        "wine-codes": ("wine", lambda d: multiclass.OutputCodeClassifier(lm.LogisticRegression(max_iter=2000), code_size=2, random_state=d.state), "C"),
        "wine-bagged-trees": ("wine", lambda d: ens.BaggingClassifier(tree.DecisionTreeClassifier(), n_estimators=6, max_features=0.5, random_state=d.state), "C"),
        "wine-ada-tree": ("wine", lambda d: ens.AdaBoostClassifier(tree.DecisionTreeClassifier(max_depth=2), n_estimators=8, random_state=d.state), "C"),
        "wine-self": ("wine", lambda d: semi_supervised.SelfTrainingClassifier(ens.RandomForestClassifier(6, random_state=d.state)), "C", unlabelled),
        "iris-ridge-classifier": ("iris", lambda d: lm.RidgeClassifier(), "C"),
        "iris-nca": ("iris", lambda d: Pipeline([("nca", neighbors.NeighborhoodComponentsAnalysis(n_components=2, random_state=d.state, max_iter=20)), ("knn", neighbors.KNeighborsClassifier(3))]), "C"),
        "iris-centroid": ("iris", lambda d: neighbors.NearestCentroid(), "C"),
        "iris-radius": ("iris", lambda d: neighbors.RadiusNeighborsClassifier(2.0), "C"),
        "iris-perceptron": ("iris", lambda d: make_pipeline(StandardScaler(), lm.Perceptron(random_state=d.state)), "C"),
        "iris-logistic-l1": ("iris", lambda d: make_pipeline(StandardScaler(), lm.LogisticRegression(penalty="l1", solver="saga", max_iter=300, random_state=d.state)), "C"),
        "iris-logistic-cv": ("iris", lambda d: lm.LogisticRegressionCV(Cs=3, cv=3, max_iter=500), "C"),
        "iris-calibrated-isotonic": ("iris", lambda d: CalibratedClassifierCV(naive_bayes.GaussianNB(), method="isotonic", cv=3), "C"),
        "iris-union": ("iris", lambda d: Pipeline([("features", FeatureUnion([("pca", decomposition.PCA(2)), ("univ", feature_selection.SelectKBest(k=1))])), ("svm", svm.SVC(kernel="linear"))]), "C"),
        "iris-features-kmeans": ("iris", lambda d: make_pipeline(StandardScaler(), cluster.KMeans(5, n_init=2, random_state=d.state), lm.LogisticRegression(max_iter=500)), "C"),
        "iris-poly-svc": ("iris", lambda d: make_pipeline(PolynomialFeatures(3), StandardScaler(), svm.LinearSVC(loss="hinge", random_state=d.state, max_iter=5000)), "C"),
        "iris-sequential": ("iris", lambda d: make_pipeline(feature_selection.SequentialFeatureSelector(neighbors.KNeighborsClassifier(3), n_features_to_select=2), neighbors.KNeighborsClassifier(3)), "C"),
        "digits-rbm": ("digits", lambda d: make_pipeline(preprocessing.MinMaxScaler(), neural_network.BernoulliRBM(8, n_iter=3, random_state=d.state), lm.LogisticRegression(max_iter=300)), "C"),
        "digits-agglomeration": ("digits", lambda d: make_pipeline(cluster.FeatureAgglomeration(12), lm.LogisticRegression(max_iter=100)), "C"),
        "digits-projection": ("digits", lambda d: make_pipeline(random_projection.GaussianRandomProjection(12, random_state=d.state), neighbors.KNeighborsClassifier()), "C"),
        "digits-sparse-projection": ("digits", lambda d: make_pipeline(random_projection.SparseRandomProjection(12, random_state=d.state), lm.LogisticRegression(max_iter=100)), "C"),
        "digits-sgd": ("digits", lambda d: make_pipeline(StandardScaler(), lm.SGDClassifier(random_state=d.state)), "C"),
        "digits-binarized": ("digits", lambda d: make_pipeline(preprocessing.Binarizer(threshold=8), naive_bayes.BernoulliNB()), "C"),
        "digits-multinomial": ("digits", lambda d: naive_bayes.MultinomialNB(), "C"),
        "cancer-variance": ("breast_cancer", lambda d: make_pipeline(feature_selection.VarianceThreshold(0.01), StandardScaler(), lm.LogisticRegression()), "C"),
        "cancer-rfecv": ("breast_cancer", lambda d: make_pipeline(StandardScaler(), feature_selection.RFECV(lm.LogisticRegression(), step=8, cv=2)), "C"),
        "cancer-from-l1": ("breast_cancer", lambda d: make_pipeline(StandardScaler(), feature_selection.SelectFromModel(svm.LinearSVC(C=0.05, penalty="l1", dual=False, random_state=d.state)), ens.RandomForestClassifier(6, random_state=d.state)), TREE),
        "cancer-quantile": ("breast_cancer", lambda d: make_pipeline(preprocessing.QuantileTransformer(n_quantiles=60, random_state=d.state), lm.LogisticRegression(max_iter=500)), "C"),
        "cancer-elliptic": ("breast_cancer", lambda d: make_pipeline(decomposition.PCA(3), covariance.EllipticEnvelope(random_state=d.state)), "C"),
        "cancer-one-class": ("breast_cancer", lambda d: make_pipeline(StandardScaler(), svm.OneClassSVM(nu=0.1)), "C"),
        "cancer-novelty": ("breast_cancer", lambda d: make_pipeline(StandardScaler(), neighbors.LocalOutlierFactor(novelty=True)), "C"),
        "cancer-random-trees": ("breast_cancer", lambda d: make_pipeline(ens.RandomTreesEmbedding(5, max_depth=3, random_state=d.state), lm.LogisticRegression()), "C"),
        "cancer-hist": ("breast_cancer", lambda d: ens.HistGradientBoostingClassifier(max_iter=10, random_state=d.state), "C"),
        "diabetes-lars": ("diabetes", lambda d: lm.LassoLarsIC("bic"), "C"),
        "diabetes-lars-cv": ("diabetes", lambda d: make_pipeline(StandardScaler(), lm.LassoLarsCV(cv=3)), "C"),
        "diabetes-theil": ("diabetes", lambda d: lm.TheilSenRegressor(random_state=d.state, max_subpopulation=100), "C"),
        "diabetes-nu-svr": ("diabetes", lambda d: make_pipeline(StandardScaler(), svm.NuSVR(C=10)), "C"),
        "diabetes-knn": ("diabetes", lambda d: neighbors.KNeighborsRegressor(4, weights="distance"), "C"),
        "diabetes-mlp": ("diabetes", lambda d: make_pipeline(StandardScaler(), neural_network.MLPRegressor(hidden_layer_sizes=(10,), max_iter=30, random_state=d.state)), "C"),
        "diabetes-ard": ("diabetes", lambda d: lm.ARDRegression(), "C"),
        "diabetes-omp": ("diabetes", lambda d: lm.OrthogonalMatchingPursuitCV(cv=3), "C"),
        "diabetes-extra": ("diabetes", lambda d: ens.ExtraTreesRegressor(6, max_depth=5, random_state=d.state), "A"),
        "diabetes-isotonic": ("diabetes", lambda d: make_pipeline(feature_selection.SelectKBest(feature_selection.f_regression, k=1), linear_model.LinearRegression()), "C"),
        "linnerud-multi": ("linnerud", lambda d: multioutput.MultiOutputRegressor(ens.GradientBoostingRegressor(n_estimators=5, random_state=d.state)), "A"),
        "linnerud-chain": ("linnerud", lambda d: multioutput.RegressorChain(lm.Ridge(), order=[1, 0, 2]), "C"),
    }

    def fitted(of: str, make: object, target: object) -> object:
        def fit(d: object) -> object:
            x, y = _set(of)
            return make(d).fit(x, y if target is None else target(d, y))

        return fit

    found = [_one(name, fitted(of, make, target[0] if target else None), rows(of), exact, containers=SOME) for name, (of, make, exact, *target) in plain.items()]
    # rows of floats are summed as floats
    mixed = lambda d: make_pipeline(StandardScaler(), mixture.GaussianMixture(3, random_state=d.state))
    found.append(_one("wine-mixture", fitted("wine", mixed, None), rows("wine"), "C", containers=SOME, extras=("row",)))
    by_name = {
        "iris-frame-forest": ("iris", lambda d: ens.RandomForestClassifier(8, random_state=d.state), TREE),
        "diabetes-frame-ridge": ("diabetes", lambda d: make_pipeline(StandardScaler(), lm.Ridge()), "C"),
        "cancer-frame-boosting": ("breast_cancer", lambda d: ens.GradientBoostingClassifier(n_estimators=8, random_state=d.state), "C"),
    }
    return [*found, *(_one(name, lambda d, of=of, make=make: make(d).fit(*_framed(of)), some(of), exact) for name, (of, make, exact) in by_name.items())]


# ------------------------------------------------------------------------------------------------------- columns


def _columns() -> list:
    """Ways to name columns: places, slices, masks, callables of the library; kinds of columns."""
    lr = lambda: linear_model.LogisticRegression(max_iter=500)
    fit = lambda make: lambda d: make(d).fit(d.frame.drop(columns="age"), d.binary)
    rows = lambda d, m: d.frame_rows(unknown=True).drop(columns="age")
    typed = lambda f: f.astype({"city": "category", "colour": "category"})
    hot = lambda: OneHotEncoder(handle_unknown="ignore")
    found = [
        _one("columns-places", fit(lambda d: make_pipeline(make_column_transformer((StandardScaler(), [0, 1]), (hot(), [3, -1])), lr())), rows),
        _one("columns-slice", fit(lambda d: make_pipeline(make_column_transformer((StandardScaler(), slice(0, 2)), (hot(), slice("city", "colour"))), lr())), rows),
        _one("columns-mask", fit(lambda d: make_pipeline(make_column_transformer((StandardScaler(), [True, True, False, False, False]), (hot(), np.array([False, False, False, True, True]))), lr())), rows),
        _one("columns-pattern", fit(lambda d: make_pipeline(make_column_transformer((StandardScaler(), make_column_selector("^inc|^chi")), (hot(), make_column_selector(dtype_exclude=[np.number, bool]))), lr())), rows),
        _one("columns-one-name", fit(lambda d: make_pipeline(make_column_transformer((CountVectorizer(analyzer="char"), "city"), ("passthrough", ["income"])), StandardScaler(with_mean=False), lr())), rows),
        _one("columns-weights", fit(lambda d: make_pipeline(ColumnTransformer([("a", StandardScaler(), ["income"]), ("b", hot(), ["city"])], transformer_weights={"a": 0.5, "b": 2.0}), lr())), rows),
        _one("columns-bool", fit(lambda d: make_pipeline(make_column_transformer((OneHotEncoder(drop="if_binary"), ["member"]), ("passthrough", ["income", "children", "member"])), lr())), rows),
        _one("columns-nested", fit(lambda d: make_pipeline(make_column_transformer((make_pipeline(make_column_transformer((StandardScaler(), ["income"]), remainder="passthrough"), preprocessing.MinMaxScaler()), ["income", "children"]), (hot(), ["colour"])), lr())), rows),
        _one("columns-empty", fit(lambda d: make_pipeline(make_column_transformer((StandardScaler(), ["income"]), (hot(), [])), lr())), rows),
        _one("columns-dense", fit(lambda d: make_pipeline(ColumnTransformer([("h", hot(), ["city"]), ("n", "passthrough", ["income"])], sparse_threshold=0), ensemble.HistGradientBoostingClassifier(max_iter=5))), rows),
        _one("columns-category", lambda d: make_pipeline(make_column_transformer((hot(), make_column_selector(dtype_include="category")), (StandardScaler(), ["income"])), lr()).fit(typed(d.frame), d.binary), lambda d, m: typed(d.frame).iloc[:9].reset_index(drop=True)),
        _one("columns-plain-names", lambda d: make_pipeline(StandardScaler(), lr()).fit(d.frame[["income", "children"]], d.names), lambda d, m: d.frame_rows()[["income", "children"]]),
    ]
    if HERE >= (1, 2):
        found.append(_one("columns-frame-between", fit(lambda d: make_pipeline(make_column_transformer((StandardScaler(), ["income"]), remainder="passthrough", verbose_feature_names_out=False).set_output(transform="pandas"), make_column_transformer((hot(), ["city", "colour"]), ("passthrough", ["income", "children"])), lr())), rows))
        found.append(_one("columns-unknown-max", fit(lambda d: make_pipeline(make_column_transformer((OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-2, encoded_missing_value=-3), ["city", "colour"])), tree.DecisionTreeClassifier(max_depth=4, random_state=d.state))), rows, TREE))
    if HERE >= (1, 4):
        found.append(_one("columns-hist-names", lambda d: ensemble.HistGradientBoostingClassifier(max_iter=6, categorical_features="from_dtype").fit(typed(d.frame), d.binary), lambda d, m: typed(d.frame).iloc[:9].reset_index(drop=True), "C"))
    return found


# --------------------------------------------------------------------------------------------------------- texts


def _texts() -> list:
    lr = lambda: linear_model.LogisticRegression(max_iter=500)
    topic = lambda d: np.array(["tall" if len(text) > 55 else "short" if len(text) < 35 else "mid" for text in d.documents])
    tv = TfidfVectorizer
    models = {
        "split": lambda d: make_pipeline(tv(tokenizer=str.split, token_pattern=None), lr()),
        "split-counts": lambda d: make_pipeline(CountVectorizer(tokenizer=str.split, lowercase=False, ngram_range=(1, 2)), naive_bayes.MultinomialNB()),
        "split-analyzer": lambda d: make_pipeline(CountVectorizer(analyzer=str.split), lr()),
        "lower": lambda d: make_pipeline(tv(preprocessor=str.lower), linear_model.SGDClassifier(random_state=d.state)),
        "strip": lambda d: make_pipeline(CountVectorizer(preprocessor=str.strip, analyzer="char"), lr()),
        "upper": lambda d: make_pipeline(CountVectorizer(preprocessor=str.upper), lr()),
        "letters-list": lambda d: make_pipeline(CountVectorizer(analyzer=list), lr()),
        "calibrated-svc": lambda d: make_pipeline(tv(sublinear_tf=True, min_df=2, norm="l2", ngram_range=(1, 2), stop_words="english"), CalibratedClassifierCV(svm.LinearSVC(random_state=d.state), cv=2)),
        "lsa": lambda d: make_pipeline(tv(max_features=60), decomposition.TruncatedSVD(6, random_state=d.state), preprocessing.Normalizer(copy=False), cluster.KMeans(3, n_init=2, random_state=d.state)),
        "lsa-knn": lambda d: make_pipeline(tv(max_features=60), decomposition.TruncatedSVD(6, random_state=d.state), StandardScaler(), neighbors.KNeighborsClassifier(3)),
        "minibatch": lambda d: make_pipeline(tv(max_features=40), cluster.MiniBatchKMeans(3, n_init=2, random_state=d.state)),
        "passive": lambda d: make_pipeline(tv(stop_words="english", max_df=0.7), linear_model.SGDClassifier(loss="hinge", penalty=None if HERE >= (1, 2) else "none", random_state=d.state)),
        "hashing-nb": lambda d: make_pipeline(HashingVectorizer(n_features=128, alternate_sign=False), naive_bayes.ComplementNB()),
        "hashing-chars": lambda d: make_pipeline(HashingVectorizer(n_features=2**10, analyzer="char_wb", ngram_range=(2, 3), binary=True, norm="l1"), linear_model.RidgeClassifier()),
        "union-svd": lambda d: make_pipeline(make_union(make_pipeline(tv(), decomposition.TruncatedSVD(4, random_state=d.state)), tv(analyzer="char", ngram_range=(2, 2), max_features=20)), ensemble.ExtraTreesClassifier(6, random_state=d.state)),
        "ovr-tags": lambda d: make_pipeline(tv(), multiclass.OneVsRestClassifier(svm.LinearSVC(random_state=d.state))),
        "lda": lambda d: make_pipeline(CountVectorizer(max_features=40), decomposition.LatentDirichletAllocation(3, random_state=d.state, max_iter=5), lr()),
        "sgd-search": lambda d: GridSearchCV(Pipeline([("vect", CountVectorizer()), ("tfidf", TfidfTransformer()), ("clf", linear_model.SGDClassifier(random_state=d.state))]), {"vect__ngram_range": [(1, 1), (1, 2)], "clf__alpha": [1e-2, 1e-3]}, cv=2),
        "ascii": lambda d: make_pipeline(tv(strip_accents="ascii", token_pattern=r"(?u)\b[a-zA-Z]+\b"), lr()),
        "single-letters": lambda d: make_pipeline(CountVectorizer(token_pattern=r"(?u)\b\w+\b", ngram_range=(1, 3), max_features=80), lr()),
        "latin-words": lambda d: make_pipeline(tv(token_pattern=r"\w{1,}", analyzer="word", strip_accents="unicode", sublinear_tf=True, max_features=100), lr()),
        "no-digits": lambda d: make_pipeline(tv(token_pattern=r"(?ui)\b\w*[a-z]+\w*\b"), lr()),
        "words-and-marks": lambda d: make_pipeline(CountVectorizer(token_pattern=r"\w+|[^\w\s]"), lr()),
    }
    found = []
    for name, make in models.items():
        fit = lambda d, make=make: make(d).fit(d.documents, topic(d))
        found.append(_one(f"text-{name}", fit, lambda d, m: [*d.document_rows(), "a\u2028b\x1cc\x1dd\x85e\u00a0f\u200bg\x1fh"], containers=SOME if name.split("-")[0] in ("split", "lower", "upper", "strip") else FEW, extras=()))

    def mixed(d: object) -> pd.DataFrame:
        return pd.DataFrame({"title": [text.split(" ")[0] for text in d.documents], "body": d.documents, "length": [float(len(text)) for text in d.documents], "kind": ["a", "b", "c"] * 20})

    both = lambda: ColumnTransformer([("title", CountVectorizer(), "title"), ("body", make_pipeline(tv(max_features=30), decomposition.TruncatedSVD(3, random_state=0)), "body"), ("cat", OneHotEncoder(handle_unknown="ignore"), ["kind"]), ("num", preprocessing.MinMaxScaler(), ["length"])])
    asked = lambda d, m: mixed(d).iloc[[3, 59, 0, 58, 7]].reset_index(drop=True)
    lists = lambda d: [text.split() for text in d.documents]
    return [
        *found,
        _one("text-columns-svd", lambda d: make_pipeline(both(), svm.LinearSVC(random_state=d.state)).fit(mixed(d), topic(d)), asked, containers=SOME),
        _one("text-regression", lambda d: make_pipeline(tv(), linear_model.Ridge()).fit(d.documents, [float(len(t)) for t in d.documents]), lambda d, m: d.document_rows()),
    ]


# ------------------------------------------------------------------------------------------------------ searches


def _searches() -> list:
    rows = lambda d, m: d.edge(m)
    binary = lambda make, y="binary": lambda d: make(d).fit(d.x, getattr(d, y))
    folds = StratifiedKFold(2)
    return [
        _one("search-halving", binary(lambda d: HalvingGridSearchCV(ensemble.RandomForestClassifier(4, random_state=d.state), {"max_depth": [2, 3]}, cv=2, random_state=d.state, min_resources=30)), rows, TREE),
        _one("search-random", binary(lambda d: RandomizedSearchCV(make_pipeline(StandardScaler(), svm.SVC()), {"svc__C": [0.5, 1.0, 2.0], "svc__gamma": ["scale", "auto"]}, n_iter=2, cv=folds, random_state=d.state)), rows),
        _one("search-distributions", binary(lambda d: RandomizedSearchCV(ensemble.RandomForestClassifier(4, random_state=d.state), {"max_depth": stats.randint(2, 4), "max_features": stats.uniform(0.3, 0.6), "ccp_alpha": stats.loguniform(1e-6, 1e-3)}, n_iter=2, cv=2, random_state=d.state)), rows, TREE, containers=("model.p0.pkl", "model.p2.pkl", "model.p5.pkl", "model.cloudpickle.pkl", "model.joblib")),
        _one("search-many-scores", binary(lambda d: GridSearchCV(linear_model.LogisticRegression(), {"C": [0.1, 1]}, scoring=["accuracy", "f1"], refit="f1", cv=2)), rows),
        _one("search-steps", binary(lambda d: GridSearchCV(Pipeline([("scale", "passthrough"), ("clf", svm.SVC())]), [{"scale": [StandardScaler(), None], "clf": [svm.SVC(), linear_model.LogisticRegression()]}], cv=2)), rows),
        _one("search-reduce", binary(lambda d: GridSearchCV(Pipeline([("reduce", "passthrough"), ("clf", linear_model.LogisticRegression(max_iter=500))]), {"reduce": [decomposition.PCA(2), feature_selection.SelectKBest(feature_selection.f_classif, k=2)]}, cv=2), "three"), rows),
        _one("search-nested", binary(lambda d: GridSearchCV(CalibratedClassifierCV(ensemble.RandomForestClassifier(3, random_state=d.state), cv=2), {"method": ["sigmoid", "isotonic"]}, cv=2)), rows),
        _one("search-target", lambda d: GridSearchCV(TransformedTargetRegressor(make_pipeline(StandardScaler(), linear_model.Ridge()), func=np.log1p, inverse_func=np.expm1), {"regressor__ridge__alpha": [0.1, 1.0]}, cv=2).fit(d.x, d.positive), rows),
    ]


# ----------------------------------------------------------------------------------------------------- functions


def _functions() -> list:
    from scipy import special

    rows = lambda d, m: np.abs(d.edge(huge=50.0)) + 0.5
    functions = {
        name: getattr(np, name)
        for name in "log log1p log2 log10 sqrt cbrt abs absolute fabs exp exp2 expm1 square sign sin cos tan tanh sinh cosh arcsinh arctan reciprocal negative floor ceil rint trunc nan_to_num isnan isfinite degrees radians deg2rad rad2deg positive sigmoid round".split()
        if hasattr(np, name)
    }
    functions = {**functions, **{f"special-{name}": getattr(special, name) for name in ("expit", "logit", "log1p", "expm1", "exp10", "cbrt")}}
    exact = lambda name: "A" if name in "sqrt abs absolute fabs square sign reciprocal negative floor ceil rint trunc nan_to_num isnan isfinite positive round".split() else "B4"
    unit = lambda d, m: np.clip(np.abs(d.edge(huge=50.0)), 0.01, 0.99)
    found = [
        _one(f"function-{name}", lambda d, f=f: FunctionTransformer(f).fit(np.abs(d.x) + 0.5), unit if name == "special-logit" else rows, exact(name), extras=() if name in ("isnan", "isfinite") else ("row",), containers=("model.p4.pkl", "model.joblib"))
        for name, f in functions.items()
    ]
    whole = {
        "clip": ({"func": np.clip, "kw_args": {"a_min": 0.0, "a_max": 3.0}}, "A"),
        "round-two": ({"func": np.round, "kw_args": {"decimals": 2}}, "B"),
        "validate": ({"func": np.log1p, "inverse_func": np.expm1, "validate": True}, "B4"),
        "identity": ({"func": None}, "A"),
    }
    for name, (params, exactness) in whole.items():
        found.append(_one(f"function-{name}", lambda d, params=params: FunctionTransformer(**params).fit(np.abs(d.x) + 0.5), rows, exactness))
    flat = {"newshape" if version_key(np.__version__) < (2, 1) else "shape": -1}
    filled = lambda function: make_pipeline(SimpleImputer(strategy="constant", fill_value=""), function, TfidfVectorizer())
    shapes = {"reshape": FunctionTransformer(np.reshape, kw_args=flat), "ravel": FunctionTransformer(np.ravel, kw_args={"order": "C"})}
    gaps = lambda d: make_pipeline(make_column_transformer((FunctionTransformer(pd.isna), ["Age", "Cabin"]), (FunctionTransformer(pd.notnull), ["Embarked"]), (SimpleImputer(), ["Age", "Fare"])), tree.DecisionTreeClassifier(max_depth=5, random_state=d.state))
    found.append(_one("function-missing", lambda d: gaps(d).fit(passengers(d), survived(d)), some_passengers, TREE, objects=True))
    for name, function in shapes.items():
        fit = lambda d, function=function: make_pipeline(make_column_transformer((filled(function), ["Name"]), (SimpleImputer(), ["Age", "Fare"])), linear_model.LogisticRegression(max_iter=500)).fit(passengers(d), survived(d))
        found.append(_one(f"function-{name}-text", fit, some_passengers, objects=True))
    frame = lambda d: make_pipeline(make_column_transformer((FunctionTransformer(np.log1p, feature_names_out="one-to-one") if HERE >= (1, 1) else FunctionTransformer(np.log1p), ["income"]), (FunctionTransformer(np.sqrt), ["children"]), remainder="drop"), linear_model.Ridge())
    return [*found, _one("function-frame", lambda d: frame(d).fit(d.frame, d.y), lambda d, m: d.frame_rows())]


# ------------------------------------------------------------------------------------------------------ boosters


def _xgb(kind: str, d: object, **params: object) -> object:
    import xgboost

    return getattr(xgboost, kind)(**{"n_estimators": 6, "max_depth": 3, "n_jobs": 1, **params})


def _lgbm(kind: str, d: object, **params: object) -> object:
    import lightgbm

    return getattr(lightgbm, kind)(**{"n_estimators": 6, "num_leaves": 7, "min_child_samples": 5, "n_jobs": 1, "verbose": -1, "random_state": 1, **params})


def _cat(kind: str, d: object, **params: object) -> object:
    import catboost

    return getattr(catboost, kind)(**{"iterations": 6, "depth": 3, "verbose": 0, "random_seed": d.state % 1000, "allow_writing_files": False, "thread_count": 1, **params})


MAKERS = {"xgb": (_xgb, "XGBClassifier", "XGBRegressor"), "lgbm": (_lgbm, "LGBMClassifier", "LGBMRegressor"), "cat": (_cat, "CatBoostClassifier", "CatBoostRegressor")}


def _boosters() -> list:
    """The boosters inside of pipelines, calibration, votes, stacks, several outputs, one against the rest, selections."""
    rows = lambda d, m: d.edge(huge=1e3)
    found = []
    for short, (make, classifier, regressor) in MAKERS.items():
        if short == "cat" and HERE >= (1, 6) and HERE < (1, 7):
            continue
        c = lambda d, make=make, kind=classifier, **more: make(kind, d, **more)
        r = lambda d, make=make, kind=regressor, **more: make(kind, d, **more)
        prepared = lambda: ColumnTransformer([("num", SimpleImputer(), ["age", "income", "children"]), ("cat", OneHotEncoder(handle_unknown="ignore"), ["city", "colour"])])
        two = lambda d: np.column_stack([d.binary, d.three > 0]).astype(int)
        models = {
            "pipeline": lambda d, c=c: make_pipeline(StandardScaler(), c(d)).fit(d.x, d.three),
            "calibrated": lambda d, c=c: CalibratedClassifierCV(c(d), cv=2).fit(d.x, d.binary),
            "calibrated-three": lambda d, c=c: CalibratedClassifierCV(c(d), cv=2, method="isotonic").fit(d.x, d.three),
            "voting": lambda d, c=c: ensemble.VotingClassifier([("b", c(d)), ("lr", linear_model.LogisticRegression(max_iter=500))], voting="soft").fit(d.x, d.binary),
            "voting-hard": lambda d, c=c: ensemble.VotingClassifier([("b", c(d)), ("t", tree.DecisionTreeClassifier(max_depth=3))]).fit(d.x, d.three),
            "voting-regressor": lambda d, r=r: ensemble.VotingRegressor([("b", r(d)), ("lr", linear_model.Ridge())]).fit(d.x, d.y),
            "stacking": lambda d, c=c: ensemble.StackingClassifier([("b", c(d)), ("t", tree.DecisionTreeClassifier(max_depth=3))], linear_model.LogisticRegression(), cv=2).fit(d.x, d.three),
            "stacking-last": lambda d, c=c: ensemble.StackingClassifier([("lr", linear_model.LogisticRegression(max_iter=500)), ("t", tree.DecisionTreeClassifier(max_depth=3))], c(d), cv=2).fit(d.x, d.binary),
            "stacking-regressor": lambda d, r=r: ensemble.StackingRegressor([("b", r(d)), ("lr", linear_model.Ridge())], r(d), cv=2).fit(d.x, d.y),
            "multi": lambda d, c=c: multioutput.MultiOutputClassifier(c(d)).fit(d.x, two(d)),
            "multi-regressor": lambda d, r=r: multioutput.MultiOutputRegressor(r(d)).fit(d.x, d.y2),
            "chain": lambda d, c=c: multioutput.ClassifierChain(c(d)).fit(d.x, two(d)),
            "chain-regressor": lambda d, r=r: multioutput.RegressorChain(r(d)).fit(d.x, d.y2),
            "rest": lambda d, c=c: multiclass.OneVsRestClassifier(c(d)).fit(d.x, d.names),
            "one-one": lambda d, c=c: multiclass.OneVsOneClassifier(c(d)).fit(d.x, d.names),
            "search": lambda d, c=c: GridSearchCV(make_pipeline(StandardScaler(), c(d)), {f"{type(c(d)).__name__.lower()}__learning_rate": [0.1, 0.3]}, cv=2).fit(d.x, d.binary),
            "logged": lambda d, r=r: TransformedTargetRegressor(r(d), func=np.log1p, inverse_func=np.expm1).fit(d.x, d.positive),
            "selected": lambda d, c=c: make_pipeline(feature_selection.SelectFromModel(c(d)), linear_model.LogisticRegression(max_iter=500)).fit(d.x, d.binary),
            "selected-median": lambda d, r=r: make_pipeline(feature_selection.SelectFromModel(r(d), threshold="median"), linear_model.Ridge()).fit(d.x, d.y),
            "rfe": lambda d, r=r: make_pipeline(feature_selection.RFE(r(d), n_features_to_select=2), linear_model.Ridge()).fit(d.x, d.y),
            "bagging": lambda d, c=c: ensemble.BaggingClassifier(c(d), n_estimators=2, random_state=d.state).fit(d.x, d.binary),
        }
        if short == "cat":
            # the library's labels have two dimensions there, with which a vote stumbles
            del models["voting-hard"]
        found += [_one(f"{short}-{name}", fit, rows, "C", containers=SOME) for name, fit in models.items()]
        frame = lambda d, c=c: make_pipeline(prepared(), c(d)).fit(d.frame, d.binary)
        found.append(_one(f"{short}-frame", frame, lambda d, m: d.frame_rows(unknown=True), "C", containers=SOME))
    return found


def _dilled() -> list:
    """Pickles in the words of dill, which the best-known course on projects saves its artifacts with."""
    import pickle
    import sys
    import types

    def word(name: str) -> object:
        function = lambda *args: None
        function.__module__, function.__name__, function.__qualname__ = "dill._dill", name, name
        return function

    words = types.ModuleType("dill._dill")
    words.__dict__.update({name: word(name) for name in ("_create_array", "_load_type", "_get_attr", "_import_module")})

    class Reached:
        def __init__(self, module: str) -> None:
            self.module = module

        def __reduce__(self) -> tuple:
            return words._import_module, (self.module,)

    class New(pickle.Pickler):
        def reducer_override(self, value: object) -> object:
            if type(value) is np.ndarray:
                return words._create_array, (*value.__reduce__(), None)
            return (words._load_type, ("bytearray",)) if value is bytearray else NotImplemented

    class Old(pickle.Pickler):
        def reducer_override(self, value: object) -> object:
            if isinstance(value, types.BuiltinFunctionType) and value.__name__ in ("_reconstruct", "scalar"):
                return words._get_attr, (Reached("numpy.core._multiarray_umath"), value.__name__)
            return (words._load_type, ("bytearray",)) if value is bytearray else NotImplemented

    def save(model: object, folder: object, d: object) -> list:
        before = dict(sys.modules)
        sys.modules.update({"dill": types.ModuleType("dill"), "dill._dill": words})
        try:
            for name, kind in (("new", New), ("old", Old)):
                with open(folder / f"{name}.pkl", "wb") as file:
                    kind(file, 4).dump(model)
        finally:
            sys.modules.clear()
            sys.modules.update(before)
        return ["new.pkl", "old.pkl"]

    numbers, words_of = ["age", "income", "children"], ["city", "colour"]
    last = {
        "ridge": lambda d: linear_model.Ridge(),
        "forest": lambda d: ensemble.RandomForestRegressor(4, max_depth=4, random_state=d.state),
        "hist": lambda d: ensemble.HistGradientBoostingRegressor(max_iter=5, random_state=d.state),
        "knn": lambda d: neighbors.KNeighborsRegressor(),
        "ada": lambda d: ensemble.AdaBoostRegressor(n_estimators=4, random_state=d.state),
        "xgb": lambda d: _xgb("XGBRegressor", d),
        "lgbm": lambda d: _lgbm("LGBMRegressor", d),
        "logged": lambda d: TransformedTargetRegressor(svm.SVR(), func=np.log1p, inverse_func=np.expm1),
    }

    def fit(make: object) -> object:
        numeric = Pipeline([("imputer", SimpleImputer(strategy="median")), ("scaler", StandardScaler())])
        named = Pipeline([("imputer", SimpleImputer(strategy="most_frequent")), ("onehot", OneHotEncoder(handle_unknown="ignore")), ("scaler", StandardScaler(with_mean=False))])
        prepared = ColumnTransformer([("num", numeric, numbers), ("cat", named, words_of)], sparse_threshold=0)
        return lambda d: make_pipeline(prepared, make(d)).fit(d.frame, d.positive)

    found = [_one(f"dill-{name}", fit(make), lambda d, m: d.frame_rows(), save=save) for name, make in last.items()]
    text = lambda d: make_pipeline(TfidfVectorizer(), svm.SVC(probability=True, random_state=d.state)).fit(d.documents, [len(text) % 2 for text in d.documents])
    return [*found, _one("dill-text", text, lambda d, m: d.document_rows(), save=save, extras=())]


def _bundled() -> list:
    """A model with the names of its columns beside it."""
    import joblib

    columns = ["age", "income", "children"]

    def save(model: object, folder: object, d: object) -> list:
        kept = {"tuple.pkl": (model, columns), "dict.joblib": {"model": model, "features": columns, "target": "member", "version": "1.0"}, "list.joblib.gz": [model]}
        for name, bundle in kept.items():
            joblib.dump(bundle, folder / name)
        return list(kept)

    def save_all(model: object, folder: object, d: object) -> list:
        from datetime import datetime

        labels = LabelEncoder().fit(["no", "yes", "maybe"])
        metrics = {"accuracy": np.float64(0.9), "matrix": np.array([[3, 1], [0, 4]]), "per_fold": [0.8, 0.9], "report": {"no": {"f1": 0.9}}}
        history = [{"round": at, "loss": 1.0 / (at + 1)} for at in range(3)]
        beside = {"label_encoder": labels, "feature_names": columns, "threshold": 0.4, "metrics": metrics, "history": history, "trained": datetime(2024, 5, 6), "params": model.get_params(), "encoders": {"city": labels}, "types": d.frame[columns].dtypes.to_dict(), "sample": d.frame[columns].head(2)}
        kept = {"dict.pkl": {"model": model, **beside}, "dict.joblib.gz": {**beside, "clf": model}, "tuple.joblib": (model, labels, 0.4)}
        for name, bundle in kept.items():
            joblib.dump(bundle, folder / name)
        return list(kept)

    fit = lambda d: ensemble.RandomForestClassifier(4, max_depth=4, random_state=d.state).fit(d.frame[columns].fillna(0.0), d.names)
    codes = lambda d: ensemble.RandomForestClassifier(2, max_depth=2, random_state=d.state).fit(d.frame[columns].fillna(0.0), LabelEncoder().fit_transform(d.names))
    rows = lambda d, m: d.frame_rows()[columns].fillna(0.0)
    return [_one("bundle-columns", fit, rows, TREE, save=save), _one("bundle-labels", codes, rows, TREE, save=save_all)]


def _inside() -> list:
    """Boosters with an objective of the user's own, which answer with raw scores."""

    def xgb_loss(y: np.ndarray, score: np.ndarray) -> tuple:
        return score - y, np.ones_like(score)

    def odds(y: np.ndarray, score: np.ndarray) -> tuple:
        p = 1.0 / (1.0 + np.exp(-score))
        return p - y, p * (1.0 - p)

    rows = lambda d, m: d.edge(huge=1e3)
    cloud = ("model.cloudpickle.pkl",)
    return [
        _one("own-xgb-regressor", lambda d: _xgb("XGBRegressor", d, objective=xgb_loss, base_score=0.5).fit(d.x, d.y), rows, {"*": "A", "contributions": "C"}, library="xgboost", containers=cloud),
        _one("own-xgb-classifier", lambda d: _xgb("XGBClassifier", d, objective=odds, base_score=0.5).fit(d.x, d.binary), rows, {"*": "A", "contributions": "C"}, library="xgboost", containers=cloud),
        _one("own-lgbm-regressor", lambda d: _lgbm("LGBMRegressor", d, objective=xgb_loss).fit(d.x, d.y), rows, {"*": "A", "contributions": "C"}, library="lightgbm", containers=cloud),
        _one("own-lgbm-classifier", lambda d: _lgbm("LGBMClassifier", d, objective=odds).fit(d.x, d.binary), rows, {"*": "A", "contributions": "C"}, library="lightgbm", containers=cloud, methods=("predict", "predict_proba")),
    ]
