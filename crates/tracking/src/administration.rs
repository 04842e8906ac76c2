//! The API of users, their roles and grants: answered in transactions of the database of users.

mod directory;
mod gate;
mod grants;
mod people;
mod permissions;
mod roles;
mod signup;
mod tokens;

use std::{collections::BTreeSet, sync::Arc};

use hyper::Response;
use longshore_mlflow::rest::Call;

pub use self::directory::{Directory, OfUsers};
use self::gate::{Gate, RoleOf, may};
use crate::{
    Caller, Error, Store, Users,
    allow::{allow, denied},
    operate::read,
    operation::Access,
    reply::{self, Reply},
    rights::{Granted, Kind, Permission},
    routes::{Answering, Asked, Route},
    state::State,
    store::Connection,
    users::{self, people::Person},
};

/// What a request knows beside itself.
struct Context<'a> {
    caller: &'a Caller,
    /// The permission where no grant says anything.
    default: Permission,
    /// What [`Administration::prepare`] found.
    prepared: Option<String>,
}

/// A request about users. It says who may ask it.
trait Administration: Call<Reply: Send> + Send + Sync + 'static {
    /// Whether it changes anything.
    const ACCESS: Access;

    /// Who may ask.
    fn gate(&self) -> Gate<'_>;

    /// Finds out what the transaction does not: the hash of a password, or what the other database knows, which is
    /// `store`, where there is a server.
    fn prepare(
        &self,
        _store: Option<&Store>,
        _users: &Users,
        _caller: &Caller,
    ) -> impl Future<Output = Result<Option<String>, Error>> + Send {
        async { Ok(None) }
    }

    /// Answers in one transaction.
    ///
    /// # Errors
    /// [`Error::Refused`] in MLflow's words, and those of the store.
    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error>;
}

/// All routes of users.
pub(crate) fn routes() -> Vec<Route> {
    [
        grants::routes(),
        people::routes(),
        permissions::routes(),
        roles::routes(),
        signup::routes(),
        tokens::routes(),
    ]
    .concat()
}

/// The route of a request.
fn route<A: Administration>() -> Route {
    Route {
        methods: A::METHODS,
        access: A::ACCESS,
        path: A::PATH,
        answer: |state, asked| -> Answering { Box::pin(answer::<A>(state, asked)) },
    }
}

async fn answer<A: Administration>(
    state: Arc<State>,
    asked: Asked,
) -> Result<Response<Reply>, Error> {
    let users: Users = state.users.clone().ok_or_else(denied)?;
    let note = asked.note.clone();
    let (request, caller) = read::<A>(&state, asked).await?;
    note.write(A::ACCESS, || format!("{:?}", request.gate()));
    let request = Arc::new(request);
    let caller = Arc::new(caller);
    let (shared, who) = (request.clone(), caller.clone());
    if let Gate::Object(_) = request.gate() {
        let check = move |on: &mut dyn Connection| match shared.gate() {
            Gate::Object(need) => allow(on, &who, &[need]),
            _ => Err(denied()),
        };
        state.store.read(check).await?;
    } else {
        let check = move |on: &mut dyn Connection| may(on, &who, &shared.gate());
        if !users.store().read(check).await? {
            return Err(denied());
        }
    }
    let prepared = request.prepare(Some(&state.store), &users, &caller).await?;
    let default = users.default_permission();
    let work = move |on: &mut dyn Connection| {
        let context = Context { caller: &caller, default, prepared: prepared.clone() };
        request.answer(on, &context)
    };
    let answer = match A::ACCESS {
        Access::Read => users.store().read(work).await?,
        Access::Write => users.store().write(work).await?,
    };
    Ok(reply::message(&answer))
}

/// The permission of a user for one object, as a request of that user would have it.
fn effective(
    on: &mut dyn Connection,
    context: &Context<'_>,
    person: &Person,
    (kind, id): (Kind, &str),
) -> Result<Permission, Error> {
    if person.is_admin {
        return Ok(Permission::Manage);
    }
    let grants = users::grants::of(on, (person.id, &[]), &context.caller.workspace)?;
    let (absent, floor) = (context.default, context.default);
    let granted = Granted { absent, floor, workspaces: false, grants };
    Ok(if granted.manages_all() { Permission::Manage } else { granted.permission(&[(kind, id)]) })
}

/// The workspaces of which a caller may see what a user has in them; `None` for all.
fn seen(
    on: &mut dyn Connection,
    context: &Context<'_>,
    name: &str,
) -> Result<Option<BTreeSet<String>>, Error> {
    let caller = context.caller;
    match caller.id {
        Some(id) if !caller.rights.is_all() && caller.user.as_deref() != Some(name) => {
            users::roles::managed(on, (id, &caller.roles)).map(Some)
        }
        _ => Ok(None),
    }
}
