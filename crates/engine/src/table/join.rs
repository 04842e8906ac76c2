//! The rows of several tables as one table, so that they can be answered at once.

use super::{Column, Csr, Data, Matrix, Table};

impl Table {
    /// True when rows of `other` may stand below those of this table: both have the same names and the same kinds of
    /// columns. Mixed columns never match, since what is made of one may depend on all of its values.
    pub fn matches(&self, other: &Self) -> bool {
        self.names == other.names
            && match (&self.data, &other.data) {
                (Data::F64(a), Data::F64(b)) => a.columns == b.columns,
                (Data::F32(a), Data::F32(b)) => a.columns == b.columns,
                (Data::I64(a), Data::I64(b)) => a.columns == b.columns,
                (Data::Columns(a), Data::Columns(b)) => {
                    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.matches(b))
                }
                (Data::Sparse(a), Data::Sparse(b)) => {
                    a.columns == b.columns && a.scalar == b.scalar
                }
                (Data::Documents(_), Data::Documents(_)) => true,
                _ => false,
            }
    }

    /// The rows of `tables`, in order. `None` when they do not match, when there is none, or when their texts are too
    /// large for one column.
    pub fn join(tables: &[&Self]) -> Option<Self> {
        let (first, rest) = tables.split_first()?;
        if !rest.iter().all(|table| first.matches(table)) {
            return None;
        }
        let mut rows = first.rows;
        let mut data = first.data.clone();
        for table in rest {
            rows = rows.checked_add(table.rows)?;
            data.append(&table.data)?;
        }
        Some(Self { rows, names: first.names.clone(), data })
    }

    /// Bytes of memory that the values take, about.
    pub fn bytes(&self) -> usize {
        match &self.data {
            Data::F64(m) => m.values.len() * 8,
            Data::F32(m) => m.values.len() * 4,
            Data::I64(m) => m.values.len() * 8,
            Data::Columns(columns) => columns.iter().map(Column::bytes).sum(),
            Data::Sparse(csr) => csr.starts.len() * 8 + csr.values.len() * 12,
            Data::Documents(texts) => texts.bytes(),
        }
    }
}

impl Data {
    /// Adds the rows of `other`; `None` when they are of another kind or do not fit.
    fn append(&mut self, other: &Self) -> Option<()> {
        match (self, other) {
            (Self::F64(a), Self::F64(b)) => a.append(b),
            (Self::F32(a), Self::F32(b)) => a.append(b),
            (Self::I64(a), Self::I64(b)) => a.append(b),
            (Self::Columns(a), Self::Columns(b)) => {
                a.iter_mut().zip(b).try_for_each(|(a, b)| a.append(b))?;
            }
            (Self::Sparse(a), Self::Sparse(b)) => a.append(b),
            (Self::Documents(a), Self::Documents(b)) => return a.append(b),
            _ => return None,
        }
        Some(())
    }
}

impl<T: Clone> Matrix<T> {
    fn append(&mut self, other: &Self) {
        self.values.extend_from_slice(&other.values);
    }
}

impl Column {
    fn matches(&self, other: &Self) -> bool {
        matches!(
            (self, other),
            (Self::F64(_), Self::F64(_))
                | (Self::F32(_), Self::F32(_))
                | (Self::I64(_), Self::I64(_))
                | (Self::Bool(_), Self::Bool(_))
                | (Self::Text(_), Self::Text(_))
        )
    }

    fn append(&mut self, other: &Self) -> Option<()> {
        match (self, other) {
            (Self::F64(a), Self::F64(b)) => a.extend_from_slice(b),
            (Self::F32(a), Self::F32(b)) => a.extend_from_slice(b),
            (Self::I64(a), Self::I64(b)) => a.extend_from_slice(b),
            (Self::Bool(a), Self::Bool(b)) => a.extend_from_slice(b),
            (Self::Text(a), Self::Text(b)) => return a.append(b),
            _ => return None,
        }
        Some(())
    }

    fn bytes(&self) -> usize {
        match self {
            Self::F64(v) => v.len() * 8,
            Self::F32(v) => v.len() * 4,
            Self::I64(v) => v.len() * 8,
            Self::Bool(v) => v.len(),
            Self::Text(v) => v.bytes(),
            Self::Any(v) => v.len() * 24,
        }
    }
}

impl Csr {
    fn append(&mut self, other: &Self) {
        let shift = self.indices.len();
        self.starts.extend(other.starts.iter().skip(1).map(|start| start + shift));
        self.indices.extend_from_slice(&other.indices);
        self.values.extend_from_slice(&other.values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cell, TextColumn};

    fn frame(columns: Vec<Column>) -> Table {
        Table { rows: columns[0].len(), names: None, data: Data::Columns(columns) }
    }

    fn texts(all: &[Option<&str>]) -> TextColumn {
        all.iter().copied().collect()
    }

    #[test]
    fn rows_of_every_kind_stand_below_one_another() {
        let sparse = |starts: Vec<usize>, indices: Vec<u32>, values: Vec<f64>| {
            let rows = starts.len() - 1;
            let csr = Csr { columns: 4, starts, indices, values, ..Csr::default() };
            Table { rows, names: None, data: Data::Sparse(csr) }
        };
        let documents = |all: &[Option<&str>]| Table {
            rows: all.len(),
            names: None,
            data: Data::Documents(texts(all)),
        };
        let cases = [
            (
                Table::matrix(1, 2, vec![1.0, 2.0]),
                Table::matrix(2, 2, vec![3.0, 4.0, 5.0, 6.0]),
                Table::matrix(3, 2, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
            ),
            (
                frame(vec![Column::I64(vec![1]), Column::Text(texts(&[Some("é")]))]),
                frame(vec![Column::I64(vec![2, 3]), Column::Text(texts(&[None, Some("b")]))]),
                frame(vec![
                    Column::I64(vec![1, 2, 3]),
                    Column::Text(texts(&[Some("é"), None, Some("b")])),
                ]),
            ),
            (
                sparse(vec![0, 2], vec![0, 3], vec![1.0, 2.0]),
                sparse(vec![0, 0, 1], vec![2], vec![5.0]),
                sparse(vec![0, 2, 2, 3], vec![0, 3, 2], vec![1.0, 2.0, 5.0]),
            ),
            (
                documents(&[Some("a b"), None]),
                documents(&[Some("")]),
                documents(&[Some("a b"), None, Some("")]),
            ),
        ];
        for (a, b, both) in cases {
            assert_eq!(Table::join(&[&a, &b]).as_ref(), Some(&both));
            assert_eq!(Table::join(&[&a]).as_ref(), Some(&a));
            assert!(both.bytes() > a.bytes() && both.bytes() > b.bytes());
        }
        assert_eq!(Table::join(&[]), None);
    }

    #[test]
    fn rows_of_different_kinds_stay_apart() {
        let doubles = Table::matrix(1, 1, vec![1.0]);
        let mixed = frame(vec![Column::Any(vec![Cell::Null])]);
        let named = Table { names: Some(["a".into()].into()), ..doubles.clone() };
        for other in [
            Table::matrix(1, 2, vec![1.0, 2.0]),
            frame(vec![Column::F64(vec![1.0])]),
            named,
            mixed.clone(),
        ] {
            assert!(!doubles.matches(&other), "{other:?}");
            assert_eq!(Table::join(&[&doubles, &other]), None);
        }
        assert!(!mixed.matches(&mixed));
        let integer = frame(vec![Column::I64(vec![1])]);
        assert!(!integer.matches(&frame(vec![Column::F64(vec![1.0])])));
    }
}
