use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant, SystemTime},
};

use longshore_engine::{Method, Model, Output, Source, Table};
use longshore_kserve::v2::TensorInfo;

use super::{describe, sample, versions::versions};
use crate::{
    Error,
    config::{Lease, ModelSource, Origin},
    contract::Contract,
    failure::Failure,
    inference::{Cost, Part},
    metrics::ModelMetrics,
    schema::Schema,
};

/// Time for the made-up rows whose answers describe a model's outputs; no run begins after it.
const DESCRIBE: Duration = Duration::from_millis(10);

/// Bytes that a model takes besides its values, which are about as large as what is read of its
/// file: schema, metadata, counters, and what a small model's many allocations cost.
const FIXED_BYTES: u64 = 8 << 10;

/// A loaded model under its name.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) name: Arc<str>,
    pub(crate) version: Arc<str>,
    pub(crate) contract: Contract,
    pub(crate) cost: Cost,
    pub(crate) metrics: ModelMetrics,
    pub(crate) load_time: Duration,
    pub(crate) loaded_at: SystemTime,
    /// Bytes of memory that it takes, about.
    pub(crate) bytes: u64,
    /// Values of a row of the default method's answer.
    width: usize,
    /// What it takes and answers, for V2's metadata.
    pub(crate) inputs: Vec<TensorInfo>,
    pub(crate) outputs: Vec<TensorInfo>,
    model: Model,
    /// Where it was read from, unless it was given as it is.
    files: Option<Source>,
    /// Its part of the cache, when there is one.
    pub(crate) cached: Option<Part>,
    /// Keeps the files where they are.
    _lease: Option<Lease>,
}

impl Served {
    /// Loads every version of every source.
    pub(crate) fn load_all(
        sources: Vec<ModelSource>,
        limits: &longshore_engine::Limits,
        shards: usize,
    ) -> Result<Vec<Self>, Error> {
        let mut wanted = Vec::new();
        for source in sources {
            wanted.extend(versions(source)?);
        }
        parallel(wanted, |source| Self::load(source, limits, shards)).into_iter().collect()
    }

    /// Loads the newest version of a source, for rows that no request brings.
    pub(crate) fn newest(
        source: ModelSource,
        limits: &longshore_engine::Limits,
    ) -> Result<Self, Error> {
        let newest = versions(source)?.into_iter().max_by_key(|source| {
            source.version.as_deref().and_then(|version| version.parse::<u64>().ok())
        });
        Self::load(newest.ok_or(Error::NoModels)?, limits, 1)
    }

    fn load(
        source: ModelSource,
        limits: &longshore_engine::Limits,
        shards: usize,
    ) -> Result<Self, Error> {
        let name = source.name.clone();
        let load = AssertUnwindSafe(|| Self::load_unguarded(source, limits, shards));
        catch_unwind(load).unwrap_or(Err(Error::Panic { name }))
    }

    fn load_unguarded(
        source: ModelSource,
        limits: &longshore_engine::Limits,
        shards: usize,
    ) -> Result<Self, Error> {
        let begun = Instant::now();
        let ModelSource { name, version, origin, method, lease } = source;
        let (model, files) = match origin {
            Origin::Loaded(model) => (*model, None),
            Origin::Files(files) => {
                let model = longshore_engine::load(&files, limits);
                let failed = |source| Error::Load { name: name.clone(), source: Box::new(source) };
                (model.map_err(failed)?, Some(files))
            }
        };
        let method = method.unwrap_or(model.default_method);
        let methods = model.predictor.methods().to_vec();
        if !methods.contains(&method) {
            let known =
                methods.iter().map(|known| format!("`{known}`")).collect::<Vec<_>>().join(", ");
            return Err(Error::Method { name, method, known });
        }
        let version = version.unwrap_or_else(|| "1".into());
        let (name, version): (Arc<str>, Arc<str>) = (name.into(), version.into());
        let signature = model.signature();
        let contract = Contract {
            name: name.clone(),
            version: version.clone(),
            schema: Schema::new(signature, &model.inputs()),
            methods,
            default: method,
            params: signature.map(|signature| signature.params.clone()).unwrap_or_default(),
        };
        let mut served = Self {
            inputs: describe::inputs(&contract.schema),
            outputs: Vec::new(),
            width: 1,
            name,
            version,
            contract,
            cost: Cost::unknown(),
            metrics: ModelMetrics::new(shards),
            load_time: Duration::ZERO,
            loaded_at: SystemTime::UNIX_EPOCH,
            bytes: model.content_bytes.saturating_add(FIXED_BYTES),
            model,
            files,
            cached: None,
            _lease: lease,
        };
        served.calibrate();
        served.load_time = begun.elapsed();
        served.loaded_at = SystemTime::now();
        Ok(served)
    }

    /// Runs made-up rows, to know what answers look like and what they cost.
    fn calibrate(&mut self) {
        let one = sample::table(&self.contract.schema, 1);
        let begun = Instant::now();
        self.outputs =
            describe::outputs(&self.contract.methods, self.model.signature(), |method| {
                // a slow model is not held up further for its description
                if begun.elapsed() > DESCRIBE { None } else { self.run(method, one.as_ref()?).ok() }
            });
        self.width = self.width_of(self.contract.default);
        let Some(one) = one else { return };
        let many = 1 + 4096 / one.columns().max(1);
        let many = many.min(64);
        let Some(rows) = sample::table(&self.contract.schema, many) else { return };
        self.cost = Cost::measure(many, |count| {
            let table = if count == 1 { &one } else { &rows };
            self.run(self.contract.default, table).is_ok()
        });
    }

    /// The answer to a made-up row.
    pub(crate) fn example(&self, method: Method) -> Option<Output> {
        self.run(method, &sample::table(&self.contract.schema, 1)?).ok()
    }

    /// Answers for every row; a panic of the engine is a failure of this request only.
    pub(crate) fn run(&self, method: Method, table: &Table) -> Result<Output, Failure> {
        let run = AssertUnwindSafe(|| self.model.predictor.run(method, table));
        match catch_unwind(run) {
            Ok(result) => Ok(result?),
            Err(_) => {
                Err(Failure::internal("the model failed on these rows", "the engine panicked"))
            }
        }
    }

    /// How many values a row has in the answers of these methods, or of the default method when
    /// there are none.
    pub(crate) fn width(&self, methods: &[Method]) -> usize {
        if methods.is_empty() {
            return self.width;
        }
        methods.iter().map(|&method| self.width_of(method)).sum()
    }

    fn width_of(&self, method: Method) -> usize {
        let at = self.contract.methods.iter().position(|other| *other == method);
        let output = at.and_then(|at| self.outputs.get(at));
        let columns = output.and_then(|output| usize::try_from(*output.shape.get(1)?).ok());
        columns.unwrap_or(1).max(1)
    }

    /// Bytes that were read of its file.
    pub(crate) fn content_bytes(&self) -> u64 {
        self.model.content_bytes
    }

    /// What was loaded.
    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    /// Where it was read from, unless it was given as it is. What is there now may be of a later state.
    pub(crate) fn files(&self) -> Option<&Source> {
        self.files.as_ref()
    }

    pub(crate) fn flavor(&self) -> &'static str {
        self.model.flavor
    }
}

/// Does `work` on each item, on as many threads as there are cores; a single one in place.
pub(crate) fn parallel<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let count = cores.min(items.len());
    if count < 2 {
        return items.into_iter().map(work).collect();
    }
    let items = Mutex::new(items.into_iter().enumerate());
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    let run = || {
        let mut done = Vec::new();
        while let Some((at, item)) = next() {
            done.push((at, work(item)));
        }
        done
    };
    let mut done: Vec<(usize, R)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(run)).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| resume_unwind(panic))
        };
        threads.into_iter().flat_map(join).collect()
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
