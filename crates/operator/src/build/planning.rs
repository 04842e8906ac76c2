use std::collections::BTreeMap;

use longshore_kserve::{
    Component,
    address::object,
    annotations::{DEPLOYMENT_MODE, DeploymentMode, STOP, is_true},
};

use super::{
    ComponentAddress, Plan, Refusal, RuntimeName, Service, Settings, Surroundings, Workload, art,
    canary,
    component::{self, Part},
    context::{Context, refuse},
    custom, notes, predictor, services,
    storage::{self, Wanted},
};

/// What an InferenceService becomes.
///
/// # Errors
/// When its manifest, or what it needs of its surroundings, cannot be served; another plan is worth
/// trying only when one of them has changed.
pub fn plan(
    service: &Service<'_>,
    around: &Surroundings<'_>,
    settings: &Settings,
) -> Result<Plan, Refusal> {
    let wanted = service.annotations.get(DEPLOYMENT_MODE);
    let wanted = wanted.and_then(|mode| DeploymentMode::named(mode));
    let mode = service.mode.or(wanted).unwrap_or(settings.default_mode);
    let context = Context { service, around, settings, mode };
    let mut notes = notes::of(service);
    let predicting = predictor::draft(&context, &service.spec.predictor)?;
    let is_own = predicting.draft.is_own;
    notes.extend(notes::of_server(&service.spec.predictor, is_own));
    let extension = &service.spec.predictor.component.extension;
    notes.extend(notes::of_logger("spec.predictor", extension, is_own));
    let runtime = predicting.runtime.map(|runtime| RuntimeName {
        name: runtime.name.clone(),
        is_cluster_wide: runtime.is_cluster_wide,
    });
    let is_stopped = is_true(service.annotations, STOP);
    let stable = &service.spec.predictor;
    let part = Part {
        component: Component::Predictor,
        path: "spec.predictor".into(),
        variant: stable.name.as_deref().filter(|name| !name.is_empty()),
        is_canary: false,
        extension: &stable.component.extension,
    };
    let mut first = component::workload(&context, &part, predicting.draft, &mut notes)?;
    first.facts.pool = predicting.pool.filter(|_| first.min_replicas == 0);
    let mut workloads = vec![first];
    canaries(&context, &mut workloads, &mut notes)?;
    others(&context, &mut workloads, &mut notes)?;
    let mut objects: BTreeMap<_, _> =
        workloads.iter().map(|it| (it.object.clone(), it.component)).collect();
    // whatever the stable predictor is called, its clients find it by this name
    objects.insert(object(service.name, Component::Predictor, None), Component::Predictor);
    let services = services::of(&context, &objects);
    let (url, address, components) = addresses(&context, &workloads)?;
    if is_stopped {
        workloads.clear();
    }
    Ok(Plan {
        mode,
        runtime,
        workloads,
        services,
        url,
        address,
        components,
        is_stopped,
        not_honoured: notes,
    })
}

fn canaries(
    context: &Context<'_>,
    workloads: &mut Vec<Workload>,
    notes: &mut Vec<String>,
) -> Result<(), Refusal> {
    let spec = context.service.spec;
    let bounds = workloads.first().map(|stable| (stable.min_replicas, stable.max_replicas));
    let (fewest, most) = bounds.unwrap_or((1, 0));
    for entry in &spec.canary {
        let merged = canary::predictor(&spec.predictor, entry)?;
        let predicting = predictor::draft(context, &merged)?;
        let percent = u32::try_from(entry.traffic_percent).unwrap_or(0);
        let part = Part {
            component: Component::Predictor,
            path: format!("spec.canary ({})", merged.name.as_deref().unwrap_or_default()),
            variant: merged.name.as_deref(),
            is_canary: true,
            extension: &merged.component.extension,
        };
        notes.extend(notes::of_logger(&part.path, part.extension, predicting.draft.is_own));
        let mut workload = component::workload(context, &part, predicting.draft, notes)?;
        let own = entry.predictor.component.extension.min_replicas;
        workload.min_replicas = canary::replicas(fewest, own, percent);
        workload.facts.pool = predicting.pool.filter(|_| workload.min_replicas == 0);
        workload.max_replicas = most;
        workload.percent = Some(percent);
        workloads.push(workload);
    }
    Ok(())
}

/// The transformer and the explainer: their containers, told where the predictor is.
fn others(
    context: &Context<'_>,
    workloads: &mut Vec<Workload>,
    notes: &mut Vec<String>,
) -> Result<(), Refusal> {
    let Service { name, namespace, spec, .. } = *context.service;
    let predictor = spec.predictor.name.as_deref().filter(|name| !name.is_empty());
    let host = format!("{}.{namespace}", object(name, Component::Predictor, predictor));
    for (component, own) in spec.components().filter(|(it, _)| *it != Component::Predictor) {
        let explainer = spec.explainer.as_ref().filter(|_| component == Component::Explainer);
        let art = explainer.and_then(|it| it.art.as_ref());
        let mut draft = match art {
            Some(art) => custom::draft(&art::pod(art, &own.pod))?,
            None => custom::draft(&own.pod)?,
        };
        let server = draft.server()?;
        custom::add_flags(server, &own.extension, name, &host);
        let wanted = Wanted::of_container(server, &own.storage_uris);
        storage::bring(context, &mut draft, &wanted, None, false)?;
        let path = format!("spec.{}", component.name());
        notes.extend(notes::of_logger(&path, &own.extension, false));
        let extension = &own.extension;
        let part = Part { component, path, variant: None, is_canary: false, extension };
        workloads.push(component::workload(context, &part, draft, notes)?);
    }
    Ok(())
}

type Addresses = (String, String, BTreeMap<Component, ComponentAddress>);

/// Where the service and its components are asked.
fn addresses(context: &Context<'_>, workloads: &[Workload]) -> Result<Addresses, Refusal> {
    let hosts = context.hosts();
    let url = hosts.url().map_err(refuse)?;
    let mut components = BTreeMap::new();
    for it in workloads.iter().filter(|it| it.canary.is_none()) {
        let address = ComponentAddress {
            url: hosts.component_url(&it.object).map_err(refuse)?,
            host: hosts.host(&it.object).map_err(refuse)?,
            address: format!("http://{}", hosts.in_cluster(&it.object)),
        };
        components.insert(it.component, address);
    }
    Ok((url, services::address(context), components))
}
