use std::{collections::HashMap, path::Path};

use super::{ini, jwt::JwtSettings};
use crate::{Error, rights::Permission, store::Location};

/// The function that MLflow identifies users by when none is set.
const BASIC: &str = "mlflow.server.auth:authenticate_request_basic_auth";

/// Whether roles are made in each new workspace.
const SEED: &str = "MLFLOW_RBAC_SEED_DEFAULT_ROLES";

/// Where users are kept when nothing is said of it, as in MLflow.
const HERE: &str = "sqlite:///basic_auth.db";

/// The password that MLflow had for its administrator until 3.16: everybody knows it.
pub(super) const KNOWN_PASSWORD: &str = "password1234";

/// What is said of users in MLflow's configuration file, and in its environment.
#[derive(Clone, PartialEq, Eq)]
pub struct Config {
    /// What users may do with an object that no grant of theirs speaks of.
    pub(super) default: Permission,
    /// Where users are kept, when it is said.
    pub(super) database: Option<Location>,
    /// The administrator who is made when the server is set up.
    pub(super) admin: Option<String>,
    /// The password of that one.
    pub(super) password: Option<String>,
    /// Whether users may do by default in the workspace `default` what they may by default elsewhere.
    pub(super) grants_default_workspace: bool,
    /// Whether new workspaces get the roles that MLflow gives them.
    pub(super) seeds: bool,
    /// Which tokens of an issuer let users in.
    pub(super) jwt: JwtSettings,
}

impl Config {
    /// Reads the file, or MLflow's own defaults where there is none. `environment` tells the value of a
    /// variable, which counts before the file even when it is empty.
    ///
    /// # Errors
    /// A refusal that names the file and what is wrong in it.
    pub fn read(
        file: Option<&Path>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Error> {
        let Some(file) = file else {
            let defaults = [("admin_username".to_owned(), "admin".to_owned())];
            return Self::of(&defaults.into(), environment);
        };
        let wrong = |words: String| {
            Error::invalid(format!("the configuration `{}` of users: {words}", file.display()))
        };
        let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
        let read = || -> Result<Self, Error> {
            let missing = || Error::invalid("it has no section `[mlflow]`");
            let settings = ini::section(&text, "mlflow")?.ok_or_else(missing)?;
            let ours = ini::section(&text, "longshore")?.unwrap_or_default();
            let jwt = JwtSettings::of(&ours)?;
            Ok(Self { jwt, ..Self::of(&settings, environment)? })
        };
        read().map_err(|it| wrong(it.to_string()))
    }

    /// Lets in tokens of an issuer: what `settings` do not say is what the file says.
    #[must_use]
    pub fn with_tokens(mut self, settings: JwtSettings) -> Self {
        self.jwt = settings.or(self.jwt);
        self
    }

    /// Lets in no tokens of an issuer.
    #[must_use]
    pub(crate) fn without_tokens(&self) -> Self {
        Self { jwt: JwtSettings::default(), ..self.clone() }
    }

    /// Where users are kept.
    pub fn database(&self) -> Location {
        self.database.clone().unwrap_or_else(|| HERE.into())
    }

    /// Keeps users in a database when nothing else was said of where.
    #[must_use]
    pub fn kept_in(mut self, database: Location) -> Self {
        self.database.get_or_insert(database);
        self
    }

    fn of(
        settings: &HashMap<String, String>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Error> {
        let get = |name: &str| settings.get(name).map(String::as_str).filter(|it| !it.is_empty());
        let function = get("authorization_function").unwrap_or(BASIC);
        if function != BASIC {
            return Err(Error::invalid(format!(
                "`authorization_function` is `{function}`, which is Python; this server knows `{BASIC}`"
            )));
        }
        let name = get("default_permission").unwrap_or("READ");
        let default = Permission::parse(name).ok_or_else(|| {
            Error::invalid(format!(
                "`default_permission` is `{name}`; it is one of READ, USE, EDIT, MANAGE and NO_PERMISSIONS"
            ))
        })?;
        let told = |variable: &str, name: &str| match environment(variable) {
            Some(value) => Some(value).filter(|it| !it.is_empty()),
            None => get(name).map(str::to_owned),
        };
        let admin = told("MLFLOW_AUTH_ADMIN_USERNAME", "admin_username");
        let name = "grant_default_workspace_access";
        let grants_default_workspace = ini::flag(name, get(name).unwrap_or("false"))?;
        let flag = environment(SEED).unwrap_or_else(|| "true".to_owned()).to_lowercase();
        let seeds = match &*flag {
            "1" | "true" => true,
            "0" | "false" => false,
            other => {
                let words = format!("`{SEED}` is `{other}`; it is `true` or `false`");
                return Err(Error::invalid(words));
            }
        };
        Ok(Self {
            default,
            database: get("database_uri").map(Location::from),
            admin,
            password: told("MLFLOW_AUTH_ADMIN_PASSWORD", "admin_password"),
            grants_default_workspace,
            seeds,
            jwt: JwtSettings::default(),
        })
    }
}

impl std::fmt::Debug for Config {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // neither the password nor a database's is told
        out.debug_struct("Config").field("default", &self.default).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Config;
    use crate::rights::Permission;

    fn read(text: &str, environment: &[(&str, &str)]) -> Result<Config, crate::Error> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("auth.ini");
        std::fs::write(&file, text).expect("a file");
        Config::read(Some(&file), |name| {
            environment.iter().find(|it| it.0 == name).map(|it| it.1.to_owned())
        })
    }

    #[test]
    fn the_environment_counts_before_the_file() {
        let text = "[mlflow]\ndefault_permission = NO_PERMISSIONS\ndatabase_uri = sqlite:///u.db\nadmin_username = root\nadmin_password = in the file\n";
        let config = read(text, &[]).expect("a configuration");
        assert_eq!(config.default, Permission::None);
        assert_eq!(config.database, Some("sqlite:///u.db".into()));
        assert_eq!(config.clone().kept_in("sqlite:///x.db".into()), config);
        assert_eq!(config.admin.as_deref(), Some("root"));
        assert_eq!(config.password.as_deref(), Some("in the file"));
        let empty = read(text, &[("MLFLOW_AUTH_ADMIN_PASSWORD", "")]).expect("a configuration");
        assert_eq!(empty.password, None);
    }

    #[test]
    fn without_a_file_it_is_mlflows_own() {
        let config = Config::read(None, |_| None).expect("a configuration");
        assert_eq!(config.default, Permission::Read);
        assert_eq!(config.database, None);
        let kept = config.clone().kept_in("sqlite:///x.db".into());
        assert_eq!(kept.database, Some("sqlite:///x.db".into()));
        assert_eq!((config.admin.as_deref(), config.password), (Some("admin"), None));
    }

    #[test]
    fn what_cannot_be_done_is_refused_by_name() {
        let refused = |text: &str| read(text, &[]).expect_err("refused").to_string();
        let words = refused("[mlflow]\nauthorization_function = mine:check\n");
        assert!(words.contains("`mine:check`") && words.contains("auth.ini"), "{words}");
        assert!(refused("[mlflow]\ndefault_permission = SOME\n").contains("SOME"));
        assert!(refused("[mlflow]\ngrant_default_workspace_access = maybe\n").contains("maybe"));
    }
}
