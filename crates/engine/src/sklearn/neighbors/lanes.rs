//! Rows of training side by side, so that one row is compared with several at once.

/// Rows that are compared at once.
pub(crate) const LANES: usize = 8;

/// A number for each of those rows.
pub(crate) type Lanes = [f64; LANES];

/// Stands for no row, where a block has fewer than [`LANES`].
pub(super) const NO_ROW: u32 = u32::MAX;

/// Rows in blocks: a block holds a [`Lanes`] for each column.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    columns: usize,
    values: Vec<Lanes>,
    /// Which row of the training each lane is.
    rows: Vec<[u32; LANES]>,
}

/// Some of the rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block<'b> {
    values: &'b [Lanes],
    rows: &'b [u32; LANES],
}

impl Blocks {
    pub(crate) fn new(columns: usize) -> Self {
        Self { columns, ..Self::default() }
    }

    /// Number of blocks.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Appends rows with their numbers, in new blocks.
    pub(crate) fn extend<'r>(&mut self, rows: impl Iterator<Item = (u32, &'r [f64])>) {
        let mut lane = LANES;
        for (number, row) in rows {
            if lane == LANES {
                self.values.resize(self.values.len() + self.columns, Lanes::default());
                self.rows.push([NO_ROW; LANES]);
                lane = 0;
            }
            let start = self.values.len() - self.columns;
            for (lanes, &value) in self.values.iter_mut().skip(start).zip(row) {
                if let Some(cell) = lanes.get_mut(lane) {
                    *cell = value;
                }
            }
            if let Some(cell) = self.rows.last_mut().and_then(|rows| rows.get_mut(lane)) {
                *cell = number;
            }
            lane += 1;
        }
    }

    /// The blocks from `start` to before `end`.
    pub(super) fn range(&self, start: usize, end: usize) -> impl Iterator<Item = Block<'_>> {
        let values = self.values.get(start * self.columns..end * self.columns);
        let rows = self.rows.get(start..end).unwrap_or_default();
        let blocks = values.unwrap_or_default().chunks_exact(self.columns.max(1));
        blocks.zip(rows).map(|(values, rows)| Block { values, rows })
    }
}

impl<'b> Block<'b> {
    /// A value of each row for each column.
    pub(super) fn columns(&self) -> &'b [Lanes] {
        self.values
    }

    /// The numbers of the rows; [`NO_ROW`] where there is none.
    pub(super) fn rows(&self) -> &'b [u32; LANES] {
        self.rows
    }
}

/// Goes over the columns, with a sum for each row of the block.
#[expect(clippy::inline_always, reason = "it takes on the processor features of its caller")]
#[inline(always)]
pub(super) fn fold(row: &[f64], block: &Block<'_>, step: impl Fn(f64, f64, f64) -> f64) -> Lanes {
    let mut sums = Lanes::default();
    for (&x, others) in row.iter().zip(block.values) {
        for (sum, &y) in sums.iter_mut().zip(others) {
            *sum = step(*sum, x, y);
        }
    }
    sums
}

/// [`fold`] with one more number for each column.
#[expect(clippy::inline_always, reason = "it takes on the processor features of its caller")]
#[inline(always)]
pub(super) fn fold_with(
    row: &[f64],
    with: &[f64],
    block: &Block<'_>,
    step: impl Fn(f64, f64, f64, f64) -> f64,
) -> Lanes {
    let mut sums = Lanes::default();
    for ((&x, &w), others) in row.iter().zip(with).zip(block.values) {
        for (sum, &y) in sums.iter_mut().zip(others) {
            *sum = step(*sum, x, y, w);
        }
    }
    sums
}

/// Combines two numbers of each row.
#[expect(clippy::inline_always, reason = "it takes on the processor features of its caller")]
#[inline(always)]
pub(super) fn both(a: Lanes, b: Lanes, combine: impl Fn(f64, f64) -> f64) -> Lanes {
    let mut out = Lanes::default();
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        *out = combine(a, b);
    }
    out
}
