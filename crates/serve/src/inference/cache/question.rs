//! A question to a model as bytes: two questions have the same bytes exactly when they are the same to every bit.

use longshore_engine::{Cell, Column, Data, Matrix, Method, Scalar, Table, TextColumn};

/// Writes the methods and the values. Every length stands before what it counts, so that nothing can be read in two
/// ways.
pub(super) fn write(methods: &[Method], table: &Table) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + table.bytes());
    count(&mut out, methods.len());
    out.extend(methods.iter().map(|method| *method as u8));
    count(&mut out, table.rows);
    match &table.names {
        None => out.push(0),
        Some(names) => {
            out.push(1);
            count(&mut out, names.len());
            for name in names.iter() {
                text(&mut out, name);
            }
        }
    }
    match &table.data {
        Data::F64(m) => matrix(&mut out, 0, m, |value| value.to_bits().to_le_bytes()),
        Data::F32(m) => matrix(&mut out, 1, m, |value| value.to_bits().to_le_bytes()),
        Data::I64(m) => matrix(&mut out, 2, m, i64::to_le_bytes),
        Data::Columns(columns) => {
            out.push(3);
            count(&mut out, columns.len());
            for each in columns {
                column(&mut out, each);
            }
        }
        Data::Sparse(csr) => {
            let scalar = match csr.scalar {
                Scalar::F64 => 0,
                Scalar::F32 => 1,
                Scalar::I64 => 2,
                Scalar::Bool => 3,
            };
            out.extend([4, scalar]);
            count(&mut out, csr.columns);
            count(&mut out, csr.starts.len());
            for start in &csr.starts {
                count(&mut out, *start);
            }
            values(&mut out, &csr.indices, u32::to_le_bytes);
            values(&mut out, &csr.values, |value| value.to_bits().to_le_bytes());
        }
        Data::Documents(all) => {
            out.push(5);
            texts(&mut out, all);
        }
    }
    out
}

fn count(out: &mut Vec<u8>, count: usize) {
    out.extend_from_slice(&(count as u64).to_le_bytes());
}

fn text(out: &mut Vec<u8>, text: &str) {
    count(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

fn values<T: Copy, const N: usize>(out: &mut Vec<u8>, all: &[T], write: impl Fn(T) -> [u8; N]) {
    count(out, all.len());
    for value in all {
        out.extend_from_slice(&write(*value));
    }
}

fn matrix<T: Copy, const N: usize>(
    out: &mut Vec<u8>,
    kind: u8,
    matrix: &Matrix<T>,
    write: impl Fn(T) -> [u8; N],
) {
    out.push(kind);
    count(out, matrix.columns);
    values(out, &matrix.values, write);
}

fn texts(out: &mut Vec<u8>, all: &TextColumn) {
    count(out, all.len());
    for each in all.iter() {
        match each {
            None => out.push(0),
            Some(each) => {
                out.push(1);
                text(out, each);
            }
        }
    }
}

fn column(out: &mut Vec<u8>, column: &Column) {
    match column {
        Column::F64(v) => {
            out.push(0);
            values(out, v, |value| value.to_bits().to_le_bytes());
        }
        Column::F32(v) => {
            out.push(1);
            values(out, v, |value| value.to_bits().to_le_bytes());
        }
        Column::I64(v) => {
            out.push(2);
            values(out, v, i64::to_le_bytes);
        }
        Column::Bool(v) => {
            out.push(3);
            values(out, v, |value| [u8::from(value)]);
        }
        Column::Text(v) => {
            out.push(4);
            texts(out, v);
        }
        Column::Any(cells) => {
            out.push(5);
            count(out, cells.len());
            for each in cells {
                cell(out, each);
            }
        }
    }
}

fn cell(out: &mut Vec<u8>, cell: &Cell) {
    match cell {
        Cell::Null => out.push(0),
        Cell::Bool(value) => out.extend([1, u8::from(*value)]),
        Cell::I64(value) => {
            out.push(2);
            out.extend_from_slice(&value.to_le_bytes());
        }
        Cell::F64(value) => {
            out.push(3);
            out.extend_from_slice(&value.to_bits().to_le_bytes());
        }
        Cell::Text(value) => {
            out.push(4);
            text(out, value);
        }
        Cell::Texts(values) => {
            out.push(5);
            count(out, values.len());
            values.iter().for_each(|value| text(out, value));
        }
        Cell::Absent => out.push(6),
    }
}

#[cfg(test)]
mod tests {
    use longshore_engine::Csr;

    use super::*;

    #[test]
    fn questions_that_differ_in_a_bit_are_different() {
        let table = |data| Table { rows: 1, names: None, data };
        let f64s = |columns, values| table(Data::F64(Matrix { columns, values }));
        let frame = |columns| table(Data::Columns(columns));
        let texts = |all: &[Option<&str>]| all.iter().copied().collect::<TextColumn>();
        let any = |cell: Cell| frame(vec![Column::Any(vec![cell])]);
        let sparse = |index| {
            let (starts, indices, values) = (vec![0, 1], vec![index], vec![1.0]);
            table(Data::Sparse(Csr { columns: 4, starts, indices, values, ..Csr::default() }))
        };
        let tables = [
            f64s(1, vec![0.0]),
            f64s(1, vec![-0.0]),
            f64s(1, vec![f64::NAN]),
            f64s(1, vec![f64::from_bits(f64::NAN.to_bits() ^ 1)]),
            f64s(2, vec![0.0, 0.0]),
            table(Data::I64(Matrix { columns: 1, values: vec![0] })),
            table(Data::F32(Matrix { columns: 1, values: vec![0.0] })),
            Table { names: Some(["a".into()].into()), ..f64s(1, vec![0.0]) },
            Table { names: Some(["b".into()].into()), ..f64s(1, vec![0.0]) },
            Table { rows: 2, names: None, data: f64s(1, vec![0.0, 0.0]).data },
            frame(vec![Column::F64(vec![0.0])]),
            frame(vec![Column::F32(vec![0.0])]),
            frame(vec![Column::I64(vec![0])]),
            frame(vec![Column::Bool(vec![false])]),
            frame(vec![Column::Text(texts(&[None]))]),
            frame(vec![Column::Text(texts(&[Some("")]))]),
            frame(vec![Column::Text(texts(&[Some("a")])), Column::Text(texts(&[Some("bc")]))]),
            frame(vec![Column::Text(texts(&[Some("ab")])), Column::Text(texts(&[Some("c")]))]),
            any(Cell::Null),
            any(Cell::Bool(false)),
            any(Cell::I64(0)),
            any(Cell::F64(0.0)),
            any(Cell::Text("".into())),
            any(Cell::Absent),
            any(Cell::Texts(["a".into()].into())),
            any(Cell::Texts(["a".into(), "".into()].into())),
            sparse(0),
            sparse(1),
            table(Data::Documents(texts(&[None]))),
            table(Data::Documents(texts(&[Some("a")]))),
        ];
        let methods = [&[Method::Predict][..], &[Method::PredictProba], &[Method::Predict; 2]];
        let mut seen = Vec::new();
        for table in &tables {
            for methods in methods {
                let bytes = write(methods, table);
                assert_eq!(bytes, write(methods, &table.clone()));
                assert!(!seen.contains(&bytes), "{methods:?} {table:?}");
                seen.push(bytes);
            }
        }
    }
}
