use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// What a replica says to a gateway once its models are loaded, before Kubernetes lists its address.
/// The request carries the token of its pod's ServiceAccount, for the audience `longshore-gateway`,
/// from which the gateway learns the namespace and the pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Announcement {
    /// The revision it belongs to.
    pub revision: String,
    /// The pod's address.
    pub address: IpAddr,
}
