use std::{borrow::Cow, collections::HashMap, sync::Arc};

/// The names by which a request calls its columns, each with the place of its field.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    ordered: Arc<[Arc<str>]>,
    places: HashMap<Arc<str>, usize>,
    /// The places of the columns that a request may leave out.
    optional: Vec<usize>,
    /// The model takes dicts: any name is taken, in any row.
    dicts: bool,
}

impl Names {
    /// Names with their places among the fields.
    pub(crate) fn new(names: impl IntoIterator<Item = (Arc<str>, usize)>) -> Self {
        let (ordered, places): (Vec<_>, Vec<_>) = names.into_iter().unzip();
        let places = ordered.iter().cloned().zip(places).collect();
        Self { ordered: ordered.into(), places, optional: Vec::new(), dicts: false }
    }

    /// The same names as keys of dicts: those that the model knows.
    pub(super) fn of_dicts(self) -> Self {
        Self { dicts: true, ..self }
    }

    /// True when rows are dicts: a name that one row has need not be in another, and a value may be a
    /// list of texts.
    pub(crate) fn are_keys(&self) -> bool {
        self.dicts
    }

    /// The same names, of which those at `places` may be left out.
    pub(super) fn with_optional(self, places: impl Iterator<Item = usize>) -> Self {
        Self { optional: places.collect(), ..self }
    }

    /// True for a column that a request may leave out, also in some rows only.
    pub(crate) fn may_lack(&self, name: &str) -> bool {
        let listed = |at| self.optional.contains(&at);
        self.dicts || !self.optional.is_empty() && self.find(name).is_some_and(listed)
    }

    /// The names in the order of the fields.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.ordered.iter().map(|name| &**name)
    }

    /// Number of different names.
    pub(super) fn count(&self) -> usize {
        self.places.len()
    }

    /// The place of the field that a request calls `name`.
    ///
    /// `LightGBM` keeps names with an underscore for every space (`Dataset::set_feature_names`), while
    /// those who send rows know the names of their own table.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        let exact = self.places.get(name).copied();
        exact.or_else(|| match underscored(name) {
            Cow::Owned(changed) => self.places.get(&*changed).copied(),
            Cow::Borrowed(_) => None,
        })
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.dicts || self.find(name).is_some()
    }
}

/// A name as `LightGBM` writes it.
pub(super) fn underscored(name: &str) -> Cow<'_, str> {
    if name.contains(' ') { Cow::Owned(name.replace(' ', "_")) } else { Cow::Borrowed(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_as_written_and_as_lightgbm_writes_it() {
        let names = Names::new([("a_b".into(), 0), ("c d".into(), 1), ("c_d".into(), 2)]);
        for (name, expected) in
            [("a_b", Some(0)), ("a b", Some(0)), ("c d", Some(1)), ("c_d", Some(2)), ("a", None)]
        {
            assert_eq!(names.find(name), expected, "{name}");
        }
    }
}
