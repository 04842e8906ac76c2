//! Who asks, by the name and the password of a request.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::{HeaderMap, header::AUTHORIZATION};
use longshore_mlflow::rest::DEFAULT_WORKSPACE;

use super::{
    Users,
    config::KNOWN_PASSWORD,
    grants, password,
    people::{self, Person},
};
use crate::{
    Error,
    rights::{Granted, Permission, Rights},
};

/// A user whose password was right.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// The user.
    pub(crate) person: Person,
    /// What it may do.
    pub(crate) rights: Rights,
}

/// Why nobody is known by a request.
#[derive(Debug)]
pub(crate) enum Stranger {
    /// It names nobody, or its password is wrong.
    Unknown,
    /// It could not be found out.
    Failed(Error),
}

impl From<Error> for Stranger {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// The name and the password of a request.
pub(super) fn presented(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(token.trim()).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

impl Users {
    /// The user of a request, and what it may do in a workspace. Where there are workspaces, what nobody was
    /// granted nobody has.
    pub(crate) async fn identify(
        &self,
        headers: &HeaderMap,
        workspace: &str,
        workspaces: bool,
    ) -> Result<Known, Stranger> {
        let (name, password) = presented(headers).ok_or(Stranger::Unknown)?;
        let found = self.look_up(name, workspace.to_owned(), workspaces).await?;
        let stored = found.as_ref().map_or(password::NOBODY, |(person, _)| &*person.hash);
        let is_right = self.is_right(&password, stored).await?;
        let Some((person, rights)) = found.filter(|_| is_right) else {
            return Err(Stranger::Unknown);
        };
        if person.is_admin && password == KNOWN_PASSWORD {
            tracing::warn!(
                user = person.name,
                "refused an administrator whose password is the one that MLflow shipped until 3.16; set `MLFLOW_AUTH_ADMIN_PASSWORD` to another and start the server again"
            );
            return Err(Stranger::Unknown);
        }
        Ok(Known { person, rights })
    }

    /// A user with what it may do.
    async fn look_up(
        &self,
        name: String,
        workspace: String,
        workspaces: bool,
    ) -> Result<Option<(Person, Rights)>, Error> {
        let is_of_all = self.0.grants_default_workspace && workspace == DEFAULT_WORKSPACE;
        let absent = if workspaces && !is_of_all { Permission::None } else { self.0.default };
        let look = move |on: &mut dyn crate::store::Connection| {
            let Some(person) = people::find(on, &name)? else { return Ok(None) };
            if person.is_admin {
                return Ok(Some((person, Rights::All)));
            }
            let grants = grants::of(on, person.id, &workspace)?;
            let granted = Granted { absent, floor: absent, grants };
            Ok(Some((person, Rights::Granted(Arc::new(granted)))))
        };
        self.0.store.read(look).await
    }

    /// Whether a password is right; one that was right before is known again.
    pub(crate) async fn is_right(&self, password: &str, stored: &str) -> Result<bool, Error> {
        let digest = self.0.verified.digest(password, stored);
        if self.0.verified.has(&digest) {
            return Ok(true);
        }
        let (password, stored) = (password.to_owned(), stored.to_owned());
        let is_right = self.hashing(move || password::is_right(&password, &stored)).await?;
        if is_right {
            self.0.verified.add(digest);
        }
        Ok(is_right)
    }

    /// The hash of a new password.
    ///
    /// # Errors
    /// Refusals of one that is too short.
    pub(crate) async fn hash(&self, password: String) -> Result<String, Error> {
        self.hashing(move || password::hash(&password)).await?
    }

    /// Runs what takes long beside the event loops, and not much of it at a time.
    async fn hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let _turn = self.0.hashing.acquire().await.map_err(|_| Error::Unavailable)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| Error::Unavailable)
    }
}
