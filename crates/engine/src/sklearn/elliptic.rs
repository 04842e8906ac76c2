//! Outliers by their distance from the centre of an ellipsoid.

use crate::{
    Data, Error, Inputs, Method, Output, OutputData, Predictor, Table, attributes,
    read::Cursor,
    sklearn::{
        algebra,
        check::{self, Allow},
    },
};

/// `EllipticEnvelope`: 1 for a row near the centre, −1 for another.
#[derive(Debug)]
pub(crate) struct EllipticEnvelope {
    class: String,
    inputs: Inputs,
    centre: Vec<f64>,
    /// The inverse of the covariance, `columns × columns`.
    precision: Vec<f64>,
    offset: f64,
}

impl EllipticEnvelope {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        let centre = attributes::numbers(c, "location_")?;
        let columns = centre.len();
        let size = columns * columns;
        let precision = if let Some(values) = attributes::numbers_if_any(c, "precision_")? {
            attributes::counted(c, "precision_", values.len(), size)?;
            values
        } else {
            // `store_precision=False`
            algebra::inverse(attributes::numbers_of(c, "covariance_", size)?, columns)
                .ok_or_else(|| Error::attribute(c.class_name(), "covariance_", "is singular"))?
        };
        let offset = attributes::number(c, "offset_")
            .ok_or_else(|| Error::attribute(c.class_name(), "offset_", "is no number"))?;
        let inputs = attributes::inputs(c, Some(columns));
        if let Some(expected) = inputs.columns.filter(|&expected| expected != columns) {
            attributes::counted(c, "location_", columns, expected)?;
        }
        Ok(Self { class: c.class_name().to_owned(), inputs, centre, precision, offset })
    }

    /// The squared Mahalanobis distance of a row; `centred` is room for as many values.
    fn distance(&self, row: &[f64], centred: &mut Vec<f64>) -> f64 {
        centred.clear();
        centred.extend(row.iter().zip(&self.centre).map(|(v, centre)| v - centre));
        let lines = self.precision.chunks_exact(self.centre.len().max(1));
        let products =
            lines.map(|line| line.iter().zip(&*centred).map(|(a, b)| a * b).sum::<f64>());
        let square: f64 = centred.iter().zip(products).map(|(v, product)| v * product).sum();
        // the library takes the root first
        let root = square.sqrt();
        root * root
    }
}

impl Predictor for EllipticEnvelope {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict, Method::DecisionFunction, Method::ScoreSamples]
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let columns = self.centre.len();
        check::width(input, Some(columns), &self.class)?;
        if matches!(input.data, Data::Sparse(_)) {
            return Err(check::sparse_refused(&self.class));
        }
        check::finite(&input.data, Allow::Finite, &self.class)?;
        let rows = input.to_f64()?;
        input.expect_finite(&rows, false)?;
        let mut centred = Vec::with_capacity(columns);
        let offset = if method == Method::ScoreSamples { 0.0 } else { self.offset };
        let scores = rows
            .chunks_exact(columns.max(1))
            .map(|row| -self.distance(row, &mut centred) - offset)
            .collect::<Vec<_>>();
        Ok(Output::flat(if method == Method::Predict {
            let inlier = |&score: &f64| if score >= 0.0 { 1 } else { -1 };
            OutputData::I64(scores.iter().map(inlier).collect())
        } else {
            OutputData::F64(scores)
        }))
    }
}
