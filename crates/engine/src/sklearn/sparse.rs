//! Sparse matrices that models hold.

use crate::{
    Csr, Data, Error, Scalar, Table, attributes, attributes::Grid, quantity, read::Cursor,
    sklearn::building::most_columns,
};

/// A `scipy.sparse` matrix of compressed rows, its columns in order.
pub(crate) fn rows(c: Cursor<'_>, name: &str) -> Result<Csr, Error> {
    let wrong = |reason: &str| Error::attribute(c.class_name(), name, reason.to_owned());
    let matrix = c.require(name)?;
    let Grid { values, yields_f32, .. } = attributes::grid(matrix, "data")?;
    let whole = |part: &str| -> Result<Vec<usize>, Error> {
        Ok(attributes::numbers(matrix, part)?.into_iter().map(|it| it as usize).collect())
    };
    let (columns_of, starts) = (whole("indices")?, whole("indptr")?);
    let shape = attributes::list(matrix, "_shape")?;
    let size = |at: usize| {
        let size = shape.get(at).and_then(|it| it.as_i64());
        size.and_then(|it| usize::try_from(it).ok()).ok_or_else(|| wrong("has no shape"))
    };
    // scipy has sparse vectors too
    let (count, columns) = if shape.len() == 1 { (1, size(0)?) } else { (size(0)?, size(1)?) };
    let ascend = starts.is_sorted();
    let is_whole = starts.first() == Some(&0) && starts.last() == Some(&values.len());
    if !ascend || !is_whole || columns_of.len() != values.len() || starts.len() != count + 1 {
        return Err(wrong("is no matrix of compressed rows"));
    }
    if columns_of.iter().any(|&column| column >= columns) || u32::try_from(columns).is_err() {
        return Err(wrong("has values beyond its columns"));
    }
    if columns > most_columns(c) {
        return Err(wrong("has more columns than a file of this size can be of"));
    }
    let mut out = Csr::with_capacity(columns, count, values.len());
    out.scalar = if yields_f32 { Scalar::F32 } else { Scalar::F64 };
    let mut row: Vec<(usize, f64)> = Vec::new();
    for bounds in starts.windows(2) {
        let &[start, end] = bounds else { continue };
        let columns = columns_of.get(start..end).unwrap_or_default();
        let values = values.get(start..end).unwrap_or_default();
        row.extend(columns.iter().copied().zip(values.iter().copied()));
        row.sort_by_key(|(column, _)| *column);
        for (column, value) in row.drain(..) {
            out.indices.push(column as u32);
            out.values.push(value);
        }
        out.end_row();
    }
    Ok(out)
}

/// A sparse matrix looked up by column.
#[derive(Debug)]
pub(crate) struct Columns {
    /// `columns + 1` offsets into `entries`.
    starts: Vec<usize>,
    /// Rows and values.
    entries: Vec<(u32, f64)>,
}

impl Columns {
    pub(crate) fn of(csr: &Csr) -> Self {
        let mut starts = vec![0; csr.columns + 1];
        for &column in &csr.indices {
            if let Some(count) = starts.get_mut(column as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts.clone();
        let mut entries = vec![(0, 0.0); csr.values.len()];
        for row in 0..csr.starts.len().saturating_sub(1) {
            let (columns, values) = csr.row(row);
            for (&column, &value) in columns.iter().zip(values) {
                if let Some(at) = next.get_mut(column as usize) {
                    if let Some(entry) = entries.get_mut(*at) {
                        *entry = (row as u32, value);
                    }
                    *at += 1;
                }
            }
        }
        Self { starts, entries }
    }

    /// The rows that have a column, with their values.
    pub(crate) fn column(&self, column: usize) -> &[(u32, f64)] {
        match (self.starts.get(column), self.starts.get(column + 1)) {
            (Some(&start), Some(&end)) => self.entries.get(start..end).unwrap_or_default(),
            _ => &[],
        }
    }
}

/// The rows of a sparse matrix, row-major, zeros filled in.
///
/// # Errors
/// [`Error::Input`] when that would take too much memory.
pub(crate) fn filled(csr: &Csr, count: usize) -> Result<Vec<f64>, Error> {
    csr.may_be_filled(count)?;
    let mut values = vec![0.0; count * csr.columns];
    for (row, out) in values.chunks_exact_mut(csr.columns.max(1)).enumerate() {
        let (places, found) = csr.row(row);
        for (&place, &value) in places.iter().zip(found) {
            if let Some(out) = out.get_mut(place as usize) {
                *out += value;
            }
        }
    }
    Ok(values)
}

/// `count` rows, dense or sparse, with the number of their columns.
pub(crate) fn either(c: Cursor<'_>, name: &str, count: usize) -> Result<(Vec<f64>, usize), Error> {
    if c.require(name)?.attr("indptr").is_some() {
        let csr = rows(c, name)?;
        attributes::counted(c, name, csr.starts.len().saturating_sub(1), count)?;
        return Ok((filled(&csr, count)?, csr.columns));
    }
    let Grid { shape, values, .. } = attributes::grid(c, name)?;
    let &[rows, columns] = &shape[..] else {
        let reason = format!("has {} instead of two", quantity(shape.len(), "dimension"));
        return Err(Error::attribute(c.class_name(), name, reason));
    };
    attributes::counted(c, name, rows, count)?;
    Ok((values, columns))
}

/// A sparse answer made of a filled one.
pub(crate) fn thinned(values: &[f64], rows: usize, columns: usize, f32: bool) -> Table {
    let mut out = Csr::with_capacity(columns, rows, values.len() / 4);
    out.scalar = if f32 { Scalar::F32 } else { Scalar::F64 };
    for row in values.chunks_exact(columns.max(1)) {
        for (column, &value) in row.iter().enumerate() {
            if value != 0.0 {
                out.indices.push(column as u32);
                out.values.push(value);
            }
        }
        out.end_row();
    }
    out.round();
    Table { rows, names: None, data: Data::Sparse(out) }
}

#[cfg(test)]
mod tests {
    use super::rows;
    use crate::{Limits, read};

    #[test]
    fn columns_that_the_file_has_no_room_for_are_an_error() {
        let columns_of = |columns: i64| {
            let mut bytes = b"\x80\x02csklearn\nModel\n)\x81}X\x04\0\0\0held".to_vec();
            bytes.extend(b"cscipy.sparse\ncsr_matrix\n)\x81}(X\x04\0\0\0data](K\x05e");
            bytes.extend(b"X\x07\0\0\0indices](K\x02eX\x06\0\0\0indptr](K\0K\x01e");
            bytes.extend(b"X\x06\0\0\0_shapeK\x01\x8a\x08");
            bytes.extend(columns.to_le_bytes());
            bytes.extend(b"\x86ubsb.");
            let document = read::document(bytes, &Limits::default()).unwrap();
            let found = rows(document.root(), "held").map(|rows| rows.columns);
            found.map_err(|error| error.to_string())
        };
        assert_eq!(columns_of(3), Ok(3));
        assert_eq!(columns_of(1 << 20), Ok(1 << 20));
        for columns in [1 << 25, u32::MAX.into()] {
            let refusal = columns_of(columns).unwrap_err();
            assert!(refusal.contains("more columns than a file of this size"), "{refusal}");
        }
    }
}
