//! Names of labels, annotations, field managers, ports and paths.

/// The label of a revision's objects and pods with the revision's name. Kubernetes copies it from a
/// Service to its EndpointSlices.
pub const REVISION: &str = "longshore.dev/revision";

/// The annotation of a revision's Service that holds a [`Revision`](crate::Revision) as JSON.
pub const REVISION_FACTS: &str = "longshore.dev/revision-facts";

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

/// The path to which a replica posts an [`Announcement`](crate::Announcement).
pub const ANNOUNCE_PATH: &str = "/announce";

/// The port of a gateway for its peers: the operator and the replicas.
pub const PEER_PORT: u16 = 9091;
