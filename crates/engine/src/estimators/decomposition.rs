//! Projections, factorisations and kernel approximations.

use super::{Built, predictor, transformer};
use crate::{
    read::Cursor,
    sklearn::{
        building::Building,
        decomposition::{
            Centerer, Discriminant, Isomap, KernelComponents, LocallyLinear, Mixture,
            PartialLeastSquares, Projection, SparseCode, singular_vectors,
        },
        kernel_approximation::{Additive, Cosines, CountSketch, Nystroem},
    },
};

pub(super) fn of_class(name: &str, c: Cursor<'_>, _building: &Building) -> Option<Built> {
    Some(match name {
        "PCA" | "IncrementalPCA" => transformer(Projection::principal(c)),
        "TruncatedSVD" => transformer(Projection::truncated(c)),
        "FastICA" => transformer(Projection::independent(c)),
        "FactorAnalysis" => transformer(Projection::factors(c)),
        "SparsePCA" | "MiniBatchSparsePCA" => transformer(Projection::sparse_components(c)),
        "GaussianRandomProjection" | "SparseRandomProjection" => transformer(Projection::random(c)),
        "LinearDiscriminantAnalysis" => predictor(Discriminant::build(c)),
        "PLSRegression" | "PLSCanonical" | "CCA" => predictor(PartialLeastSquares::build(c)),
        "PLSSVD" => transformer(singular_vectors(c)),
        "KernelPCA" => transformer(KernelComponents::build(c)),
        "KernelCenterer" => transformer(Centerer::build(c)),
        "Nystroem" => transformer(Nystroem::build(c)),
        "RBFSampler" => transformer(Cosines::radial(c)),
        "SkewedChi2Sampler" => transformer(Cosines::skewed(c)),
        "AdditiveChi2Sampler" => transformer(Additive::build(c)),
        "PolynomialCountSketch" => transformer(CountSketch::build(c)),
        "LatentDirichletAllocation" => transformer(Mixture::build(c)),
        "DictionaryLearning" | "MiniBatchDictionaryLearning" | "SparseCoder" => {
            transformer(SparseCode::build(c))
        }
        "Isomap" => transformer(Isomap::build(c)),
        "LocallyLinearEmbedding" => transformer(LocallyLinear::build(c)),
        _ => return None,
    })
}
