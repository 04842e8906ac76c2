//! Which models there are, in which versions.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use longshore_engine::{Method, Model, Output, Source, Table};
use longshore_kserve::v2::TensorInfo;
use longshore_mlflow::Param;

mod describe;
mod sample;

use crate::{
    Error,
    config::{ModelSource, Origin},
    cost::Cost,
    failure::Failure,
    metrics::ModelMetrics,
    schema::Schema,
};

/// Time for the made-up rows whose answers describe a model's outputs; no run begins after it.
const DESCRIBE: Duration = Duration::from_millis(10);

/// A loaded model under its name.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) name: Arc<str>,
    pub(crate) version: Arc<str>,
    pub(crate) schema: Schema,
    /// The method that answers when a request names none.
    pub(crate) method: Method,
    pub(crate) cost: Cost,
    pub(crate) metrics: ModelMetrics,
    pub(crate) load_time: Duration,
    /// What it takes and answers, for V2's metadata.
    pub(crate) inputs: Vec<TensorInfo>,
    pub(crate) outputs: Vec<TensorInfo>,
    model: Model,
    methods: Vec<Method>,
    /// The beginning of every V2 reply.
    v2_head: Vec<u8>,
}

/// All models. It does not change while the server runs.
#[derive(Debug)]
pub(crate) struct Repository {
    /// Every version of every model, models in the order given, versions ascending.
    all: Vec<Arc<Served>>,
    /// Indices into `all` by name.
    names: HashMap<Arc<str>, Vec<usize>>,
    /// The model that `/invocations` means when there is only one.
    only: Option<Arc<Served>>,
}

impl Repository {
    /// Loads all models, each in a thread of its own.
    pub(crate) fn load(
        sources: Vec<ModelSource>,
        limits: &longshore_engine::Limits,
        shards: usize,
    ) -> Result<Self, Error> {
        if sources.is_empty() {
            return Err(Error::NoModels);
        }
        let mut wanted = Vec::new();
        for source in sources {
            check_name(&source.name)?;
            wanted.extend(versions(source)?);
        }
        let loaded: Vec<Result<Served, Error>> = if wanted.len() == 1 {
            wanted.into_iter().map(|source| Served::load(source, limits, shards)).collect()
        } else {
            std::thread::scope(|scope| {
                let threads: Vec<_> = wanted
                    .into_iter()
                    .map(|source| scope.spawn(|| Served::load(source, limits, shards)))
                    .collect();
                threads
                    .into_iter()
                    .map(|thread| {
                        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                    })
                    .collect()
            })
        };
        Self::new(loaded.into_iter().collect::<Result<_, _>>()?)
    }

    fn new(mut models: Vec<Served>) -> Result<Self, Error> {
        let mut order: Vec<Arc<str>> = Vec::new();
        for model in &models {
            if !order.contains(&model.name) {
                order.push(model.name.clone());
            }
        }
        models.sort_by_cached_key(|model| {
            let place = order.iter().position(|name| *name == model.name);
            (place, model.version.parse::<u64>().ok(), model.version.clone())
        });
        let all: Vec<_> = models.into_iter().map(Arc::new).collect();
        let mut names: HashMap<Arc<str>, Vec<usize>> = HashMap::new();
        for (at, model) in all.iter().enumerate() {
            let versions = names.entry(model.name.clone()).or_default();
            if versions.iter().any(|&v| all.get(v).is_some_and(|m| m.version == model.version)) {
                let (name, version) = (model.name.to_string(), model.version.to_string());
                return Err(Error::Twice { name, version });
            }
            versions.push(at);
        }
        let only = if names.len() == 1 { all.last().cloned() } else { None };
        Ok(Self { all, names, only })
    }

    pub(crate) fn all(&self) -> &[Arc<Served>] {
        &self.all
    }

    /// The names of the models, each once.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::with_capacity(self.names.len());
        for model in &self.all {
            if names.last().is_none_or(|last| *last != *model.name) {
                names.push(model.name.to_string());
            }
        }
        names
    }

    /// The versions of a model, ascending.
    pub(crate) fn versions(&self, name: &str) -> Vec<String> {
        let at = self.names.get(name).map(Vec::as_slice).unwrap_or_default();
        at.iter().filter_map(|&at| Some(self.all.get(at)?.version.to_string())).collect()
    }

    /// A model by name, in the version asked for or else the latest.
    pub(crate) fn find(&self, name: &str, version: Option<&str>) -> Result<&Arc<Served>, Failure> {
        let versions = self
            .names
            .get(name)
            .ok_or_else(|| Failure::not_found(format!("there is no model `{}`", shown(name))))?;
        let found = match version {
            None => versions.last().and_then(|&at| self.all.get(at)),
            Some(version) => versions
                .iter()
                .filter_map(|&at| self.all.get(at))
                .find(|model| *model.version == *version),
        };
        found.ok_or_else(|| {
            let version = shown(version.unwrap_or_default());
            let known: Vec<_> = self.versions(name).iter().map(|v| format!("`{v}`")).collect();
            Failure::not_found(format!(
                "the model `{name}` has no version `{version}`; it has {}",
                known.join(", ")
            ))
        })
    }

    /// The model that a request without a name means.
    pub(crate) fn only(&self) -> Result<&Arc<Served>, Failure> {
        self.only.as_ref().ok_or_else(|| {
            let names: Vec<_> = self.names().iter().map(|name| format!("`{name}`")).collect();
            Failure::invalid(format!(
                "there are several models: say which one with `?model=NAME`, of {}",
                names.join(", ")
            ))
        })
    }
}

/// A name from a request, cut short.
fn shown(name: &str) -> String {
    name.chars().take(100).collect()
}

fn check_name(name: &str) -> Result<(), Error> {
    let bad = |c: char| c == '/' || c.is_control() || c.is_whitespace();
    if name.is_empty() || name.contains(bad) {
        return Err(Error::Name { name: name.to_owned() });
    }
    Ok(())
}

/// A folder that holds nothing but numbered folders has a version in each.
fn versions(source: ModelSource) -> Result<Vec<ModelSource>, Error> {
    let Origin::Files(Source::Folder(path)) = &source.origin else { return Ok(vec![source]) };
    let wrong = |error: std::io::Error| Error::Load {
        name: source.name.clone(),
        source: Box::new(longshore_engine::Error::Io { path: path.clone(), source: error }),
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "config.pbtxt" {
            continue;
        }
        let numbered = name.bytes().all(|b| b.is_ascii_digit()) && entry.path().is_dir();
        if !numbered {
            return Ok(vec![source]);
        }
        found.push((name, entry.path()));
    }
    if found.is_empty() || source.version.is_some() {
        return Ok(vec![source]);
    }
    let version = |(version, path)| ModelSource {
        name: source.name.clone(),
        version: Some(version),
        origin: Origin::Files(Source::Folder(path)),
        method: source.method,
    };
    Ok(found.into_iter().map(version).collect())
}

impl Served {
    fn load(
        source: ModelSource,
        limits: &longshore_engine::Limits,
        shards: usize,
    ) -> Result<Self, Error> {
        let begun = Instant::now();
        let ModelSource { name, version, origin, method } = source;
        let model = match origin {
            Origin::Loaded(model) => *model,
            Origin::Files(files) => longshore_engine::load(&files, limits)
                .map_err(|source| Error::Load { name: name.clone(), source: Box::new(source) })?,
        };
        let method = method.unwrap_or(model.default_method);
        let methods = model.predictor.methods().to_vec();
        if !methods.contains(&method) {
            return Err(Error::Method { name, method });
        }
        let version = version.unwrap_or_else(|| "1".into());
        let schema = Schema::new(model.signature(), &model.inputs());
        let mut served = Self {
            v2_head: describe::v2_head(&name, &version),
            inputs: describe::inputs(&schema),
            outputs: Vec::new(),
            name: name.into(),
            version: version.into(),
            schema,
            method,
            cost: Cost::unknown(),
            metrics: ModelMetrics::new(shards),
            load_time: Duration::ZERO,
            model,
            methods,
        };
        served.calibrate();
        served.load_time = begun.elapsed();
        Ok(served)
    }

    /// Runs made-up rows, to know what answers look like and what they cost.
    fn calibrate(&mut self) {
        let one = sample::table(&self.schema, 1);
        let begun = Instant::now();
        self.outputs = describe::outputs(&self.methods, self.model.signature(), |method| {
            // a slow model is not held up further for its description
            if begun.elapsed() > DESCRIBE { None } else { self.run(method, &one).ok() }
        });
        let many = 1 + 4096 / one.columns().max(1);
        let many = many.min(64);
        let rows = sample::table(&self.schema, many);
        self.cost = Cost::measure(many, |count| {
            let table = if count == 1 { &one } else { &rows };
            self.run(self.method, table).is_ok()
        });
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

    pub(crate) fn methods(&self) -> &[Method] {
        &self.methods
    }

    pub(crate) fn v2_head(&self) -> &[u8] {
        &self.v2_head
    }

    pub(crate) fn flavor(&self) -> &'static str {
        self.model.flavor
    }

    /// The parameters that a request may carry.
    pub(crate) fn params(&self) -> &[Param] {
        self.model.signature().map(|signature| signature.params.as_slice()).unwrap_or_default()
    }
}
