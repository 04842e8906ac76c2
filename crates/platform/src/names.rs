//! Names of labels, annotations, field managers, ports and paths.

/// The label of a revision's objects and pods with the revision's name. Kubernetes copies it from a
/// Service to its EndpointSlices.
pub const REVISION: &str = "longshore.dev/revision";

/// The label of a revision's Deployment and Service with the hash of its pod template.
pub const HASH: &str = "longshore.dev/hash";

/// The annotation of a revision's Service that holds a [`Revision`](crate::Revision) as JSON.
pub const REVISION_FACTS: &str = "longshore.dev/revision-facts";

/// The annotation that says how clients of an InferenceService say who they are: `api-key`, `jwt` or
/// `none`.
pub const AUTH: &str = "longshore.dev/auth";

/// The annotation with the names of those who may ask.
pub const CLIENTS: &str = "longshore.dev/clients";

/// The annotation with the audience that tokens have to name.
pub const JWT_AUDIENCE: &str = "longshore.dev/jwt-audience";

/// The annotation with the limits of how often clients may ask.
pub const RATE_LIMIT: &str = "longshore.dev/rate-limit";

/// The annotation with the origins of web pages that may ask.
pub const CORS_ORIGINS: &str = "longshore.dev/cors-origins";

/// The annotation of an InferenceService that keeps a client at one revision: a
/// [`Sticky`](crate::Sticky).
pub const STICKY: &str = "longshore.dev/sticky";

/// What the tags of the predictors of `spec.canary` begin with, in the traffic of a status.
pub const CANARY_TAG: &str = "canary-";

/// The annotation with the steps by which the latest revision gets its requests.
pub const ROLLOUT: &str = "longshore.dev/rollout";

/// The annotation with what has to hold from one step to the next.
pub const ROLLOUT_GATES: &str = "longshore.dev/rollout-gates";

/// The annotation with the share of the stable revision's requests that the latest one is asked as well.
pub const SHADOW: &str = "longshore.dev/shadow";

/// The annotation with what somebody has decided about one revision: `promote REVISION` or
/// `abort REVISION`.
pub const ROLLOUT_COMMAND: &str = "longshore.dev/rollout-command";

/// The annotation of a revision's Deployment that says how far its rollout is, as JSON.
pub const ROLLOUT_STATE: &str = "longshore.dev/rollout-state";

/// The field manager of a rollout's state: it writes that annotation and nothing else.
pub const ROLLOUT_MANAGER: &str = "longshore-rollout";

/// The exit code of a process whose model could not be brought for now, and which may succeed later:
/// `EX_TEMPFAIL` of BSD's `sysexits.h`.
pub const TRY_AGAIN: u8 = 75;

/// The field manager of the operator.
pub const OPERATOR: &str = "longshore-operator";

/// The field manager of the autoscaler: it writes `scale` and nothing else.
pub const AUTOSCALER: &str = "longshore-autoscaler";

/// The field manager of the gateway: it writes `scale` from 0 to 1 and nothing else.
pub const GATEWAY: &str = "longshore-gateway";

/// The path of a gateway's port for its peers at which it answers with a
/// [`LoadReport`](crate::LoadReport).
pub const LOAD_PATH: &str = "/load";

/// The path at which a gateway answers, followed by `/NAMESPACE/NAME`, with [`Routes`](crate::Routes),
/// or with 404 when it does not know the InferenceService.
pub const ROUTES_PATH: &str = "/routes";

/// The path at which a gateway answers, followed by `/NAMESPACE/NAME`, with an
/// [`OutcomeReport`](crate::OutcomeReport), or with 404 when it does not know the InferenceService.
pub const OUTCOMES_PATH: &str = "/outcomes";

/// The path at which a gateway answers, followed by `/NAMESPACE/REVISION`, with what the warm pool says
/// of the revision's model ([`PoolReadiness`](crate::PoolReadiness)), or with 404 when it does not know
/// that the pool may answer for it.
pub const POOLED_PATH: &str = "/pooled";

/// The path to which a replica posts an [`Announcement`](crate::Announcement).
pub const ANNOUNCE_PATH: &str = "/announce";

/// The port of a gateway for its peers: the operator.
pub const PEER_PORT: u16 = 9091;

/// The port of a gateway for announcements. Everybody may connect to it: the address of a pod that has
/// just started is not known to network policies yet.
pub const ANNOUNCE_PORT: u16 = 9092;

/// The annotation of a revision's Deployment that says in words why it has as many replicas as it has.
pub const SCALING: &str = "longshore.dev/scaling";
/// The label of the warm pool's objects and pods, with the value `true`. Kubernetes copies it from the
/// Service to its EndpointSlices.
pub const POOL_LABEL: &str = "longshore.dev/pool";
/// The header in which a gateway tells a warm pool which model a request is for
/// ([`Pooled`](crate::Pooled)).
pub const POOL: &str = "longshore-pool";
