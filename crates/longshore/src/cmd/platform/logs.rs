//! `longshore logs`.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::{Result, bail};
use futures_util::{AsyncBufReadExt, StreamExt, io::BufReader};
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, ResourceExt, api::LogParams};
use longshore_kserve::annotations::COMPONENT;
use longshore_platform::names::REVISION;
use tokio::task::JoinSet;

use super::{cluster::Cluster, service::number};
use crate::{cli::LogsArgs, cmd};

/// How often new pods are looked for.
const PAUSE: Duration = Duration::from_secs(2);

/// The container of a model's pod that answers, as KServe names it.
const MAIN: &str = "kserve-container";

/// Prints the lines of all pods as they come, each behind its pod's short name.
pub(super) async fn run(cluster: &Cluster, args: &LogsArgs) -> Result<()> {
    cluster.service(&args.name).await?;
    let api: Api<Pod> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    let mut streams = JoinSet::new();
    // a container that starts again is another one to follow
    let mut known = BTreeMap::<String, i32>::new();
    let mut is_first = true;
    loop {
        let pods = cluster.pods(&args.name).await?;
        let pods: Vec<_> = pods.into_iter().filter(|pod| is_meant(pod, args)).collect();
        if pods.is_empty() && !args.follow {
            bail!("no pod of `{}` runs{}", args.name, hint(args));
        }
        let names: BTreeSet<_> = pods.iter().map(ResourceExt::name_any).collect();
        known.retain(|name, _| names.contains(name));
        for pod in &pods {
            let (name, container) = (pod.name_any(), container(pod, args.container.as_deref()));
            let Some(restarts) = restarts(pod, &container) else { continue };
            if known.insert(name.clone(), restarts).is_some_and(|before| before >= restarts) {
                continue;
            }
            let params = LogParams {
                container: Some(container),
                follow: args.follow,
                previous: args.previous,
                tail_lines: args.tail.filter(|_| is_first).map(i64::from),
                ..LogParams::default()
            };
            streams.spawn(stream(api.clone(), name, short(pod), params));
        }
        is_first = false;
        if !args.follow {
            if streams.is_empty() {
                bail!("no container of `{}` has started; `longshore describe` says why", args.name);
            }
            break;
        }
        tokio::time::sleep(PAUSE).await;
        while let Some(ended) = streams.try_join_next() {
            if let Ok((name, Err(error))) = ended {
                cmd::complain(
                    &anyhow::Error::from(error).context(format!("the log of `{name}` ended")),
                );
                known.remove(&name);
            }
        }
    }
    let mut refused = None;
    while let Some(ended) = streams.join_next().await {
        if let (_, Err(error)) = ended? {
            refused = Some(error);
        }
    }
    match refused {
        None => Ok(()),
        Some(error) => Err(cluster.refused(error, "read a log")),
    }
}

/// Prints the lines of one container.
async fn stream(
    api: Api<Pod>,
    name: String,
    prefix: String,
    params: LogParams,
) -> (String, kube::Result<()>) {
    let log = match api.log_stream(&name, &params).await {
        Ok(log) => log,
        Err(error) => return (name, Err(error)),
    };
    let mut lines = BufReader::new(log).lines();
    while let Some(line) = lines.next().await {
        match line {
            Ok(line) => cmd::print(&format!("{prefix}  {line}")),
            Err(error) => return (name, Err(kube::Error::ReadEvents(error))),
        }
    }
    (name, Ok(()))
}

fn is_meant(pod: &Pod, args: &LogsArgs) -> bool {
    let label = |name: &str| pod.labels().get(name).map(String::as_str);
    let revision = args.revision.as_deref().is_none_or(|wanted| {
        let own = label(REVISION);
        let wanted_number = wanted.trim_start_matches('#').trim_start_matches('0');
        own == Some(wanted) || own.and_then(number) == Some(wanted_number)
    });
    let component = args.component.as_deref();
    revision && component.is_none_or(|component| label(COMPONENT) == Some(component))
}

fn hint(args: &LogsArgs) -> &'static str {
    match (&args.revision, &args.component) {
        (None, None) => ": it sleeps or has not started; `longshore describe` says which",
        _ => " of that revision or component; `longshore get revisions NAME` lists them",
    }
}

/// The container that is asked for, or the one that answers.
fn container(pod: &Pod, asked: Option<&str>) -> String {
    let containers = pod.spec.as_ref().map(|spec| spec.containers.as_slice()).unwrap_or_default();
    let main = || containers.iter().find(|it| it.name == MAIN).or_else(|| containers.first());
    asked.map_or_else(|| main().map(|it| it.name.clone()).unwrap_or_default(), str::to_owned)
}

/// How often a container has started again; none before it has started once.
fn restarts(pod: &Pod, container: &str) -> Option<i32> {
    let status = pod.status.as_ref()?;
    let init = status.init_container_statuses.iter().flatten();
    let mut all = status.container_statuses.iter().flatten().chain(init);
    let own = all.find(|status| status.name == container)?;
    let state = own.state.as_ref();
    let has_log = own.restart_count > 0
        || state.is_some_and(|state| state.running.is_some() || state.terminated.is_some());
    has_log.then_some(own.restart_count)
}

/// A pod's short name: `#2-x2x7z`, with the component before it unless it is the predictor.
fn short(pod: &Pod) -> String {
    let name = pod.name_any();
    let last = name.rsplit('-').next().unwrap_or_default();
    let revision = pod.labels().get(REVISION);
    let Some(number) = revision.and_then(|revision| number(revision)) else { return name };
    match pod.labels().get(COMPONENT).map(String::as_str) {
        None | Some("predictor") => format!("#{number}-{last}"),
        Some(component) => format!("{component}#{number}-{last}"),
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Pod;
    use serde_json::json;

    use super::{container, is_meant, restarts, short};
    use crate::cli::LogsArgs;

    fn pod(component: &str) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": format!("iris-{component}-00002-k3d9x-7c9f8b6d5-x2x7z"), "labels": {
                "component": component, "longshore.dev/revision": format!("iris-{component}-00002-k3d9x")}},
            "spec": {"containers": [{"name": "agent"}, {"name": "kserve-container"}]},
            "status": {"containerStatuses": [
                {"name": "agent", "image": "", "imageID": "", "ready": false, "restartCount": 0,
                 "state": {"waiting": {}}},
                {"name": "kserve-container", "image": "", "imageID": "", "ready": true,
                 "restartCount": 3, "state": {"waiting": {}}}]},
        }))
        .unwrap()
    }

    #[test]
    fn lines_are_told_apart_by_short_names() {
        assert_eq!(short(&pod("predictor")), "#2-x2x7z");
        assert_eq!(short(&pod("transformer")), "transformer#2-x2x7z");
    }

    #[test]
    fn the_container_that_answers_is_read() {
        assert_eq!(container(&pod("predictor"), None), "kserve-container");
        assert_eq!(restarts(&pod("predictor"), "kserve-container"), Some(3));
        assert_eq!(restarts(&pod("predictor"), "agent"), None);
    }

    #[test]
    fn a_revision_is_named_by_its_number_too() {
        let meant = |revision: Option<&str>| {
            let cluster =
                crate::cli::ClusterArgs { kubeconfig: None, context: None, namespace: None };
            let args = LogsArgs {
                name: "iris".into(),
                revision: revision.map(str::to_owned),
                component: None,
                container: None,
                follow: false,
                tail: None,
                previous: false,
                cluster,
            };
            is_meant(&pod("predictor"), &args)
        };
        assert!(meant(None) && meant(Some("2")) && meant(Some("#2")) && meant(Some("00002")));
        assert!(meant(Some("iris-predictor-00002-k3d9x")));
        assert!(!meant(Some("1")) && !meant(Some("iris-predictor-00001-k3d9x")));
    }
}
