use std::sync::Arc;

use super::{Entry, as_scalar, entry, keys, scalar};
use crate::{
    ColumnUse, Csr, Data, Error, Inputs, Matrix, Scalar, Table, attributes, estimator::Transform,
    read::Cursor, sklearn::text::Vocabulary,
};

const CLASS: &str = "DictVectorizer";

/// `DictVectorizer`: a number at a key is the value of the column named by the key, and a text makes
/// the column `key=text` one. What training did not see is ignored.
#[derive(Debug)]
pub(crate) struct DictVectorizer {
    vocabulary: Vocabulary,
    separator: Box<str>,
    scalar: Scalar,
    is_narrow: bool,
    sparse: bool,
    /// Before 1.0 without sparse output: a later value of a column replaces an earlier one, and
    /// several texts at a key are refused.
    replaces: bool,
    /// The keys that training saw, as far as their columns tell, and what is at each.
    known: Inputs,
}

impl DictVectorizer {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::attribute(CLASS, "vocabulary_", reason);
        let pairs = c.require("vocabulary_")?.pairs();
        let pairs = pairs.ok_or_else(|| wrong("is no dict of columns by name"))?;
        let mut vocabulary = Vocabulary::default();
        let mut features: Vec<(u32, String)> = Vec::with_capacity(pairs.len());
        for &(name, column) in pairs {
            let (name, column) = (c.go(name), c.go(column).as_i64());
            let name = attributes::any_text(name)
                .or_else(|| name.as_i64().map(|key| key.to_string()))
                .ok_or_else(|| wrong("has a name that is neither a text nor an integer"))?;
            let column = column.and_then(|column| u32::try_from(column).ok());
            let column = column.filter(|&column| (column as usize) < pairs.len());
            let column = column.ok_or_else(|| wrong("has a column beyond its number of names"))?;
            vocabulary.insert(&name, column);
            features.push((column, name));
        }
        if vocabulary.len() != pairs.len() {
            return Err(wrong("has two columns of one name"));
        }
        features.sort_unstable_by_key(|(column, _)| *column);
        let separator = match c.attr("separator") {
            None => "=",
            Some(text) => {
                text.as_str().ok_or_else(|| Error::attribute(CLASS, "separator", "is no text"))?
            }
        };
        let sparse = attributes::flag(c, "sparse", true);
        Ok(Self {
            known: known(&features, separator),
            vocabulary,
            separator: separator.into(),
            scalar: scalar(c)?,
            is_narrow: attributes::is_narrow(c, "dtype"),
            sparse,
            replaces: !sparse && attributes::version(c).is_none_or(|version| version < (1, 0)),
        })
    }

    /// The columns and values that a row has, in `found`.
    fn row(
        &self,
        input: &Table,
        row: usize,
        keys: &mut [Key],
        found: &mut Vec<(u32, f64)>,
    ) -> Result<(), Error> {
        for (at, key) in keys.iter_mut().enumerate() {
            let number = match entry(&input.data, row, at) {
                Entry::Absent => continue,
                Entry::Text(text) => {
                    found.extend(key.of_text(&self.vocabulary, text).map(|column| (column, 1.0)));
                    continue;
                }
                Entry::Texts(_) if self.replaces => {
                    return Err(Error::value(row, at, crate::table::LIST));
                }
                Entry::Texts(texts) => {
                    for text in texts {
                        let column = key.of_text(&self.vocabulary, text);
                        found.extend(column.map(|column| (column, 1.0)));
                    }
                    continue;
                }
                Entry::Null => f64::NAN,
                Entry::Number(number) => number,
            };
            if let Some(column) = key.number {
                found.push((column, as_scalar(number, self.scalar, row, at)?));
            }
        }
        found.sort_by_key(|&(column, _)| column);
        Ok(())
    }
}

/// The keys that the columns are made of: a name up to its first separator, or all of it.
fn known(features: &[(u32, String)], separator: &str) -> Inputs {
    let mut names: Vec<Arc<str>> = Vec::new();
    let mut uses: Vec<ColumnUse> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (_, feature) in features {
        let text = (!separator.is_empty()).then(|| feature.split_once(separator)).flatten();
        let key = text.map_or(feature.as_str(), |(key, _)| key);
        let usage = if text.is_some() { ColumnUse::Text } else { ColumnUse::Value };
        let at = *places.entry(key).or_insert_with(|| {
            names.push(Arc::from(key));
            uses.push(usage);
            names.len() - 1
        });
        if let (Some(all), ColumnUse::Value) = (uses.get_mut(at), usage) {
            // numbers were there too, so a number is no mistake
            *all = ColumnUse::Value;
        }
    }
    Inputs { dicts: true, names: Some(names.into()), uses: Some(uses.into()), ..Inputs::default() }
}

/// A key of the rows.
struct Key {
    /// The column of its numbers.
    number: Option<u32>,
    /// The key with the separator, then the text that was asked for last.
    name: String,
    /// Length of the first two.
    start: usize,
}

impl Key {
    fn new(key: &str, vectorizer: &DictVectorizer) -> Self {
        let name = format!("{key}{}", vectorizer.separator);
        Self { number: vectorizer.vocabulary.get(key), start: name.len(), name }
    }

    /// The column of a text at this key.
    fn of_text(&mut self, vocabulary: &Vocabulary, text: &str) -> Option<u32> {
        self.name.truncate(self.start);
        self.name.push_str(text);
        vocabulary.get(&self.name)
    }
}

impl Transform for DictVectorizer {
    fn inputs(&self) -> Inputs {
        self.known.clone()
    }

    fn outputs(&self, _columns: usize) -> usize {
        self.vocabulary.len()
    }

    fn source(&self, _output: usize, _columns: usize) -> Option<usize> {
        None
    }

    fn is_narrow(&self, _rows: bool) -> bool {
        self.is_narrow
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        self.transform_ref(&input)
    }

    fn transform_ref(&self, input: &Table) -> Result<Table, Error> {
        let keys = keys(input, CLASS)?;
        let mut keys: Vec<_> = keys.iter().map(|key| Key::new(key, self)).collect();
        let width = self.vocabulary.len();
        let mut found = Vec::new();
        if self.sparse {
            let mut out = Csr::with_capacity(width, input.rows, keys.len() * input.rows);
            out.scalar = self.scalar;
            for row in 0..input.rows {
                found.clear();
                self.row(input, row, &mut keys, &mut found)?;
                for same in found.chunk_by(|a, b| a.0 == b.0) {
                    let Some(&(column, _)) = same.first() else { continue };
                    out.indices.push(column);
                    out.values.push(same.iter().map(|(_, value)| value).sum());
                }
                out.end_row();
            }
            out.round();
            return Ok(Table { rows: input.rows, names: None, data: Data::Sparse(out) });
        }
        let empty = Csr { columns: width, ..Csr::default() };
        empty.may_be_filled(input.rows)?;
        let mut values = vec![0.0; input.rows * width];
        for (row, out) in values.chunks_exact_mut(width.max(1)).enumerate() {
            found.clear();
            self.row(input, row, &mut keys, &mut found)?;
            for &(column, value) in &found {
                let Some(cell) = out.get_mut(column as usize) else { continue };
                *cell = if self.replaces { value } else { *cell + value };
            }
        }
        let data = match self.scalar {
            Scalar::F64 | Scalar::Bool => Data::F64(Matrix { columns: width, values }),
            Scalar::F32 => Data::F32(Matrix {
                columns: width,
                values: values.into_iter().map(|value| value as f32).collect(),
            }),
            Scalar::I64 => Data::I64(Matrix {
                columns: width,
                values: values.into_iter().map(|value| value as i64).collect(),
            }),
        };
        Ok(Table { rows: input.rows, names: None, data })
    }
}
