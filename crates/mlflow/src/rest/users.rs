//! Users and what they may do, as MLflow's `basic-auth` app has them.

use super::{
    Done, Role,
    call::calls,
    message::{empty, messages},
};

messages! {
    /// A user.
    pub struct User {
        /// Its number.
        id: i64,
        /// Its name.
        username: String,
        /// Whether it may do everything.
        is_admin: bool,
        /// What it was granted for experiments itself (clients before 3.12 ask for it).
        experiment_permissions: Option<Vec<ExperimentPermission>>,
        /// What it was granted for registered models itself.
        registered_model_permissions: Option<Vec<RegisteredModelPermission>>,
        /// What it was granted for scorers itself.
        scorer_permissions: Option<Vec<ScorerPermission>>,
        /// Its roles, where they are asked for.
        roles: Option<Vec<Role>>,
    }

    /// Makes a user.
    pub struct CreateUser {
        /// Its name.
        username (default): String,
        /// Its password.
        password (default): String,
    }

    /// Asks for a user.
    pub struct GetUser {
        /// Its name.
        username: String,
    }

    /// The answer to [`CreateUser`] and [`GetUser`].
    pub struct UserReply {
        /// The user.
        user: User,
    }

    /// The answer to [`GetCurrentUser`].
    pub struct CurrentUserReply {
        /// The user.
        user: User,
        /// Whether users are known by a name and a password.
        is_basic_auth: bool,
    }

    /// The answer to [`ListUsers`].
    pub struct ListUsersReply {
        /// All users.
        users: Option<Vec<User>>,
    }

    /// Changes a password.
    pub struct UpdateUserPassword {
        /// The name of the user.
        username: String,
        /// The new password.
        password: String,
        /// The password until now, from users who change their own.
        current_password: Option<String>,
    }

    /// Makes a user an administrator, or no longer.
    pub struct UpdateUserAdmin {
        /// The name of the user.
        username: String,
        /// Whether it is one.
        is_admin: bool,
    }

    /// Removes a user.
    pub struct DeleteUser {
        /// Its name.
        username: String,
    }

    /// A user's permission for an experiment.
    pub struct ExperimentPermission {
        /// The id of the experiment.
        experiment_id: String,
        /// The number of the user.
        user_id: i64,
        /// The permission.
        permission: String,
    }

    /// A user's permission for a registered model.
    pub struct RegisteredModelPermission {
        /// The workspace of the model.
        workspace: Option<String>,
        /// The name of the model.
        name: String,
        /// The number of the user.
        user_id: i64,
        /// The permission.
        permission: String,
    }

    /// A user's permission for a scorer.
    pub struct ScorerPermission {
        /// The id of the experiment.
        experiment_id: String,
        /// The name of the scorer.
        scorer_name: String,
        /// The number of the user.
        user_id: i64,
        /// The permission.
        permission: String,
    }

    /// Grants a permission for an experiment.
    pub struct CreateExperimentPermission {
        /// The id of the experiment.
        experiment_id: String,
        /// The name of the user.
        username: String,
        /// The permission.
        permission: String,
    }

    /// Asks for a permission for an experiment.
    pub struct GetExperimentPermission {
        /// The id of the experiment.
        experiment_id: String,
        /// The name of the user.
        username: String,
    }

    /// Changes a permission for an experiment.
    pub struct UpdateExperimentPermission {
        /// The id of the experiment.
        experiment_id: String,
        /// The name of the user.
        username: String,
        /// The permission.
        permission: String,
    }

    /// Takes a permission for an experiment back.
    pub struct DeleteExperimentPermission {
        /// The id of the experiment.
        experiment_id: String,
        /// The name of the user.
        username: String,
    }

    /// The answer of permissions for experiments.
    pub struct ExperimentPermissionReply {
        /// The permission.
        experiment_permission: ExperimentPermission,
    }

    /// Grants a permission for a registered model.
    pub struct CreateRegisteredModelPermission {
        /// The name of the model.
        name: String,
        /// The name of the user.
        username: String,
        /// The permission.
        permission: String,
    }

    /// Asks for a permission for a registered model.
    pub struct GetRegisteredModelPermission {
        /// The name of the model.
        name: String,
        /// The name of the user.
        username: String,
    }

    /// Changes a permission for a registered model.
    pub struct UpdateRegisteredModelPermission {
        /// The name of the model.
        name: String,
        /// The name of the user.
        username: String,
        /// The permission.
        permission: String,
    }

    /// Takes a permission for a registered model back.
    pub struct DeleteRegisteredModelPermission {
        /// The name of the model.
        name: String,
        /// The name of the user.
        username: String,
    }

    /// The answer of permissions for registered models.
    pub struct RegisteredModelPermissionReply {
        /// The permission.
        registered_model_permission: RegisteredModelPermission,
    }

    /// Grants a permission for a scorer.
    pub struct CreateScorerPermission {
        /// The id of the experiment.
        experiment_id: String,
        /// The name of the scorer.
        scorer_name: String,
        /// The name of the user.
        username: String,
        /// The permission.
        permission: String,
    }

    /// Asks for a permission for a scorer.
    pub struct GetScorerPermission {
        /// The id of the experiment.
        experiment_id: String,
        /// The name of the scorer.
        scorer_name: String,
        /// The name of the user.
        username: String,
    }

    /// Changes a permission for a scorer.
    pub struct UpdateScorerPermission {
        /// The id of the experiment.
        experiment_id: String,
        /// The name of the scorer.
        scorer_name: String,
        /// The name of the user.
        username: String,
        /// The permission.
        permission: String,
    }

    /// Takes a permission for a scorer back.
    pub struct DeleteScorerPermission {
        /// The id of the experiment.
        experiment_id: String,
        /// The name of the scorer.
        scorer_name: String,
        /// The name of the user.
        username: String,
    }

    /// The answer of permissions for scorers.
    pub struct ScorerPermissionReply {
        /// The permission.
        scorer_permission: ScorerPermission,
    }
}

empty! {
    /// Asks who the caller is.
    pub struct GetCurrentUser;
}

empty! {
    /// Asks for all users.
    pub struct ListUsers;
}

calls! {
    CreateUser: Post "2.0/mlflow/users/create" -> UserReply;
    GetUser: Get "2.0/mlflow/users/get" -> UserReply;
    GetCurrentUser: Get "2.0/mlflow/users/current" -> CurrentUserReply;
    ListUsers: Get "2.0/mlflow/users/list" -> ListUsersReply;
    UpdateUserPassword: Patch "2.0/mlflow/users/update-password" -> Done;
    UpdateUserAdmin: Patch "2.0/mlflow/users/update-admin" -> Done;
    DeleteUser: Delete "2.0/mlflow/users/delete" -> Done;
    CreateExperimentPermission: Post "2.0/mlflow/experiments/permissions/create" -> ExperimentPermissionReply;
    GetExperimentPermission: Get "2.0/mlflow/experiments/permissions/get" -> ExperimentPermissionReply;
    UpdateExperimentPermission: Patch "2.0/mlflow/experiments/permissions/update" -> Done;
    DeleteExperimentPermission: Delete "2.0/mlflow/experiments/permissions/delete" -> Done;
    CreateRegisteredModelPermission: Post "2.0/mlflow/registered-models/permissions/create" -> RegisteredModelPermissionReply;
    GetRegisteredModelPermission: Get "2.0/mlflow/registered-models/permissions/get" -> RegisteredModelPermissionReply;
    UpdateRegisteredModelPermission: Patch "2.0/mlflow/registered-models/permissions/update" -> Done;
    DeleteRegisteredModelPermission: Delete "2.0/mlflow/registered-models/permissions/delete" -> Done;
    CreateScorerPermission: Post "3.0/mlflow/scorers/permissions/create" -> ScorerPermissionReply;
    GetScorerPermission: Get "3.0/mlflow/scorers/permissions/get" -> ScorerPermissionReply;
    UpdateScorerPermission: Patch "3.0/mlflow/scorers/permissions/update" -> Done;
    DeleteScorerPermission: Delete "3.0/mlflow/scorers/permissions/delete" -> Done;
}
