use crate::{
    Cell, Column, Data, Error, Inputs, Table,
    read::{Cursor, DtypeKind, Kind},
    sklearn::fields,
};

/// One value of a category column, comparable as Python compares: `1 == 1.0 == True`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    /// `None`, or a text that is missing.
    Null,
    Nan,
    /// A whole number or a boolean.
    Int(i64),
    /// Any other number.
    Float(f64),
    Text(&'a str),
}

impl Value<'_> {
    fn number(value: f64) -> Self {
        if value.is_nan() {
            Self::Nan
        } else if value.trunc() == value && value.abs() < 9.2e18 {
            Self::Int(value as i64)
        } else {
            Self::Float(value)
        }
    }

    fn shown(self) -> String {
        match self {
            Self::Null => "None".into(),
            Self::Nan => "nan".into(),
            Self::Int(v) => v.to_string(),
            Self::Float(v) => v.to_string(),
            Self::Text(v) => v.to_owned(),
        }
    }
}

/// The value at a place of a table.
pub(super) fn value(data: &Data, row: usize, column: usize) -> Value<'_> {
    match data {
        Data::F64(m) => {
            m.values.get(row * m.columns + column).map_or(Value::Null, |&v| Value::number(v))
        }
        Data::F32(m) => m
            .values
            .get(row * m.columns + column)
            .map_or(Value::Null, |&v| Value::number(f64::from(v))),
        Data::I64(m) => {
            m.values.get(row * m.columns + column).map_or(Value::Null, |&v| Value::Int(v))
        }
        Data::Documents(texts) => texts.get(row).map_or(Value::Null, Value::Text),
        Data::Columns(columns) => columns.get(column).map_or(Value::Null, |c| cell(c, row)),
        Data::Sparse(csr) => {
            let (indices, values) = csr.row(row);
            let at = indices.iter().position(|&index| index as usize == column);
            at.and_then(|at| values.get(at)).map_or(Value::Int(0), |&v| Value::number(v))
        }
    }
}

fn cell(column: &Column, row: usize) -> Value<'_> {
    match column {
        Column::F64(v) => v.get(row).map_or(Value::Null, |&v| Value::number(v)),
        Column::F32(v) => v.get(row).map_or(Value::Null, |&v| Value::number(f64::from(v))),
        Column::I64(v) => v.get(row).map_or(Value::Null, |&v| Value::Int(v)),
        Column::Bool(v) => v.get(row).map_or(Value::Null, |&v| Value::Int(i64::from(v))),
        Column::Text(v) => v.get(row).map_or(Value::Null, Value::Text),
        Column::Any(v) => match v.get(row) {
            None | Some(Cell::Null) => Value::Null,
            Some(Cell::Bool(v)) => Value::Int(i64::from(*v)),
            Some(Cell::I64(v)) => Value::Int(*v),
            Some(Cell::F64(v)) => Value::number(*v),
            Some(Cell::Text(v)) => Value::Text(v),
        },
    }
}

/// The categories of one column, for finding a value's place among them.
#[derive(Debug, Default)]
pub(super) struct Categories {
    len: usize,
    texts: Vec<(Box<str>, u32)>,
    ints: Vec<(i64, u32)>,
    floats: Vec<(f64, u32)>,
    null: Option<u32>,
    nan: Option<u32>,
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
                        Kind::None => all.push(Value::Null),
                        Kind::Text(text) => all.push(Value::Text(text)),
                        Kind::Bool(v) => all.push(Value::Int(i64::from(v))),
                        Kind::Int(v) => all.push(Value::Int(v)),
                        Kind::Float(v) => all.push(Value::number(v)),
                        _ => match fields::any_text(item) {
                            Some(text) => all.push(Value::Text(&text)),
                            None => all.push(Value::number(item.as_f64()?)),
                        },
                    }
                }
            }
        }
        all.texts.sort();
        all.ints.sort_unstable();
        all.floats.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        Some(all)
    }

    fn push(&mut self, value: Value<'_>) {
        let place = self.len as u32;
        self.len += 1;
        match value {
            Value::Null => self.null = Some(place),
            Value::Nan => self.nan = Some(place),
            Value::Int(v) => self.ints.push((v, place)),
            Value::Float(v) => self.floats.push((v, place)),
            Value::Text(v) => self.texts.push((v.into(), place)),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The place of a value. A missing text finds whichever of `None` and NaN is a category: the
    /// two look the same once they were sent.
    pub(super) fn find(&self, value: Value<'_>) -> Option<usize> {
        let found = match value {
            Value::Null => self.null.or(self.nan),
            Value::Nan => self.nan.or(self.null),
            Value::Int(v) => find(&self.ints, |known| known.cmp(&v)),
            Value::Float(v) => find(&self.floats, |known| known.total_cmp(&v)),
            Value::Text(v) => find(&self.texts, |known| (**known).cmp(v)),
        };
        found.map(|place| place as usize)
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
    let arrays = fields::list(c, "categories_")?.into_iter().enumerate();
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

/// The error for a category that was not there in training.
pub(super) fn unknown(
    class: &str,
    inputs: &Inputs,
    table: &Table,
    row: usize,
    column: usize,
) -> Error {
    let names = inputs.names.as_ref().or(table.names.as_ref());
    let name = names.and_then(|names| names.get(column));
    let name = name.map_or_else(|| column.to_string(), |name| format!("`{name}`"));
    let shown = value(&table.data, row, column).shown();
    Error::input(format!(
        "row {row}, column {name} has the category `{shown}`, which `{class}` did not see in \
         training; fit it with `handle_unknown` to accept new ones"
    ))
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
    fn a_missing_text_finds_either_missing_category() {
        let mut all = Categories::default();
        all.push(Value::Text("a"));
        assert_eq!(all.find(Value::Null), None);
        all.push(Value::Nan);
        assert_eq!(all.find(Value::Null), Some(1));
    }
}
