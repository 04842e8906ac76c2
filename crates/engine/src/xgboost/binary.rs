//! The binary format that XGBoost wrote by default before 2.1 and dropped in 3.1: the structures of the
//! program as they lay in memory, little-endian, one after the other.
//!
//! The layout is that of `LearnerModelParamLegacy`, `GBTreeModelParam` and `RegTree` in XGBoost's
//! sources; files of releases 1.3 to 2.1 were compared.

use super::objective::Objective;
use crate::{
    Error,
    read::{
        budget::Budget,
        tree_json::{Json, Numbers},
    },
};

/// What `save_model` writes first; files of very old releases begin without it.
const MAGIC: &[u8] = b"binf";

/// What pickles of 1.0 to 1.2 may hold before the model: this, and the model's length. Parameters of
/// training follow the model.
const SERIALISED: &[u8] = b"CONFIG-offset:";

/// Bytes of the parameters of a learner, of its trees together, and of one tree.
const LEARNER: usize = 136;
const TREES: usize = 160;
const TREE: usize = 148;

/// Bytes of the parameters of a linear model.
const LINEAR: usize = 136;

/// Bytes of a node, and of what training knew of it.
const NODE: usize = 20;
const STATISTICS: usize = 16;

/// Memory that the tree of values takes for each tree beside its nodes.
const TREE_OVERHEAD: usize = 1 << 10;

/// True when the file begins as `save_model` began it, or names its objective and its booster where
/// this format does.
pub(super) fn recognises(bytes: &[u8]) -> bool {
    if bytes.starts_with(MAGIC) || bytes.starts_with(SERIALISED) {
        return true;
    }
    let mut reader = Reader::new(bytes);
    let mut names = || {
        reader.take(LEARNER).ok()?;
        reader.text().ok().filter(|name| name.contains(':'))?;
        reader.text().ok()
    };
    names().is_some_and(|name| matches!(&*name, "gbtree" | "dart" | "gblinear"))
}

/// Reads a file into what the same model in JSON is read into.
///
/// # Errors
/// [`Error::Malformed`] with the byte where the file ends too early or declares what cannot be.
pub(super) fn parse(bytes: &[u8]) -> Result<Json, Error> {
    let mut reader = Reader::new(bytes);
    let learner = reader.take(LEARNER)?;
    let [classes, has_attributes] = [2, 3].map(|index| i32::from_le_bytes(word(learner, index)));
    let [features, major, minor, targets] =
        [1, 5, 6, 7].map(|index| u32::from_le_bytes(word(learner, index)));
    let base = f32::from_le_bytes(word(learner, 0));
    let objective = reader.text()?;
    let booster = reader.text()?;
    let mut gradient_booster = vec![("name".to_owned(), Json::Text(booster.clone()))];
    let release = (major, minor);
    match &*booster {
        "gbtree" => gradient_booster.push(("model".to_owned(), reader.model(release)?)),
        "dart" => {
            let model = reader.model(release)?;
            let trees = model.get("trees").and_then(Json::list).is_some_and(|t| !t.is_empty());
            let weights = if trees { reader.floats()? } else { Json::List(Vec::new()) };
            gradient_booster.push(("gbtree".to_owned(), map([("model", model)])));
            gradient_booster.push(("weight_drop".to_owned(), weights));
        }
        "gblinear" => {
            reader.take(LINEAR)?;
            let model = map([("weights", reader.floats()?)]);
            gradient_booster.push(("model".to_owned(), model));
        }
        _ => return Err(reader.wrong(format!("`{booster}` is no known booster"))),
    }
    let attributes = if has_attributes == 0 { Vec::new() } else { reader.attributes()? };
    // before 1.0 it was stored as a score
    let base = if major == 0 { Objective::answer(&objective, base) } else { base };
    let parameters = map([
        ("base_score", Json::Float(f64::from(base))),
        ("num_feature", Json::Int(i64::from(features))),
        ("num_class", Json::Int(i64::from(classes))),
        ("num_target", Json::Int(i64::from(targets))),
    ]);
    let learner = map([
        ("learner_model_param", parameters),
        ("objective", map([("name", Json::Text(objective))])),
        ("gradient_booster", Json::Map(gradient_booster)),
        ("attributes", Json::Map(attributes)),
    ]);
    let version = Json::Numbers(Numbers::I64(vec![i64::from(major), i64::from(minor)]));
    Ok(map([("learner", learner), ("version", version)]))
}

fn map<const N: usize>(pairs: [(&str, Json); N]) -> Json {
    Json::Map(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// The 4 bytes of one field of a structure.
fn word(structure: &[u8], index: usize) -> [u8; 4] {
    structure.as_chunks::<4>().0.get(index).copied().unwrap_or_default()
}

struct Reader<'a> {
    input: &'a [u8],
    at: usize,
    budget: Budget,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let length = bytes.strip_prefix(SERIALISED).and_then(<[u8]>::split_first_chunk::<8>);
        let bytes = length.map_or(bytes, |(_, model)| model);
        let at = if bytes.starts_with(MAGIC) { MAGIC.len() } else { 0 };
        Self { input: bytes, at, budget: Budget::new("XGBoost binary model", bytes.len()) }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let left = self.input.get(self.at..).unwrap_or_default();
        let taken = left.get(..count).ok_or_else(|| {
            self.wrong(format!("{count} bytes are declared, and {} are left", left.len()))
        })?;
        self.at += count;
        Ok(taken)
    }

    /// Items of `size` bytes, as many as a field declares.
    fn items(&mut self, count: i32, size: usize) -> Result<&'a [u8], Error> {
        let bytes = usize::try_from(count).ok().and_then(|count| count.checked_mul(size));
        match bytes {
            Some(bytes) => self.take(bytes),
            None => Err(self.wrong(format!("`{count}` is no count"))),
        }
    }

    /// A length of 8 bytes.
    fn length(&mut self) -> Result<usize, Error> {
        let length = self.take(8)?.first_chunk().copied().map(u64::from_le_bytes);
        let length = length.and_then(|length| usize::try_from(length).ok());
        length.ok_or_else(|| self.wrong("a length does not fit into memory".into()))
    }

    fn text(&mut self) -> Result<String, Error> {
        let length = self.length()?;
        let bytes = self.take(length)?;
        self.budget.charge(length, self.at)?;
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    /// Floats after their number.
    fn floats(&mut self) -> Result<Json, Error> {
        let count = self.length()?;
        let bytes = count.checked_mul(4).ok_or_else(|| self.wrong("too many values".into()))?;
        let floats = self.take(bytes)?;
        self.budget.charge(bytes, self.at)?;
        let floats = floats.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes));
        Ok(Json::Numbers(Numbers::F32(floats.collect())))
    }

    /// The trees, and the output that each of them adds to.
    fn model(&mut self, release: (u32, u32)) -> Result<Json, Error> {
        let parameters = self.take(TREES)?;
        let [count, parallel] = [0, 1].map(|index| i32::from_le_bytes(word(parameters, index)));
        let mut trees = Vec::new();
        for _ in 0..count {
            let tree = self.tree()?;
            self.budget.push(&mut trees, tree, self.at)?;
        }
        let info = self.items(count, 4)?;
        self.budget.charge(info.len(), self.at)?;
        let mut model = vec![
            ("trees".to_owned(), Json::List(trees)),
            ("tree_info".to_owned(), Json::Numbers(Numbers::I32(column(info, 1, 0)))),
        ];
        // earlier releases have another number in its place
        if release >= (1, 6) {
            let parallel = map([("num_parallel_tree", Json::Int(i64::from(parallel)))]);
            model.push(("gbtree_model_param".to_owned(), parallel));
        }
        Ok(Json::Map(model))
    }

    fn tree(&mut self) -> Result<Json, Error> {
        let parameters = self.take(TREE)?;
        let [count, leaf_size] = [1, 5].map(|index| i32::from_le_bytes(word(parameters, index)));
        if leaf_size > 1 {
            return Err(self.wrong(format!("its leaves hold `{leaf_size}` values")));
        }
        let nodes = self.items(count, NODE)?;
        let statistics = self.items(count, STATISTICS)?;
        self.budget.charge(nodes.len().saturating_add(TREE_OVERHEAD), self.at)?;
        let words = NODE / 4;
        let numbers = |index| Json::Numbers(Numbers::I32(column(nodes, words, index)));
        // the highest bit of the feature tells where missing values go
        let marked = column(nodes, words, 3);
        let features = marked.iter().map(|feature| feature & i32::MAX).collect();
        let default_left = marked.iter().map(|&feature| u8::from(feature < 0)).collect();
        let floats = |items: Vec<i32>| {
            let floats = items.into_iter().map(|bits| f32::from_bits(bits.cast_unsigned()));
            Json::Numbers(Numbers::F32(floats.collect()))
        };
        let covers = column(statistics, STATISTICS / 4, 1);
        Ok(map([
            ("left_children", numbers(1)),
            ("right_children", numbers(2)),
            ("split_indices", Json::Numbers(Numbers::I32(features))),
            ("default_left", Json::Numbers(Numbers::U8(default_left))),
            ("split_conditions", floats(column(nodes, words, 4))),
            ("sum_hessian", floats(covers)),
        ]))
    }

    /// What is said of the model by names, such as its best round.
    fn attributes(&mut self) -> Result<Vec<(String, Json)>, Error> {
        let count = self.length()?;
        let mut attributes = Vec::new();
        for _ in 0..count {
            let pair = (self.text()?, Json::Text(self.text()?));
            self.budget.push(&mut attributes, pair, self.at)?;
        }
        Ok(attributes)
    }

    fn wrong(&self, reason: String) -> Error {
        let place = format!("byte {}", self.at);
        Error::Malformed { format: "XGBoost binary model", place, reason }
    }
}

/// One field of every structure in `bytes`, each of them so many words long.
fn column(bytes: &[u8], words: usize, index: usize) -> Vec<i32> {
    let items = bytes.as_chunks::<4>().0.iter().skip(index).step_by(words);
    items.map(|&bytes| i32::from_le_bytes(bytes)).collect()
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::{Objective, parse, recognises};

    fn golden() -> Vec<u8> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/xgboost-1.7.6");
        fs::read(folder.join("old-binary-squared-error/model.deprecated")).unwrap()
    }

    #[test]
    fn every_truncation_of_the_trees_is_an_error() {
        let bytes = golden();
        let end = bytes.windows(9).position(|at| at == b"objective").unwrap();
        assert!(parse(&bytes).is_ok());
        for length in 0..end {
            assert!(parse(&bytes[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn files_are_recognised_with_and_without_the_magic() {
        let bytes = golden();
        assert!(recognises(&bytes) && recognises(&bytes[4..]));
        assert!(!recognises(&bytes[4..120]) && !recognises(&[0; 400]) && !recognises(&[b'x'; 400]));
    }

    #[test]
    fn a_model_in_a_pickle_of_before_1_3_has_a_length_before_it() {
        let bytes = golden();
        let length = (bytes.len() as u64 - 4).to_le_bytes();
        let all = [b"CONFIG-offset:", &length[..], &bytes[4..], b"{\"learner\":{}}"].concat();
        assert!(recognises(&all));
        assert_eq!(parse(&all).unwrap(), parse(&bytes).unwrap());
    }

    #[test]
    fn a_base_score_of_before_1_0_was_a_score() {
        assert_eq!(Objective::answer("binary:logistic", 0.0), 0.5);
        assert_eq!(Objective::answer("multi:softprob", 0.25), 0.25);
        assert_eq!(Objective::answer("reg:linear", 0.25), 0.25);
    }

    #[test]
    fn a_count_that_the_file_cannot_hold_is_an_error() {
        let mut bytes = golden();
        let trees = bytes.windows(6).position(|at| at == b"gbtree").unwrap() + 6;
        for count in [i32::MAX, -1] {
            bytes[trees..trees + 4].copy_from_slice(&count.to_le_bytes());
            assert!(parse(&bytes).is_err(), "{count}");
        }
    }
}
