//! Naive Bayes.

use super::{Built, predictor};
use crate::{
    read::Cursor,
    sklearn::{bayes::NaiveBayes, building::Building},
};

pub(super) fn of_class(name: &str, c: Cursor<'_>, _building: &Building) -> Option<Built> {
    Some(match name {
        "GaussianNB" => predictor(NaiveBayes::gaussian(c)),
        "MultinomialNB" => predictor(NaiveBayes::multinomial(c)),
        "ComplementNB" => predictor(NaiveBayes::complement(c)),
        "BernoulliNB" => predictor(NaiveBayes::bernoulli(c)),
        "CategoricalNB" => predictor(NaiveBayes::categorical(c)),
        _ => return None,
    })
}
