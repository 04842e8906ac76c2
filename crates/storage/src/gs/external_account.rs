//! Identities of other clouds and clusters that Google trusts (workload identity federation): a token of theirs
//! is exchanged for one of Google's (RFC 8693), and that for one of a service account if the file names one.

use std::{collections::BTreeMap, fs, path::PathBuf, time::SystemTime};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{WHAT, service_account::SCOPE, wrong};
use crate::{
    http::{Call, Http, Url, query},
    retry::Attempt,
    time,
    token::{Token, answered, issued},
};

/// What a token of Google's is for that only asks for another one.
const CLOUD: &str = "https://www.googleapis.com/auth/cloud-platform";

/// The fields of a file of credentials of the type `external_account`.
#[derive(Debug, Deserialize)]
pub(super) struct ExternalAccount {
    audience: String,
    subject_token_type: String,
    credential_source: Subject,
    pub(super) token_url: Option<String>,
    service_account_impersonation_url: Option<String>,
}

/// Where the other cloud's token is.
#[derive(Debug, Deserialize)]
struct Subject {
    file: Option<PathBuf>,
    url: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    format: Format,
}

/// Plain text, or a field of an object.
#[derive(Debug, Default, Deserialize)]
struct Format {
    subject_token_field_name: Option<String>,
}

impl ExternalAccount {
    /// What is wrong with the file: the end of a sentence about it.
    pub(super) fn fault(&self) -> Option<String> {
        let Subject { file, url, .. } = &self.credential_source;
        let urls = [&self.token_url, url, &self.service_account_impersonation_url];
        if file.is_none() && url.is_none() {
            return Some("has a `credential_source` without `file` and `url`; tokens of AWS and of programs are not read".into());
        }
        urls.into_iter().flatten().find_map(|url| {
            let url_of = Url::parse(url).map_err(|reason| format!("names `{url}`: {reason}"));
            match url_of {
                Ok(url) if url.is_https() || url.is_loopback() => None,
                Ok(url) => {
                    Some(format!("names `{}`, where tokens would travel in the clear", url.shown()))
                }
                Err(reason) => Some(reason),
            }
        })
    }

    /// Who asks, in words.
    pub(super) fn identity(&self) -> String {
        format!("the workload identity of `{}`", self.audience)
    }

    /// A token of Google's, from `url`.
    pub(super) fn issue(&self, http: &Http, url: &Url) -> Result<Token, Attempt> {
        let subject = self.subject(http)?;
        let impersonated = self.service_account_impersonation_url.as_deref();
        let form = query(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("audience", &self.audience),
            ("subject_token_type", &self.subject_token_type),
            ("subject_token", &subject),
            ("scope", if impersonated.is_some() { CLOUD } else { SCOPE }),
        ]);
        let call = Call {
            method: http::Method::POST,
            url,
            headers: vec![("content-type".into(), "application/x-www-form-urlencoded".into())],
            body: Some(form),
        };
        let token = issued(http.send(&call)?, url, WHAT, &self.identity())?;
        match impersonated {
            None => Ok(token),
            Some(url) => self.impersonate(http, &parsed(url)?, &token),
        }
    }

    /// A token of the service account that the identity may act as.
    fn impersonate(&self, http: &Http, url: &Url, token: &Token) -> Result<Token, Attempt> {
        let call = Call {
            method: http::Method::POST,
            url,
            headers: vec![
                ("content-type".into(), "application/json".into()),
                ("authorization".into(), format!("Bearer {}", token.text())),
            ],
            body: Some(json!({"scope": [SCOPE], "lifetime": "3600s"}).to_string()),
        };
        let text = answered(http.send(&call)?, url, WHAT, &self.identity())?;
        let answer: Value = serde_json::from_str(&text).unwrap_or_default();
        let until = answer["expireTime"].as_str().and_then(time::parse);
        match (answer["accessToken"].as_str(), until) {
            (Some(token), Some(until)) if !token.is_empty() => {
                let life = until.duration_since(SystemTime::now()).unwrap_or_default();
                Ok(Token::new(token, life))
            }
            _ => Err(wrong(format!("{} answered without a token", url.shown())).into()),
        }
    }

    /// The token of the other cloud, read anew each time, since it ends.
    fn subject(&self, http: &Http) -> Result<String, Attempt> {
        let Subject { file, url, headers, format } = &self.credential_source;
        let (text, place) = match (file, url) {
            (Some(file), _) => {
                let place = file.display().to_string();
                let text = fs::read_to_string(file).map_err(|error| {
                    wrong(format!("the token `{place}` cannot be read: {error}"))
                })?;
                (text, place)
            }
            (None, url) => {
                let url = parsed(url.as_deref().unwrap_or_default())?;
                let headers = headers.iter().map(|(name, value)| (name.clone(), value.clone()));
                let call = Call { headers: headers.collect(), ..Call::get(&url) };
                (answered(http.send(&call)?, &url, WHAT, &self.identity())?, url.shown())
            }
        };
        let Some(field) = &format.subject_token_field_name else { return Ok(text.trim().into()) };
        let object: Value = serde_json::from_str(&text).unwrap_or_default();
        let token = object[field.as_str()].as_str();
        let missing = || wrong(format!("`{place}` holds no object with a text `{field}`"));
        Ok(token.ok_or_else(missing)?.to_owned())
    }
}

fn parsed(url: &str) -> Result<Url, Attempt> {
    Url::parse(url).map_err(|reason| wrong(format!("`{url}` is no address: {reason}")).into())
}
