use std::mem;

use crate::Error;

/// A value of SQL.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// An integer of any width.
    Int(i64),
    /// A double.
    Real(f64),
    /// Text.
    Text(String),
    /// A truth value; SQLite keeps 0 and 1.
    Bool(bool),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A row of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Row(Vec<Value>);

/// A type that a value of SQL can become.
pub trait Column: Sized {
    /// What the value should be, for the error.
    const WANTED: &'static str;

    /// The value; gives it back when it is another.
    ///
    /// # Errors
    /// The value, when it is of another type.
    fn of(value: Value) -> Result<Self, Value>;
}

impl Row {
    /// A row of values.
    pub fn new(values: Vec<Value>) -> Self {
        Self(values)
    }

    /// Takes the value of a column, counted from 0. A value can be taken once.
    ///
    /// # Errors
    /// [`Error::Schema`] when it is of another type.
    pub fn take<T: Column>(&mut self, column: usize) -> Result<T, Error> {
        let value = self
            .0
            .get_mut(column)
            .map(mem::take)
            .ok_or_else(|| Error::Schema(format!("a row has no column {column}")))?;
        T::of(value).map_err(|found| {
            Error::Schema(format!("column {column} is {found:?} in place of {}", T::WANTED))
        })
    }
}

macro_rules! columns {
    ($( $kind:ty, $wanted:literal: $($pattern:pat => $value:expr),+; )*) => {$(
        impl Column for $kind {
            const WANTED: &'static str = $wanted;

            fn of(value: Value) -> Result<Self, Value> {
                match value {
                    $( $pattern => Ok($value), )+
                    other => Err(other),
                }
            }
        }
    )*};
}

columns! {
    i64, "an integer": Value::Int(number) => number, Value::Bool(flag) => i64::from(flag);
    f64, "a number": Value::Real(number) => number, Value::Int(number) => number as f64;
    String, "text": Value::Text(text) => text;
    bool, "a truth value": Value::Bool(flag) => flag, Value::Int(number) => number != 0;
    Vec<u8>, "bytes": Value::Bytes(bytes) => bytes;
}

impl<T: Column> Column for Option<T> {
    const WANTED: &'static str = T::WANTED;

    fn of(value: Value) -> Result<Self, Value> {
        if value == Value::Null { Ok(None) } else { T::of(value).map(Some) }
    }
}

macro_rules! values {
    ($( $kind:ty: $value:ident => $made:expr; )*) => {$(
        impl From<$kind> for Value {
            fn from($value: $kind) -> Self {
                $made
            }
        }
    )*};
}

values! {
    &str: text => Self::Text(text.to_owned());
    &String: text => Self::Text(text.clone());
    String: text => Self::Text(text);
    i64: number => Self::Int(number);
    i32: number => Self::Int(number.into());
    f64: number => Self::Real(number);
    bool: flag => Self::Bool(flag);
    Vec<u8>: bytes => Self::Bytes(bytes);
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
