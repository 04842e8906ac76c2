//! Variables of MLflow's server that are no flag here and change nothing, so that whoever sets one is told.

use std::env;

/// The variables, as they are named or begin, each with the reason.
const IGNORED: &[(&str, &str)] = &[
    (
        "MLFLOW_S3_IGNORE_TLS",
        "certificates of the storage are checked; `SSL_CERT_FILE` names its authority",
    ),
    (
        "MLFLOW_S3_EXPECTED_BUCKET_OWNER",
        "the owner of the bucket is not asked for; its policy says who may use it",
    ),
    (
        "MLFLOW_EXPERIMENTAL_S3_SIGNATURE_VERSION",
        "requests to the storage have version 4 of its signature",
    ),
    ("MLFLOW_GCS_", "the pieces and times of transfers are the server's own"),
    ("MLFLOW_MYSQL_SSL_", "the database is SQLite or PostgreSQL, whose location says what TLS is"),
    ("MLFLOW_SQLALCHEMYSTORE_", "the number of connections to the database is the server's own"),
    ("MLFLOW_ALLOW_FILE_STORE", "runs are kept in a database"),
    ("MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH", "a location has at most 2048 characters"),
    ("MLFLOW_FLASK_SERVER_SECRET_KEY", "there are no sessions that a key would seal"),
    ("MLFLOW_SERVER_ENABLE_GRAPHQL_AUTH", "`/graphql` shows what its caller may read, always"),
    ("MLFLOW_BASIC_AUTH_FAIL_CLOSED", "a request that nobody was allowed is refused, always"),
    ("MLFLOW_WORKSPACE_ARTIFACT_ROOT_CACHE_", "nothing of a workspace is cached"),
    ("MLFLOW_WEBHOOK_CACHE_TTL", "webhooks are looked up for each event"),
    (
        "MLFLOW_WEBHOOK_DELIVERY_MAX_WORKERS",
        "how many webhooks are told at once is the server's own",
    ),
    ("MLFLOW_SQL_TRACE_ROLLUPS_ENABLED", "figures of traces are counted when they are asked for"),
    ("MLFLOW_CRYPTO_KEK_", "the server keeps no secrets of gateways"),
    ("MLFLOW_SERVER_SECRETS_CACHE_", "the server keeps no secrets of gateways"),
    ("MLFLOW_SERVER_JOB_", "there are no jobs"),
    ("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "there are no jobs"),
    ("MLFLOW_SERVER_ENABLE_CUSTOM_SCORERS", "scorers are kept, and not run here"),
    ("MLFLOW_ENABLE_AI_GATEWAY", "there is no gateway"),
    ("MLFLOW_GATEWAY_", "there is no gateway"),
    ("MLFLOW_DEPLOYMENTS_TARGET", "there is no gateway"),
    ("MLFLOW_ENABLE_ASSISTANT", "there is no assistant"),
    ("MLFLOW_ENABLE_REMOTE_ASSISTANT", "there is no assistant"),
    ("MLFLOW_ICON_URL_", "there is no list of MCP servers"),
];

/// Says of each variable that is set that it changes nothing.
pub(super) fn explain() {
    let set = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for (name, reason) in given(set) {
        tracing::info!("`{name}` changes nothing here: {reason}");
    }
}

fn given(set: impl Iterator<Item = String>) -> Vec<(String, &'static str)> {
    let reason = |name: &str| {
        let is_it = |known: &str| {
            if known.ends_with('_') { name.starts_with(known) } else { name == known }
        };
        IGNORED.iter().find(|(known, _)| is_it(known)).map(|(_, reason)| *reason)
    };
    let mut given: Vec<_> = set.filter_map(|name| reason(&name).map(|why| (name, why))).collect();
    given.sort_unstable();
    given
}

#[cfg(test)]
mod tests {
    use super::{IGNORED, given};

    #[test]
    fn what_changes_nothing_is_named_once() {
        let set = [
            "MLFLOW_SERVER_JOB_LEASE_TTL",
            "MLFLOW_PORT",
            "MLFLOW_ALLOW_FILE_STORES",
            "MLFLOW_S3_IGNORE_TLS",
        ];
        let given = given(set.map(str::to_owned).into_iter());
        let names: Vec<_> = given.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["MLFLOW_S3_IGNORE_TLS", "MLFLOW_SERVER_JOB_LEASE_TTL"]);
    }

    #[test]
    fn the_reference_has_all_of_them() {
        let page = include_str!("../../../../../docs/reference/tracking.md");
        for (name, reason) in IGNORED {
            let name = if name.ends_with('_') { format!("{name}…") } else { (*name).to_owned() };
            assert!(
                page.contains(&format!("`{name}`")) && page.contains(reason),
                "{name}: {reason}"
            );
        }
    }
}
