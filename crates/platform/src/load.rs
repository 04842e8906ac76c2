use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What one gateway has counted since it started. All figures only grow, except those that say what
/// is now: a reader takes the difference of two reports, so that none that is missed loses a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadReport {
    /// The gateway, and which start of it: another value means that counting began anew.
    pub instance: String,
    /// Seconds since that start, by the gateway's own clock.
    pub seconds: f64,
    /// Revisions that have been asked since that start, by `NAMESPACE/REVISION`.
    pub revisions: BTreeMap<String, Load>,
}

/// What one gateway has counted of one revision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Load {
    /// Requests that have arrived.
    pub requests: u64,
    /// Seconds that requests have been here, held ones included, summed over all of them; those that
    /// are here now count up to now. Its difference over that of [`LoadReport::seconds`] is the
    /// average concurrency.
    pub busy_seconds: f64,
    /// Requests that are here now.
    pub in_flight: u32,
    /// Of these, the requests that wait for a replica.
    pub held: u32,
}
