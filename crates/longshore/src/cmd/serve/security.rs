//! TLS, API keys and traces, as the command line says.

use std::time::Duration;

use anyhow::{Context, Result};
use longshore_daemon::{
    RELOAD_EVERY,
    server::{
        Transport,
        auth::ApiKeys,
        tls::{ClientCertificate, Files, Tls},
    },
    trace::{self, Tracer},
};
use longshore_serve::Config;

use crate::cli::{ClientAuth, SecurityArgs, TraceArgs};

/// What failed when no thread follows the files.
const THREAD: &str = "failed to start a thread";

/// How long the last spans have to reach the collector once the server has stopped.
const LAST_SPANS: Duration = Duration::from_secs(2);

/// Puts TLS and keys into `config`, and follows their files.
pub(super) fn secure(args: &SecurityArgs, config: &mut Config) -> Result<()> {
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(certificate), Some(key)) => Some(Tls::open(&Files {
            certificate: certificate.clone(),
            key: key.clone(),
            client_ca: args.tls_client_ca.clone(),
            client: match args.tls_client_auth {
                ClientAuth::Required => ClientCertificate::Required,
                ClientAuth::Optional => ClientCertificate::Optional,
            },
        })?),
        _ => None,
    };
    let keys = args.api_keys.clone().map(ApiKeys::open).transpose()?;
    if let Some(tls) = &tls {
        tls.register(&mut config.registry);
        tls.follow(RELOAD_EVERY).context(THREAD)?;
    }
    if let Some(keys) = &keys {
        keys.register(&mut config.registry);
        keys.follow(RELOAD_EVERY).context(THREAD)?;
    }
    config.transport = tls.map_or(Transport::Plain, Transport::Tls);
    config.keys = keys;
    config.metrics_without_key = args.metrics_without_key;
    Ok(())
}

/// Puts a tracer into `config` when there is a collector.
pub(super) fn traced(args: &TraceArgs, config: &mut Config) -> Result<Traces> {
    let variable = |name: &str| std::env::var(name).ok();
    let endpoint = args.otlp_endpoint.as_deref();
    let settings = trace::Settings::new(endpoint, args.trace_sample, variable)?;
    if let Some(settings) = settings {
        tracing::info!(url = settings.url(), sample = args.trace_sample, "requests are traced");
        let tracer = Tracer::start(settings)?;
        tracer.register(&mut config.registry);
        config.tracer = Some(tracer);
    }
    Ok(Traces(config.tracer.clone()))
}

/// The spans of a server, to be sent when it has stopped.
pub(super) struct Traces(Option<Tracer>);

impl Traces {
    /// Sends the spans that are still waiting.
    pub(super) fn flush(&self) {
        if let Some(tracer) = &self.0 {
            tracer.flush(LAST_SPANS);
        }
    }
}
