//! The estimators of scikit-learn 1.9.

use super::{Module, refused, runs};

/// The modules with their classes.
pub(super) const MODULES: &[Module] = &[
    Module {
        name: "sklearn.calibration",
        classes: &[runs(
            "CalibratedClassifierCV",
            "B4",
            "probabilities of a classifier, corrected by a sigmoid, a step function or a temperature",
        )],
    },
    Module {
        name: "sklearn.cluster",
        classes: &[
            runs("AffinityPropagation", "C", "the cluster whose exemplar is nearest"),
            refused(
                "AgglomerativeClustering",
                "groups rows by merging",
                "it groups the rows of its training and has no `predict`",
                "train a `KNeighborsClassifier` or a `NearestCentroid` on its `labels_`",
            ),
            runs("Birch", "C", "the cluster of the nearest subcluster; distances to subclusters"),
            runs(
                "BisectingKMeans",
                "C",
                "the cluster at the end of a tree of nearest centres; distances to centres",
            ),
            refused(
                "DBSCAN",
                "groups dense rows",
                "it groups the rows of its training and has no `predict`",
                "train a `KNeighborsClassifier` on its `labels_`, or use `KMeans`",
            ),
            runs(
                "FeatureAgglomeration",
                "C",
                "one column for each group of columns: their mean, or another function",
            ),
            refused(
                "HDBSCAN",
                "groups dense rows",
                "it groups the rows of its training and has no `predict`",
                "train a `KNeighborsClassifier` on its `labels_`, or use `KMeans`",
            ),
            runs("KMeans", "C", "the cluster of the nearest centre; distances to centres"),
            runs("MeanShift", "C", "the cluster of the nearest centre"),
            runs("MiniBatchKMeans", "C", "the cluster of the nearest centre; distances to centres"),
            refused(
                "OPTICS",
                "orders rows by density",
                "it groups the rows of its training and has no `predict`",
                "train a `KNeighborsClassifier` on its `labels_`, or use `KMeans`",
            ),
            refused(
                "SpectralBiclustering",
                "groups rows and columns",
                "it groups the rows of its training and has no `predict`",
                "train a `KNeighborsClassifier` on its `row_labels_`",
            ),
            refused(
                "SpectralClustering",
                "groups rows of a graph",
                "it groups the rows of its training and has no `predict`",
                "train a `KNeighborsClassifier` on its `labels_`, or use `KMeans`",
            ),
            refused(
                "SpectralCoclustering",
                "groups rows and columns",
                "it groups the rows of its training and has no `predict`",
                "train a `KNeighborsClassifier` on its `row_labels_`",
            ),
        ],
    },
    Module {
        name: "sklearn.compose",
        classes: &[
            runs(
                "ColumnTransformer",
                "as inside",
                "transformers, each on columns of its own, side by side",
            ),
            runs(
                "TransformedTargetRegressor",
                "as inside",
                "a regressor whose answers are transformed back",
            ),
        ],
    },
    Module {
        name: "sklearn.covariance",
        classes: &[
            runs("EllipticEnvelope", "C", "outliers by their distance from a robust mean"),
            refused(
                "EmpiricalCovariance",
                "estimates a covariance",
                "it has no `predict` and no `transform`",
                "use `EllipticEnvelope` for outliers",
            ),
            refused(
                "GraphicalLasso",
                "estimates a covariance",
                "it has no `predict` and no `transform`",
                "use `EllipticEnvelope` for outliers",
            ),
            refused(
                "GraphicalLassoCV",
                "estimates a covariance",
                "it has no `predict` and no `transform`",
                "use `EllipticEnvelope` for outliers",
            ),
            refused(
                "LedoitWolf",
                "estimates a covariance",
                "it has no `predict` and no `transform`",
                "use `EllipticEnvelope` for outliers",
            ),
            refused(
                "MinCovDet",
                "estimates a covariance",
                "it has no `predict` and no `transform`",
                "use `EllipticEnvelope` for outliers",
            ),
            refused(
                "OAS",
                "estimates a covariance",
                "it has no `predict` and no `transform`",
                "use `EllipticEnvelope` for outliers",
            ),
            refused(
                "ShrunkCovariance",
                "estimates a covariance",
                "it has no `predict` and no `transform`",
                "use `EllipticEnvelope` for outliers",
            ),
        ],
    },
    Module {
        name: "sklearn.cross_decomposition",
        classes: &[
            runs(
                "CCA",
                "C",
                "projections on directions of greatest correlation; a linear regression through them",
            ),
            runs(
                "PLSCanonical",
                "C",
                "projections on latent directions; a linear regression through them",
            ),
            runs(
                "PLSRegression",
                "C",
                "a linear regression through latent directions; projections on them",
            ),
            runs("PLSSVD", "C", "projections on singular directions"),
        ],
    },
    Module {
        name: "sklearn.decomposition",
        classes: &[
            runs("DictionaryLearning", "C", "codes of rows in a learnt dictionary"),
            runs("FactorAnalysis", "C", "means of the latent factors"),
            runs("FastICA", "C", "independent components"),
            runs("IncrementalPCA", "C", "projections on principal components"),
            runs("KernelPCA", "C", "projections on principal components of a kernel"),
            runs("LatentDirichletAllocation", "C", "shares of topics in a document"),
            runs("MiniBatchDictionaryLearning", "C", "codes of rows in a learnt dictionary"),
            refused(
                "MiniBatchNMF",
                "weights of parts that are not negative",
                "the library starts from the mean of all rows that are asked together and stops when all have converged, so that its answer to a row depends on the others",
                "use `LatentDirichletAllocation` for topics, `TruncatedSVD` or `PCA`",
            ),
            runs("MiniBatchSparsePCA", "C", "projections on sparse components"),
            refused(
                "NMF",
                "weights of parts that are not negative",
                "the library starts from the mean of all rows that are asked together and stops when all have converged, so that its answer to a row depends on the others",
                "use `LatentDirichletAllocation` for topics, `TruncatedSVD` or `PCA`",
            ),
            runs("PCA", "C", "projections on principal components"),
            runs("SparseCoder", "C", "codes of rows in a dictionary"),
            runs("SparsePCA", "C", "projections on sparse components"),
            runs("TruncatedSVD", "C", "projections on singular directions"),
        ],
    },
    Module {
        name: "sklearn.discriminant_analysis",
        classes: &[
            runs(
                "LinearDiscriminantAnalysis",
                "C",
                "classes by linear scores; projections that tell them apart",
            ),
            runs("QuadraticDiscriminantAnalysis", "C", "classes by a Gaussian each"),
        ],
    },
    Module {
        name: "sklearn.dummy",
        classes: &[
            runs("DummyClassifier", "A", "the same answer for every row"),
            runs("DummyRegressor", "A", "the same answer for every row"),
        ],
    },
    Module {
        name: "sklearn.ensemble",
        classes: &[
            runs("AdaBoostClassifier", "C", "classes by weighted votes of small models"),
            runs("AdaBoostRegressor", "as inside", "the weighted median of small models"),
            runs(
                "BaggingClassifier",
                "as inside",
                "classes by the mean or the votes of models on samples",
            ),
            runs("BaggingRegressor", "as inside", "the mean of models on samples"),
            runs("ExtraTreesClassifier", "A", "classes by the mean of randomised trees"),
            runs("ExtraTreesRegressor", "A", "the mean of randomised trees"),
            runs(
                "GradientBoostingClassifier",
                "B",
                "classes by a sum of trees; its scores are class C",
            ),
            runs("GradientBoostingRegressor", "A", "a sum of trees"),
            runs(
                "HistGradientBoostingClassifier",
                "B",
                "classes by a sum of trees, with categories and missing values",
            ),
            runs(
                "HistGradientBoostingRegressor",
                "A",
                "a sum of trees, with categories and missing values; class B after an exponential",
            ),
            runs("IsolationForest", "C", "outliers by how few splits part them"),
            runs("RandomForestClassifier", "A", "classes by the mean of trees"),
            runs("RandomForestRegressor", "A", "the mean of trees"),
            runs("RandomTreesEmbedding", "A", "the leaf of each random tree, one-hot"),
            runs("StackingClassifier", "as inside", "a classifier on the answers of others"),
            runs("StackingRegressor", "as inside", "a regressor on the answers of others"),
            runs(
                "VotingClassifier",
                "as inside",
                "classes by votes or by the mean of probabilities",
            ),
            runs("VotingRegressor", "as inside", "the mean of regressors"),
        ],
    },
    Module {
        name: "sklearn.feature_extraction",
        classes: &[
            runs(
                "DictVectorizer",
                "A",
                "a column for each key of a dict, and for each text at a key",
            ),
            runs("FeatureHasher", "A", "columns by hashes of keys"),
        ],
    },
    Module {
        name: "sklearn.feature_extraction.image",
        classes: &[refused(
            "PatchExtractor",
            "cuts pictures into patches",
            "rows of a request are tables, not pictures",
            "cut the patches before the request",
        )],
    },
    Module {
        name: "sklearn.feature_extraction.text",
        classes: &[
            runs("CountVectorizer", "A", "counts of words or n-grams"),
            runs("HashingVectorizer", "C", "counts of words by their hashes"),
            runs("TfidfTransformer", "C", "counts weighted by how rare a word is"),
            runs("TfidfVectorizer", "C", "counts of words, weighted by how rare each is"),
        ],
    },
    Module {
        name: "sklearn.feature_selection",
        classes: &[
            runs("GenericUnivariateSelect", "A", "columns chosen by a score of each"),
            runs(
                "RFE",
                "A",
                "columns chosen by leaving out the weakest; answers as the estimator inside",
            ),
            runs(
                "RFECV",
                "A",
                "columns chosen by leaving out the weakest; answers as the estimator inside",
            ),
            runs("SelectFdr", "A", "columns chosen by p-values (false discovery rate)"),
            runs("SelectFpr", "A", "columns chosen by p-values (false positive rate)"),
            runs("SelectFromModel", "A", "columns chosen by the importances of a model"),
            runs("SelectFwe", "A", "columns chosen by p-values (family-wise error)"),
            runs("SelectKBest", "A", "columns chosen by the best scores"),
            runs("SelectPercentile", "A", "columns chosen by the best scores"),
            runs("SequentialFeatureSelector", "A", "columns chosen one after the other"),
            runs("VarianceThreshold", "A", "columns chosen by their variance"),
        ],
    },
    Module {
        name: "sklearn.frozen",
        classes: &[runs("FrozenEstimator", "as inside", "an estimator that is not trained again")],
    },
    Module {
        name: "sklearn.gaussian_process",
        classes: &[
            runs("GaussianProcessClassifier", "C", "classes by Gaussian processes"),
            runs("GaussianProcessRegressor", "C", "the mean of a Gaussian process"),
        ],
    },
    Module {
        name: "sklearn.impute",
        classes: &[
            runs(
                "IterativeImputer",
                "as inside",
                "missing values from models of the other columns",
            ),
            runs("KNNImputer", "C", "missing values from the nearest rows"),
            runs("MissingIndicator", "A", "which values are missing"),
            runs(
                "SimpleImputer",
                "A",
                "missing values by a mean, a median, the most frequent or a constant",
            ),
        ],
    },
    Module {
        name: "sklearn.isotonic",
        classes: &[runs("IsotonicRegression", "B4", "a monotone function of one column")],
    },
    Module {
        name: "sklearn.kernel_approximation",
        classes: &[
            runs(
                "AdditiveChi2Sampler",
                "C",
                "columns whose products are nearly an additive chi-squared kernel",
            ),
            runs(
                "Nystroem",
                "C",
                "columns whose products are nearly a kernel, by rows of training",
            ),
            runs(
                "PolynomialCountSketch",
                "C",
                "columns whose products are nearly a polynomial kernel",
            ),
            runs("RBFSampler", "C", "columns whose products are nearly an rbf kernel"),
            runs(
                "SkewedChi2Sampler",
                "C",
                "columns whose products are nearly a skewed chi-squared kernel",
            ),
        ],
    },
    Module {
        name: "sklearn.kernel_ridge",
        classes: &[runs("KernelRidge", "C", "a ridge regression on a kernel")],
    },
    Module {
        name: "sklearn.linear_model",
        classes: &[
            runs("ARDRegression", "C", "a linear regression"),
            runs("BayesianRidge", "C", "a linear regression"),
            runs("ElasticNet", "C", "a linear regression"),
            runs("ElasticNetCV", "C", "a linear regression"),
            runs("GammaRegressor", "C", "a linear regression through an exponential"),
            runs("HuberRegressor", "C", "a linear regression"),
            runs("Lars", "C", "a linear regression"),
            runs("LarsCV", "C", "a linear regression"),
            runs("Lasso", "C", "a linear regression"),
            runs("LassoCV", "C", "a linear regression"),
            runs("LassoLars", "C", "a linear regression"),
            runs("LassoLarsCV", "C", "a linear regression"),
            runs("LassoLarsIC", "C", "a linear regression"),
            runs("LinearRegression", "C", "a linear regression"),
            runs("LogisticRegression", "C", "classes by linear scores"),
            runs("LogisticRegressionCV", "C", "classes by linear scores"),
            runs("MultiTaskElasticNet", "C", "linear regressions of several targets"),
            runs("MultiTaskElasticNetCV", "C", "linear regressions of several targets"),
            runs("MultiTaskLasso", "C", "linear regressions of several targets"),
            runs("MultiTaskLassoCV", "C", "linear regressions of several targets"),
            runs("OrthogonalMatchingPursuit", "C", "a linear regression"),
            runs("OrthogonalMatchingPursuitCV", "C", "a linear regression"),
            runs("PassiveAggressiveClassifier", "C", "classes by linear scores"),
            runs("PassiveAggressiveRegressor", "C", "a linear regression"),
            runs("Perceptron", "C", "classes by linear scores"),
            runs("PoissonRegressor", "C", "a linear regression through an exponential"),
            runs("QuantileRegressor", "C", "a linear regression"),
            runs("RANSACRegressor", "as inside", "a regressor that was fitted on inliers"),
            runs("Ridge", "C", "a linear regression"),
            runs("RidgeCV", "C", "a linear regression"),
            runs("RidgeClassifier", "C", "classes by linear scores"),
            runs("RidgeClassifierCV", "C", "classes by linear scores"),
            runs("SGDClassifier", "C", "classes by linear scores"),
            runs("SGDOneClassSVM", "C", "outliers by a linear score"),
            runs("SGDRegressor", "C", "a linear regression"),
            runs("TheilSenRegressor", "C", "a linear regression"),
            runs("TweedieRegressor", "C", "a linear regression through its link"),
        ],
    },
    Module {
        name: "sklearn.manifold",
        classes: &[
            refused(
                "ClassicalMDS",
                "places rows by distances",
                "it places the rows of its training and has no `transform` for others",
                "use `PCA` or `Isomap`",
            ),
            runs("Isomap", "C", "places by distances along neighbours"),
            runs("LocallyLinearEmbedding", "C", "places by weights of neighbours"),
            refused(
                "MDS",
                "places rows by distances",
                "it places the rows of its training and has no `transform` for others",
                "use `PCA` or `Isomap`",
            ),
            refused(
                "SpectralEmbedding",
                "places rows by a graph",
                "it places the rows of its training and has no `transform` for others",
                "use `PCA` or `Isomap`",
            ),
            refused(
                "TSNE",
                "places rows by likeness",
                "it places the rows of its training and has no `transform` for others",
                "use `PCA` or `Isomap`",
            ),
        ],
    },
    Module {
        name: "sklearn.mixture",
        classes: &[
            runs(
                "BayesianGaussianMixture",
                "C",
                "the likeliest of several Gaussians, and how likely each is",
            ),
            runs(
                "GaussianMixture",
                "C",
                "the likeliest of several Gaussians, and how likely each is",
            ),
        ],
    },
    Module {
        name: "sklearn.model_selection",
        classes: &[
            runs(
                "FixedThresholdClassifier",
                "as inside",
                "a classifier with a threshold of one's own",
            ),
            runs("GridSearchCV", "as inside", "answers as its best estimator"),
            runs("HalvingGridSearchCV", "as inside", "answers as its best estimator"),
            runs("HalvingRandomSearchCV", "as inside", "answers as its best estimator"),
            runs("RandomizedSearchCV", "as inside", "answers as its best estimator"),
            runs(
                "TunedThresholdClassifierCV",
                "as inside",
                "a classifier with the threshold that scored best",
            ),
        ],
    },
    Module {
        name: "sklearn.multiclass",
        classes: &[
            runs("OneVsOneClassifier", "as inside", "a binary classifier for each pair of classes"),
            runs("OneVsRestClassifier", "as inside", "a binary classifier for each class or label"),
            runs(
                "OutputCodeClassifier",
                "as inside",
                "binary classifiers for the digits of a code",
            ),
        ],
    },
    Module {
        name: "sklearn.multioutput",
        classes: &[
            runs(
                "ClassifierChain",
                "as inside",
                "classifiers that see the answers of those before",
            ),
            runs("MultiOutputClassifier", "as inside", "a classifier for each target"),
            runs("MultiOutputRegressor", "as inside", "a regressor for each target"),
            runs("RegressorChain", "as inside", "regressors that see the answers of those before"),
        ],
    },
    Module {
        name: "sklearn.naive_bayes",
        classes: &[
            runs("BernoulliNB", "C", "classes by which features occur"),
            runs("CategoricalNB", "C", "classes by the category of each column"),
            runs("ComplementNB", "C", "classes by counts that other classes lack"),
            runs("GaussianNB", "C", "classes by a Gaussian of each column"),
            runs("MultinomialNB", "C", "classes by counts"),
        ],
    },
    Module {
        name: "sklearn.neighbors",
        classes: &[
            runs("KNeighborsClassifier", "C", "classes by the nearest rows of training"),
            runs("KNeighborsRegressor", "C", "the mean of the nearest rows of training"),
            runs("KNeighborsTransformer", "C", "distances to the nearest rows of training"),
            runs("KernelDensity", "C", "the log density of a row"),
            runs(
                "LocalOutlierFactor",
                "C",
                "outliers by the density around their neighbours (`novelty=True`)",
            ),
            runs("NearestCentroid", "C", "the class of the nearest centroid"),
            refused(
                "NearestNeighbors",
                "finds the nearest rows of training",
                "it has no `predict` and no `transform`",
                "use `KNeighborsClassifier`, `KNeighborsRegressor` or `KNeighborsTransformer`",
            ),
            runs("NeighborhoodComponentsAnalysis", "C", "a linear projection"),
            runs(
                "RadiusNeighborsClassifier",
                "C",
                "classes by the rows of training within a radius",
            ),
            runs(
                "RadiusNeighborsRegressor",
                "C",
                "the mean of the rows of training within a radius",
            ),
            runs(
                "RadiusNeighborsTransformer",
                "C",
                "distances to the rows of training within a radius",
            ),
        ],
    },
    Module {
        name: "sklearn.neural_network",
        classes: &[
            runs("BernoulliRBM", "C", "probabilities of hidden units"),
            runs("MLPClassifier", "C", "classes by a network of dense layers"),
            runs("MLPRegressor", "C", "a network of dense layers"),
        ],
    },
    Module {
        name: "sklearn.pipeline",
        classes: &[
            runs("FeatureUnion", "as inside", "transformers on the same rows, side by side"),
            runs("Pipeline", "as inside", "steps one after the other"),
        ],
    },
    Module {
        name: "sklearn.preprocessing",
        classes: &[
            runs("Binarizer", "A", "0 or 1 by a threshold"),
            runs("FunctionTransformer", "B", "a numpy function of every value, or none"),
            runs("KBinsDiscretizer", "A", "the bin of each value"),
            runs("KernelCenterer", "C", "a kernel, centred"),
            runs("LabelBinarizer", "A", "a column for each class"),
            runs("LabelEncoder", "A", "the number of a class"),
            runs("MaxAbsScaler", "A", "each column divided by its largest magnitude"),
            runs("MinMaxScaler", "A", "each column moved and stretched to a range"),
            runs("MultiLabelBinarizer", "A", "a column for each label of a set"),
            runs("Normalizer", "C", "each row divided by its norm"),
            runs("OneHotEncoder", "A", "a column for each category"),
            runs("OrdinalEncoder", "A", "the number of a category"),
            runs("PolynomialFeatures", "B4", "products of columns"),
            runs(
                "PowerTransformer",
                "B4",
                "a power of each column that makes it more like a Gaussian",
            ),
            runs("QuantileTransformer", "B4", "the rank of each value, as a share or a Gaussian"),
            runs(
                "RobustScaler",
                "A",
                "each column minus its median, divided by its quantile range",
            ),
            runs("SplineTransformer", "B4", "each column as a base of splines"),
            runs("StandardScaler", "A", "each column minus its mean, divided by its deviation"),
            runs("TargetEncoder", "A", "the mean target of a category"),
        ],
    },
    Module {
        name: "sklearn.random_projection",
        classes: &[
            runs("GaussianRandomProjection", "C", "a random projection"),
            runs("SparseRandomProjection", "C", "a sparse random projection"),
        ],
    },
    Module {
        name: "sklearn.semi_supervised",
        classes: &[
            runs("LabelPropagation", "C", "classes by likeness to rows of training"),
            runs("LabelSpreading", "C", "classes by likeness to rows of training"),
            runs(
                "SelfTrainingClassifier",
                "as inside",
                "a classifier that was fitted on its own answers too",
            ),
        ],
    },
    Module {
        name: "sklearn.svm",
        classes: &[
            runs("LinearSVC", "C", "classes by linear scores"),
            runs("LinearSVR", "C", "a linear regression"),
            runs("NuSVC", "C", "classes by votes of support vectors"),
            runs("NuSVR", "C", "a sum over support vectors"),
            runs("OneClassSVM", "C", "outliers by a sum over support vectors"),
            runs("SVC", "C", "classes by votes of support vectors"),
            runs("SVR", "C", "a sum over support vectors"),
        ],
    },
    Module {
        name: "sklearn.tree",
        classes: &[
            runs("DecisionTreeClassifier", "A", "classes by one tree"),
            runs("DecisionTreeRegressor", "A", "one tree"),
            runs("ExtraTreeClassifier", "A", "classes by one randomised tree"),
            runs("ExtraTreeRegressor", "A", "one randomised tree"),
        ],
    },
];
