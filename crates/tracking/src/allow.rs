//! Whether a caller may do what an operation needs. Objects are looked up in the transaction that answers.

mod queue;

use std::collections::HashMap;

use longshore_mlflow::rest::ErrorCode;

use crate::{
    Caller, Error,
    permission::{Level, Need, Object},
    rights::{EVERY, Granted, Kind, Permission},
    sql::{ROWS, marks},
    store::{Connection, Value},
    users::roles::scorer,
};

/// Refuses a caller who may not do what is needed.
///
/// # Errors
/// [`ErrorCode::PermissionDenied`], also for an object inside of an experiment that is not there: an answer
/// would tell which ones are. Those of the store.
pub(crate) fn allow(
    on: &mut dyn Connection,
    caller: &Caller,
    needs: &[Need<'_>],
) -> Result<(), Error> {
    let Some(granted) = caller.rights.limited() else {
        let of_server = |need: &Need<'_>| need.objects.contains(&Object::Server);
        // who manages a workspace does not manage the server
        let is_server = needs.iter().any(of_server);
        return if is_server && !caller.rights.is_all() { Err(denied()) } else { Ok(()) };
    };
    for need in needs {
        let mut check = Check { on: &mut *on, caller, workspace: &caller.workspace, granted };
        check.need(need)?;
    }
    Ok(())
}

/// As [`allow`], of experiments and of the server: they are known without a look into the store.
///
/// # Errors
/// [`ErrorCode::PermissionDenied`].
pub(crate) fn allow_at(caller: &Caller, need: &Need<'_>) -> Result<(), Error> {
    for object in &need.objects {
        let is_allowed = match (object, caller.rights.limited()) {
            (Object::Server, _) => caller.rights.is_all(),
            (Object::Experiment(_), None) => true,
            (Object::Experiment(id), Some(granted)) => {
                granted.permission(&[(Kind::Experiment, &canonical(id))]).holds(need.level)
            }
            _ => false,
        };
        if !is_allowed {
            return Err(denied());
        }
    }
    Ok(())
}

/// The refusal, in MLflow's words.
pub(crate) fn denied() -> Error {
    Error::refused(ErrorCode::PermissionDenied, "Permission denied")
}

struct Check<'a> {
    on: &'a mut dyn Connection,
    caller: &'a Caller,
    workspace: &'a str,
    granted: &'a Granted,
}

impl Check<'_> {
    fn need(&mut self, need: &Need<'_>) -> Result<(), Error> {
        let ids = |of: fn(&Object<'_>) -> Option<String>| {
            need.objects.iter().filter_map(of).collect::<Vec<_>>()
        };
        let inside = [
            (Kind::Run, "runs", "run_uuid", ids(|it| text(it, Kind::Run))),
            (Kind::LoggedModel, "logged_models", "model_id", ids(|it| text(it, Kind::LoggedModel))),
            (Kind::Trace, "trace_info", "request_id", ids(|it| text(it, Kind::Trace))),
        ];
        for (kind, table, column, ids) in inside {
            let experiments = self.experiments_of(table, column, &ids)?;
            for id in ids {
                let experiment = experiments.get(&id).ok_or_else(denied)?;
                self.holds(Level::Read, &[(Kind::Experiment, experiment)])?;
                self.holds(need.level, &[(kind, EVERY), (Kind::Experiment, experiment)])?;
            }
        }
        for object in &need.objects {
            self.other(need.level, object)?;
        }
        Ok(())
    }

    /// Checks an object that is in no experiment.
    fn other(&mut self, level: Level, object: &Object<'_>) -> Result<(), Error> {
        match object {
            Object::Workspace if level > Level::Read && !self.granted.creates() => Err(denied()),
            Object::Workspace | Object::Run(_) | Object::LoggedModel(_) | Object::Trace(_) => {
                Ok(())
            }
            Object::Server => Err(denied()),
            Object::Experiment(id) => self.holds(level, &[(Kind::Experiment, &canonical(id))]),
            Object::ExperimentNamed(name) => {
                let sql = "SELECT experiment_id FROM experiments WHERE workspace = ? AND name = ?";
                let found = self.on.first(sql, &[self.workspace.into(), (*name).into()])?;
                // there is nothing to keep from anybody: the answer is that there is none
                let Some(mut row) = found else { return Ok(()) };
                let id = row.take::<i64>(0)?.to_string();
                self.holds(level, &[(Kind::Experiment, &id)])
            }
            Object::RegisteredModel(name) => {
                let kind = kind_of(self.on, self.workspace, name)?;
                self.holds(level, &[(kind, name)])
            }
            Object::VersionsOf(name) => {
                let kind = kind_of(self.on, self.workspace, name)?;
                self.versions(level, kind.versions(), (kind, name))
            }
            Object::NewVersionOf(name) => {
                let kind = kind_of(self.on, self.workspace, name)?;
                self.holds(level, &[(kind, name)])?;
                self.undenied(kind.versions(), EVERY)
            }
            Object::VersionsOfScorer { experiment, name } => {
                let id = scorer(&canonical(experiment), name);
                self.versions(level, Some(Kind::ScorerVersion), (Kind::Scorer, &id))
            }
            Object::NewVersionOfScorer { experiment, name } => {
                let experiment = canonical(experiment);
                self.holds(level, &[(Kind::Experiment, &experiment)])?;
                self.undenied(Some(Kind::Scorer), &scorer(&experiment, name))?;
                self.undenied(Some(Kind::ScorerVersion), EVERY)
            }
            Object::OfKind(Kind::Experiment, id) => {
                self.holds(level, &[(Kind::Experiment, &canonical(id))])
            }
            Object::OfKind(kind, id) => self.holds(level, &[(*kind, id)]),
            Object::LabelSchema(id) | Object::Issue(id) => {
                let (table, column) = match object {
                    Object::Issue(_) => ("issues", "issue_id"),
                    _ => ("label_schemas", "schema_id"),
                };
                let found = self.experiments_of(table, column, &[(*id).to_owned()])?;
                let experiment = found.get(*id).ok_or_else(denied)?;
                self.holds(level, &[(Kind::Experiment, experiment)])
            }
            Object::ReviewQueue(queue, share) => self.queue(level, *queue, *share),
            Object::New(kind) => self.undenied(Some(*kind), EVERY),
            Object::EvaluationDataset(id) => {
                let sql = "SELECT a.destination_id FROM entity_associations a JOIN evaluation_datasets d ON d.dataset_id = a.source_id WHERE a.source_type = 'evaluation_dataset' AND a.destination_type = 'experiment' AND a.source_id = ? AND d.workspace = ?";
                let rows = self.on.query(sql, &[(*id).into(), self.workspace.into()])?;
                if rows.is_empty() {
                    return Err(denied());
                }
                rows.into_iter().try_for_each(|mut row| {
                    self.holds(level, &[(Kind::Experiment, &row.take::<String>(0)?)])
                })
            }
            Object::Scorer { experiment, name } => {
                self.holds(level, &[(Kind::Scorer, &scorer(&canonical(experiment), name))])
            }
        }
    }

    /// Checks the versions of an object.
    fn versions(
        &self,
        level: Level,
        versions: Option<Kind>,
        of: (Kind, &str),
    ) -> Result<(), Error> {
        self.holds(Level::Read, &[of])?;
        match versions.filter(|_| level > Level::Read) {
            Some(kind) => self.holds(level, &[(kind, EVERY), of]),
            None => self.undenied(versions, EVERY),
        }
    }

    /// Checks that an object is not denied, whatever else is granted of it.
    fn undenied(&self, kind: Option<Kind>, id: &str) -> Result<(), Error> {
        let denied_by = |kind| self.granted.fold(kind, id) == Some(Permission::Deny);
        if kind.is_some_and(denied_by) { Err(denied()) } else { Ok(()) }
    }

    fn holds(&self, level: Level, chain: &[(Kind, &str)]) -> Result<(), Error> {
        if self.granted.permission(chain).holds(level) { Ok(()) } else { Err(denied()) }
    }

    /// The experiments that objects of the workspace are in, by the ids of the objects.
    fn experiments_of(
        &mut self,
        table: &str,
        column: &str,
        ids: &[String],
    ) -> Result<HashMap<String, String>, Error> {
        let mut found = HashMap::new();
        for ids in ids.chunks(ROWS) {
            let sql = format!(
                "SELECT o.{column}, o.experiment_id FROM {table} o JOIN experiments e ON e.experiment_id = o.experiment_id WHERE e.workspace = ? AND o.{column} IN ({})",
                marks(ids.len())
            );
            let ids = ids.iter().map(Value::from);
            let values: Vec<_> = [self.workspace.into()].into_iter().chain(ids).collect();
            for mut row in self.on.query(&sql, &values)? {
                found.insert(row.take(0)?, row.take::<i64>(1)?.to_string());
            }
        }
        Ok(found)
    }
}

/// Whether a name is that of a prompt or of a registered model.
///
/// # Errors
/// Those of the store.
pub(crate) fn kind_of(on: &mut dyn Connection, workspace: &str, name: &str) -> Result<Kind, Error> {
    let sql = "SELECT 1 FROM registered_model_tags WHERE workspace = ? AND name = ? AND key = 'mlflow.prompt.is_prompt' AND LOWER(value) = 'true'";
    let found = on.first(sql, &[workspace.into(), name.into()])?;
    Ok(if found.is_some() { Kind::Prompt } else { Kind::RegisteredModel })
}

/// The id of an experiment as grants write it: ` 01` is another way to write `1`.
pub(crate) fn canonical(id: &str) -> String {
    id.trim().parse::<i64>().map_or_else(|_| id.to_owned(), |id| id.to_string())
}

/// The id of an object of a kind that is inside of experiments.
fn text(object: &Object<'_>, kind: Kind) -> Option<String> {
    match (object, kind) {
        (Object::Run(id), Kind::Run)
        | (Object::LoggedModel(id), Kind::LoggedModel)
        | (Object::Trace(id), Kind::Trace) => Some((*id).to_owned()),
        _ => None,
    }
}
