//! What a numpy type makes of a table when it is called as a function, as in `numpy.float32(X)`.

use crate::{Column, Data, Error, Matrix, Table};

/// A type of numpy that tables can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cast {
    F64,
    F32,
    I64,
    I32,
    Bool,
}

impl Cast {
    /// The type that numpy calls `name`, in any of its releases.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "float64" | "double" | "float_" => Self::F64,
            "float32" | "single" => Self::F32,
            "int64" | "int_" | "intp" | "longlong" | "long" => Self::I64,
            "int32" | "intc" => Self::I32,
            "bool_" | "bool" | "bool8" => Self::Bool,
            _ => return None,
        })
    }

    /// Every value in this type. Names are lost, as an array has none.
    ///
    /// # Errors
    /// [`Error::Value`] for a text, and for a number that is no integer of this type: numpy gives another
    /// one on every processor.
    pub(super) fn apply(self, table: &Table) -> Result<Table, Error> {
        if matches!(table.data, Data::Sparse(_) | Data::Documents(_)) {
            return Err(Error::input("a numpy type takes rows of numbers, dense ones"));
        }
        let (rows, columns) = (table.rows, table.columns());
        let data = match self {
            Self::F64 => Data::F64(Matrix { columns, values: table.to_f64()?.into_owned() }),
            Self::F32 => Data::F32(Matrix { columns, values: table.to_f32()?.into_owned() }),
            Self::I64 | Self::I32 => Data::I64(Matrix { columns, values: self.integers(table)? }),
            Self::Bool => {
                let values = table.to_f64()?;
                let of = |at| values.iter().skip(at).step_by(columns.max(1)).map(|v| *v != 0.0);
                Data::Columns((0..columns).map(|at| Column::Bool(of(at).collect())).collect())
            }
        };
        Ok(Table { rows, names: None, data })
    }

    fn integers(self, table: &Table) -> Result<Vec<i64>, Error> {
        let narrow = self == Self::I32;
        // integers wrap around
        let wrapped = |v: i64| if narrow { i64::from(v as i32) } else { v };
        if let Data::I64(matrix) = &table.data {
            return Ok(matrix.values.iter().map(|&v| wrapped(v)).collect());
        }
        if let Data::Columns(columns) = &table.data
            && let Some(whole) = whole(columns)
        {
            let row = |row| whole.iter().map(move |column| column.get(row).copied().unwrap_or(0));
            return Ok((0..table.rows).flat_map(row).map(wrapped).collect());
        }
        let (bits, width) = if narrow { (31, "32") } else { (63, "64") };
        let limit = 2_f64.powi(bits);
        let columns = table.columns().max(1);
        let one = |(at, &value): (usize, &f64)| {
            let cut = value.trunc();
            if cut >= -limit && cut < limit {
                return Ok(cut as i64);
            }
            let reason = format!("is {value}, which is no integer of {width} bits");
            Err(Error::value(at / columns, at % columns, reason))
        };
        table.to_f64()?.iter().enumerate().map(one).collect()
    }
}

/// The values of a frame that has integers and booleans alone.
fn whole(columns: &[Column]) -> Option<Vec<Vec<i64>>> {
    let one = |column: &Column| match column {
        Column::I64(v) => Some(v.clone()),
        Column::Bool(v) => Some(v.iter().map(|&v| i64::from(v)).collect()),
        _ => None,
    };
    columns.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::Cast;
    use crate::{Column, Data, Matrix, Table};

    fn numbers(table: Table) -> Vec<i64> {
        match table.data {
            Data::I64(matrix) => matrix.values,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn integers_wrap_and_fractions_are_cut_off() {
        let cut = Cast::I64.apply(&Table::matrix(1, 3, vec![-1.9, 1.9, 3e9])).unwrap();
        assert_eq!(numbers(cut), [-1, 1, 3_000_000_000]);
        let data = Data::I64(Matrix { columns: 1, values: vec![3_000_000_000] });
        let wide = Table { rows: 1, names: None, data };
        assert_eq!(numbers(Cast::I32.apply(&wide).unwrap()), [3_000_000_000_i64 as i32 as i64]);
        let columns = vec![Column::I64(vec![i64::MAX, 2]), Column::Bool(vec![true, false])];
        let frame = Table { rows: 2, names: None, data: Data::Columns(columns) };
        assert_eq!(numbers(Cast::I64.apply(&frame).unwrap()), [i64::MAX, 1, 2, 0]);
    }

    #[test]
    fn what_is_no_integer_is_named_with_its_place() {
        for (cast, value, said) in [
            (Cast::I64, f64::NAN, "row 1, column 0 is NaN, which is no integer of 64 bits"),
            (Cast::I32, 3e9, "row 1, column 0 is 3000000000, which is no integer of 32 bits"),
        ] {
            let error = cast.apply(&Table::matrix(2, 1, vec![0.0, value])).unwrap_err();
            assert_eq!(error.to_string(), said);
        }
    }
}
