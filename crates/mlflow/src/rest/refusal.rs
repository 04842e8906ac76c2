use std::fmt;

use super::message::{messages, names};
use crate::Error;

messages! {
    /// The body of an error.
    pub struct Refusal {
        /// The name of an [`ErrorCode`], or of one that only other servers have.
        error_code (default): String,
        /// For people.
        message (default): String,
        /// A class of SQL's standard (3.x).
        sqlstate: Option<String>,
        /// A finer name of the error (3.x).
        error_class: Option<String>,
    }
}

names! {
    /// What kind of error it is. The codes of MLflow's own server; those of Databricks' other services are
    /// not among them.
    pub enum ErrorCode {
        /// The server failed.
        InternalError = ("INTERNAL_ERROR", 1),
        /// The server cannot do it now, but perhaps later.
        TemporarilyUnavailable = ("TEMPORARILY_UNAVAILABLE", 2),
        /// A file could not be read or written.
        IoError = ("IO_ERROR", 3),
        /// The request is not valid.
        BadRequest = ("BAD_REQUEST", 4),
        /// It took too long.
        DeadlineExceeded = ("DEADLINE_EXCEEDED", 7),
        /// The client gave up.
        Cancelled = ("CANCELLED", 8),
        /// Too much was asked for.
        ResourceExhausted = ("RESOURCE_EXHAUSTED", 9),
        /// Another request was faster.
        Aborted = ("ABORTED", 10),
        /// It does not exist.
        NotFound = ("NOT_FOUND", 11),
        /// It exists already.
        AlreadyExists = ("ALREADY_EXISTS", 12),
        /// Who asks is unknown.
        Unauthenticated = ("UNAUTHENTICATED", 13),
        /// A parameter is missing or not valid.
        InvalidParameterValue = ("INVALID_PARAMETER_VALUE", 1000),
        /// There is no such address.
        EndpointNotFound = ("ENDPOINT_NOT_FOUND", 1001),
        /// The body cannot be read.
        MalformedRequest = ("MALFORMED_REQUEST", 1002),
        /// The state of what is stored does not allow it.
        InvalidState = ("INVALID_STATE", 1003),
        /// Whoever asks is not allowed to.
        PermissionDenied = ("PERMISSION_DENIED", 1004),
        /// This server does not do it.
        FeatureDisabled = ("FEATURE_DISABLED", 1005),
        /// Whoever asks is not allowed to.
        CustomerUnauthorized = ("CUSTOMER_UNAUTHORIZED", 1006),
        /// Too many requests.
        RequestLimitExceeded = ("REQUEST_LIMIT_EXCEEDED", 1007),
        /// Another request was faster.
        ResourceConflict = ("RESOURCE_CONFLICT", 1008),
        /// No server does it yet.
        NotImplemented = ("NOT_IMPLEMENTED", 1010),
        /// Data is gone.
        DataLoss = ("DATA_LOSS", 1011),
        /// The state of what is stored does not allow the change.
        InvalidStateTransition = ("INVALID_STATE_TRANSITION", 2001),
        /// It exists already.
        ResourceAlreadyExists = ("RESOURCE_ALREADY_EXISTS", 3001),
        /// It does not exist.
        ResourceDoesNotExist = ("RESOURCE_DOES_NOT_EXIST", 3002),
    }
}

impl ErrorCode {
    /// The status of HTTP that MLflow answers with, but for a feature that is off: MLflow's 500 has its
    /// clients ask seven times.
    pub fn status(self) -> u16 {
        match self {
            Self::BadRequest | Self::ResourceAlreadyExists | Self::InvalidParameterValue => 400,
            Self::CustomerUnauthorized | Self::Unauthenticated => 401,
            Self::PermissionDenied => 403,
            Self::NotFound | Self::EndpointNotFound | Self::ResourceDoesNotExist => 404,
            Self::Aborted | Self::ResourceConflict | Self::AlreadyExists => 409,
            Self::RequestLimitExceeded | Self::ResourceExhausted => 429,
            Self::Cancelled => 499,
            Self::NotImplemented | Self::FeatureDisabled => 501,
            Self::TemporarilyUnavailable => 503,
            Self::DeadlineExceeded => 504,
            Self::InternalError
            | Self::IoError
            | Self::MalformedRequest
            | Self::InvalidState
            | Self::DataLoss
            | Self::InvalidStateTransition => 500,
        }
    }

    /// The `sqlstate` and `error_class` that MLflow adds, where it has some for the code.
    fn class(self) -> Option<(&'static str, &'static str)> {
        const CLIENT: &str = "KAM00";
        const SERVER: &str = "XXM00";
        Some(match self {
            Self::BadRequest | Self::InvalidParameterValue => (CLIENT, "INVALID_PARAMETER_VALUE"),
            Self::CustomerUnauthorized | Self::PermissionDenied => (CLIENT, "PERMISSION_DENIED"),
            Self::EndpointNotFound | Self::NotFound | Self::ResourceDoesNotExist => {
                (CLIENT, "RESOURCE_NOT_FOUND")
            }
            Self::FeatureDisabled => (CLIENT, "FEATURE_DISABLED"),
            Self::ResourceAlreadyExists => (CLIENT, "RESOURCE_ALREADY_EXISTS"),
            Self::InternalError | Self::InvalidState | Self::TemporarilyUnavailable => {
                (SERVER, "CLIENT_INTERNAL_ERROR")
            }
            _ => return None,
        })
    }
}

impl Refusal {
    /// A refusal as MLflow's server prints it.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let (sqlstate, error_class) = code.class().unzip();
        Self {
            error_code: code.name().into(),
            message: message.into(),
            sqlstate: sqlstate.map(Into::into),
            error_class: error_class.map(Into::into),
        }
    }

    /// Its code, when it is one of MLflow's server.
    pub fn code(&self) -> Option<ErrorCode> {
        ErrorCode::parse(&self.error_code)
    }
}

/// Every error of a request has the code of a parameter that is not valid.
impl From<&Error> for Refusal {
    fn from(error: &Error) -> Self {
        Self::new(ErrorCode::InvalidParameterValue, error.to_string())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&*self.error_code, &*self.message) {
            ("", message) => f.write_str(message),
            (code, "") => f.write_str(code),
            (code, message) => write!(f, "{code}: {message}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ErrorCode, Refusal};
    use crate::rest::{parse_reply, print};

    #[test]
    fn a_refusal_reads_as_one_sentence() {
        let text = r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no such alias"}"#;
        let refusal: Refusal = parse_reply(text.as_bytes()).unwrap();
        assert_eq!(refusal.to_string(), "RESOURCE_DOES_NOT_EXIST: no such alias");
        assert_eq!(refusal.code(), Some(ErrorCode::ResourceDoesNotExist));
        assert_eq!(print(&refusal), text);
    }

    #[test]
    fn a_code_may_be_a_status_of_http() {
        let refusal: Refusal = parse_reply(br#"{"error_code":404}"#).unwrap();
        assert_eq!((refusal.to_string().as_str(), refusal.code()), ("404", None));
    }
}
