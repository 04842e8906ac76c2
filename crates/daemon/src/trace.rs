//! Traces: a span for each request that is sampled, for an OpenTelemetry collector.
//!
//! A role that has no [`Tracer`] pays nothing. A role that has one calls [`Tracer::begin`] at each request. A request
//! that is sampled becomes a [`Span`], which goes to the collector once it is dropped: over OTLP/HTTP, in batches, by a
//! thread of its own. A queue that is full drops spans, and never holds up a request.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{self, SyncSender, TrySendError},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use http::{HeaderMap, HeaderValue};
use prometheus_client::registry::Registry;

mod context;
mod encode;
mod export;
mod metrics;
mod settings;

pub use settings::Settings;

use self::{
    context::{Context, Ids},
    export::Exporter,
};
use crate::Error;

/// Spans that wait to be sent: as many as OpenTelemetry's own libraries keep.
const QUEUE: usize = 2048;

/// Makes spans and sends them. Clones are handles to the same queue.
#[derive(Clone)]
pub struct Tracer(Arc<State>);

struct State {
    sampler: context::Sampler,
    ids: Ids,
    queue: SyncSender<Message>,
    counts: Arc<Counts>,
}

/// What became of spans.
#[derive(Debug, Default)]
struct Counts {
    exported: AtomicU64,
    /// The queue was full.
    dropped: AtomicU64,
    /// The collector was away, or refused them.
    failed: AtomicU64,
}

/// What the thread is sent.
enum Message {
    Span(Box<Record>),
    /// Send what there is, then answer.
    Flush(SyncSender<()>),
}

/// A span that has ended.
#[derive(Clone, Debug, PartialEq)]
struct Record {
    context: Context,
    name: String,
    start: SystemTime,
    took: Duration,
    attributes: Vec<(&'static str, Value)>,
    /// What failed, when something did.
    failure: Option<String>,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A number without fraction.
    Integer(i64),
    /// A number.
    Float(f64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u16> for Value {
    fn from(number: u16) -> Self {
        Self::Integer(number.into())
    }
}

impl From<Duration> for Value {
    /// In seconds.
    fn from(time: Duration) -> Self {
        Self::Float(time.as_secs_f64())
    }
}

impl Tracer {
    /// Starts the thread that sends spans.
    ///
    /// # Errors
    /// [`Error`] when a file of certificates cannot be used, or no thread can be started.
    pub fn start(settings: Settings) -> Result<Self, Error> {
        let (queue, messages) = mpsc::sync_channel(QUEUE);
        let counts = Arc::<Counts>::default();
        let sampler = settings.sampler;
        let exporter = Exporter::new(settings, counts.clone())?;
        thread::Builder::new()
            .name("traces".into())
            .spawn(move || exporter.run(&messages))
            .map_err(|error| {
                Error::Trace(format!("the thread of the traces cannot start: {error}"))
            })?;
        Ok(Self(Arc::new(State { sampler, ids: Ids::new(), queue, counts })))
    }

    /// The span of a request that has begun; `None` when it is not sampled. A caller that traces decides for its
    /// requests by `traceparent`; the share in the settings decides for all others.
    pub fn begin(&self, headers: &HeaderMap) -> Option<Span> {
        let context = Context::of(headers, self.0.sampler, &self.0.ids)?;
        let record = Record {
            context,
            name: String::new(),
            start: SystemTime::now(),
            took: Duration::ZERO,
            attributes: Vec::with_capacity(12),
            failure: None,
        };
        Some(Span { state: self.0.clone(), begun: Instant::now(), record: Some(Box::new(record)) })
    }

    /// Sends the spans that wait, and gives up after `most`.
    pub fn flush(&self, most: Duration) {
        let (answer, answered) = mpsc::sync_channel(1);
        if self.0.queue.try_send(Message::Flush(answer)).is_err()
            || answered.recv_timeout(most).is_err()
        {
            tracing::warn!("the last spans were not sent");
        }
    }

    /// Adds the metrics of the spans.
    pub fn register(&self, registry: &mut Registry) {
        registry.register_collector(Box::new(metrics::TraceMetrics(self.0.counts.clone())));
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Tracer").finish_non_exhaustive()
    }
}

/// A request under way. It ends when it is dropped.
pub struct Span {
    state: Arc<State>,
    begun: Instant,
    record: Option<Box<Record>>,
}

impl Span {
    /// Names the span by what was asked, without the parts that differ from request to request.
    pub fn rename(&mut self, name: impl Into<String>) {
        if let Some(record) = &mut self.record {
            record.name = name.into();
        }
    }

    /// Adds an attribute. A key is set once.
    pub fn set(&mut self, key: &'static str, value: impl Into<Value>) {
        if let Some(record) = &mut self.record {
            record.attributes.push((key, value.into()));
        }
    }

    /// What a request that this one makes is to say in `traceparent`: the span of whoever answers it is then
    /// below this one.
    pub fn traceparent(&self) -> Option<HeaderValue> {
        let Context { trace, span, .. } = &self.record.as_ref()?.context;
        let (trace, span) = (u128::from_be_bytes(*trace), u64::from_be_bytes(*span));
        HeaderValue::try_from(format!("00-{trace:032x}-{span:016x}-01")).ok()
    }

    /// Marks it as failed.
    pub fn fail(&mut self, why: impl Into<String>) {
        if let Some(record) = &mut self.record {
            record.failure = Some(why.into());
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        let Some(mut record) = self.record.take() else { return };
        record.took = self.begun.elapsed();
        match self.state.queue.try_send(Message::Span(record)) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.state.counts.dropped.fetch_add(1, Relaxed);
            }
        }
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Span").field("record", &self.record).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
