//! Requests about tokens of users.

use longshore_mlflow::rest::{
    CreateUserToken, CreateUserTokenReply, Done, ListUserTokens, ListUserTokensReply,
    RevokeUserToken, UserToken,
};

use super::{Administration, Context, Gate, route};
use crate::{
    Caller, Error, Store, Users,
    allow::denied,
    caller::Means,
    clock::now,
    operation::Access,
    routes::Route,
    store::Connection,
    users::{
        people::{Person, by_name},
        tokens,
    },
};

/// How long a token holds when it is not said, in milliseconds.
const LASTS: i64 = 90 * 24 * 60 * 60 * 1000;

/// The routes of tokens.
pub(super) fn routes() -> Vec<Route> {
    vec![route::<CreateUserToken>(), route::<ListUserTokens>(), route::<RevokeUserToken>()]
}

fn gate(username: Option<&String>) -> Gate<'_> {
    username.map_or(Gate::Known, |name| Gate::SelfOnly(name))
}

/// The user of a request: the one that it names, or whoever asks.
fn user(
    on: &mut dyn Connection,
    context: &Context<'_>,
    username: Option<&String>,
) -> Result<Person, Error> {
    let name = username.or(context.caller.user.as_ref());
    let name =
        name.ok_or_else(|| Error::invalid("an API key is no user: name one by `username`"))?;
    by_name(on, name)
}

impl Administration for CreateUserToken {
    const ACCESS: Access = Access::Write;

    fn gate(&self) -> Gate<'_> {
        gate(self.username.as_ref())
    }

    async fn prepare(
        &self,
        _: Option<&Store>,
        _: &Users,
        caller: &Caller,
    ) -> Result<Option<String>, Error> {
        // one that somebody else has got hold of would never end
        if matches!(caller.means, Means::Token { .. }) {
            return Err(denied());
        }
        tokens::new().map(Some)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let token = context.prepared.clone().unwrap_or_default();
        let person = user(on, context, self.username.as_ref())?;
        let now = now();
        let wanted = UserToken {
            name: self.name.clone(),
            read_only: self.read_only,
            creation_time: now,
            expiration_time: self.expiration_time.unwrap_or(now + LASTS),
            ..UserToken::default()
        };
        let user_token = tokens::add(on, &person, &wanted, &tokens::digest_of(&token))?;
        Ok(CreateUserTokenReply { token, user_token })
    }
}

impl Administration for ListUserTokens {
    const ACCESS: Access = Access::Read;

    fn gate(&self) -> Gate<'_> {
        gate(self.username.as_ref())
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let person = user(on, context, self.username.as_ref())?;
        Ok(ListUserTokensReply { user_tokens: Some(tokens::of(on, &person)?) })
    }
}

impl Administration for RevokeUserToken {
    const ACCESS: Access = Access::Write;

    fn gate(&self) -> Gate<'_> {
        Gate::OwnsToken(self.id)
    }

    fn answer(&self, on: &mut dyn Connection, _: &Context<'_>) -> Result<Self::Reply, Error> {
        tokens::revoke(on, self.id)?;
        Ok(Done)
    }
}
