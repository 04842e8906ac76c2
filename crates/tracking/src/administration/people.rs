//! Requests about users themselves.

use longshore_mlflow::rest::{
    CreateUser, CurrentUserReply, DeleteUser, Done, ErrorCode, ExperimentPermission,
    GetCurrentUser, GetUser, ListUsers, ListUsersReply, RegisteredModelPermission,
    ScorerPermission, UpdateUserAdmin, UpdateUserPassword, User, UserReply,
};

use super::{Administration, Context, Gate, route};
use crate::{
    Caller, Error, Store, Users,
    caller::Means,
    operation::Access,
    rights::Kind,
    routes::Route,
    store::Connection,
    users::{
        people::{self, Person},
        roles::{self, decoded},
    },
};

/// The routes of users.
pub(super) fn routes() -> Vec<Route> {
    vec![
        route::<CreateUser>(),
        route::<GetUser>(),
        route::<GetCurrentUser>(),
        route::<ListUsers>(),
        route::<UpdateUserPassword>(),
        route::<UpdateUserAdmin>(),
        route::<DeleteUser>(),
    ]
}

/// A user, as others see it.
fn shown(person: &Person) -> User {
    User {
        id: person.id,
        username: person.name.clone(),
        is_admin: person.is_admin,
        ..User::default()
    }
}

/// A user with what its own role grants, as clients before there were roles ask for it.
fn whole(on: &mut dyn Connection, context: &Context<'_>, person: &Person) -> Result<User, Error> {
    let user_id = person.id;
    let (mut experiments, mut models, mut scorers) = (Vec::new(), Vec::new(), Vec::new());
    let own = roles::own(on, user_id, &context.caller.workspace)?;
    for grant in own.into_iter().flat_map(|role| role.grants) {
        let (id, permission) = (grant.pattern, grant.permission);
        match Kind::parse(&grant.kind) {
            Some(Kind::Experiment) => {
                let experiment_id = id;
                experiments.push(ExperimentPermission { experiment_id, user_id, permission });
            }
            Some(Kind::RegisteredModel) => {
                let workspace = Some(context.caller.workspace.clone());
                models.push(RegisteredModelPermission { workspace, name: id, user_id, permission });
            }
            Some(Kind::Scorer) => {
                let Some((experiment, name)) = id.split_once('/') else { continue };
                let (experiment_id, scorer_name) = (experiment.to_owned(), decoded(name));
                scorers.push(ScorerPermission { experiment_id, scorer_name, user_id, permission });
            }
            _ => {}
        }
    }
    Ok(User {
        experiment_permissions: Some(experiments),
        registered_model_permissions: Some(models),
        scorer_permissions: Some(scorers),
        ..shown(person)
    })
}

impl Administration for CreateUser {
    const ACCESS: Access = Access::Write;

    fn gate(&self) -> Gate<'_> {
        Gate::Managers
    }

    async fn prepare(
        &self,
        _: Option<&Store>,
        users: &Users,
        _: &Caller,
    ) -> Result<Option<String>, Error> {
        people::check(&self.username, &self.password)?;
        users.hash(self.password.clone()).await.map(Some)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let hash = context.prepared.as_deref().unwrap_or_default();
        let person = people::add(on, &self.username, hash, false)?;
        Ok(UserReply { user: whole(on, context, &person)? })
    }
}

impl Administration for GetUser {
    const ACCESS: Access = Access::Read;

    fn gate(&self) -> Gate<'_> {
        Gate::SelfOnly(&self.username)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let person = people::by_name(on, &self.username)?;
        Ok(UserReply { user: whole(on, context, &person)? })
    }
}

impl Administration for GetCurrentUser {
    const ACCESS: Access = Access::Read;

    fn gate(&self) -> Gate<'_> {
        Gate::Known
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let name = context.caller.user.as_deref().ok_or_else(|| {
            Error::refused(ErrorCode::ResourceDoesNotExist, "an API key is no user")
        })?;
        let user = shown(&people::by_name(on, name)?);
        // whoever has a token of an issuer has no password to change here
        let is_basic_auth = context.caller.means != Means::Jwt;
        Ok(CurrentUserReply { user, is_basic_auth })
    }
}

impl Administration for ListUsers {
    const ACCESS: Access = Access::Read;

    fn gate(&self) -> Gate<'_> {
        Gate::Known
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let managed = match context.caller.id {
            Some(id) if !context.caller.rights.is_all() => {
                Some(roles::managed(on, (id, &context.caller.roles))?)
            }
            _ => None,
        };
        let mut roles = roles::by_user(on)?;
        let users = people::all(on)?.into_iter().map(|person| {
            let mut own = roles.remove(&person.id).unwrap_or_default();
            if let Some(managed) = managed.as_ref().filter(|_| context.caller.id != Some(person.id))
            {
                own.retain(|role| managed.contains(&role.workspace));
            }
            let own = own.into_iter().map(roles::Stored::shown).collect();
            User { roles: Some(own), ..shown(&person) }
        });
        Ok(ListUsersReply { users: Some(users.collect()) })
    }
}

impl Administration for UpdateUserPassword {
    const ACCESS: Access = Access::Write;

    fn gate(&self) -> Gate<'_> {
        Gate::SelfOnly(&self.username)
    }

    async fn prepare(
        &self,
        _: Option<&Store>,
        users: &Users,
        caller: &Caller,
    ) -> Result<Option<String>, Error> {
        // a browser that somebody else has got hold of does not know the password
        if caller.user.as_deref() == Some(&*self.username) {
            let current = self.current_password.as_deref().filter(|it| !it.is_empty());
            let current = current.ok_or_else(|| {
                Error::invalid("Current password is required when changing your own password.")
            })?;
            let name = self.username.clone();
            let find = move |on: &mut dyn Connection| people::by_name(on, &name);
            let person = users.store().read(find).await?;
            if !users.is_right(current, &person.hash).await? {
                return Err(Error::invalid("Current password does not match."));
            }
            if self.password == current {
                let words = "New password must differ from the current password.";
                return Err(Error::invalid(words));
            }
        }
        people::check_password(&self.password)?;
        users.hash(self.password.clone()).await.map(Some)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let person = people::by_name(on, &self.username)?;
        people::set_hash(on, person.id, context.prepared.as_deref().unwrap_or_default())?;
        Ok(Done)
    }
}

impl Administration for UpdateUserAdmin {
    const ACCESS: Access = Access::Write;

    fn gate(&self) -> Gate<'_> {
        Gate::Administrators
    }

    fn answer(&self, on: &mut dyn Connection, _: &Context<'_>) -> Result<Self::Reply, Error> {
        let person = people::by_name(on, &self.username)?;
        if !self.is_admin {
            people::not_last_admin(on, &person)?;
        }
        people::set_admin(on, person.id, self.is_admin)?;
        Ok(Done)
    }
}

impl Administration for DeleteUser {
    const ACCESS: Access = Access::Write;

    fn gate(&self) -> Gate<'_> {
        Gate::Administrators
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        if context.caller.user.as_deref() == Some(&*self.username) {
            let words = "Users cannot delete their own account. Ask another admin to delete this user instead.";
            return Err(Error::refused(ErrorCode::BadRequest, words));
        }
        let person = people::by_name(on, &self.username)?;
        people::not_last_admin(on, &person)?;
        people::remove(on, &person)?;
        Ok(Done)
    }
}
