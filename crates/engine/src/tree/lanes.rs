//! Rows side by side in the lanes of vector registers: what is decided, and for how many at once.

/// Rows decided at once.
pub(crate) const LANES: usize = 64;

/// Ranks of a column for every row, each minus 128: vector units compare signed bytes.
pub(super) type Ranks = [i8; LANES];

/// For every row, the place of a node in its tree.
pub(super) type Places = [u8; LANES];

/// A split, ready to choose between the answers of its children.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice<L> {
    /// The column it compares.
    pub(super) column: u16,
    /// The greatest value that goes left.
    pub(super) threshold: L,
    /// Where its own answer goes, counted behind the first 256 answers.
    pub(super) node: u8,
    /// Where the answers of its children are: a leaf's constant among the first 256, or another
    /// split's answer after them.
    pub(super) children: [u16; 2],
}

/// A level: which column is compared with which of its borders.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    /// The column of ranks.
    pub(super) column: u32,
    /// The rank that a value must exceed for the level's bit.
    pub(super) rank: u8,
}

/// The rank that [`signed`] took.
pub(super) fn unsigned(rank: i8) -> u8 {
    rank as u8 ^ 0x80
}

/// A rank as a signed byte: 0 to 255 become -128 to 127, in the same order.
pub(super) fn signed(rank: u8) -> i8 {
    (rank ^ 0x80) as i8
}
