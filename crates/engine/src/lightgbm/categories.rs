//! The categories of a booster that never splits by them.

use std::{borrow::Cow, sync::Arc};

use super::text::File;
use crate::{Column, ColumnUse, Data, Table};

/// Which features were trained as categories, of a model that has no split by categories.
///
/// Only splits by categories look at these columns, so nothing reads them: no value in them, not
/// even a text, changes an answer.
#[derive(Debug)]
pub(super) struct Categories(Box<[bool]>);

impl Categories {
    /// Reads `feature_infos`, which lists the codes of a category (`-1:3:2:0`) and gives a number's
    /// range (`[0:7]`). A column with one value is `none`, whatever it holds: when pandas had more
    /// categories than there are lists of codes, some of those columns were categories.
    ///
    /// `None` when no feature is a category that all splits leave alone.
    pub(super) fn read(file: &File<'_>, features: usize) -> Option<Self> {
        let infos = file.header.get("feature_infos")?.split_ascii_whitespace();
        let infos: Vec<&str> = infos.collect();
        let codes = |info: &str| !info.starts_with('[') && info != "none";
        let coded = infos.iter().filter(|info| codes(info)).count();
        let mut all: Box<[bool]> = infos
            .iter()
            .map(|info| codes(info) || (*info == "none" && file.categories > coded))
            .collect();
        if all.len() != features {
            return None;
        }
        let splits = file.trees.iter().filter_map(|tree| tree.get("split_feature"));
        for feature in splits.flat_map(str::split_ascii_whitespace) {
            if let Some(category) = feature.parse().ok().and_then(|at: usize| all.get_mut(at)) {
                *category = false;
            }
        }
        all.contains(&true).then_some(Self(all))
    }

    /// What the booster does with each column.
    pub(super) fn uses(&self) -> Arc<[ColumnUse]> {
        let of = |&category| if category { ColumnUse::Unread } else { ColumnUse::Value };
        self.0.iter().map(of).collect()
    }

    /// The rows with missing values in place of the categories.
    pub(super) fn without_them<'a>(&self, input: &'a Table) -> Cow<'a, Table> {
        let mut table = Cow::Borrowed(input);
        if matches!(input.data, Data::Columns(_))
            && let Data::Columns(columns) = &mut table.to_mut().data
        {
            for (column, _) in columns.iter_mut().zip(&self.0).filter(|(_, category)| **category) {
                *column = Column::F64(vec![f64::NAN; column.len()]);
            }
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::{Categories, File};
    use crate::ColumnUse::{Unread, Value};

    fn uses(split_feature: &str, infos: &str) -> Option<Vec<crate::ColumnUse>> {
        let text = format!(
            "tree\nfeature_infos={infos}\n\nTree=0\nsplit_feature={split_feature}\n\nend of trees\n"
        );
        let file = File::cut(text.as_bytes()).unwrap();
        Some(Categories::read(&file, 3)?.uses().to_vec())
    }

    #[test]
    fn a_category_is_unread_unless_a_split_compares_it() {
        assert_eq!(uses("0 2", "[0:7] -1:3:2:0 [1:2]"), Some(vec![Value, Unread, Value]));
        assert_eq!(uses("", "-1:0 5 none"), Some(vec![Unread, Unread, Value]));
        // LightGBM itself never writes a file that compares a category as a number
        assert_eq!(uses("0 1", "[0:7] -1:3:2:0 [1:2]"), None);
        assert_eq!(uses("0", "[0:7] none [1:2]"), None);
        assert_eq!(uses("0", "-1:0"), None);
    }

    #[test]
    fn a_category_with_one_value_is_unread() {
        let uses = |infos: &str, lists: &str| {
            let text = format!(
                "tree\nfeature_infos={infos}\n\nTree=0\nsplit_feature=0\n\nend of trees\n\n\
                 parameters:\nend of parameters\n\npandas_categorical:{lists}\n"
            );
            let file = File::cut(text.as_bytes()).unwrap();
            Categories::read(&file, 3).map(|them| them.uses().to_vec())
        };
        // as LightGBM 4.7.0 writes a number, a category with the one value `x`, and a constant
        assert_eq!(uses("[-2.3:1.9] none none", r#"[["x"]]"#), Some(vec![Value, Unread, Unread]));
        assert_eq!(uses("[-2.3:1.9] none none", "null"), None);
        let one = uses("[0:7] -1:1:0 none", r#"[["a","b"]]"#);
        assert_eq!(one, Some(vec![Value, Unread, Value]));
    }
}
