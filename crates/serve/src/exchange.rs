//! A request on its way: who asks, and what is told of it in logs, counts and traces.

use std::{sync::Arc, time::Instant};

use hyper::{StatusCode, header::HeaderValue, http::request::Parts};
use longshore_daemon::{
    Code,
    server::{
        access_log::{self, Line, Onward, Outcome},
        auth::Denial,
    },
    trace::Span,
};

use crate::{
    failure::Failure,
    inference::{Answer, Begun},
    protocol::Protocol,
    repository::Served,
    shared::Worker,
};

/// A request on its way, over HTTP alone or as a call of gRPC.
pub(crate) struct Exchange<'x> {
    worker: &'x Worker,
    head: &'x Parts,
    pub(crate) id: HeaderValue,
    begun: Instant,
    /// The name of its API key, where it needs one.
    api_key: Option<Arc<str>>,
    /// Rows that a model has answered for.
    rows: Option<u64>,
    /// There when the request is traced.
    span: Option<Span>,
}

impl<'x> Exchange<'x> {
    /// The request with this head has arrived.
    pub(crate) fn begin(worker: &'x Worker, head: &'x Parts) -> Self {
        let begun = Instant::now();
        let tracer = worker.shared.tracer.as_ref();
        let span = tracer.and_then(|tracer| tracer.begin(&head.headers));
        Self {
            worker,
            head,
            id: worker.ids.of(&head.headers),
            begun,
            api_key: None,
            rows: None,
            span,
        }
    }

    /// Lets it in, by its API key unless what it asks is `open` to everybody.
    pub(crate) fn admit(&mut self, open: impl FnOnce() -> bool) -> Result<(), Failure> {
        if let Some(keys) = &self.worker.shared.keys
            && !open()
        {
            self.api_key = Some(keys.identify(&self.head.headers)?);
        }
        Ok(())
    }

    /// It asks a route of HTTP. `template` is the path of the route, without what differs from
    /// request to request.
    pub(crate) fn asks_route(&mut self, template: Option<&'static str>) {
        let Some(span) = &mut self.span else { return };
        let method = self.head.method.as_str();
        match template {
            Some(template) => {
                span.rename(format!("{method} {template}"));
                span.set("http.route", template);
            }
            None => span.rename(method),
        }
        span.set("http.request.method", method);
        span.set("url.path", self.head.uri.path());
        span.set("url.scheme", if self.worker.shared.secure { "https" } else { "http" });
    }

    /// It calls a method of gRPC. An unknown method names nothing: any text may be its name.
    pub(crate) fn calls_method(&mut self, known: bool) {
        let Some(span) = &mut self.span else { return };
        let name = self.head.uri.path().trim_start_matches('/');
        span.rename(if known { name } else { "grpc" });
        span.set("rpc.system", "grpc");
        if let Some((service, method)) = name.split_once('/') {
            span.set("rpc.service", service);
            span.set("rpc.method", method);
        }
    }

    /// The model that answers it.
    pub(crate) fn is_for(&mut self, served: &Served, protocol: Protocol) {
        let Some(span) = &mut self.span else { return };
        span.set("longshore.model.name", &*served.name);
        span.set("longshore.model.version", &*served.version);
        span.set("longshore.protocol", protocol.name());
    }

    /// When it began, and whether the times of its parts are wanted.
    pub(crate) fn begun(&self) -> Begun {
        Begun { at: self.begun, is_traced: self.span.is_some() }
    }

    /// The model has answered it, or failed.
    pub(crate) fn is_computed(&mut self, answer: Option<&Answer>) {
        let Some(answer) = answer else { return };
        self.rows = u64::try_from(answer.rows()).ok();
        let Some(span) = &mut self.span else { return };
        span.set("longshore.rows", answer.rows());
        let times = answer.times();
        span.set("longshore.decode.seconds", times.decode);
        span.set("longshore.run.seconds", times.run);
        span.set("longshore.encode.seconds", times.encode);
    }

    /// Tells what became of it; its id goes into the reply.
    pub(crate) fn end(mut self, result: Result<StatusCode, &Failure>) -> HeaderValue {
        let outcome = match result {
            Ok(status) => Outcome::Answered(status.as_u16()),
            Err(failure) => Outcome::Failed {
                code: failure.code,
                message: &failure.message,
                detail: failure.detail.as_deref(),
                turned_away: failure.rejected.is_some(),
            },
        };
        self.trace(result);
        let api_key = self.api_key.as_deref();
        let Self { head, id, begun, .. } = &self;
        let line =
            Line { head, id, begun: *begun, api_key, rows: self.rows, onward: Onward::default() };
        access_log::write(line, outcome);
        if let Err(Failure { rejected: Some(reason), .. }) = result {
            self.worker.shared.rejections.count(*reason);
        }
        self.id
    }

    fn trace(&mut self, result: Result<StatusCode, &Failure>) {
        let Some(span) = &mut self.span else { return };
        span.set("longshore.request_id", String::from_utf8_lossy(self.id.as_bytes()).into_owned());
        if let Some(name) = &self.api_key {
            span.set("longshore.api_key", &**name);
        }
        let status = result.map_or_else(|failure| failure.code.http(), |status| status.as_u16());
        span.set("http.response.status_code", status);
        if let Err(failure) = result {
            span.set("error.type", failure.code.to_string());
            // a fault of the caller does not make the span fail, by OpenTelemetry's conventions
            if failure.code.is_server_fault() {
                span.fail(&*failure.message);
            }
        }
    }
}

impl From<Denial> for Failure {
    fn from(denial: Denial) -> Self {
        let failure = Self::new(Code::Unauthenticated, denial.message());
        Self { denial: Some(denial), ..failure }
    }
}
