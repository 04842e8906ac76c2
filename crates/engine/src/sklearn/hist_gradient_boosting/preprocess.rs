use crate::{
    ColumnUse, Error, Table, attributes,
    estimator::Transform,
    read::Cursor,
    sklearn::{building::Building, columns, encode::OrdinalEncoder},
};

/// What releases from 1.4 on do to rows with categorical columns: those come first and become
/// numbers, the others follow in their order.
#[derive(Debug)]
pub(super) struct Preprocess {
    encoder: OrdinalEncoder,
    categorical: Vec<usize>,
    numeric: Vec<usize>,
}

impl Preprocess {
    /// Reads `_preprocessor`; `None` when there is none, or nothing to encode.
    pub(super) fn read(
        c: Cursor<'_>,
        building: &Building,
        features: usize,
    ) -> Result<Option<Self>, Error> {
        let Some(preprocessor) = c.attr("_preprocessor").filter(|p| !p.is_none()) else {
            return Ok(None);
        };
        let wrong = |reason: &str| Error::attribute(c.class_name(), "_preprocessor", reason);
        let flags = c
            .attr("is_categorical_")
            .and_then(Cursor::as_array)
            .and_then(|array| array.bools(c.document()).ok())
            .filter(|flags| flags.len() == features)
            .ok_or_else(|| wrong("is there, but `is_categorical_` does not tell its columns"))?;
        let mut steps = attributes::list(preprocessor, "transformers_")?.into_iter();
        let encoder = steps.find_map(|step| {
            let estimator = step.go(*step.items()?.get(1)?);
            (estimator.class_name() == "OrdinalEncoder").then_some(estimator)
        });
        let encoder = encoder.ok_or_else(|| wrong("has no encoder of categories"))?;
        building.enter(encoder)?;
        let encoder = OrdinalEncoder::build(encoder)?;
        let chosen = |wanted: bool| {
            flags.iter().enumerate().filter(move |&(_, &flag)| flag == wanted).map(|(at, _)| at)
        };
        let categorical: Vec<usize> = chosen(true).collect();
        attributes::counted(c, "is_categorical_", categorical.len(), encoder.columns())?;
        Ok(Some(Self { encoder, categorical, numeric: chosen(false).collect() }))
    }

    /// Where the trees have a column of numbers.
    pub(super) fn number(&self, column: usize) -> Option<usize> {
        let place = self.numeric.iter().position(|&numeric| numeric == column)?;
        Some(self.categorical.len() + place)
    }

    /// What it does with each of the model's columns.
    pub(super) fn uses(&self) -> Vec<ColumnUse> {
        let mut uses = vec![ColumnUse::Value; self.categorical.len() + self.numeric.len()];
        let encoded = self.encoder.uses(self.categorical.len(), None).unwrap_or_default();
        for (&column, of_column) in self.categorical.iter().zip(encoded) {
            if let Some(column) = uses.get_mut(column) {
                *column = of_column;
            }
        }
        uses
    }

    /// The rows in the order and the numbers that the trees know.
    pub(super) fn apply(&self, input: &Table) -> Result<Vec<f64>, Error> {
        let encoded = self.encoder.transform(columns::choose(input, &self.categorical, false)?);
        let encoded = encoded.map_err(|e| e.trace(|at| self.categorical.get(at).copied()))?;
        let rest = columns::choose(input, &self.numeric, false)?;
        let rest = rest.to_f64().map_err(|e| e.trace(|at| self.numeric.get(at).copied()))?;
        let encoded = encoded.to_f64()?;
        let (first, second) = (self.categorical.len(), self.numeric.len());
        let mut values = Vec::with_capacity(encoded.len() + rest.len());
        for row in 0..input.rows {
            values
                .extend_from_slice(encoded.get(row * first..(row + 1) * first).unwrap_or_default());
            values
                .extend_from_slice(rest.get(row * second..(row + 1) * second).unwrap_or_default());
        }
        Ok(values)
    }
}
