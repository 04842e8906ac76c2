use std::borrow::Cow;

use longshore_daemon::{Code, server::auth::Denial};

/// A request that is not answered: its kind, and what its sender may read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    /// What was wrong, where, and how to mend it; never a path of the server.
    pub(crate) message: Cow<'static, str>,
    /// What only the log gets.
    pub(crate) detail: Option<String>,
    /// The rows do not fit what the model takes, though they are well written.
    pub(crate) unfit: bool,
    /// Methods that the path has, for the `Allow` header.
    pub(crate) allow: Option<&'static str>,
    /// Why the request was turned away though nothing is wrong with it.
    pub(crate) rejected: Option<Rejection>,
    /// Why its API key does not let it in.
    pub(crate) denial: Option<Denial>,
}

/// Why a request or a connection is turned away for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// As many requests as allowed are computed or wait to be computed.
    Overload,
    /// As many bytes of bodies as allowed are held.
    Memory,
    /// The model is still being loaded.
    Loading,
    /// The model did not load.
    Failed,
}

impl Rejection {
    pub(crate) const ALL: [Self; 4] = [Self::Overload, Self::Memory, Self::Loading, Self::Failed];

    /// The label in metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Overload => "overload",
            Self::Memory => "memory",
            Self::Loading => "loading",
            Self::Failed => "failed",
        }
    }
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        let (detail, allow, rejected, denial) = (None, None, None, None);
        Self { code, message, detail, unfit: false, allow, rejected, denial }
    }

    /// The caller has to change the request.
    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    /// The rows do not fit what the model takes.
    pub(crate) fn unfit(message: impl Into<Cow<'static, str>>) -> Self {
        Self { unfit: true, ..Self::invalid(message) }
    }

    pub(crate) fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// A limit was exceeded; `flag` raises it.
    pub(crate) fn too_large(what: &str, limit: usize, unit: &str, flag: &str) -> Self {
        let message = format!(
            "{what} exceeds the limit of {limit} {unit}; the server raises it with `{flag}`"
        );
        Self::new(Code::TooLarge, message)
    }

    /// The request is turned away for now.
    pub(crate) fn rejected(reason: Rejection, message: impl Into<Cow<'static, str>>) -> Self {
        Self { rejected: Some(reason), ..Self::new(Code::Unavailable, message) }
    }

    /// A fault of the server; `detail` goes to the log only.
    pub(crate) fn internal(message: &'static str, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::new(Code::Internal, message) }
    }
}

impl From<longshore_engine::Error> for Failure {
    fn from(error: longshore_engine::Error) -> Self {
        if error.is_input() {
            Self::invalid(error.to_string())
        } else {
            Self::internal("the model failed on these rows", error.to_string())
        }
    }
}
