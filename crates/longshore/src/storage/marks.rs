//! Marks of the versions that this server serves, in the registry that they are from.

use std::{
    collections::HashMap,
    fs,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use longshore_mlflow::ModelUri;
use longshore_storage::{Error, Location, Storage};

use super::trouble::Trouble;
use crate::cli::MarkArgs;

/// Longest time between two looks at a mark.
const LOOK: Duration = Duration::from_mins(1);

/// How long the mark of a service is believed when one of its replicas has ended, which may have been the last: two
/// looks of the others.
const LEAVING: Duration = Duration::from_mins(2);

/// How long the registry may keep a server that ends.
const PATIENCE: Duration = Duration::from_secs(3);

/// Who writes marks.
#[derive(Debug)]
pub(crate) struct Marks {
    storage: Arc<Storage>,
    /// The name that replicas share; without it the server is a place of its own.
    shared: Option<String>,
    /// `HOST:PORT`, as others may reach the server.
    address: String,
    /// Where the place is asked.
    url: String,
    lease: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Whether nothing is written any more.
    is_over: bool,
    /// The versions that have a mark, by the model's name here.
    marked: HashMap<String, Version>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Version {
    uri: ModelUri,
    version: String,
}

/// The mark of one model.
#[derive(Debug)]
pub(crate) struct Marking {
    marks: Arc<Marks>,
    name: String,
    uri: ModelUri,
    /// When to look next; none when the registry lets nobody write.
    due: Option<Instant>,
    trouble: Trouble,
}

impl Marks {
    /// None when no marks are wanted.
    pub(crate) fn new(
        args: &MarkArgs,
        storage: &Arc<Storage>,
        scheme: &str,
        address: SocketAddr,
    ) -> Option<Arc<Self>> {
        let lease = args.registry_mark;
        if lease.is_zero() {
            return None;
        }
        let machine = || match fs::read_to_string("/proc/sys/kernel/hostname") {
            Ok(name) if !name.trim().is_empty() => name.trim().to_owned(),
            _ => "localhost".to_owned(),
        };
        let machine = format!("{}:{}", machine(), address.port());
        let reached =
            if address.ip().is_unspecified() { machine.clone() } else { address.to_string() };
        Some(Arc::new(Self {
            storage: storage.clone(),
            shared: args.served_as.clone(),
            url: args.served_url.clone().unwrap_or_else(|| format!("{scheme}://{reached}")),
            address: machine,
            lease,
            state: Mutex::default(),
        }))
    }

    /// The mark of a model; none for one that is in no registry.
    pub(crate) fn of(
        marks: Option<&Arc<Self>>,
        name: &str,
        location: &Location,
    ) -> Option<Marking> {
        let Location::Model(uri) = location else { return None };
        if !uri.is_registered() {
            return None;
        }
        Some(Marking {
            marks: marks?.clone(),
            name: name.to_owned(),
            uri: uri.clone(),
            due: Some(Instant::now()),
            trouble: Trouble::default(),
        })
    }

    /// Takes the marks away, or lets them end soon when other replicas may go on. The server waits a moment for it and
    /// no longer.
    pub(crate) fn leave(self: Arc<Self>) {
        let (done, is_done) = mpsc::channel::<()>();
        let started = thread::Builder::new().name("marks".into()).spawn(move || {
            let marked = {
                let mut state = self.lock();
                state.is_over = true;
                std::mem::take(&mut state.marked)
            };
            for (name, version) in marked {
                if let Err(error) = self.end(&name, &version) {
                    tracing::debug!(%error, "the mark of model `{name}` stays until it is stale");
                }
            }
            drop(done);
        });
        if started.is_ok() {
            let _ = is_done.recv_timeout(PATIENCE);
        }
    }

    fn end(&self, name: &str, Version { uri, version }: &Version) -> Result<(), Error> {
        match &self.shared {
            Some(place) => self.storage.fade(uri, version, place, LEAVING),
            None => self.storage.unmark(uri, version, &self.place(name)),
        }
    }

    fn place(&self, name: &str) -> String {
        self.shared.clone().unwrap_or_else(|| format!("{}/{name}", self.address))
    }

    /// Brings the registry to what is served now.
    fn set(&self, name: &str, wanted: Option<&Version>) -> Result<(), Error> {
        let place = self.place(name);
        // held until the registry has answered, so that nothing is written after `leave`
        let mut state = self.lock();
        if state.is_over {
            return Ok(());
        }
        if let Some(Version { uri, version }) = wanted {
            self.storage.mark(uri, version, &place, &self.url_of(name), self.lease)?;
        }
        let was = match wanted {
            Some(wanted) => state.marked.insert(name.to_owned(), wanted.clone()),
            None => state.marked.remove(name),
        };
        match was {
            Some(was) if Some(&was) != wanted => {
                self.storage.unmark(&was.uri, &was.version, &place)
            }
            _ => Ok(()),
        }
    }

    /// Where a model is asked.
    fn url_of(&self, name: &str) -> String {
        match self.shared {
            Some(_) => self.url.clone(),
            None => format!("{}/v2/models/{name}", self.url),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Marking {
    /// Keeps the mark on the version that is served, when there is one, and says when to come back.
    pub(crate) fn keep(&mut self, version: Option<&str>) -> Option<Duration> {
        let due = self.due?;
        let wanted =
            version.map(|version| Version { uri: self.uri.clone(), version: version.to_owned() });
        let has_changed = self.marks.lock().marked.get(&self.name) != wanted.as_ref();
        let now = Instant::now();
        if due > now && !has_changed {
            return Some(due - now);
        }
        let again = LOOK.min(self.marks.lease / 4);
        self.due = Some(now + again);
        let name = &self.name;
        match self.marks.set(name, wanted.as_ref()) {
            Ok(()) => self.trouble = Trouble::default(),
            Err(error @ Error::Denied { .. }) => {
                self.due = None;
                tracing::info!(
                    model = name,
                    "the registry does not show where model `{name}` is served: {error}"
                );
            }
            Err(error) => {
                if self.trouble.is_new(&error.to_string()) {
                    tracing::info!(
                        model = name,
                        "the registry may not show where model `{name}` is served: {error}"
                    );
                }
            }
        }
        self.due.map(|_| again)
    }
}
