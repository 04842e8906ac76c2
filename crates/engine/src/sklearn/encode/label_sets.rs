use super::{
    categories::Categories,
    value::{Value, value},
};
use crate::{
    Cell, Column, Csr, Data, Error, Inputs, Matrix, Scalar, Table, attributes,
    estimator::Transform, read::Cursor,
};

const CLASS: &str = "MultiLabelBinarizer";
const NO_LIST: &str = "is no list of labels";

/// `MultiLabelBinarizer`: several labels a row, a column for each label that is known.
#[derive(Debug)]
pub(crate) struct MultiLabelBinarizer {
    classes: Categories,
    is_sparse: bool,
}

impl MultiLabelBinarizer {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let classes = Categories::read(c.require("classes_")?).ok_or_else(|| {
            Error::attribute(CLASS, "classes_", "holds something that is neither text nor number")
        })?;
        Ok(Self { classes, is_sparse: attributes::flag(c, "sparse_output", false) })
    }

    /// The columns of the labels of a row, in order and each once. Unknown labels have none, of which the
    /// library only warns.
    fn of_row(&self, input: &Table, row: usize, found: &mut Vec<usize>) -> Result<(), Error> {
        found.clear();
        let list = match &input.data {
            Data::Columns(columns) => match &columns[..] {
                [Column::Any(cells)] => cells.get(row),
                _ => None,
            },
            // the library would take each letter for a label
            Data::Documents(_) => return Err(Error::value(row, 0, NO_LIST)),
            _ => None,
        };
        match list {
            Some(Cell::Texts(labels)) => {
                found.extend(labels.iter().filter_map(|it| self.classes.find(Value::Text(it))));
            }
            Some(Cell::Absent) => {}
            Some(_) => return Err(Error::value(row, 0, NO_LIST)),
            // of a frame the library would take the names of its columns for rows
            None if input.names.is_some() => return Err(Error::value(row, 0, NO_LIST)),
            None => {
                let labels = (0..input.columns()).map(|at| value(&input.data, row, at));
                found.extend(labels.filter_map(|label| self.classes.find(label)));
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(())
    }
}

impl Transform for MultiLabelBinarizer {
    fn inputs(&self) -> Inputs {
        Inputs::default()
    }

    fn outputs(&self, _columns: usize) -> usize {
        self.classes.len()
    }

    fn source(&self, _output: usize, _columns: usize) -> Option<usize> {
        None
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        self.transform_ref(&input)
    }

    fn transform_ref(&self, input: &Table) -> Result<Table, Error> {
        let columns = self.classes.len();
        let mut found = Vec::new();
        let data = if self.is_sparse {
            let mut out = Csr::with_capacity(columns, input.rows, input.rows);
            out.scalar = Scalar::I64;
            for row in 0..input.rows {
                self.of_row(input, row, &mut found)?;
                out.indices.extend(found.iter().map(|&place| place as u32));
                out.values.resize(out.indices.len(), 1.0);
                out.end_row();
            }
            Data::Sparse(out)
        } else {
            let mut values = vec![0; input.rows * columns];
            for (row, out) in values.chunks_exact_mut(columns.max(1)).enumerate() {
                self.of_row(input, row, &mut found)?;
                for &place in &found {
                    if let Some(cell) = out.get_mut(place) {
                        *cell = 1;
                    }
                }
            }
            Data::I64(Matrix { columns, values })
        };
        Ok(Table { rows: input.rows, names: None, data })
    }
}
