//! Replies of `ModelInfer` over gRPC: the parts of `ModelInferResponse` that are compared
//! (`grpc_predict_v2.proto` of the Open Inference Protocol), read from its encoding.

use std::collections::BTreeMap;

use super::numbers::tensors_agree;

/// Fields of `ModelInferResponse`.
const OUTPUTS: u64 = 5;
const RAW_OUTPUT_CONTENTS: u64 = 6;

/// Fields of `InferOutputTensor`.
const NAME: u64 = 1;
const DATATYPE: u64 = 2;
const SHAPE: u64 = 3;
const CONTENTS: u64 = 5;

/// Fields of `InferTensorContents` whose numbers have a fraction.
const FP32_CONTENTS: u64 = 6;
const FP64_CONTENTS: u64 = 7;

/// What is compared of a message.
#[derive(Debug, Default)]
struct Message<'m> {
    outputs: Vec<Tensor<'m>>,
    raw: Vec<&'m [u8]>,
}

#[derive(Debug, Default)]
struct Tensor<'m> {
    name: &'m [u8],
    datatype: &'m str,
    shape: Vec<u8>,
    /// By the field that has them.
    contents: BTreeMap<u64, Vec<u8>>,
}

/// The value of a field.
enum Field<'m> {
    /// As it is encoded, without its tag.
    Number(&'m [u8]),
    Bytes(&'m [u8]),
}

/// Whether two bodies say the same; `None` when they cannot be read.
pub(super) fn agree(one: &[u8], other: &[u8], tolerance: f64) -> Option<bool> {
    if one == other {
        return Some(true);
    }
    let (one, other) = (message(one)?, message(other)?);
    if one.outputs.len() != other.outputs.len() || one.raw.len() != other.raw.len() {
        return Some(false);
    }
    let tensors = one.outputs.iter().zip(&other.outputs);
    let is_same = tensors.clone().all(|(one, other)| {
        let kinds = |it: &Tensor<'_>| it.contents.keys().copied().collect::<Vec<_>>();
        let mut contents = one.contents.iter().zip(other.contents.values());
        (one.name, one.datatype, &one.shape) == (other.name, other.datatype, &other.shape)
            && kinds(one) == kinds(other)
            && contents.all(|((field, one), other)| {
                let datatype = match *field {
                    FP32_CONTENTS => "FP32",
                    FP64_CONTENTS => "FP64",
                    _ => "",
                };
                tensors_agree(datatype, one, other, tolerance)
            })
    });
    // the raw contents are those of the outputs, in their order
    let mut raw = one.raw.iter().zip(&other.raw).enumerate();
    let raw_is_same = raw.all(|(at, (raw, other_raw))| {
        let datatype = one.outputs.get(at).map_or("", |tensor| tensor.datatype);
        tensors_agree(datatype, raw, other_raw, tolerance)
    });
    Some(is_same && raw_is_same)
}

/// The message in a body: behind a flag of its compression and its length ("gRPC over HTTP/2").
fn message(body: &[u8]) -> Option<Message<'_>> {
    let (head, bytes) = body.split_first_chunk::<5>()?;
    let [flag, length @ ..] = *head;
    let length = usize::try_from(u32::from_be_bytes(length)).ok()?;
    if flag != 0 || length != bytes.len() {
        return None;
    }
    let mut message = Message::default();
    each(bytes, |field, value| {
        match (field, value) {
            (OUTPUTS, Field::Bytes(bytes)) => message.outputs.push(tensor(bytes)?),
            (RAW_OUTPUT_CONTENTS, Field::Bytes(bytes)) => message.raw.push(bytes),
            _ => {}
        }
        Some(())
    })?;
    Some(message)
}

fn tensor(bytes: &[u8]) -> Option<Tensor<'_>> {
    let mut tensor = Tensor::default();
    each(bytes, |field, value| {
        match (field, value) {
            (NAME, Field::Bytes(bytes)) => tensor.name = bytes,
            (DATATYPE, Field::Bytes(bytes)) => tensor.datatype = std::str::from_utf8(bytes).ok()?,
            // packed or one by one, the bytes of the numbers are the same
            (SHAPE, Field::Bytes(bytes) | Field::Number(bytes)) => {
                tensor.shape.extend_from_slice(bytes);
            }
            (CONTENTS, Field::Bytes(bytes)) => contents(bytes, &mut tensor.contents)?,
            _ => {}
        }
        Some(())
    })?;
    Some(tensor)
}

fn contents(bytes: &[u8], contents: &mut BTreeMap<u64, Vec<u8>>) -> Option<()> {
    /// Texts, which are several and not packed.
    const BYTES_CONTENTS: u64 = 8;
    each(bytes, |field, value| {
        let all = contents.entry(field).or_default();
        match value {
            Field::Bytes(bytes) => {
                if field == BYTES_CONTENTS {
                    all.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
                }
                all.extend_from_slice(bytes);
            }
            Field::Number(bytes) => all.extend_from_slice(bytes),
        }
        Some(())
    })
}

/// Goes through the fields of an encoded message; `None` when it is cut or `take` says so.
fn each<'m>(mut bytes: &'m [u8], mut take: impl FnMut(u64, Field<'m>) -> Option<()>) -> Option<()> {
    while !bytes.is_empty() {
        let (tag, rest) = varint(bytes)?;
        let (value, rest) = match tag & 7 {
            0 => {
                let (_, after) = varint(rest)?;
                let (number, rest) = rest.split_at_checked(rest.len() - after.len())?;
                (Field::Number(number), rest)
            }
            1 => rest.split_at_checked(8).map(|(number, rest)| (Field::Number(number), rest))?,
            5 => rest.split_at_checked(4).map(|(number, rest)| (Field::Number(number), rest))?,
            2 => {
                let (length, rest) = varint(rest)?;
                let split = rest.split_at_checked(usize::try_from(length).ok()?);
                split.map(|(bytes, rest)| (Field::Bytes(bytes), rest))?
            }
            _ => return None,
        };
        take(tag >> 3, value)?;
        bytes = rest;
    }
    Some(())
}

/// A number of seven bits a byte, and what is behind it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        number |= u64::from(byte & 0x7f).checked_shl(7 * at as u32)?;
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(at + 1..)?));
        }
    }
    None
}
