use super::{part, stack};
use crate::{
    Cell, ColumnUse, Error, Inputs, Table, attributes,
    estimator::Transform,
    read::{Cursor, Kind},
    sklearn::building::Building,
};

/// `FeatureUnion`: the same rows through several transformers, side by side.
#[derive(Debug)]
pub(crate) struct FeatureUnion {
    parts: Vec<Part>,
}

/// A transformer, how errors name it, and what its output is multiplied by.
#[derive(Debug)]
struct Part {
    name: String,
    /// `None` hands the rows on.
    transform: Option<Box<dyn Transform>>,
    weight: Option<f64>,
}

impl FeatureUnion {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let mut parts = Vec::new();
        for (at, entry) in attributes::list(c, "transformer_list")?.into_iter().enumerate() {
            let (name, estimator) = part::named(entry).ok_or_else(|| {
                let reason = format!("has no name and estimator at {at}");
                Error::attribute("FeatureUnion", "transformer_list", reason)
            })?;
            let shown = format!("transformer \"{name}\"");
            let transform = match estimator.kind() {
                Kind::None | Kind::Text("drop") => continue,
                Kind::Text("passthrough") => None,
                _ => {
                    Some(part::transformer(estimator, building).map_err(|error| error.at(&shown))?)
                }
            };
            parts.push(Part { name: shown, transform, weight: part::weight(c, &name) });
        }
        Ok(Self { parts })
    }
}

impl Part {
    fn outputs(&self, columns: usize) -> usize {
        self.transform.as_ref().map_or(columns, |transform| transform.outputs(columns))
    }

    fn uses(&self, columns: usize, after: Option<&[ColumnUse]>) -> Vec<ColumnUse> {
        let uses = match &self.transform {
            Some(transform) => transform.uses(columns, after),
            // columns that a weight multiplies are read
            None => after.filter(|_| self.weight.is_none()).map(<[_]>::to_vec),
        };
        uses.unwrap_or_else(|| vec![ColumnUse::Value; columns])
    }
}

impl Transform for FeatureUnion {
    fn inputs(&self) -> Inputs {
        let inputs = self.parts.iter().filter_map(|part| part.transform.as_ref());
        let mut all = inputs.map(|transform| transform.inputs());
        let first = all.next().unwrap_or_default();
        if first.dicts { all.fold(first, |all, part| all.with_keys(&part)) } else { first }
    }

    fn outputs(&self, columns: usize) -> usize {
        self.parts.iter().map(|part| part.outputs(columns)).sum()
    }

    fn source(&self, mut output: usize, columns: usize) -> Option<usize> {
        for part in &self.parts {
            let width = part.outputs(columns);
            if output < width {
                return match &part.transform {
                    Some(transform) => transform.source(output, columns),
                    None => Some(output),
                };
            }
            output -= width;
        }
        None
    }

    fn uses(&self, columns: usize, after: Option<&[ColumnUse]>) -> Option<Vec<ColumnUse>> {
        let mut uses = vec![ColumnUse::Unread; columns];
        let mut start = 0;
        for part in &self.parts {
            let end = start + part.outputs(columns);
            let after = after.and_then(|after| after.get(start..end));
            let of_part = part.uses(columns, after);
            uses.iter_mut().zip(of_part).for_each(|(all, one)| *all = all.and(one));
            start = end;
        }
        Some(uses)
    }

    fn is_narrow(&self, rows: bool) -> bool {
        let parts = self.parts.iter().map(|part| (part.transform.as_deref(), part.weight));
        stack::is_narrow(parts, rows)
    }

    fn categories(&self, column: usize, columns: usize) -> Option<Vec<Cell>> {
        let mut inside = self.parts.iter().filter_map(|part| part.transform.as_ref());
        inside.find_map(|transform| transform.categories(column, columns))
    }

    fn typical(&self, column: usize, columns: usize) -> Option<f64> {
        let mut inside = self.parts.iter().filter_map(|part| part.transform.as_ref());
        inside.find_map(|transform| transform.typical(column, columns))
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        self.transform_ref(&input)
    }

    fn transform_ref(&self, input: &Table) -> Result<Table, Error> {
        let mut outputs = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let output = match &part.transform {
                Some(transform) => transform.transform_ref(input),
                None => Ok(input.clone()),
            };
            let weighed = output.and_then(|output| part::weigh(output, part.weight));
            outputs.push(weighed.map_err(|error| error.at(&part.name))?);
        }
        if outputs.is_empty() {
            return Ok(Table::matrix(input.rows, 0, Vec::new()));
        }
        stack::beside(outputs, input.rows, None)
            .map_err(|error| error.trace(|at| self.source(at, input.columns())))
    }
}
