use std::fmt;

use crate::ModelSource;

/// Where models come from that are loaded by name: when the first request asks for one, or when a
/// client asks to load one.
pub trait Catalog: fmt::Debug + Send + Sync {
    /// The files of a model as they are now; `None` for a name that the catalog does not know.
    ///
    /// Blocks: it may fetch them. It is called on a thread that may wait.
    ///
    /// # Errors
    /// Why a model that is known cannot be brought, in words that a caller may read.
    fn find(&self, name: &str) -> Result<Option<ModelSource>, String>;
}
