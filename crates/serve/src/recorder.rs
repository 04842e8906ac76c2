//! Sends requests for predictions and their answers to an address, as KServe's logger does: each is an event
//! of `CloudEvents` 1.0 in its binary form (cloudevents.io, "HTTP Protocol Binding"), with KServe's types and
//! extensions, and both have the same id.
//!
//! No client waits: events go through a queue of a bounded length to a few threads of their own. What finds
//! it full is dropped and counted. An event is sent once.

use std::{
    fmt, io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use hyper::{
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue},
};
use longshore_daemon::{
    gate::{Gate, Permit},
    percent,
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter},
};
use ureq::Agent;

use crate::{protocol::rfc3339, reply::Reply};

/// Events that wait at most.
const WAITING: usize = 1000;

/// Bytes of their bodies at most.
const WAITING_BYTES: usize = 32 << 20;

/// Threads that send.
const SENDERS: usize = 4;

/// How long an event may take to be sent.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How often events that wait are looked at while the server stops.
const LOOK: Duration = Duration::from_millis(20);

const REQUEST: &str = "org.kubeflow.serving.inference.request";
const ANSWER: &str = "org.kubeflow.serving.inference.response";

/// The header in which a request brings its own id.
const ID: &str = "ce-id";

/// What is recorded, and where it goes.
#[derive(Clone, Debug)]
pub struct RecordSettings {
    /// The address to which events are posted: `http://…` or `https://…`.
    pub url: String,
    /// Whether requests are sent.
    pub requests: bool,
    /// Whether answers are sent; only those with status 200 are.
    pub answers: bool,
    /// The `source` of events.
    pub source: String,
    /// Further attributes of each event: names of lower case letters and digits, and their values.
    pub attributes: Vec<(String, String)>,
    /// Headers of requests whose values go along, in the attribute `metadata`.
    pub headers: Vec<HeaderName>,
}

/// Sends requests and answers. Clones send through the same queue.
#[derive(Clone)]
pub struct Recorder(Arc<State>);

struct State {
    settings: RecordSettings,
    queue: SyncSender<Event>,
    bytes: Gate,
    /// By [`Outcome`].
    counts: Arc<[AtomicU64; 3]>,
    /// Events that are not sent yet.
    waiting: Arc<AtomicU64>,
}

#[derive(Clone, Copy)]
enum Outcome {
    Sent,
    Failed,
    Dropped,
}

/// One event on its way.
struct Event {
    kind: &'static str,
    id: String,
    time: SystemTime,
    metadata: String,
    content_type: Option<HeaderValue>,
    content_encoding: Option<HeaderValue>,
    body: Bytes,
    _bytes: Permit,
}

/// A request whose parts are sent.
pub(crate) struct Recording<'r> {
    state: &'r State,
    id: String,
    metadata: String,
}

impl Recorder {
    /// Starts the threads that send.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(settings: RecordSettings) -> io::Result<Self> {
        let (queue, events) = sync_channel(WAITING);
        let events = Arc::new(Mutex::new(events));
        let (counts, waiting) = (Arc::default(), Arc::default());
        let agent: Agent = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("longshore/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        for _ in 0..SENDERS {
            let sender = Sender {
                settings: settings.clone(),
                agent: agent.clone(),
                counts: Arc::clone(&counts),
                waiting: Arc::clone(&waiting),
            };
            let events = Arc::clone(&events);
            thread::Builder::new().name("record".into()).spawn(move || sender.run(&events))?;
        }
        let bytes = Gate::new(WAITING_BYTES);
        Ok(Self(Arc::new(State { settings, queue, bytes, counts, waiting })))
    }

    /// Waits until all events are sent, at most for `time`.
    pub fn flush(&self, time: Duration) {
        let end = Instant::now() + time;
        while self.0.waiting.load(Relaxed) > 0 && Instant::now() < end {
            thread::sleep(LOOK);
        }
    }

    /// A request with these headers, which has `id` unless it brings one.
    pub(crate) fn begin(&self, headers: &HeaderMap, id: &HeaderValue) -> Recording<'_> {
        let id = headers.get(ID).unwrap_or(id);
        let id = String::from_utf8_lossy(id.as_bytes()).into_owned();
        let mut metadata = serde_json::Map::new();
        for name in &self.0.settings.headers {
            let values = headers.get_all(name).iter();
            let values: Vec<_> =
                values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
            if !values.is_empty() {
                metadata.insert(canonical(name.as_str()), values.into());
            }
        }
        let metadata = serde_json::Value::Object(metadata).to_string();
        Recording { state: &self.0, id, metadata }
    }
}

impl Recording<'_> {
    /// The request's body is there.
    pub(crate) fn request(&self, headers: &HeaderMap, body: &Bytes) {
        if self.state.settings.requests {
            let header = |name: HeaderName| headers.get(name).cloned();
            self.put(REQUEST, header(CONTENT_TYPE), header(CONTENT_ENCODING), body);
        }
    }

    /// The request was answered.
    pub(crate) fn answer(&self, reply: &Reply) {
        if self.state.settings.answers && reply.status == hyper::StatusCode::OK {
            let encoding = reply.headers.iter().find(|(name, _)| *name == CONTENT_ENCODING);
            let content_type = HeaderValue::from_str(reply.content_type).ok();
            self.put(ANSWER, content_type, encoding.map(|it| it.1.clone()), &reply.body);
        }
    }

    fn put(
        &self,
        kind: &'static str,
        content_type: Option<HeaderValue>,
        content_encoding: Option<HeaderValue>,
        body: &Bytes,
    ) {
        let State { bytes, queue, waiting, .. } = self.state;
        let Some(permit) = bytes.enter(body.len()) else { return self.drop_one() };
        let event = Event {
            kind,
            id: self.id.clone(),
            time: SystemTime::now(),
            metadata: self.metadata.clone(),
            content_type,
            content_encoding,
            body: body.clone(),
            _bytes: permit,
        };
        waiting.fetch_add(1, Relaxed);
        if queue.try_send(event).is_err() {
            waiting.fetch_sub(1, Relaxed);
            self.drop_one();
        }
    }

    fn drop_one(&self) {
        count(&self.state.counts, Outcome::Dropped);
    }
}

fn count(counts: &[AtomicU64; 3], outcome: Outcome) -> u64 {
    counts.get(outcome as usize).map_or(0, |count| count.fetch_add(1, Relaxed) + 1)
}

/// What one thread sends with.
struct Sender {
    settings: RecordSettings,
    agent: Agent,
    counts: Arc<[AtomicU64; 3]>,
    waiting: Arc<AtomicU64>,
}

impl Sender {
    /// Sends until there is no recorder any more.
    fn run(&self, events: &Mutex<Receiver<Event>>) {
        loop {
            // one thread waits for an event, the others for its place
            let next = events.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(event) = next else { return };
            match self.send(&event) {
                Ok(()) => {
                    count(&self.counts, Outcome::Sent);
                }
                Err(reason) => {
                    let failed = count(&self.counts, Outcome::Failed);
                    // a sink that is away for long must not fill the log
                    if failed.is_power_of_two() {
                        tracing::warn!(reason, failed, "an event cannot be sent to the sink");
                    }
                }
            }
            self.waiting.fetch_sub(1, Relaxed);
        }
    }

    fn send(&self, event: &Event) -> Result<(), String> {
        let moment =
            |time: SystemTime| rfc3339(time.duration_since(UNIX_EPOCH).unwrap_or_default());
        let mut request = self
            .agent
            .post(&self.settings.url)
            .header("ce-specversion", "1.0")
            .header("ce-id", attribute(&event.id))
            .header("ce-type", event.kind)
            .header("ce-source", attribute(&self.settings.source))
            .header("ce-time", moment(event.time))
            .header("ce-recordedtime", moment(SystemTime::now()))
            .header("ce-metadata", attribute(&event.metadata));
        for (name, value) in &self.settings.attributes {
            request = request.header(format!("ce-{name}"), attribute(value));
        }
        if let Some(content_type) = &event.content_type {
            request = request.header("content-type", content_type.as_bytes());
        }
        if let Some(encoding) = &event.content_encoding {
            request = request.header("content-encoding", encoding.as_bytes());
        }
        let reply = request.send(&event.body[..]).map_err(|error| error.to_string())?;
        let status = reply.status();
        if status.is_success() { Ok(()) } else { Err(format!("it answered {}", status.as_u16())) }
    }
}

/// The value of an attribute as a header. As KServe's SDK sends it, quotes and blanks stay; what is no
/// visible ASCII is percent-encoded, and so `%` is.
fn attribute(value: &str) -> String {
    percent::encode_but(value, |byte| matches!(byte, b' '..=b'~') && byte != b'%')
}

/// The name of a header as Go's server writes it: `X-User-Id`.
fn canonical(name: &str) -> String {
    let mut is_first = true;
    let letters = name.chars().map(|letter| {
        let made = if is_first { letter.to_ascii_uppercase() } else { letter };
        is_first = letter == '-';
        made
    });
    letters.collect()
}

impl fmt::Debug for Recorder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Recorder").field("url", &self.0.settings.url).finish_non_exhaustive()
    }
}

impl Collector for Recorder {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let mut metric = encoder.encode_descriptor(
            "longshore_serve_recorded_events",
            "Requests and answers that were sent to the address for records, could not be sent, or were dropped since too many waited",
            None,
            MetricType::Counter,
        )?;
        for (outcome, name) in
            [(Outcome::Sent, "sent"), (Outcome::Failed, "failed"), (Outcome::Dropped, "dropped")]
        {
            let counted = self.0.counts.get(outcome as usize).map_or(0, |it| it.load(Relaxed));
            let labels = [("outcome", name)];
            ConstCounter::new(counted).encode(metric.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{attribute, canonical};

    #[test]
    fn attributes_are_visible() {
        assert_eq!(attribute(r#"{"X-A":["b c"]}"#), r#"{"X-A":["b c"]}"#);
        assert_eq!(attribute("5% ä\n"), "5%25 %C3%A4%0A");
        assert_eq!(canonical("x-user-id"), "X-User-Id");
    }
}
