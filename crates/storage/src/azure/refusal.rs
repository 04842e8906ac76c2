//! What Azure says when it says no, and what a person can do about it.

use super::{Ask, Prefix};
use crate::{
    Error,
    http::{Reply, Url, is_transient},
    retry::Attempt,
    xml,
};

impl Prefix<'_> {
    /// The error that a refusal means.
    pub(super) fn refused(&self, ask: &Ask<'_>, url: &Url, reply: Reply) -> Attempt {
        let (status, after) = (reply.status, reply.retry_after());
        // a refusal of `HEAD` has no words
        let code = reply.header("x-ms-error-code").unwrap_or_default().to_owned();
        let message = xml::first(&reply.refusal(), "Message").unwrap_or_default();
        let message = message.lines().next().unwrap_or_default();
        let said = [&*code, message].into_iter().filter(|word| !word.is_empty());
        let said = said.fold(status.to_string(), |said, word| format!("{said} {word}"));
        if is_transient(status) {
            return Attempt::Again { what: url.shown(), reason: said, after };
        }
        let container = &self.place.container;
        let what = match ask.name {
            "" => format!("the container `{container}` of `{}`", self.service.authority()),
            name => format!("`{name}` of the container `{container}`"),
        };
        let identity = self.identity();
        let denied = |permission: &str| Error::Denied {
            what: what.clone(),
            identity: identity.clone(),
            permission: permission.into(),
            said: format!(" ({said})"),
        };
        let is_nobody = self.place.signature.is_empty() && self.azure.credentials.is_nobody();
        Attempt::Fatal(match (status, &*code) {
            // of what nobody may see, it says that it is not there
            (401 | 403, _) | (404, "ResourceNotFound") | (409, "PublicAccessNotPermitted")
                if is_nobody =>
            {
                denied(
                    "set `AZURE_STORAGE_ACCESS_KEY`, or `AZURE_TENANT_ID`, `AZURE_CLIENT_ID` and `AZURE_CLIENT_SECRET`, or write a shared access signature behind the location (`?sv=…&sig=…`)",
                )
            }
            (401 | 403, _) if !self.place.signature.is_empty() => denied(
                "it must be valid now, and have the permission `r`, for a folder `rl` of the container",
            ),
            (401, _) | (400, "InvalidAuthenticationInfo") | (403, "AuthenticationFailed") => {
                Error::Credentials {
                    what,
                    reason: format!(
                        "the storage does not accept {identity} ({said}); is the key an old one, or the clock wrong?"
                    ),
                }
            }
            (403, _) => denied(
                "the role `Storage Blob Data Reader` on the container is enough; does the account's firewall let this machine in?",
            ),
            (404 | 410, _) => Error::Missing { what, hint: String::new() },
            (412, _) => Error::Changed { what },
            _ => Error::Refused { what, reason: format!("the storage answers {said}") },
        })
    }
}
