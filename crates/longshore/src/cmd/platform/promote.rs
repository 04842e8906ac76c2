//! `longshore rollout promote` and `longshore rollout abort`.

use anyhow::{Context, Result, anyhow, bail};
use kube::api::{Patch, PatchParams};
use longshore_kserve::{
    InferenceServiceSpec, annotations::Annotations, defaults, merge, validate::validate,
};
use longshore_platform::names::{ROLLOUT, ROLLOUT_COMMAND};
use serde_json::{Map, Value, json};

use super::{
    MANAGER,
    cluster::Cluster,
    object::{list, text},
    service::{Service, short},
};
use crate::{cli::PromoteArgs, cmd::print};

/// What is to become of the latest revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It gets all requests.
    Promote,
    /// It gets none.
    Abort,
}

/// A change of the specification, and what it does in a line.
#[derive(Debug, PartialEq)]
struct Change {
    /// A merge patch (RFC 7386) of the object.
    patch: Value,
    said: String,
}

/// Changes the specification, unless somebody else has changed it since it was read.
pub(super) async fn run(cluster: &Cluster, args: &PromoteArgs, verdict: Verdict) -> Result<()> {
    let service = cluster.service(&args.name).await?;
    let has_canaries = !list(service.data(), "/spec/canary").is_empty();
    let change = match &args.canary {
        Some(canary) if !has_canaries => {
            bail!("`{}` has no canary `{canary}`: `spec.canary` is empty", args.name)
        }
        _ if has_canaries => Some(by_canary(&service, args.canary.as_deref(), verdict)?),
        _ if service.annotation(ROLLOUT).is_some() => by_command(&service, verdict),
        _ => by_percent(&service, verdict),
    };
    let Some(Change { mut patch, said }) = change else {
        let what = match verdict {
            Verdict::Promote => "promote: its latest revision gets all requests that it can get",
            Verdict::Abort => {
                "abort: no earlier revision has had all requests, or the latest has them"
            }
        };
        print(&format!("{} has nothing to {what}", args.name));
        return Ok(());
    };
    patch["metadata"]["resourceVersion"] = json!(service.object.metadata.resource_version);
    let params = PatchParams { field_manager: Some(MANAGER.into()), ..PatchParams::default() };
    match cluster.services().patch(&args.name, &params, &Patch::Merge(&patch)).await {
        Ok(_) => print(&said),
        Err(kube::Error::Api(status)) if status.is_conflict() => {
            let message = "somebody has changed `{}` just now: look at it, and ask again";
            return Err(anyhow!(message.replace("{}", &args.name)));
        }
        Err(error) => return Err(cluster.refused(error, &format!("change `{}`", args.name))),
    }
    Ok(())
}

/// By a decision about the latest revisions that have not all requests, for a rollout that goes by steps.
fn by_command(service: &Service, verdict: Verdict) -> Option<Change> {
    let under_way = |component: &str| {
        let of = |field: &str| service.text(&format!("/status/components/{component}/{field}"));
        of("latestCreatedRevision").filter(|latest| of("latestRolledoutRevision") != Some(*latest))
    };
    let found: Vec<_> = ["predictor", "transformer", "explainer"]
        .into_iter()
        .filter_map(|component| Some((component, under_way(component)?)))
        .collect();
    if found.is_empty() {
        return None;
    }
    let (verb, said) = match verdict {
        Verdict::Promote => ("promote", "gets all requests"),
        Verdict::Abort => ("abort", "gets no requests any more"),
    };
    let revisions: Vec<_> = found.iter().map(|(_, latest)| *latest).collect();
    let command = format!("{verb} {}", revisions.join(" "));
    let told: Vec<_> = found
        .iter()
        .map(|(component, latest)| format!("{component} {} {said}", short(latest)))
        .collect();
    Some(Change {
        patch: json!({"metadata": {"annotations": {ROLLOUT_COMMAND: command}}}),
        said: format!("{}: {}", service.name(), told.join("; ")),
    })
}

/// By `canaryTrafficPercent` of the components.
fn by_percent(service: &Service, verdict: Verdict) -> Option<Change> {
    let mut spec = Map::new();
    let mut said = Vec::new();
    for component in ["predictor", "transformer", "explainer"] {
        let Some(own) = service.data().pointer(&format!("/spec/{component}")) else { continue };
        let percent = own.get("canaryTrafficPercent").and_then(Value::as_i64);
        let of = |field: &str| service.text(&format!("/status/components/{component}/{field}"));
        let created = of("latestCreatedRevision");
        let latest = created.map_or_else(|| "the latest revision".into(), short);
        match verdict {
            Verdict::Promote if percent.is_some() => {
                spec.insert(component.into(), json!({"canaryTrafficPercent": null}));
                said.push(format!("{component} {latest} gets all requests"));
            }
            Verdict::Abort if percent != Some(0) => {
                let Some(stable) = of("latestRolledoutRevision") else { continue };
                if created == Some(stable) {
                    continue;
                }
                spec.insert(component.into(), json!({"canaryTrafficPercent": 0}));
                let stable = short(stable);
                said.push(format!("{component} {latest} gets no requests, {stable} gets all"));
            }
            _ => {}
        }
    }
    let said = format!("{}: {}", service.name(), said.join("; "));
    (!spec.is_empty()).then(|| Change { patch: json!({"spec": spec}), said })
}

/// By the entries of `spec.canary`: one becomes the predictor, or goes.
fn by_canary(service: &Service, asked: Option<&str>, verdict: Verdict) -> Result<Change> {
    let name = service.name();
    let canaries = list(service.data(), "/spec/canary");
    let names: Vec<_> =
        canaries.iter().filter_map(|canary| text(canary, "/predictor/name")).collect();
    let chosen = match (asked, &names[..]) {
        (Some(asked), _) if names.contains(&asked) => asked,
        (None, [only]) => only,
        (Some(asked), _) => {
            bail!("`{name}` has no canary `{asked}`: its canaries are {}", names.join(", "))
        }
        (None, _) => {
            bail!("`{name}` has several canaries: choose one with `--canary`: {}", names.join(", "))
        }
    };
    let is_chosen = |canary: &&Value| text(canary, "/predictor/name") == Some(chosen);
    let rest: Vec<_> = canaries.iter().filter(|canary| !is_chosen(canary)).cloned().collect();
    let canary = if rest.is_empty() { Value::Null } else { Value::Array(rest) };
    let mut patch = json!({"spec": {"canary": canary}});
    let said = match verdict {
        Verdict::Promote => {
            let over = canaries.iter().find(is_chosen).and_then(|canary| canary.get("predictor"));
            patch["spec"]["predictor"] = promoted(service, over.cloned().unwrap_or_default())?;
            format!("{name}: canary `{chosen}` is the predictor now")
        }
        Verdict::Abort => format!("{name}: canary `{chosen}` is dropped"),
    };
    Ok(Change { patch, said })
}

/// The stable predictor with a canary's laid over it, as a merge patch of the stable one.
fn promoted(service: &Service, mut over: Value) -> Result<Value> {
    // the canary's fewest replicas were meant for its share
    if let Some(fields) = over.as_object_mut() {
        fields.remove("minReplicas");
    }
    let stable = service.data().pointer("/spec/predictor").cloned().unwrap_or_default();
    // a model may be written by its framework in one of them and as `model` in the other
    let complete = |predictor: &Value| {
        let spec = serde_json::from_value(json!({"predictor": predictor}));
        let mut spec: InferenceServiceSpec = spec.context("a predictor cannot be read")?;
        defaults::complete(&mut Annotations::new(), &mut spec);
        serde_json::to_value(&spec.predictor).context("a predictor cannot be written")
    };
    let mut merged = complete(&stable)?;
    merge::fields(&mut merged, complete(&over)?);
    let spec = serde_json::from_value(json!({"predictor": merged}))?;
    let faults = validate(service.name(), &Annotations::new(), &spec);
    if let Some(fault) = faults.first() {
        bail!("the canary cannot become the predictor: {fault}; change the manifest by hand");
    }
    let gone: Vec<_> = stable
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .filter(|key| merged.get(key.as_str()).is_none())
        .cloned()
        .collect();
    for key in gone {
        merged[key] = Value::Null;
    }
    Ok(merged)
}

#[cfg(test)]
mod tests {
    use kube::api::DynamicObject;
    use serde_json::{Value, json};

    use super::{Verdict, by_canary, by_command, by_percent};
    use crate::cmd::platform::service::Service;

    fn service(spec: &Value, rolled_out: &str) -> Service {
        let object: DynamicObject = serde_json::from_value(json!({
            "metadata": {"name": "iris"}, "spec": spec,
            "status": {"components": {"predictor": {
                "latestCreatedRevision": "iris-predictor-00002-bbbbb",
                "latestRolledoutRevision": rolled_out}}},
        }))
        .unwrap();
        Service::new(object)
    }

    const FIRST: &str = "iris-predictor-00001-aaaaa";
    const SECOND: &str = "iris-predictor-00002-bbbbb";

    #[test]
    fn a_percent_goes_or_becomes_none() {
        let canary = service(&json!({"predictor": {"canaryTrafficPercent": 10}}), FIRST);
        let change = by_percent(&canary, Verdict::Promote).unwrap();
        assert_eq!(change.patch, json!({"spec": {"predictor": {"canaryTrafficPercent": null}}}));
        assert_eq!(change.said, "iris: predictor #2 gets all requests");
        let change = by_percent(&canary, Verdict::Abort).unwrap();
        assert_eq!(change.patch, json!({"spec": {"predictor": {"canaryTrafficPercent": 0}}}));
        assert_eq!(change.said, "iris: predictor #2 gets no requests, #1 gets all");
    }

    #[test]
    fn what_is_so_already_is_left() {
        let aborted = service(&json!({"predictor": {"canaryTrafficPercent": 0}}), FIRST);
        assert_eq!(by_percent(&aborted, Verdict::Abort), None);
        let plain = service(&json!({"predictor": {}}), SECOND);
        assert_eq!(by_percent(&plain, Verdict::Promote), None);
        assert_eq!(by_percent(&plain, Verdict::Abort), None);
        let unready = service(&json!({"predictor": {}}), FIRST);
        assert!(by_percent(&unready, Verdict::Abort).is_some());
    }

    #[test]
    fn a_rollout_by_steps_is_told_about_its_revision() {
        let stepped = service(&json!({"predictor": {}}), FIRST);
        let change = by_command(&stepped, Verdict::Promote).unwrap();
        let annotations = json!({"longshore.dev/rollout-command": format!("promote {SECOND}")});
        assert_eq!(change.patch, json!({"metadata": {"annotations": annotations}}));
        assert_eq!(change.said, "iris: predictor #2 gets all requests");
        assert_eq!(by_command(&service(&json!({}), SECOND), Verdict::Abort), None);
        let mut both = service(&json!({}), FIRST);
        both.object.data["status"]["components"]["transformer"] =
            json!({"latestCreatedRevision": "iris-transformer-00003-ccccc"});
        let change = by_command(&both, Verdict::Abort).unwrap();
        let command = &change.patch["metadata"]["annotations"]["longshore.dev/rollout-command"];
        assert_eq!(*command, format!("abort {SECOND} iris-transformer-00003-ccccc"));
        let said = "iris: predictor #2 gets no requests any more; transformer #3 gets no requests any more";
        assert_eq!(change.said, said);
    }

    #[test]
    fn a_canary_becomes_the_predictor_or_goes() {
        let spec = json!({"predictor": {"minReplicas": 2, "sklearn": {"storageUri": "s3://a"}}, "canary": [
            {"trafficPercent": 10, "predictor": {"name": "v2", "minReplicas": 1, "model": {
                "modelFormat": {"name": "sklearn"}, "storageUri": "s3://b"}}},
            {"trafficPercent": 5, "predictor": {"name": "v3"}}]});
        let service = service(&spec, SECOND);
        let error = by_canary(&service, None, Verdict::Promote).unwrap_err().to_string();
        assert!(error.ends_with("choose one with `--canary`: v2, v3"), "{error}");
        assert!(by_canary(&service, Some("v4"), Verdict::Abort).is_err());
        let change = by_canary(&service, Some("v2"), Verdict::Promote).unwrap();
        let spec = &change.patch["spec"];
        let model = json!({"modelFormat": {"name": "sklearn"}, "storageUri": "s3://b"});
        let predictor = json!({"name": "v2", "minReplicas": 2, "model": model, "sklearn": null});
        assert_eq!(spec["predictor"], predictor);
        assert_eq!(spec["canary"], json!([{"trafficPercent": 5, "predictor": {"name": "v3"}}]));
        let change = by_canary(&service, Some("v3"), Verdict::Abort).unwrap();
        assert_eq!(change.patch["spec"]["canary"].as_array().unwrap().len(), 1);
        assert_eq!(change.patch["spec"].get("predictor"), None);
    }
}
