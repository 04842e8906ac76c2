//! `InferTensorContents`: items in the list that their datatype names.

use longshore_engine::{TextColumn, quantity};
use longshore_kserve::v2::Datatype;

use crate::{
    failure::Failure,
    protobuf::{Reader, Value, varints},
    protocol::v2::{claim::Claim, raw, tensor::Values},
};

const MESSAGE: &str = "InferTensorContents";

/// The lists by their field numbers.
const LISTS: [&str; 8] = [
    "bool_contents",
    "int_contents",
    "int64_contents",
    "uint_contents",
    "uint64_contents",
    "fp32_contents",
    "fp64_contents",
    "bytes_contents",
];

/// The items of a tensor. Its message may have been written in several parts, which count as one.
pub(super) fn read(claim: &Claim<'_>, parts: &[&[u8]]) -> Result<Values, Failure> {
    let sent: usize = parts.iter().map(|part| part.len()).sum();
    // each item takes a byte at least
    let total = claim.total().filter(|total| *total <= sent).ok_or_else(|| {
        Failure::invalid(format!(
            "the shape {:?} of input `{}` promises more items than its contents hold",
            claim.shape, claim.name
        ))
    })?;
    let list = List { claim, parts, total };
    Ok(match claim.datatype {
        Datatype::Fp64 => Values::F64(list.fixed(
            |v| match v {
                Value::Fixed64(bytes) => Some(f64::from_le_bytes(bytes)),
                _ => None,
            },
            f64::from_le_bytes,
        )?),
        Datatype::Fp32 => Values::F32(list.fixed(
            |v| match v {
                Value::Fixed32(bytes) => Some(f32::from_le_bytes(bytes)),
                _ => None,
            },
            f32::from_le_bytes,
        )?),
        Datatype::Int64 => Values::I64(list.varints(|_, value| Ok(value as i64))?),
        Datatype::Uint64 => raw::unsigned(list.varints(|_, value| Ok(value))?),
        Datatype::Bool => Values::Bool(list.varints(|_, value| Ok(value != 0))?),
        Datatype::Bytes => Values::Text(list.texts()?),
        Datatype::Fp16 | Datatype::Bf16 => {
            return Err(Failure::invalid(format!(
                "input `{}` is {}, which has no list in its contents; send it in `raw_input_contents`",
                claim.name, claim.datatype
            )));
        }
        _ => {
            let (low, high) = claim.datatype.integer_range().unwrap_or((0, 0));
            Values::I64(list.varints(|at, value| {
                let value = value as i64;
                if (low..=high).contains(&i128::from(value)) {
                    return Ok(value);
                }
                let place = claim.place(at);
                Err(Failure::invalid(format!(
                    "{place}: `{value}` is not a value of {}",
                    claim.datatype
                )))
            })?)
        }
    })
}

/// The field of the list that a datatype's items are in.
pub(super) fn field(datatype: Datatype) -> u32 {
    match datatype {
        Datatype::Bool => 1,
        Datatype::Int8 | Datatype::Int16 | Datatype::Int32 => 2,
        Datatype::Int64 => 3,
        Datatype::Uint8 | Datatype::Uint16 | Datatype::Uint32 => 4,
        Datatype::Uint64 => 5,
        Datatype::Fp32 | Datatype::Fp16 | Datatype::Bf16 => 6,
        Datatype::Fp64 => 7,
        Datatype::Bytes => 8,
    }
}

struct List<'l> {
    claim: &'l Claim<'l>,
    parts: &'l [&'l [u8]],
    total: usize,
}

impl List<'_> {
    /// Gives each entry of the tensor's list to `entry`; entries of another list are refused.
    fn entries(
        &self,
        mut entry: impl FnMut(Value<'_>) -> Result<Option<()>, Failure>,
    ) -> Result<(), Failure> {
        let Claim { name, datatype, .. } = self.claim;
        let own = field(*datatype);
        for part in self.parts {
            let mut reader = Reader::new(part, MESSAGE);
            while let Some(field) = reader.next()? {
                let at = (field.number as usize).wrapping_sub(1);
                let Some(list) = LISTS.get(at) else { continue };
                if field.number != own {
                    if matches!(field.value, Value::Bytes([])) && field.number != 8 {
                        continue;
                    }
                    let expected = LISTS.get(own as usize - 1).copied().unwrap_or_default();
                    return Err(Failure::invalid(format!(
                        "input `{name}` is {datatype}, whose items belong into `{expected}`; they are in `{list}`"
                    )));
                }
                entry(field.value)?.ok_or_else(|| field.mistyped(&format!("`{list}`")))?;
            }
        }
        Ok(())
    }

    /// Items that take `N` bytes each.
    fn fixed<T, const N: usize>(
        &self,
        single: impl Fn(Value<'_>) -> Option<T>,
        from: impl Fn([u8; N]) -> T,
    ) -> Result<Vec<T>, Failure> {
        let mut values = Vec::with_capacity(self.total.min(self.sent() / N));
        self.entries(|value| {
            if let Value::Bytes(packed) = value {
                let (items, rest) = packed.as_chunks::<N>();
                values.extend(items.iter().map(|item| from(*item)));
                return Ok(rest.is_empty().then_some(()));
            }
            Ok(single(value).map(|value| values.push(value)))
        })?;
        self.complete(values.len())?;
        Ok(values)
    }

    /// Integers; `take` gets the place of each.
    fn varints<T>(
        &self,
        mut take: impl FnMut(usize, u64) -> Result<T, Failure>,
    ) -> Result<Vec<T>, Failure> {
        let mut values = Vec::with_capacity(self.total);
        self.entries(|value| {
            match value {
                Value::Varint(value) => values.push(take(values.len(), value)?),
                Value::Bytes(packed) => {
                    for value in varints(packed) {
                        let Some(value) = value else { return Ok(None) };
                        values.push(take(values.len(), value)?);
                    }
                }
                _ => return Ok(None),
            }
            Ok(Some(()))
        })?;
        self.complete(values.len())?;
        Ok(values)
    }

    fn texts(&self) -> Result<TextColumn, Failure> {
        let mut texts = TextColumn::with_capacity(self.total.min(self.sent() / 2));
        self.entries(|value| {
            let Value::Bytes(bytes) = value else { return Ok(None) };
            let at = texts.len();
            self.claim.push_text(&mut texts, at, bytes).map(Some)
        })?;
        self.complete(texts.len())?;
        Ok(texts)
    }

    fn sent(&self) -> usize {
        self.parts.iter().map(|part| part.len()).sum()
    }

    /// Checks the number of items against the shape.
    fn complete(&self, found: usize) -> Result<(), Failure> {
        if found == self.total {
            return Ok(());
        }
        let Claim { name, shape, .. } = self.claim;
        Err(Failure::invalid(format!(
            "input `{name}` holds {} where its shape {shape:?} says {}",
            quantity(found, "item"),
            self.total
        )))
    }
}
