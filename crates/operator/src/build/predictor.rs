use longshore_kserve::{
    Model, Predictor, merge,
    select::{self, Runtime},
    template::Names,
};
use longshore_platform::Pool;

use super::{
    Refusal,
    context::{Context, refuse},
    custom,
    draft::{Draft, SERVER, TRANSFORMER},
    foreign, own, pool,
    storage::{self, Wanted},
};

/// What a predictor's pod is made of.
pub(super) struct Predicting<'r> {
    pub draft: Draft,
    pub runtime: Option<&'r Runtime>,
    /// What a warm pool is told, where one may answer for it.
    pub pool: Option<Pool>,
}

/// The pod of a predictor, with its model fetched into it.
pub(super) fn draft<'c>(
    context: &Context<'c>,
    predictor: &Predictor,
) -> Result<Predicting<'c>, Refusal> {
    if predictor.worker_spec.is_some() {
        return Err(refuse(
            "spec.predictor.workerSpec: a model spread over several nodes is not served by this platform; leave `workerSpec` out, and choose a node that holds the whole model",
        ));
    }
    let (mut draft, runtime, wanted) = if let Some(model) = &predictor.model {
        let (draft, runtime) = of_model(context, predictor, model)?;
        (draft, Some(runtime), Wanted::of_model(predictor, model))
    } else {
        let mut draft = custom::draft(&predictor.component.pod)?;
        let wanted = Wanted::of_container(draft.server()?, &predictor.component.storage_uris);
        (draft, None, wanted)
    };
    if let Some(batcher) = predictor.component.extension.batcher.filter(|_| draft.is_own) {
        own::join_requests(draft.server()?, batcher);
    }
    let logger = predictor.component.extension.logger.as_ref().filter(|_| draft.is_own);
    if let Some(logger) = logger {
        own::record(draft.server()?, logger, context.service);
    }
    let fetches = runtime.is_some_and(|runtime| own::fetches(&runtime.annotations));
    storage::bring(
        context,
        &mut draft,
        &wanted,
        predictor.storage_container_name.as_deref(),
        fetches,
    )?;
    let pool = predictor.model.as_ref().filter(|_| fetches && draft.is_own);
    let pool = pool.and_then(|model| pool::of(context, predictor, model, &draft));
    Ok(Predicting { draft, runtime, pool })
}

/// The runtime's pod with the model's container and the predictor's pod over it.
fn of_model<'c>(
    context: &Context<'c>,
    predictor: &Predictor,
    model: &Model,
) -> Result<(Draft, &'c Runtime), Refusal> {
    let runtime = select::select(model, false, context.around.runtimes)
        .map_err(|it| Refusal { reason: it.reason, message: it.message })?;
    let within = |message: String| refuse(format!("runtime `{}`: {message}", runtime.name));
    let own = &model.framework.container;
    let merged = merge::pods(
        &runtime.spec.pod.known(),
        &own.known(),
        &predictor.component.pod.known(),
        SERVER,
    )
    .map_err(within)?;
    let mut draft = Draft::new(&merged, SERVER);
    let told = foreign::labels(runtime, model);
    let mut labels = told.clone();
    labels.extend(context.service.labels.clone());
    let names = Names { labels: &labels, ..context.names() };
    for container in &mut draft.containers {
        if matches!(container.name(), Some(SERVER | TRANSFORMER)) {
            *container = names.fill_container(container).map_err(within)?;
        }
    }
    draft.is_own = own::is(&runtime.annotations);
    draft.labels = runtime.spec.labels.clone().unwrap_or_default();
    draft.labels.extend(told);
    draft.annotations = runtime.spec.annotations.clone().unwrap_or_default();
    if !draft.is_own {
        let server = draft.server()?;
        foreign::complete(server, runtime, model, context.service.name);
        if let Some(version) = &model.framework.runtime_version {
            foreign::tag(server, version);
        }
    }
    Ok((draft, runtime))
}
