use super::Faults;
use crate::{Extension, LoggerMode, MetricSource, MetricTarget, MetricTargetType, ScaleMetric};

/// What holds for how a component scales and is asked.
pub(super) fn component(
    faults: &mut Faults,
    path: &str,
    class: Option<&str>,
    extension: &Extension,
) {
    let Extension { min_replicas, max_replicas, container_concurrency, timeout_seconds, .. } =
        extension;
    not_negative(faults, path, "minReplicas", min_replicas.map(i64::from));
    not_negative(faults, path, "maxReplicas", max_replicas.map(i64::from));
    not_negative(faults, path, "containerConcurrency", *container_concurrency);
    not_negative(faults, path, "timeout", *timeout_seconds);
    let (fewest, most) = (min_replicas.unwrap_or(1), max_replicas.unwrap_or(0));
    if most > 0 && fewest > most {
        let message = match min_replicas {
            Some(_) => format!("{fewest} is more than `maxReplicas`, {most}"),
            None => format!("1, the default, is more than `maxReplicas`, {most}"),
        };
        faults.add(format!("{path}.minReplicas"), message);
    }
    if let Some(percent) = extension.canary_traffic_percent
        && !(0..=100).contains(&percent)
    {
        let message = format!("{percent} is no share in percent; write 0 to 100");
        faults.add(format!("{path}.canaryTrafficPercent"), message);
    }
    metric(faults, path, class, extension);
    let metrics = extension.auto_scaling.iter().flat_map(|scaling| &scaling.metrics);
    for (at, source) in metrics.enumerate() {
        self::source(faults, &format!("{path}.autoScaling.metrics[{at}]"), source);
    }
    recording(faults, path, extension);
}

fn not_negative(faults: &mut Faults, path: &str, field: &str, value: Option<i64>) {
    if let Some(value) = value
        && value < 0
    {
        faults.add(format!("{path}.{field}"), format!("{value} is less than 0"));
    }
}

fn metric(faults: &mut Faults, path: &str, class: Option<&str>, extension: &Extension) {
    let Some(metric) = extension.scale_metric else {
        return target(faults, path, ScaleMetric::Concurrency, extension.scale_target);
    };
    let name = metric.name();
    if class == Some("keda") {
        let message =
            "the class `keda` takes its metrics from `autoScaling`; leave `scaleMetric` out";
        faults.add(format!("{path}.scaleMetric"), message);
    } else if class == Some("hpa") && !metric.is_resource() {
        let message = format!(
            "the class `hpa` measures `cpu` or `memory`; leave the annotation out to scale by `{name}`"
        );
        faults.add(format!("{path}.scaleMetric"), message);
    }
    if metric.is_resource() && extension.min_replicas == Some(0) {
        let message = format!(
            "a service that scales by `{name}` cannot sleep: without replicas nothing is measured; write 1, or scale by `concurrency` or `rps`"
        );
        faults.add(format!("{path}.minReplicas"), message);
    }
    target(faults, path, metric, extension.scale_target);
}

fn target(faults: &mut Faults, path: &str, metric: ScaleMetric, target: Option<i32>) {
    let Some(target) = target else { return };
    let path = format!("{path}.scaleTarget");
    match metric {
        ScaleMetric::Cpu if !(1..=100).contains(&target) => {
            faults.add(path, format!("{target} is no target for `cpu`; write 1 to 100, in percent of what is requested"));
        }
        _ if target < 1 => {
            faults.add(
                path,
                format!("{target} is no target for `{}`; write 1 or more", metric.name()),
            );
        }
        _ => {}
    }
}

/// The field that its type names is there, and its target is of its type.
fn source(faults: &mut Faults, path: &str, source: &MetricSource) {
    let missing = |faults: &mut Faults, field: &str| {
        faults.add(path, format!("a metric of the type `{}` has the field `{field}`", source.kind));
    };
    match &*source.kind {
        "Resource" => match &source.resource {
            None => missing(faults, "resource"),
            Some(resource) => {
                if !matches!(&*resource.name, "cpu" | "memory") {
                    let message =
                        format!("`{}` is not measured; write `cpu` or `memory`", resource.name);
                    faults.add(format!("{path}.resource.name"), message);
                }
                wanted(faults, &format!("{path}.resource.target"), &resource.target);
            }
        },
        "External" => match &source.external {
            None => missing(faults, "external"),
            Some(external) => {
                question(faults, &format!("{path}.external"), external.metric.query.as_deref());
                wanted(faults, &format!("{path}.external.target"), &external.target);
            }
        },
        "PodMetric" => match &source.podmetric {
            None => missing(faults, "podmetric"),
            Some(pods) => {
                question(faults, &format!("{path}.podmetric"), pods.metric.query.as_deref());
                wanted(faults, &format!("{path}.podmetric.target"), &pods.target);
            }
        },
        other => faults.add(
            format!("{path}.type"),
            format!("`{other}` is no type of metric; write Resource, External or PodMetric"),
        ),
    }
}

fn question(faults: &mut Faults, path: &str, query: Option<&str>) {
    if query.is_none_or(str::is_empty) {
        faults.add(
            format!("{path}.metric.query"),
            "it is empty; write what the other system is asked",
        );
    }
}

fn wanted(faults: &mut Faults, path: &str, target: &MetricTarget) {
    let (field, is_there) = match target.kind {
        MetricTargetType::Utilization => {
            if let Some(percent) = target.average_utilization
                && !(1..=100).contains(&percent)
            {
                faults.add(
                    format!("{path}.averageUtilization"),
                    format!("{percent} is not 1 to 100 percent"),
                );
            }
            ("averageUtilization", target.average_utilization.is_some())
        }
        MetricTargetType::Value => ("value", target.value.is_some()),
        MetricTargetType::AverageValue => ("averageValue", target.average_value.is_some()),
    };
    if !is_there {
        faults.add(path, format!("a target of the type {:?} has the field `{field}`", target.kind));
    }
    for (field, quantity) in [("value", &target.value), ("averageValue", &target.average_value)] {
        if let Some(quantity) = quantity
            && quantity.value().is_none()
        {
            let message = format!("`{quantity}` is no quantity; write one such as 500m or 2Gi");
            faults.add(format!("{path}.{field}"), message);
        }
    }
}

fn recording(faults: &mut Faults, path: &str, extension: &Extension) {
    if let Some(logger) = &extension.logger {
        let is_sent = logger.url.is_some() || logger.storage.is_some();
        if !is_sent && logger.mode.is_some_and(|mode| mode != LoggerMode::All) {
            faults.add(format!("{path}.logger"), "records go nowhere; write `url` or `storage`");
        }
        if let Some(storage) = &logger.storage {
            let fields = [
                ("path", storage.path.is_some()),
                ("key", storage.key.is_some()),
                ("parameters", storage.parameters.is_some()),
            ];
            for (field, _) in fields.into_iter().filter(|(_, is_there)| !is_there) {
                faults.add(format!("{path}.logger.storage.{field}"), "it is missing");
            }
        }
    }
    if let Some(batcher) = &extension.batcher {
        let fields = [
            ("maxBatchSize", batcher.max_batch_size),
            ("maxLatency", batcher.max_latency),
            ("timeout", batcher.timeout),
        ];
        for (field, value) in fields {
            if value.is_some_and(|value| value < 1) {
                faults.add(format!("{path}.batcher.{field}"), "write 1 or more");
            }
        }
    }
}
