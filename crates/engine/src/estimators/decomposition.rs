//! Projections, factorisations and kernel approximations.

use super::{Built, transformer};
use crate::{
    read::Cursor,
    sklearn::{building::Building, decomposition::Projection},
};

pub(super) fn of_class(name: &str, c: Cursor<'_>, _building: &Building) -> Option<Built> {
    Some(match name {
        "PCA" | "IncrementalPCA" => transformer(Projection::principal(c)),
        "TruncatedSVD" => transformer(Projection::truncated(c)),
        "FastICA" => transformer(Projection::independent(c)),
        "FactorAnalysis" => transformer(Projection::factors(c)),
        "SparsePCA" | "MiniBatchSparsePCA" => transformer(Projection::sparse_components(c)),
        _ => return None,
    })
}
