//! The estimators of other packages.

use super::{Module, refused, runs};

/// The modules with their classes.
pub(super) const MODULES: &[Module] = &[
    Module {
        name: "xgboost",
        classes: &[
            runs("Booster", "B", "a sum of trees or a linear model; its margins are class A"),
            runs("XGBClassifier", "B", "classes by a sum of trees"),
            runs("XGBRFClassifier", "B", "classes by a forest"),
            runs("XGBRFRegressor", "A", "a forest"),
            runs("XGBRanker", "A", "ranks by a sum of trees"),
            runs("XGBRegressor", "A", "a sum of trees; class B after an exponential"),
        ],
    },
    Module {
        name: "lightgbm",
        classes: &[
            runs("Booster", "B", "a sum of trees; its raw scores are class A"),
            runs("LGBMClassifier", "B", "classes by a sum of trees"),
            runs("LGBMRanker", "A", "ranks by a sum of trees"),
            runs("LGBMRegressor", "A", "a sum of trees; class B after an exponential"),
        ],
    },
    Module {
        name: "catboost",
        classes: &[
            runs("CatBoost", "B", "a sum of oblivious trees; its raw values are class A"),
            runs("CatBoostClassifier", "B", "classes by a sum of oblivious trees"),
            runs("CatBoostRanker", "A", "ranks by a sum of oblivious trees"),
            runs(
                "CatBoostRegressor",
                "A",
                "a sum of oblivious trees; class B after an exponential",
            ),
        ],
    },
    Module {
        name: "imblearn.pipeline",
        classes: &[runs(
            "Pipeline",
            "as inside",
            "steps one after the other; samplers do nothing at prediction",
        )],
    },
    Module {
        name: "imblearn.ensemble",
        classes: &[
            runs("BalancedBaggingClassifier", "as inside", "classes by models on balanced samples"),
            runs(
                "BalancedRandomForestClassifier",
                "A",
                "classes by the mean of trees on balanced samples",
            ),
            runs("EasyEnsembleClassifier", "C", "classes by boosted models on balanced samples"),
            runs("RUSBoostClassifier", "C", "classes by weighted votes of small models"),
        ],
    },
    Module {
        name: "category_encoders",
        classes: &[
            runs("BaseNEncoder", "A", "the digits of a category's number"),
            runs("BinaryEncoder", "A", "the binary digits of a category's number"),
            runs("CatBoostEncoder", "A", "the mean target of a category"),
            runs("CountEncoder", "A", "how often a category occurred"),
            runs("HashingEncoder", "A", "how many values of a row fall to each of a few columns"),
            runs("JamesSteinEncoder", "A", "the shrunk mean target of a category"),
            runs("LeaveOneOutEncoder", "A", "the mean target of a category"),
            runs("MEstimateEncoder", "A", "the smoothed mean target of a category"),
            runs("OneHotEncoder", "A", "a column for each category"),
            runs("OrdinalEncoder", "A", "the number of a category"),
            runs("TargetEncoder", "A", "the smoothed mean target of a category"),
            runs("WOEEncoder", "A", "the weight of evidence of a category"),
        ],
    },
    Module {
        name: "feature_engine",
        classes: &[
            runs("AddMissingIndicator", "A", "which values are missing"),
            runs("ArbitraryDiscretiser", "A", "the bin of each value"),
            runs("ArbitraryNumberImputer", "A", "missing values by a number"),
            runs("ArbitraryOutlierCapper", "A", "values within bounds"),
            runs("BoxCoxTransformer", "B4", "a power of each column"),
            runs("CategoricalImputer", "A", "missing categories by a word or the most frequent"),
            runs("CountFrequencyEncoder", "A", "how often a category occurred"),
            runs("CyclicalFeatures", "B4", "sine and cosine of each value"),
            runs("DatetimeFeatures", "A", "the parts of dates"),
            refused(
                "DropMissingData",
                "leaves out rows with missing values",
                "it leaves rows out, and a request is answered row by row",
                "impute the values",
            ),
            runs("EndTailImputer", "A", "missing values by the end of the distribution"),
            runs("EqualFrequencyDiscretiser", "A", "the bin of each value"),
            runs("EqualWidthDiscretiser", "A", "the bin of each value"),
            runs("LogCpTransformer", "B", "the logarithm of each value and a constant"),
            runs("LogTransformer", "B", "the logarithm of each value"),
            runs("MathFeatures", "B", "sums, means and the like of several columns"),
            runs("MeanEncoder", "A", "the mean target of a category"),
            runs("MeanMedianImputer", "A", "missing values by a mean or a median"),
            runs("OneHotEncoder", "A", "a column for each category"),
            runs("OrdinalEncoder", "A", "the number of a category"),
            refused(
                "OutlierTrimmer",
                "leaves out rows with outliers",
                "it leaves rows out, and a request is answered row by row",
                "use `Winsorizer`",
            ),
            runs("PowerTransformer", "B4", "a power of each value"),
            runs("RareLabelEncoder", "A", "one word for all rare categories"),
            runs("ReciprocalTransformer", "A", "one divided by each value"),
            runs("RelativeFeatures", "A", "each value with a reference"),
            runs("Winsorizer", "A", "values within bounds"),
            runs("WoEEncoder", "B", "the weight of evidence of a category"),
            runs("YeoJohnsonTransformer", "B4", "a power of each column"),
        ],
    },
    Module {
        name: "sklearn_pandas",
        classes: &[runs(
            "DataFrameMapper",
            "as inside",
            "transformers, each on columns of its own, side by side",
        )],
    },
];
