//! New databases for tests: of SQLite, or of Postgres when `tests/tracking/postgres` runs the tests.

use std::{
    env,
    path::Path,
    process,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use tokio::runtime::Builder;
use tokio_postgres::{NoTls, SimpleQueryMessage};

/// Where a server of Postgres is, without the name of a database.
const POSTGRES: &str = "LONGSHORE_TEST_POSTGRES";

/// How many databases this program has made.
static MADE: AtomicU32 = AtomicU32::new(0);

/// The location of a database that is empty; one of SQLite is in `folder`.
pub(crate) fn new(folder: &Path) -> String {
    let Ok(server) = env::var(POSTGRES) else {
        return format!("sqlite:///{}", folder.join("mlflow.db").display());
    };
    let name = format!("r{}_{}", process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    run(&format!("{server}/postgres"), &format!("CREATE DATABASE {name}"));
    format!("{server}/{name}")
}

/// Runs statements past the store; what the first column of their rows holds.
pub(crate) fn run(uri: &str, sql: &str) -> Vec<String> {
    let (uri, sql) = (uri.to_owned(), sql.to_owned());
    // a thread of its own may block, whatever waits for it
    let done = thread::spawn(move || match uri.strip_prefix("sqlite:///") {
        Some(path) => in_sqlite(path, &sql),
        None => in_postgres(&uri, &sql),
    });
    done.join().unwrap()
}

fn in_sqlite(path: &str, sql: &str) -> Vec<String> {
    let file = rusqlite::Connection::open(path).unwrap();
    if !sql.starts_with("SELECT") {
        file.execute_batch(sql).unwrap();
        return Vec::new();
    }
    let mut statement = file.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

fn in_postgres(uri: &str, sql: &str) -> Vec<String> {
    Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let (client, connection) = tokio_postgres::connect(uri, NoTls).await.unwrap();
        tokio::spawn(connection);
        let rows = client.simple_query(sql).await.unwrap().into_iter();
        let texts = rows.filter_map(|it| match it {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        texts.collect()
    })
}
