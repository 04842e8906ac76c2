//! Gaussian processes: kernels between a row and the rows of training, then sums.

mod bessel;
mod classifier;
mod kernel;
mod laplace;
mod leaf;
mod regressor;

pub(crate) use classifier::GaussianProcessClassifier;
pub(crate) use regressor::GaussianProcessRegressor;

use std::borrow::Cow;

use crate::{
    Data, Error, Table,
    read::Cursor,
    sklearn::check::{self, Allow},
};

/// Rows that are compared with the training at a time.
const BLOCK: usize = 32;

/// An attribute that must hold an object, such as a kernel.
fn object<'c>(c: Cursor<'c>, name: &str) -> Result<Cursor<'c>, Error> {
    let value = c.require(name)?;
    if value.class().is_some() {
        return Ok(value);
    }
    let reason = format!(
        "holds {}, where the library keeps an object: save the fitted model again",
        value.describe()
    );
    Err(Error::attribute(c.class_name(), name, reason))
}

/// Rows as doubles, and whether they were floats.
fn rows<'t>(
    table: &'t Table,
    columns: usize,
    class: &str,
) -> Result<(Cow<'t, [f64]>, bool), Error> {
    check::width(table, Some(columns), class)?;
    if matches!(table.data, Data::Sparse(_)) {
        return Err(check::sparse_refused(class));
    }
    check::finite(&table.data, Allow::Finite, class)?;
    let rows = table.to_f64()?;
    table.expect_finite(&rows, false)?;
    Ok((rows, check::is_f32(&table.data)))
}
