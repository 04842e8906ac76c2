use std::collections::HashMap;

use super::{
    categories::{self, Categories},
    refuse,
    value::value,
};
use crate::{
    Cell, Column, ColumnUse, Data, Error, Inputs, Matrix, Scalar, Table, attributes,
    estimator::Transform,
    read::Cursor,
    sklearn::check::{self, Allow},
};

const CLASS: &str = "OrdinalEncoder";

/// `OrdinalEncoder`: the number of each category.
#[derive(Debug)]
pub(crate) struct OrdinalEncoder {
    inputs: Inputs,
    features: Vec<Feature>,
    /// What an unknown category becomes; `None` refuses it.
    unknown: Option<f64>,
    scalar: Scalar,
    is_narrow: bool,
}

/// One input column: its categories, and what each becomes.
#[derive(Debug)]
struct Feature {
    categories: Categories,
    codes: Vec<f64>,
}

impl OrdinalEncoder {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let all = categories::read_all(c)?;
        let inputs = attributes::inputs(c, Some(all.len()));
        attributes::counted(c, "categories_", all.len(), inputs.columns.unwrap_or_default())?;
        let groups = attributes::flag(c, "_infrequent_enabled", false);
        let mappings = c.attr("_default_to_infrequent_mappings").filter(|_| groups);
        let mappings = categories::arrays_per_column(mappings);
        let missing_value = attributes::number(c, "encoded_missing_value").unwrap_or(f64::NAN);
        let missing = missing_indices(c);
        let mut features = Vec::with_capacity(all.len());
        for (at, categories) in all.into_iter().enumerate() {
            let mut codes: Vec<f64> = (0..categories.len()).map(|code| code as f64).collect();
            let missing = missing.get(&(at as i64)).copied();
            if let Some(Some(mapping)) = mappings.get(at) {
                let name = "_default_to_infrequent_mappings";
                // NaN is the last category, which the mapping leaves out
                let mapped = codes.len() - usize::from(missing.is_some_and(|m| m < codes.len()));
                attributes::counted(c, name, mapping.len(), mapped)?;
                codes.iter_mut().zip(mapping).for_each(|(code, &group)| *code = group as f64);
            }
            if let Some(code) = missing.and_then(|place| codes.get_mut(place)) {
                *code = missing_value;
            }
            features.push(Feature { categories, codes });
        }
        let unknown = match attributes::text(c, "handle_unknown") {
            Some("use_encoded_value") => {
                Some(attributes::number(c, "unknown_value").ok_or_else(|| {
                    Error::attribute("OrdinalEncoder", "unknown_value", "is not a number")
                })?)
            }
            _ => None,
        };
        let scalar = attributes::scalar(c, "dtype").unwrap_or_default();
        let is_narrow = attributes::is_narrow(c, "dtype");
        Ok(Self { inputs, features, unknown, scalar, is_narrow })
    }

    /// What a value that is no category becomes.
    #[cold]
    fn unknown(
        &self,
        feature: &Feature,
        table: &Table,
        row: usize,
        column: usize,
    ) -> Result<f64, Error> {
        match (refuse::kind(CLASS, &feature.categories, table, row, column), self.unknown) {
            (Some(refusal), _) => Err(refusal),
            (None, Some(code)) => Ok(code),
            (None, None) => Err(refuse::unknown(CLASS, table, row, column)),
        }
    }

    /// Number of columns it encodes.
    pub(crate) fn columns(&self) -> usize {
        self.features.len()
    }
}

/// The place of the missing category of each column that has one.
fn missing_indices(c: Cursor<'_>) -> HashMap<i64, usize> {
    let Some(map) = c.attr("_missing_indices") else { return HashMap::new() };
    let place = |&(column, place)| {
        Some((map.go(column).as_i64()?, usize::try_from(map.go(place).as_i64()?).ok()?))
    };
    map.pairs().unwrap_or_default().iter().filter_map(place).collect()
}

impl Transform for OrdinalEncoder {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn uses(&self, _columns: usize, _after: Option<&[ColumnUse]>) -> Option<Vec<ColumnUse>> {
        Some(self.features.iter().map(|feature| feature.categories.column_use()).collect())
    }

    fn is_narrow(&self, _rows: bool) -> bool {
        self.is_narrow
    }

    fn categories(&self, column: usize, _columns: usize) -> Option<Vec<Cell>> {
        Some(self.features.get(column)?.categories.cells())
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        self.transform_ref(&input)
    }

    fn transform_ref(&self, input: &Table) -> Result<Table, Error> {
        let class = CLASS;
        check::width(input, self.inputs.columns, class)?;
        check::finite(&input.data, Allow::Nan, class)?;
        let columns = self.features.len();
        let mut values = Vec::with_capacity(input.rows * columns);
        for row in 0..input.rows {
            for (column, feature) in self.features.iter().enumerate() {
                let found = feature.categories.find(value(&input.data, row, column));
                let code = found.and_then(|place| feature.codes.get(place)).copied();
                values.push(match code {
                    Some(code) => code,
                    None => self.unknown(feature, input, row, column)?,
                });
            }
        }
        let data = match self.scalar {
            Scalar::F64 => Data::F64(Matrix { columns, values }),
            Scalar::F32 => {
                Data::F32(Matrix { columns, values: values.iter().map(|&v| v as f32).collect() })
            }
            Scalar::I64 => {
                Data::I64(Matrix { columns, values: values.iter().map(|&v| v as i64).collect() })
            }
            Scalar::Bool => {
                let of_column = |at| values.iter().skip(at).step_by(columns).map(|&v| v != 0.0);
                let columns = (0..columns).map(|at| Column::Bool(of_column(at).collect()));
                Data::Columns(columns.collect())
            }
        };
        Ok(Table { rows: input.rows, names: None, data })
    }
}
