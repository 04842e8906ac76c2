//! How scorers would judge traces as they come in. Nothing here runs scorers, so that one can only be told not to.

use longshore_mlflow::rest::{
    Configs, ErrorCode, GetOnlineScoringConfigs, GetOnlineScoringConfigsReply, OnlineScoringConfig,
    SetOnlineScoringConfig, SetOnlineScoringConfigReply, names,
};

use serde_json::Value as Json;

use super::{endpoint, find, missing, model, read, scorer};
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    random,
    rights::Kind,
    routes::Route,
    sql::{ROWS, marks},
    store::{Connection, Row, Value},
};

/// The routes of automatic judging.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::of::<GetOnlineScoringConfigs>(), Route::of::<SetOnlineScoringConfig>()]
}

/// Why a scorer does not judge traces as they come in. A database that MLflow wrote may have one that would.
fn not_run(on: &mut dyn Connection, scorer_id: &str, name: &str) -> Result<Error, Error> {
    let sql = "SELECT serialized_scorer FROM scorer_versions WHERE scorer_id = ? ORDER BY scorer_version DESC LIMIT 1";
    let row = on.first(sql, &[scorer_id.into()])?;
    let text = row.map(|mut row| row.take::<String>(0)).transpose()?.unwrap_or_default();
    let scorer = read(&text)?;
    if model(&scorer).and_then(Json::as_str).and_then(endpoint).is_some() {
        let words = format!(
            "the scorer `{name}` asks MLflow's gateway, which this server does not have; run it in a client, or send `sample_rate` 0"
        );
        return Ok(Error::refused(ErrorCode::NotImplemented, words));
    }
    Ok(Error::invalid(format!(
        "Scorer '{name}' does not use a gateway model. Automatic evaluation is only supported for scorers that use gateway models."
    )))
}

fn of(mut row: Row) -> Result<OnlineScoringConfig, Error> {
    Ok(OnlineScoringConfig {
        online_scoring_config_id: row.take(0)?,
        scorer_id: row.take(1)?,
        sample_rate: row.take(2)?,
        experiment_id: row.take::<i64>(3)?.to_string(),
        filter_string: row.take(4)?,
    })
}

impl Operation for GetOnlineScoringConfigs {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        // an id of a scorer says nothing of its experiment: what the caller may not read is not found
        Need::of(Level::Read, Object::Workspace)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        if self.scorer_ids.is_empty() {
            let words = "Missing value for required parameter 'scorer_ids'. See the API docs for more information about request parameters.";
            return Err(Error::invalid(words));
        }
        let mut configs = Vec::new();
        for ids in self.scorer_ids.chunks(ROWS) {
            let sql = format!(
                "SELECT c.online_scoring_config_id, c.scorer_id, c.sample_rate, c.experiment_id, c.filter_string FROM online_scoring_configs c JOIN experiments e ON e.experiment_id = c.experiment_id WHERE e.workspace = ? AND c.scorer_id IN ({})",
                marks(ids.len())
            );
            let mut values = vec![(&context.caller.workspace).into()];
            values.extend(ids.iter().map(Value::from));
            for row in on.query(&sql, &values)? {
                configs.push(of(row)?);
            }
        }
        let seen = context.caller.rights.readable(Kind::Experiment);
        configs.retain(|it| seen.has(&it.experiment_id));
        Ok(GetOnlineScoringConfigsReply { configs: Configs(configs) })
    }
}

impl Operation for SetOnlineScoringConfig {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        scorer(Level::Edit, &self.experiment_id, &self.name)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let rate = self.sample_rate;
        if !(0.0..=1.0).contains(&rate) {
            let words = format!("sample_rate must be between 0.0 and 1.0, got {rate}");
            return Err(Error::invalid(words));
        }
        let none = || missing(&self.experiment_id, &self.name, None);
        let (scorer_id, _) =
            find(on, context, &self.experiment_id, &self.name)?.ok_or_else(none)?;
        if rate > 0.0 {
            return Err(not_run(on, &scorer_id, &self.name)?);
        }
        let sql = "DELETE FROM online_scoring_configs WHERE scorer_id = ?";
        on.execute(sql, &[(&scorer_id).into()])?;
        let id = random::id()?;
        let experiment = names::experiment_id(&self.experiment_id)?;
        let filter = self.filter_string.clone();
        let sql = "INSERT INTO online_scoring_configs (online_scoring_config_id, scorer_id, sample_rate, experiment_id, filter_string) VALUES (?, ?, ?, ?, ?)";
        let values = [
            (&id).into(),
            (&scorer_id).into(),
            rate.into(),
            experiment.into(),
            filter.clone().into(),
        ];
        on.execute(sql, &values)?;
        Ok(SetOnlineScoringConfigReply {
            config: OnlineScoringConfig {
                online_scoring_config_id: id,
                scorer_id,
                sample_rate: rate,
                experiment_id: experiment.to_string(),
                filter_string: filter,
            },
        })
    }
}
