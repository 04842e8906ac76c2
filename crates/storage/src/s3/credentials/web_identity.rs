use std::{fs, path::PathBuf};

use super::{Keys, Trouble};
use crate::{
    Environment, Error, Timeouts,
    http::{Call, Http, Trust, Url, is_transient, query},
    retry::Attempt,
    s3::endpoint::Endpoint,
    time, xml,
};

/// IAM roles for service accounts: a token of the cluster exchanged for a role's keys.
#[derive(Debug)]
pub(super) struct WebIdentity {
    http: Http,
    sts: Url,
    role: String,
    token: PathBuf,
    session: String,
}

impl WebIdentity {
    pub(super) fn new(
        environment: &Environment,
        timeouts: Timeouts,
    ) -> Result<Option<Self>, Error> {
        let role = environment.get("AWS_ROLE_ARN");
        let (role, token) = match (role, environment.get("AWS_WEB_IDENTITY_TOKEN_FILE")) {
            (Some(role), Some(token)) => (role, token),
            (None, Some(_)) => {
                return Err(super::half("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"));
            }
            // a role alone is something that other tools assume from a profile
            (_, None) => return Ok(None),
        };
        let session = environment.get("AWS_ROLE_SESSION_NAME");
        Ok(Some(Self {
            http: Http::new(
                timeouts,
                Trust::of(environment, &["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"]),
            ),
            sts: Endpoint::sts(environment)?,
            role,
            token: token.into(),
            session: session.unwrap_or_else(|| "longshore".into()),
        }))
    }

    pub(super) fn role(&self) -> &str {
        &self.role
    }

    pub(super) fn issue(&self) -> Result<Keys, Trouble> {
        // the cluster replaces the file from time to time
        let token = fs::read_to_string(&self.token).map_err(|error| {
            format!("the web identity token `{}` cannot be read: {error}", self.token.display())
        })?;
        let body = query(&[
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", "2011-06-15"),
            ("RoleArn", &self.role),
            ("RoleSessionName", &self.session),
            ("WebIdentityToken", token.trim()),
        ]);
        let call = Call {
            method: http::Method::POST,
            url: &self.sts,
            headers: vec![("content-type".into(), "application/x-www-form-urlencoded".into())],
            body: Some(body),
        };
        let reply = self.http.send(&call)?;
        let (status, after) = (reply.status, reply.retry_after());
        if status != 200 {
            let text = reply.refusal();
            return Err(self.explain(status, after, &text));
        }
        let text = reply.text(&self.sts, 1 << 20)?;
        let field = |name: &str| xml::first(&text, name).filter(|value| !value.is_empty());
        let (Some(id), Some(secret)) = (field("AccessKeyId"), field("SecretAccessKey")) else {
            return Err(format!("{} answered without credentials", self.sts.shown()).into());
        };
        let mut keys = Keys::new(id, secret, field("SessionToken"));
        keys.arn = field("Arn");
        Ok(keys.until(field("Expiration").as_deref().and_then(time::parse)))
    }

    fn explain(&self, status: u16, after: Option<std::time::Duration>, text: &str) -> Trouble {
        let field = |name: &str| xml::first(text, name).unwrap_or_default();
        let (code, message) = (field("Code"), field("Message"));
        let role = &self.role;
        let busy = ["IDPCommunicationError", "Throttling", "ThrottlingException"];
        if is_transient(status) || busy.contains(&code.as_str()) {
            let reason = format!("{status} {code}");
            return Trouble::Again(Attempt::Again { what: self.sts.shown(), reason, after });
        }
        Trouble::Fatal(match &*code {
            "AccessDenied" => format!(
                "STS does not let this pod have the role `{role}`: its trust policy must allow `sts:AssumeRoleWithWebIdentity` to the cluster's OIDC provider for this service account (`sub`) and `sts.amazonaws.com` (`aud`) ({message})"
            ),
            "ExpiredTokenException" | "ExpiredToken" => format!(
                "the web identity token `{}` has expired: is the file still renewed? ({message})",
                self.token.display()
            ),
            "InvalidIdentityToken" => format!(
                "STS does not accept the web identity token: is the cluster's OIDC provider made in this account? ({message})"
            ),
            _ => format!("STS refused the role `{role}`: {status} {code} {message}"),
        })
    }
}
