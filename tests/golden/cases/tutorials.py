"""The models that tutorials of this field build, on the data that they use and scikit-learn ships. Only trained fresh."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn import cluster, datasets, decomposition, discriminant_analysis, ensemble, linear_model, naive_bayes, neighbors, neural_network, svm, tree
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, chi2, f_classif
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, PolynomialFeatures, StandardScaler

from case import Case

TREE = {"*": "A", "predict_log_proba": "B4"}
ODDS = {"*": "C", "predict_proba": "C", "decision_function": "C", "predict_log_proba": "C"}


def cases() -> list:
    """Tables first, then texts."""
    return [*_iris(), *_wine_and_cancer(), *_digits(), *_diabetes(), *_people(), *_boosters(), *_texts()]


def _sets(name: str) -> tuple:
    return getattr(datasets, f"load_{name}")(return_X_y=True)


def _case(name: str, of: str, model: object, exact: object = "C", target: object = None, **more: object) -> Case:
    """A model of one of scikit-learn's own sets, asked about rows of it."""

    def fit(d: object) -> object:
        x, y = _sets(of)
        made = model(d)
        return made.fit(x, y if target is None else target(y))

    def rows(d: object, fitted: object) -> np.ndarray:
        x, _ = _sets(of)
        return x[d.rng.choice(len(x), 20, replace=False)]

    return Case(f"tutorial-{name}", fit, rows, exact, fresh=True, **more)


def _iris() -> list:
    names = lambda y: np.array(["setosa", "versicolor", "virginica"])[y]
    return [
        _case("iris-logistic", "iris", lambda d: linear_model.LogisticRegression(max_iter=500)),
        _case("iris-logistic-names", "iris", lambda d: linear_model.LogisticRegression(max_iter=500), target=names),
        _case("iris-svc", "iris", lambda d: svm.SVC(gamma="scale")),
        _case("iris-svc-kserve", "iris", lambda d: svm.SVC(gamma=0.1)),
        _case("iris-knn", "iris", lambda d: neighbors.KNeighborsClassifier(n_neighbors=3)),
        _case("iris-tree", "iris", lambda d: tree.DecisionTreeClassifier(max_depth=3, random_state=d.state), TREE),
        _case("iris-forest", "iris", lambda d: ensemble.RandomForestClassifier(20, random_state=d.state), TREE),
        _case("iris-bayes", "iris", lambda d: naive_bayes.GaussianNB()),
        _case("iris-discriminant", "iris", lambda d: discriminant_analysis.LinearDiscriminantAnalysis()),
        _case("iris-kmeans", "iris", lambda d: cluster.KMeans(3, n_init=3, random_state=d.state), extras=("row",)),
        _case("iris-search", "iris", lambda d: GridSearchCV(svm.SVC(), {"C": [1, 10], "kernel": ["rbf", "linear"]}, cv=3)),
        _case("iris-voting", "iris", lambda d: ensemble.VotingClassifier([("lr", linear_model.LogisticRegression(max_iter=500)), ("rf", ensemble.RandomForestClassifier(8, random_state=d.state)), ("nb", naive_bayes.GaussianNB())], voting="soft")),
        _case("iris-mlp", "iris", lambda d: make_pipeline(StandardScaler(), neural_network.MLPClassifier((16,), max_iter=60, random_state=d.state))),
    ]


def _wine_and_cancer() -> list:
    return [
        _case("wine-forest", "wine", lambda d: ensemble.RandomForestClassifier(20, max_depth=5, random_state=d.state), TREE),
        _case("cancer-scaled-svc", "breast_cancer", lambda d: make_pipeline(StandardScaler(), svm.SVC(probability=True, random_state=d.state))),
        _case("cancer-scaled-logistic", "breast_cancer", lambda d: make_pipeline(StandardScaler(), linear_model.LogisticRegression())),
        _case("cancer-best-columns", "breast_cancer", lambda d: make_pipeline(SelectKBest(f_classif, k=8), StandardScaler(), linear_model.LogisticRegression())),
        _case("cancer-boosting", "breast_cancer", lambda d: ensemble.GradientBoostingClassifier(n_estimators=20, random_state=d.state)),
        _case("cancer-adaboost", "breast_cancer", lambda d: ensemble.AdaBoostClassifier(n_estimators=10, random_state=d.state)),
        _case("cancer-calibrated", "breast_cancer", lambda d: CalibratedClassifierCV(make_pipeline(StandardScaler(), svm.LinearSVC(max_iter=5000)), cv=3)),
        _case("cancer-isolation", "breast_cancer", lambda d: ensemble.IsolationForest(n_estimators=20, random_state=d.state)),
    ]


def _digits() -> list:
    return [
        _case("digits-svc", "digits", lambda d: svm.SVC(gamma=0.001)),
        _case("digits-pca-logistic", "digits", lambda d: make_pipeline(MinMaxScaler(), decomposition.PCA(16, random_state=d.state), linear_model.LogisticRegression(max_iter=200))),
        _case("digits-mlp", "digits", lambda d: neural_network.MLPClassifier((32,), max_iter=15, random_state=d.state)),
    ]


def _diabetes() -> list:
    kernel = RBF() + WhiteKernel()
    return [
        _case("diabetes-linear", "diabetes", lambda d: linear_model.LinearRegression()),
        _case("diabetes-elastic", "diabetes", lambda d: linear_model.ElasticNet(alpha=0.05, l1_ratio=0.5, random_state=d.state)),
        _case("diabetes-polynomial", "diabetes", lambda d: make_pipeline(PolynomialFeatures(2), StandardScaler(), linear_model.Ridge())),
        _case("diabetes-forest", "diabetes", lambda d: ensemble.RandomForestRegressor(20, max_depth=6, max_features=3, random_state=d.state), "A"),
        _case("diabetes-hist", "diabetes", lambda d: ensemble.HistGradientBoostingRegressor(max_iter=20, random_state=d.state), "A"),
        _case("diabetes-stack", "diabetes", lambda d: ensemble.StackingRegressor([("ridge", linear_model.RidgeCV()), ("tree", tree.DecisionTreeRegressor(max_depth=4, random_state=d.state))], linear_model.LinearRegression(), cv=3)),
        _case("diabetes-process", "diabetes", lambda d: GaussianProcessRegressor(kernel, random_state=d.state, optimizer=None)),
        _case("diabetes-search", "diabetes", lambda d: RandomizedSearchCV(ensemble.RandomForestRegressor(8, random_state=d.state), {"max_depth": [3, 5]}, n_iter=2, cv=2, random_state=d.state), "A"),
    ]


def _people() -> list:
    """The frame with missing values and categories that every course ends with."""
    numbers, words = ["age", "income"], ["city", "colour"]
    prepared = lambda: ColumnTransformer(
        [
            ("num", Pipeline([("fill", SimpleImputer(strategy="median")), ("scale", StandardScaler())]), numbers),
            ("cat", OneHotEncoder(handle_unknown="ignore"), words),
        ]
    )
    rows = lambda d, m: d.frame_rows(unknown=True)
    last = {
        "logistic": (lambda d: linear_model.LogisticRegression(), "C"),
        "forest": (lambda d: ensemble.RandomForestClassifier(10, random_state=d.state), TREE),
        "boosting": (lambda d: ensemble.GradientBoostingClassifier(n_estimators=10, random_state=d.state), "C"),
    }
    return [
        Case(f"tutorial-people-{name}", lambda d, model=model: make_pipeline(prepared(), model(d)).fit(d.frame, d.binary), rows, exact, fresh=True)
        for name, (model, exact) in last.items()
    ]


def _boosters() -> list:
    import catboost
    import lightgbm
    import xgboost

    def catboost_rows(d: object, fitted: object) -> pd.DataFrame:
        rows = d.frame_rows(unknown=True)
        return rows.assign(city=rows["city"].astype(object), colour=rows["colour"].astype(object))

    boosted = lambda d: catboost.CatBoostClassifier(iterations=10, depth=4, cat_features=["city", "colour"], verbose=0, random_seed=d.state % 1000, allow_writing_files=False, thread_count=1)
    return [
        _case("iris-xgboost", "iris", lambda d: xgboost.XGBClassifier(n_estimators=10, n_jobs=1), "B4", library="xgboost"),
        _case("cancer-lightgbm", "breast_cancer", lambda d: lightgbm.LGBMClassifier(n_estimators=10, n_jobs=1, verbose=-1), {"*": "B", "predict_log_proba": "B4"}, library="lightgbm"),
        Case("tutorial-people-catboost", lambda d: boosted(d).fit(d.frame, d.binary), catboost_rows, {"*": "B4", "contributions": "C"}, library="catboost", fresh=True, extras=()),
    ]


SPAM = ("win a free prize now", "free money click here", "cheap loans act now", "you are the winner claim your prize")
HAM = ("are we meeting at noon", "please find the report attached", "lunch tomorrow with the team", "the model is in production now")


def _mails(d: object) -> tuple:
    rng = np.random.RandomState(d.state)
    texts, labels = [], []
    for at in range(80):
        kind = at % 2
        words = " ".join((SPAM, HAM)[kind][i] for i in rng.choice(4, 2)).split()
        texts.append(" ".join(rng.permutation(words)))
        labels.append(("spam", "ham")[kind])
    return texts, np.array(labels)


def _text(name: str, model: object, exact: object = "C", target: object = None) -> Case:
    def fit(d: object) -> object:
        texts, labels = _mails(d)
        return model(d).fit(texts, labels if target is None else target(labels))

    return Case(f"tutorial-text-{name}", fit, lambda d, m: [*_mails(d)[0][:12], "", "free lunch", "WIN, win! A prize?"], exact, fresh=True)


def _texts() -> list:
    words = lambda: TfidfVectorizer(ngram_range=(1, 2))
    union = lambda: FeatureUnion([("words", TfidfVectorizer()), ("letters", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3)))])
    tags = lambda labels: np.column_stack([labels == "spam", np.arange(len(labels)) % 3 == 0]).astype(int)
    return [
        _text("counts-multinomial", lambda d: make_pipeline(CountVectorizer(), naive_bayes.MultinomialNB())),
        _text("newsgroups", lambda d: Pipeline([("vect", CountVectorizer()), ("tfidf", TfidfTransformer()), ("clf", naive_bayes.MultinomialNB())])),
        _text("newsgroups-sgd", lambda d: Pipeline([("vect", CountVectorizer()), ("tfidf", TfidfTransformer()), ("clf", linear_model.SGDClassifier(loss="hinge", random_state=d.state))])),
        _text("tfidf-logistic", lambda d: make_pipeline(words(), linear_model.LogisticRegression())),
        _text("tfidf-linear-svc", lambda d: make_pipeline(words(), svm.LinearSVC(random_state=d.state))),
        _text("tfidf-svc", lambda d: make_pipeline(words(), svm.SVC(kernel="linear", probability=True, random_state=d.state))),
        _text("tfidf-complement", lambda d: make_pipeline(words(), naive_bayes.ComplementNB())),
        _text("counts-bernoulli", lambda d: make_pipeline(CountVectorizer(binary=True), naive_bayes.BernoulliNB())),
        _text("hashing-sgd", lambda d: make_pipeline(HashingVectorizer(n_features=256), linear_model.SGDClassifier(random_state=d.state))),
        _text("tfidf-best-words", lambda d: make_pipeline(words(), SelectKBest(chi2, k=12), linear_model.LogisticRegression())),
        _text("latent-semantics", lambda d: make_pipeline(words(), decomposition.TruncatedSVD(5, random_state=d.state), linear_model.LogisticRegression())),
        _text("tags", lambda d: make_pipeline(words(), OneVsRestClassifier(linear_model.LogisticRegression())), target=tags),
        _text("union-forest", lambda d: make_pipeline(union(), ensemble.RandomForestClassifier(10, random_state=d.state)), "C"),
        _text("topics", lambda d: make_pipeline(CountVectorizer(), decomposition.LatentDirichletAllocation(2, random_state=d.state, max_iter=10)), "C"),
    ]
