//! Pieces of statements whose length depends on how much is asked for.

/// Most rows or keys of one statement, so that no database meets more values than it takes.
pub(crate) const ROWS: usize = 500;

/// `?, ?, ?` for so many values.
pub(crate) fn marks(count: usize) -> String {
    let mut text = "?, ".repeat(count);
    text.truncate(text.len().saturating_sub(2));
    text
}

/// `(?, ?), (?, ?)` for so many rows of so many values.
pub(crate) fn tuples(values: usize, rows: usize) -> String {
    let mut text = format!("({}), ", marks(values)).repeat(rows);
    text.truncate(text.len().saturating_sub(2));
    text
}

#[cfg(test)]
mod tests {
    use super::{marks, tuples};

    #[test]
    fn every_value_has_a_mark() {
        assert_eq!((marks(0), marks(1), marks(3)), (String::new(), "?".into(), "?, ?, ?".into()));
        assert_eq!(tuples(2, 2), "(?, ?), (?, ?)");
        assert_eq!(tuples(2, 0), "");
    }
}
