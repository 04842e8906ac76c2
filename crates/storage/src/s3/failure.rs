//! What S3 says when it says no, and what a person can do about it.

use super::{Ask, Endpoint};
use crate::{Error, http::Reply, xml};

/// A refusal.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) status: u16,
    /// Such as `AccessDenied`; empty when the server gave none.
    pub(super) code: String,
    message: String,
    /// Where the bucket really is.
    pub(super) region: Option<String>,
    request: Option<String>,
}

/// What a refusal means for what happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The bucket has no such object.
    NoObject,
    /// The object has no byte of the range asked for.
    NoSuchRange,
    /// Anything else.
    Other,
}

/// A refusal as what it means and as words for a person.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) kind: Kind,
    pub(super) error: Error,
}

/// The bucket, key, region and endpoint, for messages.
pub(super) fn place(ask: &Ask<'_>, region: &str, endpoint: &Endpoint) -> String {
    let at = endpoint.shown();
    if ask.key.is_empty() {
        format!("bucket `{}` in region `{region}`{at}", ask.bucket)
    } else {
        format!("key `{}` of bucket `{}` in region `{region}`{at}", ask.key, ask.bucket)
    }
}

impl Failure {
    pub(super) fn read(reply: Reply) -> Self {
        let status = reply.status;
        let header = |name: &str| reply.header(name).map(str::to_owned);
        let (region, request) = (header("x-amz-bucket-region"), header("x-amz-request-id"));
        let text = reply.refusal();
        let field = |name: &str| xml::first(&text, name).filter(|value| !value.is_empty());
        let code = field("Code").unwrap_or_default();
        let message = field("Message").unwrap_or_default();
        let elsewhere = status == 301
            || [
                "AuthorizationHeaderMalformed",
                "PermanentRedirect",
                "IllegalLocationConstraintException",
            ]
            .contains(&code.as_str());
        let named = field("Region").or_else(|| expected(&message)).filter(|_| elsewhere);
        Self {
            status,
            code,
            message,
            region: named.or(region.filter(|_| elsewhere)),
            request: request.or_else(|| field("RequestId")),
        }
    }

    /// What it means, by its code or else its status.
    pub(super) fn kind(&self, ask: &Ask<'_>) -> Kind {
        match (&*self.code, self.status) {
            ("NoSuchKey", _) => Kind::NoObject,
            ("InvalidRange", _) | ("", 416) => Kind::NoSuchRange,
            ("NoSuchBucket", _) => Kind::Other,
            (_, 404) if !ask.key.is_empty() => Kind::NoObject,
            _ => Kind::Other,
        }
    }

    /// Whether newer credentials may be taken.
    pub(super) fn is_expired(&self) -> bool {
        ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken"]
            .contains(&self.code.as_str())
    }

    pub(super) fn is_throttled(&self) -> bool {
        ["SlowDown", "RequestTimeout", "ServiceUnavailable", "InternalError", "RequestThrottled"]
            .contains(&self.code.as_str())
    }

    /// Status, code and message.
    pub(super) fn words(&self) -> String {
        let code = if self.code.is_empty() { String::new() } else { format!(" {}", self.code) };
        let message =
            if self.message.is_empty() { String::new() } else { format!(": {}", self.message) };
        format!("{}{code}{message}", self.status)
    }

    /// What to tell a person.
    pub(super) fn explain(
        &self,
        ask: &Ask<'_>,
        region: &str,
        endpoint: &Endpoint,
        identity: &str,
    ) -> Error {
        let what = place(ask, region, endpoint);
        let credentials = |reason: String| Error::Credentials { what: what.clone(), reason };
        match &*self.code {
            "InvalidAccessKeyId" | "InvalidClientTokenId" => credentials(format!(
                "the storage does not know the key id of {identity}; it was deleted, is of another account or endpoint, or lacks its `AWS_SESSION_TOKEN`"
            )),
            "SignatureDoesNotMatch" => credentials(format!(
                "the secret is not the one of {identity}: check `AWS_SECRET_ACCESS_KEY` for a missing or extra character"
            )),
            "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => credentials(format!(
                "the session token of {identity} has expired; get new credentials, or let the pod have a role (EKS Pod Identity or IRSA), whose credentials renew themselves"
            )),
            "InvalidToken" => credentials(format!(
                "the session token of {identity} is not valid: `AWS_SESSION_TOKEN` must come from the same session as the key id and secret"
            )),
            "RequestTimeTooSkewed" => credentials(
                "this machine's clock is too far from the storage's; set the clock (`timedatectl set-ntp true`)".into(),
            ),
            "NoSuchBucket" => Error::Missing {
                what: format!("the bucket `{}`{}", ask.bucket, endpoint.shown()),
                hint: "; check its name and the account or endpoint it belongs to".into(),
            },
            "NoSuchKey" => Error::Missing { what: format!("the object {what}"), hint: String::new() },
            "InvalidObjectState" => Error::Refused {
                what,
                reason: "the object is archived (Glacier); restore it first with `aws s3api restore-object`".into(),
            },
            "PreconditionFailed" => Error::Changed { what },
            _ => match self.status {
                401 | 403 => self.denied(ask, what, identity),
                404 if ask.key.is_empty() => Error::Missing {
                    what: format!("the bucket `{}`{}", ask.bucket, endpoint.shown()),
                    hint: "; check its name and the account or endpoint it belongs to".into(),
                },
                404 => Error::Missing { what: format!("the object {what}"), hint: String::new() },
                412 => Error::Changed { what },
                301 => Error::Refused {
                    what,
                    reason: "the bucket is in another region, which the storage did not name: set `AWS_REGION`".into(),
                },
                _ => Error::Refused { what, reason: self.words() },
            },
        }
    }

    fn denied(&self, ask: &Ask<'_>, what: String, identity: &str) -> Error {
        // `User: ARN is not authorized to perform: ACTION on resource: "ARN" because …`
        let after = |mark: &str| {
            let rest = self.message.split_once(mark)?.1;
            let word = rest.split_whitespace().next()?.trim_matches(['"', '\'', ',']);
            (!word.is_empty()).then(|| word.to_owned())
        };
        let user = after("User: ").filter(|user| user.starts_with("arn:"));
        let (action, resource) = if ask.key.is_empty() {
            ("s3:ListBucket".to_owned(), format!("arn:aws:s3:::{}", ask.bucket))
        } else {
            let is_write = ask.method == http::Method::PUT || ask.method == http::Method::POST;
            let action = if is_write { "s3:PutObject" } else { "s3:GetObject" };
            (action.to_owned(), format!("arn:aws:s3:::{}/{}", ask.bucket, ask.key))
        };
        let action = after("not authorized to perform: ").unwrap_or(action);
        let resource = after("on resource: ").unwrap_or(resource);
        let identity = match user {
            Some(user) if !identity.contains(&user) => format!("{identity}, which is `{user}`"),
            _ => identity.to_owned(),
        };
        let kms = if action.starts_with("kms:") { " and to the key's policy" } else { "" };
        let request = self.request.as_ref().map(|id| format!(", request {id}")).unwrap_or_default();
        Error::Denied {
            what,
            identity,
            permission: format!(
                "allow `{action}` on `{resource}` in the policy of that identity{kms}, and see that no bucket, endpoint or organisation policy denies it"
            ),
            said: format!(" ({}{request})", self.words()),
        }
    }
}

/// The region in `the region 'a' is wrong; expecting 'b'`.
fn expected(message: &str) -> Option<String> {
    let rest = message.split_once("expecting '")?.1;
    Some(rest.split_once('\'')?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::{Ask, Endpoint, Failure, Kind, expected};
    use crate::Environment;

    fn explain(status: u16, code: &str, message: &str, key: &str) -> String {
        let endpoint = Endpoint::new(&Environment::new(|_| None), None).unwrap();
        let failure = Failure {
            status,
            code: code.into(),
            message: message.into(),
            region: None,
            request: Some("R1".into()),
        };
        let ask = Ask { method: &Method::GET, bucket: "models", key, query: "", headers: &[] };
        failure.explain(&ask, "eu-west-1", &endpoint, "static keys (key id `AKIA1`)").to_string()
    }

    #[test]
    fn a_refusal_names_who_what_and_the_permission() {
        let text = explain(403, "AccessDenied", "Access Denied", "wine/MLmodel");
        for part in [
            "`wine/MLmodel`",
            "`models`",
            "`eu-west-1`",
            "`AKIA1`",
            "`s3:GetObject`",
            "`arn:aws:s3:::models/wine/MLmodel`",
            "R1",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let text = explain(403, "AccessDenied", "Access Denied", "");
        assert!(text.contains("`s3:ListBucket` on `arn:aws:s3:::models`"), "{text}");
    }

    #[test]
    fn what_happens_next_is_decided_by_the_code_whatever_the_words() {
        let kind = |status, code: &str, key| {
            let (code, message) = (code.into(), "words that change with every release".into());
            let failure = Failure { status, code, message, region: None, request: None };
            failure.kind(&Ask { method: &Method::GET, bucket: "b", key, query: "", headers: &[] })
        };
        assert_eq!(kind(404, "NoSuchKey", "k"), Kind::NoObject);
        assert_eq!(kind(404, "", "k"), Kind::NoObject);
        assert_eq!(kind(404, "NoSuchBucket", "k"), Kind::Other);
        assert_eq!(kind(404, "", ""), Kind::Other);
        assert_eq!(kind(416, "InvalidRange", "k"), Kind::NoSuchRange);
        assert_eq!(kind(416, "", "k"), Kind::NoSuchRange);
        assert_eq!(kind(403, "AccessDenied", "k"), Kind::Other);
    }

    #[test]
    fn the_storages_own_words_are_used() {
        let said = r#"User: arn:aws:sts::123456789012:assumed-role/reader/s is not authorized to perform: kms:Decrypt on resource: "arn:aws:kms:eu-west-1:123456789012:key/k" because no identity-based policy allows the kms:Decrypt action"#;
        let text = explain(403, "AccessDenied", said, "wine/MLmodel");
        for part in [
            "assumed-role/reader/s",
            "allow `kms:Decrypt` on `arn:aws:kms:eu-west-1:123456789012:key/k`",
            "the key's policy",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn wrong_credentials_say_which_part_is_wrong() {
        assert!(explain(403, "InvalidAccessKeyId", "", "k").contains("does not know the key id"));
        assert!(explain(403, "SignatureDoesNotMatch", "", "k").contains("AWS_SECRET_ACCESS_KEY"));
        assert!(explain(400, "ExpiredToken", "", "k").contains("expired"));
        assert!(explain(403, "RequestTimeTooSkewed", "", "k").contains("clock"));
        assert!(explain(404, "NoSuchBucket", "", "k").contains("bucket `models`"));
        assert!(explain(403, "InvalidObjectState", "", "k").contains("restore"));
    }

    #[test]
    fn the_right_region_is_in_the_words() {
        let text = "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'";
        assert_eq!(expected(text).unwrap(), "eu-west-1");
    }
}
