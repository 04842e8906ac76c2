//! The span of a request: from its arrival to the end of its reply.

use std::net::SocketAddr;

use hyper::{Method, header::HeaderValue, http::request::Parts};
use longshore_daemon::trace::{Span, Tracer};

use crate::{failure::Failure, grpc};

/// The attribute with a status of HTTP.
pub(crate) const HTTP_STATUS: &str = "http.response.status_code";

/// The attribute with a status of gRPC.
pub(crate) const GRPC_STATUS: &str = "rpc.grpc.status_code";

/// How a request has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    /// The attribute that the code is of.
    pub(crate) key: &'static str,
    pub(crate) code: u16,
    /// Whether it is a fault of the server.
    pub(crate) is_error: bool,
}

/// A request that is traced, until it ends.
#[derive(Debug)]
pub(crate) struct Trace {
    span: Span,
    has_failed: bool,
}

impl Trace {
    /// A request that has arrived; `None` when it is not traced.
    pub(crate) fn begin(
        tracer: Option<&Tracer>,
        head: &Parts,
        id: &HeaderValue,
        is_secure: bool,
    ) -> Option<Box<Self>> {
        let mut span = tracer?.begin(&head.headers)?;
        let method = head.method.as_str();
        // any text may be a path, so it names nothing
        span.rename(method);
        span.set("http.request.method", method);
        span.set("url.path", head.uri.path());
        span.set("url.scheme", if is_secure { "https" } else { "http" });
        if grpc::is_call(head) {
            span.set("rpc.system", "grpc");
        }
        span.set("longshore.request_id", String::from_utf8_lossy(id.as_bytes()).into_owned());
        Some(Box::new(Self { span, has_failed: false }))
    }

    /// It goes to a revision of the service `namespace`/`name`.
    pub(crate) fn is_for(&mut self, method: &Method, namespace: &str, name: &str, revision: &str) {
        self.span.rename(format!("{method} {namespace}/{name}"));
        self.span.set("longshore.namespace", namespace);
        self.span.set("longshore.service", name);
        self.span.set("longshore.revision", revision);
    }

    /// What a replica is to name as the parent of its own span.
    pub(crate) fn traceparent(&self) -> Option<HeaderValue> {
        self.span.traceparent()
    }

    /// The gateway does not answer it by a replica.
    pub(crate) fn refused(&mut self, failure: &Failure) {
        self.span.set("error.type", failure.code.to_string());
        // a fault of the caller does not make the span fail, by OpenTelemetry's conventions
        if failure.code.is_server_fault() {
            self.span.fail(&*failure.message);
        }
        self.has_failed = true;
    }

    /// It has ended with this code, at this replica when it was sent to one.
    pub(crate) fn end(mut self, ended: Ended, replica: Option<SocketAddr>) {
        if let Some(replica) = replica {
            self.span.set("longshore.replica", replica.to_string());
        }
        let Ended { key, code, is_error } = ended;
        self.span.set(key, code);
        if is_error && !self.has_failed {
            self.span.set("error.type", code.to_string());
            self.span.fail(format!("the replica has answered with status {code}"));
        }
    }
}
