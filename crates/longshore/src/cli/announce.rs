use std::{net::IpAddr, path::PathBuf};

use clap::Args;

/// How gateways learn of the server before Kubernetes tells them.
#[derive(Args, Debug)]
#[command(next_help_heading = "Announcing")]
pub(crate) struct AnnounceArgs {
    /// Tell the gateways at every address of this name where the server is, as soon as its models
    /// answer; without a port it is 9092
    #[arg(
        long,
        env = "LONGSHORE_ANNOUNCE_TO",
        value_name = "HOST[:PORT]",
        requires_all = ["revision", "pod_ip"]
    )]
    pub(crate) announce_to: Option<String>,

    /// The revision that the server is a replica of
    #[arg(long, env = "LONGSHORE_REVISION", value_name = "NAME")]
    pub(crate) revision: Option<String>,

    /// The pod's address, at which gateways reach the server
    #[arg(long, env = "LONGSHORE_POD_IP", value_name = "ADDRESS")]
    pub(crate) pod_ip: Option<IpAddr>,

    /// The token of the pod's `ServiceAccount` for the audience `longshore-gateway`, read anew each time
    #[arg(
        long,
        env = "LONGSHORE_ANNOUNCE_TOKEN_FILE",
        default_value = "/var/run/secrets/longshore.dev/gateway/token",
        value_name = "FILE"
    )]
    pub(crate) announce_token_file: PathBuf,
}
