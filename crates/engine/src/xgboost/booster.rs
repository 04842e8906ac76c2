use std::sync::Arc;

use super::{
    categories::Categories,
    ensemble::{Dart, Ensemble, Shape},
    json::{get, ints, malformed},
    linear::Linear,
    objective::Objective,
};
use crate::{
    Error, quantity,
    read::tree_json::{Json, Numbers},
};

/// A gradient-boosted ensemble with its objective.
#[derive(Debug)]
pub(super) struct Booster {
    pub(super) scorer: Scorer,
    pub(super) features: usize,
    pub(super) outputs: usize,
    /// True when `num_class` is set: answers have a column for each class even for one row.
    pub(super) classes: usize,
    /// Start scores, one for each output.
    pub(super) base: Vec<f32>,
    pub(super) objective: Objective,
    /// The objective by its own name, such as `binary:logistic`.
    pub(super) objective_name: String,
    pub(super) names: Option<Arc<[Arc<str>]>>,
    /// The features that are categories, when there are some.
    pub(super) categories: Option<Categories>,
    /// The release that wrote it, such as `3.4.1`.
    pub(super) version: String,
}

/// What gives the scores.
#[derive(Debug)]
pub(super) enum Scorer {
    /// The boosters `gbtree` and `dart`.
    Trees(Box<Ensemble>),
    /// The booster `gblinear`.
    Linear(Linear),
}

/// How many outputs a model may have even when it has fewer trees.
const MOST_OUTPUTS: usize = 1 << 16;

impl Booster {
    /// Reads the object that has `learner`, or (inside pickles) `Model` beside `Config`.
    ///
    /// `best_only` stops at the best round of early stopping, which is `best` or else what the
    /// file says.
    pub(super) fn read(root: &Json, best_only: bool, best: Option<u64>) -> Result<Self, Error> {
        let config = root.get("Config");
        let root = root.get("Model").unwrap_or(root);
        let learner = root.get("learner").ok_or_else(|| {
            malformed("`learner`", "is missing: this is not a model that `save_model` wrote")
        })?;
        let booster = get(learner, &["gradient_booster"])?;
        let parameters = get(learner, &["learner_model_param"])?;
        let count = |name: &str| -> Result<usize, Error> {
            let value = parameters.get(name).map_or(Some(0), Json::as_i64);
            // the library counts in 32 bits
            value
                .and_then(|v| u32::try_from(v).ok())
                .map(|v| v as usize)
                .ok_or_else(|| malformed(format!("`learner_model_param.{name}`"), "is not a count"))
        };
        let features = count("num_feature")?;
        let classes = count("num_class")?;
        let outputs = classes.max(count("num_target")?).max(1);
        let trees = holder(booster).at(&["model", "trees"]).and_then(Json::list);
        if outputs > trees.map_or(0, <[Json]>::len).max(MOST_OUTPUTS) {
            return Err(malformed("`num_class`", format!("`{outputs}` outputs have no trees")));
        }
        let objective_name = get(learner, &["objective", "name"])?.as_str().unwrap_or_default();
        let objective = Objective::named(objective_name)?;
        let base = base_scores(parameters, outputs)?;
        let base: Vec<f32> = base.into_iter().map(|score| objective.margin(score)).collect();
        let kind = get(booster, &["name"])?.as_str().unwrap_or_default();
        let version = version(root);
        let (scorer, categories) = match kind {
            "gblinear" => (Scorer::Linear(Linear::read(booster, features, outputs)?), None),
            "gbtree" | "dart" => {
                let dart = match &version[..] {
                    version if version < &[1, 4] && kind == "dart" => Dart::BaseLast,
                    version if version < &[3, 3] && best_only => Dart::InPlace,
                    _ => Dart::Weighted,
                };
                let best = Best { only: best_only, known: best };
                let parts = Parts {
                    learner,
                    booster,
                    config,
                    features,
                    base: &base,
                    dart,
                    best,
                    quadrature: version[..] >= [3, 3][..],
                };
                let (ensemble, model) = parts.trees()?;
                let reads = ensemble.forest.reads();
                let reads = |feature| reads.contains(&(feature as u32));
                let categories = Categories::read(learner, model, features, reads);
                (Scorer::Trees(Box::new(ensemble)), categories)
            }
            _ => {
                let reason = format!("`{kind}` is no known booster");
                return Err(malformed("`gradient_booster.name`", reason));
            }
        };
        let names = learner.get("feature_names").and_then(Json::list).filter(|n| !n.is_empty());
        let names = names.map(|n| n.iter().map(|n| Arc::from(n.as_str().unwrap_or(""))).collect());
        Ok(Self {
            scorer,
            features,
            outputs,
            classes,
            base,
            objective,
            objective_name: objective_name.to_owned(),
            names,
            categories,
            version: version.iter().map(i64::to_string).collect::<Vec<_>>().join("."),
        })
    }

    /// Scores before the objective's transform, rows × outputs.
    pub(super) fn margins(&self, rows: &[f32], count: usize) -> Vec<f32> {
        match &self.scorer {
            Scorer::Trees(ensemble) => ensemble.margins(rows, count, &self.base),
            Scorer::Linear(linear) => linear.margins(rows, count, self.linear_base()),
        }
    }

    /// What each feature adds to each output's score, rows × outputs × (features + 1), the last
    /// value of an output being what is expected without any feature.
    pub(super) fn contributions(&self, rows: &[f32], count: usize) -> Vec<f32> {
        match &self.scorer {
            Scorer::Trees(ensemble) => ensemble.contributions(rows, count, &self.base),
            Scorer::Linear(linear) => linear.contributions(rows, count, self.linear_base()),
        }
    }

    /// The start score of a linear model: that of the first output, whatever the others have.
    fn linear_base(&self) -> f32 {
        self.base.first().copied().unwrap_or(0.0)
    }
}

/// The booster that holds the model: up to 3.3 `dart` holds a whole `gbtree`.
fn holder(booster: &Json) -> &Json {
    booster.get("gbtree").unwrap_or(booster)
}

/// The release, such as 3, 4, 1.
fn version(root: &Json) -> Vec<i64> {
    root.get("version").and_then(Json::numbers).and_then(Numbers::i64s).unwrap_or_default()
}

/// The parts of a file with trees.
struct Parts<'a> {
    learner: &'a Json,
    booster: &'a Json,
    config: Option<&'a Json>,
    features: usize,
    base: &'a [f32],
    dart: Dart,
    best: Best,
    quadrature: bool,
}

/// Which rounds count.
#[derive(Clone, Copy)]
struct Best {
    /// Those up to the best one, and not all.
    only: bool,
    /// The best one, when it is known from elsewhere than the file.
    known: Option<u64>,
}

impl<'a> Parts<'a> {
    /// The trees, up to those of the best round when that is asked for, and the model that they
    /// stand in.
    fn trees(&self) -> Result<(Ensemble, &'a Json), Error> {
        let model = get(holder(self.booster), &["model"])?;
        let trees = match model.get("trees") {
            Some(trees) => trees.list().ok_or_else(|| malformed("`trees`", "is not a list"))?,
            None => return Err(malformed("`gradient_booster.model.trees`", "is missing")),
        };
        let (outputs, features) = (self.base.len(), self.features);
        let used = if self.best.only {
            let config = self.config;
            let rounds =
                Rounds { learner: self.learner, model, config, outputs, trees: trees.len() };
            rounds.until(self.best.known)
        } else {
            trees.len()
        };
        let weights = model.get("weight_drop").or_else(|| self.booster.get("weight_drop"));
        let weights = weights.map(|weights| {
            let weights = weights.numbers().map(Numbers::f32s);
            weights.ok_or_else(|| malformed("`weight_drop`", "is not a list of numbers"))
        });
        let weights = weights.transpose()?;
        let shape = Shape {
            features,
            outputs,
            used,
            weights: weights.as_deref(),
            base: self.base,
            dart: self.dart,
            quadrature: self.quadrature,
        };
        Ok((Ensemble::read(model, trees, &shape)?, model))
    }
}

/// The base scores: one number through 2.x, a list with a number for each output in 3.x.
fn base_scores(parameters: &Json, outputs: usize) -> Result<Vec<f32>, Error> {
    let wrong = |reason: String| malformed("`learner_model_param.base_score`", reason);
    let stored = parameters.get("base_score").ok_or_else(|| wrong("is missing".into()))?;
    let text = match stored {
        Json::Text(text) => text.clone(),
        other => other.as_f64().map(|v| (v as f32).to_string()).unwrap_or_default(),
    };
    let list = text.trim().trim_start_matches('[').trim_end_matches(']');
    let scores: Option<Vec<f32>> = list.split(',').map(|part| part.trim().parse().ok()).collect();
    let scores = scores.ok_or_else(|| wrong(format!("`{text}` is not a list of numbers")))?;
    match scores[..] {
        [one] => Ok(vec![one; outputs]),
        _ if scores.len() == outputs => Ok(scores),
        _ => Err(wrong(format!("has {} for {outputs} outputs", quantity(scores.len(), "value")))),
    }
}

/// The parts of a file that tell how many trees the rounds up to the best one have.
struct Rounds<'a> {
    learner: &'a Json,
    model: &'a Json,
    config: Option<&'a Json>,
    outputs: usize,
    trees: usize,
}

impl Rounds<'_> {
    fn until(&self, best: Option<u64>) -> usize {
        let attribute = |name| {
            let value = self.learner.at(&["attributes", name])?.as_i64()?;
            usize::try_from(value).ok()
        };
        let known = best.and_then(|b| usize::try_from(b).ok());
        let Some(best) = known.or_else(|| attribute("best_iteration")) else { return self.trees };
        let rounds = best.saturating_add(1);
        let starts = ints(self.model, "iteration_indptr", 0).unwrap_or_default();
        if let Some(&end) = starts.get(rounds) {
            return usize::try_from(end).unwrap_or(self.trees).min(self.trees);
        }
        if !starts.is_empty() {
            return self.trees;
        }
        let parallel = |json: &Json, path: &[&str]| {
            json.at(path).and_then(Json::as_i64).and_then(|n| usize::try_from(n).ok())
        };
        let each =
            parallel(self.model, &["gbtree_model_param", "num_parallel_tree"]).or_else(|| {
                let path =
                    ["learner", "gradient_booster", "gbtree_train_param", "num_parallel_tree"];
                let older =
                    ["learner", "gradient_booster", "gbtree_model_param", "num_parallel_tree"];
                let dart = [
                    "learner",
                    "gradient_booster",
                    "gbtree",
                    "gbtree_train_param",
                    "num_parallel_tree",
                ];
                let config = self.config?;
                let ways = [&path[..], &older, &dart];
                ways.into_iter().find_map(|path| parallel(config, path))
            });
        let each = match each {
            Some(each) => each.max(1).saturating_mul(rounds),
            // releases before 1.6 leave the product in the file
            None => attribute("best_ntree_limit").unwrap_or(rounds),
        };
        each.saturating_mul(self.outputs).min(self.trees)
    }
}

#[cfg(test)]
mod tests {
    use super::Booster;
    use crate::{Limits, read::json};

    #[test]
    fn more_columns_than_a_model_can_have_are_an_error() {
        let read = |name: &str, count: u64| {
            let text = format!(
                r#"{{"learner": {{"learner_model_param": {{"base_score": "1", "{name}": "{count}"}},
                "objective": {{"name": "reg:squarederror"}},
                "gradient_booster": {{"name": "gbtree", "model": {{"trees": []}}}}}}}}"#
            );
            let root = json::parse(text.as_bytes(), &Limits::default()).unwrap();
            Booster::read(&root, false, None).map(|_| ()).map_err(|error| error.to_string())
        };
        assert_eq!(read("num_feature", u32::MAX.into()), Ok(()));
        for count in [1 << 32, 1 << 40, i64::MAX as u64, u64::MAX] {
            for name in ["num_feature", "num_class", "num_target"] {
                let message = read(name, count).unwrap_err();
                assert!(message.contains(&format!("learner_model_param.{name}`")), "{message}");
                assert!(message.contains("is not a count"), "{message}");
            }
        }
    }
}
