//! Permissions for one object, as clients before MLflow 3.12 ask for them. They are grants of a user's own
//! role.

use longshore_mlflow::rest::{
    CreateExperimentPermission, CreateRegisteredModelPermission, CreateScorerPermission,
    DeleteExperimentPermission, DeleteRegisteredModelPermission, DeleteScorerPermission, Done,
    ExperimentPermission, ExperimentPermissionReply, GetExperimentPermission,
    GetRegisteredModelPermission, GetScorerPermission, RegisteredModelPermission,
    RegisteredModelPermissionReply, ScorerPermission, ScorerPermissionReply,
    UpdateExperimentPermission, UpdateRegisteredModelPermission, UpdateScorerPermission,
};

use super::{Administration, Context, Gate, route};
use crate::{
    Caller, Error, Store, Users,
    allow::{canonical, kind_of},
    operation::{Access, Level, Need, Object},
    rights::Kind,
    routes::Route,
    store::Connection,
    users::{grants, people::by_name, roles::scorer},
};

/// The routes of permissions.
pub(super) fn routes() -> Vec<Route> {
    vec![
        route::<CreateExperimentPermission>(),
        route::<GetExperimentPermission>(),
        route::<UpdateExperimentPermission>(),
        route::<DeleteExperimentPermission>(),
        route::<CreateRegisteredModelPermission>(),
        route::<GetRegisteredModelPermission>(),
        route::<UpdateRegisteredModelPermission>(),
        route::<DeleteRegisteredModelPermission>(),
        route::<CreateScorerPermission>(),
        route::<GetScorerPermission>(),
        route::<UpdateScorerPermission>(),
        route::<DeleteScorerPermission>(),
    ]
}

/// One object and one user.
struct One<'a> {
    kind: Kind,
    id: String,
    user: &'a str,
    /// How MLflow names the two in a refusal.
    words: String,
}

impl One<'_> {
    fn missing(&self) -> Error {
        Error::missing(format!("{} not found", self.words))
    }

    /// Adds a permission; the number of the user.
    fn create(
        &self,
        on: &mut dyn Connection,
        context: &Context<'_>,
        permission: &str,
    ) -> Result<i64, Error> {
        let permission = grants::permission(permission)?;
        let user = by_name(on, self.user)?.id;
        let workspace = &context.caller.workspace;
        if grants::get(on, user, workspace, self.kind, &self.id)?.is_some() {
            return Err(grants::exists(format!("{} already exists.", self.words)));
        }
        grants::set(on, user, workspace, self.kind, &self.id, permission)?;
        Ok(user)
    }

    fn get(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<(i64, String), Error> {
        let user = by_name(on, self.user)?.id;
        let found = grants::get(on, user, &context.caller.workspace, self.kind, &self.id)?;
        Ok((user, found.ok_or_else(|| self.missing())?.name().to_owned()))
    }

    fn update(
        &self,
        on: &mut dyn Connection,
        context: &Context<'_>,
        permission: &str,
    ) -> Result<Done, Error> {
        let permission = grants::permission(permission)?;
        let (user, _) = self.get(on, context)?;
        grants::set(on, user, &context.caller.workspace, self.kind, &self.id, permission)?;
        Ok(Done)
    }

    fn delete(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Done, Error> {
        let user = by_name(on, self.user)?.id;
        let is_gone = grants::unset(on, user, &context.caller.workspace, self.kind, &self.id)?;
        if is_gone { Ok(Done) } else { Err(self.missing()) }
    }
}

/// A request about the permission of one user for one object.
trait About {
    /// The object.
    fn object(&self) -> Object<'_>;

    /// Both. A name of the registry is that of a `model`, or of a prompt.
    fn one(&self, model: Kind, workspace: &str) -> One<'_>;
}

macro_rules! about {
    ($($request:ty),+; |$it:ident, $model:ident, $workspace:ident| $object:expr, $one:expr) => {$(
        impl About for $request {
            fn object(&self) -> Object<'_> {
                let $it = self;
                $object
            }

            fn one(&self, $model: Kind, $workspace: &str) -> One<'_> {
                let $it = self;
                $one
            }
        }
    )+};
}

about!(
    CreateExperimentPermission, GetExperimentPermission, UpdateExperimentPermission,
    DeleteExperimentPermission;
    |it, _model, _workspace| Object::Experiment(&it.experiment_id),
    One {
        kind: Kind::Experiment,
        id: canonical(&it.experiment_id),
        user: &it.username,
        words: format!(
            "Experiment permission with experiment_id={} and username={}",
            it.experiment_id, it.username
        ),
    }
);

about!(
    CreateRegisteredModelPermission, GetRegisteredModelPermission,
    UpdateRegisteredModelPermission, DeleteRegisteredModelPermission;
    |it, model, workspace| Object::RegisteredModel(&it.name),
    One {
        kind: model,
        id: it.name.clone(),
        user: &it.username,
        words: format!(
            "Registered model permission with workspace={workspace}, name={} and username={}",
            it.name, it.username
        ),
    }
);

about!(
    CreateScorerPermission, GetScorerPermission, UpdateScorerPermission, DeleteScorerPermission;
    |it, _model, _workspace| Object::Scorer { experiment: &it.experiment_id, name: &it.scorer_name },
    One {
        kind: Kind::Scorer,
        id: scorer(&canonical(&it.experiment_id), &it.scorer_name),
        user: &it.username,
        words: format!(
            "Scorer permission with experiment_id={}, scorer_name={} and username={}",
            it.experiment_id, it.scorer_name, it.username
        ),
    }
);

/// What kind of object has a name in the registry, for the database that does not know it.
async fn model(
    store: Option<&Store>,
    caller: &Caller,
    object: Object<'_>,
) -> Result<String, Error> {
    let Object::RegisteredModel(name) = object else { return Ok(String::new()) };
    let store = store.ok_or_else(|| Error::invalid("ask the server for permissions of a model"))?;
    let (name, workspace) = (name.to_owned(), caller.workspace.clone());
    let kind = store.read(move |on| kind_of(on, &workspace, &name)).await?;
    Ok(kind.name().to_owned())
}

macro_rules! requests {
    ($($request:ty, $access:ident, |$it:ident, $one:ident, $on:ident, $context:ident| $answer:expr;)+) => {$(
        impl Administration for $request {
            const ACCESS: Access = Access::$access;

            fn gate(&self) -> Gate<'_> {
                Gate::Object(Need::of(Level::Manage, self.object()))
            }

            async fn prepare(
                &self,
                store: Option<&Store>,
                _: &Users,
                caller: &Caller,
            ) -> Result<Option<String>, Error> {
                model(store, caller, self.object()).await.map(Some)
            }

            fn answer(
                &self,
                $on: &mut dyn Connection,
                $context: &Context<'_>,
            ) -> Result<Self::Reply, Error> {
                let model = $context.prepared.as_deref().and_then(Kind::parse);
                let model = model.unwrap_or(Kind::RegisteredModel);
                let ($it, $one) = (self, self.one(model, &$context.caller.workspace));
                $answer
            }
        }
    )+};
}

requests! {
    CreateExperimentPermission, Write, |it, one, on, context| {
        let user = one.create(on, context, &it.permission)?;
        Ok(of_experiment(&one, user, it.permission.clone()))
    };
    GetExperimentPermission, Read, |_it, one, on, context| {
        let (user, permission) = one.get(on, context)?;
        Ok(of_experiment(&one, user, permission))
    };
    UpdateExperimentPermission, Write, |it, one, on, context| one.update(on, context, &it.permission);
    DeleteExperimentPermission, Write, |_it, one, on, context| one.delete(on, context);
    CreateRegisteredModelPermission, Write, |it, one, on, context| {
        let user = one.create(on, context, &it.permission)?;
        Ok(of_model(&one, context, user, it.permission.clone()))
    };
    GetRegisteredModelPermission, Read, |_it, one, on, context| {
        let (user, permission) = one.get(on, context)?;
        Ok(of_model(&one, context, user, permission))
    };
    UpdateRegisteredModelPermission, Write, |it, one, on, context| one.update(on, context, &it.permission);
    DeleteRegisteredModelPermission, Write, |_it, one, on, context| one.delete(on, context);
    CreateScorerPermission, Write, |it, one, on, context| {
        let user_id = one.create(on, context, &it.permission)?;
        let (experiment_id, scorer_name) = (it.experiment_id.clone(), it.scorer_name.clone());
        let permission = it.permission.clone();
        let scorer_permission = ScorerPermission { experiment_id, scorer_name, user_id, permission };
        Ok(ScorerPermissionReply { scorer_permission })
    };
    GetScorerPermission, Read, |it, one, on, context| {
        let (user_id, permission) = one.get(on, context)?;
        let (experiment_id, scorer_name) = (it.experiment_id.clone(), it.scorer_name.clone());
        let scorer_permission = ScorerPermission { experiment_id, scorer_name, user_id, permission };
        Ok(ScorerPermissionReply { scorer_permission })
    };
    UpdateScorerPermission, Write, |it, one, on, context| one.update(on, context, &it.permission);
    DeleteScorerPermission, Write, |_it, one, on, context| one.delete(on, context);
}

fn of_experiment(one: &One<'_>, user_id: i64, permission: String) -> ExperimentPermissionReply {
    let experiment_id = one.id.clone();
    let experiment_permission = ExperimentPermission { experiment_id, user_id, permission };
    ExperimentPermissionReply { experiment_permission }
}

fn of_model(
    one: &One<'_>,
    context: &Context<'_>,
    user_id: i64,
    permission: String,
) -> RegisteredModelPermissionReply {
    let workspace = Some(context.caller.workspace.clone());
    let name = one.id.clone();
    let registered_model_permission =
        RegisteredModelPermission { workspace, name, user_id, permission };
    RegisteredModelPermissionReply { registered_model_permission }
}
