use std::{borrow::Cow, sync::Arc};

use select::Selection;

use super::{part, stack};
use crate::{
    Cell, ColumnUse, Error, Inputs, Table, attributes,
    estimator::Transform,
    quantity,
    read::{Cursor, Kind},
    sklearn::building::Building,
};

pub(crate) use choose::choose;

mod choose;
mod select;

/// `ColumnTransformer`: some columns through each transformer, side by side.
#[derive(Debug)]
pub(crate) struct ColumnTransformer {
    inputs: Inputs,
    parts: Vec<Part>,
    /// Whether the answer is sparse, decided when the model was fitted.
    sparse: bool,
}

/// One transformer and the columns it gets.
#[derive(Debug)]
struct Part {
    name: String,
    /// `None` hands the columns on.
    transform: Option<Box<dyn Transform>>,
    /// Positions in the training columns.
    columns: Box<[usize]>,
    /// True when its only column was named by itself: the transformer gets a one-dimensional list.
    scalar: bool,
    weight: Option<f64>,
}

impl Part {
    fn outputs(&self) -> usize {
        let columns = self.columns.len();
        self.transform.as_ref().map_or(columns, |transform| transform.outputs(columns))
    }

    /// What is done with each of its columns.
    fn uses(&self, after: Option<&[ColumnUse]>) -> Vec<ColumnUse> {
        let uses = match &self.transform {
            Some(transform) => transform.uses(self.columns.len(), after),
            // columns that a weight multiplies are read
            None => after.filter(|_| self.weight.is_none()).map(<[_]>::to_vec),
        };
        uses.unwrap_or_else(|| vec![ColumnUse::Value; self.columns.len()])
    }

    /// Turns an error about one of its columns into one about the training column.
    fn traced(&self, error: Error) -> Error {
        error.trace(|at| self.columns.get(at).copied()).at(&self.name)
    }
}

impl ColumnTransformer {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let mut inputs = attributes::inputs(c, None);
        if inputs.columns.is_none() {
            let old = c.attr("_n_features").and_then(Cursor::as_i64);
            inputs.columns = old.and_then(|n| usize::try_from(n).ok());
        }
        if inputs.names.is_none() {
            // 0.24 keeps the names under two private attributes
            let old = ["_feature_names_in", "_df_columns"]
                .into_iter()
                .find_map(|name| c.attr(name).and_then(attributes::texts));
            inputs.names = old.map(|names| names.iter().map(|n| Arc::from(n.as_str())).collect());
        }
        inputs.columns = inputs.columns.or(inputs.names.as_ref().map(|names| names.len()));
        let mut parts = Vec::new();
        for (at, entry) in attributes::list(c, "transformers_")?.into_iter().enumerate() {
            let wrong = || {
                let reason = format!("has no name, estimator and columns at {at}");
                Error::attribute("ColumnTransformer", "transformers_", reason)
            };
            let (name, estimator) = part::named(entry).ok_or_else(wrong)?;
            let columns = entry.items().and_then(|items| items.get(2)).ok_or_else(wrong)?;
            let shown = format!("transformer \"{name}\"");
            if matches!(estimator.kind(), Kind::Text("drop")) {
                continue;
            }
            let selection = Selection::read(c, &name, entry.go(*columns), &inputs)
                .map_err(|error| error.at(&shown))?;
            if selection.columns.is_empty() {
                continue;
            }
            let transform = if part::is_skipped(estimator) {
                None
            } else {
                Some(part::transformer(estimator, building).map_err(|error| error.at(&shown))?)
            };
            parts.push(Part {
                name: shown,
                transform,
                columns: selection.columns.into(),
                scalar: selection.scalar,
                weight: part::weight(c, &name),
            });
        }
        Ok(Self { inputs, parts, sparse: attributes::flag(c, "sparse_output_", false) })
    }

    /// Where each training column is in `input`: by name when the rows and the model both have
    /// names (other columns may be there too), else by position.
    fn places(&self, input: &Table) -> Result<Option<Vec<usize>>, Error> {
        if let (Some(known), Some(sent)) = (&self.inputs.names, &input.names) {
            if known == sent {
                return Ok(None);
            }
            let found = known.iter().map(|name| sent.iter().position(|other| other == name));
            // a column that no transformer reads may be missing
            return Ok(Some(found.map(|place| place.unwrap_or(usize::MAX)).collect()));
        }
        super::check::width(input, self.inputs.columns, "ColumnTransformer")?;
        Ok(None)
    }

    fn columns_of<'a>(
        &self,
        part: &'a Part,
        places: Option<&[usize]>,
        width: usize,
    ) -> Result<Cow<'a, [usize]>, Error> {
        let Some(places) = places else {
            return match part.columns.iter().find(|&&column| column >= width) {
                Some(column) => Err(Error::input(format!(
                    "column {column} is needed, and the rows have {}",
                    quantity(width, "column")
                ))),
                None => Ok(Cow::Borrowed(&part.columns)),
            };
        };
        let found = part.columns.iter().map(|&column| {
            places.get(column).copied().filter(|&place| place < width).ok_or_else(|| {
                let name = self.inputs.names.as_ref().and_then(|names| names.get(column));
                Error::input(format!("column `{}` is missing", name.map_or("?", |name| &**name)))
            })
        });
        found.collect::<Result<_, _>>().map(Cow::Owned)
    }
}

impl Transform for ColumnTransformer {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn outputs(&self, _columns: usize) -> usize {
        self.parts.iter().map(Part::outputs).sum()
    }

    fn source(&self, mut output: usize, _columns: usize) -> Option<usize> {
        for part in &self.parts {
            let width = part.outputs();
            if output < width {
                let inside = match &part.transform {
                    Some(transform) => transform.source(output, part.columns.len())?,
                    None => output,
                };
                return part.columns.get(inside).copied();
            }
            output -= width;
        }
        None
    }

    fn is_narrow(&self, rows: bool) -> bool {
        let parts = self.parts.iter().map(|part| (part.transform.as_deref(), part.weight));
        stack::is_narrow(parts, rows)
    }

    fn uses(&self, columns: usize, after: Option<&[ColumnUse]>) -> Option<Vec<ColumnUse>> {
        let mut uses = vec![ColumnUse::Unread; self.inputs.columns.unwrap_or(columns)];
        let mut start = 0;
        for part in &self.parts {
            let end = start + part.outputs();
            let of_part = part.uses(after.and_then(|after| after.get(start..end)));
            for (&column, of_column) in part.columns.iter().zip(of_part) {
                if let Some(all) = uses.get_mut(column) {
                    *all = all.and(of_column);
                }
            }
            start = end;
        }
        Some(uses)
    }

    fn categories(&self, column: usize, _columns: usize) -> Option<Vec<Cell>> {
        self.parts.iter().find_map(|part| {
            let at = part.columns.iter().position(|&own| own == column)?;
            part.transform.as_ref()?.categories(at, part.columns.len())
        })
    }

    fn typical(&self, column: usize, _columns: usize) -> Option<f64> {
        self.parts.iter().find_map(|part| {
            let at = part.columns.iter().position(|&own| own == column)?;
            part.transform.as_ref()?.typical(at, part.columns.len())
        })
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        self.transform_ref(&input)
    }

    fn transform_ref(&self, input: &Table) -> Result<Table, Error> {
        let places = self.places(input)?;
        let mut outputs = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let run = || {
                let columns = self.columns_of(part, places.as_deref(), input.columns())?;
                let chosen = choose(input, &columns, part.scalar)?;
                let output = match &part.transform {
                    Some(transform) => transform.transform(chosen)?,
                    None => chosen,
                };
                part::weigh(output, part.weight)
            };
            outputs.push(run().map_err(|error: Error| part.traced(error))?);
        }
        if outputs.is_empty() {
            return Ok(Table::matrix(input.rows, 0, Vec::new()));
        }
        stack::beside(outputs, input.rows, Some(self.sparse))
            .map_err(|error| error.trace(|at| self.source(at, input.columns())))
    }
}
