//! The rows of logged models. Nobody can restore one, so that it needs no claim.

use super::{
    Kind,
    files::Owner,
    sweep::{PAGE, Scope, Table, Which, marks, owners, values},
};
use crate::{
    Error,
    store::{Connection, Value},
};

pub(super) const TABLE: Table =
    Table { kind: Kind::LoggedModel, page, claim, release: |_, _| Ok(()), delete };

fn page(
    on: &mut dyn Connection,
    which: &Which,
    scope: &Scope,
    last: &str,
) -> Result<Vec<Owner>, Error> {
    let (wanted, given) = match which {
        Which::Named(ids) => (format!("m.model_id IN ({})", marks(ids.len())), values(ids)),
        Which::Deleted => (
            "m.lifecycle_stage = 'deleted' AND m.last_updated_timestamp_ms <= ?".to_owned(),
            vec![scope.before.into()],
        ),
        Which::Of(experiment) => ("m.experiment_id = ?".to_owned(), vec![(*experiment).into()]),
    };
    let sql = format!(
        "SELECT m.model_id, m.artifact_location, e.workspace FROM logged_models m LEFT JOIN experiments e ON e.experiment_id = m.experiment_id WHERE {wanted} AND {} AND m.model_id > ? ORDER BY m.model_id LIMIT {PAGE}",
        scope.inside("m")
    );
    owners(on.query(&sql, &[given, scope.values(), vec![last.into()]].concat())?)
}

fn claim(on: &mut dyn Connection, ids: &[Value]) -> Result<Vec<String>, Error> {
    let sql = format!(
        "SELECT model_id FROM logged_models WHERE model_id IN ({}) AND lifecycle_stage = 'deleted'",
        marks(ids.len())
    );
    on.query(&sql, ids)?.into_iter().map(|mut row| row.take(0)).collect()
}

fn delete(on: &mut dyn Connection, ids: &[Value]) -> Result<bool, Error> {
    // their parameters, tags and metrics go with them
    on.execute(
        &format!("DELETE FROM logged_models WHERE model_id IN ({})", marks(ids.len())),
        ids,
    )?;
    Ok(true)
}
