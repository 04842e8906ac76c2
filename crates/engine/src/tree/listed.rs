//! Sets of categories of any size, as XGBoost's and LightGBM's splits have them.

/// Where a split sends categories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Side {
    /// The categories of the set go right, all others left.
    pub(crate) listed_right: bool,
    /// NaN goes right.
    pub(crate) missing_right: bool,
    /// Values between -1 and 0 are category 0, as a conversion to an integer makes them. Otherwise
    /// they are no category.
    pub(crate) truncates: bool,
}

/// The set of categories that a split lists.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Listed {
    members: Members,
    side: Side,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Members {
    /// Bit `c % 32` of word `c / 32` is set for category `c`.
    Bits(Box<[u32]>),
    /// Sorted: a few categories with large numbers.
    Sorted(Box<[u32]>),
}

impl Listed {
    /// The set of `categories`, in any order.
    pub(crate) fn of(mut categories: Vec<u32>, side: Side) -> Self {
        let words = categories.iter().max().map_or(0, |&most| most as usize / 32 + 1);
        // so that a small file cannot ask for much memory
        let members = if words <= 16 + 4 * categories.len() {
            let mut bits = vec![0_u32; words];
            for category in categories {
                if let Some(word) = bits.get_mut(category as usize / 32) {
                    *word |= 1 << (category % 32);
                }
            }
            Members::Bits(bits.into())
        } else {
            categories.sort_unstable();
            categories.dedup();
            Members::Sorted(categories.into())
        };
        Self { members, side }
    }

    /// The set that a bitset spells, 32 categories a word.
    pub(crate) fn of_bits(bits: &[u32], side: Side) -> Self {
        Self { members: Members::Bits(bits.into()), side }
    }

    /// Whether a row goes right.
    pub(super) fn right(&self, value: f64) -> bool {
        if value.is_nan() {
            return self.side.missing_right;
        }
        let counts = value >= 0.0 || self.side.truncates && value > -1.0;
        (counts && self.holds(value as u64)) == self.side.listed_right
    }

    /// Values between -1 and 0 are category 0.
    pub(super) fn truncates(&self) -> bool {
        self.side.truncates
    }

    /// Whether all of its categories are below `bound`.
    pub(super) fn all_below(&self, bound: u8) -> bool {
        match &self.members {
            Members::Bits(bits) => {
                let mut ones = bits.iter().enumerate().filter(|&(_, &word)| word != 0);
                ones.next_back()
                    .is_none_or(|(at, word)| at * 32 + (word.ilog2() as usize) < bound.into())
            }
            Members::Sorted(all) => all.last().is_none_or(|&last| last < bound.into()),
        }
    }

    fn holds(&self, category: u64) -> bool {
        match &self.members {
            Members::Bits(bits) => {
                let word = usize::try_from(category / 32).ok().and_then(|at| bits.get(at));
                word.is_some_and(|word| word >> (category % 32) & 1 == 1)
            }
            Members::Sorted(all) => {
                u32::try_from(category).is_ok_and(|category| all.binary_search(&category).is_ok())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Listed, Members, Side};

    const SIDE: Side = Side { listed_right: true, missing_right: false, truncates: false };

    #[test]
    fn both_forms_hold_the_same_categories() {
        let few = Listed::of(vec![3, 70, 3], SIDE);
        let far = Listed::of(vec![70, 3, 4_000_000_000], SIDE);
        assert!(matches!(few.members, Members::Bits(_)));
        assert!(matches!(far.members, Members::Sorted(_)));
        for value in [-1.0, -0.5, 0.0, 3.0, 3.9, 4.0, 70.0, 71.0, 1e9, 1e300, f64::INFINITY] {
            let listed = matches!(value as u64, 3 | 70) && value >= 0.0;
            assert_eq!((few.right(value), far.right(value)), (listed, listed), "{value}");
        }
        assert!(far.right(4e9));
    }

    #[test]
    fn missing_and_negative_values_go_where_their_library_sends_them() {
        let set = |side| Listed::of_bits(&[1], side);
        assert!(!set(SIDE).right(f64::NAN) && !set(SIDE).right(-0.5) && set(SIDE).right(-0.0));
        let other = Side { listed_right: false, missing_right: true, truncates: true };
        assert!(set(other).right(f64::NAN) && !set(other).right(-0.5) && set(other).right(-1.0));
    }
}
