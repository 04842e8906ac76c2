use std::sync::Arc;

use crate::{Column, Csr, Data, Error, Matrix, Table, sklearn::stack};

/// The chosen columns as a table of their own.
pub(crate) fn choose(input: &Table, columns: &[usize], scalar: bool) -> Result<Table, Error> {
    fn gather<T: Copy>(m: &Matrix<T>, columns: &[usize]) -> Matrix<T> {
        let mut values = Vec::with_capacity(m.values.len() / m.columns.max(1) * columns.len());
        for row in m.values.chunks_exact(m.columns.max(1)) {
            values.extend(columns.iter().filter_map(|&column| row.get(column)));
        }
        Matrix { columns: columns.len(), values }
    }
    let names = input.names.as_ref().map(|names| {
        columns.iter().filter_map(|&column| names.get(column)).map(Arc::clone).collect()
    });
    let data = match &input.data {
        Data::F64(m) => Data::F64(gather(m, columns)),
        Data::F32(m) => Data::F32(gather(m, columns)),
        Data::I64(m) => Data::I64(gather(m, columns)),
        Data::Sparse(csr) => Data::Sparse(sparse(csr, input.rows, columns)),
        Data::Documents(texts) => Data::Columns(vec![Column::Text(texts.clone())]),
        Data::Columns(all) => {
            Data::Columns(columns.iter().filter_map(|&column| all.get(column)).cloned().collect())
        }
    };
    let mut table = Table { rows: input.rows, names, data };
    if scalar
        && let Data::Columns(only) = &table.data
        && let Some(column @ (Column::Text(_) | Column::Any(_))) = only.first()
    {
        table.data = Data::Documents(stack::documents(column)?);
        table.names = None;
    }
    Ok(table)
}

fn sparse(csr: &Csr, rows: usize, columns: &[usize]) -> Csr {
    let mut out = Csr::with_capacity(columns.len(), rows, csr.values.len());
    out.scalar = csr.scalar;
    for row in 0..rows {
        let (indices, values) = csr.row(row);
        for (to, &column) in columns.iter().enumerate() {
            for (&index, &value) in indices.iter().zip(values) {
                if index as usize == column {
                    out.indices.push(to as u32);
                    out.values.push(value);
                }
            }
        }
        out.end_row();
    }
    out
}
