//! `longshore rollout status`: waits until what is asked for is what answers.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::{
    cluster::Cluster,
    get::traffic,
    service::{Service, short},
};
use crate::{cli::RolloutStatusArgs, cmd::print};

/// How often the service is read.
const PAUSE: Duration = Duration::from_secs(1);

/// How a rollout stands.
#[derive(Debug, PartialEq, Eq)]
enum Progress {
    /// It is done, in a line.
    Done(String),
    /// It goes on, in a line.
    Going(String),
    /// It will not be done unless something changes.
    Failed(String),
}

/// Prints each change, until the rollout is done or has failed.
pub(super) async fn status(cluster: &Cluster, args: &RolloutStatusArgs) -> Result<()> {
    let end = Instant::now() + args.timeout;
    let mut told = String::new();
    loop {
        let line = match progress(&cluster.service(&args.name).await?) {
            Progress::Done(line) => {
                print(&line);
                return Ok(());
            }
            Progress::Failed(why) => bail!("the rollout of `{}` failed: {why}", args.name),
            Progress::Going(line) => line,
        };
        if Instant::now() >= end {
            bail!("`{}` was not ready after {:?}: {line}", args.name, args.timeout);
        }
        if line != told {
            print(&line);
            told = line;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn progress(service: &Service) -> Progress {
    let name = service.name();
    if !service.is_observed() {
        return Progress::Going(service.trouble().unwrap_or_default());
    }
    let of = |pointer: &str| service.text(pointer);
    let stopped = service.condition("Stopped").is_some_and(|it| it.status == "True");
    if stopped {
        return Progress::Failed("it is stopped: remove `serving.kserve.io/stop`".into());
    }
    let failed = matches!(
        of("/status/modelStatus/transitionStatus"),
        Some("BlockedByFailedLoad" | "InvalidSpec")
    );
    if failed {
        let why = of("/status/modelStatus/lastFailureInfo/message").map(str::to_owned);
        let why = why.or_else(|| service.trouble());
        return Progress::Failed(why.unwrap_or_else(|| "its model does not load".into()));
    }
    if let Some(stepped) = service.condition("RolloutProgressing") {
        let message = stepped.message.clone().unwrap_or_default();
        match (stepped.status.as_str(), stepped.reason.as_deref()) {
            ("False", _) => return Progress::Failed(message),
            (_, Some("Complete")) => {}
            _ => return Progress::Going(message),
        }
    }
    let shares = traffic(&service.shares());
    if let Some(why) = service.trouble() {
        return Progress::Going(format!("{name} is not ready: {why}"));
    }
    // a service is ready without its canaries
    let canary = service.condition("CanaryPredictorReady").filter(|it| it.status == "False");
    if let Some(why) = canary.and_then(|it| it.message.clone()) {
        return Progress::Going(format!("{name} is ready ({shares}), its canary is not: {why}"));
    }
    match unfinished(service) {
        Some(revision) => {
            Progress::Going(format!("{name}: {} is not ready yet; {shares}", short(revision)))
        }
        None => Progress::Done(format!("{name} is ready: {shares}")),
    }
}

/// A component's latest revision that is not ready yet.
fn unfinished(service: &Service) -> Option<&str> {
    ["predictor", "transformer", "explainer"].into_iter().find_map(|component| {
        let of = |field: &str| service.text(&format!("/status/components/{component}/{field}"));
        let created = of("latestCreatedRevision")?;
        (of("latestReadyRevision") != Some(created)).then_some(created)
    })
}

#[cfg(test)]
mod tests {
    use kube::api::DynamicObject;
    use serde_json::{Value, json};

    use super::{Progress, progress};
    use crate::cmd::platform::service::Service;

    fn of(status: &Value) -> Progress {
        let object: DynamicObject = serde_json::from_value(json!({
            "metadata": {"name": "iris", "generation": 3}, "status": status,
        }))
        .unwrap();
        progress(&Service::new(object))
    }

    fn with(extra: &Value, ready: &str, created: &str) -> Value {
        let mut status = json!({"observedGeneration": 3,
            "conditions": [{"type": "Ready", "status": ready, "message": "it waits"}],
            "components": {"predictor": {
                "latestCreatedRevision": created, "latestReadyRevision": "iris-predictor-00001-aaaaa",
                "traffic": [{"revisionName": "iris-predictor-00001-aaaaa", "percent": 100}]}}});
        for (key, value) in extra.as_object().unwrap() {
            match status[key].as_array_mut() {
                Some(list) => list.extend(value.as_array().unwrap().clone()),
                None => status[key] = value.clone(),
            }
        }
        status
    }

    #[test]
    fn it_is_done_when_the_latest_revision_answers() {
        let first = "iris-predictor-00001-aaaaa";
        let none = json!({});
        assert_eq!(
            of(&with(&none, "True", first)),
            Progress::Done("iris is ready: #1 100%".into())
        );
        let second = of(&with(&none, "True", "iris-predictor-00002-bbbbb"));
        assert_eq!(second, Progress::Going("iris: #2 is not ready yet; #1 100%".into()));
        let waits = of(&with(&none, "False", first));
        assert_eq!(waits, Progress::Going("iris is not ready: it waits".into()));
        assert!(matches!(of(&Value::Null), Progress::Going(_)));
        let canary = json!({"type": "CanaryPredictorReady", "status": "False", "message": "`bad`: it starts"});
        let waits = of(&with(&json!({"conditions": [canary]}), "True", first));
        let told = "iris is ready (#1 100%), its canary is not: `bad`: it starts";
        assert_eq!(waits, Progress::Going(told.into()));
    }

    #[test]
    fn failures_end_it_with_their_reason() {
        let first = "iris-predictor-00001-aaaaa";
        let blocked = json!({"modelStatus": {"transitionStatus": "BlockedByFailedLoad",
            "lastFailureInfo": {"message": "`model.pkl` is cut off"}}});
        let failed = Progress::Failed("`model.pkl` is cut off".into());
        assert_eq!(of(&with(&blocked, "True", first)), failed);
        let stepped = |status: &str, reason: &str| {
            let condition = json!({"type": "RolloutProgressing", "status": status,
                "reason": reason, "message": "5 of 9 requests failed"});
            of(&with(&json!({"conditions": [condition]}), "True", first))
        };
        let told = "5 of 9 requests failed".to_owned();
        assert_eq!(stepped("False", "RolledBack"), Progress::Failed(told.clone()));
        assert_eq!(stepped("True", "Stepping"), Progress::Going(told));
        assert!(matches!(stepped("True", "Complete"), Progress::Done(_)));
        let stopped = json!({"conditions": [{"type": "Stopped", "status": "True"}]});
        assert!(matches!(of(&with(&stopped, "False", first)), Progress::Failed(_)));
    }
}
