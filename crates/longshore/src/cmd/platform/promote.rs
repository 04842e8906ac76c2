//! `longshore rollout promote` and `longshore rollout abort`.

use anyhow::{Result, anyhow, bail};
use kube::api::{Patch, PatchParams};
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
    let change = if list(service.data(), "/spec/canary").is_empty() {
        if let Some(canary) = &args.canary {
            bail!("`{}` has no canary `{canary}`: `spec.canary` is empty", args.name);
        }
        by_percent(&service, verdict)
    } else {
        Some(by_canary(&service, args.canary.as_deref(), verdict)?)
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
    patch["metadata"] = json!({"resourceVersion": service.object.metadata.resource_version});
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
    let (predictor, said) = match verdict {
        Verdict::Promote => {
            let over = canaries.iter().find(is_chosen).and_then(|canary| canary.get("predictor"));
            let mut over = over.cloned();
            // the canary's fewest replicas were meant for its share
            if let Some(fields) = over.as_mut().and_then(Value::as_object_mut) {
                fields.remove("minReplicas");
            }
            (over, format!("{name}: canary `{chosen}` is the predictor now"))
        }
        Verdict::Abort => (None, format!("{name}: canary `{chosen}` is dropped")),
    };
    let mut patch = json!({"spec": {"canary": canary}});
    if let Some(predictor) = predictor {
        patch["spec"]["predictor"] = predictor;
    }
    Ok(Change { patch, said })
}

#[cfg(test)]
mod tests {
    use kube::api::DynamicObject;
    use serde_json::{Value, json};

    use super::{Verdict, by_canary, by_percent};
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
    fn a_canary_becomes_the_predictor_or_goes() {
        let spec = json!({"predictor": {"model": {"storageUri": "s3://a"}}, "canary": [
            {"trafficPercent": 10, "predictor": {"name": "v2", "minReplicas": 1, "model": {"storageUri": "s3://b"}}},
            {"trafficPercent": 5, "predictor": {"name": "v3"}}]});
        let service = service(&spec, SECOND);
        let error = by_canary(&service, None, Verdict::Promote).unwrap_err().to_string();
        assert!(error.ends_with("choose one with `--canary`: v2, v3"), "{error}");
        assert!(by_canary(&service, Some("v4"), Verdict::Abort).is_err());
        let change = by_canary(&service, Some("v2"), Verdict::Promote).unwrap();
        let spec = &change.patch["spec"];
        assert_eq!(spec["predictor"], json!({"name": "v2", "model": {"storageUri": "s3://b"}}));
        assert_eq!(spec["canary"], json!([{"trafficPercent": 5, "predictor": {"name": "v3"}}]));
        let change = by_canary(&service, Some("v3"), Verdict::Abort).unwrap();
        assert_eq!(change.patch["spec"]["canary"].as_array().unwrap().len(), 1);
        assert_eq!(change.patch["spec"].get("predictor"), None);
    }
}
