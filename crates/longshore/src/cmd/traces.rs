//! The spans of a role that listens, as the command line says.

use std::time::Duration;

use anyhow::Result;
use longshore_daemon::trace::{self, Tracer};
use prometheus_client::registry::Registry;

use crate::cli::TraceArgs;

/// How long the last spans have to reach the collector once the role has stopped.
const LAST_SPANS: Duration = Duration::from_secs(2);

/// The spans of a role, to be sent when it has stopped.
pub(super) struct Traces(Option<Tracer>);

impl Traces {
    /// Starts to trace when there is a collector; what becomes of the spans is counted in `registry`.
    pub(super) fn start(args: &TraceArgs, registry: &mut Registry) -> Result<Self> {
        let variable = |name: &str| std::env::var(name).ok();
        let endpoint = args.otlp_endpoint.as_deref();
        let Some(settings) = trace::Settings::new(endpoint, args.trace_sample, variable)? else {
            return Ok(Self(None));
        };
        tracing::info!(url = settings.url(), sample = args.trace_sample, "requests are traced");
        let tracer = Tracer::start(settings)?;
        tracer.register(registry);
        Ok(Self(Some(tracer)))
    }

    /// What makes the spans, when there is a collector.
    pub(super) fn tracer(&self) -> Option<Tracer> {
        self.0.clone()
    }

    /// Sends the spans that are still waiting.
    pub(super) fn flush(&self) {
        if let Some(tracer) = &self.0 {
            tracer.flush(LAST_SPANS);
        }
    }
}
