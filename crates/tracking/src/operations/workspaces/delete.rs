//! Removing workspaces, and what becomes of what is in them.

use longshore_mlflow::rest::{
    Call, DEFAULT_WORKSPACE, DeleteWorkspace, Done, ErrorCode, WorkspaceDeletionMode,
    workspace_name,
};

use crate::{
    Error,
    operate::operate,
    operation::{Access, Context, Level, Need, Object, Operation},
    query::pairs,
    routes::Route,
    store::Connection,
    users::Change,
    workspaces::{exists, need},
};

/// The tables whose rows are of a workspace, and the column that no two rows of one may share. Their
/// children go and move with them.
const TABLES: [(&str, Option<&str>); 11] = [
    ("registered_models", Some("name")),
    ("experiments", Some("name")),
    ("evaluation_datasets", None),
    ("webhooks", None),
    ("secrets", Some("secret_name")),
    ("endpoints", Some("name")),
    ("model_definitions", Some("name")),
    ("budget_policies", None),
    ("guardrails", None),
    ("jobs", None),
    ("mcp_servers", Some("name")),
];

/// What has to go before rows of [`TABLES`] can, children first; `?` is the workspace.
const CHILDREN: [&str; 16] = [
    "DELETE FROM model_version_tags WHERE workspace = ?",
    "DELETE FROM registered_model_aliases WHERE workspace = ?",
    "DELETE FROM registered_model_tags WHERE workspace = ?",
    "DELETE FROM model_versions WHERE workspace = ?",
    "DELETE FROM entity_associations WHERE source_type = 'evaluation_dataset' AND source_id IN (SELECT dataset_id FROM evaluation_datasets WHERE workspace = ?)",
    "DELETE FROM logged_models WHERE experiment_id IN (SELECT experiment_id FROM experiments WHERE workspace = ?)",
    "DELETE FROM metrics WHERE run_uuid IN (SELECT run_uuid FROM runs WHERE experiment_id IN (SELECT experiment_id FROM experiments WHERE workspace = ?))",
    "DELETE FROM latest_metrics WHERE run_uuid IN (SELECT run_uuid FROM runs WHERE experiment_id IN (SELECT experiment_id FROM experiments WHERE workspace = ?))",
    "DELETE FROM params WHERE run_uuid IN (SELECT run_uuid FROM runs WHERE experiment_id IN (SELECT experiment_id FROM experiments WHERE workspace = ?))",
    "DELETE FROM tags WHERE run_uuid IN (SELECT run_uuid FROM runs WHERE experiment_id IN (SELECT experiment_id FROM experiments WHERE workspace = ?))",
    "DELETE FROM input_tags WHERE input_uuid IN (SELECT input_uuid FROM inputs WHERE destination_id IN (SELECT run_uuid FROM runs WHERE experiment_id IN (SELECT experiment_id FROM experiments WHERE workspace = ?)))",
    "DELETE FROM inputs WHERE destination_id IN (SELECT run_uuid FROM runs WHERE experiment_id IN (SELECT experiment_id FROM experiments WHERE workspace = ?))",
    "DELETE FROM runs WHERE experiment_id IN (SELECT experiment_id FROM experiments WHERE workspace = ?)",
    "DELETE FROM trace_info WHERE experiment_id IN (SELECT experiment_id FROM experiments WHERE workspace = ?)",
    "DELETE FROM online_scoring_configs WHERE experiment_id IN (SELECT experiment_id FROM experiments WHERE workspace = ?)",
    "DELETE FROM experiment_tags WHERE experiment_id IN (SELECT experiment_id FROM experiments WHERE workspace = ?)",
];

/// The route. The mode is in the query, whatever the body.
pub(super) fn routes() -> Vec<Route> {
    vec![Route {
        methods: DeleteWorkspace::METHODS,
        access: Access::Write,
        path: DeleteWorkspace::PATH,
        answer: |state, mut asked| {
            Box::pin(async move {
                let query = pairs(asked.head.uri.query().unwrap_or_default())?;
                let mode = query.into_iter().find(|(name, _)| name == "mode");
                asked.fields.extend(mode.map(|(_, mode)| ("mode", mode)));
                operate::<DeleteWorkspace>(state, asked).await
            })
        },
    }]
}

/// The refusal of what cannot be as things are. MLflow's 500 has its clients ask seven times.
fn conflict(words: String) -> Error {
    Error::refused(ErrorCode::ResourceConflict, words)
}

/// Refuses to remove a workspace that is not empty.
fn restrict(on: &mut dyn Connection, name: &str) -> Result<(), Error> {
    for (table, _) in TABLES {
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE workspace = ?");
        let row = on.first(&sql, &[name.into()])?;
        let count = row.map(|mut row| row.take::<i64>(0)).transpose()?.unwrap_or_default();
        if count > 0 {
            return Err(conflict(format!(
                "Cannot delete workspace '{name}': table '{table}' still contains {count} resource(s). Remove or reassign them before deleting the workspace."
            )));
        }
    }
    Ok(())
}

/// Removes what is in a workspace.
fn cascade(on: &mut dyn Connection, name: &str) -> Result<(), Error> {
    for sql in CHILDREN {
        on.execute(sql, &[name.into()])?;
    }
    for (table, _) in TABLES {
        on.execute(&format!("DELETE FROM {table} WHERE workspace = ?"), &[name.into()])?;
    }
    Ok(())
}

/// Moves what is in a workspace to `default`, unless a name there is taken.
fn move_to_default(on: &mut dyn Connection, name: &str) -> Result<(), Error> {
    let mut taken = Vec::new();
    for (table, column) in TABLES {
        let Some(column) = column else { continue };
        let sql = format!(
            "SELECT {column} FROM {table} WHERE workspace = ? AND {column} IN (SELECT {column} FROM {table} WHERE workspace = ?) ORDER BY {column}"
        );
        for mut row in on.query(&sql, &[name.into(), DEFAULT_WORKSPACE.into()])? {
            taken.push(format!("  - {table}: '{}'", row.take::<String>(0)?));
        }
    }
    if !taken.is_empty() {
        return Err(conflict(format!(
            "Cannot reassign resources from workspace '{name}' to '{DEFAULT_WORKSPACE}': the following names already exist in the default workspace and would cause conflicts:\n{}\nRename or remove the conflicting resources before retrying.",
            taken.join("\n")
        )));
    }
    for (table, _) in TABLES {
        let sql = format!("UPDATE {table} SET workspace = ? WHERE workspace = ?");
        on.execute(&sql, &[DEFAULT_WORKSPACE.into(), name.into()])?;
    }
    Ok(())
}

impl Operation for DeleteWorkspace {
    const ACCESS: Access = Access::Write;
    const STATUS: u16 = 204;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Manage, Object::Server)
    }

    fn changes(&self, _: &Self::Reply) -> Vec<Change> {
        vec![Change::DeletedWorkspace(self.workspace_name.clone())]
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        need(context.settings.workspaces)?;
        let name = &self.workspace_name;
        if name == DEFAULT_WORKSPACE {
            let words = "The 'default' workspace is reserved and cannot be deleted";
            return Err(Error::invalid(words));
        }
        workspace_name(name)?;
        let mode = self.mode.as_deref().unwrap_or(WorkspaceDeletionMode::Restrict.name());
        let mode = WorkspaceDeletionMode::parse(mode).ok_or_else(|| {
            Error::invalid(format!(
                "Invalid deletion mode '{mode}'. Must be one of: SET_DEFAULT, CASCADE, RESTRICT"
            ))
        })?;
        exists(on, name)?;
        match mode {
            WorkspaceDeletionMode::Restrict => restrict(on, name)?,
            WorkspaceDeletionMode::Cascade => cascade(on, name)?,
            WorkspaceDeletionMode::SetDefault => move_to_default(on, name)?,
        }
        on.execute("DELETE FROM workspaces WHERE name = ?", &[name.into()])?;
        Ok(Done)
    }
}
