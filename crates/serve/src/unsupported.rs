//! What Triton's clients may ask for and this server does not do, with what to do instead.

use longshore_daemon::Code;

use crate::failure::Failure;

/// A part of Triton's API that this server does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsupported {
    SharedMemory,
    Trace,
    Logging,
    Generate,
    Stream,
}

impl Unsupported {
    /// The part that a path asks for, when the path belongs to no model.
    pub(crate) fn at(path: &str) -> Option<Self> {
        let mut parts = path.strip_prefix("/v2/")?.split('/');
        match (parts.next()?, parts.next(), parts.next()) {
            ("systemsharedmemory" | "cudasharedmemory", Some(_), _) => Some(Self::SharedMemory),
            ("trace", Some("setting"), None) => Some(Self::Trace),
            ("logging", None, None) => Some(Self::Logging),
            _ => None,
        }
    }

    /// The part that `verb` asks for, which stands behind the name of a model in a path.
    pub(crate) fn of_model(verb: &str) -> Option<Self> {
        match verb {
            "trace/setting" => Some(Self::Trace),
            "generate" | "generate_stream" => Some(Self::Generate),
            _ => None,
        }
    }

    /// The part that a method of gRPC's inference service asks for.
    pub(crate) fn called(method: &str) -> Option<Self> {
        match method {
            "SystemSharedMemoryStatus"
            | "SystemSharedMemoryRegister"
            | "SystemSharedMemoryUnregister"
            | "CudaSharedMemoryStatus"
            | "CudaSharedMemoryRegister"
            | "CudaSharedMemoryUnregister" => Some(Self::SharedMemory),
            "TraceSetting" => Some(Self::Trace),
            "LogSettings" => Some(Self::Logging),
            "ModelStreamInfer" => Some(Self::Stream),
            _ => None,
        }
    }

    pub(crate) fn failure(self) -> Failure {
        Failure::new(
            Code::Unimplemented,
            match self {
                Self::SharedMemory => {
                    "shared memory is not supported; send the items of tensors in the request and take them from \
                     the reply, as raw bytes where there are many"
                }
                Self::Trace => {
                    "what is traced is not set by requests; start the server with `--otlp-endpoint`, and ask for the \
                     trace of a request by its header `traceparent`"
                }
                Self::Logging => {
                    "what is logged is not set by requests; start the server with `--log` and `--log-format`"
                }
                Self::Generate => {
                    "models here do not generate text; ask them by `/v2/models/NAME/infer`"
                }
                Self::Stream => {
                    "streams of messages are not supported; call `ModelInfer` for each of them, on one connection"
                }
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_near_those_of_triton_are_none_of_them() {
        for path in [
            "/v2/systemsharedmemory",
            "/v2/systemsharedmemoryx/status",
            "/v2/trace",
            "/v2/trace/setting/x",
            "/v2/logging/x",
            "/v1/logging",
        ] {
            assert_eq!(Unsupported::at(path), None, "{path}");
        }
    }
}
