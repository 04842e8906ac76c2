use super::{
    TfidfTransformer,
    analyzer::{Analyzer, Scratch},
    vocabulary::Vocabulary,
};
use crate::{
    ColumnUse, Csr, Data, Error, Inputs, Scalar, Table, attributes,
    estimator::Transform,
    read::{Cursor, Kind},
};

/// `CountVectorizer`, and `TfidfVectorizer` with its weights.
#[derive(Debug)]
pub(crate) struct CountVectorizer {
    analyzer: Analyzer,
    vocabulary: Vocabulary,
    /// True when every term that occurs counts once.
    binary: bool,
    scalar: Scalar,
    is_narrow: bool,
    weights: Option<TfidfTransformer>,
}

impl CountVectorizer {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let scalar = attributes::scalar(c, "dtype").unwrap_or(Scalar::I64);
        Ok(Self {
            analyzer: Analyzer::read(c)?,
            vocabulary: vocabulary(c)?,
            // a count is true unless it is zero
            binary: attributes::flag(c, "binary", false) || scalar == Scalar::Bool,
            scalar,
            is_narrow: attributes::is_narrow(c, "dtype"),
            weights: None,
        })
    }

    pub(crate) fn tfidf(c: Cursor<'_>) -> Result<Self, Error> {
        let mut vectorizer = Self::build(c)?;
        if vectorizer.scalar != Scalar::F32 {
            vectorizer.scalar = Scalar::F64;
        }
        vectorizer.is_narrow = false;
        let inner = c.require("_tfidf")?;
        let weights = TfidfTransformer::of_columns(inner, vectorizer.vocabulary.len())?;
        vectorizer.weights = Some(weights);
        Ok(vectorizer)
    }
}

/// `vocabulary_`, or the one that was given when the vectorizer was made.
fn vocabulary(c: Cursor<'_>) -> Result<Vocabulary, Error> {
    let wrong = |reason| Error::attribute(c.class_name(), "vocabulary_", reason);
    let fitted = c.attr("vocabulary_").or_else(|| c.attr("vocabulary").filter(|v| !v.is_none()));
    let value = fitted.ok_or_else(|| wrong("is missing: is the model fitted?"))?;
    let mut all = Vocabulary::default();
    match value.kind() {
        Kind::List(terms) | Kind::Tuple(terms) => {
            for (column, &term) in (0u32..).zip(terms) {
                let term = value.go(term);
                all.insert(
                    term.as_str().ok_or_else(|| wrong("has a term that is no text"))?,
                    column,
                );
            }
        }
        _ => {
            let pairs = value.pairs().unwrap_or_default();
            if pairs.is_empty() {
                return Err(wrong("holds no terms"));
            }
            for &(term, column) in pairs {
                let (term, column) = (value.go(term), value.go(column).as_i64());
                let term = term.as_str().ok_or_else(|| wrong("has a term that is no text"))?;
                let column = column.and_then(|column| u32::try_from(column).ok());
                all.insert(term, column.ok_or_else(|| wrong("has a term without a column"))?);
            }
        }
    }
    let count = all.len();
    if all.columns().any(|column| column as usize >= count) {
        return Err(wrong("has a column beyond its number of terms"));
    }
    Ok(all)
}

impl Transform for CountVectorizer {
    fn inputs(&self) -> Inputs {
        Inputs { documents: true, ..Inputs::default() }
    }

    fn outputs(&self, _columns: usize) -> usize {
        self.vocabulary.len()
    }

    fn source(&self, _output: usize, _columns: usize) -> Option<usize> {
        Some(0)
    }

    fn uses(&self, columns: usize, _after: Option<&[ColumnUse]>) -> Option<Vec<ColumnUse>> {
        Some(vec![ColumnUse::Text; columns])
    }

    fn is_narrow(&self, _rows: bool) -> bool {
        self.is_narrow
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        self.transform_ref(&input)
    }

    fn transform_ref(&self, input: &Table) -> Result<Table, Error> {
        let texts = super::documents(input)?;
        let mut out = Csr::with_capacity(self.vocabulary.len(), input.rows, 16 * input.rows);
        out.scalar = self.scalar;
        let mut scratch = Scratch::default();
        let mut columns: Vec<u32> = Vec::new();
        for row in 0..input.rows {
            columns.clear();
            let document = super::document(&texts, row)?;
            self.analyzer.each(document, &mut scratch, |term| {
                columns.extend(self.vocabulary.get(term));
            });
            columns.sort_unstable();
            for same in columns.chunk_by(|a, b| a == b) {
                if let Some(&column) = same.first() {
                    out.indices.push(column);
                    out.values.push(if self.binary { 1.0 } else { same.len() as f64 });
                }
            }
            out.end_row();
        }
        if let Some(weights) = &self.weights {
            weights.apply(&mut out);
        }
        Ok(Table { rows: input.rows, names: None, data: Data::Sparse(out) })
    }
}
