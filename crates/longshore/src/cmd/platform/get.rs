//! `longshore get`.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use k8s_openapi::jiff::Timestamp;
use kube::api::{DynamicObject, TypeMeta};
use longshore_platform::names::CANARY_TAG;

use super::{
    cluster::Cluster,
    deployed::{Deployed, replicas},
    output,
    service::{Service, Share, short},
};
use crate::{
    cli::{GetArgs, OutputFormat},
    cmd::table::{age, cut, or_dash, table},
};

/// Most characters of a reason in a list; `describe` and `-o wide` have all of it.
const LONGEST: usize = 120;

/// What is printed.
pub(super) async fn run(cluster: &Cluster, args: &GetArgs) -> Result<String> {
    match args.what.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => services(cluster, None, args).await,
        ["revisions"] => revisions(cluster, None, args).await,
        ["revisions", name] => revisions(cluster, Some(name), args).await,
        [name] => services(cluster, Some(name), args).await,
        _ => bail!(
            "`{}` cannot be listed: write nothing, one name, or `revisions` and one name",
            args.what.join(" ")
        ),
    }
}

async fn services(cluster: &Cluster, name: Option<&str>, args: &GetArgs) -> Result<String> {
    let found = match name {
        Some(_) if args.all_namespaces => bail!("a name is in one namespace: leave `-A` out"),
        Some(name) => vec![cluster.service(name).await?],
        None => cluster.list(args.all_namespaces).await?,
    };
    let objects: Vec<_> = found.iter().map(|service| service.object.clone()).collect();
    if let Some(text) = output::raw(&objects, name.is_some(), args.output) {
        return text;
    }
    if found.is_empty() {
        return Ok(nothing(cluster, args.all_namespaces, "InferenceServices"));
    }
    // who may list services may not see Deployments: the rest is worth showing
    let deployments = cluster.deployments(name, args.all_namespaces).await;
    let deployed = deployments.ok().map(Deployed::by_service);
    let is_wide = args.output == Some(OutputFormat::Wide);
    Ok(services_table(&found, deployed.as_ref(), args.all_namespaces, is_wide, Timestamp::now()))
}

type ByService = BTreeMap<(String, String), Vec<Deployed>>;

fn services_table(
    services: &[Service],
    deployed: Option<&ByService>,
    with_namespace: bool,
    is_wide: bool,
    now: Timestamp,
) -> String {
    let troubled = services.iter().any(|service| !service.is_ready());
    let mut headings = vec!["NAME", "READY", "URL", "TRAFFIC", "REPLICAS", "AGE"];
    if with_namespace {
        headings.insert(0, "NAMESPACE");
    }
    if is_wide {
        headings.extend(["FORMAT", "RUNTIME", "LATEST REVISION"]);
    }
    if troubled {
        headings.push("WHY NOT READY");
    }
    let row = |service: &Service| {
        let key = (service.namespace().to_owned(), service.name().to_owned());
        let of = deployed.map(|all| all.get(&key).map(Vec::as_slice).unwrap_or_default());
        let counted = of.map(|of| {
            let with_traffic = |it: &&Deployed| it.wanted > 0 || it.ready > 0;
            let (ready, wanted) = of
                .iter()
                .filter(with_traffic)
                .fold((0, 0), |(ready, wanted), it| (ready + it.ready, wanted + it.wanted));
            if of.is_empty() { "-".to_owned() } else { replicas(ready, wanted) }
        });
        let mut cells = vec![
            service.name().to_owned(),
            if service.is_ready() { "yes".into() } else { "no".into() },
            or_dash(service.url()),
            traffic(&service.shares()),
            or_dash(counted),
            age(service.created(), now),
        ];
        if with_namespace {
            cells.insert(0, service.namespace().to_owned());
        }
        if is_wide {
            let runtime = service.text("/status/servingRuntimeName");
            let runtime = runtime.or_else(|| service.text("/status/clusterServingRuntimeName"));
            cells.push(or_dash(service.text("/spec/predictor/model/modelFormat/name")));
            cells.push(or_dash(runtime));
            cells.push(or_dash(service.text("/status/components/predictor/latestCreatedRevision")));
        }
        if troubled {
            let why = service.trouble().unwrap_or_default();
            cells.push(if is_wide { why } else { cut(&why, LONGEST) });
        }
        cells
    };
    table(&headings, &services.iter().map(row).collect::<Vec<_>>())
}

/// Who gets which share of the predictor's requests: `#2 10% · #1 90%`; a canary of `spec.canary` has its
/// name before it.
pub(super) fn traffic(shares: &[Share]) -> String {
    let of = shares.iter().filter(|share| share.component == "predictor");
    let part = |it: &Share| {
        let canary = it.tag.as_deref().and_then(|tag| tag.strip_prefix(CANARY_TAG));
        let canary = canary.map(|name| format!("{name} ")).unwrap_or_default();
        format!("{canary}{} {}%", short(&it.revision), it.percent)
    };
    let parts: Vec<_> = of.map(part).collect();
    if parts.is_empty() { "-".into() } else { parts.join(" · ") }
}

async fn revisions(cluster: &Cluster, name: Option<&str>, args: &GetArgs) -> Result<String> {
    let services = match name {
        Some(_) if args.all_namespaces => bail!("a name is in one namespace: leave `-A` out"),
        Some(name) => vec![cluster.service(name).await?],
        None => cluster.list(args.all_namespaces).await?,
    };
    let deployments = cluster.deployments(name, args.all_namespaces).await?;
    let deployed: Vec<_> = Deployed::by_service(deployments).into_values().flatten().collect();
    let objects = deployed.iter().map(object).collect::<Result<Vec<_>>>()?;
    if let Some(text) = output::raw(&objects, false, args.output) {
        return text;
    }
    if deployed.is_empty() {
        return Ok(nothing(cluster, args.all_namespaces, "revisions"));
    }
    let is_wide = args.output == Some(OutputFormat::Wide);
    Ok(revisions_table(&services, &deployed, is_wide, Timestamp::now()))
}

/// A revision as the cluster has it: its Deployment.
fn object(deployed: &Deployed) -> Result<DynamicObject> {
    let value = serde_json::to_value(&deployed.deployment)?;
    let mut object: DynamicObject = serde_json::from_value(value)?;
    object.types = Some(TypeMeta { api_version: "apps/v1".into(), kind: "Deployment".into() });
    Ok(object)
}

fn revisions_table(
    services: &[Service],
    deployed: &[Deployed],
    is_wide: bool,
    now: Timestamp,
) -> String {
    let shares: BTreeMap<_, _> = services
        .iter()
        .flat_map(|service| {
            let named =
                |share: Share| ((service.namespace().to_owned(), share.revision), share.percent);
            service.shares().into_iter().map(named).collect::<Vec<_>>()
        })
        .collect();
    let mut headings = vec!["REVISION", "COMPONENT", "TRAFFIC", "REPLICAS", "AGE"];
    if is_wide {
        headings.push("IMAGE");
    }
    let row = |it: &Deployed| {
        let share = shares.get(&(it.namespace.clone(), it.revision.clone()));
        let pod = it.deployment.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
        let image = pod.and_then(|pod| pod.containers.first()?.image.clone());
        let mut cells = vec![
            it.revision.clone(),
            it.component.clone(),
            or_dash(share.map(|percent| format!("{percent}%"))),
            replicas(it.ready, it.wanted),
            age(it.created, now),
        ];
        if is_wide {
            cells.push(or_dash(image));
        }
        cells
    };
    table(&headings, &deployed.iter().map(row).collect::<Vec<_>>())
}

fn nothing(cluster: &Cluster, everywhere: bool, what: &str) -> String {
    if everywhere {
        return format!("no {what} in any namespace");
    }
    format!("no {what} in the namespace `{}`; `-A` looks everywhere", cluster.namespace)
}

#[cfg(test)]
mod tests {
    use super::{Share, traffic};

    #[test]
    fn a_canary_is_told_from_the_predictor_by_its_name() {
        let share = |revision: &str, percent: i64, tag: Option<&str>| Share {
            component: "predictor".into(),
            revision: revision.into(),
            percent,
            tag: tag.map(str::to_owned),
        };
        let shares = [
            share("iris-predictor-00002-k3d9x", 70, None),
            share("iris-predictor-00001-aaaaa", 20, Some("prev")),
            share("iris-green-predictor-00001-bbbbb", 10, Some("canary-green")),
        ];
        assert_eq!(traffic(&shares), "#2 70% · #1 20% · green #1 10%");
        assert_eq!(traffic(&[]), "-");
    }
}
