//! Clusters that new rows can be put into.

mod agglomeration;
mod bisecting;
mod centres;

pub(crate) use agglomeration::FeatureAgglomeration;
pub(crate) use bisecting::BisectingKMeans;
pub(crate) use centres::Clusters;
