//! Values in Postgres' binary form.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::store::Value;

/// The type that a value is sent as. Text is what the statement needs it to be: JSON, say.
pub(super) fn kind(value: &Value) -> Type {
    match value {
        Value::Null | Value::Text(_) => Type::UNKNOWN,
        Value::Int(_) => Type::INT8,
        Value::Real(_) => Type::FLOAT8,
        Value::Bool(_) => Type::BOOL,
        Value::Bytes(_) => Type::BYTEA,
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) => number.to_sql(kind, out),
            Self::Real(number) => number.to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
            Self::Bool(flag) => flag.to_sql(kind, out),
            Self::Bytes(bytes) => bytes.to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A value that Postgres has sent.
pub(super) struct Cell(pub(super) Value);

impl<'a> FromSql<'a> for Cell {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(match *kind {
            Type::BOOL => Value::Bool(bool::from_sql(kind, raw)?),
            Type::INT2 => Value::Int(i16::from_sql(kind, raw)?.into()),
            Type::INT4 => Value::Int(i32::from_sql(kind, raw)?.into()),
            Type::INT8 => Value::Int(i64::from_sql(kind, raw)?),
            Type::FLOAT4 => Value::Real(f32::from_sql(kind, raw)?.into()),
            Type::FLOAT8 => Value::Real(f64::from_sql(kind, raw)?),
            Type::NUMERIC => numeric(raw).ok_or("a number that is none")?,
            Type::BYTEA => Value::Bytes(raw.to_vec()),
            _ => Value::Text(str::from_utf8(raw)?.to_owned()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A `NUMERIC`, as sums are: four numbers of 16 bits (how many digits of base 10,000, the weight of the
/// first, the sign, the decimal places), then the digits. Source: `numeric_send` of Postgres.
fn numeric(raw: &[u8]) -> Option<Value> {
    let mut words = raw.chunks_exact(2).map(|it| it.try_into().map_or(0, i16::from_be_bytes));
    let (count, weight, sign, places) =
        (words.next()?, words.next()?, words.next()?, words.next()?);
    let sign: i32 = match sign {
        0 => 1,
        0x4000 => -1,
        _ => return None,
    };
    let digits: Vec<_> = words.take(usize::try_from(count).ok()?).collect();
    if places == 0 {
        let mut number = 0_i64;
        for place in 0..=weight {
            let digit = digits.get(usize::try_from(place).ok()?).copied().unwrap_or(0);
            number = number.checked_mul(10_000)?.checked_add(digit.into())?;
        }
        return Some(Value::Int(i64::from(sign) * number));
    }
    let mut number = 0.0;
    for (digit, place) in digits.iter().zip(0_i32..) {
        number += f64::from(*digit) * 10_000_f64.powi(i32::from(weight) - place);
    }
    Some(Value::Real(f64::from(sign) * number))
}

#[cfg(test)]
mod tests {
    use super::numeric;
    use crate::store::Value;

    fn words(words: &[i16]) -> Vec<u8> {
        words.iter().flat_map(|it| it.to_be_bytes()).collect()
    }

    #[test]
    fn numbers_of_any_length_are_read() {
        assert_eq!(numeric(&words(&[0, 0, 0, 0])), Some(Value::Int(0)));
        assert_eq!(numeric(&words(&[1, 1, 0x4000, 0, 12])), Some(Value::Int(-120_000)));
        assert_eq!(numeric(&words(&[2, 1, 0, 0, 12, 34])), Some(Value::Int(120_034)));
        assert_eq!(numeric(&words(&[2, 0, 0, 2, 12, 2500])), Some(Value::Real(12.25)));
        assert_eq!(numeric(&words(&[0, 0, -0x4000, 0])), None);
        assert_eq!(numeric(&[0]), None);
    }
}
