use std::{io, path::PathBuf};

/// Why a gateway does not start, or does not take over what it is to route.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The sockets or event loops.
    #[error(transparent)]
    Server(#[from] longshore_daemon::Error),
    /// The file of routes cannot be read.
    #[error("failed to read `{path}`: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file of routes is no description.
    #[error("`{path}` is no description of routes: {source}", path = path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A route to a service is none.
    #[error("`{service}` cannot answer at `{route}`: {fault}")]
    Route {
        /// The service, as `NAMESPACE/NAME`.
        service: String,
        /// The route.
        route: String,
        /// What is wrong with it and how to mend it.
        fault: &'static str,
    },
    /// The shares of a component are no whole.
    #[error("the shares of the {component} of `{service}` make {sum} percent; let them make 100")]
    Shares {
        /// The service, as `NAMESPACE/NAME`.
        service: String,
        /// Its component.
        component: &'static str,
        /// What they make.
        sum: u64,
    },
    /// No Kubernetes cluster is named.
    #[error(
        "no Kubernetes cluster is known: {fault}; run in a pod with a ServiceAccount, or set `KUBECONFIG`"
    )]
    NoCluster {
        /// Where one was looked for in vain.
        fault: String,
    },
    /// A thread cannot run.
    #[error("a thread cannot start: {source}")]
    Thread {
        /// Why.
        source: io::Error,
    },
    /// A replica broke off the body of its reply.
    #[error("the replica broke off its reply: {source}")]
    Reply {
        /// Why.
        source: hyper::Error,
    },
    /// The body of a reply took too long.
    #[error("the reply took longer than its revision allows")]
    LateReply,
}
