use longshore_kserve::{Extension, ScaleMetric, annotations::Annotations};

use super::{Aggregation, Defaults, Metric, Settings};

fn annotations(given: &[(&str, &str)]) -> Annotations {
    let named = |(name, text): &(&str, &str)| {
        (format!("autoscaling.knative.dev/{name}"), (*text).to_owned())
    };
    given.iter().map(named).collect()
}

fn read(extension: &Extension, given: &[(&str, &str)]) -> Settings {
    Settings::read(extension, &annotations(given), &Defaults::default()).unwrap()
}

fn faults(given: &[(&str, &str)]) -> Vec<String> {
    Settings::read(&Extension::default(), &annotations(given), &Defaults::default())
        .err()
        .unwrap_or_default()
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn without_a_word_kserve_keeps_one_replica_and_knative_says_the_rest() {
    let settings = read(&Extension::default(), &[]);
    assert_eq!(settings, Settings { min_scale: 1, ..Settings::default() });
    assert_eq!(settings.target(), 70.0);
    assert_eq!(settings.panic_window(), 6);
}

#[test]
fn every_annotation_is_read_by_both_of_its_names() {
    let expected = Settings {
        metric: Metric::Rps,
        total: 12.5,
        utilization: 0.9,
        stable_window: 90,
        panic_window_percentage: 20.0,
        panic_threshold: 1.5,
        target_burst_capacity: -1.0,
        activation_scale: 3,
        scale_down_delay: 300,
        pod_retention: 0.5,
        aggregation: Aggregation::WeightedExponential,
        initial_scale: 2,
        min_scale: 1,
        max_scale: 9,
        ..Settings::default()
    };
    let only = [
        ("class", "kpa.autoscaling.knative.dev"),
        ("metric", "rps"),
        ("target", "12.5"),
        ("window", "1m30s"),
        ("activation-scale", "3"),
    ];
    let kebab = [
        ("target-utilization-percentage", "90"),
        ("panic-window-percentage", "20"),
        ("panic-threshold-percentage", "150.0"),
        ("target-burst-capacity", "-1"),
        ("scale-down-delay", "5m"),
        ("scale-to-zero-pod-retention-period", "500ms"),
        ("metric-aggregation-algorithm", "weighted-exponential"),
        ("initial-scale", "2"),
        ("min-scale", "1"),
        ("max-scale", "9"),
    ];
    let camel = [
        ("targetUtilizationPercentage", "90"),
        ("panicWindowPercentage", "20"),
        ("panicThresholdPercentage", "150.0"),
        ("targetBurstCapacity", "-1"),
        ("scaleDownDelay", "5m"),
        ("scaleToZeroPodRetentionPeriod", "500ms"),
        ("metricAggregationAlgorithm", "weightedExponential"),
        ("initialScale", "2"),
        ("minScale", "1"),
        ("maxScale", "9"),
    ];
    for more in [kebab, camel] {
        let given: Vec<_> = only.iter().chain(&more).copied().collect();
        assert_eq!(read(&Extension::default(), &given), expected);
    }
    let both = [("minScale", "4"), ("min-scale", "2")];
    assert_eq!(read(&Extension::default(), &both).min_scale, 2, "the newer name counts");
}

#[test]
fn fields_count_before_annotations() {
    let extension = Extension {
        min_replicas: Some(0),
        max_replicas: Some(10),
        scale_target: Some(5),
        scale_metric: Some(ScaleMetric::Concurrency),
        ..Extension::default()
    };
    let given = [("min-scale", "2"), ("max-scale", "3"), ("target", "50"), ("metric", "rps")];
    let settings = read(&extension, &given);
    assert_eq!((settings.min_scale, settings.max_scale), (0, 10));
    assert_eq!((settings.metric, settings.total), (Metric::Concurrency, 5.0));
}

#[test]
fn the_load_of_a_replica_is_at_most_its_limit() {
    let total = |target: Option<i32>, limit: Option<i64>, metric| {
        let extension = Extension {
            scale_target: target,
            container_concurrency: limit,
            scale_metric: metric,
            ..Extension::default()
        };
        read(&extension, &[]).total
    };
    assert_eq!(total(None, None, None), 100.0);
    assert_eq!(total(None, Some(0), None), 100.0);
    assert_eq!(total(None, Some(8), None), 8.0);
    assert_eq!(total(Some(20), Some(8), None), 8.0);
    assert_eq!(total(Some(5), Some(8), None), 5.0);
    assert_eq!(total(Some(20), Some(8), Some(ScaleMetric::Rps)), 20.0);
    assert_eq!(total(None, Some(8), Some(ScaleMetric::Rps)), 200.0);
}

#[test]
fn what_knative_refuses_is_refused_by_name() {
    for (name, text) in [
        ("class", "other.autoscaling.knative.dev"),
        ("metric", "cpu"),
        ("metric", ""),
        ("target", "0"),
        ("target", "many"),
        ("target", "NaN"),
        ("target-utilization-percentage", "0.5"),
        ("target-utilization-percentage", "101"),
        ("window", "5s"),
        ("window", "61m"),
        ("window", "10500ms"),
        ("window", "60"),
        ("panic-window-percentage", "0.9"),
        ("panic-window-percentage", "100.1"),
        ("panic-threshold-percentage", "109"),
        ("panicThresholdPercentage", "1001"),
        ("target-burst-capacity", "-2"),
        ("targetBurstCapacity", "all"),
        ("activation-scale", "1"),
        ("scale-down-delay", "-1s"),
        ("scale-down-delay", "1500ms"),
        ("scaleDownDelay", "2h"),
        ("scale-to-zero-pod-retention-period", "2h"),
        ("metric-aggregation-algorithm", "median"),
        ("initial-scale", "-1"),
        ("initialScale", "1.5"),
        ("min-scale", "-1"),
        ("max-scale", "99999999999"),
    ] {
        let found = faults(&[(name, text)]);
        assert_eq!(found.len(), 1, "{name}: {text}: {found:?}");
        let path = format!("metadata.annotations[autoscaling.knative.dev/{name}]: ");
        assert!(found[0].starts_with(&path), "{found:?}");
        assert!(text.is_empty() || found[0].contains(text), "{found:?}");
    }
    let found = faults(&[("min-scale", "4"), ("max-scale", "3"), ("activation-scale", "5")]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(
        faults(&[("window", "1s")]),
        [
            "metadata.annotations[autoscaling.knative.dev/window]: `1s` is not whole seconds from 6s to 1h, such as 90s or 1m30s"
        ]
    );
}

#[test]
fn a_schedule_is_read_too() {
    let schedule = |text: &str| {
        let given = [("longshore.dev/schedule".to_owned(), text.to_owned())].into();
        Settings::read(&Extension::default(), &given, &Defaults::default())
    };
    let settings = schedule("mon-fri 08:00-18:00 Europe/Berlin min 3").unwrap();
    assert_eq!(settings.schedule.at_least("2026-11-27T12:00:00Z".parse().unwrap()), 3);
    let faults = schedule("sometimes").unwrap_err();
    assert_eq!(faults[0].path, "metadata.annotations[longshore.dev/schedule]");
}

#[test]
fn classes_of_others_may_have_metrics_of_their_own() {
    for class in ["hpa.autoscaling.knative.dev", "keda.example.com"] {
        assert!(faults(&[("class", class), ("metric", "cpu")]).is_empty());
    }
}
