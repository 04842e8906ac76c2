use std::fmt;

/// An annotation with a value that means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The annotation.
    pub annotation: &'static str,
    /// What is wrong with it, and what to write.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "annotation `{}`: {}", self.annotation, self.message)
    }
}

impl std::error::Error for Fault {}
