use std::path::PathBuf;

use crate::Method;

mod place;

pub use place::ColumnPlace;
pub(crate) use place::shown;

/// Everything that can go wrong between a model path and its predictions.
///
/// [`Error::is_input`] tells a caller's mistake (bad rows) from a model's (a file that cannot be
/// read or served).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file system refused.
    #[error("failed to read `{path}`: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// No flavor recognises the path.
    #[error("`{path}` {reason}")]
    Unrecognised {
        /// The file or folder.
        path: PathBuf,
        /// What it is and what to do, as in "is a table in CSV: name the file of the model".
        reason: String,
    },
    /// The bytes do not follow their format.
    #[error("{format} is malformed at {place}: {reason}")]
    Malformed {
        /// The format, such as `pickle` or `UBJSON`.
        format: &'static str,
        /// A byte offset, a line, a key path: whatever leads to the fault.
        place: String,
        /// What is wrong there.
        reason: String,
    },
    /// Reading on would exceed a limit that protects the process.
    #[error("{what} exceeds the limit of {limit}; if you trust the file, raise it with `{flag}`")]
    Limit {
        /// What grew too large, with the size seen when it is known.
        what: String,
        /// The limit in force, with its unit.
        limit: String,
        /// The command-line flag that raises it.
        flag: &'static str,
    },
    /// The model needs something that has no native implementation.
    #[error("{what} is not supported: {reason}. {hint}")]
    Unsupported {
        /// The class, function or feature.
        what: String,
        /// Why prediction needs it and cannot have it.
        reason: String,
        /// What the user can do.
        hint: String,
    },
    /// The file carries a reference that only an attack would need.
    #[error(
        "the file refers to `{global}`, which runs code when unpickled; it is treated as hostile and was not loaded"
    )]
    Hostile {
        /// Module and name of the reference.
        global: String,
    },
    /// A fitted attribute is missing or has another type or shape than its class defines.
    #[error("`{class}.{attribute}` {reason}")]
    Attribute {
        /// The estimator's class.
        class: String,
        /// The attribute.
        attribute: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An error inside a named step of a pipeline.
    #[error("in {step}: {source}")]
    InStep {
        /// The step, such as `step 2 "scaler"`.
        step: String,
        /// The error there.
        source: Box<Error>,
    },
    /// The rows sent do not fit the model.
    #[error("{reason}")]
    Input {
        /// Which column or row, what was found, what is expected.
        reason: String,
    },
    /// A value sent does not fit the model.
    #[error("row {row}{column} {reason}")]
    Value {
        /// The row, from 0.
        row: usize,
        /// The column of the model's rows.
        column: ColumnPlace,
        /// What was found and what is expected, to be read after the place.
        reason: String,
    },
    /// The model has no such method.
    #[error("the model has no method `{asked}`; it has {}", list(.available))]
    NoSuchMethod {
        /// The method asked for.
        asked: String,
        /// The methods it has, default first.
        available: Vec<Method>,
    },
}

impl Error {
    /// True when the caller's rows or method are at fault, not the model.
    pub fn is_input(&self) -> bool {
        match self {
            Self::Input { .. } | Self::Value { .. } | Self::NoSuchMethod { .. } => true,
            Self::InStep { source, .. } => source.is_input(),
            _ => false,
        }
    }

    /// Wraps the error with the pipeline step it arose in.
    #[must_use]
    pub fn at(self, step: impl Into<String>) -> Self {
        Self::InStep { step: step.into(), source: Box::new(self) }
    }

    /// A caller's mistake.
    pub fn input(reason: impl Into<String>) -> Self {
        Self::Input { reason: reason.into() }
    }

    /// A caller's mistake in one value, at a position among the columns that an estimator gets.
    pub(crate) fn value(row: usize, column: usize, reason: impl Into<String>) -> Self {
        Self::Value { row, column: ColumnPlace::At(column), reason: reason.into() }
    }

    /// Replaces the position in an [`Error::Value`] by the place that an outer estimator or the
    /// caller knows for this column.
    #[must_use]
    pub(crate) fn map_column(mut self, place: impl FnOnce(usize) -> ColumnPlace) -> Self {
        let mut inner = &mut self;
        while let Self::InStep { source, .. } = inner {
            inner = source;
        }
        if let Self::Value { column, .. } = inner
            && let ColumnPlace::At(at) = *column
        {
            *column = place(at);
        }
        self
    }

    /// Replaces the position in an [`Error::Value`] by that of the column which `source` finds it
    /// to be made of; without one, the column was computed from several.
    #[must_use]
    #[cold]
    pub(crate) fn trace(self, source: impl FnOnce(usize) -> Option<usize>) -> Self {
        self.map_column(|at| match source(at) {
            Some(column) => ColumnPlace::At(column),
            None => ColumnPlace::Computed(at),
        })
    }

    /// A method that is not among the model's.
    pub fn no_such_method(asked: &str, available: &[Method]) -> Self {
        Self::NoSuchMethod { asked: asked.into(), available: available.to_vec() }
    }

    /// What a booster of XGBoost or LightGBM needs and does not have here.
    pub(crate) fn booster(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Unsupported {
            what: what.into(),
            reason: reason.into(),
            hint: "Train it with a built-in objective and plain trees over numeric (for example \
                   one-hot encoded) columns; the list of models in the documentation says what runs \
                   natively"
                .into(),
        }
    }

    /// A fitted attribute that is not what its class defines.
    pub fn attribute(
        class: impl Into<String>,
        attribute: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self::Attribute { class: class.into(), attribute: attribute.into(), reason: reason.into() }
    }
}

/// A number with its noun, for a message: "1 value", "2 values".
pub fn quantity(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ if noun.ends_with('s') => format!("{count} {noun}es"),
        _ => format!("{count} {noun}s"),
    }
}

fn list(methods: &[Method]) -> String {
    methods.iter().map(|m| format!("`{m}`")).collect::<Vec<_>>().join(", ")
}
