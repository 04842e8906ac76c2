//! What a model file says about its training.

use std::collections::BTreeMap;

use super::parts::{Classes, Info};
use crate::{
    Error, Labels, Limits,
    read::{
        json,
        tree_json::{Json, Numbers},
    },
};

/// From the texts of a binary file, some of which are JSON.
pub(super) fn of_texts(texts: &BTreeMap<String, String>, limits: &Limits) -> Result<Info, Error> {
    let parsed = |name: &str| {
        let text = texts.get(name).filter(|text| text.starts_with('{'));
        text.map(|text| json::parse(text.as_bytes(), limits)).transpose()
    };
    let (params, classes) = (parsed("params")?, parsed("class_params")?);
    // its name before 0.22
    let classes = if classes.is_some() { classes } else { parsed("multiclass_params")? };
    let text = |name: &str| texts.get(name).map_or("", String::as_str);
    let threshold = text("binclass_probability_threshold").parse().ok();
    Ok(Info::new(text("catboost_version_info"), params.as_ref(), classes.as_ref(), threshold))
}

/// From `model_info` of a file of JSON.
pub(super) fn of_json(info: Option<&Json>) -> Info {
    let get = |name: &str| info.and_then(|info| info.get(name));
    let classes = get("class_params").or_else(|| get("multiclass_params"));
    let version = get("catboost_version_info").and_then(Json::as_str).unwrap_or_default();
    let threshold = get("binclass_probability_threshold").and_then(Json::as_f64);
    Info::new(version, get("params"), classes, threshold)
}

impl Info {
    fn new(
        description: &str,
        params: Option<&Json>,
        classes: Option<&Json>,
        threshold: Option<f64>,
    ) -> Self {
        let loss = params.and_then(|params| params.at(&["loss_function", "type"])?.as_str());
        let version = version(description);
        let classes = classes.and_then(|classes| Classes::read(classes, names_booleans(&version)));
        Self { version, loss: loss.unwrap_or_default().to_owned(), classes, threshold }
    }
}

/// The release in a text of several lines, such as `Branch: tags/v1.2.10`.
fn version(description: &str) -> String {
    let after = |mark: &str| {
        let (_, rest) = description.split_once(mark)?;
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let found = rest.get(..end)?.trim_end_matches('.');
        found.contains('.').then(|| found.to_owned())
    };
    let marks = ["tags/v", "elease ", "elease v", "ersion "];
    marks.into_iter().find_map(after).unwrap_or_default()
}

/// True for releases that answer with `True` and `False` as texts: those before 1.2.3.
fn names_booleans(version: &str) -> bool {
    let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0_u32));
    let mut next = || numbers.next().unwrap_or(0);
    !version.is_empty() && (next(), next(), next()) < (1, 2, 3)
}

impl Classes {
    /// Reads the classes that a classifier was trained on.
    fn read(json: &Json, names_booleans: bool) -> Option<Self> {
        let numbers = |key: &str| {
            let numbers = json.get(key).and_then(Json::numbers);
            numbers.map(Numbers::f64s).unwrap_or_default()
        };
        let kept = numbers("class_to_label");
        let count = json.get("classes_count").and_then(Json::as_i64).unwrap_or(0);
        let count = usize::try_from(count).ok().filter(|&count| count <= MOST_CLASSES)?;
        let names = json.get("class_names");
        let kind = json.get("class_label_type").and_then(Json::as_str).unwrap_or("Integer");
        let named = names.and_then(|names| labels(names, kind, names_booleans));
        let whole = |labels: &[f64]| labels.iter().map(|&label| label as i64).collect();
        let all = |count: usize| (0..count as i64).collect();
        let known = named.as_ref().map_or(0, Labels::len).max(count);
        if known == 0 {
            // classes have no names but the numbers they were trained with
            let count = kept.len();
            let labels = (count > 0).then(|| Labels::I64(whole(&kept)));
            return Some(Self { labels, of_outputs: (0..count).collect(), count });
        }
        let labels = named.filter(|named| named.len() == known).unwrap_or(Labels::I64(all(known)));
        let of_outputs = kept.iter().map(|&label| label as usize).collect();
        Some(Self { labels: Some(labels), of_outputs, count: known })
    }
}

/// Most classes that a file may speak of without naming them.
const MOST_CLASSES: usize = 1 << 16;

fn labels(names: &Json, kind: &str, names_booleans: bool) -> Option<Labels> {
    let texts = |json: &Json| -> Option<Labels> {
        let texts = json.list()?.iter().map(|name| Some(name.as_str()?.into()));
        Some(Labels::Text(texts.collect::<Option<_>>()?))
    };
    let numbers = || names.numbers().filter(|numbers| !numbers.is_empty());
    Some(match kind {
        "Integer" => Labels::I64(numbers()?.i64s()?.into()),
        "Float" => Labels::F64(numbers()?.f64s().into()),
        "Boolean" => {
            let flags = numbers()?.f64s();
            let flags = flags.iter().map(|&flag| flag != 0.0);
            if names_booleans {
                let name = |flag| if flag { "True".into() } else { "False".into() };
                Labels::Text(flags.map(name).collect())
            } else {
                Labels::Bool(flags.collect())
            }
        }
        _ => texts(names).filter(|labels| !labels.is_empty())?,
    })
}

#[cfg(test)]
mod tests {
    use super::{names_booleans, version};

    #[test]
    fn releases_are_found_in_their_description() {
        let text = "Git info:\n    Branch: tags/v1.2.10\n    Summary: CatBoost release 1.2.10. x";
        assert_eq!(version(text), "1.2.10");
        assert_eq!(version("Summary: Release 0.26.1\n"), "0.26.1");
        assert_eq!(version("nothing"), "");
        assert!(names_booleans("1.2.2") && names_booleans("0.26.1"));
        assert!(!names_booleans("1.2.10") && !names_booleans("1.3") && !names_booleans(""));
    }
}
