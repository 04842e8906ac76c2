use crate::{
    Error, quantity,
    read::budget::{ALLOCATION, Budget},
};

/// A run of `key=value` lines: the header, or one tree.
#[derive(Debug, Default)]
pub(super) struct Block<'a> {
    /// Line of its first pair, for messages.
    pub(super) line: usize,
    /// The byte where it begins.
    pub(super) place: usize,
    lines: Box<[&'a str]>,
}

/// The parts of a model file that prediction needs.
#[derive(Debug)]
pub(super) struct File<'a> {
    pub(super) header: Block<'a>,
    pub(super) trees: Vec<Block<'a>>,
    /// The columns that the parameters of training call categories.
    pub(super) categorical: Vec<usize>,
    /// The lists of pandas' categories, in JSON.
    pub(super) pandas: Option<&'a str>,
    /// Memory that may still be taken: thrice the text, as numbers are shorter there than in memory.
    pub(super) budget: Budget,
}

impl<'a> File<'a> {
    /// Cuts the text into its blocks: the header up to the first `Tree=`, then the trees up to
    /// `end of trees`.
    pub(super) fn cut(bytes: &'a [u8]) -> Result<Self, Error> {
        let text = str::from_utf8(bytes).map_err(|error| {
            malformed(format!("byte `{}`", error.valid_up_to()), "is not UTF-8")
        })?;
        let text = text.trim_end_matches('\0');
        let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
        match lines.find(|(_, line)| !line.is_empty()) {
            Some((_, "tree")) => {}
            _ => return Err(malformed("line `1`", "does not begin with `tree`")),
        }
        // lines of a real file are longer than what is kept of each
        let mut budget = Budget::new("LightGBM model", bytes.len().saturating_mul(3));
        let (mut blocks, mut own) = (Vec::new(), Vec::new());
        let (mut first, mut start) = (2, 0);
        let mut ended = false;
        for (number, line) in lines.by_ref() {
            let place = line.as_ptr().addr() - bytes.as_ptr().addr();
            ended = line == "end of trees";
            if ended || value(line, "Tree").is_some() {
                let block = Block { line: first, place: start, lines: own.drain(..).collect() };
                budget.charge(block.memory(), place)?;
                budget.push(&mut blocks, block, place)?;
                (first, start) = (number, place);
            }
            if ended {
                break;
            }
            if !line.is_empty() {
                budget.push(&mut own, line, place)?;
            }
        }
        if !ended {
            return Err(malformed("its end", "`end of trees` is missing: the file is cut short"));
        }
        let trees = blocks.split_off(1);
        let mut categorical = Vec::new();
        let mut pandas = None;
        for (_, line) in lines {
            if let Some(columns) = line.strip_prefix("[categorical_feature:") {
                let columns = columns.trim_end_matches(']').split(',');
                for column in columns.filter_map(|column| column.trim().parse().ok()) {
                    budget.push(&mut categorical, column, bytes.len())?;
                }
            } else if let Some(listed) = line.strip_prefix("pandas_categorical:") {
                pandas = Some(listed);
            }
        }
        let header = blocks.pop().unwrap_or_default();
        Ok(Self { header, trees, categorical, pandas, budget })
    }
}

impl<'a> Block<'a> {
    /// The value of a key; empty for a bare word.
    pub(super) fn get(&self, key: &str) -> Option<&'a str> {
        self.lines.iter().rev().find_map(|line| value(line, key))
    }

    /// The most values that the list of a key can have.
    pub(super) fn most(&self, key: &str) -> usize {
        self.get(key).map_or(0, most)
    }

    /// Bytes that its lines take.
    pub(super) fn memory(&self) -> usize {
        size_of_val(&self.lines[..]) + ALLOCATION
    }

    /// A count that must be there.
    pub(super) fn count(&self, key: &str) -> Result<usize, Error> {
        let value = self.get(key).ok_or_else(|| self.wrong(key, "is missing"))?;
        value.trim().parse().map_err(|_| self.wrong(key, "is not a count"))
    }

    /// Values separated by spaces, of which there must be `count`.
    pub(super) fn list<T: std::str::FromStr>(
        &self,
        key: &str,
        count: usize,
    ) -> Result<Vec<T>, Error> {
        let text = self.get(key).unwrap_or_default();
        let mut words = text.split_ascii_whitespace();
        let mut values = Vec::with_capacity(count.min(most(text)));
        for word in words.by_ref().take(count) {
            let value = word.parse().map_err(|_| self.wrong(key, "has a value of another type"))?;
            values.push(value);
        }
        let found = values.len() + words.count();
        if found != count {
            let reason = format!("has {} instead of {count}", quantity(found, "value"));
            return Err(self.wrong(key, &reason));
        }
        Ok(values)
    }

    pub(super) fn wrong(&self, key: &str, reason: &str) -> Error {
        malformed(format!("`{key}` of the block at line `{}`", self.line), reason)
    }
}

/// The most values that a text can hold: there is a space between them.
fn most(text: &str) -> usize {
    text.len() / 2 + 1
}

/// What a line says of a key.
fn value<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(key)?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('=') }
}

/// The error for a file that is not as `save_model` writes it.
pub(super) fn malformed(place: impl Into<String>, reason: impl Into<String>) -> Error {
    Error::Malformed { format: "LightGBM model", place: place.into(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::File;

    #[test]
    fn blocks_are_cut_and_values_found() {
        let file = File::cut(b"tree\nversion=v4\naverage_output\n\nTree=0\nnum_leaves=1\nleaf_value=2.5\n\nend of trees\n\npandas_categorical:null\n").unwrap();
        assert_eq!(file.header.get("version"), Some("v4"));
        assert_eq!(file.header.get("average_output"), Some(""));
        assert_eq!(file.trees.len(), 1);
        assert_eq!(file.trees[0].list::<f64>("leaf_value", 1).unwrap(), [2.5]);
        let message = file.trees[0].list::<f64>("leaf_value", 2).unwrap_err().to_string();
        assert!(message.contains("`leaf_value` of the block at line `5`"), "{message}");
    }

    #[test]
    fn a_value_is_that_of_the_whole_key_which_stands_last() {
        let text = b"tree\nabc=1\nab=2\nab=3=4\nb\n\nTree=0\nab=5\nTree=1\nend of trees\nab=6\n";
        let file = File::cut(text).unwrap();
        let found = ["abc", "ab", "b", "a", "bc"].map(|key| file.header.get(key));
        assert_eq!(found, [Some("1"), Some("3=4"), Some(""), None, None]);
        let trees: Vec<_> = file.trees.iter().map(|tree| (tree.line, tree.get("ab"))).collect();
        assert_eq!(trees, [(7, Some("5")), (9, None)]);
    }

    #[test]
    fn many_short_lines_take_no_more_than_their_share_of_memory() {
        for line in ["a\n", "Tree\n"] {
            let text = "tree\n".to_owned() + &line.repeat(12_000_000 / line.len());
            let message = File::cut(text.as_bytes()).unwrap_err().to_string();
            assert!(message.contains("bytes of memory"), "{message}");
        }
    }

    #[test]
    fn a_file_that_was_cut_short_is_refused() {
        let message = File::cut(b"tree\nTree=0\nnum_leaves=1\n").unwrap_err().to_string();
        assert!(message.contains("cut short"), "{message}");
    }
}
