//! MLflow's schema.

use super::Connection;
use crate::Error;

/// Makes what is missing in a database that is empty.
pub(super) fn prepare(on: &mut dyn Connection) -> Result<(), Error> {
    on.execute("CREATE TABLE IF NOT EXISTS experiments (experiment_id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(256) NOT NULL, artifact_location VARCHAR(256), lifecycle_stage VARCHAR(32), creation_time BIGINT, last_update_time BIGINT, workspace VARCHAR(63) DEFAULT 'default' NOT NULL, UNIQUE (workspace, name))", &[])?;
    Ok(())
}
