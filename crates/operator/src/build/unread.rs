//! Annotations of KServe and Knative that nothing here reads.

use longshore_kserve::annotations::{Annotations, KNATIVE_AUTOSCALING};

const KSERVE: &str = "serving.kserve.io/";

/// Annotations of KServe that are read, or that ask for what is so anyhow.
const READ: [&str; 17] = [
    "autoscalerClass",
    "deploymentMode",
    "disable-localmodel",
    "enable-prometheus-scraping",
    "enable-tag-routing",
    "gke-accelerator",
    "gpu-resource-types",
    "inferencepool-migrated",
    "logger-secret-file",
    "logger-secret-name",
    "logger-secret-path",
    "metrics",
    "server-type",
    "stop",
    "storage-initializer-uid",
    "storageSecretName",
    "targetUtilizationPercentage",
];

/// Annotations of Knative's autoscaler that are read, each in one of its spellings.
const SCALING: [&str; 15] = [
    "activation-scale",
    "class",
    "initial-scale",
    "max-scale",
    "metric",
    "metric-aggregation-algorithm",
    "min-scale",
    "panic-threshold-percentage",
    "panic-window-percentage",
    "scale-down-delay",
    "scale-to-zero-pod-retention-period",
    "target",
    "target-burst-capacity",
    "target-utilization-percentage",
    "window",
];

/// What is not done of the annotations, each with what to do.
pub(super) fn of(annotations: &Annotations) -> Vec<String> {
    let told = annotations.iter().filter_map(|(name, value)| {
        let what = what(name, value)?;
        Some(format!("metadata.annotations[{name}]: {what}"))
    });
    told.collect()
}

fn what(name: &str, value: &str) -> Option<&'static str> {
    if let Some(own) = name.strip_prefix(KNATIVE_AUTOSCALING) {
        let dashed = dashed(own);
        let is_read = SCALING.iter().any(|read| *read == dashed);
        return (!is_read).then_some("nothing here reads it; leave it out");
    }
    match name {
        "serving.knative.dev/rollout-duration" => {
            return Some(
                "requests go to a new revision at once; write steps in `longshore.dev/rollout`",
            );
        }
        "serving.knative.openshift.io/enablePassthrough" => {
            return Some("the gateway ends TLS itself; leave it out");
        }
        _ => {}
    }
    let own = name.strip_prefix(KSERVE)?;
    match own {
        "disable-auto-update" | "enable-metric-aggregation" | "nodegroup" if value == "false" => {
            None
        }
        "disable-auto-update" => Some(
            "a changed runtime makes a new revision at once; name a runtime of your own in `model.runtime` to change it when you like",
        ),
        "enable-metric-aggregation" => Some(
            "there is no sidecar whose metrics could be joined to the model's; scrape the pod, and the gateways for requests",
        ),
        "nodegroup" => Some("there are no node caches; leave it out"),
        "secretKey" => Some("nothing here reads it; write the key in `model.storage.key`"),
        _ if READ.contains(&own) || own.starts_with("s3-") => None,
        _ => Some("nothing here reads it; leave it out"),
    }
}

/// A name in capitals as one with dashes: both are read.
fn dashed(name: &str) -> String {
    let mut dashed = String::with_capacity(name.len());
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            dashed.push('-');
        }
        dashed.push(letter.to_ascii_lowercase());
    }
    dashed
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn only_what_nothing_reads_is_told() {
        let annotations = [
            ("autoscaling.knative.dev/minScale", "1"),
            ("autoscaling.knative.dev/max-scale", "1"),
            ("autoscaling.knative.dev/color", "red"),
            ("serving.kserve.io/deploymentMode", "Standard"),
            ("serving.kserve.io/nodegroup", "a"),
            ("serving.knative.dev/progress-deadline", "10m"),
            ("serving.knative.dev/rollout-duration", "380s"),
            ("serving.kserve.io/color", "red"),
            ("sidecar.istio.io/inject", "false"),
        ];
        let annotations =
            annotations.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(
            of(&annotations),
            [
                "metadata.annotations[autoscaling.knative.dev/color]: nothing here reads it; leave it out",
                "metadata.annotations[serving.knative.dev/rollout-duration]: requests go to a new revision at once; write steps in `longshore.dev/rollout`",
                "metadata.annotations[serving.kserve.io/color]: nothing here reads it; leave it out",
                "metadata.annotations[serving.kserve.io/nodegroup]: there are no node caches; leave it out",
            ]
        );
    }
}
