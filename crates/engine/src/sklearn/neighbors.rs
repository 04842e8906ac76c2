//! What answers by the rows of training that are near.
//!
//! Which of several rows at the same distance counts is not defined by scikit-learn. Where the file
//! holds a tree, it is walked as the library walks it, and the same rows are found. Without a tree
//! rows enter in their order and the first of equal ones stay, as in the library from 1.1 on for
//! most metrics.

mod centroid;
mod classifier;
mod components;
mod density;
mod filter;
mod graph;
mod heap;
mod lanes;
mod metric;
mod outlier;
mod postings;
mod regressor;
mod space;
mod tree;
mod weights;

pub(crate) use centroid::NearestCentroid;
pub(crate) use classifier::NeighborsClassifier;
pub(crate) use components::NeighborhoodComponents;
pub(crate) use density::KernelDensity;
pub(crate) use graph::NeighborsGraph;
pub(crate) use outlier::LocalOutlierFactor;
pub(crate) use regressor::NeighborsRegressor;
pub(crate) use space::Neighbors;
