//! Workspaces: making them, asking for them and changing them.

mod delete;

use longshore_mlflow::rest::{
    CreateWorkspace, DEFAULT_WORKSPACE, ErrorCode, GetWorkspace, ListWorkspaces,
    ListWorkspacesReply, TraceArchivalConfig, UpdateWorkspace, Workspace, WorkspaceReply,
    trace_location, trace_retention, workspace_name, workspace_root,
};

use super::experiments::checked_location;
use crate::{
    Error,
    allow::denied,
    operation::{Access, Context, Level, Need, Object, Operation},
    rights::Permission,
    routes::Route,
    state::Settings,
    store::{Connection, Row, Value},
    users::Change,
    workspaces::need,
};

/// What [`of`] reads.
const SELECT: &str = "SELECT name, description, default_artifact_root, trace_archival_location, trace_archival_retention FROM workspaces";

/// The routes of workspaces.
pub(super) fn routes() -> Vec<Route> {
    let own = vec![
        Route::of::<ListWorkspaces>(),
        Route::of::<CreateWorkspace>(),
        Route::of::<GetWorkspace>(),
        Route::of::<UpdateWorkspace>(),
    ];
    [own, delete::routes()].concat()
}

fn of(mut row: Row) -> Result<Workspace, Error> {
    let (name, description, default_artifact_root) = (row.take(0)?, row.take(1)?, row.take(2)?);
    let config = TraceArchivalConfig { location: row.take(3)?, retention: row.take(4)? };
    let is_said = config != TraceArchivalConfig::default();
    let trace_archival_config = is_said.then_some(config);
    Ok(Workspace { name, description, default_artifact_root, trace_archival_config })
}

fn by_name(on: &mut dyn Connection, name: &str) -> Result<WorkspaceReply, Error> {
    let row = on.first(&format!("{SELECT} WHERE name = ?"), &[name.into()])?;
    let workspace = row.map(of).transpose()?;
    let missing = || Error::missing(format!("Workspace '{name}' not found"));
    Ok(WorkspaceReply { workspace: workspace.ok_or_else(missing)? })
}

/// Whether the caller may know of a workspace: the server's administrators know all, others those that they
/// have a role in, and the one of the request, when they have any right there.
fn may_see(context: &Context<'_>, name: &str) -> bool {
    let caller = context.caller;
    let is_known = || match caller.rights.limited() {
        Some(granted) => {
            granted.absent > Permission::None
                || granted.grants.iter().any(|it| it.permission > Permission::None)
        }
        None => true,
    };
    caller.rights.is_all()
        || caller.workspaces.contains(name)
        || (caller.workspace == name && is_known())
}

/// Checks the name of a workspace that may be the one that is always there.
fn known_name(name: &str) -> Result<(), Error> {
    if name == DEFAULT_WORKSPACE { Ok(()) } else { Ok(workspace_name(name)?) }
}

/// What a request says of a workspace, checked: the columns to set. An empty text takes a value away.
fn columns(
    settings: &Settings,
    description: Option<&String>,
    root: Option<&String>,
    config: Option<&TraceArchivalConfig>,
) -> Result<Vec<(&'static str, Value)>, Error> {
    let kept = |text: &str| (!text.is_empty()).then(|| text.to_owned()).into();
    let mut columns = Vec::new();
    if let Some(text) = description {
        columns.push(("description", text.into()));
    }
    if let Some(text) = root {
        let root = workspace_root(text)?;
        if !root.is_empty() {
            checked_location(root, settings)?;
        }
        columns.push(("default_artifact_root", kept(root)));
    }
    if let Some(text) = config.and_then(|it| it.location.as_ref()) {
        columns.push(("trace_archival_location", kept(trace_location(text)?)));
    }
    if let Some(text) = config.and_then(|it| it.retention.as_ref()) {
        columns.push(("trace_archival_retention", kept(trace_retention(text)?)));
    }
    Ok(columns)
}

impl Operation for ListWorkspaces {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::Workspace)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        need(context.settings.workspaces)?;
        let rows = on.query(&format!("{SELECT} ORDER BY name"), &[])?.into_iter();
        let mut workspaces = rows.map(of).collect::<Result<Vec<_>, _>>()?;
        workspaces.retain(|it| may_see(context, &it.name));
        Ok(ListWorkspacesReply { workspaces })
    }
}

impl Operation for CreateWorkspace {
    const ACCESS: Access = Access::Write;
    const STATUS: u16 = 201;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Manage, Object::Server)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        need(context.settings.workspaces)?;
        let name = &self.name;
        if name == DEFAULT_WORKSPACE {
            let words = "The 'default' workspace is reserved and cannot be created";
            return Err(Error::invalid(words));
        }
        workspace_name(name)?;
        let config = self.trace_archival_config.as_ref();
        let (description, root) = (self.description.as_ref(), self.default_artifact_root.as_ref());
        let columns = columns(context.settings, description, root, config)?;
        let sql = "INSERT INTO workspaces (name) VALUES (?) ON CONFLICT (name) DO NOTHING";
        if on.execute(sql, &[name.into()])? == 0 {
            let words = format!("Workspace '{name}' already exists.");
            return Err(Error::refused(ErrorCode::ResourceAlreadyExists, words));
        }
        set(on, name, columns)?;
        by_name(on, name)
    }

    fn changes(&self, _: &Self::Reply) -> Vec<Change> {
        vec![Change::MadeWorkspace(self.name.clone())]
    }
}

impl Operation for GetWorkspace {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::Workspace)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        need(context.settings.workspaces)?;
        known_name(&self.workspace_name)?;
        if !may_see(context, &self.workspace_name) {
            return Err(denied());
        }
        by_name(on, &self.workspace_name)
    }
}

impl Operation for UpdateWorkspace {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Manage, Object::Server)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        need(context.settings.workspaces)?;
        known_name(&self.workspace_name)?;
        let config = self.trace_archival_config.as_ref();
        let (description, root) = (self.description.as_ref(), self.default_artifact_root.as_ref());
        let columns = columns(context.settings, description, root, config)?;
        if columns.is_empty() {
            return Err(Error::invalid("Workspace update must have at least one key"));
        }
        by_name(on, &self.workspace_name)?;
        set(on, &self.workspace_name, columns)?;
        by_name(on, &self.workspace_name)
    }
}

/// Sets columns of a workspace.
fn set(
    on: &mut dyn Connection,
    name: &str,
    columns: Vec<(&'static str, Value)>,
) -> Result<(), Error> {
    for (column, value) in columns {
        let sql = format!("UPDATE workspaces SET {column} = ? WHERE name = ?");
        on.execute(&sql, &[value, name.into()])?;
    }
    Ok(())
}
