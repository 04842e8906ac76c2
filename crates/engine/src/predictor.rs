use std::{collections::HashMap, fmt, sync::Arc};

use crate::{Cell, Error, Labels, Method, Output, Table};

mod named;

pub(crate) use named::Named;

/// What a loaded model expects of its rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Number of feature columns; `None` when the model takes raw text documents or any width.
    pub columns: Option<usize>,
    /// Column names in the order of training, when the model recorded them.
    pub names: Option<Arc<[Arc<str>]>>,
    /// True when each row is one text document (a text pipeline).
    pub documents: bool,
    /// True when each row is a dict: any named columns are taken, those of one row need not be in
    /// the next, and [`Inputs::names`] only lists keys that the model knows.
    pub dicts: bool,
    /// What the model does with each column, as many as `columns`; `None` when nothing is known.
    pub uses: Option<Arc<[ColumnUse]>>,
}

impl Inputs {
    /// Most columns of a row that is made up where nothing but their number is known: more may be no
    /// more than a number in the file.
    pub const WIDEST: usize = 1 << 20;

    /// These inputs with `uses`, if it has an entry for each column.
    pub(crate) fn with_uses(mut self, uses: impl FnOnce(usize) -> Option<Vec<ColumnUse>>) -> Self {
        if let Some(columns) = self.columns {
            self.uses = uses(columns).filter(|uses| uses.len() == columns).map(Arc::from);
        }
        self
    }

    /// These inputs, of dicts, with the keys that another part of the model knows.
    #[must_use]
    pub(crate) fn with_keys(mut self, other: &Self) -> Self {
        let mut keys: Vec<(Arc<str>, ColumnUse)> = Vec::new();
        let mut places: HashMap<Arc<str>, usize> = HashMap::new();
        for inputs in [&self, other] {
            let names = inputs.names.iter().flat_map(|names| names.iter());
            let uses = inputs.uses.iter().flat_map(|uses| uses.iter());
            for (name, &usage) in names.zip(uses) {
                let at = *places.entry(name.clone()).or_insert(keys.len());
                match keys.get_mut(at) {
                    // numbers are no mistake where one part takes them
                    Some((_, known)) if usage == ColumnUse::Value => *known = usage,
                    Some(_) => {}
                    None => keys.push((name.clone(), usage)),
                }
            }
        }
        let (names, uses): (Vec<_>, Vec<_>) = keys.into_iter().unzip();
        (self.names, self.uses) = (Some(names.into()), Some(uses.into()));
        self
    }
}

/// What a model does with one of its columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColumnUse {
    /// It computes with the values, or nothing is known.
    #[default]
    Value,
    /// It compares texts: an encoder's categories or a vectorizer's documents were texts in
    /// training. A number there is a mistake of the caller.
    Text,
    /// It never reads the column.
    Unread,
}

impl ColumnUse {
    /// What a model does with a column when one part of it does `self` and another `other`. The
    /// column is a text if either part takes it as one, and unread only if neither part reads it.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Text, _) | (_, Self::Text) => Self::Text,
            (Self::Value, _) | (_, Self::Value) => Self::Value,
            (Self::Unread, Self::Unread) => Self::Unread,
        }
    }
}

/// A loaded model: shared by threads, answers without changing.
pub trait Predictor: Send + Sync + fmt::Debug {
    /// What the rows must look like.
    fn inputs(&self) -> Inputs;

    /// The methods it has, the default one first.
    fn methods(&self) -> &[Method];

    /// Number of columns that [`Method::Transform`] gives for rows of `columns`; `None` when the
    /// model cannot stand before another one. A model whose predictions are not its transformation
    /// answers both: `KMeans` has labels and distances.
    fn transformed(&self, _columns: usize) -> Option<usize> {
        None
    }

    /// The places of the columns that [`Method::Transform`] hands on as they are, in the order of its
    /// answer; `None` when it computes others.
    fn chosen(&self) -> Option<&[usize]> {
        None
    }

    /// The values that training had in a column, when it is one of categories.
    fn categories(&self, _column: usize) -> Option<Vec<Cell>> {
        None
    }

    /// A number that is among those that training had in a column, when one is known: its mean or its median.
    fn typical(&self, _column: usize) -> Option<f64> {
        None
    }

    /// The classes of a classifier, in the order of its probabilities, when they are known.
    fn classes(&self) -> Option<&Labels> {
        None
    }

    /// What people ask of a model that has no parts to look into, each with its value: trees,
    /// rounds, objective.
    fn facts(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Answers for every row of `input`, in order.
    ///
    /// Columns are taken by position: the caller has put named columns in the order of
    /// [`Predictor::inputs`].
    ///
    /// # Errors
    /// [`Error::NoSuchMethod`] when `method` is not among [`Predictor::methods`],
    /// [`Error::Input`] or [`Error::Value`] when the rows do not fit.
    fn run(&self, method: Method, input: &Table) -> Result<Output, Error> {
        if !self.methods().contains(&method) {
            return Err(Error::no_such_method(method.name(), self.methods()));
        }
        self.compute(method, input)
    }

    /// What [`Predictor::run`] answers with a method that the model has.
    ///
    /// # Errors
    /// [`Error::Input`] or [`Error::Value`] when the rows do not fit.
    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error>;
}
