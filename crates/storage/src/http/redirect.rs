use super::{Call, Http, Reply, Url};
use crate::{Error, retry::Attempt};

/// Most redirects that are followed.
const REDIRECTS: usize = 5;

impl Http {
    /// One attempt to get a URL, redirects followed; any other status is an answer. `headers` gives those
    /// for each URL: credentials must stay with the host that they are for. Also gives the URL that
    /// answered.
    pub(crate) fn follow(
        &self,
        url: &Url,
        headers: impl Fn(&Url) -> Vec<(String, String)>,
    ) -> Result<(Reply, Url), Attempt> {
        let mut at = url.clone();
        for _ in 0..=REDIRECTS {
            let call = Call { headers: headers(&at), ..Call::get(&at) };
            let reply = self.send(&call)?;
            let next = match reply.status {
                301 | 302 | 303 | 307 | 308 => reply.header("location").map(|to| at.redirect(to)),
                _ => return Ok((reply, at)),
            };
            let refused = |reason: String| Error::Refused { what: at.shown(), reason };
            let next = next.ok_or_else(|| refused("it sends us on without saying where".into()))?;
            let next =
                next.map_err(|reason| refused(format!("it sends us on to no URL: {reason}")))?;
            if at.is_https() && !next.is_https() {
                return Err(refused(format!(
                    "it sends us on to `{}`, which is not encrypted",
                    next.shown()
                ))
                .into());
            }
            at = next;
        }
        let reason = format!("it redirects more than {REDIRECTS} times");
        Err(Error::Refused { what: url.shown(), reason }.into())
    }
}
