//! What the autoscaler keeps of a service.

use longshore_kserve::status::InferenceServiceStatus;

use super::look::{Current, Look};
use crate::{
    autoscaler::{Target, Targets},
    build::Scaler,
    cluster::Key,
};

/// The revisions of a service that the autoscaler keeps, when `status` is what is told of it: those that
/// get requests, and the latest ones, which are to get some.
fn targets(look: &Look, status: &InferenceServiceStatus, currents: &[Current]) -> Vec<Target> {
    let uid = look.object.metadata.uid.clone().unwrap_or_default();
    let mut targets = Vec::new();
    for Current { workload, latest, scaling, .. } in currents {
        if workload.scaler != Scaler::Requests {
            continue;
        }
        let mut scaling = scaling.clone();
        // those of a canary go by the stable predictor's
        let bound = |replicas| i32::try_from(replicas).unwrap_or(i32::MAX);
        (scaling.min_scale, scaling.max_scale) =
            (bound(workload.min_replicas), bound(workload.max_replicas));
        let told = status.components.get(&workload.component);
        let shares = told.map(|told| &told.traffic[..]).unwrap_or_default();
        let shares: Vec<_> = shares
            .iter()
            .filter_map(|it| Some((it.revision_name.as_deref()?, it.percent > Some(0))))
            .filter(|(name, _)| workload.revision_number(name).is_some())
            .collect();
        let mut target = |revision: &str, is_reachable, has_been_ready| {
            targets.push(Target {
                revision: revision.to_owned(),
                uid: uid.clone(),
                settings: scaling.clone(),
                is_reachable,
                has_been_ready,
            });
        };
        for (revision, is_asked) in &shares {
            target(revision, *is_asked, true);
        }
        if !shares.iter().any(|(name, _)| name == latest) {
            target(latest, true, false);
        }
    }
    targets
}

/// Tells the autoscaler what it keeps of a service.
pub(crate) fn tell(
    table: &Targets,
    look: &Look,
    status: &InferenceServiceStatus,
    currents: &[Current],
) {
    table.set(look.key.clone(), targets(look, status, currents));
}

/// Tells the autoscaler that it keeps nothing of a service.
pub(crate) fn forget(table: &Targets, key: &Key) {
    table.set(key.clone(), Vec::new());
}
