//! `HashingEncoder`: how many of a row's values fall to each of a few columns by their MD5.

use std::{fmt::Write, sync::Arc};

use super::super::{
    frame::{self, Frame},
    md5::md5,
};
use crate::{
    Cell, Column, ColumnUse, Csr, Error, Inputs, Table, estimator::Transform, read::Cursor,
};

/// Most columns that values may fall to.
const MOST: usize = 1 << 16;

/// The encoder of the package `category_encoders`. The columns of counts stand first.
#[derive(Debug)]
pub(crate) struct HashingEncoder {
    names: Arc<[Arc<str>]>,
    /// False when the columns of training had no names.
    named: bool,
    /// False when the file does not tell the order of the columns of training.
    ordered: bool,
    /// The columns whose values are counted.
    hashed: Vec<Arc<str>>,
    /// Columns of counts.
    width: usize,
    /// Output columns that are left out.
    dropped: Vec<Arc<str>>,
}

impl HashingEncoder {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let method = match c.attr("hash_method") {
            Some(method) => method.as_str().ok_or_else(|| {
                let reason = format!("holds {}, where a name is expected", method.describe());
                Error::attribute(c.class_name(), "hash_method", reason)
            })?,
            None => "md5",
        };
        if method != "md5" {
            return Err(Error::Unsupported {
                what: format!("`HashingEncoder` with `hash_method=\"{method}\"`"),
                reason: "only its default has a native implementation".into(),
                hint: "Fit it with `hash_method=\"md5\"`".into(),
            });
        }
        let width = c.require("n_components")?.as_i64().and_then(|n| usize::try_from(n).ok());
        let width = width.filter(|width| (1..=MOST).contains(width)).ok_or_else(|| {
            Error::attribute(c.class_name(), "n_components", "is no number of columns")
        })?;
        let hashed = frame::names_of(c, "cols")?;
        let (dropped, recorded) = super::columns(c)?;
        let names = match recorded {
            Some(_) => frame::names_of(c, "feature_names_in_")?,
            // up to 2.5 a file holds the columns of the answer only
            None if dropped.is_empty() => before(c, &hashed, width)?,
            None => return Err(lost(c)),
        };
        if let Some(column) = hashed.iter().find(|&column| !names.contains(column)) {
            let reason = format!("names `{column}`, which `feature_names_in_` does not list");
            return Err(Error::attribute(c.class_name(), "cols", reason));
        }
        let (named, ordered) = (super::are_named(recorded, c), recorded.is_some());
        Ok(Self { names: names.into(), named, ordered, hashed, width, dropped })
    }

    fn is_hashed(&self, name: &str) -> bool {
        self.hashed.iter().any(|known| **known == *name)
    }

    /// The columns of the answer: their names, and which column of training each is made of.
    fn layout(&self) -> Vec<(Arc<str>, usize)> {
        let first = self.names.iter().position(|name| self.is_hashed(name)).unwrap_or_default();
        let counts = (0..self.width).map(|at| (format!("col_{at}").into(), first));
        let rest = self.names.iter().enumerate().filter(|(_, name)| !self.is_hashed(name));
        let mut all: Vec<(Arc<str>, usize)> = match self.hashed[..] {
            [] => Vec::new(),
            _ => counts.collect(),
        };
        all.extend(rest.map(|(at, name)| (Arc::clone(name), at)));
        all.retain(|(name, _)| !self.dropped.contains(name));
        all
    }
}

fn lost(c: Cursor<'_>) -> Error {
    Error::attribute(c.class_name(), "feature_names_in_", "is missing: is it fitted?")
}

/// The columns of training from those of the answer, in some order.
fn before(c: Cursor<'_>, hashed: &[Arc<str>], width: usize) -> Result<Vec<Arc<str>>, Error> {
    let outputs = c.attr("feature_names").and_then(frame::names).ok_or_else(|| lost(c))?;
    let rest = outputs.get(width..).ok_or_else(|| lost(c))?;
    Ok(hashed.iter().chain(rest).cloned().collect())
}

impl Transform for HashingEncoder {
    fn inputs(&self) -> Inputs {
        let names = self.named.then(|| Arc::clone(&self.names));
        Inputs { columns: Some(self.names.len()), names, ..Inputs::default() }
    }

    fn outputs(&self, _columns: usize) -> usize {
        self.layout().len()
    }

    fn source(&self, output: usize, _columns: usize) -> Option<usize> {
        self.layout().get(output).map(|&(_, at)| at)
    }

    fn uses(&self, _columns: usize, after: Option<&[ColumnUse]>) -> Option<Vec<ColumnUse>> {
        let mut uses = vec![ColumnUse::Value; self.names.len()];
        for ((name, at), &later) in self.layout().into_iter().zip(after.unwrap_or_default()) {
            if let Some(here) = uses.get_mut(at).filter(|_| self.names.contains(&name)) {
                *here = later;
            }
        }
        for (name, here) in self.names.iter().zip(&mut uses) {
            if self.is_hashed(name) {
                *here = ColumnUse::Text;
            }
        }
        Some(uses)
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        self.transform_ref(&input)
    }

    fn transform_ref(&self, input: &Table) -> Result<Table, Error> {
        if !self.ordered && input.names.is_none() {
            return Err(Error::input(
                "`HashingEncoder` before 2.6 does not keep the order of the columns; send them by name",
            ));
        }
        let unnamed;
        let input = if self.named {
            input
        } else {
            unnamed = Table { names: None, ..input.clone() };
            &unnamed
        };
        let frame = Frame::new(input, Some(&self.names), "HashingEncoder")?;
        let rows = frame.rows;
        Csr::with_capacity(self.width, 0, 0).may_be_filled(rows)?;
        let mut counts = vec![vec![0; rows]; if self.hashed.is_empty() { 0 } else { self.width }];
        let places = self.hashed.iter().map(|name| frame.place(name, "HashingEncoder"));
        let places: Vec<usize> = places.collect::<Result<_, _>>()?;
        let hashed: Vec<(usize, &Column)> =
            places.iter().filter_map(|&at| Some((at, frame.columns.get(at)?))).collect();
        // numbers of two kinds side by side are all floats in an array
        let number =
            |column: &Column| matches!(column, Column::I64(_) | Column::F64(_) | Column::F32(_));
        let floats = hashed.iter().all(|(_, column)| number(column))
            && hashed.iter().any(|(_, column)| !matches!(column, Column::I64(_)));
        let mut text = String::new();
        for row in 0..rows {
            for &(at, column) in &hashed {
                text.clear();
                if !written(column, row, floats, &mut text)
                    .map_err(|why| Error::value(row, at, why))?
                {
                    continue;
                }
                let place =
                    (u128::from_be_bytes(md5(text.as_bytes())) % self.width as u128) as usize;
                if let Some(count) = counts.get_mut(place).and_then(|counts| counts.get_mut(row)) {
                    *count += 1;
                }
            }
        }
        let mut names: Vec<Arc<str>> = Vec::new();
        let mut columns: Vec<Column> = Vec::new();
        for (at, counts) in counts.into_iter().enumerate() {
            names.push(format!("col_{at}").into());
            columns.push(Column::I64(counts));
        }
        for (name, column) in frame.names.into_iter().zip(frame.columns) {
            if !self.is_hashed(&name) {
                names.push(name);
                columns.push(column);
            }
        }
        let mut keep = names.iter().map(|name| !self.dropped.contains(name));
        columns.retain(|_| keep.next().unwrap_or(true));
        names.retain(|name| !self.dropped.contains(name));
        Ok(Frame { rows, names, columns }.into_table())
    }
}

/// Writes a value as Python's `str` does; false for `None`, which is not counted.
fn written(
    column: &Column,
    row: usize,
    floats: bool,
    out: &mut String,
) -> Result<bool, &'static str> {
    let missing = "is missing: the library hashes NaN as the text `nan` and leaves `None` out, and a \
                   request does not tell one from the other; send the text that is meant";
    let done = match column {
        Column::Text(texts) => match texts.get(row) {
            Some(text) => out.write_str(text),
            None => return Err(missing),
        },
        Column::I64(values) => {
            let value = values.get(row).copied().unwrap_or_default();
            if floats { float(value as f64, out) } else { write!(out, "{value}") }
        }
        Column::F64(values) => float(values.get(row).copied().unwrap_or(f64::NAN), out),
        Column::F32(values) => float(f64::from(values.get(row).copied().unwrap_or(f32::NAN)), out),
        Column::Bool(values) => truth(values.get(row).copied().unwrap_or_default(), out),
        Column::Any(cells) => match cells.get(row) {
            Some(Cell::Text(text)) => out.write_str(text),
            Some(Cell::I64(value)) => write!(out, "{value}"),
            Some(Cell::F64(value)) => float(*value, out),
            Some(Cell::Bool(value)) => truth(*value, out),
            Some(Cell::Null) => return Ok(false),
            Some(Cell::Texts(_) | Cell::Absent) | None => return Err(missing),
        },
    };
    done.map(|()| true).map_err(|_| "cannot be written")
}

fn truth(value: bool, out: &mut String) -> std::fmt::Result {
    out.write_str(if value { "True" } else { "False" })
}

/// A float as Python writes it: the shortest digits, with an exponent below 1e-4 and from 1e16 on.
fn float(value: f64, out: &mut String) -> std::fmt::Result {
    let magnitude = value.abs();
    if value.is_nan() {
        out.write_str("nan")
    } else if value.is_infinite() {
        out.write_str(if value > 0.0 { "inf" } else { "-inf" })
    } else if magnitude != 0.0 && !(1e-4..1e16).contains(&magnitude) {
        let plain = format!("{value:e}");
        let (digits, exponent) = plain.split_once('e').unwrap_or((&plain, "0"));
        let (sign, power) = match exponent.strip_prefix('-') {
            Some(power) => ('-', power),
            None => ('+', exponent),
        };
        write!(out, "{digits}e{sign}{power:0>2}")
    } else {
        write!(out, "{value:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::float;

    #[test]
    fn floats_are_written_as_python_does() {
        for (value, text) in [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
            (1e16, "1e+16"),
            (1.5e-5, "1.5e-05"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (1e-4, "0.0001"),
            (2.5e300, "2.5e+300"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            let mut out = String::new();
            float(value, &mut out).unwrap();
            assert_eq!(out, text);
        }
    }
}
