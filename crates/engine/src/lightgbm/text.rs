use crate::{Error, quantity};

/// A run of `key=value` lines: the header, or one tree.
#[derive(Debug, Default)]
pub(super) struct Block<'a> {
    /// Line of its first pair, for messages.
    pub(super) line: usize,
    pairs: Vec<(&'a str, &'a str)>,
}

/// The parts of a model file that prediction needs.
#[derive(Debug)]
pub(super) struct File<'a> {
    pub(super) header: Block<'a>,
    pub(super) trees: Vec<Block<'a>>,
    /// How many columns of the training frame were categories of pandas.
    pub(super) categories: usize,
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
        let mut blocks = vec![Block { line: 2, pairs: Vec::new() }];
        let mut ended = false;
        for (number, line) in lines.by_ref() {
            if line == "end of trees" {
                ended = true;
                break;
            }
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            if key == "Tree" {
                blocks.push(Block { line: number, pairs: Vec::new() });
            }
            if let (Some(block), false) = (blocks.last_mut(), line.is_empty()) {
                block.pairs.push((key, value));
            }
        }
        if !ended {
            return Err(malformed("its end", "`end of trees` is missing: the file is cut short"));
        }
        let trees = blocks.split_off(1);
        let listed = lines.find_map(|(_, line)| line.strip_prefix("pandas_categorical:"));
        let categories = listed.map_or(0, lists);
        Ok(Self { header: blocks.pop().unwrap_or_default(), trees, categories })
    }
}

/// How many lists a list of lists in JSON holds.
fn lists(json: &str) -> usize {
    let (mut depth, mut count) = (0_usize, 0);
    let (mut quoted, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            b'"' if !escaped => quoted = !quoted,
            b'[' if !quoted => {
                depth += 1;
                count += usize::from(depth == 2);
            }
            b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        escaped = quoted && byte == b'\\' && !escaped;
    }
    count
}

impl<'a> Block<'a> {
    /// The value of a key; empty for a bare word.
    pub(super) fn get(&self, key: &str) -> Option<&'a str> {
        self.pairs.iter().rev().find(|(name, _)| *name == key).map(|(_, value)| *value)
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
        let values: Result<Vec<T>, _> = text.split_ascii_whitespace().map(str::parse).collect();
        let values = values.map_err(|_| self.wrong(key, "has a value of another type"))?;
        if values.len() != count {
            let reason = format!("has {} instead of {count}", quantity(values.len(), "value"));
            return Err(self.wrong(key, &reason));
        }
        Ok(values)
    }

    pub(super) fn wrong(&self, key: &str, reason: &str) -> Error {
        malformed(format!("`{key}` of the block at line `{}`", self.line), reason)
    }
}

/// The error for a file that is not as `save_model` writes it.
pub(super) fn malformed(place: impl Into<String>, reason: impl Into<String>) -> Error {
    Error::Malformed { format: "LightGBM model", place: place.into(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::File;

    #[test]
    fn the_lists_of_categories_are_counted() {
        for (json, expected) in [
            ("null", 0),
            ("[]", 0),
            (r#"[["x"]]"#, 1),
            (r#"[["a]", "[\"[", "b"], [1, 2], []]"#, 3),
            ("[[", 1),
        ] {
            assert_eq!(super::lists(json), expected, "{json}");
        }
    }

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
    fn a_file_that_was_cut_short_is_refused() {
        let message = File::cut(b"tree\nTree=0\nnum_leaves=1\n").unwrap_err().to_string();
        assert!(message.contains("cut short"), "{message}");
    }
}
