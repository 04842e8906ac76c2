/// What a file is, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Described {
    /// What it is, as in "the file is …".
    pub(crate) what: String,
    /// The next step.
    pub(crate) next: String,
}

impl Described {
    pub(super) fn new(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), next: next.into() }
    }
}

/// What kind of thing a file holds, which decides what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// A model of a library that is not run.
    Model,
    /// A model that was converted from another library's.
    Converted,
    /// Rows or numbers.
    Data,
    /// Other files.
    Files,
    /// Something behind a password.
    Secret,
    /// Neither of them.
    Nothing,
}

impl Holds {
    /// What to do about it. `libraries` names those whose models are read.
    pub(super) fn next(self, libraries: &str) -> String {
        match self {
            Self::Model => format!(
                "models of {libraries} run; the list of models in the documentation says which"
            ),
            Self::Converted => {
                "save the estimator that it was made from with skops, joblib or pickle".into()
            }
            Self::Data => "name the file of the model; rows belong in a request, as in `longshore \
                           predict MODEL --input FILE`"
                .into(),
            Self::Files => "unpack it, and name the model's file or folder inside".into(),
            Self::Secret => "decrypt it first".into(),
            Self::Nothing => "name the file of the model".into(),
        }
    }
}
