use std::path::PathBuf;

use longshore_mlflow::rest::ErrorCode;
use tokio_postgres::error::SqlState;

/// What a client is told when the reason does not concern it.
const FAILED: &str = "the server failed; its log says why";

/// Why the server does not start, or does not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was asked is refused. The words are MLflow's where clients look for them.
    #[error("{message}")]
    Refused {
        /// What kind of refusal it is; it decides the status.
        code: ErrorCode,
        /// Why.
        message: String,
    },
    /// A request is not valid.
    #[error(transparent)]
    Message(#[from] longshore_mlflow::Error),
    /// The listener.
    #[error(transparent)]
    Server(#[from] longshore_daemon::Error),
    /// SQLite.
    #[error("the database cannot do it: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// Postgres. The words do not hold what the statement was given.
    #[error("the database cannot do it: {}", of_postgres(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// A database holds what MLflow's schema does not allow.
    #[error("the database holds what MLflow's schema does not allow: {0}")]
    Schema(String),
    /// A database has another schema.
    #[error("the database cannot be used: {0}")]
    Revision(String),
    /// A database cannot be brought to a revision.
    #[error("the step to `{revision}` failed and changed nothing: {reason}")]
    Migration {
        /// The revision.
        revision: &'static str,
        /// Why.
        #[source]
        reason: Box<Error>,
    },
    /// The store cannot be used for now.
    #[error("the store cannot be used now; try again, and see the server's log for the reason")]
    Unavailable,
    /// The database has no room.
    #[error(
        "the disk of the database is full, so that nothing was changed; free some space, then try again"
    )]
    Full,
    /// A file cannot be read or written.
    #[error("the artifact `{path}` cannot be read or written: {reason}")]
    Artifact {
        /// Its path, as the client sent it.
        path: String,
        /// Why, in words of the system.
        reason: String,
    },
    /// A backup, or a place for what it holds, cannot be used.
    #[error("`{}` cannot be used: {reason}", place.display())]
    Backup {
        /// The file or the folder.
        place: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// The artifact proxy is off.
    #[error(
        "Artifact serving is disabled. Start the server with `--serve-artifacts` to enable it."
    )]
    NotServed,
    /// A folder is none of MLflow's built web page.
    #[error(
        "`{}` is not MLflow's built web page: {reason}; name the folder `mlflow/server/js/build` of an installed `mlflow`",
        folder.display()
    )]
    Ui {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random,
}

/// What Postgres says, with its code: the error by itself only says `db error`.
fn of_postgres(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(it) => format!("{} ({})", it.message(), it.code().code()),
        None => std::error::Error::source(error)
            .map_or_else(|| error.to_string(), |source| format!("{error}: {source}")),
    }
}

impl Error {
    /// A refusal.
    pub fn refused(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Refused { code, message: message.into() }
    }

    /// A refusal of a parameter.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::refused(ErrorCode::InvalidParameterValue, message)
    }

    /// A refusal of what is not there.
    pub fn missing(message: impl Into<String>) -> Self {
        Self::refused(ErrorCode::ResourceDoesNotExist, message)
    }

    /// The code and the words for the client. What only concerns the operator is not told.
    pub fn told(&self) -> (ErrorCode, String) {
        match self {
            Self::Refused { code, message } => (*code, message.clone()),
            Self::Message(longshore_mlflow::Error::Json { .. }) => {
                (ErrorCode::BadRequest, self.to_string())
            }
            Self::Message(_) => (ErrorCode::InvalidParameterValue, self.to_string()),
            Self::Sqlite(error)
                if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull) =>
            {
                Self::Full.told()
            }
            Self::Postgres(error) => match error.code().map(SqlState::code) {
                Some("53100") => Self::Full.told(),
                Some("22021" | "22P05") => {
                    let words =
                        "a text holds a NUL character, which Postgres cannot keep; leave it out";
                    (ErrorCode::InvalidParameterValue, words.to_owned())
                }
                Some(code) if code.starts_with("22") => {
                    let words = format!("Postgres cannot keep a value: {}", of_postgres(error));
                    (ErrorCode::InvalidParameterValue, words)
                }
                Some(code) if !["40", "53", "57", "08"].iter().any(|it| code.starts_with(it)) => {
                    (ErrorCode::InternalError, FAILED.to_owned())
                }
                _ => (ErrorCode::TemporarilyUnavailable, Self::Unavailable.to_string()),
            },
            Self::Unavailable | Self::Full | Self::NotServed => {
                (ErrorCode::TemporarilyUnavailable, self.to_string())
            }
            Self::Artifact { path, .. } => {
                let words = format!(
                    "the artifact `{path}` cannot be read or written; the server's log says why"
                );
                (ErrorCode::IoError, words)
            }
            _ => (ErrorCode::InternalError, FAILED.to_owned()),
        }
    }
}
