use std::{fmt, sync::Arc};

/// Which column an [`Error::Value`](crate::Error::Value) is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnPlace {
    /// The only one: each row is one text.
    Only,
    /// A column of the model's rows, by its position from 0.
    At(usize),
    /// A column of the model's rows, by its name.
    Named(Arc<str>),
    /// A column that was computed from several of the rows' columns, by its position from 0 among
    /// those that a step gets.
    Computed(usize),
}

impl fmt::Display for ColumnPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Only => Ok(()),
            Self::At(at) => write!(f, ", column {at}"),
            Self::Named(name) => write!(f, ", column `{name}`"),
            Self::Computed(at) => write!(f, ", computed column {at}"),
        }
    }
}

/// A text for a message, cut after 40 characters.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{ColumnPlace, shown};
    use crate::Error;

    #[test]
    fn a_column_is_renamed_inside_its_step() {
        let error = Error::value(3, 1, "is wrong").at("step 1 \"a\"");
        let error = error.map_column(|at| ColumnPlace::At(at + 4));
        assert_eq!(error.to_string(), "in step 1 \"a\": row 3, column 5 is wrong");
        let error = error.map_column(|at| ColumnPlace::Named(format!("c{at}").into()));
        let again = error.map_column(|_| ColumnPlace::Only);
        assert_eq!(again.to_string(), "in step 1 \"a\": row 3, column `c5` is wrong");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(shown(&"ü".repeat(41)), format!("{}…", "ü".repeat(40)));
        assert_eq!(shown("short"), "short");
    }
}
