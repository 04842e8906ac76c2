use std::fmt;

use crate::{Cell, ColumnUse, Error, Inputs, Method, Output, Predictor, Table};

/// A fitted transformer: columns in, columns out.
pub(crate) trait Transform: Send + Sync + fmt::Debug {
    /// What the rows must look like.
    fn inputs(&self) -> Inputs;

    /// Number of output columns for rows of `columns`.
    fn outputs(&self, columns: usize) -> usize {
        columns
    }

    /// Which of the `columns` columns the column `output` is made of; `None` when it is made of
    /// several.
    fn source(&self, output: usize, _columns: usize) -> Option<usize> {
        Some(output)
    }

    /// What is done with each of `columns` columns, here and later. `after` tells what is done
    /// later with each output column: without it, all of those are values. When this gives `None`,
    /// all of the `columns` are values.
    fn uses(&self, _columns: usize, _after: Option<&[ColumnUse]>) -> Option<Vec<ColumnUse>> {
        None
    }

    /// The values that training had in one of `columns` columns, when it is one of categories.
    fn categories(&self, _column: usize, _columns: usize) -> Option<Vec<Cell>> {
        None
    }

    /// A number that is among those that training had in one of `columns` columns, when one is known.
    fn typical(&self, _column: usize, _columns: usize) -> Option<f64> {
        None
    }

    /// True when the integers of the answer are of 32 bits. `rows` tells whether those of the rows are.
    fn is_narrow(&self, _rows: bool) -> bool {
        false
    }

    /// The transformed rows. Takes the table whole so that it can work in place.
    fn transform(&self, input: Table) -> Result<Table, Error>;

    /// The transformed rows; the caller keeps its own.
    fn transform_ref(&self, input: &Table) -> Result<Table, Error> {
        self.transform(input.clone())
    }
}

/// A fitted estimator of either kind.
#[derive(Debug)]
pub(crate) enum Estimator {
    /// Has `transform`.
    Transformer(Box<dyn Transform>),
    /// Has `predict`.
    Predictor(Box<dyn Predictor>),
}

impl Estimator {
    /// The estimator as one that stands before others.
    ///
    /// # Errors
    /// The estimator itself when it has no `transform`.
    pub(crate) fn into_transform(self) -> Result<Box<dyn Transform>, Self> {
        match self {
            Self::Transformer(transform) => Ok(transform),
            Self::Predictor(predictor) => {
                match predictor.transformed(predictor.inputs().columns.unwrap_or_default()) {
                    Some(_) => Ok(Box::new(Transforming(predictor))),
                    None => Err(Self::Predictor(predictor)),
                }
            }
        }
    }

    /// The estimator as a whole model: a transformer's only method is `transform`.
    pub(crate) fn into_predictor(self) -> Box<dyn Predictor> {
        match self {
            Self::Transformer(transform) => Box::new(Transformer(transform)),
            Self::Predictor(predictor) => predictor,
        }
    }
}

/// A transformer that is a model of its own.
#[derive(Debug)]
struct Transformer(Box<dyn Transform>);

impl Predictor for Transformer {
    fn inputs(&self) -> Inputs {
        self.0.inputs().with_uses(|columns| self.0.uses(columns, None))
    }

    fn methods(&self) -> &[Method] {
        &[Method::Transform]
    }

    fn categories(&self, column: usize) -> Option<Vec<Cell>> {
        self.0.categories(column, self.0.inputs().columns?)
    }

    fn typical(&self, column: usize) -> Option<f64> {
        self.0.typical(column, self.0.inputs().columns?)
    }

    fn compute(&self, _: Method, input: &Table) -> Result<Output, Error> {
        let answer = Output::from_table(self.0.transform_ref(input)?)?;
        Ok(if self.0.is_narrow(false) { answer.narrow() } else { answer })
    }
}

/// A predictor of which only `transform` is wanted.
#[derive(Debug)]
struct Transforming(Box<dyn Predictor>);

impl Transform for Transforming {
    fn inputs(&self) -> Inputs {
        self.0.inputs()
    }

    fn outputs(&self, columns: usize) -> usize {
        self.0.transformed(columns).unwrap_or(columns)
    }

    fn source(&self, output: usize, _columns: usize) -> Option<usize> {
        self.0.chosen()?.get(output).copied()
    }

    fn is_narrow(&self, rows: bool) -> bool {
        rows && self.0.chosen().is_some()
    }

    fn uses(&self, columns: usize, after: Option<&[ColumnUse]>) -> Option<Vec<ColumnUse>> {
        let Some(chosen) = self.0.chosen() else {
            let uses = self.0.inputs().uses.filter(|uses| uses.len() == columns);
            return uses.map(|uses| uses.to_vec());
        };
        let mut uses = vec![ColumnUse::Unread; columns];
        for (output, &at) in chosen.iter().enumerate() {
            let of_column = after.and_then(|after| after.get(output)).copied().unwrap_or_default();
            *uses.get_mut(at)? = of_column;
        }
        Some(uses)
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        self.transform_ref(&input)
    }

    fn transform_ref(&self, input: &Table) -> Result<Table, Error> {
        self.0.compute(Method::Transform, input)?.into_table()
    }
}
