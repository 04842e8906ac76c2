//! Files of JSON.
//!
//! Format: `catboost/libs/model/model_export/json_model_helpers.cpp` of CatBoost.

use std::collections::HashMap;

use super::{
    ctr::{Counts, Ctr, Kind, Projection, Values},
    info, malformed,
    parts::{Category, Float, Node, OneHot, Parts, Trees},
    unsupported,
};
use crate::{
    Error, Limits,
    read::{
        json,
        tree_json::{Json, Numbers},
    },
};

/// True for files that have a key of such a model. Its keys are in alphabetical order, so that long
/// statistics may come first.
pub(super) fn recognises(bytes: &[u8]) -> bool {
    let head = bytes.get(..4096).unwrap_or(bytes);
    let has = |key: &[u8]| head.windows(key.len()).any(|window| window == key);
    head.trim_ascii_start().starts_with(b"{")
        && (has(b"\"features_info\"") || has(b"\"ctr_data\"") || has(b"\"oblivious_trees\""))
}

/// Reads a file.
pub(super) fn read(content: &[u8], limits: &Limits) -> Result<Parts, Error> {
    let root = json::parse(content, limits)?;
    let mut parts = Parts::default();
    let features = root.get("features_info").ok_or_else(|| absent("`features_info`"))?;
    read_columns(features, &mut parts)?;
    let ctrs = features.get("ctrs").and_then(Json::list).unwrap_or_default();
    read_ctrs(ctrs, root.get("ctr_data"), &mut parts)?;
    match (root.get("oblivious_trees"), root.get("trees")) {
        (Some(trees), _) => read_symmetric(items(trees, "oblivious_trees")?, &mut parts)?,
        (None, Some(trees)) => read_nodes(items(trees, "trees")?, &mut parts)?,
        (None, None) => return Err(absent("`oblivious_trees`")),
    }
    (parts.scale, parts.bias) = (1.0, vec![0.0; parts.outputs]);
    if let Some(pair) = root.get("scale_and_bias") {
        read_scale(pair, &mut parts).ok_or_else(|| wrong("scale_and_bias", "is no pair"))?;
    }
    parts.info = info::of_json(root.get("model_info"));
    Ok(parts)
}

fn absent(what: &str) -> Error {
    malformed(what, "is missing")
}

fn wrong(place: &str, reason: &str) -> Error {
    malformed(format!("`{place}`"), reason)
}

fn items<'a>(json: &'a Json, name: &str) -> Result<&'a [Json], Error> {
    json.list().ok_or_else(|| wrong(name, "is not a list"))
}

fn number(json: &Json, key: &str) -> Result<f64, Error> {
    json.get(key).and_then(Json::as_f64).ok_or_else(|| wrong(key, "is not a number"))
}

fn index(json: &Json, key: &str) -> Result<i64, Error> {
    json.get(key).and_then(Json::as_i64).ok_or_else(|| wrong(key, "is not a whole number"))
}

/// A list of numbers, which may be `null` when it is empty.
fn numbers<'a>(json: &'a Json, key: &str) -> Result<Option<&'a Numbers>, Error> {
    match json.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(list) => {
            list.numbers().map(Some).ok_or_else(|| wrong(key, "is not a list of numbers"))
        }
    }
}

fn name(json: &Json) -> String {
    let names = ["feature_id", "feature_name"].map(|key| json.get(key).and_then(Json::as_str));
    names.into_iter().flatten().find(|name| !name.is_empty()).unwrap_or_default().to_owned()
}

fn read_columns(features: &Json, parts: &mut Parts) -> Result<(), Error> {
    let list = |key: &str| features.get(key).and_then(Json::list).unwrap_or_default();
    for (key, what) in [("text_features", "text"), ("embedding_features", "embedding")] {
        if !list(key).is_empty() {
            return Err(unsupported::features(what));
        }
    }
    for float in list("float_features") {
        let treated = float.get("has_nans").and_then(Json::as_i64) == Some(1)
            && float.get("nan_value_treatment").and_then(Json::as_str) == Some("AsTrue");
        parts.floats.push(Float {
            index: index(float, "feature_index")?,
            column: index(float, "flat_feature_index")?,
            name: name(float),
            borders: numbers(float, "borders")?.map_or_else(Vec::new, Numbers::f32s),
            missing_above: treated,
        });
    }
    for category in list("categorical_features") {
        let index = index(category, "feature_index")?;
        let column = self::index(category, "flat_feature_index")?;
        parts.categories.push(Category { index, column, name: name(category) });
        if let Some(values) = numbers(category, "values")? {
            let values = values.i64s().unwrap_or_default().iter().map(|&v| v as i32).collect();
            parts.one_hots.push(OneHot { category: index, values });
        }
    }
    Ok(())
}

fn read_ctrs(ctrs: &[Json], data: Option<&Json>, parts: &mut Parts) -> Result<(), Error> {
    // statistics by their name: the place of what they are made of, and their own
    let mut known: HashMap<&str, (usize, usize)> = HashMap::new();
    let mut combinations = Combinations::new();
    let named: HashMap<&str, &Json> = data
        .and_then(Json::map)
        .unwrap_or_default()
        .iter()
        .map(|(name, table)| (name.as_str(), table))
        .collect();
    for ctr in ctrs {
        let kind = ctr.get("ctr_type").and_then(Json::as_str).and_then(Kind::named);
        let kind = kind.ok_or_else(|| wrong("ctr_type", "is no known kind of CTR"))?;
        let name = ctr.get("identifier").and_then(Json::as_str).unwrap_or_default();
        let found = known.get(name).copied();
        let places = if let Some(places) = found {
            places
        } else {
            let stored = named.get(name).ok_or_else(|| absent("an entry of `ctr_data`"))?;
            parts.tables.push(read_values(stored, kind)?);
            (projection(ctr, parts, &mut combinations)?, parts.tables.len() - 1)
        };
        known.insert(name, places);
        let prior = ["prior_numerator", "prior_denomerator"];
        parts.ctrs.push(Ctr {
            projection: places.0,
            table: places.1,
            kind,
            target: i32::try_from(index(ctr, "target_border_idx")?).unwrap_or(-1),
            prior: [number(ctr, prior[0])? as f32, number(ctr, prior[1])? as f32],
            shift: number(ctr, "shift")? as f32,
            scale: number(ctr, "scale")? as f32,
            borders: numbers(ctr, "borders")?.map_or_else(Vec::new, Numbers::f32s),
        });
    }
    Ok(())
}

/// The places of combinations, by what they are made of.
type Combinations = HashMap<(Vec<i64>, Vec<(i64, u32)>, Vec<(i64, i32)>), usize>;

/// The place of what a CTR is made of.
fn projection(ctr: &Json, parts: &mut Parts, known: &mut Combinations) -> Result<usize, Error> {
    let mut projection = Projection::default();
    for element in ctr.get("elements").and_then(Json::list).unwrap_or_default() {
        match element.get("combination_element").and_then(Json::as_str).unwrap_or_default() {
            "cat_feature_value" => {
                projection.categories.push(index(element, "cat_feature_index")?);
            }
            "float_feature" => {
                let border = number(element, "border")? as f32;
                projection.floats.push((index(element, "float_feature_index")?, border));
            }
            "cat_feature_exact_value" => {
                let value = index(element, "value")? as i32;
                projection.one_hots.push((index(element, "cat_feature_index")?, value));
            }
            _ => return Err(wrong("combination_element", "is of no known kind")),
        }
    }
    let bits = projection.floats.iter().map(|&(float, border)| (float, border.to_bits()));
    let key = (projection.categories.clone(), bits.collect(), projection.one_hots.clone());
    let next = parts.projections.len();
    let place = *known.entry(key).or_insert(next);
    if place == next {
        parts.projections.push(projection);
    }
    Ok(place)
}

fn read_values(table: &Json, kind: Kind) -> Result<Values, Error> {
    let fault = || wrong("hash_map", "is no list of hashes and counts");
    let stride = usize::try_from(index(table, "hash_stride")?).ok().filter(|&s| s > 1);
    let stride = stride.ok_or_else(fault)?;
    let list = table.get("hash_map").and_then(Json::list).unwrap_or_default();
    if !list.len().is_multiple_of(stride) {
        return Err(fault());
    }
    let rows = || list.chunks_exact(stride);
    let hashes: Option<Vec<u64>> = rows().map(|row| row.first()?.as_str()?.parse().ok()).collect();
    let rest = rows().flat_map(|row| row.iter().skip(1));
    let whole = |json: &Json| json.as_i64().and_then(|count| i32::try_from(count).ok());
    let counts = match kind {
        Kind::Mean => {
            let pair = |row: &[Json]| Some((row.get(1)?.as_f64()? as f32, whole(row.get(2)?)?));
            rows().map(pair).collect::<Option<_>>().map(Counts::Means)
        }
        _ => rest.map(whole).collect::<Option<_>>().map(|counts| Counts::Rows(counts, stride - 1)),
    };
    let (hashes, counts) = hashes.zip(counts).ok_or_else(fault)?;
    let denominator = table.get("counter_denominator").and_then(Json::as_i64).unwrap_or(0);
    Values::of_pairs(hashes.into_iter(), counts, denominator as i32)
}

fn read_symmetric(trees: &[Json], parts: &mut Parts) -> Result<(), Error> {
    let (mut sizes, mut splits) = (Vec::new(), Vec::new());
    for tree in trees {
        let levels = tree.get("splits").and_then(Json::list).unwrap_or_default();
        for level in levels {
            splits.push(i32::try_from(index(level, "split_index")?).unwrap_or(-1));
        }
        sizes.push(levels.len() as i32);
        let before = parts.leaf_values.len();
        parts
            .leaf_values
            .extend(numbers(tree, "leaf_values")?.map_or_else(Vec::new, Numbers::f64s));
        parts
            .leaf_weights
            .extend(numbers(tree, "leaf_weights")?.map_or_else(Vec::new, Numbers::f64s));
        if parts.outputs == 0 {
            let leaves = 1_usize.checked_shl(levels.len() as u32).unwrap_or(0);
            parts.outputs = (parts.leaf_values.len() - before).checked_div(leaves).unwrap_or(0);
        }
    }
    parts.trees = Trees::Symmetric { sizes, splits };
    Ok(())
}

fn read_nodes(trees: &[Json], parts: &mut Parts) -> Result<(), Error> {
    let (mut sizes, mut nodes) = (Vec::new(), Vec::<Node>::new());
    for tree in trees {
        let start = nodes.len();
        // what is to come, with the node and the side that it hangs from
        let mut next = vec![(tree, None)];
        while let Some((json, parent)) = next.pop() {
            let at = nodes.len();
            if let Some((parent, side)) = parent
                && let Some(step) =
                    nodes.get_mut::<usize>(parent).and_then(|n| n.steps.get_mut::<usize>(side))
            {
                *step = (at - parent) as u32;
            }
            let leaf = parts.leaf_values.len() as u32;
            let Some(split) = json.get("split") else {
                nodes.push(Node { split: 0, steps: [0, 0], leaf });
                read_leaf(json, parts)?;
                continue;
            };
            let split = i32::try_from(index(split, "split_index")?).unwrap_or(-1);
            nodes.push(Node { split, steps: [0, 0], leaf });
            for (side, key) in [(1, "right"), (0, "left")] {
                let child = json.get(key).ok_or_else(|| absent("a child of a node"))?;
                next.push((child, Some((at, side))));
            }
        }
        sizes.push((nodes.len() - start) as i32);
    }
    parts.trees = Trees::Nodes { sizes, nodes };
    Ok(())
}

fn read_leaf(json: &Json, parts: &mut Parts) -> Result<(), Error> {
    let value = json.get("value").ok_or_else(|| absent("the value of a leaf"))?;
    let values = match value.as_f64() {
        Some(one) => vec![one],
        None => value.numbers().map(Numbers::f64s).ok_or_else(|| wrong("value", "is no number"))?,
    };
    if parts.outputs == 0 {
        parts.outputs = values.len();
    }
    if values.len() != parts.outputs {
        return Err(wrong("value", "differs in length from leaf to leaf"));
    }
    parts.leaf_values.extend(values);
    parts.leaf_weights.extend(json.get("weight").and_then(Json::as_f64));
    Ok(())
}

/// `[scale, bias]`, where the bias is a number or a list of them.
fn read_scale(pair: &Json, parts: &mut Parts) -> Option<()> {
    let (scale, bias) = match (pair.list(), pair.numbers()) {
        (Some([scale, bias]), _) => (scale.as_f64()?, bias.numbers()?.f64s()),
        (_, Some(pair)) => match pair.f64s()[..] {
            [scale, bias] => (scale, vec![bias; parts.outputs.max(1)]),
            _ => return None,
        },
        _ => return None,
    };
    parts.scale = scale;
    if parts.outputs == 0 {
        parts.outputs = bias.len();
    }
    parts.biases = bias.len();
    parts.bias = bias;
    Some(())
}
