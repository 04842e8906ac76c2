//! Scorers: versions of texts that clients run. Nothing here runs them.

mod online;

use longshore_mlflow::rest::{
    DeleteScorer, Done, GetScorer, GetScorerReply, ListScorerVersions, ListScorers,
    ListScorersReply, RegisterScorer, RegisterScorerReply, Scorer, limits::length, names,
};
use serde_json::{Map, Value as Json};

use super::experiments;
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    random,
    rights::Kind,
    routes::Route,
    sql::{ROWS, marks},
    store::{Connection, Row, Value},
    users::{Change, roles::scorer as granted_id},
};

/// What [`of`] reads.
const SELECT: &str = "SELECT s.experiment_id, s.scorer_name, v.scorer_version, v.serialized_scorer, v.creation_time, s.scorer_id FROM scorers s JOIN scorer_versions v ON v.scorer_id = s.scorer_id";

/// The condition that a version is the newest of its scorer.
const NEWEST: &str = "v.scorer_version = (SELECT MAX(m.scorer_version) FROM scorer_versions m WHERE m.scorer_id = s.scorer_id)";

/// Longest name, in characters.
const NAME: usize = 256;

/// The routes of scorers.
pub(super) fn routes() -> Vec<Route> {
    let own = vec![
        Route::of::<RegisterScorer>(),
        Route::of::<ListScorers>(),
        Route::of::<ListScorerVersions>(),
        Route::of::<GetScorer>(),
        Route::of::<DeleteScorer>(),
    ];
    [own, online::routes()].concat()
}

/// A version, from [`SELECT`].
fn of(mut row: Row) -> Result<Scorer, Error> {
    Ok(Scorer {
        experiment_id: row.take(0)?,
        scorer_name: row.take(1)?,
        scorer_version: row.take(2)?,
        serialized_scorer: row.take(3)?,
        creation_time: row.take(4)?,
        scorer_id: row.take(5)?,
    })
}

/// Finds a scorer of an active experiment: its id and its newest version, if it has any.
fn find(
    on: &mut dyn Connection,
    context: &Context<'_>,
    experiment_id: &str,
    name: &str,
) -> Result<Option<(String, Option<i64>)>, Error> {
    experiments::active(on, context, experiment_id)?;
    let sql = "SELECT s.scorer_id, (SELECT MAX(v.scorer_version) FROM scorer_versions v WHERE v.scorer_id = s.scorer_id) FROM scorers s WHERE s.experiment_id = ? AND s.scorer_name = ?";
    let id = names::experiment_id(experiment_id)?;
    let row = on.first(sql, &[id.into(), name.into()])?;
    row.map(|mut row| Ok((row.take(0)?, row.take(1)?))).transpose()
}

/// The refusal of a scorer that is not there.
fn missing(experiment_id: &str, name: &str, version: Option<i64>) -> Error {
    let version = version.map(|it| format!(" and version {it}")).unwrap_or_default();
    Error::missing(format!(
        "Scorer with name '{name}'{version} not found for experiment {experiment_id}."
    ))
}

/// The model that a scorer asks, where it says one.
fn model(scorer: &Map<String, Json>) -> Option<&Json> {
    let part = |name: &str| scorer.get(name).and_then(Json::as_object).filter(|it| !it.is_empty());
    for name in ["instructions_judge_pydantic_data", "builtin_scorer_pydantic_data"] {
        if let Some(data) = part(name) {
            return data.get("model").filter(|it| !it.is_null());
        }
    }
    if let Some(data) = part("memory_augmented_judge_data") {
        return data.get("base_judge").and_then(Json::as_object).and_then(model);
    }
    part("third_party_scorer_data")?.get("model").filter(|it| !it.is_null())
}

/// Whether a model is one of MLflow's gateway, and the name of its endpoint.
fn endpoint(model: &str) -> Option<&str> {
    let name = model.strip_prefix("gateway:")?.trim_start_matches('/');
    (!name.is_empty()).then_some(name)
}

/// Reads the text of a scorer.
fn read(text: &str) -> Result<Map<String, Json>, Error> {
    serde_json::from_str(text).map_err(|error| {
        Error::invalid(format!("serialized_scorer must be valid JSON, and an object: {error}"))
    })
}

/// Checks the text of a scorer.
fn check(text: &str) -> Result<(), Error> {
    let scorer = read(text)?;
    let Some(model) = model(&scorer) else { return Ok(()) };
    let Some(model) = model.as_str() else {
        return Err(Error::invalid(format!("Scorer model must be a string, got `{model}`.")));
    };
    if model.trim().is_empty() {
        let words = "Scorer model cannot be empty or contain only whitespace.";
        return Err(Error::invalid(words));
    }
    match endpoint(model) {
        // this server has no gateway, so that it has no endpoints
        Some(name) => Err(Error::missing(format!("GatewayEndpoint not found (name='{name}')"))),
        None => Ok(()),
    }
}

impl Operation for RegisterScorer {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        let (experiment, name) = (self.experiment_id.as_str(), self.name.as_str());
        Need::of(Level::Edit, Object::NewVersionOfScorer { experiment, name })
    }

    fn changes(&self, answer: &Self::Reply) -> Vec<Change> {
        let is_new = answer.version == 1;
        let id = || granted_id(&answer.experiment_id, &self.name);
        is_new.then(|| Change::Made(Kind::Scorer, id())).into_iter().collect()
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        if self.name.trim().is_empty() {
            let words = "Scorer name cannot be empty or contain only whitespace.";
            return Err(Error::invalid(words));
        }
        length("name", &self.name, NAME)?;
        check(&self.serialized_scorer)?;
        let id = names::experiment_id(&self.experiment_id)?;
        experiments::active(on, context, &self.experiment_id)?;
        let name = &self.name;
        let sql = "INSERT INTO scorers (experiment_id, scorer_name, scorer_id) VALUES (?, ?, ?) ON CONFLICT (experiment_id, scorer_name) DO NOTHING";
        on.execute(sql, &[id.into(), name.into(), random::uuid()?.into()])?;
        let none = || missing(&self.experiment_id, name, None);
        let (scorer_id, newest) = find(on, context, &self.experiment_id, name)?.ok_or_else(none)?;
        let version = newest.unwrap_or_default() + 1;
        let sql = "INSERT INTO scorer_versions (scorer_id, scorer_version, serialized_scorer, creation_time) VALUES (?, ?, ?, ?)";
        let text = &self.serialized_scorer;
        on.execute(sql, &[(&scorer_id).into(), version.into(), text.into(), context.now.into()])?;
        Ok(RegisterScorerReply {
            version,
            scorer_id,
            experiment_id: id.to_string(),
            name: name.clone(),
            serialized_scorer: text.clone(),
            creation_time: Some(context.now),
        })
    }
}

impl Operation for ListScorers {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        let ids = self.experiment_id.iter().chain(&self.experiment_ids);
        let objects: Vec<_> = ids.map(|id| Object::Experiment(id)).collect();
        if objects.is_empty() {
            return Need::of(Level::Read, Object::Workspace);
        }
        Need { level: Level::Read, objects }
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        if self.experiment_id.is_some() && !self.experiment_ids.is_empty() {
            return Err(Error::invalid(
                "Cannot specify both 'experiment_id' and 'experiment_ids'. Use 'experiment_ids' to scope the query to multiple experiments, or 'experiment_id' to scope it to a single experiment.",
            ));
        }
        if let Some(id) = &self.experiment_id {
            experiments::active(on, context, id)?;
        }
        let ids = self.experiment_id.iter().chain(&self.experiment_ids);
        let ids = ids.map(|id| names::experiment_id(id)).collect::<Result<Vec<_>, _>>()?;
        let all = "e.workspace = ? AND e.lifecycle_stage = 'active'";
        let mut scorers = Vec::new();
        let mut chunks: Vec<&[i64]> = ids.chunks(ROWS).collect();
        if chunks.is_empty() {
            chunks.push(&[]);
        }
        for ids in chunks {
            let some = match ids.len() {
                0 => String::new(),
                count => format!(" AND e.experiment_id IN ({})", marks(count)),
            };
            let sql = format!(
                "{SELECT} JOIN experiments e ON e.experiment_id = s.experiment_id WHERE {all}{some} AND {NEWEST}"
            );
            let mut values = vec![(&context.caller.workspace).into()];
            values.extend(ids.iter().map(|id| Value::from(*id)));
            for row in on.query(&sql, &values)? {
                scorers.push(of(row)?);
            }
        }
        let experiments = context.caller.rights.readable(Kind::Experiment);
        let seen = context.caller.rights.readable_versions(Kind::Scorer);
        scorers.retain(|it| {
            let experiment = it.experiment_id.unwrap_or_default().to_string();
            let name = it.scorer_name.as_deref().unwrap_or_default();
            experiments.has(&experiment) && seen.has(&granted_id(&experiment, name))
        });
        scorers.sort_by(|a, b| {
            (a.experiment_id, &a.scorer_name).cmp(&(b.experiment_id, &b.scorer_name))
        });
        scorers.dedup_by(|a, b| a.scorer_id == b.scorer_id);
        Ok(ListScorersReply { scorers })
    }
}

impl Operation for ListScorerVersions {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        versions(Level::Read, &self.experiment_id, &self.name)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let none = || missing(&self.experiment_id, &self.name, None);
        let (id, _) = find(on, context, &self.experiment_id, &self.name)?.ok_or_else(none)?;
        let sql = format!("{SELECT} WHERE s.scorer_id = ? ORDER BY v.scorer_version");
        let rows = on.query(&sql, &[id.into()])?.into_iter();
        let scorers = rows.map(of).collect::<Result<Vec<_>, _>>()?;
        if scorers.is_empty() { Err(none()) } else { Ok(ListScorersReply { scorers }) }
    }
}

impl Operation for GetScorer {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        versions(Level::Read, &self.experiment_id, &self.name)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let none = |version| missing(&self.experiment_id, &self.name, version);
        let (id, newest) =
            find(on, context, &self.experiment_id, &self.name)?.ok_or_else(|| none(None))?;
        let version = self.version.or(newest).ok_or_else(|| none(None))?;
        let sql = format!("{SELECT} WHERE s.scorer_id = ? AND v.scorer_version = ?");
        let row = on.first(&sql, &[id.into(), version.into()])?;
        let scorer = row.map(of).transpose()?.ok_or_else(|| none(self.version))?;
        Ok(GetScorerReply { scorer })
    }
}

impl Operation for DeleteScorer {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        let level = if self.version.is_some() { Level::Read } else { Level::Manage };
        scorer(level, &self.experiment_id, &self.name)
    }

    fn also_needs(&self) -> Vec<Need<'_>> {
        vec![versions(Level::Manage, &self.experiment_id, &self.name)]
    }

    fn changes(&self, _answer: &Self::Reply) -> Vec<Change> {
        let is_whole = self.version.is_none();
        let id = names::experiment_id(&self.experiment_id).ok().filter(|_| is_whole);
        let id = id.map(|it| granted_id(&it.to_string(), &self.name));
        id.map(|it| Change::Deleted(Kind::Scorer, it)).into_iter().collect()
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let none = || missing(&self.experiment_id, &self.name, self.version);
        let (id, _) = find(on, context, &self.experiment_id, &self.name)?.ok_or_else(none)?;
        let removed = if let Some(version) = self.version {
            let sql = "DELETE FROM scorer_versions WHERE scorer_id = ? AND scorer_version = ?";
            on.execute(sql, &[id.into(), version.into()])?
        } else {
            let sql =
                "DELETE FROM endpoint_bindings WHERE resource_type = 'scorer' AND resource_id = ?";
            on.execute(sql, &[(&id).into()])?;
            // the versions go with it, and how it judges traces
            on.execute("DELETE FROM scorers WHERE scorer_id = ?", &[id.into()])?
        };
        if removed == 0 { Err(none()) } else { Ok(Done) }
    }
}

/// What a request about one scorer needs.
fn scorer<'a>(level: Level, experiment: &'a str, name: &'a str) -> Need<'a> {
    Need::of(level, Object::Scorer { experiment, name })
}

/// What a request about versions of one scorer needs.
fn versions<'a>(level: Level, experiment: &'a str, name: &'a str) -> Need<'a> {
    Need::of(level, Object::VersionsOfScorer { experiment, name })
}

#[cfg(test)]
mod tests {
    use super::{check, endpoint};

    #[test]
    fn the_model_of_a_scorer_is_checked() {
        let told = |text: &str| check(text).map_err(|error| error.to_string());
        assert_eq!(told(r#"{"call_source": "return 1"}"#), Ok(()));
        let inner = r#"{"memory_augmented_judge_data": {"base_judge": {"builtin_scorer_pydantic_data": {"model": MODEL}}}}"#;
        assert_eq!(told(&inner.replace("MODEL", r#""openai:/gpt""#)), Ok(()));
        assert_eq!(told(&inner.replace("MODEL", "null")), Ok(()));
        for (model, words) in [
            ("1", "must be a string"),
            (r#"" ""#, "cannot be empty"),
            (r#""gateway:/a""#, "GatewayEndpoint not found (name='a')"),
        ] {
            let error = told(&inner.replace("MODEL", model)).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
        assert!(told("[]").is_err() && told("{").is_err());
        assert_eq!(
            (endpoint("gateway:/a"), endpoint("gateway:"), endpoint("a")),
            (Some("a"), None, None)
        );
    }
}
