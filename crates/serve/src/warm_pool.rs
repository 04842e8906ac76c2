//! The warm pool: models that are served because a request says where they come from.
//!
//! Each revision is a guest with models of its own, as a server of its own would have them: two
//! revisions may have a model of the same name. What computes, limits and counts is shared by all
//! guests. Those that were not asked for longest go when all take more memory than they may.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use longshore_daemon::server::Probe;
use longshore_platform::Pooled;
use prometheus_client::registry::Registry;
use tokio::sync::Semaphore;

use crate::{
    Catalog, ModelSource, Models,
    failure::{Failure, Rejection},
    metrics::PoolCounts,
    models::Start,
    resident::Resident,
    shared::{Shared, Worker},
};

/// Bytes that a guest takes besides its model, about.
const GUEST_BYTES: u64 = 8 << 10;

/// Where the models of a warm pool come from.
pub trait Locations: fmt::Debug + Send + Sync {
    /// The files of the model at `uri`, to be served as `model`.
    ///
    /// Blocks: it may fetch them. It is called on a thread that may wait.
    ///
    /// # Errors
    /// Why the model cannot be brought, in words that a caller may read.
    fn bring(&self, model: &str, uri: &str) -> Result<ModelSource, String>;
}

/// The guests of a server, and what they share.
#[derive(Debug)]
pub(crate) struct WarmPool {
    base: Arc<Shared>,
    locations: Arc<dyn Locations>,
    settings: Settings,
    /// Guests that may be loaded at a time.
    loading: Semaphore,
    kept: Mutex<Kept>,
    /// Counts requests: the clock of their last use.
    clock: AtomicU64,
    counts: Arc<PoolCounts>,
}

/// What a warm pool is made with.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Most bytes of all guests; one alone may take more.
    pub(crate) budget: u64,
    /// Event loops, and one more for what does not come over a socket.
    pub(crate) workers: usize,
    pub(crate) model_limits: longshore_engine::Limits,
    /// Most requests that wait for a guest's model, and how long.
    pub(crate) waiting: (usize, Duration),
}

/// The guests that are there, by revision.
#[derive(Debug)]
struct Kept {
    guests: HashMap<Arc<str>, Arc<Guest>>,
    resident: Resident,
}

/// A revision: one model under its name.
#[derive(Debug)]
struct Guest {
    pooled: Pooled,
    models: Models,
    workers: Vec<Arc<Worker>>,
    used: AtomicU64,
}

/// The catalog of a guest: its only model.
#[derive(Debug)]
struct Only {
    uri: String,
    locations: Arc<dyn Locations>,
}

impl Catalog for Only {
    fn find(&self, name: &str) -> Result<Option<ModelSource>, String> {
        self.locations.bring(name, &self.uri).map(Some)
    }
}

impl WarmPool {
    pub(crate) fn new(
        base: Arc<Shared>,
        locations: Arc<dyn Locations>,
        settings: Settings,
        counts: Arc<PoolCounts>,
    ) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let loading = Semaphore::new(2 * cores);
        let resident = Resident::new(settings.budget);
        let kept = Mutex::new(Kept { guests: HashMap::new(), resident });
        let clock = AtomicU64::new(0);
        Self { base, locations, settings, loading, kept, clock, counts }
    }

    /// What answers a request with this header on an event loop. The model is loaded first; one
    /// that does not load answers too, with the reason.
    pub(crate) async fn worker(
        &self,
        header: &[u8],
        loop_id: usize,
    ) -> Result<Arc<Worker>, Failure> {
        let pooled = Pooled::from_header(header).map_err(|reason| {
            let name = longshore_platform::names::POOL;
            Failure::invalid(format!("the header `{name}` does not name a model: {reason}"))
        })?;
        let guest = self.guest(pooled)?;
        self.load(&guest).await?;
        let worker = guest.workers.get(loop_id).or_else(|| guest.workers.last());
        worker.cloned().ok_or_else(|| Failure::internal("no event loop", "a guest has no workers"))
    }

    /// The guest of a revision. One whose model comes from elsewhere now takes the place of the old.
    fn guest(&self, pooled: Pooled) -> Result<Arc<Guest>, Failure> {
        let now = self.clock.fetch_add(1, Relaxed);
        let mut kept = self.kept();
        let known = kept.guests.get(&*pooled.revision);
        if let Some(guest) = known.filter(|guest| guest.pooled == pooled) {
            guest.used.store(now, Relaxed);
            return Ok(guest.clone());
        }
        let guest = Arc::new(self.make(pooled, now)?);
        let revision: Arc<str> = guest.pooled.revision.as_str().into();
        kept.resident.put(&revision, GUEST_BYTES, now);
        kept.guests.insert(revision, guest.clone());
        self.show(&kept);
        Ok(guest)
    }

    fn make(&self, pooled: Pooled, now: u64) -> Result<Guest, Failure> {
        let Settings { workers, model_limits, waiting, .. } = self.settings;
        let only = Only { uri: pooled.uri.clone(), locations: self.locations.clone() };
        let models = Models::start(Start {
            sources: Vec::new(),
            expected: Vec::new(),
            on_demand: vec![pooled.model.clone()],
            catalog: Some(Arc::new(only)),
            strict: false,
            may_be_empty: false,
            control: false,
            loaded_bytes: u64::MAX,
            model_limits,
            waiting,
            cache: None,
            shards: workers,
        });
        let models = models.map_err(|error| Failure::invalid(error.to_string()))?;
        let probe = Probe::new(Registry::default(), self.base.drain.clone(), models.clone());
        let shared = Shared {
            models: models.clone(),
            capacity: self.base.capacity.clone(),
            rejections: self.base.rejections.clone(),
            probe: Arc::new(probe),
            metrics_elsewhere: true,
            drain: self.base.drain.clone(),
            stream_grace: self.base.stream_grace,
            keys: self.base.keys.clone(),
            metrics_without_key: false,
            ui: false,
            tracer: self.base.tracer.clone(),
            recorder: self.base.recorder.clone(),
            secure: self.base.secure,
        };
        let shared = Arc::new(shared);
        let workers = (0..workers).map(|at| Arc::new(Worker::new(shared.clone(), at)));
        Ok(Guest { pooled, models, workers: workers.collect(), used: AtomicU64::new(now) })
    }

    /// Loads the guest's model unless it answers or has just failed to load.
    async fn load(&self, guest: &Arc<Guest>) -> Result<(), Failure> {
        let model = &guest.pooled.model;
        if guest.models.answers(model) {
            return Ok(());
        }
        let (_, patience) = self.settings.waiting;
        let _permit =
            tokio::time::timeout(patience, self.loading.acquire()).await.map_err(|_| {
                let message = "as many models as the pool takes are being loaded; try again";
                Failure::rejected(Rejection::Overload, message)
            })?;
        // why it does not load is what the request is answered with
        drop(Box::pin(guest.models.find(model, None)).await);
        self.make_room(guest);
        Ok(())
    }

    /// Counts what `newcomer` takes now, and lets guests go until all take no more than they may, never
    /// the newcomer.
    fn make_room(&self, newcomer: &Arc<Guest>) {
        let mut gone = Vec::new();
        let mut kept = self.kept();
        let Kept { guests, resident } = &mut *kept;
        let used = |guest: &Arc<Guest>| guest.used.load(Relaxed);
        let revision = &*newcomer.pooled.revision;
        if let Some((name, guest)) = guests.get_key_value(revision)
            && Arc::ptr_eq(guest, newcomer)
        {
            resident.put(name, GUEST_BYTES + newcomer.models.residents().0, used(guest));
        }
        while let Some(surplus) = resident.surplus(|name| guests.get(name).map(used), revision) {
            resident.remove(&surplus);
            gone.extend(guests.remove(&surplus));
        }
        self.counts.evictions.fetch_add(gone.len() as u64, Relaxed);
        self.show(&kept);
        drop(kept);
        if !gone.is_empty() {
            // to free a large model takes a while, and this is an event loop
            let thread = thread::Builder::new().name("evict".into());
            if let Err(error) = thread.spawn(move || drop(gone)) {
                tracing::debug!(%error, "models are freed on an event loop");
            }
        }
    }

    fn show(&self, kept: &Kept) {
        self.counts.bytes.store(kept.resident.bytes(), Relaxed);
        self.counts.guests.store(kept.guests.len() as u64, Relaxed);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
