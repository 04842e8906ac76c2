//! Which request goes where, and what answers it.

use super::wire::Message;

/// The methods of HTTP that the API uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The request travels in the query.
    Get,
    /// The request travels in the body, as with all methods below.
    Post,
    /// For files.
    Put,
    /// For changes.
    Patch,
    /// For removals. They have a body too.
    Delete,
}

impl Method {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A request of the API.
pub trait Call: Message {
    /// What answers it.
    type Reply: Message;

    /// The methods it can be asked with; the first is the one that MLflow's client uses.
    const METHODS: &'static [Method];

    /// Its path below `/api/`; MLflow's web pages use the same path below `/ajax-api/`. A part in braces is
    /// a field of the request.
    const PATH: &'static str;

    /// The path with the fields of the request in it. A part that is no field stays as it is.
    fn path(&self, encode: impl Fn(&str) -> String) -> String {
        let parts = Self::PATH.split('/').map(|part| {
            let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
            let mut pairs = self.pairs().into_iter();
            let value = name.and_then(|name| pairs.find(|(field, _)| *field == name));
            value.map_or_else(|| part.to_owned(), |(_, text)| encode(&text))
        });
        parts.collect::<Vec<_>>().join("/")
    }

    /// The pairs of the query: the fields that the path does not name.
    fn query(&self) -> Vec<(&'static str, String)> {
        let is_of_path =
            |name: &str| Self::PATH.split('/').any(|part| part == format!("{{{name}}}"));
        self.pairs().into_iter().filter(|(name, _)| !is_of_path(name)).collect()
    }
}

/// Declares where requests go: `Request: METHODS "path" -> Reply`.
macro_rules! calls {
    ($( $request:ty: $($method:ident)+ $path:literal -> $reply:ty; )*) => {$(
        impl $crate::rest::Call for $request {
            type Reply = $reply;
            const METHODS: &'static [$crate::rest::Method] = &[$( $crate::rest::Method::$method ),+];
            const PATH: &'static str = $path;
        }
    )*};
}

pub(crate) use calls;
