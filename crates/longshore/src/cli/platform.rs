use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand, ValueEnum};

use super::value;

/// Which cluster is meant.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Cluster")]
pub(crate) struct ClusterArgs {
    /// The kubeconfig; without it the files that `KUBECONFIG` names, `~/.kube/config`, or a pod's own
    /// account
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// The context of the kubeconfig instead of its current one
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,

    /// The namespace instead of the context's own
    #[arg(long, short, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,
}

/// `longshore get`.
#[derive(Args, Debug)]
pub(crate) struct GetArgs {
    /// Nothing for all InferenceServices, the name of one, or `revisions` and then the name of one whose
    /// revisions are meant
    #[arg(value_name = "NAME", num_args = 0..=2)]
    pub(crate) what: Vec<String>,

    /// Of all namespaces
    #[arg(long, short = 'A')]
    pub(crate) all_namespaces: bool,

    /// How it is printed; a table unless said
    #[arg(long, short, value_name = "FORMAT")]
    pub(crate) output: Option<OutputFormat>,

    /// The cluster.
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// How objects are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// A table with more columns.
    Wide,
    /// As the cluster has them, as JSON.
    Json,
    /// The same as YAML.
    Yaml,
    /// Kinds and names only, one a line.
    Name,
}

/// `longshore describe`.
#[derive(Args, Debug)]
pub(crate) struct DescribeArgs {
    /// The InferenceService
    pub(crate) name: String,

    /// The cluster.
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// `longshore url`.
#[derive(Args, Debug)]
pub(crate) struct UrlArgs {
    /// The InferenceService
    pub(crate) name: String,

    /// Print a command that asks it for a prediction, by the model's protocol; in a terminal it follows
    /// the URL anyway
    #[arg(long)]
    pub(crate) curl: bool,

    /// The cluster.
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// `longshore logs`.
#[derive(Args, Debug)]
pub(crate) struct LogsArgs {
    /// The InferenceService
    pub(crate) name: String,

    /// Of this revision only: its name, or its number such as `2`
    #[arg(long, value_name = "REVISION")]
    pub(crate) revision: Option<String>,

    /// Of this component only: `predictor`, `transformer` or `explainer`
    #[arg(long, value_name = "COMPONENT")]
    pub(crate) component: Option<String>,

    /// The container; the one that answers, unless said
    #[arg(long, short, value_name = "NAME")]
    pub(crate) container: Option<String>,

    /// Go on with what is logged from now on, of pods that come later too
    #[arg(long, short)]
    pub(crate) follow: bool,

    /// At most this many lines of each pod from before
    #[arg(long, value_name = "LINES")]
    pub(crate) tail: Option<u32>,

    /// Of the containers that ran before the present ones, such as one that crashed
    #[arg(long, conflicts_with = "follow")]
    pub(crate) previous: bool,

    /// The cluster.
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// `longshore rollout`.
#[derive(Args, Debug)]
pub(crate) struct RolloutArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub(crate) command: RolloutCommand,
}

/// The subcommands of `longshore rollout`.
#[derive(Debug, Subcommand)]
pub(crate) enum RolloutCommand {
    /// Wait until an InferenceService is ready and its rollout is done; ends with 1 when it fails
    Status(RolloutStatusArgs),
    /// Give the latest revision, or a canary, all requests
    Promote(PromoteArgs),
    /// Take the requests from the latest revision, or drop a canary
    Abort(PromoteArgs),
    /// List the revisions, and what changed from one to the next
    History(HistoryArgs),
}

/// `longshore rollout status`.
#[derive(Args, Debug)]
pub(crate) struct RolloutStatusArgs {
    /// The InferenceService
    pub(crate) name: String,

    /// How long to wait; 0 looks once
    #[arg(long, default_value = "10m", value_name = "TIME", value_parser = value::time)]
    pub(crate) timeout: Duration,

    /// The cluster.
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// `longshore rollout promote` and `longshore rollout abort`.
#[derive(Args, Debug)]
pub(crate) struct PromoteArgs {
    /// The InferenceService
    pub(crate) name: String,

    /// The canary of `spec.canary` that is meant, when there are several
    #[arg(long, value_name = "NAME")]
    pub(crate) canary: Option<String>,

    /// The cluster.
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// `longshore rollout history`.
#[derive(Args, Debug)]
pub(crate) struct HistoryArgs {
    /// The InferenceService
    pub(crate) name: String,

    /// The cluster.
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// `longshore apply`.
#[derive(Args, Debug)]
pub(crate) struct ApplyArgs {
    /// Manifests as YAML or JSON, of any kind that the cluster knows; `-` is standard input. Can be given
    /// several times
    #[arg(long = "filename", short, value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// Take fields that others have set, such as `kubectl` or Argo CD
    #[arg(long)]
    pub(crate) force_conflicts: bool,

    /// Let the cluster check it, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// The cluster.
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

/// `longshore delete`.
#[derive(Args, Debug)]
pub(crate) struct DeleteArgs {
    /// InferenceServices
    #[arg(value_name = "NAME", required_unless_present = "files")]
    pub(crate) names: Vec<String>,

    /// Manifests whose objects are meant; `-` is standard input
    #[arg(long = "filename", short, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Wait until they are gone, their pods too
    #[arg(long)]
    pub(crate) wait: bool,

    /// The cluster.
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}
