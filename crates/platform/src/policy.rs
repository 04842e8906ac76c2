//! What the annotations of an InferenceService ask of a gateway: who may ask, how often, and from which
//! web pages. The operator refuses values that mean nothing, and the gateway lets nobody in by one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

mod cors;
mod rate;

pub use cors::{Cors, Origin};
pub use rate::{Per, Rate};

use crate::{Fault, names};

/// What a gateway asks of the clients of an InferenceService.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policy {
    /// How clients say who they are; `None` leaves it to the gateway's own setting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<Auth>,
    /// The clients that may ask, by the names of their API keys or the subjects of their tokens; empty
    /// lets everyone in who is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<String>,
    /// What a token has to name as its audience, instead of what the gateway's setting says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// How often clients may ask.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rates: Vec<Rate>,
    /// The web pages that may ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cors: Option<Cors>,
}

/// How clients say who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// They do not.
    None,
    /// By an API key.
    ApiKey,
    /// By a JSON Web Token (RFC 7519).
    Jwt,
}

impl Policy {
    /// What the annotations of an InferenceService say.
    ///
    /// # Errors
    /// Each annotation that has a value without meaning.
    pub fn of(annotations: &BTreeMap<String, String>) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let policy = Self {
            auth: read(annotations, names::AUTH, &mut faults, auth),
            clients: read(annotations, names::CLIENTS, &mut faults, list).unwrap_or_default(),
            audience: read(annotations, names::JWT_AUDIENCE, &mut faults, one),
            rates: read(annotations, names::RATE_LIMIT, &mut faults, rate::parse)
                .unwrap_or_default(),
            cors: read(annotations, names::CORS_ORIGINS, &mut faults, Cors::parse),
        };
        if !policy.clients.is_empty() && policy.auth == Some(Auth::None) {
            faults.push(Fault {
                annotation: names::CLIENTS,
                message: format!(
                    "clients have no names where `{}` is `none`; write `api-key` or `jwt` there",
                    names::AUTH
                ),
            });
        }
        if faults.is_empty() { Ok(policy) } else { Err(faults) }
    }
}

/// The value of one annotation, or what is wrong with it.
fn read<T>(
    annotations: &BTreeMap<String, String>,
    annotation: &'static str,
    faults: &mut Vec<Fault>,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    let text = annotations.get(annotation)?;
    match parse(text) {
        Ok(value) => Some(value),
        Err(message) => {
            faults.push(Fault { annotation, message });
            None
        }
    }
}

fn auth(text: &str) -> Result<Auth, String> {
    match text {
        "none" => Ok(Auth::None),
        "api-key" => Ok(Auth::ApiKey),
        "jwt" => Ok(Auth::Jwt),
        other => Err(format!("`{other}` is unknown; write `api-key`, `jwt` or `none`")),
    }
}

/// Names with commas between them.
fn list(text: &str) -> Result<Vec<String>, String> {
    let names: Vec<_> = text.split(',').map(|name| name.trim().to_owned()).collect();
    if names.iter().any(String::is_empty) {
        return Err(format!("`{text}` has an empty name; write names with `,` between them"));
    }
    Ok(names)
}

fn one(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("it is empty; write one name, or leave the annotation out".into()),
        name => Ok(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Auth, Policy};

    fn of(annotations: &[(&str, &str)]) -> Result<Policy, Vec<String>> {
        let annotations: BTreeMap<_, _> = annotations
            .iter()
            .map(|(name, value)| (format!("longshore.dev/{name}"), (*value).to_owned()))
            .collect();
        Policy::of(&annotations).map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn without_annotations_nothing_is_asked() {
        assert_eq!(of(&[("warm-pool", "false")]), Ok(Policy::default()));
    }

    #[test]
    fn each_annotation_is_read() {
        let policy = of(&[
            ("auth", "jwt"),
            ("clients", "team-a, team-b"),
            ("jwt-audience", "iris"),
            ("rate-limit", "100/s"),
            ("cors-origins", "*"),
        ])
        .unwrap();
        assert_eq!(policy.auth, Some(Auth::Jwt));
        assert_eq!(policy.clients, ["team-a", "team-b"]);
        assert_eq!(policy.audience.as_deref(), Some("iris"));
        assert_eq!(policy.rates.len(), 1);
        assert!(policy.cors.is_some());
        let text = serde_json::to_string(&policy).unwrap();
        assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), policy);
    }

    #[test]
    fn every_wrong_value_is_named() {
        let faults = of(&[
            ("auth", "basic"),
            ("clients", "a,,b"),
            ("jwt-audience", " "),
            ("rate-limit", "fast"),
            ("cors-origins", "example.com"),
        ])
        .unwrap_err();
        assert_eq!(faults.len(), 5, "{faults:?}");
        assert_eq!(
            faults[0],
            "annotation `longshore.dev/auth`: `basic` is unknown; write `api-key`, `jwt` or `none`"
        );
        let faults = of(&[("auth", "none"), ("clients", "a")]).unwrap_err();
        assert!(faults[0].contains("clients have no names"), "{faults:?}");
    }
}
