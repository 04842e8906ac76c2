//! The thread that sends spans.

use std::{
    sync::{
        Arc,
        atomic::Ordering::Relaxed,
        mpsc::{Receiver, RecvTimeoutError, SyncSender},
    },
    thread,
    time::{Duration, Instant},
};

use ureq::{
    Agent,
    tls::{RootCerts, TlsConfig},
};

use super::{Counts, Message, Record, Settings, encode};
use crate::Error;

/// Most spans in a request, and how long the first of them waits for others: as in OpenTelemetry's libraries,
/// but a little sooner.
pub(super) const BATCH: usize = 512;
const DELAY: Duration = Duration::from_secs(2);

/// How long a request to the collector may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How often a batch is sent before it is given up, and the first pause in between; each pause is
/// twice the one before.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);

/// Longest pause that a collector may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Sends spans to a collector.
pub(super) struct Exporter {
    settings: Settings,
    agent: Agent,
    counts: Arc<Counts>,
    /// The last request failed, which was logged.
    failing: bool,
}

/// Why a request failed.
struct Failure {
    reason: String,
    /// Whether it may help to send the batch again.
    again: bool,
    /// After how long, if the collector says so.
    after: Option<Duration>,
}

impl Exporter {
    pub(super) fn new(settings: Settings, counts: Arc<Counts>) -> Result<Self, Error> {
        let mut tls = TlsConfig::builder();
        if let Some(authorities) = settings.authorities()? {
            tls = tls.root_certs(RootCerts::from(authorities));
        }
        let agent = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("longshore/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls.build())
            .build()
            .into();
        Ok(Self { settings, agent, counts, failing: false })
    }

    /// Sends what comes, until nobody is left who could send more.
    pub(super) fn run(mut self, messages: &Receiver<Message>) {
        let mut batch = Vec::new();
        loop {
            let (flush, ended) = gather(messages, &mut batch);
            let attempts = if flush.is_some() || ended { 1 } else { ATTEMPTS };
            self.send(&mut batch, attempts);
            if let Some(flush) = flush {
                let _ = flush.try_send(());
            }
            if ended {
                return;
            }
        }
    }

    fn send(&mut self, batch: &mut Vec<Record>, attempts: u32) {
        if batch.is_empty() {
            return;
        }
        let body = encode::request(&self.settings.resource, env!("CARGO_PKG_VERSION"), batch);
        let count = batch.len() as u64;
        batch.clear();
        let mut pause = PAUSE;
        for attempt in 1..=attempts {
            match self.post(&body) {
                Ok(()) => {
                    self.counts.exported.fetch_add(count, Relaxed);
                    if std::mem::take(&mut self.failing) {
                        tracing::info!("spans reach the collector again");
                    }
                    return;
                }
                Err(Failure { reason, again, after }) => {
                    if !std::mem::replace(&mut self.failing, true) {
                        let url = &self.settings.url;
                        tracing::warn!(url, reason, "spans do not reach the collector");
                    }
                    if !again {
                        break;
                    }
                    if attempt < attempts {
                        thread::sleep(after.unwrap_or(pause).min(LONGEST_PAUSE));
                        pause *= 2;
                    }
                }
            }
        }
        self.counts.failed.fetch_add(count, Relaxed);
    }

    fn post(&self, body: &[u8]) -> Result<(), Failure> {
        let mut request =
            self.agent.post(&self.settings.url).header("content-type", "application/x-protobuf");
        for (name, value) in &self.settings.headers {
            request = request.header(name, value);
        }
        let reply = request.send(body);
        let mut reply = reply.map_err(|error| Failure {
            reason: error.to_string(),
            again: true,
            after: None,
        })?;
        let status = reply.status().as_u16();
        // read to its end, so that the connection can be used again
        let text = reply.body_mut().with_config().limit(64 << 10).lossy_utf8(true).read_to_string();
        if (200..300).contains(&status) {
            return Ok(());
        }
        let after = reply.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let after = after.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
        // the statuses after which OTLP/HTTP asks for another attempt
        let again = matches!(status, 429 | 502 | 503 | 504);
        let text = text.unwrap_or_default();
        let text: String = text.chars().filter(|char| !char.is_control()).take(200).collect();
        Err(Failure { reason: format!("it answered {status}: {text}"), again, after })
    }
}

/// Fills a batch. Also gives who waits to be told that it is sent, and whether it is the last.
fn gather(messages: &Receiver<Message>, batch: &mut Vec<Record>) -> (Option<SyncSender<()>>, bool) {
    let mut end = None;
    while batch.len() < BATCH {
        let message = match end {
            None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(end) => {
                let left = Instant::saturating_duration_since(&end, Instant::now());
                messages.recv_timeout(left)
            }
        };
        match message {
            Ok(Message::Span(record)) => {
                batch.push(*record);
                end.get_or_insert_with(|| Instant::now() + DELAY);
            }
            Ok(Message::Flush(answer)) => return (Some(answer), false),
            Err(RecvTimeoutError::Timeout) => break,
            Err(RecvTimeoutError::Disconnected) => return (None, true),
        }
    }
    (None, false)
}
