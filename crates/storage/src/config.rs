use std::{path::PathBuf, time::Duration};

use crate::Environment;

/// Settings of a [`Storage`](crate::Storage).
#[derive(Clone, Debug)]
pub struct Config {
    /// Where fetched models are kept. Made when it is first needed.
    pub cache_dir: PathBuf,
    /// Most bytes of models kept there; models in use stay even beyond that.
    pub cache_bytes: u64,
    /// Most requests under way at once for one fetch.
    pub concurrency: usize,
    /// Bytes asked for at once; larger files are fetched in several parts.
    pub part_bytes: u64,
    /// Whether a location that is one archive stands for the files in it.
    pub unpack: bool,
    /// Limits on what a location may hold.
    pub limits: Limits,
    /// The MLflow server behind `models:/` and `runs:/`.
    pub tracking_uri: Option<String>,
    /// Whether S3 buckets are named in the path (`true`) or the host (`false`) of a URL; `None`
    /// takes the path for endpoints that are not AWS's.
    pub path_style: Option<bool>,
    /// Whether S3 is asked without signature.
    pub anonymous: bool,
    /// What is done when a server cannot answer now.
    pub retry: Retry,
    /// How long a server may take.
    pub timeouts: Timeouts,
    /// Credentials, endpoints, proxies and certificates.
    pub environment: Environment,
}

impl Config {
    /// The defaults over a cache folder.
    pub fn new(cache_dir: impl Into<PathBuf>) -> Self {
        Self {
            cache_dir: cache_dir.into(),
            cache_bytes: 10 << 30,
            concurrency: 8,
            part_bytes: 8 << 20,
            unpack: true,
            limits: Limits::default(),
            tracking_uri: None,
            path_style: None,
            anonymous: false,
            retry: Retry::default(),
            timeouts: Timeouts::default(),
            environment: Environment::process(),
        }
    }
}

/// Limits on what a location may hold, so that a listing or an archive cannot exhaust us.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most files of a model.
    pub files: usize,
    /// Most bytes that one byte of an archive may become.
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { files: 10_000, ratio: 200 }
    }
}

/// How often and how long a server that fails for the moment is asked again.
///
/// Waits double from `first` to `longest`; each is cut to a random part of itself (at least half),
/// so that replicas which started together do not come back together.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// Requests in a row that may fail without a byte of progress.
    pub attempts: u32,
    /// The first wait.
    pub first: Duration,
    /// The longest wait, also when the server asks for more.
    pub longest: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 6, first: Duration::from_millis(200), longest: Duration::from_secs(10) }
    }
}

/// How long a server may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// To accept a connection.
    pub connect: Duration,
    /// To begin its answer.
    pub answer: Duration,
    /// Between two pieces of its answer.
    pub silence: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(30),
            silence: Duration::from_secs(20),
        }
    }
}
