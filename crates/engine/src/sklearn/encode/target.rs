use super::{
    categories::{self, Categories},
    refuse,
    value::value,
};
use crate::{
    ColumnUse, Error, Inputs, Table, attributes,
    estimator::Transform,
    read::Cursor,
    sklearn::check::{self, Allow},
};

const CLASS: &str = "TargetEncoder";

/// `TargetEncoder`: the mean target of each category, for several classes one a class.
#[derive(Debug)]
pub(crate) struct TargetEncoder {
    inputs: Inputs,
    features: Vec<Feature>,
    /// What an unknown category becomes.
    means: Vec<f64>,
}

/// One input column: its categories, and `means.len()` numbers for each.
#[derive(Debug)]
struct Feature {
    categories: Categories,
    encodings: Vec<f64>,
}

impl TargetEncoder {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let all = categories::read_all(c)?;
        let inputs = attributes::inputs(c, Some(all.len()));
        attributes::counted(c, "categories_", all.len(), inputs.columns.unwrap_or_default())?;
        let means = attributes::numbers(c, "target_mean_")?;
        let encodings = attributes::list(c, "encodings_")?;
        attributes::counted(c, "encodings_", encodings.len(), all.len() * means.len())?;
        let mut features = Vec::with_capacity(all.len());
        for (categories, arrays) in all.into_iter().zip(encodings.chunks_exact(means.len().max(1)))
        {
            let mut encodings = vec![0.0; categories.len() * means.len()];
            for (class, array) in arrays.iter().enumerate() {
                let values = array.as_array().and_then(|v| v.f64s(array.document()).ok());
                let values = values.unwrap_or_default();
                attributes::counted(c, "encodings_", values.len(), categories.len())?;
                let cells = encodings.iter_mut().skip(class).step_by(means.len());
                cells.zip(values).for_each(|(to, v)| *to = v);
            }
            features.push(Feature { categories, encodings });
        }
        Ok(Self { inputs, features, means })
    }
}

impl Transform for TargetEncoder {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn outputs(&self, columns: usize) -> usize {
        columns * self.means.len()
    }

    fn source(&self, output: usize, _columns: usize) -> Option<usize> {
        output.checked_div(self.means.len())
    }

    fn uses(&self, _columns: usize, _after: Option<&[ColumnUse]>) -> Option<Vec<ColumnUse>> {
        Some(self.features.iter().map(|feature| feature.categories.column_use()).collect())
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        self.transform_ref(&input)
    }

    fn transform_ref(&self, input: &Table) -> Result<Table, Error> {
        check::width(input, self.inputs.columns, CLASS)?;
        check::dense(input, CLASS)?;
        check::finite(&input.data, Allow::Nan, CLASS)?;
        let classes = self.means.len();
        let mut values = Vec::with_capacity(input.rows * self.features.len() * classes);
        for row in 0..input.rows {
            for (column, feature) in self.features.iter().enumerate() {
                let found = feature.categories.find(value(&input.data, row, column));
                let known =
                    found.and_then(|at| feature.encodings.get(at * classes..(at + 1) * classes));
                if known.is_none()
                    && let Some(refusal) =
                        refuse::kind(CLASS, &feature.categories, input, row, column)
                {
                    return Err(refusal);
                }
                values.extend_from_slice(known.unwrap_or(&self.means));
            }
        }
        Ok(Table::matrix(input.rows, self.features.len() * classes, values))
    }
}
