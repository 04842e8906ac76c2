//! Which runtime serves a model.

use std::{cmp::Reverse, collections::BTreeSet};

use crate::{
    Model, ModelFormat, Protocol, ServingRuntimeSpec,
    annotations::{Annotations, SERVER_TYPE},
    shipped,
    status::FailureReason,
};

/// A runtime that there is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Runtime {
    /// Its name.
    pub name: String,
    /// True for a ClusterServingRuntime.
    pub is_cluster_wide: bool,
    /// When it was made, as RFC 3339 has it, in UTC.
    pub created: String,
    /// Its annotations.
    pub annotations: Annotations,
    /// What it is.
    pub spec: ServingRuntimeSpec,
}

/// Why no runtime serves a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// The kind of failure.
    pub reason: FailureReason,
    /// What is wrong, and what to do.
    pub message: String,
}

/// The runtime that serves `model`, by KServe's rules: the one that it names, or else the best of
/// its namespace, or else of the cluster. `runtimes` are those of its namespace and of the cluster.
///
/// # Errors
/// When the runtime that it names is not there, disabled, or not for it; or none is for it.
pub fn select<'r>(
    model: &Model,
    is_multi_node: bool,
    runtimes: &[&'r Runtime],
) -> Result<&'r Runtime, Unsupported> {
    match &model.runtime {
        Some(name) => named(model, name, runtimes),
        None => best(model, is_multi_node, runtimes),
    }
}

/// The protocol that a model is asked by on its runtime.
pub fn protocol(model: &Model, runtime: &Runtime) -> Protocol {
    let lowest = || runtime.spec.protocol_versions.iter().min().copied();
    let by_server = || match server_type(runtime) {
        Some("mlserver" | "tritonserver") => Some(Protocol::V2),
        _ => None,
    };
    model.framework.protocol_version.or_else(by_server).or_else(lowest).unwrap_or(Protocol::V1)
}

/// What serves a runtime, by its annotation or else by its name.
pub fn server_type(runtime: &Runtime) -> Option<&str> {
    if let Some(kind) = runtime.annotations.get(SERVER_TYPE) {
        return Some(kind);
    }
    ["mlserver", "tritonserver", "torchserve"].into_iter().find(|kind| runtime.name.contains(kind))
}

fn named<'r>(
    model: &Model,
    name: &str,
    runtimes: &[&'r Runtime],
) -> Result<&'r Runtime, Unsupported> {
    let fail = |reason, message| Err(Unsupported { reason, message });
    let mut found: Vec<_> =
        runtimes.iter().copied().filter(|runtime| runtime.name == name).collect();
    found.sort_by_key(|runtime| runtime.is_cluster_wide);
    let Some(runtime) = found.first() else {
        let names: Vec<_> = runtimes.iter().map(|runtime| format!("`{}`", runtime.name)).collect();
        let known = if names.is_empty() { "none".into() } else { names.join(", ") };
        let near = shipped::nearest(name, runtimes.iter().map(|runtime| &*runtime.name));
        let advice = if shipped::is_runtime(name) {
            format!(
                "it is KServe's: install its ClusterServingRuntime, which works here as it is; there are {known}"
            )
        } else if let Some(near) = near {
            format!("did you mean `{near}`? There are {known}")
        } else {
            format!(
                "there are {known}: name one of them, or leave `runtime` out to have it chosen by the format"
            )
        };
        let message = format!("there is no runtime `{name}`; {advice}");
        return fail(FailureReason::RuntimeNotRecognized, message);
    };
    let spec = &runtime.spec;
    if spec.disabled == Some(true) {
        return fail(FailureReason::RuntimeDisabled, format!("the runtime `{name}` is disabled"));
    }
    if let Some(protocol) = model.framework.protocol_version
        && !speaks(spec, protocol)
    {
        let spoken: Vec<_> = spec.protocol_versions.iter().map(|it| it.name()).collect();
        let message = format!(
            "the runtime `{name}` does not speak the protocol {protocol}; set `protocolVersion` to one of: {}",
            spoken.join(", ")
        );
        return fail(FailureReason::NoSupportingRuntime, message);
    }
    if !spec.supported_model_formats.iter().any(|format| serves(format, &model.model_format)) {
        let message = format!(
            "the runtime `{name}` does not serve {}; it serves {}",
            shown(&model.model_format),
            formats(runtime)
        );
        return fail(FailureReason::NoSupportingRuntime, message);
    }
    Ok(runtime)
}

fn best<'r>(
    model: &Model,
    is_multi_node: bool,
    runtimes: &[&'r Runtime],
) -> Result<&'r Runtime, Unsupported> {
    let protocol = model.framework.protocol_version.unwrap_or(Protocol::V1);
    let format = &model.model_format;
    let is_for = |runtime: &&Runtime| {
        let spec = &runtime.spec;
        spec.disabled != Some(true)
            && spec.multi_model != Some(true)
            && spec.worker_spec.is_some() == is_multi_node
            && speaks(spec, protocol)
            && selectable(spec).any(|supported| serves(supported, format))
    };
    let mut candidates: Vec<_> = runtimes.iter().copied().filter(is_for).collect();
    candidates.sort_by_key(|runtime| {
        let lowest = runtime.spec.protocol_versions.iter().min();
        // a runtime of any protocol comes last
        (lowest.is_none(), lowest, Reverse(&runtime.created), &runtime.name)
    });
    candidates.sort_by_key(|runtime| {
        (runtime.is_cluster_wide, Reverse(priority(&runtime.spec, &format.name)))
    });
    candidates.first().copied().ok_or_else(|| {
        let hint = instead(format, runtimes);
        let message =
            format!("no runtime serves {} by the protocol {protocol}; {hint}", shown(format));
        Unsupported { reason: FailureReason::NoSupportingRuntime, message }
    })
}

/// What to do where no runtime serves a format.
fn instead(format: &ModelFormat, runtimes: &[&Runtime]) -> String {
    let named = |runtime: &&Runtime| {
        let supported = &runtime.spec.supported_model_formats;
        supported.iter().any(|supported| serves(supported, format))
    };
    let others: Vec<_> = runtimes
        .iter()
        .copied()
        .filter(named)
        .map(|runtime| format!("`{}`", runtime.name))
        .collect();
    if !others.is_empty() {
        return format!(
            "to be served by {}, name it in `runtime` or change `protocolVersion`",
            others.join(" or ")
        );
    }
    let supported = runtimes.iter().flat_map(|runtime| &runtime.spec.supported_model_formats);
    let same = supported.filter(|supported| supported.name == format.name);
    let versions: BTreeSet<_> = same.filter_map(|supported| supported.version.as_deref()).collect();
    if !versions.is_empty() {
        let versions = versions.into_iter().map(|it| format!("`{it}`")).collect::<Vec<_>>();
        return format!(
            "versions are compared as texts, and there are {}: write one of them, or leave `version` out",
            versions.join(", ")
        );
    }
    let none = "no runtime there is serves this format";
    match (shipped::meant(&format.name), shipped::runtime_for(&format.name)) {
        (Some(meant), _) => format!("{none}; did you mean `{meant}`?"),
        (None, Some(runtime)) => format!(
            "{none}: install one, such as KServe's ClusterServingRuntime `{runtime}`, which works here as it is"
        ),
        (None, None) => format!(
            "{none}: make a ServingRuntime that names it in `supportedModelFormats` with `autoSelect: true`"
        ),
    }
}

fn speaks(spec: &ServingRuntimeSpec, protocol: Protocol) -> bool {
    spec.protocol_versions.is_empty() || spec.protocol_versions.contains(&protocol)
}

fn selectable(spec: &ServingRuntimeSpec) -> impl Iterator<Item = &crate::SupportedModelFormat> {
    spec.supported_model_formats.iter().filter(|format| format.auto_select == Some(true))
}

/// The same name; and where the model gives a version, the same text.
fn serves(supported: &crate::SupportedModelFormat, format: &ModelFormat) -> bool {
    supported.name == format.name
        && (format.version.is_none() || supported.version == format.version)
}

/// The first entry of the format decides, whichever version it is of.
fn priority(spec: &ServingRuntimeSpec, format: &str) -> Option<i32> {
    spec.supported_model_formats.iter().find(|supported| supported.name == format)?.priority
}

fn shown(format: &ModelFormat) -> String {
    match &format.version {
        Some(version) => format!("the format `{}` of version `{version}`", format.name),
        None => format!("the format `{}`", format.name),
    }
}

fn formats(runtime: &Runtime) -> String {
    let formats = runtime.spec.supported_model_formats.iter();
    let shown: Vec<_> = formats
        .map(|format| match &format.version {
            Some(version) => format!("`{}` {version}", format.name),
            None => format!("`{}`", format.name),
        })
        .collect();
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Runtime, protocol, select};
    use crate::{Model, Protocol, status::FailureReason};

    fn runtime(name: &str, created: &str, spec: Value) -> Runtime {
        let spec = serde_json::from_value(spec).unwrap();
        Runtime {
            name: name.into(),
            is_cluster_wide: true,
            created: created.into(),
            spec,
            ..Runtime::default()
        }
    }

    fn model(value: Value) -> Model {
        serde_json::from_value(value).unwrap()
    }

    /// The runtimes that KServe ships for scikit-learn, and others that try the rules.
    fn shipped() -> Vec<Runtime> {
        let format = |name: &str, version: &str, auto: bool, priority: Value| json!({"name": name, "version": version, "autoSelect": auto, "priority": priority});
        vec![
            runtime(
                "kserve-sklearnserver",
                "2026-01-01T00:00:00Z",
                json!({
                    "supportedModelFormats": [format("sklearn", "1", true, json!(1))],
                    "protocolVersions": ["v1", "v2"],
                }),
            ),
            runtime(
                "kserve-mlserver",
                "2026-01-01T00:00:00Z",
                json!({
                    "supportedModelFormats": [
                        format("sklearn", "0", true, json!(2)), format("sklearn", "1", true, json!(2)),
                        format("mlflow", "1", true, json!(1)),
                    ],
                    "protocolVersions": ["v2"],
                }),
            ),
            runtime(
                "kserve-predictiveserver",
                "2026-01-01T00:00:00Z",
                json!({
                    "supportedModelFormats": [format("sklearn", "1", false, Value::Null)],
                    "protocolVersions": ["v1", "v2"],
                }),
            ),
            runtime(
                "off",
                "2026-01-01T00:00:00Z",
                json!({
                    "supportedModelFormats": [format("sklearn", "1", true, json!(9))], "disabled": true,
                }),
            ),
            runtime(
                "many",
                "2026-01-01T00:00:00Z",
                json!({
                    "supportedModelFormats": [format("sklearn", "1", true, json!(9))], "multiModel": true,
                }),
            ),
        ]
    }

    #[test]
    fn the_runtime_is_the_one_that_kserve_chooses() {
        let cases = [
            (json!({"modelFormat": {"name": "sklearn"}}), "kserve-sklearnserver"),
            (
                json!({"modelFormat": {"name": "sklearn"}, "protocolVersion": "v2"}),
                "kserve-mlserver",
            ),
            (json!({"modelFormat": {"name": "sklearn", "version": "1"}}), "kserve-sklearnserver"),
            (
                json!({"modelFormat": {"name": "sklearn", "version": "0"}, "protocolVersion": "v2"}),
                "kserve-mlserver",
            ),
            (
                json!({"modelFormat": {"name": "mlflow"}, "protocolVersion": "v2"}),
                "kserve-mlserver",
            ),
            (
                json!({"modelFormat": {"name": "sklearn"}, "runtime": "kserve-predictiveserver"}),
                "kserve-predictiveserver",
            ),
        ];
        let runtimes = shipped();
        let runtimes: Vec<_> = runtimes.iter().collect();
        for (asked, expected) in cases {
            let chosen = select(&model(asked.clone()), false, &runtimes);
            assert_eq!(chosen.map(|runtime| &*runtime.name), Ok(expected), "{asked}");
        }
    }

    #[test]
    fn refusals_say_what_to_do() {
        use FailureReason::{NoSupportingRuntime, RuntimeDisabled, RuntimeNotRecognized};
        let cases = [
            (
                json!({"modelFormat": {"name": "mlflow"}}),
                NoSupportingRuntime,
                "name it in `runtime` or change `protocolVersion`",
            ),
            (
                json!({"modelFormat": {"name": "onnx"}}),
                NoSupportingRuntime,
                "no runtime there is serves this format: install one, such as KServe's ClusterServingRuntime `kserve-tritonserver`",
            ),
            (
                json!({"modelFormat": {"name": "scikit-learn"}}),
                NoSupportingRuntime,
                "did you mean `sklearn`?",
            ),
            (
                json!({"modelFormat": {"name": "prophet"}}),
                NoSupportingRuntime,
                "make a ServingRuntime that names it in `supportedModelFormats`",
            ),
            (
                json!({"modelFormat": {"name": "sklearn", "version": "1.0"}}),
                NoSupportingRuntime,
                "of version `1.0` by the protocol v1; versions are compared as texts, and there are `0`, `1`",
            ),
            (
                json!({"modelFormat": {"name": "sklearn"}, "runtime": "none"}),
                RuntimeNotRecognized,
                "there are `kserve-sklearnserver`, `kserve-mlserver`, `kserve-predictiveserver`, `off`, `many`: name one of them",
            ),
            (
                json!({"modelFormat": {"name": "sklearn"}, "runtime": "kserve-sklearn"}),
                RuntimeNotRecognized,
                "name one of them",
            ),
            (
                json!({"modelFormat": {"name": "sklearn"}, "runtime": "kserve-sklearnservers"}),
                RuntimeNotRecognized,
                "did you mean `kserve-sklearnserver`?",
            ),
            (
                json!({"modelFormat": {"name": "pmml"}, "runtime": "kserve-pmmlserver"}),
                RuntimeNotRecognized,
                "it is KServe's: install its ClusterServingRuntime",
            ),
            (
                json!({"modelFormat": {"name": "sklearn"}, "runtime": "off"}),
                RuntimeDisabled,
                "is disabled",
            ),
            (
                json!({"modelFormat": {"name": "sklearn"}, "runtime": "kserve-mlserver", "protocolVersion": "v1"}),
                NoSupportingRuntime,
                "set `protocolVersion` to one of: v2",
            ),
            (
                json!({"modelFormat": {"name": "onnx"}, "runtime": "kserve-mlserver"}),
                NoSupportingRuntime,
                "it serves `sklearn` 0, `sklearn` 1, `mlflow` 1",
            ),
        ];
        let runtimes = shipped();
        let runtimes: Vec<_> = runtimes.iter().collect();
        for (asked, reason, words) in cases {
            let refused = select(&model(asked.clone()), false, &runtimes).unwrap_err();
            assert_eq!(refused.reason, reason, "{asked}");
            assert!(refused.message.contains(words), "{asked}: {}", refused.message);
        }
    }

    #[test]
    fn equal_runtimes_are_ordered_by_protocol_age_and_name() {
        let format = json!([{"name": "a", "autoSelect": true}]);
        let of = |name: &str, created: &str, protocols: Value| {
            runtime(
                name,
                created,
                json!({"supportedModelFormats": format, "protocolVersions": protocols}),
            )
        };
        let asked = model(json!({"modelFormat": {"name": "a"}, "protocolVersion": "v2"}));
        let chosen = |runtimes: &[&Runtime]| select(&asked, false, runtimes).unwrap().name.clone();
        let any = of("any", "2026-09-01T00:00:00Z", json!([]));
        let late = of("late", "2026-02-01T00:00:00Z", json!(["v2"]));
        let early = of("early", "2026-01-01T00:00:00Z", json!(["v2"]));
        let both = of("both", "2026-01-01T00:00:00Z", json!(["v2", "v1"]));
        let own =
            Runtime { is_cluster_wide: false, ..of("own", "2026-01-01T00:00:00Z", json!([])) };
        assert_eq!(chosen(&[&any, &early, &late]), "late");
        assert_eq!(chosen(&[&any, &early, &late, &both]), "both");
        assert_eq!(chosen(&[&any, &early, &late, &both, &own]), "own");
    }

    #[test]
    fn the_protocol_is_the_models_or_the_servers_or_the_lowest() {
        let runtimes = shipped();
        let asked = model(json!({"modelFormat": {"name": "sklearn"}}));
        assert_eq!(protocol(&asked, &runtimes[0]), Protocol::V1);
        assert_eq!(protocol(&asked, &runtimes[1]), Protocol::V2);
        let asked =
            model(json!({"modelFormat": {"name": "sklearn"}, "protocolVersion": "grpc-v2"}));
        assert_eq!(protocol(&asked, &runtimes[0]), Protocol::GrpcV2);
    }
}
