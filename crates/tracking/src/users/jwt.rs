//! What is said of tokens of an issuer, on the command line and in the configuration file.

use std::{collections::HashMap, path::PathBuf};

use super::ini::flag;
use crate::Error;

/// What the command line or the configuration file says of tokens of an issuer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JwtSettings {
    /// Who makes them.
    pub issuer: Option<String>,
    /// Whom they have to be for.
    pub audience: Option<String>,
    /// The keys, in a file or at a URL; without it, where the issuer says.
    pub jwks: Option<String>,
    /// The authorities to believe for these URLs.
    pub jwks_ca: Option<PathBuf>,
    /// The claim that names the user; `sub` without it.
    pub user_claim: Option<String>,
    /// What the name of the user begins with beside what the claim says.
    pub user_prefix: Option<String>,
    /// The claim that names the user's groups; `groups` without it.
    pub groups_claim: Option<String>,
    /// Which role a group is: `GROUP=ROLE` or `GROUP=WORKSPACE/ROLE`.
    pub group_roles: Vec<String>,
    /// Groups whose users are administrators.
    pub admin_groups: Vec<String>,
    /// Whether a user is made when it is first seen.
    pub create_users: Option<bool>,
}

impl JwtSettings {
    /// The settings of a section of the configuration file.
    ///
    /// # Errors
    /// A refusal that names what is unknown or wrong.
    pub(super) fn of(section: &HashMap<String, String>) -> Result<Self, Error> {
        let mut settings = Self::default();
        for (name, value) in section {
            let text = || Some(value.clone()).filter(|it| !it.is_empty());
            let lines = || lines(value);
            match name.as_str() {
                "jwt_issuer" => settings.issuer = text(),
                "jwt_audience" => settings.audience = text(),
                "jwks" => settings.jwks = text(),
                "jwks_ca" => settings.jwks_ca = text().map(PathBuf::from),
                "jwt_user_claim" => settings.user_claim = text(),
                "jwt_user_prefix" => settings.user_prefix = text(),
                "jwt_groups_claim" => settings.groups_claim = text(),
                "jwt_group_roles" => settings.group_roles = lines(),
                "jwt_admin_groups" => settings.admin_groups = lines(),
                "jwt_create_users" => {
                    settings.create_users = Some(!value.is_empty() && flag(name, value)?);
                }
                _ => {
                    return Err(Error::invalid(format!(
                        "`[longshore]` has the setting `{name}`, which there is not"
                    )));
                }
            }
        }
        Ok(settings)
    }

    /// These, and what they do not say as `other` says it.
    pub(super) fn or(self, other: Self) -> Self {
        let either = |ours: Vec<_>, theirs| if ours.is_empty() { theirs } else { ours };
        Self {
            issuer: self.issuer.or(other.issuer),
            audience: self.audience.or(other.audience),
            jwks: self.jwks.or(other.jwks),
            jwks_ca: self.jwks_ca.or(other.jwks_ca),
            user_claim: self.user_claim.or(other.user_claim),
            user_prefix: self.user_prefix.or(other.user_prefix),
            groups_claim: self.groups_claim.or(other.groups_claim),
            group_roles: either(self.group_roles, other.group_roles),
            admin_groups: either(self.admin_groups, other.admin_groups),
            create_users: self.create_users.or(other.create_users),
        }
    }
}

/// What is said one a line.
fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::JwtSettings;

    #[test]
    fn what_the_command_line_says_counts_before_the_file() {
        let section = |pairs: &[(&str, &str)]| {
            let owned = pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
            JwtSettings::of(&owned.collect::<HashMap<_, _>>()).map_err(|it| it.to_string())
        };
        let file = section(&[
            ("jwt_issuer", "https://a"),
            ("jwt_audience", "b"),
            ("jwt_group_roles", "a=b\nc=d"),
            ("jwt_create_users", "true"),
        ]);
        let flags = JwtSettings { audience: Some("c".to_owned()), ..JwtSettings::default() };
        let both = flags.or(file.expect("settings"));
        assert_eq!(both.issuer.as_deref(), Some("https://a"));
        assert_eq!(both.audience.as_deref(), Some("c"));
        assert_eq!(
            (both.group_roles, both.create_users),
            (vec!["a=b".into(), "c=d".into()], Some(true))
        );
        assert!(section(&[("jwt_isuer", "a")]).unwrap_err().contains("jwt_isuer"));
        assert!(section(&[("jwt_create_users", "maybe")]).unwrap_err().contains("maybe"));
    }
}
