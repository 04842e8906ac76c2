use super::{
    categories::{self, Categories},
    refuse,
    value::value,
};
use crate::{
    Cell, Column, ColumnUse, Csr, Data, Error, Inputs, Matrix, Scalar, Table, attributes,
    estimator::Transform,
    read::Cursor,
    sklearn::check::{self, Allow},
};

/// `OneHotEncoder`: one output column for each category that is neither dropped nor grouped.
#[derive(Debug)]
pub(crate) struct OneHotEncoder {
    inputs: Inputs,
    features: Vec<Feature>,
    outputs: usize,
    sparse: bool,
    scalar: Scalar,
    is_narrow: bool,
}

/// One input column.
#[derive(Debug)]
struct Feature {
    categories: Categories,
    /// The output column of each category; `None` for the dropped one.
    target: Vec<Option<u32>>,
    /// What an unknown category becomes.
    unknown: Unknown,
    /// The output column that follows its last one.
    end: u32,
}

#[derive(Clone, Copy, Debug)]
enum Unknown {
    Refused,
    /// The output column of rare categories, or no output column.
    Target(Option<u32>),
}

impl Feature {
    /// What a value that is no category becomes.
    #[cold]
    fn unknown(&self, table: &Table, row: usize, column: usize) -> Result<Option<u32>, Error> {
        let class = "OneHotEncoder";
        match (refuse::kind(class, &self.categories, table, row, column), self.unknown) {
            (Some(refusal), _) => Err(refusal),
            (None, Unknown::Target(target)) => Ok(target),
            (None, Unknown::Refused) => Err(refuse::unknown(class, table, row, column)),
        }
    }
}

impl OneHotEncoder {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let all = categories::read_all(c)?;
        let inputs = attributes::inputs(c, Some(all.len()));
        attributes::counted(c, "categories_", all.len(), inputs.columns.unwrap_or_default())?;
        let dropped = c.attr("_drop_idx_after_grouping").or_else(|| c.attr("drop_idx_"));
        let dropped = categories::places_per_column(dropped.filter(|list| !list.is_none()));
        let groups = attributes::flag(c, "_infrequent_enabled", false);
        let mapped = |name| categories::arrays_per_column(c.attr(name).filter(|_| groups));
        let mappings = mapped("_default_to_infrequent_mappings");
        let rare = mapped("_infrequent_indices");
        let unknown = attributes::text(c, "handle_unknown").unwrap_or("error");
        let mut features = Vec::with_capacity(all.len());
        let mut outputs = 0u32;
        for (at, categories) in all.into_iter().enumerate() {
            let mapping = mappings.get(at).cloned().flatten();
            if let Some(mapping) = &mapping {
                let name = "_default_to_infrequent_mappings";
                attributes::counted(c, name, mapping.len(), categories.len())?;
            }
            let codes = mapping.unwrap_or_else(|| (0..categories.len()).collect());
            let dropped = dropped.get(at).copied().flatten();
            let target_of = |code: usize| match dropped {
                Some(dropped) if code == dropped => None,
                Some(dropped) if code > dropped => Some(outputs + code as u32 - 1),
                _ => Some(outputs + code as u32),
            };
            let target: Vec<_> = codes.iter().map(|&code| target_of(code)).collect();
            let rare = rare.get(at).and_then(|rare| rare.as_ref()?.first().copied());
            let unknown = match unknown {
                "ignore" => Unknown::Target(None),
                "infrequent_if_exist" | "warn" => {
                    let code = rare.and_then(|rare| codes.get(rare));
                    Unknown::Target(code.and_then(|&code| target_of(code)))
                }
                _ => Unknown::Refused,
            };
            let groups = codes.iter().max().map_or(0, |&most| most + 1);
            if groups > categories.len() {
                return Err(Error::attribute(
                    c.class_name(),
                    "_default_to_infrequent_mappings",
                    format!("numbers {groups} groups of {} categories", categories.len()),
                ));
            }
            outputs += (groups - usize::from(dropped.is_some_and(|d| d < groups))) as u32;
            features.push(Feature { categories, target, unknown, end: outputs });
        }
        let sparse = c.attr("sparse_output").or_else(|| c.attr("sparse"));
        Ok(Self {
            inputs,
            features,
            outputs: outputs as usize,
            sparse: sparse.and_then(Cursor::as_bool).unwrap_or(true),
            scalar: attributes::scalar(c, "dtype").unwrap_or_default(),
            is_narrow: attributes::is_narrow(c, "dtype"),
        })
    }

    /// Calls `hit` with the output column that each value of a row sets.
    fn row(&self, table: &Table, row: usize, mut hit: impl FnMut(u32)) -> Result<(), Error> {
        for (column, feature) in self.features.iter().enumerate() {
            let target = match feature.categories.find(value(&table.data, row, column)) {
                Some(place) => feature.target.get(place).copied().flatten(),
                None => feature.unknown(table, row, column)?,
            };
            if let Some(target) = target {
                hit(target);
            }
        }
        Ok(())
    }

    fn dense<T: Clone + Default>(&self, table: &Table, one: &T) -> Result<Matrix<T>, Error> {
        let mut values = vec![T::default(); table.rows * self.outputs];
        for (row, out) in values.chunks_exact_mut(self.outputs.max(1)).enumerate() {
            self.row(table, row, |target| {
                if let Some(cell) = out.get_mut(target as usize) {
                    *cell = one.clone();
                }
            })?;
        }
        Ok(Matrix { columns: self.outputs, values })
    }
}

impl Transform for OneHotEncoder {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn outputs(&self, _columns: usize) -> usize {
        self.outputs
    }

    fn source(&self, output: usize, _columns: usize) -> Option<usize> {
        self.features.iter().position(|feature| output < feature.end as usize)
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
        check::width(input, self.inputs.columns, "OneHotEncoder")?;
        check::finite(&input.data, Allow::Nan, "OneHotEncoder")?;
        let data = if self.sparse {
            let stored = input.rows * self.features.len();
            let mut out = Csr::with_capacity(self.outputs, input.rows, stored);
            out.scalar = self.scalar;
            for row in 0..input.rows {
                self.row(input, row, |target| {
                    out.indices.push(target);
                    out.values.push(1.0);
                })?;
                out.end_row();
            }
            Data::Sparse(out)
        } else {
            match self.scalar {
                Scalar::F64 => Data::F64(self.dense(input, &1.0)?),
                Scalar::F32 => Data::F32(self.dense(input, &1.0)?),
                Scalar::I64 => Data::I64(self.dense(input, &1)?),
                Scalar::Bool => {
                    let mut columns = vec![vec![false; input.rows]; self.outputs];
                    for row in 0..input.rows {
                        self.row(input, row, |target| {
                            let column = columns.get_mut(target as usize);
                            if let Some(cell) = column.and_then(|column| column.get_mut(row)) {
                                *cell = true;
                            }
                        })?;
                    }
                    Data::Columns(columns.into_iter().map(Column::Bool).collect())
                }
            }
        };
        Ok(Table { rows: input.rows, names: None, data })
    }
}
