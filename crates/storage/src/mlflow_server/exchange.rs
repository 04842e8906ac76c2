//! What moves whole servers: requests that may be repeated, and files up and down.

use std::io::Read;

use http::Method;
use longshore_mlflow::rest::{self, ARTIFACTS, WORKSPACE_HEADER};

use super::{MlflowServer, Question, changes};
use crate::{
    Error,
    http::{Call, Url, encode_path, is_transient, query},
    retry::{Attempt, repeat},
};

/// Most bytes of an answer that holds many things at once, such as traces with their spans.
const LARGE: u64 = 1 << 30;

/// A file that a server sends.
pub struct Download {
    /// Its bytes, when the server says how many there are.
    pub length: Option<u64>,
    /// The bytes.
    pub reader: Box<dyn Read + Send>,
}

impl MlflowServer {
    /// Asks, again and again while the server fails for the moment: for what may be done twice.
    ///
    /// # Errors
    /// [`Error`]; [`Error::Missing`] when the server says that what is asked for does not exist.
    pub fn ask_again<C: rest::Call>(&self, call: &C, what: &str) -> Result<C::Reply, Error> {
        self.call_with(self.retry, call, large::<C>(what))
    }

    /// As [`MlflowServer::ask_again`]; `None` when the server, such as one of an older release, has no such request.
    ///
    /// # Errors
    /// As [`MlflowServer::ask_again`].
    pub fn ask_if_known<C: rest::Call>(
        &self,
        call: &C,
        what: &str,
    ) -> Result<Option<C::Reply>, Error> {
        match self.ask_again(call, what) {
            Ok(reply) => Ok(Some(reply)),
            Err(Error::Unknown { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The release of MLflow that the server says it is; `None` when it does not say.
    pub fn release(&self) -> Option<String> {
        let mut text = String::new();
        let mut body = self.get("/version", &[], "its release").ok()?.reader.take(64);
        body.read_to_string(&mut text).ok()?;
        let text = text.trim();
        text.starts_with(|first: char| first.is_ascii_digit()).then(|| text.to_owned())
    }

    /// A file of the artifact proxy, by its path below the root of that.
    ///
    /// # Errors
    /// [`Error`]; [`Error::Missing`] when it is not there.
    pub fn proxied(&self, path: &str, what: &str) -> Result<Download, Error> {
        self.get(&proxy(path), &[], what)
    }

    /// What the server answers to a `GET` of a path, which begins with a slash, with pairs in its query.
    ///
    /// # Errors
    /// [`Error`]; [`Error::Missing`] when it is not there.
    pub fn get(&self, path: &str, pairs: &[(&str, &str)], what: &str) -> Result<Download, Error> {
        let mut url = self.base.join(path);
        if !pairs.is_empty() {
            url = url.with_query(query(pairs));
        }
        let reply = repeat(self.retry, || self.send(&url, &Method::GET, None, what))?;
        Ok(Download { length: reply.length(), reader: Box::new(reply.reader()) })
    }

    /// Puts a file at a path below the root of the artifact proxy, in one attempt.
    ///
    /// # Errors
    /// [`Error`], [`Error::is_transient`] when another attempt may succeed.
    pub fn upload(
        &self,
        path: &str,
        reader: &mut dyn Read,
        length: u64,
        what: &str,
    ) -> Result<(), Error> {
        let url = self.base.join(&proxy(path));
        let call =
            self.signed(Method::PUT, &url).header("content-type", "application/octet-stream");
        let sent = self.once(&call, Some((reader, length)), what);
        sent.map_err(|attempt| attempt.give_up(1))
    }

    /// Posts JSON to a path that begins with a slash, with further headers; the answer is not read.
    ///
    /// # Errors
    /// [`Error`].
    pub fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
        what: &str,
    ) -> Result<(), Error> {
        let url = self.base.join(path);
        repeat(self.retry, || {
            let mut call = self.signed(Method::POST, &url);
            call.body = Some(body.to_owned());
            for (name, value) in headers {
                call = call.header(name, *value);
            }
            self.once(&call.header("content-type", "application/json"), None, what)
        })
    }

    /// A request with our credentials.
    fn signed<'u>(&self, method: Method, url: &'u Url) -> Call<'u> {
        let mut call = Call { method, url, headers: Vec::new(), body: None };
        if let Some(authorization) = &self.authorization {
            call = call.header("authorization", authorization);
        }
        if let Some(workspace) = &self.workspace {
            call = call.header(WORKSPACE_HEADER, workspace);
        }
        call
    }

    fn once(
        &self,
        call: &Call<'_>,
        body: Option<(&mut dyn Read, u64)>,
        what: &str,
    ) -> Result<(), Attempt> {
        let reply = match body {
            Some((reader, length)) => self.http.stream(call, reader, length)?,
            None => self.http.send(call)?,
        };
        match reply.status {
            200..=299 => Ok(()),
            status if is_transient(status) => {
                let (after, said) = (reply.retry_after(), super::refusal::words(reply).said);
                let reason = [status.to_string(), said.unwrap_or_default()].join(" ");
                Err(Attempt::Again { what: call.url.shown(), reason, after })
            }
            _ => {
                let question = Question { changes: true, ..Question::from(what) };
                Err(self.refused(reply, &question).into())
            }
        }
    }
}

fn large<C: rest::Call>(what: &str) -> Question<'_> {
    Question { changes: changes::<C>(), most: LARGE, ..Question::from(what) }
}

fn proxy(path: &str) -> String {
    format!("{}{ARTIFACTS}/{}", rest::API, encode_path(path))
}
