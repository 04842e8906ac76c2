//! Clusters and mixtures.

use super::{Built, predictor, transformer};
use crate::{
    read::Cursor,
    sklearn::{
        building::Building,
        cluster::{BisectingKMeans, Clusters, FeatureAgglomeration},
        mixture::Mixture,
    },
};

pub(super) fn of_class(name: &str, c: Cursor<'_>, _building: &Building) -> Option<Built> {
    Some(match name {
        "KMeans" | "MiniBatchKMeans" => predictor(Clusters::means(c)),
        "BisectingKMeans" => predictor(BisectingKMeans::build(c)),
        "MeanShift" => predictor(Clusters::shifted(c)),
        "AffinityPropagation" => predictor(Clusters::exemplars(c)),
        "Birch" => predictor(Clusters::birch(c)),
        "FeatureAgglomeration" => transformer(FeatureAgglomeration::build(c)),
        "GaussianMixture" => predictor(Mixture::gaussian(c)),
        "BayesianGaussianMixture" => predictor(Mixture::bayesian(c)),
        _ => return None,
    })
}
