//! Items as bytes: little-endian, row-major, without gaps; a text is its length in four bytes and its bytes, a boolean one byte
//! (Triton's "binary tensor data extension", the same in gRPC's `raw_input_contents`).

use longshore_engine::{OutputData, TextColumn};
use longshore_kserve::v2::Datatype;

use super::{claim::Claim, tensor::Values};
use crate::{failure::Failure, float};

/// The items of a tensor from its bytes.
pub(in crate::protocol) fn read(claim: &Claim<'_>, bytes: &[u8]) -> Result<Values, Failure> {
    let Some(width) = width(claim.datatype) else { return texts(claim, bytes).map(Values::Text) };
    let expected = claim.total().and_then(|total| total.checked_mul(width));
    if expected != Some(bytes.len()) {
        let expected = expected.map_or("more than there can be".to_owned(), |n| n.to_string());
        return Err(Failure::invalid(format!(
            "the contents of input `{}` are {} bytes; its shape {:?} of {} takes {expected}",
            claim.name,
            bytes.len(),
            claim.shape,
            claim.datatype
        )));
    }
    Ok(match claim.datatype {
        Datatype::Fp64 => Values::F64(items(bytes, f64::from_le_bytes)),
        Datatype::Fp32 => Values::F32(items(bytes, f32::from_le_bytes)),
        Datatype::Fp16 => Values::F32(items(bytes, |b| float::half(u16::from_le_bytes(b)))),
        Datatype::Bf16 => Values::F32(items(bytes, |b| float::brain(u16::from_le_bytes(b)))),
        Datatype::Int64 => Values::I64(items(bytes, i64::from_le_bytes)),
        Datatype::Int32 => Values::I64(items(bytes, |b| i64::from(i32::from_le_bytes(b)))),
        Datatype::Int16 => Values::I64(items(bytes, |b| i64::from(i16::from_le_bytes(b)))),
        Datatype::Int8 => Values::I64(items(bytes, |b| i64::from(i8::from_le_bytes(b)))),
        Datatype::Uint32 => Values::I64(items(bytes, |b| i64::from(u32::from_le_bytes(b)))),
        Datatype::Uint16 => Values::I64(items(bytes, |b| i64::from(u16::from_le_bytes(b)))),
        Datatype::Uint8 => Values::I64(items(bytes, |b| i64::from(u8::from_le_bytes(b)))),
        Datatype::Uint64 => unsigned(items(bytes, u64::from_le_bytes)),
        Datatype::Bool => {
            if let Some(at) = bytes.iter().position(|byte| *byte > 1) {
                let found = bytes.get(at).copied().unwrap_or_default();
                let place = claim.place(at);
                return Err(Failure::invalid(format!("{place}: the byte {found} is no BOOL")));
            }
            Values::Bool(bytes.iter().map(|byte| *byte == 1).collect())
        }
        Datatype::Bytes => Values::Text(TextColumn::default()),
    })
}

/// Unsigned integers, as integers when all of them are in their range, else as doubles.
pub(in crate::protocol) fn unsigned(values: Vec<u64>) -> Values {
    let integers: Result<Vec<i64>, _> = values.iter().map(|&value| i64::try_from(value)).collect();
    match integers {
        Ok(integers) => Values::I64(integers),
        Err(_) => Values::F64(values.into_iter().map(|value| value as f64).collect()),
    }
}

/// Bytes of an item; `None` for texts.
fn width(datatype: Datatype) -> Option<usize> {
    Some(match datatype {
        Datatype::Bool | Datatype::Uint8 | Datatype::Int8 => 1,
        Datatype::Uint16 | Datatype::Int16 | Datatype::Fp16 | Datatype::Bf16 => 2,
        Datatype::Uint32 | Datatype::Int32 | Datatype::Fp32 => 4,
        Datatype::Uint64 | Datatype::Int64 | Datatype::Fp64 => 8,
        Datatype::Bytes => return None,
    })
}

fn items<T, const N: usize>(bytes: &[u8], from: impl Fn([u8; N]) -> T) -> Vec<T> {
    let (items, _) = bytes.as_chunks::<N>();
    items.iter().map(|item| from(*item)).collect()
}

fn texts(claim: &Claim<'_>, bytes: &[u8]) -> Result<TextColumn, Failure> {
    // each text takes four bytes at least
    let total = claim.total().filter(|total| *total <= bytes.len() / 4);
    let wrong = |why: &str| {
        Failure::invalid(format!(
            "the contents of input `{}` do not hold the texts of its shape {:?}: {why}; each is its length in four bytes and its bytes",
            claim.name, claim.shape
        ))
    };
    let total = total.ok_or_else(|| wrong("they are too short"))?;
    let mut texts = TextColumn::with_capacity(total);
    let mut rest = bytes;
    for at in 0..total {
        let (length, after) = rest.split_first_chunk().ok_or_else(|| wrong("they are cut"))?;
        let length = u32::from_le_bytes(*length) as usize;
        let (text, after) = after.split_at_checked(length).ok_or_else(|| wrong("they are cut"))?;
        claim.push_text(&mut texts, at, text)?;
        rest = after;
    }
    if !rest.is_empty() {
        return Err(wrong(&format!("{} bytes are left over", rest.len())));
    }
    Ok(texts)
}

/// Bytes that an answer's values take.
pub(in crate::protocol) fn size(data: &OutputData) -> usize {
    match data {
        OutputData::F64(v) => v.len() * 8,
        OutputData::F32(v) => v.len() * 4,
        OutputData::I64(v) => v.len() * 8,
        OutputData::I32(v) => v.len() * 4,
        OutputData::Bool(v) => v.len(),
        OutputData::Text(v) => v.iter().map(|text| 4 + text.unwrap_or_default().len()).sum(),
    }
}

/// Appends an answer's values as bytes. Bytes cannot say that a text is missing: the caller has
/// ruled that out with [`no_missing_text`].
pub(in crate::protocol) fn write(out: &mut Vec<u8>, data: &OutputData) {
    fn each<T: Copy, const N: usize>(out: &mut Vec<u8>, values: &[T], to: impl Fn(T) -> [u8; N]) {
        for &value in values {
            out.extend_from_slice(&to(value));
        }
    }
    out.reserve(size(data));
    match data {
        OutputData::F64(v) => each(out, v, f64::to_le_bytes),
        OutputData::F32(v) => each(out, v, f32::to_le_bytes),
        OutputData::I64(v) => each(out, v, i64::to_le_bytes),
        OutputData::I32(v) => each(out, v, i32::to_le_bytes),
        OutputData::Bool(v) => each(out, v, |value| [u8::from(value)]),
        OutputData::Text(texts) => {
            for text in texts.iter() {
                let text = text.unwrap_or_default();
                out.extend_from_slice(&(text.len() as u32).to_le_bytes());
                out.extend_from_slice(text.as_bytes());
            }
        }
    }
}

/// Refuses an answer with a missing text, which only JSON can say.
pub(in crate::protocol) fn no_missing_text(name: &str, data: &OutputData) -> Result<(), Failure> {
    let OutputData::Text(texts) = data else { return Ok(()) };
    let Some(at) = texts.iter().position(|text| text.is_none()) else { return Ok(()) };
    let message = format!(
        "value {at} of the output `{name}` is a missing text, for which BYTES have no form; ask for it in JSON over HTTP"
    );
    Err(Failure::new(longshore_daemon::Code::Unimplemented, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(datatype: Datatype, shape: &[usize]) -> Claim<'_> {
        Claim { name: "x", shape, datatype }
    }

    #[test]
    fn every_datatype_is_read() {
        // as `numpy.array(…, dtype).tobytes()` writes them
        let cases: [(Datatype, &[u8], &[f64]); 11] = [
            (Datatype::Int8, &[0xff, 0x80], &[-1.0, -128.0]),
            (Datatype::Int16, &[0xff, 0xff, 0x00, 0x80], &[-1.0, -32768.0]),
            (Datatype::Int32, &[0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0], &[-1.0, 1.0]),
            (Datatype::Int64, &[0xfe, 255, 255, 255, 255, 255, 255, 255], &[-2.0]),
            (Datatype::Uint8, &[0xff, 0], &[255.0, 0.0]),
            (Datatype::Uint16, &[0xff, 0xff], &[65535.0]),
            (Datatype::Uint32, &[0xff, 0xff, 0xff, 0xff], &[4_294_967_295.0]),
            (Datatype::Uint64, &[255; 8], &[18_446_744_073_709_551_615.0]),
            (Datatype::Fp32, &[0, 0, 0x20, 0xc1], &[-10.0]),
            (Datatype::Fp16, &[0x66, 0x2e], &[0.099_975_585_937_5]),
            (Datatype::Bf16, &[0xcd, 0x3d], &[0.100_097_656_25]),
        ];
        for (datatype, bytes, expected) in cases {
            let shape = [expected.len()];
            let found: Vec<f64> = match read(&claim(datatype, &shape), bytes).unwrap() {
                Values::I64(values) => values.into_iter().map(|v| v as f64).collect(),
                Values::F32(values) => values.into_iter().map(f64::from).collect(),
                Values::F64(values) => values,
                other => panic!("{other:?}"),
            };
            assert_eq!(found, expected, "{datatype}");
        }
        let doubles = [0.1_f64.to_le_bytes(), f64::NAN.to_le_bytes()].concat();
        let Values::F64(values) = read(&claim(Datatype::Fp64, &[2]), &doubles).unwrap() else {
            panic!("doubles expected")
        };
        assert!(values[0] == 0.1 && values[1].is_nan());
        let Values::Bool(values) = read(&claim(Datatype::Bool, &[2]), &[1, 0]).unwrap() else {
            panic!("booleans expected")
        };
        assert_eq!(values, [true, false]);
        let bytes = [2, 0, 0, 0, b'h', b'i', 0, 0, 0, 0];
        let Values::Text(texts) = read(&claim(Datatype::Bytes, &[2]), &bytes).unwrap() else {
            panic!("texts expected")
        };
        assert_eq!(texts.iter().collect::<Vec<_>>(), [Some("hi"), Some("")]);
    }

    #[test]
    fn wrong_lengths_are_named() {
        let huge = [usize::MAX, 2];
        for (datatype, shape, bytes, expected) in [
            (Datatype::Fp32, &[2][..], &[0; 7][..], "are 7 bytes; its shape [2] of FP32 takes 8"),
            (Datatype::Int8, &[1], &[0; 2], "are 2 bytes; its shape [1] of INT8 takes 1"),
            (Datatype::Fp64, &huge, &[0; 8], "takes more than there can be"),
            (Datatype::Bytes, &huge, &[0; 8], "they are too short"),
            (Datatype::Bytes, &[1], &[2, 0, 0, 0, 1], "they are cut"),
            (Datatype::Bytes, &[1], &[255, 255, 255, 255], "they are cut"),
            (Datatype::Bytes, &[2], &[3, 0, 0, 0, 1, 1, 1, 0], "they are cut"),
            (Datatype::Bytes, &[1], &[0, 0, 0, 0, 9], "1 bytes are left over"),
            (Datatype::Bytes, &[1], &[1, 0, 0, 0, 255], "row 0 is not UTF-8"),
            (Datatype::Bool, &[2], &[0, 2], "row 1: the byte 2 is no BOOL"),
        ] {
            let failure = read(&claim(datatype, shape), bytes).unwrap_err();
            assert!(failure.message.contains(expected), "{datatype}: {}", failure.message);
        }
    }

    #[test]
    fn answers_are_written_in_their_type() {
        let texts = OutputData::Text([Some("hi"), Some("")].into_iter().collect());
        for (data, expected) in [
            (OutputData::F64(vec![0.5]), &[0, 0, 0, 0, 0, 0, 0xe0, 0x3f][..]),
            (OutputData::F32(vec![0.5]), &[0, 0, 0, 0x3f]),
            (OutputData::I64(vec![-2]), &[0xfe, 255, 255, 255, 255, 255, 255, 255]),
            (OutputData::I32(vec![-2]), &[0xfe, 255, 255, 255]),
            (OutputData::Bool(vec![true, false]), &[1, 0]),
            (texts, &[2, 0, 0, 0, b'h', b'i', 0, 0, 0, 0]),
        ] {
            let mut out = Vec::new();
            write(&mut out, &data);
            assert_eq!(out, expected);
            assert_eq!(size(&data), expected.len());
            no_missing_text("predict", &data).unwrap();
        }
        let missing = OutputData::Text([Some("a"), None].into_iter().collect());
        let failure = no_missing_text("transform", &missing).unwrap_err();
        assert!(failure.message.contains("value 1 of the output `transform`"));
    }
}
