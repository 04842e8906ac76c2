//! What revisions change in rows.

use super::{grants, schema::Counts, traces};
use crate::{
    Error,
    store::{Connection, has_table},
};

/// The tag that says who made a run.
const USER_TAGS: &str = "INSERT INTO tags (\"key\", \"value\", run_uuid) SELECT 'mlflow.user', user_id, run_uuid FROM runs \
    WHERE user_id <> '' AND NOT EXISTS (SELECT 1 FROM tags t WHERE t.run_uuid = runs.run_uuid AND t.\"key\" = 'mlflow.user')";

/// The last value of each metric of a run: of the highest step, of these the latest, of these the largest.
const LATEST: &str = "INSERT INTO latest_metrics (\"key\", \"value\", \"timestamp\", step, is_nan, run_uuid) \
    SELECT \"key\", \"value\", \"timestamp\", step, is_nan, run_uuid FROM (SELECT m.*, row_number() OVER \
    (PARTITION BY run_uuid, \"key\" ORDER BY step DESC, \"timestamp\" DESC, \"value\" DESC, is_nan) AS place FROM metrics m) AS ranked WHERE place = 1";

/// The workspace that everything is in.
const WORKSPACE: &str = "INSERT INTO workspaces (name, description) VALUES ('default', 'Default workspace for legacy resources')";

/// Jobs that wait or run end as cancelled: nothing holds a lease of them.
const JOBS: &str = "UPDATE jobs SET status = 5, last_update_time = ? WHERE status IN (0, 1)";

/// Grants of registered models that are prompts.
const PROMPTS: &str = "UPDATE role_permissions SET resource_type = 'prompt' WHERE resource_type = 'registered_model' AND resource_pattern <> '*' \
    AND EXISTS (SELECT 1 FROM roles r JOIN registered_model_tags t ON t.workspace = r.workspace WHERE r.id = role_permissions.role_id \
    AND t.name = role_permissions.resource_pattern AND t.\"key\" = 'mlflow.prompt.is_prompt' AND lower(t.\"value\") = 'true')";

/// Changes rows as a revision does. Adds to `moved` by how much tables grew or shrank.
///
/// # Errors
/// Those of the database, and when what is there cannot be kept.
pub(super) fn change(
    on: &mut dyn Connection,
    revision: &str,
    now: i64,
    moved: &mut Counts,
) -> Result<(), Error> {
    let mut add = |on: &mut dyn Connection, table: &str, sql: &str| {
        let rows = i64::try_from(on.execute(sql, &[])?).unwrap_or_default();
        *moved.entry(table.to_owned()).or_default() += rows;
        Ok(())
    };
    match revision {
        "90e64c465722" => add(on, "tags", USER_TAGS),
        "89d4b8295536" => on.execute(LATEST, &[]).map(drop),
        "1b5f0d9ad7c1" => on.execute(WORKSPACE, &[]).map(drop),
        "75868b020152" => traces::change(on, moved),
        "dc11669786a5" => on.execute(JOBS, &[now.into()]).map(drop),
        "e5f6a7b8c9d0" => grants::change(on, moved),
        "f1a2b3c4d5e6" if has_table(on, "registered_model_tags")? => {
            on.execute(PROMPTS, &[]).map(drop)
        }
        _ => Ok(()),
    }
}
