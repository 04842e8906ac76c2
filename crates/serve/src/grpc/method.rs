use longshore_daemon::Code;

use crate::{failure::Failure, unsupported::Unsupported};

/// A method of one of the services, by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Infer,
    ServerLive,
    ServerReady,
    ModelReady,
    ServerMetadata,
    ModelMetadata,
    ModelConfig,
    ModelStatistics,
    RepositoryIndex,
    RepositoryModelLoad,
    RepositoryModelUnload,
    HealthCheck,
    HealthWatch,
    Reflection,
}

/// The inference service's own name, and whole paths of the others' methods.
const INFERENCE: &str = "/inference.GRPCInferenceService/";
const CHECK: &str = "/grpc.health.v1.Health/Check";
const WATCH: &str = "/grpc.health.v1.Health/Watch";
const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
const REFLECTION_ALPHA: &str = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

impl Method {
    /// Whether everybody may call it, keys or not: kubelet's probes have none.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::ServerLive | Self::ServerReady | Self::HealthCheck | Self::HealthWatch)
    }

    pub(super) fn at(path: &str) -> Result<Self, Failure> {
        let found = match path.strip_prefix(INFERENCE) {
            Some("ModelInfer") => Some(Self::Infer),
            Some("ServerLive") => Some(Self::ServerLive),
            Some("ServerReady") => Some(Self::ServerReady),
            Some("ModelReady") => Some(Self::ModelReady),
            Some("ServerMetadata") => Some(Self::ServerMetadata),
            Some("ModelMetadata") => Some(Self::ModelMetadata),
            Some("ModelConfig") => Some(Self::ModelConfig),
            Some("ModelStatistics") => Some(Self::ModelStatistics),
            Some("RepositoryIndex") => Some(Self::RepositoryIndex),
            Some("RepositoryModelLoad") => Some(Self::RepositoryModelLoad),
            Some("RepositoryModelUnload") => Some(Self::RepositoryModelUnload),
            Some(method) => {
                if let Some(unsupported) = Unsupported::called(method) {
                    return Err(unsupported.failure());
                }
                None
            }
            None => match path {
                CHECK => Some(Self::HealthCheck),
                WATCH => Some(Self::HealthWatch),
                REFLECTION | REFLECTION_ALPHA => Some(Self::Reflection),
                _ => None,
            },
        };
        found.ok_or_else(|| {
            let path: String = path.chars().take(100).collect();
            let message = format!(
                "there is no method `{path}`; the server reflects those of `inference.GRPCInferenceService`"
            );
            Failure::new(Code::Unimplemented, message)
        })
    }
}
