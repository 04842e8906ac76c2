use crate::{
    Error, attributes,
    read::Cursor,
    sklearn::building::Building,
    tree::{Categories, Split, Test, View},
};

/// A set of categories from 0 to 255.
type Bits = [u32; 8];

/// The categories that training saw, for each feature that has any.
pub(super) struct Known(Vec<Option<Bits>>);

impl Known {
    /// Reads the bin mapper of a model of so many features: where a feature is categorical, its
    /// thresholds are its categories.
    pub(super) fn read(c: Cursor<'_>, features: usize) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::attribute(c.class_name(), "_bin_mapper", reason);
        let mapper = c.require("_bin_mapper")?;
        let Some(flags) = mapper.attr("is_categorical_").filter(|flags| !flags.is_none()) else {
            return Ok(Self(Vec::new()));
        };
        let flags = flags
            .as_array()
            .and_then(|array| array.bools(c.document()).ok())
            .filter(|flags| flags.len() == features)
            .ok_or_else(|| wrong("does not say of each feature whether it is categorical"))?;
        if !flags.contains(&true) {
            return Ok(Self(Vec::new()));
        }
        let thresholds = attributes::list(mapper, "bin_thresholds_")?;
        attributes::counted(mapper, "bin_thresholds_", thresholds.len(), features)?;
        let mut known = Vec::with_capacity(features);
        for (is_categorical, thresholds) in flags.into_iter().zip(thresholds) {
            if !is_categorical {
                known.push(None);
                continue;
            }
            let values = thresholds.as_array().and_then(|a| a.f64s(c.document()).ok());
            let mut bits = Bits::default();
            for value in values.ok_or_else(|| wrong("has categories that are not numbers"))? {
                if !(0.0..256.0).contains(&value) {
                    return Err(wrong("has a category that is not from 0 to 255"));
                }
                let category = value as u8;
                if let Some(word) = bits.get_mut(usize::from(category / 32)) {
                    *word |= 1 << (category % 32);
                }
            }
            known.push(Some(bits));
        }
        Ok(Self(known))
    }

    fn of(&self, feature: u32) -> Option<Bits> {
        self.0.get(feature as usize).copied().flatten()
    }
}

/// One tree as `TreePredictor` stores it.
pub(super) struct Nodes {
    pub(super) splits: Vec<Split<f64>>,
    /// The value of each node.
    pub(super) values: Vec<f64>,
}

impl Nodes {
    /// Reads the nodes by the names of their fields, whose places and sizes differ between
    /// releases.
    pub(super) fn read(c: Cursor<'_>, building: &Building, known: &Known) -> Result<Self, Error> {
        building.enter(c)?;
        let doc = c.document();
        let wrong = |reason: String| Error::attribute("TreePredictor", "nodes", reason);
        let nodes = c.require("nodes")?;
        let nodes = nodes.as_array().ok_or_else(|| wrong("is not an array".into()))?;
        let lacks = |name: &str| wrong(format!("lacks numbers in the field `{name}`"));
        let integers = |name: &str| {
            nodes.field(doc, name).and_then(|field| field.i64s().ok()).ok_or_else(|| lacks(name))
        };
        let doubles = |name: &str| {
            nodes.field(doc, name).and_then(|field| field.f64s().ok()).ok_or_else(|| lacks(name))
        };
        let values = doubles("value")?;
        // before 0.24 there were no categories, and one kind of threshold
        let thresholds = doubles("num_threshold").or_else(|_| doubles("threshold"))?;
        let (leaf, missing_left) = (integers("is_leaf")?, integers("missing_go_to_left")?);
        let (feature, left, right) =
            (integers("feature_idx")?, integers("left")?, integers("right")?);
        let categorical = integers("is_categorical").unwrap_or_default();
        let sets = integers("bitset_idx").unwrap_or_default();
        let bitsets = bitsets(c)?;
        let mut splits = Vec::with_capacity(values.len());
        for at in 0..values.len() {
            let number = |of: &[i64]| of.get(at).copied().unwrap_or(0);
            if number(&leaf) != 0 {
                splits.push(Split::Leaf);
                continue;
            }
            let missing_right = number(&missing_left) == 0;
            let feature = index(number(&feature));
            let test = if number(&categorical) == 0 {
                Test::Above {
                    feature,
                    threshold: thresholds.get(at).copied().unwrap_or(f64::NAN),
                    view: if missing_right { View::NanRight } else { View::Plain },
                }
            } else {
                let set = usize::try_from(number(&sets)).ok().and_then(|set| bitsets.get(set));
                let (Some(&left), Some(known)) = (set, known.of(feature)) else {
                    return Err(wrong(format!("asks for categories at {at} that are not there")));
                };
                Test::NotIn { feature, categories: Categories { left, known, missing_right } }
            };
            splits.push(Split::Inner {
                test,
                left: index(number(&left)),
                right: index(number(&right)),
            });
        }
        Ok(Self { splits, values })
    }
}

/// An index; what cannot be one becomes one that the builder refuses.
fn index(stored: i64) -> u32 {
    u32::try_from(stored).unwrap_or(u32::MAX)
}

/// The sets of categories that go left.
fn bitsets(c: Cursor<'_>) -> Result<Vec<Bits>, Error> {
    let Some(value) = c.attr("raw_left_cat_bitsets") else { return Ok(Vec::new()) };
    let words = value.as_array().and_then(|array| array.i64s(c.document()).ok());
    let words: Option<Vec<u32>> =
        words.and_then(|words| words.into_iter().map(|word| u32::try_from(word).ok()).collect());
    let words = words.ok_or_else(|| {
        Error::attribute("TreePredictor", "raw_left_cat_bitsets", "is not an array of bit sets")
    })?;
    Ok(words.as_chunks::<8>().0.to_vec())
}
