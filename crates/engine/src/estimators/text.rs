//! What turns texts into columns.

use super::{Built, transformer};
use crate::{
    read::Cursor,
    sklearn::text::{CountVectorizer, HashingVectorizer, TfidfTransformer},
};

pub(super) fn of_class(name: &str, c: Cursor<'_>) -> Option<Built> {
    Some(match name {
        "CountVectorizer" => transformer(CountVectorizer::build(c)),
        "TfidfVectorizer" => transformer(CountVectorizer::tfidf(c)),
        "TfidfTransformer" => transformer(TfidfTransformer::build(c)),
        "HashingVectorizer" => transformer(HashingVectorizer::build(c)),
        _ => return None,
    })
}
