//! Garbage collection: what is in the deleted stage of life goes for good, with its files.
//!
//! A run or an experiment is claimed first: it gets no stage of life at all, so that nobody restores what is
//! losing its files. Then its files go, and its rows at last, in small transactions beside those of a server. A
//! collection that is killed leaves what it claimed, and the next one takes that up again.

mod age;
mod check;
mod claim;
mod experiments;
mod files;
mod jobs;
mod keep;
mod models;
mod orphans;
mod runs;
mod sweep;

use std::fmt;

pub use age::Age;
pub use files::Size;
pub use sweep::collect;

use crate::store::Location;

/// Where a server keeps what is collected.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where the location of the database is written.
    pub store: Location,
    /// What is behind the artifact proxy.
    pub proxied: Proxied,
    /// Whether the server has workspaces, whose files are in folders of their own.
    pub workspaces: bool,
}

/// What is behind `mlflow-artifacts:` locations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proxied {
    /// A path or a URI.
    At(String),
    /// Nothing that could be found; the reason is told when it is needed.
    Unknown(String),
}

/// What is to be collected.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Wish {
    /// How long ago it was deleted, at least.
    pub older_than: Option<Age>,
    /// These runs alone; `None` is all that are deleted. So are the others.
    pub runs: Option<Vec<String>>,
    /// These experiments alone.
    pub experiments: Option<Vec<String>>,
    /// These logged models alone.
    pub models: Option<Vec<String>>,
    /// Jobs that have ended too.
    pub jobs: bool,
    /// These jobs.
    pub job_ids: Option<Vec<String>>,
    /// What is in this workspace alone.
    pub workspace: Option<String>,
    /// Whether a name of something that is not there is no error.
    pub lenient: bool,
    /// Files of nothing too.
    pub orphans: bool,
    /// Leave all files where they are.
    pub without_artifacts: bool,
    /// Only say what would go.
    pub dry_run: bool,
}

/// What can be collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A run.
    Run,
    /// A logged model.
    LoggedModel,
    /// An experiment with all that is in it.
    Experiment,
    /// A job.
    Job,
    /// A folder of files that belong to nothing.
    Orphan,
}

impl Kind {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::LoggedModel => "logged_model",
            Self::Experiment => "experiment",
            Self::Job => "job",
            Self::Orphan => "orphan",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Run => "Run with ID",
            Self::LoggedModel => "Logged model with ID",
            Self::Experiment => "Experiment with ID",
            Self::Job => "Job with ID",
            Self::Orphan => "Folder of files without an owner",
        })
    }
}

/// What became of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What it is.
    pub kind: Kind,
    /// Its id, or the path of a folder.
    pub id: String,
    /// Its files that went, or would go.
    pub size: Size,
    /// What stays of it, and why: a version of a registered model needs it, say.
    pub stays: Vec<String>,
    /// Why it is there still; `None` when it is gone, or would be.
    pub failure: Option<String>,
}

/// How a collection ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Runs, those in experiments included.
    pub runs: u64,
    /// Logged models, those in experiments included.
    pub models: u64,
    /// Experiments.
    pub experiments: u64,
    /// Traces of these experiments.
    pub traces: u64,
    /// Jobs.
    pub jobs: u64,
    /// Folders of files that belonged to nothing.
    pub orphans: u64,
    /// Files of all these.
    pub size: Size,
    /// Things that could not be collected.
    pub failures: u64,
}
