use std::sync::Arc;

use super::{categories::Categories, objective::Objective};
use crate::{
    Error, quantity,
    read::tree_json::Json,
    tree::{Builder, Forest, Split, Test, View},
};

/// A gradient-boosted ensemble with its objective.
#[derive(Debug)]
pub(super) struct Booster {
    pub(super) forest: Forest<f32>,
    /// The leaf value of each node.
    pub(super) values: Values,
    /// The output that each tree adds to.
    pub(super) group: Box<[u32]>,
    pub(super) outputs: usize,
    /// True when `num_class` is set: answers have a column for each class even for one row.
    pub(super) classes: usize,
    /// Start scores, one for each output.
    pub(super) base: Vec<f32>,
    pub(super) objective: Objective,
    pub(super) names: Option<Arc<[Arc<str>]>>,
    /// The features that are categories, when there are some.
    pub(super) categories: Option<Categories>,
    /// The release that wrote it, such as `3.4.1`.
    pub(super) version: String,
}

/// Leaf values, kept out of debug output.
pub(super) struct Values(pub(super) Box<[f32]>);

impl std::fmt::Debug for Values {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} values", self.0.len())
    }
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
        refuse_kind(booster)?;
        let model = get(booster, &["model"])?;
        let parameters = get(learner, &["learner_model_param"])?;
        let count = |name: &str| -> Result<usize, Error> {
            let value = parameters.get(name).map_or(Some(0), Json::as_i64);
            value
                .and_then(|v| usize::try_from(v).ok())
                .ok_or_else(|| malformed(format!("`learner_model_param.{name}`"), "is not a count"))
        };
        let features = count("num_feature")?;
        let classes = count("num_class")?;
        let outputs = classes.max(count("num_target")?).max(1);
        let trees = match model.get("trees") {
            Some(trees) => trees.list().ok_or_else(|| malformed("`trees`", "is not a list"))?,
            None => return Err(malformed("`gradient_booster.model.trees`", "is missing")),
        };
        if outputs > trees.len().max(MOST_OUTPUTS) {
            return Err(malformed("`num_class`", format!("`{outputs}` outputs have no trees")));
        }
        let objective = get(learner, &["objective", "name"])?.as_str().unwrap_or_default();
        let objective = Objective::named(objective)?;
        let base = base_scores(parameters, outputs)?;
        let used = if best_only {
            let rounds = Rounds { learner, model, config, outputs, trees: trees.len() };
            rounds.until(best)
        } else {
            trees.len()
        };

        let info = ints(model, "tree_info", 0)?;
        let mut group = Vec::with_capacity(used);
        let mut builder = Builder::new(features, "XGBoost model");
        let mut values = Vec::with_capacity(used);
        for (index, tree) in trees.iter().take(used).enumerate() {
            values.push(read_tree(&mut builder, tree, index)?);
            let output = info.get(index).copied().unwrap_or(0);
            let output = u32::try_from(output).ok().filter(|&g| (g as usize) < outputs);
            group.push(output.ok_or_else(|| {
                malformed(format!("`tree_info[{index}]`"), "names an output the model has not")
            })?);
        }
        let forest = Forest::new(builder);
        let values = forest.arrange(|tree, node| {
            values.get(tree).and_then(|v| v.get(node as usize)).copied().unwrap_or(0.0)
        });
        let names = learner.get("feature_names").and_then(Json::list).filter(|n| !n.is_empty());
        let names = names.map(|n| n.iter().map(|n| Arc::from(n.as_str().unwrap_or(""))).collect());
        Ok(Self {
            forest,
            values: Values(values),
            group: group.into(),
            outputs,
            classes,
            base: base.into_iter().map(|score| objective.margin(score)).collect(),
            objective,
            names,
            categories: Categories::read(learner, model, features),
            version: version(root),
        })
    }

    /// Scores before the objective's transform, rows × outputs.
    pub(super) fn margins(&self, rows: &[f32], count: usize) -> Vec<f32> {
        let mut sums = Vec::with_capacity(count * self.outputs);
        for _ in 0..count {
            sums.extend_from_slice(&self.base);
        }
        self.forest.add(rows, &self.values.0, &self.group, self.outputs, &mut sums);
        sums
    }
}

fn get<'a>(json: &'a Json, path: &[&str]) -> Result<&'a Json, Error> {
    json.at(path).ok_or_else(|| malformed(format!("`{}`", path.join(".")), "is missing"))
}

fn version(root: &Json) -> String {
    let parts =
        root.get("version").and_then(Json::numbers).and_then(crate::read::tree_json::Numbers::i64s);
    let parts = parts.unwrap_or_default();
    parts.iter().map(i64::to_string).collect::<Vec<_>>().join(".")
}

fn malformed(place: impl Into<String>, reason: impl Into<String>) -> Error {
    Error::Malformed { format: "XGBoost model", place: place.into(), reason: reason.into() }
}

fn refuse_kind(booster: &Json) -> Result<(), Error> {
    let name = get(booster, &["name"])?.as_str().unwrap_or_default();
    let dropped = booster.at(&["model", "weight_drop"]).or_else(|| booster.get("weight_drop"));
    if name == "dart" || dropped.is_some() {
        return Err(Error::booster(
            "XGBoost's `dart` booster",
            "its trees carry weights that the native engine does not apply",
        ));
    }
    match name {
        "gbtree" => Ok(()),
        "gblinear" => Err(Error::booster(
            "XGBoost's `gblinear` booster",
            "it is a linear model, and only tree boosters are native",
        )),
        other => {
            Err(malformed("`gradient_booster.name`", format!("`{other}` is no known booster")))
        }
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
                let config = self.config?;
                parallel(config, &path).or_else(|| parallel(config, &older))
            });
        let each = match each {
            Some(each) => each.max(1).saturating_mul(rounds),
            // releases before 1.6 leave the product in the file
            None => attribute("best_ntree_limit").unwrap_or(rounds),
        };
        each.saturating_mul(self.outputs).min(self.trees)
    }
}

fn ints(json: &Json, key: &str, tree: usize) -> Result<Vec<i64>, Error> {
    let Some(value) = json.get(key) else { return Ok(Vec::new()) };
    value.numbers().and_then(crate::read::tree_json::Numbers::i64s).ok_or_else(|| {
        malformed(format!("`{key}` of tree `{tree}`"), "is not a list of whole numbers")
    })
}

/// Adds a tree to the builder and gives back its split conditions, which hold the leaf values.
fn read_tree(builder: &mut Builder<f32>, tree: &Json, index: usize) -> Result<Vec<f32>, Error> {
    let wide = tree.at(&["tree_param", "size_leaf_vector"]).and_then(Json::as_i64);
    if wide.is_some_and(|size| size > 1) {
        return Err(Error::booster(
            "an XGBoost model with vector leaves (`multi_strategy=\"multi_output_tree\"`)",
            "the native engine holds one value in a leaf",
        ));
    }
    let left = ints(tree, "left_children", index)?;
    let right = ints(tree, "right_children", index)?;
    let feature = ints(tree, "split_indices", index)?;
    let default_left = ints(tree, "default_left", index)?;
    if ints(tree, "split_type", index)?.iter().any(|&kind| kind != 0) {
        return Err(Error::booster(
            "an XGBoost model with categorical splits",
            "the native engine compares numbers only (a model with `enable_categorical` whose splits are \
             all numeric runs)",
        ));
    }
    let conditions = tree.get("split_conditions").and_then(Json::numbers).ok_or_else(|| {
        malformed(format!("`split_conditions` of tree `{index}`"), "is not a list of numbers")
    })?;
    let conditions = conditions.f32s();
    let count = left.len();
    if [right.len(), feature.len(), default_left.len(), conditions.len()] != [count; 4] {
        return Err(malformed(format!("tree `{index}`"), "its lists differ in length"));
    }
    let place = |node: usize| format!("node `{node}` of tree `{index}`");
    let mut splits = Vec::with_capacity(count);
    let arrays = left.iter().zip(&right).zip(&feature).zip(&default_left).zip(&conditions);
    for (node, ((((&left, &right), &feature), &default_left), &condition)) in arrays.enumerate() {
        if left == -1 {
            splits.push(Split::Leaf);
            continue;
        }
        let index = |value: i64, what: &str| {
            u32::try_from(value).map_err(|_| malformed(place(node), format!("{what} is `{value}`")))
        };
        // `x < condition` goes left, so the greatest value on the left is the one just below
        if condition == f32::NEG_INFINITY {
            return Err(malformed(place(node), "nothing is below its condition `-inf`"));
        }
        splits.push(Split::Inner {
            test: Test::Above {
                feature: index(feature, "the feature")?,
                threshold: condition.next_down(),
                view: if default_left == 0 { View::NanRight } else { View::Plain },
            },
            left: index(left, "the left child")?,
            right: index(right, "the right child")?,
        });
    }
    builder.tree(&splits)?;
    Ok(conditions)
}
