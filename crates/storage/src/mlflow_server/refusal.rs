use longshore_mlflow::rest::{self, ErrorCode, Refusal};

use super::{MlflowServer, Question};
use crate::{Error, http::Reply};

/// What a refusal says.
pub(super) struct Words {
    code: Option<ErrorCode>,
    /// For people, when it says anything to them.
    pub(super) said: Option<String>,
}

/// Reads a refusal, which a proxy may have written.
pub(super) fn words(reply: Reply) -> Words {
    let text = reply.refusal();
    let refusal = rest::parse_reply::<Refusal>(text.as_bytes()).unwrap_or_default();
    let said = if refusal == Refusal::default() {
        let plain: String = text.trim().chars().take(200).collect();
        Some(plain).filter(|plain| !plain.is_empty() && !plain.starts_with('<'))
    } else {
        // MLflow passes on what its database says, in several lines
        Some(refusal.to_string().split_whitespace().collect::<Vec<_>>().join(" "))
    };
    Words { code: refusal.code(), said }
}

impl MlflowServer {
    /// What to tell a person about an answer that is no success.
    pub(super) fn refused(&self, reply: Reply, question: &Question<'_>) -> Error {
        let what = question.what;
        let status = reply.status;
        let location = reply.header("location").map(str::to_owned);
        let Words { code, said } = words(reply);
        let said = said.unwrap_or_else(|| "no reason given".to_owned());
        let at = self.base.origin();
        let absent = code.is_some()
            && (code == Some(ErrorCode::ResourceDoesNotExist) || code == question.absent);
        match status {
            401 | 403 => Error::Denied {
                what: format!("{what} at {at}"),
                identity: self.identity.clone(),
                permission: if status == 401 {
                    "the server does not know this user, or the password or token is wrong".into()
                } else if question.changes {
                    "let that user change it in MLflow".into()
                } else {
                    "let that user have `READ` on it in MLflow".into()
                },
                said: format!(" ({status} {said})"),
            },
            _ if absent => {
                Error::Missing { what: format!("{what} at {at}"), hint: format!(" ({said})") }
            }
            404 | 405 | 501 => Error::Unknown {
                server: at,
                reason: format!(
                    "has no answer to the question for {what} ({status} {said}): is the tracking URI right?"
                ),
            },
            301 | 302 | 303 | 307 | 308 => self.says(format!(
                "sends the question for {what} on to `{}`: use that address as the tracking URI",
                location.as_deref().and_then(|to| to.split('?').next()).unwrap_or("elsewhere")
            )),
            _ => self.says(format!("refused the question for {what}: {status} {said}")),
        }
    }
}
