use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{
    Client, Statement,
    error::{Error as Failed, SqlState},
    types::{ToSql, Type},
};

use super::{
    types::{Cell, kind},
    uri::Server,
};
use crate::{
    Error,
    store::{Connection, Dialect, Location, Prepare, Row, Value},
};

/// Statements that a connection keeps prepared.
const STATEMENTS: usize = 512;

/// How long the database may take to answer a new connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Taken by a server that makes or checks the schema; servers that begin together do it one by one.
const LOCK: &str = "SELECT pg_advisory_xact_lock(5000317)";

/// The way to the database, with a connection when there is one.
pub(super) struct Link {
    location: Arc<Location>,
    runtime: Runtime,
    session: Option<Session>,
}

/// A connection.
pub(super) struct Session {
    client: Client,
    statements: Statements,
}

/// What is prepared, by its text and the types of its values.
type Statements = HashMap<(String, Vec<Type>), Statement>;

/// Why a transaction is void.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It met another.
    Again,
    /// There is such a row already, perhaps since its state was taken.
    Taken,
    /// The connection is gone, or the database is going down.
    Lost,
    /// It would fail again.
    Refused,
}

impl Link {
    pub(super) fn new(location: Arc<Location>) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|_| Error::Unavailable)?;
        Ok(Self { location, runtime, session: None })
    }

    /// Makes or recognises the schema, whole or not at all.
    pub(super) fn prepare(&mut self, schema: Prepare) -> Result<(), Error> {
        let session = self.connect()?;
        let mut open = Open::new((&self.runtime, self.session.insert(session)), "BEGIN");
        open.script(LOCK)?;
        schema(&mut open)?;
        open.commit().map_err(|_| Error::Unavailable)
    }

    /// The connection, made anew if there is none; nothing when the database does not answer.
    pub(super) fn session(&mut self) -> Option<(&Runtime, &mut Session)> {
        if self.session.as_ref().is_none_or(|it| it.client.is_closed()) {
            match self.connect() {
                Ok(session) => self.session = Some(session),
                Err(error) => {
                    tracing::error!(%error, "the database does not answer");
                    return None;
                }
            }
        }
        Some((&self.runtime, self.session.as_mut()?))
    }

    /// The connection, made anew if there is none.
    ///
    /// # Errors
    /// When the database does not answer, with its reason.
    pub(super) fn connected(&mut self) -> Result<(&Runtime, &mut Session), Error> {
        let session = match self.session.take().filter(|it| !it.client.is_closed()) {
            Some(session) => session,
            None => self.connect()?,
        };
        Ok((&self.runtime, self.session.insert(session)))
    }

    /// Gives the connection up.
    pub(super) fn close(&mut self) {
        self.session = None;
    }

    fn connect(&self) -> Result<Session, Error> {
        let Server { mut config, tls } = Server::parse(&self.location.read()?)?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        self.runtime.block_on(async {
            let (client, connection) = config.connect(tls).await?;
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::warn!(%error, "a connection to the database ended");
                }
            });
            Ok(Session { client, statements: HashMap::new() })
        })
    }
}

/// A connection in use: in a transaction from its first statement on.
pub(super) struct Open<'s> {
    runtime: &'s Runtime,
    session: &'s mut Session,
    begin: Option<&'static str>,
    pub(super) failure: Option<Failure>,
}

impl<'s> Open<'s> {
    pub(super) fn new(
        (runtime, session): (&'s Runtime, &'s mut Session),
        begin: &'static str,
    ) -> Self {
        Self { runtime, session, begin: Some(begin), failure: None }
    }

    pub(super) fn commit(&mut self) -> Result<(), Failure> {
        self.end("COMMIT")
    }

    pub(super) fn rollback(&mut self) -> Result<(), Failure> {
        self.end("ROLLBACK")
    }

    fn end(&mut self, sql: &str) -> Result<(), Failure> {
        if self.begin.is_some() {
            return Ok(());
        }
        let ended = self.runtime.block_on(self.session.client.batch_execute(sql));
        ended.map_err(|error| {
            tracing::error!(error = %Error::from(error), "a transaction could not be ended");
            Failure::Lost
        })
    }

    /// Runs a statement. What begins the transaction is sent together with the first one.
    fn run(&mut self, sql: &str, values: &[Value], reply: Reply) -> Result<(Vec<Row>, u64), Error> {
        let begin = self.begin.take();
        let Session { client, statements } = &mut *self.session;
        let done = self.runtime.block_on(async {
            let asked = ask(client, statements, sql, values, reply);
            let Some(begin) = begin else { return asked.await };
            let (begun, asked) = tokio::join!(client.batch_execute(begin), asked);
            begun.and(asked)
        });
        done.map_err(|error| self.failed(error))
    }

    fn failed(&mut self, error: Failed) -> Error {
        self.failure = Some(failure(&error));
        error.into()
    }
}

/// What is wanted of a statement.
#[derive(Clone, Copy)]
enum Reply {
    Rows,
    Count,
}

async fn ask(
    client: &Client,
    statements: &mut Statements,
    sql: &str,
    values: &[Value],
    reply: Reply,
) -> Result<(Vec<Row>, u64), Failed> {
    let key = (sql.to_owned(), values.iter().map(kind).collect());
    let statement = if let Some(found) = statements.get(&key) {
        found.clone()
    } else {
        let made = client.prepare_typed(&numbered(sql), &key.1).await?;
        if statements.len() >= STATEMENTS {
            statements.clear();
        }
        statements.insert(key, made.clone());
        made
    };
    let values: Vec<_> = values.iter().map(|it| it as &(dyn ToSql + Sync)).collect();
    match reply {
        Reply::Count => Ok((Vec::new(), client.execute(&statement, &values).await?)),
        Reply::Rows => {
            let found = client.query(&statement, &values).await?;
            let rows = found.iter().map(|row| {
                let cells = (0..row.len()).map(|column| Ok(row.try_get::<_, Cell>(column)?.0));
                cells.collect::<Result<_, Failed>>().map(Row::new)
            });
            Ok((rows.collect::<Result<_, _>>()?, found.len() as u64))
        }
    }
}

/// A statement with its marks as Postgres writes them: `$1` for the first `?`.
fn numbered(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len() + 16);
    let (mut count, mut quote) = (0_u32, None);
    for it in sql.chars() {
        match (it, quote) {
            ('?', None) => {
                count += 1;
                text.push('$');
                text.push_str(&count.to_string());
                continue;
            }
            ('\'' | '"', None) => quote = Some(it),
            (_, Some(open)) if it == open => quote = None,
            _ => {}
        }
        text.push(it);
    }
    text
}

fn failure(error: &Failed) -> Failure {
    let Some(code) = error.code() else {
        // without a code, the connection itself has failed, or a value does not fit its column
        let is_ours = error.is_closed()
            || std::error::Error::source(error)
                .is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
        return if is_ours { Failure::Lost } else { Failure::Refused };
    };
    if [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code) {
        Failure::Again
    } else if *code == SqlState::UNIQUE_VIOLATION {
        Failure::Taken
    } else if ["57P", "08"].iter().any(|class| code.code().starts_with(class)) {
        Failure::Lost
    } else {
        Failure::Refused
    }
}

impl Connection for Open<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, Error> {
        Ok(self.run(sql, values, Reply::Count)?.1)
    }

    fn script(&mut self, sql: &str) -> Result<(), Error> {
        let begin = self.begin.take().unwrap_or_default();
        let client = &self.session.client;
        let done = self.runtime.block_on(async {
            client.batch_execute(begin).await?;
            client.batch_execute(sql).await
        });
        done.map_err(|error| self.failed(error))
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Error> {
        Ok(self.run(sql, values, Reply::Rows)?.0)
    }
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn marks_are_numbered_outside_of_quotes() {
        let sql = "SELECT '?', \"a?\" FROM t WHERE a = ? AND b LIKE 'it''s ?' AND c = ?";
        let wanted = "SELECT '?', \"a?\" FROM t WHERE a = $1 AND b LIKE 'it''s ?' AND c = $2";
        assert_eq!(numbered(sql), wanted);
    }
}
