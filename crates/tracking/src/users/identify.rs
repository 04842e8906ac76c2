//! Who asks, by the name and the password of a request, or by its token.

use std::{collections::BTreeSet, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::{HeaderMap, header::AUTHORIZATION};
use longshore_daemon::tokens::presented;
use longshore_mlflow::rest::DEFAULT_WORKSPACE;

use super::{
    Users,
    config::KNOWN_PASSWORD,
    grants, password,
    people::{self, Person},
    roles, tokens,
};
use crate::{
    Error, Means,
    clock::now,
    rights::{Granted, Permission, Rights},
    store::Connection,
};

/// A user that is let in.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// The user.
    pub(crate) person: Person,
    /// What it may do.
    pub(crate) rights: Rights,
    /// The numbers of the roles that it has by groups.
    pub(crate) roles: Vec<i64>,
    /// The workspaces that it has a right in.
    pub(crate) workspaces: BTreeSet<String>,
    /// How it is known.
    pub(crate) means: Means,
}

/// Why nobody is known by a request.
#[derive(Debug)]
pub(crate) enum Stranger {
    /// It names nobody, or its password is wrong.
    Unknown,
    /// It has a token that is not let in, for this reason.
    Token(String),
    /// It could not be found out.
    Failed(Error),
}

impl From<Error> for Stranger {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// The name and the password of a request.
pub(super) fn password_of(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(token.trim()).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

/// What a user may do depends on the workspace that it asks in.
#[derive(Clone, Debug)]
pub(super) struct At {
    workspace: String,
    /// The permission where no grant says anything.
    absent: Permission,
    /// Whether there are others.
    workspaces: bool,
}

impl At {
    /// A user who is known, with what it may do.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) fn known(
        &self,
        on: &mut dyn Connection,
        person: Person,
        roles: Vec<i64>,
        means: Means,
    ) -> Result<Known, Error> {
        let mut seen = BTreeSet::new();
        let rights = if person.is_admin {
            Rights::All
        } else {
            if self.workspaces {
                seen = roles::visible(on, (person.id, &roles))?;
            }
            let grants = grants::of(on, (person.id, &roles), &self.workspace)?;
            let (absent, workspaces) = (self.absent, self.workspaces);
            let granted = Granted { absent, floor: absent, workspaces, grants };
            Rights::Granted(Arc::new(granted))
        };
        Ok(Known { person, rights, roles, workspaces: seen, means })
    }
}

impl Users {
    /// Whether a request names a user, as far as its form tells.
    pub(crate) fn takes(&self, headers: &HeaderMap) -> bool {
        let is_jwt = |token: &str| self.0.issuer.is_some() && token.matches('.').count() == 2;
        presented(headers).is_some_and(|it| it.starts_with(tokens::PREFIX) || is_jwt(it))
    }

    /// The user of a request, and what it may do in a workspace. Where there are workspaces, what nobody was
    /// granted nobody has.
    pub(crate) async fn identify(
        &self,
        headers: &HeaderMap,
        workspace: &str,
        workspaces: bool,
    ) -> Result<Known, Stranger> {
        let is_of_all = self.0.grants_default_workspace && workspace == DEFAULT_WORKSPACE;
        let absent = if workspaces && !is_of_all { Permission::None } else { self.0.default };
        let at = At { workspace: workspace.to_owned(), absent, workspaces };
        match (presented(headers), &self.0.issuer) {
            (Some(token), _) if token.starts_with(tokens::PREFIX) => self.by_token(token, at).await,
            (Some(token), Some(issuer)) => issuer.identify(&self.0.store, token, at).await,
            (Some(_), None) => Err(Stranger::Unknown),
            (None, _) => {
                let (name, password) = password_of(headers).ok_or(Stranger::Unknown)?;
                self.by_password(name, &password, at).await
            }
        }
    }

    async fn by_password(&self, name: String, password: &str, at: At) -> Result<Known, Stranger> {
        let asked = (name, password.to_owned());
        let known = match self.look(asked.clone(), at.clone()).await? {
            Ok(known) => known,
            Err(stored) => {
                if !self.is_right(password, &stored).await? {
                    return Err(Stranger::Unknown);
                }
                self.look(asked, at).await?.map_err(|_| Stranger::Unknown)?
            }
        };
        if known.person.is_admin && password == KNOWN_PASSWORD {
            tracing::warn!(
                user = known.person.name,
                "refused an administrator whose password is the one that MLflow shipped until 3.16; set `MLFLOW_AUTH_ADMIN_PASSWORD` to another and start the server again"
            );
            return Err(Stranger::Unknown);
        }
        Ok(known)
    }

    /// The user of a name, when the password was found right before; else how the password is kept. What a user may do
    /// is looked up for a right password only, so that the time tells nothing of who there is.
    async fn look(
        &self,
        (name, password): (String, String),
        at: At,
    ) -> Result<Result<Known, String>, Error> {
        let users = self.clone();
        let look = move |on: &mut dyn Connection| {
            let person = people::find(on, &name)?;
            let Some(person) = person else { return Ok(Err(password::NOBODY.to_owned())) };
            if !users.0.verified.has(&users.0.verified.digest(&password, &person.hash)) {
                return Ok(Err(person.hash));
            }
            at.known(on, person, Vec::new(), Means::Password).map(Ok)
        };
        self.0.store.read(look).await
    }

    async fn by_token(&self, token: &str, at: At) -> Result<Known, Stranger> {
        let digest = tokens::digest_of(token);
        let look = move |on: &mut dyn Connection| {
            let Some((person, token)) = tokens::find(on, &digest, now())? else { return Ok(None) };
            let means = Means::Token { name: token.name, is_read_only: token.read_only };
            at.known(on, person, Vec::new(), means).map(Some)
        };
        let found = self.0.store.read(look).await?;
        found.ok_or_else(|| Stranger::Token("it was revoked, has ended or never was".to_owned()))
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
