//! Where the files of a version that is to be made are: what a client may name as its source.
//!
//! Who reads the files of a version reads what its source names. A place that belongs to this server must
//! therefore be one of the run or logged model that the client names.

use longshore_mlflow::{
    ModelUri,
    rest::{CreateModelVersion, ErrorCode, ModelVersion},
};

use super::{aliases, model_versions, prompts, registered_models, stages};
use crate::{
    Error,
    allow::allow,
    artifacts::{ArtifactPath, Location, reach},
    operation::{Context, Level, Need, Object},
    state::Settings,
    store::Connection,
    workspaces,
};

mod address;
mod logged_model;

use address::Address;
pub(super) use address::forms;
use logged_model::LoggedModel;

/// What MLflow's clients name as the source of a prompt, which has no files.
const OF_PROMPTS: [&str; 2] = ["dummy-source", "prompt-template"];

/// A source that was checked.
pub(super) struct VersionSource {
    /// What the client named; a version of a registered model by its number.
    pub(super) source: String,
    /// Where the files are.
    pub(super) location: String,
    /// The run that made them.
    pub(super) run_id: Option<String>,
    /// The logged model that they are.
    model: Option<LoggedModel>,
}

impl VersionSource {
    /// Lets the logged model know that it is a version of a registered model.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) fn register(
        &self,
        on: &mut dyn Connection,
        name: &str,
        version: i64,
    ) -> Result<(), Error> {
        self.model.as_ref().map_or(Ok(()), |model| model.register(on, name, version))
    }
}

/// Whether a source is a version of a registered model.
pub(super) fn is_of_registered_model(source: &str) -> bool {
    let uri = source.parse::<ModelUri>();
    Address::of(source).scheme == "models"
        && uri.is_ok_and(|uri| !matches!(uri, ModelUri::Logged { .. }))
}

/// Checks the source of a version that is to be made.
///
/// # Errors
/// When the client may not name it.
pub(super) fn of(
    request: &CreateModelVersion,
    on: &mut dyn Connection,
    context: &Context<'_>,
) -> Result<VersionSource, Error> {
    let source = request.source.as_str();
    let pattern = context.settings.source_pattern.as_ref();
    if pattern.is_some_and(|pattern| !pattern.is_match(source)) {
        return Err(invalid(source, ""));
    }
    let run_id = request.run_id.clone().filter(|id| !id.is_empty());
    if prompts::is_prompt(&request.tags) {
        if !OF_PROMPTS.contains(&source) {
            return Err(Error::invalid(format!(
                "Invalid prompt source: '{source}'. Prompt sources must use an MLflow placeholder."
            )));
        }
        let source = source.to_owned();
        return Ok(VersionSource { location: source.clone(), source, run_id, model: None });
    }
    let address = Address::of(source);
    not_of_host("source", source, context.settings)?;
    let model_id = request.model_id.as_deref().filter(|id| !id.is_empty());
    let of_model = model_id.is_some();
    let model = model_id.map(|id| logged_model::find(on, context, id)).transpose()?.flatten();
    if address.scheme == "models" {
        return of_models(request, on, context, model);
    }
    let root = match (&model, &run_id) {
        (Some(model), _) => Some(model.location.clone()),
        (None, Some(run_id)) if !of_model => artifacts_of_run(on, context, run_id)?,
        _ => None,
    };
    let which = if of_model { "model_id" } else { "run_id" };
    if address.is_local() {
        local(&address, root.as_deref(), which)?;
    } else {
        remote(&address, root.as_deref(), which, run_id.as_deref())?;
        not_of_others(on, context, &address, root.as_deref(), which)?;
    }
    if let (Some(id), None) = (model_id, &model) {
        return Err(Error::missing(format!("Logged model with ID '{id}' not found.")));
    }
    let of_model = || model.as_ref().and_then(|model| model.run_id.clone());
    Ok(VersionSource {
        source: source.to_owned(),
        location: address.followed(),
        run_id: run_id.or_else(of_model),
        model,
    })
}

/// A path of the local disk: it is the server's, so it must be one of the run or model.
fn local(address: &Address<'_>, root: Option<&str>, which: &str) -> Result<(), Error> {
    if address.is_elsewhere() {
        let words = format!(
            "{} is not a valid remote uri. For remote access on windows, please consider using a different scheme such as SMB (e.g. smb://<hostname>/<path>).",
            address.text
        );
        return Err(Error::refused(ErrorCode::InternalError, words));
    }
    if root.is_some_and(|root| address.is_within(&Address::of(root))) {
        return Ok(());
    }
    let words = format!(
        " To use a local path as a model version source, the {which} request parameter has to be specified and the local path has to be contained within the artifact directory of the run specified by the {which}."
    );
    Err(invalid(address.text, &words))
}

/// A place elsewhere: object stores are free, what comes through this server must be of the run or model.
fn remote(
    address: &Address<'_>,
    root: Option<&str>,
    which: &str,
    run_id: Option<&str>,
) -> Result<(), Error> {
    if !address.is_plain() {
        let words = " If supplying a source as an http, https, local file path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references present. Please provide an absolute path.";
        return Err(invalid(address.text, words));
    }
    let is_of_it = match address.scheme.as_str() {
        "runs" => {
            let named = address.path.split('/').nth(1);
            address.authority.is_empty() && which == "run_id" && run_id.is_some() && named == run_id
        }
        _ if address.is_of_proxy() => {
            root.is_some_and(|root| address.is_within(&Address::of(root)))
        }
        _ => true,
    };
    if is_of_it { Ok(()) } else { Err(not_of_it(address.text, which)) }
}

/// A place in the bucket of this server: the server reads it for whoever may read the version, so its experiment must
/// be one that the caller may read.
fn not_of_others(
    on: &mut dyn Connection,
    context: &Context<'_>,
    address: &Address<'_>,
    root: Option<&str>,
    which: &str,
) -> Result<(), Error> {
    let (caller, settings) = (context.caller, context.settings);
    let is_of_it = root.is_some_and(|root| address.is_within(&Address::of(root)));
    if caller.rights.is_all() || address.is_of_proxy() || is_of_it {
        return Ok(());
    }
    let place = Location::parse(address.text).ok();
    let Some(path) = place.and_then(|place| reach::own(settings, &place)) else { return Ok(()) };
    let inner = workspaces::of_place(settings.workspaces, &caller.workspace, path.as_str());
    let inner = inner.map(ArtifactPath::parse).transpose()?;
    let object = inner.as_ref().and_then(ArtifactPath::experiment).map(Object::Experiment);
    let need = Need::of(Level::Read, object.unwrap_or(Object::Server));
    allow(on, caller, &[need]).map_err(|_| not_of_it(address.text, which))
}

/// A logged model or a version of a registered model, by a location `models:/…`.
fn of_models(
    request: &CreateModelVersion,
    on: &mut dyn Connection,
    context: &Context<'_>,
    model: Option<LoggedModel>,
) -> Result<VersionSource, Error> {
    let source = request.source.as_str();
    if !Address::of(source).authority.is_empty() {
        let words = " Registered model sources must use the active model registry.";
        return Err(invalid(source, words));
    }
    let uri: ModelUri = source.parse().map_err(|_| not_of_it(source, "model_id"))?;
    let run_id = request.run_id.clone().filter(|id| !id.is_empty());
    if let ModelUri::Logged { id } = &uri {
        let model = model.filter(|model| model.id == *id);
        let model = model.ok_or_else(|| not_of_it(source, "model_id"))?;
        return Ok(VersionSource {
            source: source.to_owned(),
            location: model.location.clone(),
            run_id: run_id.or_else(|| model.run_id.clone()),
            model: Some(model),
        });
    }
    // whoever may read the new version reads the files of the one that it is made from
    let need = Need::of(Level::Read, Object::RegisteredModel(uri.name()));
    allow(on, context.caller, &[need])?;
    let of_it = registered_models::get(on, context, uri.name())?;
    if of_it.tags.iter().any(prompts::is_mark) {
        let words = " Prompt versions cannot be used as model version sources.";
        return Err(invalid(source, words));
    }
    let copied = version_of(on, context, &uri)?;
    let its_run = copied.run_id.clone().filter(|id| !id.is_empty());
    let names_other_run = request.run_id.is_some() && run_id != its_run;
    let names_model = request.model_id.as_deref().is_some_and(|id| !id.is_empty());
    if names_other_run || names_model {
        let words =
            " The run_id and model_id request parameters must match the referenced model version.";
        return Err(invalid(source, words));
    }
    Ok(VersionSource {
        source: format!("models:/{}/{}", copied.name, copied.version),
        location: model_versions::location(on, context, &copied.name, &copied.version)?,
        run_id: its_run,
        model: None,
    })
}

/// The version of a registered model that a location names.
fn version_of(
    on: &mut dyn Connection,
    context: &Context<'_>,
    uri: &ModelUri,
) -> Result<ModelVersion, Error> {
    let name = uri.name();
    match uri {
        ModelUri::Version { version, .. } => {
            model_versions::get(on, context, name, &version.to_string())
        }
        ModelUri::Alias { alias, .. } => aliases::version(on, context, name, alias),
        ModelUri::Stage { stage, .. } => {
            let found = stages::latest(on, context, name, std::slice::from_ref(stage))?.pop();
            found.ok_or_else(|| {
                Error::invalid(format!(
                    "No versions of model with name '{name}' and stage '{stage}' found"
                ))
            })
        }
        ModelUri::Latest { .. } | ModelUri::Logged { .. } => {
            aliases::version(on, context, name, aliases::LATEST)
        }
    }
}

/// A host that a client names is not asked for files, unless it is the one of the server's own files.
/// `field` names it in the request.
///
/// # Errors
/// A refusal in MLflow's words.
pub(super) fn not_of_host(field: &str, uri: &str, settings: &Settings) -> Result<(), Error> {
    let address = Address::of(uri);
    let root = Address::of(&settings.artifact_root);
    let is_ours =
        root.scheme == address.scheme && root.authority.eq_ignore_ascii_case(address.authority);
    let is_allowed =
        settings.host_schemes.iter().any(|it| it.eq_ignore_ascii_case(&address.scheme));
    if !address.is_of_host() || is_ours || is_allowed {
        return Ok(());
    }
    let scheme = &address.scheme;
    Err(Error::invalid(format!(
        "'{field}' cannot use the '{scheme}' scheme: the '{scheme}' scheme addresses a host other than the tracking server's configured artifact storage, so the server would connect to the host named in the URI. Set the MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES environment variable on the server to allow it."
    )))
}

/// Where the artifacts of a run are.
fn artifacts_of_run(
    on: &mut dyn Connection,
    context: &Context<'_>,
    run_id: &str,
) -> Result<Option<String>, Error> {
    let sql = "SELECT r.artifact_uri FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id WHERE r.run_uuid = ? AND e.workspace = ?";
    let row = on.first(sql, &[run_id.into(), (&context.caller.workspace).into()])?;
    row.map_or(Ok(None), |mut row| row.take(0))
}

fn not_of_it(source: &str, which: &str) -> Error {
    let words = format!(
        " The {which} request parameter must identify the resource that contains the source."
    );
    invalid(source, &words)
}

fn invalid(source: &str, words: &str) -> Error {
    Error::invalid(format!("Invalid model version source: '{source}'.{words}"))
}
