use std::borrow::Cow;

use longshore_engine::{Column, TextColumn, quantity};
use longshore_kserve::v2::Datatype;

use super::{
    binary::Items,
    claim::Claim,
    content::Content,
    parameters::{self, Parameters},
};
use crate::{
    failure::Failure,
    frame::Bounds,
    json::{Number, Scalar, Scanner, twice},
    names::quoted,
};

mod half;

/// An input tensor.
#[derive(Debug)]
pub(in crate::protocol) struct Tensor<'a> {
    pub(in crate::protocol) name: Cow<'a, str>,
    pub(in crate::protocol) shape: Vec<usize>,
    pub(in crate::protocol) content: Option<Content>,
    pub(in crate::protocol) values: Values,
}

/// A tensor's items, row-major.
#[derive(Debug)]
pub(in crate::protocol) enum Values {
    F64(Vec<f64>),
    F32(Vec<f32>),
    I64(Vec<i64>),
    Bool(Vec<bool>),
    Text(TextColumn),
    /// A column that came as JSON values.
    Mixed(Column),
}

/// What is known of a tensor while its keys are read.
#[derive(Default)]
struct Parts<'a> {
    name: Option<Cow<'a, str>>,
    shape: Option<Vec<usize>>,
    datatype: Option<Datatype>,
    parameters: Parameters,
    values: Option<Values>,
    /// Where `data` is, when it came before its type.
    postponed: Option<Scanner<'a>>,
}

/// Reads the `at`-th input.
pub(super) fn read<'a>(
    scanner: &mut Scanner<'a>,
    at: usize,
    bounds: &Bounds,
    items: &mut Items<'_>,
) -> Result<Tensor<'a>, Failure> {
    let mut parts = Parts::default();
    let mut first = true;
    scanner.begin(b'{')?;
    while scanner.more(b'}', &mut first)? {
        let key = scanner.key()?;
        let again = match &*key {
            "name" => parts.name.replace(scanner.string()?).is_some(),
            "shape" => parts.shape.replace(shape(scanner, at)?).is_some(),
            "datatype" => parts.datatype.replace(datatype(scanner)?).is_some(),
            "parameters" => {
                parts.parameters = parameters::read(scanner)?;
                false
            }
            "data" => {
                let again = parts.values.is_some() || parts.postponed.is_some();
                scanner.peek();
                let here = scanner.clone();
                if let (Some(name), Some(shape), Some(datatype)) =
                    (&parts.name, &parts.shape, parts.datatype)
                {
                    let reader = Reader { name, shape, datatype };
                    parts.values = Some(reader.read(scanner, bounds)?);
                } else {
                    scanner.skip()?;
                    parts.postponed = Some(here);
                }
                again
            }
            _ => {
                scanner.skip()?;
                false
            }
        };
        if again {
            return Err(twice(&key));
        }
    }
    let lacks = |key: &str| Failure::invalid(format!("input {at} has no `{key}`"));
    let name = parts.name.ok_or_else(|| lacks("name"))?;
    let shape = parts.shape.ok_or_else(|| lacks("shape"))?;
    let datatype = parts.datatype.ok_or_else(|| lacks("datatype"))?;
    let Parameters { content, size, .. } = parts.parameters;
    let values = match (parts.values, parts.postponed, size) {
        (None, None, Some(size)) => {
            bounds.check_rows(shape.first().copied().unwrap_or(0))?;
            items.take(&Claim { name: &name, shape: &shape, datatype }, size)?
        }
        (_, _, Some(_)) => {
            return Err(Failure::invalid(format!(
                "input {} has `data` beside `binary_data_size`; send its items in one of them",
                quoted(&name)
            )));
        }
        (Some(values), _, None) => values,
        (None, Some(mut here), None) => {
            let reader = Reader { name: &name, shape: &shape, datatype };
            reader.read(&mut here, bounds)?
        }
        (None, None, None) => return Err(lacks("data")),
    };
    Ok(Tensor { name, shape, content, values })
}

fn shape(scanner: &mut Scanner<'_>, at: usize) -> Result<Vec<usize>, Failure> {
    let mut shape = Vec::with_capacity(2);
    let mut first = true;
    if scanner.peek() != Some(b'[') {
        return Err(Failure::invalid(format!("the shape of input {at} is not a list of sizes")));
    }
    scanner.begin(b'[')?;
    while scanner.more(b']', &mut first)? {
        let size = match scanner.scalar()? {
            Scalar::Number(Number::Int(size)) => usize::try_from(size).ok(),
            _ => None,
        };
        shape.push(size.ok_or_else(|| {
            Failure::invalid(format!("the shape of input {at} holds something other than sizes"))
        })?);
    }
    Ok(shape)
}

fn datatype(scanner: &mut Scanner<'_>) -> Result<Datatype, Failure> {
    let name = scanner.string()?;
    name.parse().map_err(|()| {
        let known: Vec<_> = Datatype::ALL.iter().map(|d| d.name()).collect();
        let known = known.join(", ");
        Failure::invalid(format!("{} is not a datatype; there are {known}", quoted(&name)))
    })
}

/// Reads the items of one tensor.
struct Reader<'t> {
    name: &'t str,
    shape: &'t [usize],
    datatype: Datatype,
}

impl Reader<'_> {
    fn read(&self, scanner: &mut Scanner<'_>, bounds: &Bounds) -> Result<Values, Failure> {
        if scanner.peek() != Some(b'[') {
            return Err(Failure::invalid(format!(
                "the data of input {} is {} where a list is expected",
                quoted(self.name),
                scanner.shape()
            )));
        }
        let total = self.shape.iter().try_fold(1_usize, |total, &size| total.checked_mul(size));
        let Some(total) = total.filter(|&total| total <= scanner.len()) else {
            return Err(Failure::invalid(format!(
                "the shape of input {} promises more items than the body holds",
                quoted(self.name)
            )));
        };
        bounds.check_rows(self.shape.first().copied().unwrap_or(0))?;
        if matches!(self.datatype, Datatype::Fp64 | Datatype::Fp32) {
            let mut fast = scanner.clone();
            if let Some(values) = self.doubles(&mut fast, total) {
                *scanner = fast;
                return Ok(self.floats(values));
            }
        }
        match self.datatype {
            Datatype::Fp16 | Datatype::Bf16 | Datatype::Fp32 | Datatype::Fp64 => {
                let mut values = Vec::with_capacity(total);
                self.items(scanner, total, |at, item| {
                    values.push(match item {
                        Scalar::Number(number) => number.as_f64(),
                        Scalar::Null => f64::NAN,
                        other => return Err(self.refuse(at, &other)),
                    });
                    Ok(())
                })?;
                Ok(self.floats(values))
            }
            Datatype::Bool => {
                let mut values = Vec::with_capacity(total);
                self.items(scanner, total, |at, item| {
                    values.push(match item {
                        Scalar::Bool(value) => value,
                        Scalar::Number(Number::Int(value @ (0 | 1))) => value == 1,
                        other => return Err(self.refuse(at, &other)),
                    });
                    Ok(())
                })?;
                Ok(Values::Bool(values))
            }
            Datatype::Bytes => {
                let mut values = TextColumn::with_capacity(total);
                self.items(scanner, total, |at, item| {
                    match item {
                        Scalar::Text(text) => values.push(Some(&text)),
                        Scalar::Null => values.push(None),
                        other => return Err(self.refuse(at, &other)),
                    }
                    Ok(())
                })?;
                Ok(Values::Text(values))
            }
            _ => self.integers(scanner, total),
        }
    }

    fn floats(&self, values: Vec<f64>) -> Values {
        match self.datatype {
            Datatype::Fp64 => Values::F64(values),
            Datatype::Fp16 => Values::F32(values.into_iter().map(half::round).collect()),
            Datatype::Bf16 => Values::F32(values.into_iter().map(half::round_brain).collect()),
            _ => Values::F32(values.into_iter().map(|value| value as f32).collect()),
        }
    }

    /// The fast path for numbers in the order and the nesting that the shape says.
    fn doubles(&self, scanner: &mut Scanner<'_>, total: usize) -> Option<Vec<f64>> {
        let mut values = Vec::with_capacity(total);
        let mut run = |scanner: &mut Scanner<'_>, count: usize| {
            for at in 0..count {
                if at > 0 && !scanner.eat(b',') {
                    return None;
                }
                values.push(scanner.double()?);
            }
            scanner.eat(b']').then_some(())
        };
        if total == 0 || !scanner.eat(b'[') {
            return None;
        }
        if scanner.peek() != Some(b'[') {
            run(scanner, total)?;
            return Some(values);
        }
        let [rows, columns] = *self.shape else { return None };
        for row in 0..rows {
            if (row > 0 && !scanner.eat(b',')) || !scanner.eat(b'[') {
                return None;
            }
            run(scanner, columns)?;
        }
        scanner.eat(b']').then_some(values)
    }

    fn integers(&self, scanner: &mut Scanner<'_>, total: usize) -> Result<Values, Failure> {
        let (low, high) = self.datatype.integer_range().unwrap_or((0, 0));
        let mut values: Vec<i128> = Vec::with_capacity(total);
        self.items(scanner, total, |at, item| {
            let value = match &item {
                Scalar::Number(Number::Int(value)) => Some(i128::from(*value)),
                Scalar::Number(Number::Unsigned(value)) => Some(i128::from(*value)),
                Scalar::Number(Number::Float(value))
                    if value.trunc() == *value && value.abs() < 1e18 =>
                {
                    Some(*value as i128)
                }
                _ => None,
            };
            let value = value.filter(|value| (low..=high).contains(value));
            values.push(value.ok_or_else(|| self.refuse(at, &item))?);
            Ok(())
        })?;
        if values.iter().any(|value| i64::try_from(*value).is_err()) {
            return Ok(Values::F64(values.into_iter().map(|value| value as f64).collect()));
        }
        Ok(Values::I64(values.into_iter().map(|value| value as i64).collect()))
    }

    /// Walks all items, flat or nested as the shape says.
    fn items<'a>(
        &self,
        scanner: &mut Scanner<'a>,
        total: usize,
        mut each: impl FnMut(usize, Scalar<'a>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut ahead = scanner.clone();
        let nested = self.shape.len() > 1 && ahead.eat(b'[') && ahead.peek() == Some(b'[');
        let mut at = 0;
        if nested {
            self.level(scanner, self.shape, &mut at, &mut each)?;
        } else {
            self.level(scanner, &[total], &mut at, &mut each)?;
        }
        Ok(())
    }

    fn level<'a>(
        &self,
        scanner: &mut Scanner<'a>,
        shape: &[usize],
        at: &mut usize,
        each: &mut impl FnMut(usize, Scalar<'a>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Some((&size, inner)) = shape.split_first() else { return Ok(()) };
        let start = *at;
        let (mut first, mut count) = (true, 0);
        scanner.begin(b'[')?;
        while scanner.more(b']', &mut first)? {
            if count == size {
                return Err(self.size(start, inner, size, "more"));
            }
            if inner.is_empty() {
                if matches!(scanner.peek(), Some(b'[' | b'{')) {
                    let place = self.place(*at);
                    return Err(Failure::invalid(format!("{place} is not a single value")));
                }
                let item = scanner.scalar()?;
                each(*at, item)?;
                *at += 1;
            } else {
                self.level(scanner, inner, at, each)?;
            }
            count += 1;
        }
        if count < size {
            return Err(self.size(start, inner, size, "fewer"));
        }
        Ok(())
    }

    fn size(&self, start: usize, inner: &[usize], size: usize, relation: &str) -> Failure {
        let row = if inner.is_empty() && self.shape.len() > 1 && size < self.total() {
            format!(", row {}", start / self.width())
        } else {
            String::new()
        };
        Failure::invalid(format!(
            "input {}{row} holds {relation} than the {} that its shape {:?} says",
            quoted(self.name),
            quantity(size, "item"),
            self.shape
        ))
    }

    fn total(&self) -> usize {
        self.shape.iter().product()
    }

    /// Items in a row.
    fn width(&self) -> usize {
        self.shape.iter().skip(1).product::<usize>().max(1)
    }

    fn place(&self, at: usize) -> String {
        let (name, width) = (quoted(self.name), self.width());
        if width == 1 {
            return format!("input {name}, row {at}");
        }
        format!("input {name}, row {}, column {}", at / width, at % width)
    }

    fn refuse(&self, at: usize, item: &Scalar<'_>) -> Failure {
        let found = match item {
            Scalar::Null => "null".to_owned(),
            Scalar::Bool(value) => value.to_string(),
            Scalar::Number(Number::Int(value)) => value.to_string(),
            Scalar::Number(Number::Unsigned(value)) => value.to_string(),
            Scalar::Number(Number::Wide(value) | Number::Float(value)) => value.to_string(),
            Scalar::Text(text) => format!("\"{}\"", text.chars().take(40).collect::<String>()),
        };
        Failure::invalid(format!(
            "{}: `{found}` is not a value of {}",
            self.place(at),
            self.datatype
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Result<Values, String> {
        let mut scanner = Scanner::new(text.as_bytes(), 64).unwrap();
        let bounds = Bounds { rows: 10, cells: 100 };
        read(&mut scanner, 0, &bounds, &mut Items::default())
            .map(|t| t.values)
            .map_err(|f| f.message.to_string())
    }

    fn tensor(datatype: &str, shape: &str, data: &str) -> Result<Values, String> {
        let one = values(&format!(
            r#"{{"name":"x","shape":{shape},"datatype":"{datatype}","data":{data}}}"#
        ));
        let other = values(&format!(
            r#"{{"data":{data},"datatype":"{datatype}","shape":{shape},"name":"x"}}"#
        ));
        assert_eq!(format!("{one:?}"), format!("{other:?}"), "the order of keys does not matter");
        one
    }

    #[test]
    fn flat_and_nested_items_are_the_same() {
        for data in ["[1,2.5,-3,4]", "[[1,2.5],[-3,4]]"] {
            let Ok(Values::F64(values)) = tensor("FP64", "[2,2]", data) else { panic!("{data}") };
            assert_eq!(values, [1.0, 2.5, -3.0, 4.0]);
        }
        let Ok(Values::I64(values)) = tensor("INT8", "[2,1,2]", "[[[1,2]],[[3,-128]]]") else {
            panic!("integers expected")
        };
        assert_eq!(values, [1, 2, 3, -128]);
        assert!(matches!(tensor("FP32", "[0,3]", "[]"), Ok(Values::F32(v)) if v.is_empty()));
        assert!(
            matches!(tensor("FP16", "[1]", "[0.1]"), Ok(Values::F32(v)) if v == [0.099_975_586])
        );
        assert!(
            matches!(tensor("BF16", "[1]", "[0.1]"), Ok(Values::F32(v)) if v == [0.100_097_656])
        );
        for datatype in ["INT64", "UINT64"] {
            let values = tensor(datatype, "[1]", "[9007199254740993]");
            assert!(matches!(values, Ok(Values::I64(v)) if v == [9_007_199_254_740_993]));
        }
        assert!(
            matches!(tensor("UINT64", "[1]", "[18446744073709551615]"), Ok(Values::F64(v)) if v == [u64::MAX as f64])
        );
        assert!(
            matches!(tensor("BOOL", "[2]", "[true,0]"), Ok(Values::Bool(v)) if v == [true, false])
        );
    }

    #[test]
    fn faults_are_named() {
        for (datatype, shape, data, expected) in [
            ("FP64", "[2,2]", "[1,2,3]", "holds fewer than the 4 items"),
            ("FP64", "[2,2]", "[1,2,3,4,5]", "holds more than the 4 items"),
            ("FP64", "[2,2]", "[[1,2],[3]]", "row 1 holds fewer than the 2 items"),
            ("FP64", "[2,2]", "[[1,2,3],[3]]", "row 0 holds more than the 2 items"),
            (
                "FP64",
                "[2,2]",
                "[[1,2],[3,\"a\"]]",
                "row 1, column 1: `\"a\"` is not a value of FP64",
            ),
            ("INT8", "[1]", "[128]", "input `x`, row 0: `128` is not a value of INT8"),
            ("INT32", "[1]", "[1.5]", "`1.5` is not a value of INT32"),
            ("UINT8", "[1]", "[-1]", "`-1` is not a value of UINT8"),
            ("INT64", "[1]", "[9223372036854775808]", "is not a value of INT64"),
            ("BYTES", "[1]", "[1]", "`1` is not a value of BYTES"),
            ("BOOL", "[1]", "[2]", "`2` is not a value of BOOL"),
            ("FP64", "[1]", "[[1]]", "is not a single value"),
            ("FP8", "[1]", "[1]", "`FP8` is not a datatype"),
            ("FP64", "[-1]", "[1]", "holds something other than sizes"),
            ("FP64", "[99999999999,99999999999]", "[1]", "promises more items"),
            ("FP64", "[11]", "[1,1,1,1,1,1,1,1,1,1,1]", "exceeds the limit of 10 rows"),
        ] {
            let message = tensor(datatype, shape, data).unwrap_err();
            assert!(message.contains(expected), "{datatype} {shape} {data}: {message}");
        }
        assert!(
            values(r#"{"name":"x","shape":[1],"datatype":"FP64"}"#)
                .unwrap_err()
                .contains("no `data`")
        );
        assert!(
            values(r#"{"shape":[1],"shape":[1]}"#).unwrap_err().contains("`shape` comes twice")
        );
    }
}
