use crate::{Error, estimator::Estimator};

/// A class that labels the rows it was fitted on and no others.
pub(crate) fn without_predict(class: &str) -> Result<Estimator, Error> {
    Err(Error::Unsupported {
        what: format!("`{class}`"),
        reason: "it labels the rows that it is fitted on, and has no `predict` for others".into(),
        hint: "Fit a classifier on its `labels_`, such as `KNeighborsClassifier(1)`, and save that; or cluster \
               with `KMeans`, `MeanShift`, `Birch` or `GaussianMixture`"
            .into(),
    })
}
