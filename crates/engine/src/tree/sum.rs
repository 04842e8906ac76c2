use std::ops::{AddAssign, Range};

use super::{
    blend::{BLOCKS, Blend, MOST_NODES},
    forest::{Forest, Layout},
    lanes::{LANES, Places},
    ranked::Ranks,
};
use crate::table::Real;

/// Trees whose values are added at once, so that sums stay in registers.
const TREES: usize = 4;

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
    pub(crate) fn add<V: Copy + Default + AddAssign + Send + Sync>(
        &self,
        rows: &[T],
        values: &[V],
        group: &[u32],
        outputs: usize,
        sums: &mut [V],
    ) {
        self.spread(rows, outputs, sums, |rows, sums| {
            self.add_some(rows, values, group, outputs, sums);
        });
    }

    fn add_some<V: Copy + Default + AddAssign>(
        &self,
        rows: &[T],
        values: &[V],
        group: &[u32],
        outputs: usize,
        sums: &mut [V],
    ) {
        let done = self.add_blended(rows, values, group, outputs, sums);
        let rows = rows.get(done * self.stride()..).unwrap_or_default();
        let sums = sums.get_mut(done * outputs..).unwrap_or_default();
        if outputs == 1 {
            self.leaves_of_rows(rows, |_, first, nodes| {
                let sums = sums.get_mut(first..).unwrap_or_default();
                for (sum, &node) in sums.iter_mut().zip(nodes) {
                    if let Some(&value) = values.get(node as usize) {
                        *sum += value;
                    }
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

    /// Adds the values of leaves for as many rows as whole trees are decided for, and says how many
    /// those were. Arguments are those of [`Forest::add`].
    fn add_blended<V: Copy + Default + AddAssign>(
        &self,
        rows: &[T],
        values: &[V],
        group: &[u32],
        outputs: usize,
        sums: &mut [V],
    ) -> usize {
        let Layout::Ranked(_, ranks, Some(blend)) = self.layout() else { return 0 };
        if outputs <= 1 {
            return self.add_blended_one(ranks, blend, rows, values, sums);
        }
        // the sums of the lanes, output by output
        let mut lanes = vec![[V::default(); LANES]; outputs * BLOCKS];
        let last = self.trees().wrapping_sub(1);
        self.blended(ranks, blend, rows, |tree, rows, first, places| {
            let block = rows.start / LANES % BLOCKS * outputs;
            let lanes = lanes.get_mut(block..block + outputs).unwrap_or_default();
            let sums = sums.get_mut(rows.start * outputs..rows.end * outputs).unwrap_or_default();
            if tree == 0 {
                for (row, sums) in sums.chunks_exact(outputs).enumerate() {
                    for (lanes, sum) in lanes.iter_mut().zip(sums) {
                        lanes[row % LANES] = *sum;
                    }
                }
            }
            let output = group.get(tree).copied().unwrap_or(0);
            if let Some(lanes) = lanes.get_mut(output as usize) {
                add_places([values.get(first as usize..).unwrap_or_default()], [places], lanes);
            }
            if tree == last {
                for (row, sums) in sums.chunks_exact_mut(outputs).enumerate() {
                    for (lanes, sum) in lanes.iter().zip(sums) {
                        *sum = lanes[row % LANES];
                    }
                }
            }
        })
    }

    /// As [`Forest::add_blended`], for one output: some trees at once.
    fn add_blended_one<V: Copy + AddAssign>(
        &self,
        ranks: &Ranks<T>,
        blend: &Blend,
        rows: &[T],
        values: &[V],
        sums: &mut [V],
    ) -> usize {
        self.blended_some(ranks, blend, rows, values, |rows, own, found| {
            let sums = sums.get_mut(rows).unwrap_or_default();
            if let (Some(own), Some(found)) = (own.first_chunk(), found.first_chunk::<TREES>()) {
                add_places(*own, found.each_ref(), sums);
            } else {
                for (own, places) in own.iter().zip(found) {
                    add_places([own], [places], sums);
                }
            }
        })
    }

    /// As [`Forest::blended`], up to [`TREES`] trees at once: hands over each `(rows, own, places)`,
    /// where `own` are those of `all` from the first node of each of the trees on.
    fn blended_some<'a, V>(
        &self,
        ranks: &Ranks<T>,
        blend: &Blend,
        rows: &[T],
        all: &'a [V],
        mut work: impl FnMut(Range<usize>, &[&'a [V]], &[Places]),
    ) -> usize {
        let last = self.trees().wrapping_sub(1);
        let mut found = [[[0; LANES]; TREES]; BLOCKS];
        let mut own: [&[V]; TREES] = [&[]; TREES];
        self.blended(ranks, blend, rows, |tree, rows, first, places| {
            let found = &mut found[rows.start / LANES % BLOCKS];
            let place = tree % TREES;
            found[place] = *places;
            own[place] = all.get(first as usize..).unwrap_or_default();
            if place == TREES - 1 || tree == last {
                work(rows, &own[..=place], &found[..=place]);
            }
        })
    }

    /// Adds the vector of each row's leaves, in the order of the trees. `slots` comes from
    /// [`Forest::arrange`] and counts vectors of `width` values in `vectors`.
    pub(crate) fn add_vectors<V: Copy + AddAssign + Send + Sync>(
        &self,
        rows: &[T],
        slots: &[u32],
        vectors: &[V],
        width: usize,
        sums: &mut [V],
    ) {
        self.spread(rows, width, sums, |rows, sums| {
            self.add_some_vectors(rows, slots, vectors, width, sums);
        });
    }

    fn add_some_vectors<V: Copy + AddAssign>(
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
            4 => self.add_fixed::<V, 4>(rows, slots, vectors, sums),
            5 => self.add_fixed::<V, 5>(rows, slots, vectors, sums),
            10 => self.add_fixed::<V, 10>(rows, slots, vectors, sums),
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
        let vector = |slot: Option<&u32>| vectors.get(slot.copied().unwrap_or(0) as usize);
        let mut done = 0;
        if let Layout::Ranked(_, ranks, Some(blend)) = self.layout() {
            done = self.blended_some(ranks, blend, rows, slots, |rows, slots, found| {
                for (lane, sum) in sums.get_mut(rows).unwrap_or_default().iter_mut().enumerate() {
                    let mut total = *sum;
                    for (slots, places) in slots.iter().zip(found) {
                        let place = places.get(lane).copied().unwrap_or(0);
                        if let Some(vector) = vector(slots.get(usize::from(place))) {
                            for (total, value) in total.iter_mut().zip(vector) {
                                *total += *value;
                            }
                        }
                    }
                    *sum = total;
                }
            });
        }
        let rows = rows.get(done * self.stride()..).unwrap_or_default();
        let sums = sums.get_mut(done..).unwrap_or_default();
        self.leaves_of_rows(rows, |_, first, nodes| {
            let sums = sums.get_mut(first..).unwrap_or_default();
            for (sum, &node) in sums.iter_mut().zip(nodes) {
                if let Some(vector) = vector(slots.get(node as usize)) {
                    for (sum, value) in sum.iter_mut().zip(vector) {
                        *sum += *value;
                    }
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
        number: impl Fn(usize, u32) -> i32 + Sync,
    ) -> Vec<i32> {
        let trees = self.trees();
        let mut numbers = vec![0; count * trees];
        self.spread(rows, trees, &mut numbers, |rows, numbers| {
            self.leaves(rows, |tree, row, node| {
                if let Some(to) = numbers.get_mut(row * trees + tree) {
                    *to = number(tree, self.origin(node));
                }
            });
        });
        numbers
    }
}

/// Adds the value at each lane's place in some trees, in the order of the trees.
fn add_places<V: Copy + AddAssign, const N: usize>(
    values: [&[V]; N],
    places: [&Places; N],
    sums: &mut [V],
) {
    // a place is a byte, so it is always one of so many values
    let whole = values.map(|values| values.first_chunk::<MOST_NODES>());
    if whole.iter().all(Option::is_some) {
        for (lane, sum) in (0..LANES).zip(sums) {
            let mut total = *sum;
            for (values, places) in whole.iter().flatten().zip(places) {
                total += values[usize::from(places[lane])];
            }
            *sum = total;
        }
        return;
    }
    // fewer nodes than that follow the last trees
    for (values, places) in values.into_iter().zip(places) {
        for (sum, &place) in sums.iter_mut().zip(places) {
            if let Some(value) = values.get(usize::from(place)) {
                *sum += *value;
            }
        }
    }
}
