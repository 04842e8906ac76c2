use super::value::{INEXACT, Value};
use crate::{
    Cell, ColumnUse, Error, attributes,
    read::{Cursor, DtypeKind, Kind},
};

/// The categories of one column, for finding a value's place among them.
#[derive(Debug, Default)]
pub(crate) struct Categories {
    len: usize,
    texts: Vec<(Box<str>, u32)>,
    ints: Vec<(i64, u32)>,
    floats: Vec<(f64, u32)>,
    none: Option<u32>,
    nan: Option<u32>,
}

/// What a column's categories are, apart from missing ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kinds {
    Texts,
    Numbers,
    /// Both kinds, which is possible only for categories given by hand, or neither.
    Other,
}

impl Categories {
    /// Reads an array of categories; `None` when it holds something that is no category.
    pub(super) fn read(array: Cursor<'_>) -> Option<Self> {
        let doc = array.document();
        let mut all = Self::default();
        match array.kind() {
            Kind::Array(stored) if stored.objects().is_none() => match stored.dtype.kind {
                DtypeKind::Unicode | DtypeKind::Bytes => {
                    stored.texts(doc).ok()?.iter().for_each(|text| all.push(Value::Text(text)));
                }
                DtypeKind::Int | DtypeKind::Uint => {
                    stored.i64s(doc).ok()?.into_iter().for_each(|v| all.push(Value::Int(v)));
                }
                _ => stored.f64s(doc).ok()?.into_iter().for_each(|v| all.push(Value::number(v))),
            },
            _ => {
                for &id in array.items()? {
                    let item = array.go(id);
                    match item.kind() {
                        Kind::None => all.push(Value::None),
                        Kind::Text(text) => all.push(Value::Text(text)),
                        Kind::Bool(v) => all.push(Value::Bool(v)),
                        Kind::Int(v) => all.push(Value::Int(v)),
                        Kind::Float(v) => all.push(Value::number(v)),
                        _ => match attributes::any_text(item) {
                            Some(text) => all.push(Value::Text(&text)),
                            None => all.push(Value::number(item.as_f64()?)),
                        },
                    }
                }
            }
        }
        all.sort();
        Some(all)
    }

    /// The categories in a list, of which the first of equal ones counts.
    pub(crate) fn of(cells: &[Cell]) -> Self {
        let mut all = Self::default();
        for cell in cells {
            all.push(match cell {
                Cell::Null | Cell::Absent | Cell::Texts(_) => Value::None,
                Cell::Bool(v) => Value::Bool(*v),
                Cell::I64(v) => Value::Int(*v),
                Cell::F64(v) => Value::object(*v),
                Cell::Text(v) => Value::Text(v),
            });
        }
        all.sort();
        all
    }

    fn sort(&mut self) {
        self.texts.sort();
        self.ints.sort_unstable();
        self.floats.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    }

    fn push(&mut self, value: Value<'_>) {
        let place = self.len as u32;
        self.len += 1;
        match value {
            Value::None | Value::NoText => self.none = Some(place),
            Value::Nan | Value::NoNumber => self.nan = Some(place),
            Value::Bool(v) => self.ints.push((i64::from(v), place)),
            Value::Int(v) => self.ints.push((v, place)),
            Value::Float(v) => self.floats.push((v, place)),
            Value::Text(v) => self.texts.push((v.into(), place)),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The categories in their order; missing ones are not among them.
    pub(super) fn cells(&self) -> Vec<Cell> {
        let texts = self.texts.iter().map(|(v, at)| (*at, Cell::Text(v.as_ref().into())));
        let ints = self.ints.iter().map(|&(v, at)| (at, Cell::I64(v)));
        let floats = self.floats.iter().map(|&(v, at)| (at, Cell::F64(v)));
        let mut all: Vec<_> = texts.chain(ints).chain(floats).collect();
        all.sort_unstable_by_key(|&(at, _)| at);
        all.into_iter().map(|(_, cell)| cell).collect()
    }

    /// The place of a value.
    ///
    /// `None` and NaN are different categories. In a column of texts or of numbers, a missing value
    /// may stand for either. It is taken for the one that is among the categories; when both are, a
    /// missing text is `None` and a missing number NaN.
    pub(crate) fn find(&self, value: Value<'_>) -> Option<usize> {
        let found = match value {
            Value::None => self.none,
            Value::Nan => self.nan,
            Value::NoText => self.none.or(self.nan),
            Value::NoNumber => self.nan.or(self.none),
            Value::Bool(v) => self.int(i64::from(v)),
            Value::Int(v) => self.int(v),
            Value::Float(v) => self.float(v),
            Value::Text(v) => find(&self.texts, |known| (**known).cmp(v)),
        };
        found.map(|place| place as usize)
    }

    /// An integer; numpy compares it with doubles as a double.
    fn int(&self, value: i64) -> Option<u32> {
        let exact = find(&self.ints, |known| known.cmp(&value));
        if exact.is_some() || value.unsigned_abs() < INEXACT as u64 {
            return exact;
        }
        find(&self.floats, |known| known.total_cmp(&(value as f64)))
    }

    /// A double; numpy compares integers with it as doubles, and the first that is equal counts.
    fn float(&self, value: f64) -> Option<u32> {
        let exact = find(&self.floats, |known| known.total_cmp(&value));
        if exact.is_some() || value.abs() < INEXACT {
            return exact;
        }
        let at = self.ints.partition_point(|&(known, _)| (known as f64) < value);
        let &(known, place) = self.ints.get(at)?;
        (known as f64 == value).then_some(place)
    }

    pub(super) fn kinds(&self) -> Kinds {
        match (self.texts.is_empty(), self.ints.is_empty() && self.floats.is_empty()) {
            (false, true) => Kinds::Texts,
            (true, false) => Kinds::Numbers,
            _ => Kinds::Other,
        }
    }

    /// What comparing with these categories does with a column.
    pub(crate) fn column_use(&self) -> ColumnUse {
        if self.kinds() == Kinds::Texts { ColumnUse::Text } else { ColumnUse::Value }
    }
}

fn find<T>(sorted: &[(T, u32)], order: impl Fn(&T) -> std::cmp::Ordering) -> Option<u32> {
    let at = sorted.binary_search_by(|(known, _)| order(known)).ok()?;
    sorted.get(at).map(|&(_, place)| place)
}

/// The `categories_` of every column.
pub(super) fn read_all(c: Cursor<'_>) -> Result<Vec<Categories>, Error> {
    let wrong = |at| {
        let reason = format!("holds something that is no text or number for column {at}");
        Error::attribute(c.class_name(), "categories_", reason)
    };
    let arrays = attributes::list(c, "categories_")?.into_iter().enumerate();
    arrays.map(|(at, array)| Categories::read(array).ok_or_else(|| wrong(at))).collect()
}

/// One entry per column from a list or array of numbers or `None`; empty when there is none.
pub(super) fn places_per_column(list: Option<Cursor<'_>>) -> Vec<Option<usize>> {
    let whole = |v: i64| usize::try_from(v).ok();
    match list.map(|list| (list, list.kind())) {
        Some((list, Kind::Array(array))) if array.objects().is_none() => {
            let values = array.i64s(list.document()).unwrap_or_default();
            values.into_iter().map(whole).collect()
        }
        Some((list, _)) => {
            let ids = list.items().unwrap_or_default().iter();
            ids.map(|&id| list.go(id).as_i64().and_then(whole)).collect()
        }
        None => Vec::new(),
    }
}

/// One array of places per column, or `None` for a column without; empty when there is none.
pub(super) fn arrays_per_column(list: Option<Cursor<'_>>) -> Vec<Option<Vec<usize>>> {
    let Some(list) = list else { return Vec::new() };
    let ids = list.items().unwrap_or_default().iter();
    ids.map(|&id| {
        let array = list.go(id).as_array()?;
        let values = array.i64s(list.document()).ok()?;
        values.into_iter().map(|v| usize::try_from(v).ok()).collect()
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::{Categories, Value};

    #[test]
    fn numbers_are_equal_whatever_their_type() {
        let mut all = Categories::default();
        all.push(Value::number(1.0));
        all.push(Value::number(2.5));
        assert_eq!(all.find(Value::Int(1)), Some(0));
        assert_eq!(all.find(Value::number(-0.0)), None);
        assert_eq!(all.find(Value::number(2.5)), Some(1));
    }

    #[test]
    fn none_and_nan_are_told_apart_where_the_rows_do() {
        let mut all = Categories::default();
        all.push(Value::Text("a"));
        assert_eq!(all.find(Value::NoText), None);
        all.push(Value::Nan);
        assert_eq!((all.find(Value::None), all.find(Value::Nan)), (None, Some(1)));
        assert_eq!((all.find(Value::NoText), all.find(Value::NoNumber)), (Some(1), Some(1)));
        all.push(Value::None);
        assert_eq!((all.find(Value::None), all.find(Value::Nan)), (Some(2), Some(1)));
        assert_eq!((all.find(Value::NoText), all.find(Value::NoNumber)), (Some(2), Some(1)));
    }

    #[test]
    fn integers_beyond_doubles_are_compared_as_numpy_does() {
        const BIG: i64 = 1 << 53;
        let mut ints = Categories::default();
        for v in [BIG + 1, BIG + 5] {
            ints.push(Value::Int(v));
        }
        assert_eq!(ints.find(Value::Int(BIG + 1)), Some(0));
        assert_eq!(ints.find(Value::Int(BIG)), None);
        assert_eq!(ints.find(Value::number(BIG as f64)), Some(0));
        assert_eq!(ints.find(Value::number((BIG + 2) as f64)), None);
        let mut floats = Categories::default();
        for v in [BIG, BIG + 2] {
            floats.push(Value::number(v as f64));
        }
        assert_eq!(floats.find(Value::Int(BIG + 1)), Some(0));
        assert_eq!(floats.find(Value::Int(BIG + 3)), None);
        assert_eq!(floats.find(Value::Int(i64::MIN)), None);
    }
}
