use super::{Faults, canary_path, predictor};
use crate::InferenceServiceSpec;

/// What holds for the canaries of `spec.canary`.
pub(super) fn all(faults: &mut Faults, spec: &InferenceServiceSpec) {
    if spec.canary.is_empty() {
        return;
    }
    let stable = &spec.predictor;
    if stable.component.extension.canary_traffic_percent.is_some() {
        let message = "`spec.canary` says the shares too; write one of them";
        faults.add("spec.predictor.canaryTrafficPercent", message);
    }
    let mut names = vec![stable.name.as_deref()];
    let mut total = 0;
    for (at, canary) in spec.canary.iter().enumerate() {
        let path = canary_path(at, canary);
        let own = &canary.predictor;
        let name = own.name.as_deref().filter(|name| !name.is_empty());
        if name.is_none() {
            faults.add(format!("{path}.predictor.name"), "a canary has a name; write one");
        } else if names.contains(&name) {
            faults.add(format!("{path}.predictor.name"), "another predictor has this name");
        }
        names.push(name);
        let percent = canary.traffic_percent;
        if !(0..=100).contains(&percent) {
            let message = format!("{percent} is no share in percent; write 0 to 100");
            faults.add(format!("{path}.trafficPercent"), message);
        }
        total += percent.clamp(0, 100);
        predictor(faults, &format!("{path}.predictor"), own);
        let extension = &own.component.extension;
        let scaled = [
            ("maxReplicas", extension.max_replicas.is_some_and(|most| most > 0)),
            ("scaleTarget", extension.scale_target.is_some()),
            ("scaleMetric", extension.scale_metric.is_some()),
            ("autoScaling", extension.auto_scaling.is_some()),
            ("workerSpec", own.worker_spec.is_some()),
        ];
        for (field, _) in scaled.into_iter().filter(|(_, is_there)| *is_there) {
            let message = "a canary scales as its stable predictor does; leave it out";
            faults.add(format!("{path}.predictor.{field}"), message);
        }
        let fewest = stable.component.extension.min_replicas.unwrap_or(1);
        if let Some(own) = extension.min_replicas
            && own > fewest
        {
            let message = format!("{own} is more than the stable predictor's {fewest}");
            faults.add(format!("{path}.predictor.minReplicas"), message);
        }
    }
    if total > 100 {
        faults.add(
            "spec.canary",
            format!("the shares are {total} percent together; they may be 100"),
        );
    }
}
