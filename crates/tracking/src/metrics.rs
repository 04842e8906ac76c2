//! What the server counts.

use std::time::Duration;

use hyper::{Method, StatusCode};
use prometheus_client::{
    metrics::{
        counter::Counter,
        family::Family,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

/// Method, route and status.
type Request = [(&'static str, &'static str); 3];

/// Method and route.
type Route = [(&'static str, &'static str); 2];

/// Requests by their route.
pub(crate) struct Metrics {
    requests: Family<Request, Counter>,
    seconds: Family<Route, Histogram, fn() -> Histogram>,
}

impl Metrics {
    /// Counts from zero, where `registry` shows it.
    pub(crate) fn new(registry: &mut Registry) -> Self {
        let made: fn() -> Histogram = || Histogram::new(exponential_buckets(0.0005, 2.0, 16));
        let metrics =
            Self { requests: Family::default(), seconds: Family::new_with_constructor(made) };
        registry.register(
            "longshore_tracking_requests",
            "Requests by method, route and status; the route of a path that there is not is `none`",
            metrics.requests.clone(),
        );
        registry.register(
            "longshore_tracking_request_seconds",
            "Time until the head of the reply is there",
            metrics.seconds.clone(),
        );
        metrics
    }

    /// Counts a request.
    pub(crate) fn count(
        &self,
        method: &Method,
        route: &'static str,
        status: StatusCode,
        took: Duration,
    ) {
        let method = name(method);
        let labels = [("method", method), ("route", route), ("status", digits(status))];
        self.requests.get_or_create(&labels).inc();
        let labels = [("method", method), ("route", route)];
        self.seconds.get_or_create(&labels).observe(took.as_secs_f64());
    }
}

/// The name of a method. A client can make up any number of them, so that only those of the API have their own.
fn name(method: &Method) -> &'static str {
    let known = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    known.into_iter().find(|it| *it == method.as_str()).unwrap_or("other")
}

/// The digits of a status that the server answers.
fn digits(status: StatusCode) -> &'static str {
    let known = [
        "200", "204", "206", "304", "400", "401", "403", "404", "405", "409", "413", "416", "429",
        "500", "501", "503",
    ];
    known.into_iter().find(|it| *it == status.as_str()).unwrap_or("other")
}
