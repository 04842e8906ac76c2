//! `longshore apply` and `longshore delete`.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Result, anyhow, bail};
use kube::{
    Api,
    api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams},
    core::GroupVersionKind,
    discovery::{Scope, pinned_kind},
};

use super::{
    MANAGER,
    cluster::{Cluster, inference_service},
    manifest::{self, Manifest},
};
use crate::{
    cli::{ApplyArgs, DeleteArgs},
    cmd::print,
};

/// How long to wait before looking again whether something is gone.
const PAUSE: Duration = Duration::from_millis(500);

/// Checks all manifests, then applies them one after another and prints what happened to each.
pub(super) async fn apply(cluster: &Cluster, args: &ApplyArgs) -> Result<()> {
    let manifests = manifest::read(&args.files)?;
    let faults = manifest::faults(&manifests);
    if !faults.is_empty() {
        bail!("nothing was applied:\n  {}", faults.join("\n  "));
    }
    let mut kinds = Kinds::new(cluster, args.cluster.namespace.as_deref());
    for manifest in &manifests {
        let (api, kind) = kinds.of(manifest).await?;
        let (name, kind) = (manifest.name(), title(&kind));
        let what = format!("apply {kind} `{name}` of {}", manifest.place);
        let before = api.get_metadata_opt(name).await;
        let before = before.map_err(|error| cluster.refused(error, &what))?;
        let mut params = PatchParams::apply(MANAGER);
        params.force = args.force_conflicts;
        params.dry_run = args.dry_run;
        // the cluster keeps who wrote which field by itself
        let mut object = manifest.object.clone();
        object.metadata.managed_fields = None;
        object.metadata.resource_version = None;
        let after = api.patch(name, &params, &Patch::Apply(&object)).await;
        let after = after.map_err(|error| conflict(error, cluster, &what))?;
        let version = before.as_ref().map(|it| it.metadata.resource_version.as_deref());
        let outcome = match version {
            None => "created",
            Some(version) if version == after.metadata.resource_version.as_deref() => "unchanged",
            Some(_) => "configured",
        };
        let dry = if args.dry_run { " (dry run)" } else { "" };
        print(&format!("{kind}/{name} {outcome}{dry}"));
    }
    Ok(())
}

/// Says who has set a field that was to be changed.
fn conflict(error: kube::Error, cluster: &Cluster, what: &str) -> anyhow::Error {
    match &error {
        kube::Error::Api(status) if status.is_conflict() => anyhow!(
            "could not {what}: {}; leave these fields to who has set them, or take them with `--force-conflicts`",
            status.message
        ),
        _ => cluster.refused(error, what),
    }
}

/// Deletes, and waits when that is asked for.
pub(super) async fn delete(cluster: &Cluster, args: &DeleteArgs) -> Result<()> {
    let mut targets = Vec::new();
    for name in &args.names {
        cluster.service(name).await?;
        let kind = inference_service();
        targets.push((cluster.services(), title(&kind), name.clone()));
    }
    if !args.files.is_empty() {
        let mut kinds = Kinds::new(cluster, args.cluster.namespace.as_deref());
        for manifest in manifest::read(&args.files)?.iter().rev() {
            let (api, kind) = kinds.of(manifest).await?;
            targets.push((api, title(&kind), manifest.name().to_owned()));
        }
    }
    // with the foreground policy an object stays until all that belongs to it is gone
    let params = if args.wait { DeleteParams::foreground() } else { DeleteParams::default() };
    for (api, kind, name) in &targets {
        match api.delete(name, &params).await {
            Ok(_) => print(&format!("{kind}/{name} deleted")),
            Err(kube::Error::Api(status)) if status.is_not_found() => {
                print(&format!("{kind}/{name} is not there"));
            }
            Err(error) => return Err(cluster.refused(error, &format!("delete {kind} `{name}`"))),
        }
    }
    for (api, kind, name) in targets.iter().filter(|_| args.wait) {
        wait(cluster, api, kind, name).await?;
    }
    Ok(())
}

async fn wait(cluster: &Cluster, api: &Api<DynamicObject>, kind: &str, name: &str) -> Result<()> {
    loop {
        let there = api.get_metadata_opt(name).await;
        let there =
            there.map_err(|error| cluster.refused(error, &format!("read {kind} `{name}`")))?;
        if there.is_none() {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// How a kind is called in what is printed.
fn title(kind: &ApiResource) -> String {
    let name = kind.kind.to_ascii_lowercase();
    if kind.group.is_empty() { name } else { format!("{name}.{}", kind.group) }
}

/// Kinds that the cluster has been asked for.
struct Kinds<'c> {
    cluster: &'c Cluster,
    /// The namespace that the command line names.
    asked: Option<&'c str>,
    known: BTreeMap<(String, String), (ApiResource, Scope)>,
}

impl<'c> Kinds<'c> {
    fn new(cluster: &'c Cluster, asked: Option<&'c str>) -> Self {
        Self { cluster, asked, known: BTreeMap::new() }
    }

    /// Where the objects of a manifest's kind and namespace are.
    async fn of(&mut self, manifest: &Manifest) -> Result<(Api<DynamicObject>, ApiResource)> {
        let place = &manifest.place;
        let types = manifest.object.types.clone().unwrap_or_default();
        let key = (types.api_version.clone(), types.kind.clone());
        if !self.known.contains_key(&key) {
            let found = self.ask(&types.api_version, &types.kind).await;
            self.known.insert(key.clone(), found?);
        }
        let Some((kind, scope)) = self.known.get(&key) else {
            bail!("{place}: the kind `{}` was not found", types.kind);
        };
        let own = manifest.object.metadata.namespace.as_deref();
        let client = self.cluster.client.clone();
        let api = match (scope, own, self.asked) {
            (Scope::Cluster, _, _) => Api::all_with(client, kind),
            (Scope::Namespaced, Some(own), Some(asked)) if own != asked => bail!(
                "{place} is of the namespace `{own}`, and `-n {asked}` was asked for: leave one of them out"
            ),
            (Scope::Namespaced, own, _) => {
                Api::namespaced_with(client, own.unwrap_or(&self.cluster.namespace), kind)
            }
        };
        Ok((api, kind.clone()))
    }

    async fn ask(&self, version: &str, kind: &str) -> Result<(ApiResource, Scope)> {
        let (group, short) = version.split_once('/').unwrap_or(("", version));
        let wanted = GroupVersionKind::gvk(group, short, kind);
        match pinned_kind(&self.cluster.client, &wanted).await {
            Ok((resource, capabilities)) => Ok((resource, capabilities.scope)),
            Err(kube::Error::Discovery(_)) => bail!(unknown_kind(version, kind)),
            Err(kube::Error::Api(status)) if status.is_not_found() => {
                bail!(unknown_kind(version, kind))
            }
            Err(error) => Err(self.cluster.refused(error, &format!("look up the kind `{kind}`"))),
        }
    }
}

fn unknown_kind(version: &str, kind: &str) -> String {
    let hint = if version.starts_with(longshore_kserve::GROUP) {
        "; install the chart `longshore`, which brings KServe's kinds"
    } else {
        "; its definition (CRD) is missing, or `apiVersion` is of another release"
    };
    format!("the cluster does not know the kind `{kind}` of `{version}`{hint}")
}
