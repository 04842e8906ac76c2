use super::activation::{Activation, Functions};
use crate::{Csr, attributes::Grid, sklearn::panels::Panels};

/// Columns, outputs, `columns × outputs` weights and an intercept for each output.
pub(super) type Stored = (usize, usize, Grid, Vec<f64>);

/// Rows that go through all layers together, so that what lies between two layers stays near.
const BLOCK: usize = 32;

/// The layers of a network.
#[derive(Debug)]
pub(super) struct Layers<T> {
    layers: Vec<Layer<T>>,
}

#[derive(Debug)]
struct Layer<T> {
    weights: Panels<T>,
    /// One for each output, with zeros up to the stride.
    intercepts: Vec<T>,
}

impl<T: Functions> Layers<T> {
    pub(super) fn new(stored: &[Stored]) -> Self {
        let layer = |(columns, outputs, weights, intercepts): &Stored| {
            let weight = |column: usize, output: usize| {
                weights.values.get(column * outputs + output).map(|&v| T::from_f64(v))
            };
            let weights = Panels::new(*columns, *outputs, weight);
            let mut intercepts: Vec<T> = intercepts.iter().map(|&v| T::from_f64(v)).collect();
            intercepts.resize(weights.stride(), T::default());
            Layer { weights, intercepts }
        };
        Self { layers: stored.iter().map(layer).collect() }
    }

    /// The last layer of dense rows.
    pub(super) fn dense(&self, rows: &[T], functions: (Activation, Activation)) -> Vec<T> {
        let columns = self.layers.first().map_or(1, |layer| layer.weights.columns().max(1));
        let first = |at: usize, count: usize, layer: &Layer<T>, out: &mut [T]| {
            let rows = rows.get(at * columns..(at + count) * columns).unwrap_or_default();
            layer.weights.multiply(rows, columns, out);
        };
        self.run(rows.len() / columns, first, functions)
    }

    /// The last layer of sparse rows.
    pub(super) fn sparse(&self, csr: &Csr, functions: (Activation, Activation)) -> Vec<T> {
        let first = |at: usize, count: usize, layer: &Layer<T>, out: &mut [T]| {
            let stride = layer.weights.stride();
            for (row, out) in (at..at + count).zip(out.chunks_exact_mut(stride)) {
                out.fill(T::default());
                let (places, values) = csr.row(row);
                for (&place, &value) in places.iter().zip(values) {
                    layer.weights.add(place as usize, T::from_f64(value), out);
                }
            }
        };
        self.run(csr.starts.len().saturating_sub(1), first, functions)
    }

    /// Takes all rows through the layers; `first` writes the products of the first layer for so
    /// many rows from a place on.
    fn run(
        &self,
        rows: usize,
        first: impl Fn(usize, usize, &Layer<T>, &mut [T]),
        (hidden, last): (Activation, Activation),
    ) -> Vec<T> {
        let widest = self.layers.iter().map(|layer| layer.weights.stride()).max().unwrap_or(0);
        let outputs = self.layers.last().map_or(0, |layer| layer.weights.outputs());
        let mut answers = Vec::with_capacity(rows * outputs);
        let mut now = vec![T::default(); widest * BLOCK.min(rows)];
        let mut before = now.clone();
        for at in (0..rows).step_by(BLOCK) {
            let count = BLOCK.min(rows - at);
            let mut stride = 0;
            for (place, layer) in self.layers.iter().enumerate() {
                let own = layer.weights.stride();
                let out = now.get_mut(..count * own).unwrap_or_default();
                match place {
                    0 => first(at, count, layer, out),
                    _ => layer.weights.multiply(&before, stride, out),
                }
                let function = if place + 1 == self.layers.len() { last } else { hidden };
                for row in out.chunks_exact_mut(own) {
                    for (sum, &intercept) in row.iter_mut().zip(&layer.intercepts) {
                        *sum = *sum + intercept;
                    }
                    function.apply(row.get_mut(..layer.weights.outputs()).unwrap_or_default());
                }
                stride = own;
                std::mem::swap(&mut now, &mut before);
            }
            for row in before.chunks_exact(stride.max(1)).take(count) {
                answers.extend_from_slice(row.get(..outputs).unwrap_or_default());
            }
        }
        answers
    }
}
