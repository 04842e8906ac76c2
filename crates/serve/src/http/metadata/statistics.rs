//! What models have done, in the words of Triton's statistics.

use longshore_kserve::v2::Statistics;

use crate::{
    failure::Failure,
    names::quoted,
    repository::{Entry, Repository, State, version_of},
};

/// The statistics of a model, or of all; of one version, or of all that have answered since the
/// server started.
pub(crate) fn statistics(
    models: &Repository,
    name: Option<&str>,
    version: Option<&str>,
) -> Result<Statistics, Failure> {
    let entries = match name {
        Some(name) => vec![models.entry(name).ok_or_else(|| models.unknown(name))?],
        None => models.entries(),
    };
    let mut model_stats = Vec::new();
    for entry in entries {
        let wanted =
            entry.counted().filter(|(known, _)| version.is_none_or(|version| version == *known));
        model_stats
            .extend(wanted.map(|(version, metrics)| metrics.statistics(&entry.name, version)));
    }
    match (name.and_then(|name| models.entry(name)), version) {
        (Some(entry), Some(version)) if model_stats.is_empty() => Err(absent(entry, version)),
        _ => Ok(Statistics { model_stats }),
    }
}

/// Nothing was counted of a version.
fn absent(entry: &Entry, version: &str) -> Failure {
    if entry.state() == State::Ready
        && let Err(failure) = version_of(entry, Some(version))
    {
        return failure;
    }
    let (name, version) = (quoted(&entry.name), quoted(version));
    Failure::not_found(format!(
        "the model {name} has not answered in the version {version} since the server started"
    ))
}
