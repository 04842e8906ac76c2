use std::fmt;

/// A kind of failure, the same in every role; each protocol has its own number for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The request cannot be right: the caller has to change it.
    InvalidArgument,
    /// The caller did not say who it is.
    Unauthenticated,
    /// The caller may not do this.
    PermissionDenied,
    /// What the request names does not exist.
    NotFound,
    /// The path exists, the method does not apply to it.
    MethodNotAllowed,
    /// The caller took too long to send its request.
    RequestTimeout,
    /// What the request would create exists already.
    AlreadyExists,
    /// The request is larger than a limit allows.
    TooLarge,
    /// The caller asks more often than it may.
    TooManyRequests,
    /// The body is in a form that is not understood.
    UnsupportedMediaType,
    /// A fault of the server.
    Internal,
    /// The protocol defines it, this server does not do it.
    Unimplemented,
    /// What was asked on behalf of the caller gave no answer.
    BadGateway,
    /// Not now: overloaded, loading or draining. The same request may succeed later.
    Unavailable,
    /// The server took too long.
    DeadlineExceeded,
}

impl Code {
    /// All codes.
    pub const ALL: [Self; 15] = [
        Self::InvalidArgument,
        Self::Unauthenticated,
        Self::PermissionDenied,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::AlreadyExists,
        Self::TooLarge,
        Self::TooManyRequests,
        Self::UnsupportedMediaType,
        Self::Internal,
        Self::Unimplemented,
        Self::BadGateway,
        Self::Unavailable,
        Self::DeadlineExceeded,
    ];

    /// The HTTP status.
    pub fn http(self) -> u16 {
        match self {
            Self::InvalidArgument => 400,
            Self::Unauthenticated => 401,
            Self::PermissionDenied => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::RequestTimeout => 408,
            Self::AlreadyExists => 409,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::TooManyRequests => 429,
            Self::Internal => 500,
            Self::Unimplemented => 501,
            Self::BadGateway => 502,
            Self::Unavailable => 503,
            Self::DeadlineExceeded => 504,
        }
    }

    /// The `error_code` of MLflow's REST contract.
    pub fn mlflow(self) -> &'static str {
        match self {
            Self::InvalidArgument | Self::MethodNotAllowed | Self::RequestTimeout => "BAD_REQUEST",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::NotFound => "RESOURCE_DOES_NOT_EXIST",
            Self::AlreadyExists => "RESOURCE_ALREADY_EXISTS",
            Self::TooLarge => "RESOURCE_LIMIT_EXCEEDED",
            Self::TooManyRequests => "REQUEST_LIMIT_EXCEEDED",
            Self::UnsupportedMediaType => "INVALID_PARAMETER_VALUE",
            Self::Internal | Self::BadGateway => "INTERNAL_ERROR",
            Self::Unimplemented => "NOT_IMPLEMENTED",
            Self::Unavailable => "TEMPORARILY_UNAVAILABLE",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
        }
    }

    /// The number of gRPC's status.
    pub fn grpc(self) -> i32 {
        match self {
            Self::InvalidArgument | Self::UnsupportedMediaType => 3,
            Self::RequestTimeout | Self::DeadlineExceeded => 4,
            Self::NotFound => 5,
            Self::AlreadyExists => 6,
            Self::PermissionDenied => 7,
            Self::TooLarge | Self::TooManyRequests => 8,
            Self::MethodNotAllowed | Self::Unimplemented => 12,
            Self::Internal => 13,
            Self::BadGateway | Self::Unavailable => 14,
            Self::Unauthenticated => 16,
        }
    }

    /// True when the server is at fault: such failures are logged as errors.
    pub fn is_server_fault(self) -> bool {
        self.http() >= 500
    }

    /// True when sending the same request again may succeed.
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::Unavailable
                | Self::DeadlineExceeded
                | Self::RequestTimeout
                | Self::TooManyRequests
        )
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn every_code_has_its_own_status() {
        let mut seen: Vec<u16> = Code::ALL.iter().map(|code| code.http()).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|c| c.is_server_fault() == (c.http() / 100 == 5)));
    }
}
