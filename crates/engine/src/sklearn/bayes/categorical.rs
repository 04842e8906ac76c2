use super::turned;
use crate::{Error, attributes, quantity, read::Cursor, table::Real};

/// A table of log probabilities for each column.
#[derive(Debug)]
pub(super) struct Categorical {
    classes: usize,
    /// For each column, categories × classes.
    tables: Vec<Vec<f64>>,
    priors: Vec<f64>,
}

impl Categorical {
    pub(super) fn read(c: Cursor<'_>, classes: usize) -> Result<Self, Error> {
        let name = "feature_log_prob_";
        let mut tables = Vec::new();
        for (column, table) in attributes::list(c, name)?.into_iter().enumerate() {
            let values = table.as_array().and_then(|array| match array.shape[..] {
                [rows, categories] if rows == classes => {
                    let values = array.f64s(table.document()).ok()?;
                    (values.len() == classes * categories).then(|| turned(&values, categories))
                }
                _ => None,
            });
            tables.push(values.ok_or_else(|| {
                let reason = format!(
                    "holds for column {column} {}, where an array with {} is expected",
                    table.describe(),
                    quantity(classes, "row"),
                );
                Error::attribute(c.class_name(), name, reason)
            })?);
        }
        if tables.is_empty() {
            return Err(Error::attribute(c.class_name(), name, "has no column"));
        }
        let priors = attributes::numbers_of(c, "class_log_prior_", classes)?;
        Ok(Self { classes, tables, priors })
    }

    pub(super) fn columns(&self) -> usize {
        self.tables.len()
    }

    /// # Errors
    /// A value that is no category of the training.
    pub(super) fn rows<T: Real>(&self, rows: &[T], joint: &mut [f64]) -> Result<(), Error> {
        let rows = rows.chunks_exact(self.tables.len());
        for (at, (row, joint)) in rows.zip(joint.chunks_exact_mut(self.classes)).enumerate() {
            for (column, (value, table)) in row.iter().zip(&self.tables).enumerate() {
                // fractions are cut off, as the library does
                let category = value.to_f64().trunc();
                let place = if category >= 0.0 { category as usize } else { usize::MAX };
                let start = place.saturating_mul(self.classes);
                let logs = table
                    .get(start..start.saturating_add(self.classes))
                    .filter(|logs| logs.len() == self.classes);
                let Some(logs) = logs else {
                    let most = (table.len() / self.classes).saturating_sub(1);
                    return Err(Error::value(
                        at,
                        column,
                        format!(
                            "is {category}, which is no category of `CategoricalNB`: it was fitted on \
                         0 to {most} here; set `min_categories` in training when there may be more"
                        ),
                    ));
                };
                joint.iter_mut().zip(logs).for_each(|(sum, log)| *sum += log);
            }
            joint.iter_mut().zip(&self.priors).for_each(|(sum, prior)| *sum += prior);
        }
        Ok(())
    }
}
