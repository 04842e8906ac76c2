use super::{
    text::File,
    wrapper::{handle, rounds},
};
use crate::{Error, read::Cursor};

/// Columns up to which importances are listed.
const MOST_FEATURES: usize = 1 << 24;

/// `feature_importances_` of a wrapper: how often each column splits, or what its splits gained.
///
/// # Errors
/// [`Error::Attribute`] for a kind that is neither `split` nor `gain`, [`Error::Malformed`] for a text
/// without its splits.
pub(crate) fn importances(estimator: Cursor<'_>, kind: &str) -> Result<Vec<f64>, Error> {
    let gain = match kind {
        "split" => false,
        "gain" => true,
        _ => {
            let reason = format!("is `{kind}`, where `split` or `gain` is expected");
            return Err(Error::attribute(estimator.class_name(), "importance_type", reason));
        }
    };
    let booster = estimator.require("_Booster")?;
    let file = File::cut(handle(booster)?)?;
    let header = &file.header;
    let features = header.count("max_feature_idx")?.saturating_add(1);
    if features > MOST_FEATURES {
        return Err(header.wrong("max_feature_idx", "names too many columns"));
    }
    let each = header.count("num_tree_per_iteration").unwrap_or(1);
    let used = rounds(booster).map_or(usize::MAX, |rounds| rounds.saturating_mul(each));
    let mut values = vec![0.0; features];
    for block in file.trees.iter().take(used) {
        let splits = block.count("num_leaves")?.saturating_sub(1);
        let columns: Vec<usize> = block.list("split_feature", splits)?;
        let gains: Vec<f64> = block.list("split_gain", splits)?;
        for (column, gained) in columns.into_iter().zip(gains) {
            let value = values
                .get_mut(column)
                .ok_or_else(|| block.wrong("split_feature", "names a column the model has not"))?;
            // a split without gain counts for nothing
            if gained > 0.0 {
                *value += if gain { gained } else { 1.0 };
            }
        }
    }
    Ok(values)
}
