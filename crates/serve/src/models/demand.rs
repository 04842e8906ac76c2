//! Models that are loaded when somebody asks for them: each once, however many ask.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use longshore_daemon::Code;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::Models;
use crate::{
    Catalog,
    failure::{Failure, Rejection},
    repository::{Entry, Served, State, version_of},
};

/// How long a model that did not load is not tried again by requests.
const RETRY: Duration = Duration::from_secs(10);

/// What became of loading a model.
type Outcome = Result<Arc<Entry>, Failure>;

/// Loads under way, and how many there may be.
#[derive(Debug)]
pub(super) struct Demand {
    catalog: Option<Arc<dyn Catalog>>,
    flights: Mutex<HashMap<Arc<str>, watch::Receiver<Option<Outcome>>>>,
    /// Models that may be loaded at a time, each on a thread of its own.
    loading: Arc<Semaphore>,
    /// Requests that may wait for models at a time.
    waiting: Semaphore,
    /// How long a request waits.
    patience: Duration,
}

/// A request's part in loading a model: to do it, or to wait for it.
enum Part {
    Lead(Lead),
    Join(watch::Receiver<Option<Outcome>>),
}

/// Whoever has this loads the model. When it is dropped before the model is loaded, the next one to
/// ask loads it.
struct Lead {
    models: Models,
    name: Arc<str>,
    outcome: watch::Sender<Option<Outcome>>,
}

impl Lead {
    /// Loads the model on a thread of its own, which goes on when the caller leaves.
    fn begin(self, permit: Option<OwnedSemaphorePermit>) -> Result<(), Failure> {
        let work = move || {
            let outcome = self.models.bring(&self.name);
            drop(permit);
            self.end();
            self.outcome.send_replace(Some(outcome));
        };
        let thread = thread::Builder::new().name("load".into()).spawn(work);
        thread.map(drop).map_err(|error| {
            Failure::internal("no thread can be had to load the model", error.to_string())
        })
    }

    /// Lets the next one who asks find the model, or load it again.
    fn end(&self) {
        let mut flights = self.models.0.demand.flights();
        let own = |flight: &watch::Receiver<_>| flight.same_channel(&self.outcome.subscribe());
        if flights.get(&self.name).is_some_and(own) {
            flights.remove(&self.name);
        }
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        self.end();
    }
}

impl Demand {
    pub(super) fn new(
        catalog: Option<Arc<dyn Catalog>>,
        waiting: usize,
        patience: Duration,
    ) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self {
            catalog,
            flights: Mutex::default(),
            loading: Arc::new(Semaphore::new(cores)),
            waiting: Semaphore::new(waiting.min(Semaphore::MAX_PERMITS)),
            patience,
        }
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<Arc<str>, watch::Receiver<Option<Outcome>>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Models {
    /// What answers for a name, in the version asked for or else the latest. A model on demand is
    /// loaded first.
    pub(crate) async fn find(
        &self,
        name: &str,
        version: Option<&str>,
    ) -> Result<Arc<Served>, Failure> {
        {
            let models = self.current();
            match models.find(name, version) {
                Ok(served) => return Ok(served.clone()),
                Err(_) if models.entry(name).is_some_and(|entry| is_wanted(entry)) => {}
                Err(failure) => return Err(failure),
            }
        }
        let entry = Box::pin(self.demanded(name, false)).await?;
        version_of(&entry, version).cloned()
    }

    /// The model that a request without a name means.
    pub(crate) async fn only(&self) -> Result<Arc<Served>, Failure> {
        let name = {
            let models = self.current();
            match (models.only(), models.sole()) {
                (Ok(served), _) => return Ok(served.clone()),
                (Err(failure), None) => return Err(failure),
                (Err(_), Some(entry)) => entry.name.clone(),
            }
        };
        self.find(&name, None).await
    }

    /// Loads a model anew from where its files are, and lets it take the place of what is served.
    pub(crate) async fn reload(&self, name: &str) -> Result<(), Failure> {
        self.may_be_controlled()?;
        Box::pin(self.demanded(name, true)).await?;
        Ok(())
    }

    /// Takes a model out of service until somebody loads it again.
    pub(crate) async fn unload(&self, name: &str) -> Result<(), Failure> {
        self.may_be_controlled()?;
        let alone = async {
            loop {
                match self.part(name) {
                    // nobody loads it until it is unloaded
                    Part::Lead(lead) => return lead,
                    Part::Join(mut flight) => drop(flight.wait_for(Option::is_some).await),
                }
            }
        };
        let _lead = self.in_time(name, alone).await?;
        let mut found = true;
        self.change_surely(name, |next| {
            let taken = next.rest(name, State::Unloaded);
            found = taken.is_some();
            taken.unwrap_or_default()
        });
        if found { Ok(()) } else { Err(self.current().unknown(name)) }
    }

    pub(crate) fn may_be_controlled(&self) -> Result<(), Failure> {
        if self.0.control {
            return Ok(());
        }
        let message = "this server lets nobody load and unload models; it is started with \
                       `--model-control` to allow it";
        Err(Failure::new(Code::PermissionDenied, message))
    }

    /// The model once it is loaded: by this call, when nobody does it already or when it is to be
    /// done `anew`.
    async fn demanded(&self, name: &str, anew: bool) -> Outcome {
        let demand = &self.0.demand;
        let _waiting = demand.waiting.try_acquire().map_err(|_| {
            let message = "as many requests as the server takes wait for models; try again";
            Failure::rejected(Rejection::Overload, message)
        })?;
        let load = async {
            loop {
                match self.part(name) {
                    Part::Lead(lead) => {
                        let mut outcome = lead.outcome.subscribe();
                        let permit = demand.loading.clone().acquire_owned().await.ok();
                        lead.begin(permit)?;
                        if let Ok(outcome) = outcome.wait_for(Option::is_some).await
                            && let Some(outcome) = &*outcome
                        {
                            return outcome.clone();
                        }
                    }
                    Part::Join(mut flight) => {
                        if let Ok(outcome) = flight.wait_for(Option::is_some).await
                            && let (Some(outcome), false) = (&*outcome, anew)
                        {
                            return outcome.clone();
                        }
                    }
                }
            }
        };
        self.in_time(name, load).await?
    }

    /// What `work` gives, unless it takes longer than a request may wait.
    async fn in_time<T>(&self, name: &str, work: impl Future<Output = T>) -> Result<T, Failure> {
        let patience = self.0.demand.patience;
        tokio::time::timeout(patience, work).await.map_err(|_| {
            let message = format!("the model `{name}` was not loaded in time");
            Failure::new(Code::DeadlineExceeded, message)
        })
    }

    fn part(&self, name: &str) -> Part {
        let mut flights = self.0.demand.flights();
        if let Some(flight) = flights.get(name) {
            return Part::Join(flight.clone());
        }
        let (outcome, receiver) = watch::channel(None);
        let name: Arc<str> = name.into();
        flights.insert(name.clone(), receiver);
        Part::Lead(Lead { models: self.clone(), name, outcome })
    }

    /// Finds the files of a model and loads them. Blocks.
    fn bring(&self, name: &str) -> Outcome {
        let found = match &self.0.demand.catalog {
            Some(catalog) => catalog.find(name),
            None => Ok(None),
        };
        let begun = Instant::now();
        match found {
            Ok(Some(source)) => match self.load_one(vec![source], true) {
                Ok(Some(entry)) => {
                    let millis = begun.elapsed().as_millis() as u64;
                    tracing::debug!(model = name, millis, "model `{name}` is loaded");
                    return Ok(entry);
                }
                Ok(None) => {}
                Err(error) => tracing::error!(model = name, "{error}"),
            },
            Ok(None) => self.fail(name, "its files are gone"),
            Err(reason) => {
                tracing::error!(model = name, "model `{name}` cannot be brought: {reason}");
                self.fail(name, &reason);
            }
        }
        let models = self.current();
        let entry = models.entry(name).ok_or_else(|| models.unknown(name))?;
        let reason = entry.reason().unwrap_or("it does not load");
        let message = format!("the model `{name}` cannot be loaded: {reason}");
        Err(Failure::rejected(Rejection::Failed, message))
    }
}

/// True when a request may have the model loaded.
fn is_wanted(entry: &Entry) -> bool {
    match entry.state() {
        State::Idle => true,
        State::Failed => {
            entry.on_demand && entry.failed_at().is_some_and(|at| at.elapsed() > RETRY)
        }
        _ => false,
    }
}
