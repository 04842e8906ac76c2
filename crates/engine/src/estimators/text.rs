//! What turns texts and dicts into columns.

use super::{Built, transformer};
use crate::{
    read::Cursor,
    sklearn::{
        dicts::{DictVectorizer, FeatureHasher},
        text::{CountVectorizer, HashingVectorizer, TfidfTransformer},
    },
};

pub(super) fn of_class(name: &str, c: Cursor<'_>) -> Option<Built> {
    Some(match name {
        "CountVectorizer" => transformer(CountVectorizer::build(c)),
        "TfidfVectorizer" => transformer(CountVectorizer::tfidf(c)),
        "TfidfTransformer" => transformer(TfidfTransformer::build(c)),
        "HashingVectorizer" => transformer(HashingVectorizer::build(c)),
        "DictVectorizer" => transformer(DictVectorizer::build(c)),
        "FeatureHasher" => transformer(FeatureHasher::build(c)),
        _ => return None,
    })
}
