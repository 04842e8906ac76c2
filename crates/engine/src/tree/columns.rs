use std::collections::HashMap;

use super::listed::Listed;
use crate::table::Real;

/// What a split sees of its feature: the values that an ordinary comparison would not treat as the
/// library does are replaced beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum View {
    /// The value; NaN goes left, since no comparison holds for it.
    Plain,
    /// NaN goes right.
    NanRight,
    /// NaN counts as zero.
    NanZero,
    /// NaN and zero go left.
    ZeroLeft,
    /// NaN and zero go right.
    ZeroRight,
    /// One for NaN, else zero.
    IsNan,
    /// One for NaN and zero, else zero.
    IsZero,
    /// Zero for a category of the left side, else one.
    Set(u32),
    /// As [`View::Set`], for sets of any size.
    Listed(u32),
}

impl View {
    /// True when splits see a flag, zero or one, and not the value.
    pub(super) fn is_flag(self) -> bool {
        matches!(self, Self::IsNan | Self::IsZero | Self::Set(_) | Self::Listed(_))
    }

    /// True when splits see all values but missing ones as they are.
    pub(super) fn is_plain(self) -> bool {
        matches!(self, Self::Plain | Self::NanRight | Self::NanZero)
    }
}

/// LightGBM counts magnitudes up to this as zero.
pub(crate) const ZERO: f64 = 1e-35_f32 as f64;

/// The categories of a split, numbered 0 to 255.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Categories {
    /// Bit `c` is set when category `c` goes left.
    pub(crate) left: [u32; 8],
    /// Bit `c` is set when training saw category `c`.
    pub(crate) known: [u32; 8],
    /// NaN, negative and unseen categories go right.
    pub(crate) missing_right: bool,
}

fn holds(set: &[u32; 8], category: u8) -> bool {
    set.get(usize::from(category / 32)).is_some_and(|word| word >> (category % 32) & 1 == 1)
}

impl Categories {
    pub(super) fn right(&self, value: f64) -> bool {
        if value.is_nan() || value < 0.0 {
            return self.missing_right;
        }
        // the low byte, as a conversion to an unsigned byte gives on every common processor
        let category = value as i64 as u8;
        !holds(&self.left, category) && (holds(&self.known, category) || self.missing_right)
    }
}

/// The columns that splits compare, each made from one feature.
#[derive(Clone, Default)]
pub(super) struct Columns {
    pub(super) list: Vec<(u32, View)>,
    pub(super) sets: Vec<Categories>,
    pub(super) listed: Vec<Listed>,
    /// Only missing values are seen otherwise than they are.
    pub(super) plain: bool,
    /// Every column is made from the feature at its own place in a row.
    aligned: bool,
}

/// Numbers columns in the order of their first use.
#[derive(Default)]
pub(super) struct Numbering {
    pub(super) columns: Columns,
    numbers: HashMap<(u32, View), u32>,
    sets: HashMap<Categories, u32>,
    listed: HashMap<Listed, u32>,
}

impl Numbering {
    pub(super) fn column(&mut self, feature: u32, view: View) -> u32 {
        let list = &mut self.columns.list;
        *self.numbers.entry((feature, view)).or_insert_with(|| {
            list.push((feature, view));
            (list.len() - 1) as u32
        })
    }

    /// The number of a set.
    pub(super) fn listed(&mut self, set: Listed) -> u32 {
        if let Some(&number) = self.listed.get(&set) {
            return number;
        }
        let number = self.columns.listed.len() as u32;
        self.columns.listed.push(set.clone());
        self.listed.insert(set, number);
        number
    }

    pub(super) fn set(&mut self, categories: Categories) -> View {
        let sets = &mut self.columns.sets;
        View::Set(*self.sets.entry(categories).or_insert_with(|| {
            sets.push(categories);
            (sets.len() - 1) as u32
        }))
    }
}

impl Columns {
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Puts the columns in the order of their features, and tells the new place of each.
    pub(super) fn sort(&mut self) -> Vec<u32> {
        let mut order: Vec<usize> = (0..self.list.len()).collect();
        order.sort_by_key(|&column| self.list.get(column).map(|&(feature, _)| feature));
        let mut places = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            if let Some(place) = places.get_mut(old) {
                *place = new as u32;
            }
        }
        self.list = order.iter().filter_map(|&column| self.list.get(column).copied()).collect();
        self.aligned = self.list.iter().zip(0..).all(|(&(feature, _), place)| feature == place);
        places
    }

    /// Writes what the splits see of one row, as `convert` makes it.
    pub(super) fn fill<T: Real, C>(&self, row: &[T], out: &mut [C], convert: impl Fn(T) -> C) {
        let value = |feature: u32| row.get(feature as usize).copied().unwrap_or(T::NAN);
        let missing = || row.iter().fold(false, |any, value| any | value.nan());
        // the usual case: every view shows the value itself
        if self.plain && !missing() {
            if self.aligned {
                for (to, &value) in out.iter_mut().zip(row).take(self.list.len()) {
                    *to = convert(value);
                }
                return;
            }
            for (to, &(feature, _)) in out.iter_mut().zip(&self.list) {
                *to = convert(value(feature));
            }
            return;
        }
        for (to, &(feature, view)) in out.iter_mut().zip(&self.list) {
            *to = convert(self.see(view, value(feature)));
        }
    }

    pub(super) fn see<T: Real>(&self, view: View, value: T) -> T {
        let flag = |right| if right { T::from_f64(1.0) } else { T::from_f64(0.0) };
        let zero = |value: T| value.nan() || value.to_f64().abs() <= ZERO;
        match view {
            View::NanRight if value.nan() => T::INFINITY,
            View::NanZero if value.nan() => T::from_f64(0.0),
            View::ZeroRight if zero(value) => T::INFINITY,
            View::ZeroLeft if zero(value) => T::NAN,
            View::Plain | View::NanRight | View::NanZero | View::ZeroRight | View::ZeroLeft => {
                value
            }
            View::IsNan => flag(value.nan()),
            View::IsZero => flag(zero(value)),
            View::Set(set) => {
                flag(self.sets.get(set as usize).is_some_and(|c| c.right(value.to_f64())))
            }
            View::Listed(set) => {
                flag(self.listed.get(set as usize).is_some_and(|c| c.right(value.to_f64())))
            }
        }
    }
}
