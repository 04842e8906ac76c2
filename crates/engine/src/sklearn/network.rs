//! Neural networks of scikit-learn: layers of products, an activation after each.

use crate::{
    Data, Error, Inputs, OutputData, Table, attributes,
    read::Cursor,
    sklearn::check::{self, Allow},
};

mod activation;
mod boltzmann;
mod classifier;
mod layer;
mod regressor;

pub(crate) use boltzmann::BoltzmannMachine;
pub(crate) use classifier::NetworkClassifier;
pub(crate) use regressor::NetworkRegressor;

use activation::Activation;
use layer::Layers;

/// A network in the width of its weights.
#[derive(Debug)]
pub(crate) struct Network {
    class: String,
    inputs: Inputs,
    columns: usize,
    outputs: usize,
    hidden: Activation,
    last: Activation,
    doubles: Layers<f64>,
    /// For rows of floats, when the weights are floats.
    floats: Option<Layers<f32>>,
}

impl Network {
    /// Reads `coefs_` and `intercepts_` with their activations.
    fn read(c: Cursor<'_>) -> Result<Self, Error> {
        let hidden = Activation::read(c, "activation")?;
        let last = Activation::read(c, "out_activation_")?;
        let weights = attributes::grids(c, "coefs_")?;
        let wrong = |reason: String| Error::attribute(c.class_name(), "coefs_", reason);
        if let Some(place) = weights.iter().position(|weights| weights.shape.len() != 2) {
            return Err(wrong(format!("has a layer {place} that is no matrix")));
        }
        let intercepts = attributes::grids(c, "intercepts_")?;
        attributes::counted(c, "intercepts_", intercepts.len(), weights.len())?;
        let mut layers = Vec::with_capacity(weights.len());
        for (place, (weights, intercepts)) in weights.into_iter().zip(intercepts).enumerate() {
            let &[columns, outputs] = &weights.shape[..] else { continue };
            let before = layers.last().map_or(columns, |&(_, outputs, _, _)| outputs);
            if before != columns || outputs == 0 {
                return Err(wrong(format!(
                    "has a layer {place} of {columns} × {outputs} after {before} values"
                )));
            }
            attributes::counted(c, "intercepts_", intercepts.values.len(), outputs)?;
            layers.push((columns, outputs, weights, intercepts.values));
        }
        let (Some(&(columns, ..)), Some(&(_, outputs, ..))) = (layers.first(), layers.last())
        else {
            return Err(wrong("has no layer".into()));
        };
        Self::with(c, hidden, last, (columns, outputs), &layers)
    }

    fn with(
        c: Cursor<'_>,
        hidden: Activation,
        last: Activation,
        (columns, outputs): (usize, usize),
        layers: &[layer::Stored],
    ) -> Result<Self, Error> {
        let inputs = attributes::inputs(c, Some(columns));
        if let Some(expected) = inputs.columns.filter(|&expected| expected != columns) {
            attributes::counted(c, "coefs_", columns, expected)?;
        }
        let is_float = layers.iter().all(|(_, _, weights, _)| weights.yields_f32);
        Ok(Self {
            class: c.class_name().to_owned(),
            inputs,
            columns,
            outputs,
            hidden,
            last,
            doubles: Layers::new(layers),
            floats: is_float.then(|| Layers::new(layers)),
        })
    }

    /// The last layer of every row, `rows × outputs`.
    fn answers(&self, table: &Table) -> Result<OutputData, Error> {
        check::width(table, Some(self.columns), &self.class)?;
        let converted;
        let table = match &table.data {
            Data::F64(_) | Data::F32(_) | Data::Sparse(_) => table,
            _ => {
                converted = check::floats(table.clone())?;
                &converted
            }
        };
        check::finite(&table.data, Allow::Finite, &self.class)?;
        let functions = (self.hidden, self.last);
        Ok(match (&table.data, &self.floats) {
            (Data::F32(m), Some(layers)) => OutputData::F32(layers.dense(&m.values, functions)),
            (Data::Sparse(csr), Some(layers)) if csr.scalar == crate::Scalar::F32 => {
                OutputData::F32(layers.sparse(csr, functions))
            }
            (Data::Sparse(csr), _) => OutputData::F64(self.doubles.sparse(csr, functions)),
            _ => OutputData::F64(self.doubles.dense(&table.to_f64()?, functions)),
        })
    }
}
