use std::ops::AddAssign;

use super::forest::Forest;
use crate::table::Real;

impl<T: Real> Forest<T> {
    /// The values of all nodes, in the order in which the forest has the nodes. `value(tree, node)`
    /// takes the library's number of the node.
    pub(crate) fn arrange<V>(&self, mut value: impl FnMut(usize, u32) -> V) -> Box<[V]> {
        let nodes = (0..self.trees())
            .flat_map(|tree| self.origins(tree).iter().map(move |&node| (tree, node)));
        nodes.map(|(tree, node)| value(tree, node)).collect()
    }

    /// Adds the value of each row's leaves, in the order of the trees. `values` comes from
    /// [`Forest::arrange`]; tree `t` adds to output `group[t]` of `outputs`. `sums` holds the
    /// start values, rows × outputs.
    pub(crate) fn add<V: Copy + AddAssign>(
        &self,
        rows: &[T],
        values: &[V],
        group: &[u32],
        outputs: usize,
        sums: &mut [V],
    ) {
        if outputs == 1 {
            self.leaves(rows, |_, row, node| {
                if let (Some(sum), Some(&value)) = (sums.get_mut(row), values.get(node as usize)) {
                    *sum += value;
                }
            });
            return;
        }
        self.leaves(rows, |tree, row, node| {
            let output = group.get(tree).copied().unwrap_or(0) as usize;
            let sum = sums.get_mut(row * outputs + output);
            if let (Some(sum), Some(&value)) = (sum, values.get(node as usize)) {
                *sum += value;
            }
        });
    }

    /// Adds the vector of each row's leaves, in the order of the trees. `slots` comes from
    /// [`Forest::arrange`] and counts vectors of `width` values in `vectors`.
    pub(crate) fn add_vectors<V: Copy + AddAssign>(
        &self,
        rows: &[T],
        slots: &[u32],
        vectors: &[V],
        width: usize,
        sums: &mut [V],
    ) {
        match width {
            2 => self.add_fixed::<V, 2>(rows, slots, vectors, sums),
            3 => self.add_fixed::<V, 3>(rows, slots, vectors, sums),
            _ => self.leaves(rows, |_, row, node| {
                let slot = slots.get(node as usize).copied().unwrap_or(0) as usize;
                let vector = vectors.get(slot * width..).unwrap_or_default();
                let sum = sums.get_mut(row * width..).unwrap_or_default();
                for (sum, value) in sum.iter_mut().zip(vector).take(width) {
                    *sum += *value;
                }
            }),
        }
    }

    fn add_fixed<V: Copy + AddAssign, const W: usize>(
        &self,
        rows: &[T],
        slots: &[u32],
        vectors: &[V],
        sums: &mut [V],
    ) {
        let (vectors, _) = vectors.as_chunks::<W>();
        let (sums, _) = sums.as_chunks_mut::<W>();
        self.leaves(rows, |_, row, node| {
            let slot = slots.get(node as usize).copied().unwrap_or(0) as usize;
            if let (Some(sum), Some(vector)) = (sums.get_mut(row), vectors.get(slot)) {
                for (sum, value) in sum.iter_mut().zip(vector) {
                    *sum += *value;
                }
            }
        });
    }

    /// The number of the leaf that each row reaches in each tree, rows × trees.
    /// `number(tree, node)` gives it for the library's number of the node.
    pub(crate) fn leaf_numbers(
        &self,
        rows: &[T],
        count: usize,
        number: impl Fn(usize, u32) -> i32,
    ) -> Vec<i32> {
        let trees = self.trees();
        let mut numbers = vec![0; count * trees];
        self.leaves(rows, |tree, row, node| {
            if let Some(to) = numbers.get_mut(row * trees + tree) {
                *to = number(tree, self.origin(node));
            }
        });
        numbers
    }
}
