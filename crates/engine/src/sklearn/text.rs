//! Documents to counts and weights.

mod analyzer;
mod hashing;
mod pattern;
mod stop_words;
mod tfidf;
mod tokens;
mod vectorizer;
mod vocabulary;

pub(super) use hashing::Hashed;
pub(crate) use hashing::HashingVectorizer;
pub(crate) use tfidf::TfidfTransformer;
pub(crate) use vectorizer::CountVectorizer;
pub(super) use vocabulary::Vocabulary;

use std::borrow::Cow;

use crate::{Data, Error, Table, TextColumn, quantity};

/// The documents of a table: its texts, or its only column.
fn documents(table: &Table) -> Result<Cow<'_, TextColumn>, Error> {
    match &table.data {
        Data::Documents(texts) => Ok(Cow::Borrowed(texts)),
        Data::Columns(columns) if columns.len() == 1 => match columns.first() {
            Some(column) => super::stack::documents(column).map(Cow::Owned),
            None => Ok(Cow::Owned(TextColumn::default())),
        },
        // a matrix of one column: texts would not be in a matrix
        data if table.columns() == 1 => match super::stack::columns(data.clone()).first() {
            Some(column) => super::stack::documents(column).map(Cow::Owned),
            None => {
                Err(Error::input("one text a row is expected, and the rows are sparse numbers"))
            }
        },
        _ => Err(Error::input(format!(
            "one text a row is expected, and the rows have {}{}",
            quantity(table.columns(), "column"),
            if matches!(table.data, Data::Columns(_)) { "" } else { " of numbers" },
        ))),
    }
}

/// The document of a row.
fn document(texts: &TextColumn, row: usize) -> Result<&str, Error> {
    texts.get(row).ok_or_else(|| {
        Error::value(row, 0, "is missing, where a text is expected; send an empty text")
    })
}
