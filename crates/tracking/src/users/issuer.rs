//! Users by tokens of an issuer (`OpenID` Connect): which claim names the user, and which roles its groups are.

use std::time::{Duration, Instant};

use longshore_daemon::tokens::{Claims, Fault, JwksSource, Tokens, Wanted};
use longshore_mlflow::rest::{DEFAULT_WORKSPACE, ErrorCode, workspace_name};
use prometheus_client::registry::Registry;
use serde_json::Value;

use super::{
    identify::{At, Known, Stranger},
    jwt::JwtSettings,
    people,
    roles::{self, is_own},
};
use crate::{
    Error, Means,
    store::{Connection, Store},
};

/// How long a request waits for the keys of its issuer to be read again, when it has one that is not known.
const WAIT: Duration = Duration::from_secs(5);

/// How the password of a user is kept that has none: no password has this hash.
const NO_PASSWORD: &str = "!";

/// An issuer of tokens that name users.
#[derive(Debug)]
pub(super) struct Issuer {
    tokens: Tokens,
    names: Names,
}

/// What the claims of a token say of a user.
#[derive(Clone, Debug)]
struct Names {
    user_claim: String,
    user_prefix: String,
    groups_claim: String,
    roles: Vec<GroupRole>,
    admin_groups: Vec<String>,
    creates: bool,
}

/// Which role a group is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct GroupRole {
    group: String,
    workspace: String,
    role: String,
}

impl GroupRole {
    /// Reads `GROUP=ROLE` or `GROUP=WORKSPACE/ROLE`. The name of a group may have a `=` in it.
    fn parse(text: &str) -> Result<Self, Error> {
        let wrong = || {
            Error::invalid(format!(
                "`{text}` does not say which role a group is; write `GROUP=ROLE` or `GROUP=WORKSPACE/ROLE`"
            ))
        };
        let (group, role) = text.rsplit_once('=').ok_or_else(wrong)?;
        let (group, role) = (group.trim(), role.trim());
        let (workspace, role) = role.split_once('/').unwrap_or((DEFAULT_WORKSPACE, role));
        if group.is_empty() || role.is_empty() || is_own(role) {
            return Err(wrong());
        }
        if workspace != DEFAULT_WORKSPACE {
            workspace_name(workspace)?;
        }
        let [group, workspace, role] = [group, workspace, role].map(str::to_owned);
        Ok(Self { group, workspace, role })
    }
}

impl Issuer {
    /// The issuer that settings name, if they name one.
    ///
    /// # Errors
    /// When a setting is missing or wrong, or a file of keys cannot be read.
    pub(super) fn open(settings: &JwtSettings) -> Result<Option<Self>, Error> {
        let Some(issuer) = settings.issuer.clone() else {
            if *settings == JwtSettings::default() {
                return Ok(None);
            }
            let words = "tokens of users are set up without their issuer; add `--jwt-issuer`, or `jwt_issuer` in the configuration file";
            return Err(Error::invalid(words));
        };
        let audience = settings.audience.clone().ok_or_else(|| {
            Error::invalid("a token for another server would be let in; add `--jwt-audience`, or `jwt_audience` in the configuration file, with what names this server at the issuer")
        })?;
        let authorities = settings.jwks_ca.clone();
        let source = match &settings.jwks {
            None => JwksSource::Issuer { issuer: issuer.clone(), authorities },
            Some(place) => JwksSource::at(place, authorities),
        };
        let or = |said: &Option<String>, usual: &str| said.clone().unwrap_or_else(|| usual.into());
        let roles = settings.group_roles.iter().map(|it| GroupRole::parse(it));
        let names = Names {
            user_claim: or(&settings.user_claim, "sub"),
            user_prefix: or(&settings.user_prefix, ""),
            groups_claim: or(&settings.groups_claim, "groups"),
            roles: roles.collect::<Result<_, _>>()?,
            admin_groups: settings.admin_groups.clone(),
            creates: settings.create_users.unwrap_or_default(),
        };
        let wanted = Wanted {
            issuer,
            audience,
            subject: names.user_claim.clone(),
            kept: vec![names.groups_claim.clone(), VERIFIED.to_owned()],
        };
        Ok(Some(Self { tokens: Tokens::open(&source, wanted)?, names }))
    }

    /// Adds the metrics of the keys.
    pub(super) fn register(&self, registry: &mut Registry) {
        self.tokens.register(registry, "longshore_tracking");
    }

    /// The user that a token names, and what it may do.
    pub(super) async fn identify(
        &self,
        store: &Store,
        token: &str,
        at: At,
    ) -> Result<Known, Stranger> {
        let told = Stranger::Token;
        let claims = self.verify(token).await.map_err(|fault| told(fault.to_string()))?;
        let name = self.names.user(&claims).map_err(told)?;
        let names = self.names.clone();
        let groups = groups(claims.kept.get(&names.groups_claim));
        let user = name.clone();
        let look = move |on: &mut dyn Connection| {
            let Some(person) = people::find(on, &user)? else { return Ok(None) };
            names.known(on, person, &groups, &at).map(Some)
        };
        if let Some(known) = store.read(look.clone()).await? {
            return Ok(known);
        }
        if !self.names.creates {
            return Err(told(format!("it names the user `{name}`, whom nobody has made here")));
        }
        let user = name.clone();
        let make = move |on: &mut dyn Connection| match people::add(on, &user, NO_PASSWORD, false) {
            // another request was first
            Err(Error::Refused { code: ErrorCode::ResourceAlreadyExists, .. }) => Ok(()),
            made => made.map(drop),
        };
        store.write(make).await?;
        tracing::info!(user = name, "made a user who was first seen by a token");
        let made = store.read(look).await?;
        made.ok_or_else(|| told(format!("the user `{name}` was removed")))
    }

    /// What a token says. When its key is not known, the keys of the issuer are read again first.
    async fn verify(&self, token: &str) -> Result<Claims, Fault> {
        let reads = self.tokens.reads();
        let found = self.tokens.verify(token, None);
        if found != Err(Fault::UnknownKey) {
            return found;
        }
        let end = Instant::now() + WAIT;
        while self.tokens.reads() == reads && Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.tokens.verify(token, None)
    }
}

/// The claim that says whether the claim `email` is true.
const VERIFIED: &str = "email_verified";

impl Names {
    /// The name of the user of a token, or why it names none.
    fn user(&self, claims: &Claims) -> Result<String, String> {
        if self.user_claim == "email" && claims.kept.get(VERIFIED) == Some(&Value::Bool(false)) {
            return Err("its `email` is not verified".to_owned());
        }
        let name = format!("{}{}", self.user_prefix, claims.subject);
        people::check_name(&name).map_err(|error| error.to_string())?;
        Ok(name)
    }

    /// A user with what it may do by itself and by its groups.
    fn known(
        &self,
        on: &mut dyn Connection,
        mut person: people::Person,
        groups: &[String],
        at: &At,
    ) -> Result<Known, Error> {
        let mut held = Vec::new();
        for GroupRole { group, workspace, role } in &self.roles {
            if groups.contains(group) {
                held.extend(roles::number(on, workspace, role)?);
            }
        }
        person.is_admin |= groups.iter().any(|it| self.admin_groups.contains(it));
        at.known(on, person, held, Means::Jwt)
    }
}

/// The groups that a claim names: texts of a list, or one text.
fn groups(claim: Option<&Value>) -> Vec<String> {
    match claim {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(several)) => {
            several.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{GroupRole, Issuer, JwtSettings, groups};

    #[test]
    fn a_group_is_a_role_of_a_workspace() {
        let read = |text: &str| {
            GroupRole::parse(text).map(|it| [it.group, it.workspace, it.role]).map_err(|_| ())
        };
        let is = |group: &str, workspace: &str, role: &str| {
            Ok([group, workspace, role].map(str::to_owned))
        };
        assert_eq!(read("science = reviewers"), is("science", "default", "reviewers"));
        assert_eq!(read("/a/b=team-a/owners"), is("/a/b", "team-a", "owners"));
        assert_eq!(read("cn=x,ou=y=default/a/b"), is("cn=x,ou=y", "default", "a/b"));
        for wrong in ["", "a", "=a", "a=", "a=Team/b", "a=team-a/", "a=__user_1__"] {
            assert_eq!(read(wrong), Err(()), "{wrong}");
        }
    }

    #[test]
    fn groups_are_texts() {
        assert_eq!(groups(Some(&json!(["a", 1, "b", null]))), ["a", "b"]);
        assert_eq!(groups(Some(&json!("a b"))), ["a b"]);
        assert_eq!(groups(Some(&json!({"a": 1}))), Vec::<String>::new());
        assert_eq!(groups(None), Vec::<String>::new());
    }

    #[test]
    fn tokens_are_set_up_wholly_or_not_at_all() {
        assert!(Issuer::open(&JwtSettings::default()).expect("none").is_none());
        let refused = |settings: JwtSettings| {
            Issuer::open(&settings).map(|_| ()).expect_err("refused").to_string()
        };
        let audience = Some("b".to_owned());
        let without = refused(JwtSettings { audience: audience.clone(), ..JwtSettings::default() });
        assert!(without.contains("--jwt-issuer"), "{without}");
        let issuer = Some("http://issuer.example.com".to_owned());
        let without = refused(JwtSettings { issuer: issuer.clone(), ..JwtSettings::default() });
        assert!(without.contains("--jwt-audience"), "{without}");
        let plain = refused(JwtSettings { issuer, audience, ..JwtSettings::default() });
        assert!(plain.contains("no `https` URL"), "{plain}");
    }
}
