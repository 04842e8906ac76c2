//! `longshore rollout history`: the revisions, and what changed from one to the next.

use std::{collections::BTreeMap, fmt::Write};

use anyhow::Result;
use k8s_openapi::jiff::Timestamp;
use serde_json::Value;

use super::{
    change,
    cluster::Cluster,
    deployed::{Deployed, replicas},
    service::{Service, short},
};
use crate::cmd::table::{age, or_dash, table};

/// A table of the revisions, with a line for each change below them.
pub(super) async fn run(cluster: &Cluster, name: &str) -> Result<String> {
    let service = cluster.service(name).await?;
    let deployments = cluster.deployments(Some(name), false).await?;
    let deployed: Vec<_> = Deployed::by_service(deployments).into_values().flatten().collect();
    if deployed.is_empty() {
        return Ok(format!("`{name}` has no revision yet"));
    }
    page(&service, &deployed, Timestamp::now())
}

fn page(service: &Service, deployed: &[Deployed], now: Timestamp) -> Result<String> {
    let shares: BTreeMap<_, _> =
        service.shares().into_iter().map(|share| (share.revision, share.percent)).collect();
    let row = |it: &Deployed| {
        let share = shares.get(&it.revision);
        vec![
            short(&it.revision),
            it.component.clone(),
            or_dash(share.map(|percent| format!("{percent}%"))),
            replicas(it.ready, it.wanted),
            age(it.created, now),
            it.revision.clone(),
        ]
    };
    let headings = ["", "COMPONENT", "TRAFFIC", "REPLICAS", "AGE", "REVISION"];
    let mut page = table(&headings, &deployed.iter().map(row).collect::<Vec<_>>());
    let mut before = BTreeMap::<String, (String, Value)>::new();
    for it in deployed {
        let spec = it.deployment.spec.as_ref();
        let template = serde_json::to_value(spec.map(|spec| &spec.template))?;
        // canaries are components of their own name: neighbours share all but number and hash
        let object = object(&it.revision).to_owned();
        if let Some((older, last)) = before.get(&object) {
            let _ = write!(page, "\n\n{} to {}:", short(older), short(&it.revision));
            let changes = change::between(last, &template);
            if changes.is_empty() {
                page.push_str("\n  nothing of the pods");
            }
            for change in changes {
                let _ = write!(page, "\n  {change}");
            }
        }
        before.insert(object, (it.revision.clone(), template));
    }
    Ok(page)
}

/// The object that a revision is of, from its name `OBJECT-NUMBER-HASH`.
fn object(revision: &str) -> &str {
    revision.rsplitn(3, '-').nth(2).unwrap_or(revision)
}
