use std::time::Duration;

use super::{Issued, Keys, Trouble, refused};
use crate::{
    Environment, Error, Timeouts,
    http::{Call, Http, Url, encode},
    retry::Attempt,
};

/// How long metadata may take: off AWS nobody answers at this address.
const PATIENCE: Duration = Duration::from_secs(1);

/// The role of an EC2 instance, by version 2 of its metadata service. Version 1 is not used.
#[derive(Debug)]
pub(super) struct Instance {
    http: Http,
    base: Url,
}

impl Instance {
    pub(super) fn new(
        environment: &Environment,
        timeouts: Timeouts,
    ) -> Result<Option<Self>, Error> {
        if environment.flag("AWS_EC2_METADATA_DISABLED") {
            return Ok(None);
        }
        let six = environment
            .get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")
            .is_some_and(|mode| mode.eq_ignore_ascii_case("ipv6"));
        let default = if six { "http://[fd00:ec2::254]" } else { "http://169.254.169.254" };
        let text = environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT");
        let base = Url::parse(text.as_deref().unwrap_or(default)).map_err(|reason| {
            Error::Credentials {
                what: "S3".into(),
                reason: format!("`AWS_EC2_METADATA_SERVICE_ENDPOINT`: {reason}"),
            }
        })?;
        let http = Http::direct(Timeouts { connect: PATIENCE, answer: 5 * PATIENCE, ..timeouts });
        Ok(Some(Self { http, base }))
    }

    pub(super) fn issue(&self) -> Result<Keys, Trouble> {
        let url = self.base.join("latest/api/token");
        let call = Call {
            method: http::Method::PUT,
            url: &url,
            headers: vec![("x-aws-ec2-metadata-token-ttl-seconds".into(), "21600".into())],
            body: Some(String::new()),
        };
        let reply = self.http.send(&call).map_err(|attempt| match attempt {
            // nobody is there: asking again takes seconds and finds nobody
            Attempt::Again { reason, .. } => Trouble::Fatal(format!(
                "no `AWS_…` variable names any, and no EC2 metadata answers at {} ({reason}); in a pod, give its service account a role (EKS Pod Identity or IRSA); a public bucket is read with `--s3-anonymous`",
                self.base.origin()
            )),
            Attempt::Fatal(error) => Trouble::Fatal(error.to_string()),
        })?;
        if reply.status != 200 {
            return Err(refused("the instance metadata (IMDSv2)", &url.shown(), reply));
        }
        let token = reply.text(&url, 64 << 10)?;
        let roles = "latest/meta-data/iam/security-credentials/";
        let role = self.read(roles, &token)?;
        let role = role.lines().next().unwrap_or_default().trim();
        let text = self.read(&format!("{roles}{}", encode(role)), &token)?;
        let mut keys = Issued::read(&text)
            .map_err(|reason| format!("the instance's role `{role}`: {reason}"))?;
        keys.arn.get_or_insert_with(|| format!("role {role}"));
        Ok(keys)
    }

    fn read(&self, path: &str, token: &str) -> Result<String, Trouble> {
        let url = self.base.join(path);
        let call = Call::get(&url).header("x-aws-ec2-metadata-token", token.trim());
        let reply = self.http.send(&call)?;
        match reply.status {
            200 => Ok(reply.text(&url, 1 << 20)?),
            404 => {
                Err("the EC2 instance has no role: attach an instance profile".to_owned().into())
            }
            _ => Err(refused("the instance metadata (IMDSv2)", &url.shown(), reply)),
        }
    }
}
