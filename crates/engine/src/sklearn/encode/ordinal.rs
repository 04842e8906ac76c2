use super::categories::{self, Categories};
use crate::{
    Data, Error, Inputs, Matrix, Scalar, Table,
    read::Cursor,
    sklearn::{
        Transform,
        check::{self, Allow},
        fields,
    },
};

/// `OrdinalEncoder`: the number of each category.
#[derive(Debug)]
pub(crate) struct OrdinalEncoder {
    inputs: Inputs,
    features: Vec<Feature>,
    /// What an unknown category becomes; `None` refuses it.
    unknown: Option<f64>,
    scalar: Scalar,
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
        let inputs = fields::inputs(c, Some(all.len()));
        fields::counted(c, "categories_", all.len(), inputs.columns.unwrap_or_default())?;
        let groups = fields::flag(c, "_infrequent_enabled", false);
        let mappings = c.attr("_default_to_infrequent_mappings").filter(|_| groups);
        let mappings = categories::arrays_per_column(mappings);
        let missing_value = fields::number(c, "encoded_missing_value").unwrap_or(f64::NAN);
        let mut features = Vec::with_capacity(all.len());
        for (at, categories) in all.into_iter().enumerate() {
            let mut codes: Vec<f64> = (0..categories.len()).map(|code| code as f64).collect();
            if let Some(Some(mapping)) = mappings.get(at) {
                let name = "_default_to_infrequent_mappings";
                fields::counted(c, name, mapping.len(), codes.len())?;
                codes = mapping.iter().map(|&code| code as f64).collect();
            }
            if let Some(code) = missing_index(c, at).and_then(|place| codes.get_mut(place)) {
                *code = missing_value;
            }
            features.push(Feature { categories, codes });
        }
        let unknown = match fields::text(c, "handle_unknown") {
            Some("use_encoded_value") => {
                Some(fields::number(c, "unknown_value").ok_or_else(|| {
                    Error::attribute("OrdinalEncoder", "unknown_value", "is not a number")
                })?)
            }
            _ => None,
        };
        let scalar = fields::scalar(c, "dtype").unwrap_or_default();
        Ok(Self { inputs, features, unknown, scalar })
    }

    /// Number of columns it encodes.
    pub(crate) fn columns(&self) -> usize {
        self.features.len()
    }
}

/// The place of the missing category of a column.
fn missing_index(c: Cursor<'_>, column: usize) -> Option<usize> {
    let map = c.attr("_missing_indices")?;
    let of_column = |&&(key, _): &&(_, _)| map.go(key).as_i64() == Some(column as i64);
    let &(_, place) = map.pairs()?.iter().find(of_column)?;
    usize::try_from(map.go(place).as_i64()?).ok()
}

impl Transform for OrdinalEncoder {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        self.transform_ref(&input)
    }

    fn transform_ref(&self, input: &Table) -> Result<Table, Error> {
        let class = "OrdinalEncoder";
        check::width(input, self.inputs.columns, class)?;
        check::finite(&input.data, Allow::Nan, class)?;
        let columns = self.features.len();
        let mut values = Vec::with_capacity(input.rows * columns);
        for row in 0..input.rows {
            for (column, feature) in self.features.iter().enumerate() {
                let found = feature.categories.find(categories::value(&input.data, row, column));
                let code = found.and_then(|place| feature.codes.get(place)).copied();
                values.push(
                    code.or(self.unknown).ok_or_else(|| {
                        categories::unknown(class, &self.inputs, input, row, column)
                    })?,
                );
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
        };
        Ok(Table { rows: input.rows, names: None, data })
    }
}
