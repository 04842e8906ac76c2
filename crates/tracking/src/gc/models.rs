//! The rows of logged models. Nobody can restore one, so that it needs no claim.

use super::{Kind, sweep::Table};
use crate::{
    Error,
    sql::marks,
    store::{Connection, Value},
};

pub(super) const TABLE: Table = Table {
    kind: Kind::LoggedModel,
    name: "logged_models",
    id: "model_id",
    uri: "artifact_location",
    deleted: || {
        "logged_models.lifecycle_stage = 'deleted' AND logged_models.last_updated_timestamp_ms <= ?"
            .to_owned()
    },
    claim,
    release: |_, _| Ok(()),
    delete,
};

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
