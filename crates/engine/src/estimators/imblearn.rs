//! What imbalanced-learn adds to scikit-learn.

use super::Built;
use crate::{
    read::Cursor,
    sklearn::{building::Building, pipeline::Pipeline, sampler},
};

pub(super) fn of_class(name: &str, c: Cursor<'_>, building: &Building) -> Option<Built> {
    if sampler::is_sampler(c) {
        return Some(Err(sampler::refusal(c)));
    }
    match name {
        "Pipeline" => Some(Pipeline::build(c, building)),
        _ => None,
    }
}
