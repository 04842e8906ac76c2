//! The tree that JSON and UBJSON files become: XGBoost models and the like.

use super::budget::{ALLOCATION, Budget};
use crate::Error;

/// A JSON value whose lists of numbers are plain vectors.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number that fits 64 bits.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(String),
    /// A list of at least one item that holds nothing but numbers or booleans (as 0 and 1).
    Numbers(Numbers),
    /// Any other list.
    List(Vec<Json>),
    /// An object, in the order of the file; of a repeated key the last one counts.
    Map(Vec<(String, Json)>),
}

/// Numbers in the narrowest type that the file or their digits allow.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// Doubles.
    F64(Vec<f64>),
    /// Signed bytes.
    I8(Vec<i8>),
    /// Unsigned bytes.
    U8(Vec<u8>),
    /// 16-bit integers.
    I16(Vec<i16>),
    /// 32-bit integers.
    I32(Vec<i32>),
    /// 64-bit integers.
    I64(Vec<i64>),
}

static NO_NUMBERS: Numbers = Numbers::U8(Vec::new());

impl Json {
    /// The value of a key; `None` for other values and absent keys.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(pairs) = self else { return None };
        pairs.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The value at the end of a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }

    /// A text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A number, a boolean as 0 or 1, or a text that spells a number (XGBoost's parameters).
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(v) => Some(*v as f64),
            Self::Float(v) => Some(*v),
            Self::Bool(v) => Some(f64::from(u8::from(*v))),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A whole number, a boolean as 0 or 1, or a text that spells one.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(v) => Some(*v),
            Self::Float(v) if v.trunc() == *v && v.abs() < 9.2e18 => Some(*v as i64),
            Self::Bool(v) => Some(i64::from(*v)),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A list of numbers. An empty list counts as one.
    pub fn numbers(&self) -> Option<&Numbers> {
        match self {
            Self::Numbers(numbers) => Some(numbers),
            Self::List(items) if items.is_empty() => Some(&NO_NUMBERS),
            _ => None,
        }
    }

    /// A list of values that are not all numbers. An empty list counts as one too.
    pub fn list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The keys and values of an object.
    pub fn map(&self) -> Option<&[(String, Self)]> {
        match self {
            Self::Map(pairs) => Some(pairs),
            _ => None,
        }
    }

    /// A word for the kind of value, for messages.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Text(_) => "a text",
            Self::Numbers(_) => "a list of numbers",
            Self::List(_) => "a list",
            Self::Map(_) => "an object",
        }
    }
}

impl Numbers {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(items) => items.len(),
            Self::F64(items) => items.len(),
            Self::I8(items) => items.len(),
            Self::U8(items) => items.len(),
            Self::I16(items) => items.len(),
            Self::I32(items) => items.len(),
            Self::I64(items) => items.len(),
        }
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All as doubles.
    pub fn f64s(&self) -> Vec<f64> {
        match self {
            Self::F32(items) => items.iter().map(|&v| f64::from(v)).collect(),
            Self::F64(items) => items.clone(),
            Self::I8(items) => items.iter().map(|&v| f64::from(v)).collect(),
            Self::U8(items) => items.iter().map(|&v| f64::from(v)).collect(),
            Self::I16(items) => items.iter().map(|&v| f64::from(v)).collect(),
            Self::I32(items) => items.iter().map(|&v| f64::from(v)).collect(),
            Self::I64(items) => items.iter().map(|&v| v as f64).collect(),
        }
    }

    /// All as floats, rounded to the nearest.
    pub fn f32s(&self) -> Vec<f32> {
        match self {
            Self::F32(items) => items.clone(),
            Self::F64(items) => items.iter().map(|&v| v as f32).collect(),
            Self::I8(items) => items.iter().map(|&v| f32::from(v)).collect(),
            Self::U8(items) => items.iter().map(|&v| f32::from(v)).collect(),
            Self::I16(items) => items.iter().map(|&v| f32::from(v)).collect(),
            Self::I32(items) => items.iter().map(|&v| v as f32).collect(),
            Self::I64(items) => items.iter().map(|&v| v as f32).collect(),
        }
    }

    /// All as integers; `None` when one of them is not whole.
    pub fn i64s(&self) -> Option<Vec<i64>> {
        let whole = |v: f64| (v.trunc() == v && v.abs() < 9.2e18).then_some(v as i64);
        match self {
            Self::F32(items) => items.iter().map(|&v| whole(f64::from(v))).collect(),
            Self::F64(items) => items.iter().map(|&v| whole(v)).collect(),
            Self::I8(items) => Some(items.iter().map(|&v| i64::from(v)).collect()),
            Self::U8(items) => Some(items.iter().map(|&v| i64::from(v)).collect()),
            Self::I16(items) => Some(items.iter().map(|&v| i64::from(v)).collect()),
            Self::I32(items) => Some(items.iter().map(|&v| i64::from(v)).collect()),
            Self::I64(items) => Some(items.clone()),
        }
    }

    /// All as 32-bit integers; `None` when one of them is not whole or does not fit.
    pub fn i32s(&self) -> Option<Vec<i32>> {
        match self {
            Self::I32(items) => Some(items.clone()),
            _ => self.i64s()?.into_iter().map(|v| i32::try_from(v).ok()).collect(),
        }
    }
}

/// A container that is being read. Readers keep these on a stack of their own, so that nesting in
/// a file never becomes nesting of calls.
#[derive(Debug)]
pub(super) enum Open {
    List(ListBuilder),
    Map { pairs: Vec<(String, Json)>, key: String },
}

impl Open {
    pub(super) fn list() -> Self {
        Self::List(ListBuilder::default())
    }

    pub(super) fn map() -> Self {
        Self::Map { pairs: Vec::new(), key: String::new() }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::List(items) => items.len(),
            Self::Map { pairs, .. } => pairs.len(),
        }
    }

    /// Adds an item, or the value of the key read last.
    pub(super) fn add(
        &mut self,
        value: Json,
        budget: &mut Budget,
        place: usize,
    ) -> Result<(), Error> {
        match self {
            Self::List(items) => items.push(value, budget, place),
            Self::Map { pairs, key } => budget.push(pairs, (std::mem::take(key), value), place),
        }
    }

    pub(super) fn close(self) -> Json {
        match self {
            Self::List(items) => items.finish(),
            Self::Map { pairs, .. } => Json::Map(pairs),
        }
    }
}

/// Collects a list of unknown length, compactly as long as it holds only numbers of one type.
#[derive(Debug, Default)]
pub(super) struct ListBuilder {
    numbers: Option<Numbers>,
    values: Vec<Json>,
}

impl ListBuilder {
    fn push(&mut self, item: Json, budget: &mut Budget, place: usize) -> Result<(), Error> {
        if self.values.is_empty() {
            if self.numbers.is_none() {
                self.numbers = match &item {
                    Json::Bool(_) => Some(Numbers::U8(Vec::new())),
                    Json::Int(_) => Some(Numbers::I64(Vec::new())),
                    Json::Float(_) => Some(Numbers::F64(Vec::new())),
                    _ => None,
                };
            }
            match (&mut self.numbers, &item) {
                (Some(Numbers::U8(to)), Json::Bool(v)) => {
                    return budget.push(to, u8::from(*v), place);
                }
                (Some(Numbers::I64(to)), Json::Int(v)) => return budget.push(to, *v, place),
                (Some(Numbers::F64(to)), Json::Float(v)) => return budget.push(to, *v, place),
                (Some(Numbers::F64(to)), Json::Int(v)) => {
                    return budget.push(to, *v as f64, place);
                }
                _ => self.spread(budget, place)?,
            }
        }
        budget.push(&mut self.values, item, place)
    }

    /// Turns what was compact into values.
    fn spread(&mut self, budget: &mut Budget, place: usize) -> Result<(), Error> {
        let Some(numbers) = self.numbers.take() else { return Ok(()) };
        budget.reserve(&mut self.values, numbers.len(), place)?;
        let (width, capacity) = match &numbers {
            Numbers::U8(items) => (1, items.capacity()),
            Numbers::I64(items) => (8, items.capacity()),
            Numbers::F64(items) => (8, items.capacity()),
            _ => (0, 0),
        };
        match numbers {
            Numbers::U8(items) => self.values.extend(items.iter().map(|&v| Json::Bool(v != 0))),
            Numbers::I64(items) => self.values.extend(items.into_iter().map(Json::Int)),
            Numbers::F64(items) => self.values.extend(items.into_iter().map(Json::Float)),
            _ => {}
        }
        budget.release(width * capacity + ALLOCATION);
        Ok(())
    }

    fn len(&self) -> usize {
        self.numbers.as_ref().map_or(self.values.len(), Numbers::len)
    }

    fn finish(self) -> Json {
        match self.numbers {
            Some(numbers) => Json::Numbers(numbers),
            None if self.values.iter().all(is_number) && !self.values.is_empty() => {
                Json::Numbers(Numbers::F64(self.values.iter().filter_map(Json::as_f64).collect()))
            }
            None => Json::List(self.values),
        }
    }
}

fn is_number(value: &Json) -> bool {
    matches!(value, Json::Int(_) | Json::Float(_) | Json::Bool(_))
}

#[cfg(test)]
mod tests {
    use super::{Json, ListBuilder, Numbers};
    use crate::read::budget::Budget;

    fn list(items: Vec<Json>) -> Json {
        let mut budget = Budget::new("JSON", 0);
        let mut list = ListBuilder::default();
        for item in items {
            list.push(item, &mut budget, 0).unwrap();
        }
        list.finish()
    }

    #[test]
    fn lists_of_numbers_stay_compact_and_others_do_not() {
        assert_eq!(list(vec![Json::Int(1), Json::Int(2)]), Json::Numbers(Numbers::I64(vec![1, 2])));
        assert_eq!(
            list(vec![Json::Int(1), Json::Float(0.5)]),
            Json::Numbers(Numbers::F64(vec![1.0, 0.5]))
        );
        assert_eq!(
            list(vec![Json::Bool(true), Json::Null]),
            Json::List(vec![Json::Bool(true), Json::Null])
        );
        assert_eq!(list(Vec::new()), Json::List(Vec::new()));
        assert!(list(Vec::new()).numbers().unwrap().is_empty());
    }

    #[test]
    fn integers_must_be_whole() {
        assert_eq!(Numbers::F32(vec![1.0, -2.0]).i64s(), Some(vec![1, -2]));
        assert_eq!(Numbers::F64(vec![0.5]).i64s(), None);
        assert_eq!(Numbers::I64(vec![1 << 40]).i32s(), None);
    }

    #[test]
    fn the_last_of_repeated_keys_counts() {
        let map = Json::Map(vec![("a".into(), Json::Int(1)), ("a".into(), Json::Int(2))]);
        assert_eq!(map.get("a"), Some(&Json::Int(2)));
        assert_eq!(map.at(&["a", "b"]), None);
    }
}
