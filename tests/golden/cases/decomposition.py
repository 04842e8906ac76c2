"""Projections, factorisations and kernel approximations: dot products, so class C."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn import decomposition as dec
from sklearn import kernel_approximation as ka
from sklearn import random_projection as rp
from sklearn import manifold
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KernelCenterer, StandardScaler

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
    return [*_principal(), *_sparse_rows(), *_factors(), *_random(), *_least_squares(), *_discriminants(), *_kernels(), *_approximations(), *_topics(), *_codes(), *_manifolds(), *_refused()]


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


def _thin(d: object) -> object:
    return sparse.csr_matrix(np.where(np.abs(_scaled(d)) > 1, _scaled(d), 0))


def _random() -> list:
    gauss, thin = rp.GaussianRandomProjection, rp.SparseRandomProjection
    texts = lambda model: lambda d: make_pipeline(TfidfVectorizer(), model(d)).fit(d.documents)
    documents = lambda d, m: d.document_rows()[:9]
    return [
        _case("random", lambda d: gauss(3, random_state=_state(d)).fit(d.x)),
        _near("random-float", lambda d: gauss(3, random_state=_state(d)).fit(_scaled(d).astype(np.float32)), exact="C32"),
        _case("random-sparse", lambda d: thin(3, density=0.5, random_state=_state(d)).fit(d.x)),
        _case("random-texts", texts(lambda d: thin(4, density=0.2, random_state=_state(d))), documents),
        _case("random-texts-dense", texts(lambda d: thin(4, density=0.2, dense_output=True, random_state=_state(d))), documents),
        _case("random-gauss-texts", texts(lambda d: gauss(4, random_state=_state(d))), documents),
    ]


def _least_squares() -> list:
    try:
        from sklearn import cross_decomposition as cross
    except ImportError:  # 0.24 with the scipy of its environment
        return []

    both = {"methods": ("predict", "transform")}
    return [
        _case("pls", lambda d: cross.PLSRegression(3).fit(d.x, d.y), **both, errors=_no_missing),
        _case("pls-two", lambda d: cross.PLSRegression(2).fit(d.x, d.y2), **both),
        _case("pls-one-column", lambda d: cross.PLSRegression(2).fit(d.x, d.y.reshape(-1, 1)), **both),
        _case("pls-not-scaled", lambda d: cross.PLSRegression(2, scale=False).fit(d.x, d.y2), **both),
        _case("pls-canonical", lambda d: cross.PLSCanonical(2).fit(d.x, d.y2), **both),
        _case("cca", lambda d: cross.CCA(1).fit(d.x, d.y2), **both),
        _case("pls-svd", lambda d: cross.PLSSVD(2).fit(d.x, d.y2)),
    ]


def _discriminants() -> list:
    lda = LinearDiscriminantAnalysis
    all_four = {"methods": ("predict", "predict_proba", "decision_function", "transform")}
    inside = lambda d: make_pipeline(lda(n_components=1), LogisticRegression()).fit(d.x, d.three)
    return [
        _case("discriminant", lambda d: lda().fit(d.x, d.three), **all_four),
        _case("discriminant-eigen", lambda d: lda(solver="eigen", shrinkage="auto", n_components=1).fit(d.x, d.names), **all_four),
        _case("discriminant-two", lambda d: lda().fit(d.x, d.flags), **all_four),
        _case("discriminant-lsqr", lambda d: lda(solver="lsqr").fit(d.x, d.three), methods=("predict", "predict_proba")),
        _case("discriminant-inside", inside, methods=("predict", "predict_proba")),
    ]


def _kernels() -> list:
    kpca = dec.KernelPCA

    def case(kernel: str, name: str = "", **params: object) -> Case:
        return _near(f"kernel-{name or kernel}", lambda d: kpca(3, kernel=kernel, **params).fit(_scaled(d)[:40]))

    own = lambda d: _scaled(d)[:30] @ _scaled(d)[:30].T
    centered = lambda d: KernelCenterer().fit(own(d))
    rows = lambda d, m: _scaled(d)[30:38] @ _scaled(d)[:30].T
    return [
        case("linear"),
        case("poly"),
        case("poly", "poly-whole", degree=2, coef0=0.5, gamma=0.3),
        case("rbf", gamma=0.2),
        case("rbf", "rbf-own-gamma"),
        case("sigmoid", gamma=0.05, coef0=0.1),
        case("cosine"),
        _near("kernel-all", lambda d: kpca(kernel="rbf").fit(_scaled(d)[:12]), extras=("row",)),
        _case("kernel-sparse", lambda d: kpca(2, kernel="rbf", gamma=0.1).fit(_thin(d)[:30]), lambda d, m: _thin(d)[30:40].toarray()),
        _case("kernel-precomputed", lambda d: kpca(2, kernel="precomputed").fit(own(d)), rows),
        _case("kernel-centerer", centered, rows),
    ]


def _approximations() -> list:
    counts = lambda d: np.abs(_scaled(d))
    positive = lambda d, m: np.vstack([counts(d)[:9], np.zeros((1, 5))])
    negative = lambda d, m: [(_scaled(d)[:4], ("negative",))]

    def nystroem(kernel: str, name: str = "", **params: object) -> Case:
        # products of five columns have no more than five dimensions
        few = 4 if kernel in ("linear", "cosine") else 12
        fit = lambda d: ka.Nystroem(kernel=kernel, n_components=few, random_state=_state(d), **params).fit(counts(d))
        return _case(f"nystroem-{name or kernel}", fit, positive)

    sketch = ka.PolynomialCountSketch
    texts = lambda d: make_pipeline(TfidfVectorizer(), ka.RBFSampler(n_components=5, random_state=_state(d))).fit(d.documents)
    return [
        nystroem("rbf"),
        nystroem("rbf", "gamma", gamma=0.3),
        nystroem("poly", degree=2, coef0=1.5),
        nystroem("sigmoid", gamma=0.1),
        nystroem("laplacian"),
        nystroem("cosine"),
        nystroem("linear"),
        nystroem("chi2", gamma=0.4),
        nystroem("chi2", "chi2-plain"),
        nystroem("additive_chi2"),
        _near("sampler", lambda d: ka.RBFSampler(gamma=0.3, n_components=7, random_state=_state(d)).fit(_scaled(d))),
        _near("sampler-float", lambda d: ka.RBFSampler(n_components=7, random_state=_state(d)).fit(_scaled(d).astype(np.float32)), exact="C32"),
        _case("sampler-texts", texts, lambda d, m: d.document_rows()[:9]),
        _case("sampler-skewed", lambda d: ka.SkewedChi2Sampler(skewedness=0.7, n_components=6, random_state=_state(d)).fit(counts(d)), positive, extras=("row",)),
        _case("sampler-skewed-float", lambda d: ka.SkewedChi2Sampler(n_components=6, random_state=_state(d)).fit(counts(d)), lambda d, m: positive(d, m).astype(np.float32), exact="C32"),
        _case("additive", lambda d: ka.AdditiveChi2Sampler().fit(counts(d)), positive, errors=negative),
        _case("additive-one", lambda d: ka.AdditiveChi2Sampler(sample_steps=1).fit(counts(d)), positive),
        _case("additive-five", lambda d: ka.AdditiveChi2Sampler(sample_steps=5, sample_interval=0.3).fit(counts(d)), positive),
        _case("additive-texts", lambda d: make_pipeline(TfidfVectorizer(max_features=9), ka.AdditiveChi2Sampler()).fit(d.documents), lambda d, m: d.document_rows()[:9]),
        _near("sketch", lambda d: sketch(degree=2, n_components=8, random_state=_state(d)).fit(_scaled(d))),
        _near("sketch-constant", lambda d: sketch(degree=3, gamma=0.5, coef0=1, n_components=11, random_state=_state(d)).fit(_scaled(d))),
    ]


def _topics() -> list:
    topics = dec.LatentDirichletAllocation
    counts = lambda d: np.abs(d.ints)
    words = lambda d: make_pipeline(CountVectorizer(max_features=12), topics(3, random_state=_state(d), max_iter=5)).fit(d.documents)
    negative = lambda d, m: [(d.ints[:9], ("negative",))]
    return [
        _case("topics", lambda d: topics(2, random_state=_state(d), max_iter=4).fit(counts(d)), lambda d, m: counts(d)[:9], errors=negative),
        _case("topics-priors", lambda d: topics(4, doc_topic_prior=0.3, mean_change_tol=1e-6, random_state=_state(d), max_iter=3).fit(counts(d)), lambda d, m: counts(d)[:9]),
        _case("topics-few-steps", lambda d: topics(3, max_doc_update_iter=2, random_state=_state(d), max_iter=3).fit(counts(d).astype(float)), lambda d, m: counts(d)[:9] * 1.0),
        _case("topics-texts", words, lambda d, m: d.document_rows()[:9]),
    ]


def _codes() -> list:
    def learned(name: str, **params: object) -> Case:
        fit = lambda d: dec.DictionaryLearning(6, max_iter=5, random_state=_state(d), **params).fit(_scaled(d))
        return _near(f"codes-{name}", fit)

    atoms = lambda d: _scaled(d)[:7] / np.linalg.norm(_scaled(d)[:7], axis=1)[:, None]
    coder = lambda **params: lambda d: dec.SparseCoder(atoms(d), **params).fit(_scaled(d))
    batches = lambda d: dec.MiniBatchDictionaryLearning(4, batch_size=10, random_state=_state(d)).fit(_scaled(d))
    return [
        learned("pursuit"),
        learned("pursuit-three", transform_n_nonzero_coefs=3),
        learned("threshold", transform_algorithm="threshold", transform_alpha=0.3),
        learned("threshold-default", transform_algorithm="threshold", alpha=0.4),
        learned("split", transform_algorithm="threshold", transform_alpha=0.3, split_sign=True),
        _near("codes-batches", batches),
        _near("coder", coder(transform_n_nonzero_coefs=2)),
        _near("coder-all", coder(transform_n_nonzero_coefs=7)),
        _near("coder-positive", coder(transform_algorithm="threshold", transform_alpha=0.1, positive_code=True)),
        _near("coder-threshold", coder(transform_algorithm="threshold", transform_alpha=0.5)),
    ]


def _manifolds() -> list:
    lle, isomap = manifold.LocallyLinearEmbedding, manifold.Isomap
    # single precision would show in the last digits of doubles
    alone = {"extras": ("row",)}
    floats = lambda d, m: _scaled(d)[:6].astype(np.float32)
    return [
        _near("isomap", lambda d: isomap(n_neighbors=5, n_components=2).fit(_scaled(d)[:16]), **alone),
        _near("isomap-minkowski", lambda d: isomap(n_neighbors=4, n_components=3, metric="minkowski", p=2).fit(_scaled(d)[:16]), **alone),
        _case("isomap-floats", lambda d: isomap(n_neighbors=5).fit(_scaled(d)[:16]), floats, exact="C32"),
        _near("locally-linear", lambda d: lle(n_neighbors=5, n_components=2, random_state=_state(d)).fit(_scaled(d)[:16]), **alone),
        _near("locally-linear-reg", lambda d: lle(n_neighbors=7, n_components=3, reg=0.05, random_state=_state(d)).fit(_scaled(d)[:16]), **alone),
    ]


def _refused() -> list:
    case = lambda name, fit, *words: Case(f"decomposition-{name}", fit, _edge, extras=(), refused=words, since="1.0")
    coder = lambda d: dec.SparseCoder(np.eye(5), transform_algorithm="lasso_lars").fit(d.x)
    return [
        case("nmf", lambda d: dec.NMF(2, random_state=_state(d), max_iter=20).fit(np.abs(d.x)), "NMF", "depends on the others"),
        case("tsne", lambda d: manifold.TSNE(perplexity=5, random_state=_state(d)).fit(d.x[:20]), "TSNE", "no `transform`"),
        case("topics-floats", lambda d: dec.LatentDirichletAllocation(2, max_iter=2).fit(np.abs(d.x).astype(np.float32)), "float32", "float64"),
        case("isomap-manhattan", lambda d: manifold.Isomap(metric="manhattan").fit(d.x[:30]), "Isomap", "manhattan"),
        case("coder-lars", coder, "SparseCoder", "lasso_lars", "omp"),
    ]
