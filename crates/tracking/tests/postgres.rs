//! What only Postgres has: passwords, TLS, connections that end. `tests/tracking/postgres` starts one and says
//! where it is: `tests/tracking/postgres cargo test -p longshore-tracking -- --include-ignored`.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "shared/database.rs"]
mod database;

use std::{env, fs, path::Path};

use longshore_tracking::{
    Error, Store,
    store::{Connection, Location},
};
use tempfile::{TempDir, tempdir};

fn name(on: &mut dyn Connection) -> Result<String, Error> {
    on.first("SELECT current_user::text", &[])?.unwrap().take(0)
}

/// A database, and what comes before and after its name's host.
fn new() -> (TempDir, String) {
    let folder = tempdir().unwrap();
    let uri = database::new(folder.path());
    assert!(uri.starts_with("postgresql:"), "run by `tests/tracking/postgres`");
    (folder, uri)
}

/// Ends all connections to a database but the one that says so.
fn disconnect(uri: &str) {
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    assert!(!database::run(uri, sql).is_empty());
}

#[tokio::test]
#[ignore = "needs Postgres"]
async fn connections_that_end_are_made_anew() {
    let (_folder, uri) = new();
    let store = Store::open(&uri.replacen("postgresql:", "postgresql+psycopg2:", 1)).unwrap();
    for _ in 0..3 {
        let writes = (0..8).map(|_| store.write(|on| on.execute("UPDATE runs SET name = ''", &[])));
        for write in writes.collect::<Vec<_>>() {
            write.await.unwrap();
        }
        for _ in 0..4 {
            store.read(name).await.unwrap();
        }
        disconnect(&uri);
    }
}

#[tokio::test]
#[ignore = "needs Postgres"]
async fn a_password_that_changes_in_the_file_needs_no_restart() {
    let (folder, uri) = new();
    database::run(
        &uri,
        "CREATE ROLE careful; CREATE ROLE rotated LOGIN PASSWORD 'first' IN ROLE careful; GRANT ALL ON SCHEMA public TO rotated",
    );
    let file = folder.path().join("uri");
    let tell = |password: &str| {
        let user = format!("//rotated:{password}@");
        fs::write(&file, uri.replacen("//postgres@", &user, 1) + "\n").unwrap();
    };
    tell("wrong");
    let refused = Store::open(&*file).unwrap_err().to_string();
    assert!(
        refused.contains("password authentication failed") && !refused.contains("wrong"),
        "{refused}"
    );
    tell("first");
    let store = Store::open(Location::File(file.clone())).unwrap();
    assert_eq!(store.read(name).await.unwrap(), "rotated");
    database::run(&uri, "ALTER ROLE rotated PASSWORD 'second'");
    disconnect(&uri);
    let (code, _) = store.read(name).await.unwrap_err().told();
    assert_eq!(code.status(), 503);
    tell("second");
    assert_eq!(store.read(name).await.unwrap(), "rotated");
    store.write(name).await.unwrap();
}

#[tokio::test]
#[ignore = "needs Postgres"]
async fn sslmode_says_what_is_encrypted_and_checked() {
    let (_folder, uri) = new();
    let authority = env::var("LONGSHORE_TEST_POSTGRES_CA").unwrap();
    assert!(Path::new(&authority).is_file());
    let by_name = uri.replacen("127.0.0.1", "localhost", 1);
    let open = |uri: &str, query: &str| {
        Store::open(&format!("{uri}?{}", query.replace("CA", &format!("sslrootcert={authority}"))))
    };
    for (uri, query, encrypted) in [
        (&uri, "sslmode=disable", false),
        (&uri, "", true),
        (&uri, "sslmode=prefer", true),
        (&uri, "sslmode=require", true),
        (&uri, "sslmode=require&CA", true),
        (&by_name, "sslmode=verify-ca&CA", true),
        (&uri, "CA&sslmode=verify-full", true),
    ] {
        let store = open(uri, query).unwrap();
        let is = store.read(|on| {
            let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
            on.first(sql, &[])?.unwrap().take::<bool>(0)
        });
        assert_eq!(is.await.unwrap(), encrypted, "{query}");
    }
    for (uri, query, words) in [
        (&uri, "sslmode=verify-ca", "UnknownIssuer"),
        (&by_name, "sslmode=verify-full&CA", "not valid for name"),
        (&uri, "sslmode=verify-full&sslrootcert=/nowhere", "`/nowhere`"),
        (&uri, "sslmode=require&sslcert=/a", "`sslcert` is not supported"),
    ] {
        let refused = open(uri, query).unwrap_err().to_string();
        assert!(refused.contains(words), "{query}: {refused}");
    }
}
