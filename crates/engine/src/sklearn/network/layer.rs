use super::activation::{Activation, Functions};
use crate::{Csr, attributes::Grid, parallel, sklearn::panels::Panels};

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

    /// About the nanoseconds that a row takes.
    fn cost(&self) -> usize {
        let layer = |layer: &Layer<T>| (layer.weights.columns() + 16) * layer.weights.stride() / 16;
        self.layers.iter().map(layer).sum()
    }

    /// Takes all rows through the layers; `first` writes the products of the first layer for so
    /// many rows from a place on.
    fn run(
        &self,
        rows: usize,
        first: impl Fn(usize, usize, &Layer<T>, &mut [T]) + Sync,
        functions: (Activation, Activation),
    ) -> Vec<T> {
        let outputs = self.layers.last().map_or(0, |layer| layer.weights.outputs());
        let mut answers = vec![T::default(); rows * outputs];
        parallel::rows(&mut answers, outputs, self.cost(), |start, answers| {
            self.through(start, answers, &first, functions);
        });
        answers
    }

    /// Takes rows through the layers, from a place on.
    fn through(
        &self,
        start: usize,
        answers: &mut [T],
        first: &impl Fn(usize, usize, &Layer<T>, &mut [T]),
        (hidden, last): (Activation, Activation),
    ) {
        let widest = self.layers.iter().map(|layer| layer.weights.stride()).max().unwrap_or(0);
        let outputs = self.layers.last().map_or(1, |layer| layer.weights.outputs().max(1));
        let mut now = vec![T::default(); widest * BLOCK.min(answers.len() / outputs)];
        let mut before = now.clone();
        for (block, answers) in answers.chunks_mut(BLOCK * outputs).enumerate() {
            let (at, count) = (start + block * BLOCK, answers.len() / outputs);
            let mut stride = 0;
            for (place, layer) in self.layers.iter().enumerate() {
                let own = layer.weights.stride();
                let out = now.get_mut(..count * own).unwrap_or_default();
                match place {
                    0 => first(at, count, layer, out),
                    _ => layer.weights.multiply(&before, stride, out),
                }
                let function = if place + 1 == self.layers.len() { last } else { hidden };
                function.apply(out, &layer.intercepts, layer.weights.outputs());
                stride = own;
                std::mem::swap(&mut now, &mut before);
            }
            let rows = before.chunks_exact(stride.max(1));
            for (row, out) in rows.zip(answers.chunks_exact_mut(outputs)) {
                out.copy_from_slice(row.get(..outputs).unwrap_or_default());
            }
        }
    }
}
