use std::{fs, path::PathBuf};

use super::{Issued, Keys, Trouble, refused};
use crate::{
    Environment, Error, Timeouts,
    http::{Call, Http, Url},
};

/// Where the agents of ECS and of EKS Pod Identity listen.
const AGENTS: &[&str] = &["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];

/// The agent beside a container: EKS Pod Identity, or ECS.
#[derive(Debug)]
pub(super) struct Container {
    http: Http,
    url: Url,
    token: Token,
}

#[derive(Debug)]
enum Token {
    None,
    Text(String),
    File(PathBuf),
}

impl Container {
    pub(super) fn new(
        environment: &Environment,
        timeouts: Timeouts,
    ) -> Result<Option<Self>, Error> {
        let bad = |reason: String| Error::Credentials { what: "S3".into(), reason };
        let url = if let Some(path) = environment.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            Url::parse(&format!("http://169.254.170.2{path}")).map_err(|reason| {
                bad(format!("`AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`: {reason}"))
            })?
        } else if let Some(text) = environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            let url = Url::parse(&text)
                .map_err(|reason| bad(format!("`AWS_CONTAINER_CREDENTIALS_FULL_URI`: {reason}")))?;
            if !url.is_https() && !url.is_loopback() && !AGENTS.contains(&url.host()) {
                return Err(bad(format!(
                    "`AWS_CONTAINER_CREDENTIALS_FULL_URI` names `{}`: without TLS only the machine itself and AWS's agents may hold credentials",
                    url.host()
                )));
            }
            url
        } else {
            return Ok(None);
        };
        let file = environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
        let text = environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN");
        let token = match (file, text) {
            (Some(file), _) => Token::File(file.into()),
            (None, Some(text)) => Token::Text(text),
            (None, None) => Token::None,
        };
        Ok(Some(Self { http: Http::direct(timeouts), url, token }))
    }

    pub(super) fn name(&self) -> &'static str {
        match self.token {
            Token::File(_) => "the pod's role (EKS Pod Identity)",
            _ => "the container's role",
        }
    }

    pub(super) fn issue(&self) -> Result<Keys, Trouble> {
        let token = match &self.token {
            Token::None => None,
            Token::Text(text) => Some(text.clone()),
            // the kubelet replaces the file from time to time
            Token::File(path) => Some(fs::read_to_string(path).map_err(|error| {
                format!("the token `{}` of {} cannot be read: {error}", path.display(), self.name())
            })?),
        };
        let mut call = Call::get(&self.url);
        if let Some(token) = token {
            call = call.header("authorization", token.trim());
        }
        let reply = self.http.send(&call)?;
        if reply.status != 200 {
            let what = format!(
                "{} has none: the agent at {} (is a role associated with the pod's service account?)",
                self.name(),
                self.url.shown()
            );
            return Err(refused(&what, &self.url.shown(), reply));
        }
        let text = reply.text(&self.url, 1 << 20)?;
        Issued::read(&text).map_err(|reason| format!("{}: {reason}", self.url.shown()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::Container;
    use crate::{Environment, Timeouts};

    #[test]
    fn credentials_come_in_the_clear_only_from_agents() {
        let container = |uri: &'static str| {
            let environment = Environment::new(move |name| {
                (name == "AWS_CONTAINER_CREDENTIALS_FULL_URI").then(|| uri.to_owned())
            });
            Container::new(&environment, Timeouts::default())
        };
        for good in [
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
            "http://localhost:1/x",
            "https://any.example/x",
        ] {
            assert!(container(good).unwrap().is_some(), "{good}");
        }
        for bad in ["http://example.com/x", "http://169.254.170.2.example.com/x", "nonsense"] {
            assert!(container(bad).is_err(), "{bad}");
        }
    }
}
