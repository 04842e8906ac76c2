//! The users of the server and what they were granted: MLflow's own schema, in a database of its own or in
//! that of the experiments.

pub(crate) mod grants;
pub(crate) mod people;
pub(crate) mod roles;
pub(crate) mod schema;

pub(crate) mod tokens;

mod config;
mod identify;
mod ini;
mod issuer;
mod jwt;
pub(crate) mod password;
mod verified;

use std::sync::Arc;

use prometheus_client::registry::Registry;
use tokio::sync::Semaphore;

pub use config::Config;
pub use grants::Change;
pub(crate) use identify::{Known, Stranger};
pub use jwt::JwtSettings;

use self::{issuer::Issuer, verified::Verified};
use crate::{Error, rights::Permission, store::Store};

/// Passwords that are hashed at a time: each takes 32 MiB and tens of milliseconds of a core.
const HASHED: usize = 2;

/// The users of a server. Clones share them.
#[derive(Clone, Debug)]
pub struct Users(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    default: Permission,
    /// Whether that counts in the workspace `default` too, where there are others.
    grants_default_workspace: bool,
    /// Whether new workspaces get the roles that MLflow gives them.
    seeds: bool,
    verified: Verified,
    hashing: Semaphore,
    /// Who else says who users are.
    issuer: Option<Issuer>,
}

impl Users {
    /// Opens the database of users, and makes the administrator when it is not there. It blocks until then.
    ///
    /// # Errors
    /// When the database cannot be opened, or the administrator has no name or no good password.
    pub fn open(config: &Config) -> Result<Self, Error> {
        let users = Self::kept(config)?;
        let admin = config.admin.clone().ok_or_else(|| {
            Error::invalid(
                "the administrator of the users has no name: set `MLFLOW_AUTH_ADMIN_USERNAME`, or `admin_username` in the file of `MLFLOW_AUTH_CONFIG_PATH`",
            )
        })?;
        let password = config.password.clone();
        users.0.store.write_now(move |on| bootstrap(on, &admin, password.as_deref()))?;
        Ok(users)
    }

    /// Opens the database of users as it is.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub(crate) fn kept(config: &Config) -> Result<Self, Error> {
        let store = Store::open_with(config.database(), schema::prepare)?;
        store.write_now(tokens::prepare)?;
        Ok(Self(Arc::new(Inner {
            store,
            default: config.default,
            grants_default_workspace: config.grants_default_workspace,
            seeds: config.seeds,
            verified: Verified::new()?,
            hashing: Semaphore::new(HASHED),
            issuer: Issuer::open(&config.jwt)?,
        })))
    }

    /// Adds the metrics of the keys of tokens, where there are any.
    pub(crate) fn register(&self, registry: &mut Registry) {
        if let Some(issuer) = &self.0.issuer {
            issuer.register(registry);
        }
    }

    /// Where they are kept.
    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    /// A secret of this process for a purpose and a user.
    pub(crate) fn secret(&self, purpose: &str, user: &str) -> [u8; 32] {
        self.0.verified.digest(user, purpose)
    }

    /// The permission where no grant says anything.
    pub(crate) fn default_permission(&self) -> Permission {
        self.0.default
    }

    /// The user who has a name, in any case of its letters.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn namesake(&self, name: &str) -> Result<Option<String>, Error> {
        let name = name.trim().to_lowercase();
        let work = move |on: &mut dyn crate::store::Connection| {
            let mut names = people::all(on)?.into_iter().map(|it| it.name);
            Ok(names.find(|it| it.trim().to_lowercase() == name))
        };
        self.0.store.read(work).await
    }

    /// Follows changes of objects.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn follow(
        &self,
        user: Option<i64>,
        workspace: String,
        mut changes: Vec<Change>,
    ) -> Result<(), Error> {
        changes.retain(|it| self.0.seeds || !matches!(it, Change::MadeWorkspace(_)));
        if changes.is_empty() {
            return Ok(());
        }
        let work = move |on: &mut dyn crate::store::Connection| {
            changes.iter().try_for_each(|it| grants::apply(on, user, &workspace, it))
        };
        self.0.store.write(work).await
    }
}

/// Makes the administrator, and replaces the password that MLflow once shipped.
fn bootstrap(
    on: &mut dyn crate::store::Connection,
    name: &str,
    password: Option<&str>,
) -> Result<(), Error> {
    let found = people::find(on, name)?;
    let is_outdated = |it: &people::Person| password::is_right(config::KNOWN_PASSWORD, &it.hash);
    if found.as_ref().is_some_and(|it| !is_outdated(it)) {
        return Ok(());
    }
    let given = password.filter(|it| found.is_none() || *it != config::KNOWN_PASSWORD);
    let Some(password) = given else {
        if found.is_some() {
            tracing::warn!(
                user = name,
                "the administrator has the password that MLflow shipped until 3.16, and is not let in with it; set `MLFLOW_AUTH_ADMIN_PASSWORD` to another and start the server again"
            );
            return Ok(());
        }
        return Err(Error::invalid(format!(
            "the administrator `{name}` of the users needs a password: set `MLFLOW_AUTH_ADMIN_PASSWORD`, or `admin_password` in the file of `MLFLOW_AUTH_CONFIG_PATH`"
        )));
    };
    let wrong = |words: &str| {
        Error::invalid(format!(
            "the password of the administrator `{name}` cannot be used: {words}; set `MLFLOW_AUTH_ADMIN_PASSWORD` to another"
        ))
    };
    if password == config::KNOWN_PASSWORD {
        return Err(wrong("MLflow shipped it until 3.16, so that everybody knows it"));
    }
    people::check(name, password).map_err(|it| wrong(&it.to_string()))?;
    let hash = password::hash(password)?;
    match found {
        Some(person) => people::set_hash(on, person.id, &hash),
        None => people::add(on, name, &hash, true).map(drop),
    }
}
