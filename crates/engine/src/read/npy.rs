//! Arrays in numpy's own file format (`.npy`), and archives of them (`.npz`).
//!
//! Format: NEP 1, `numpy/lib/format.py`.

use std::sync::Arc;

use super::{Array, Document, Dtype, DtypeKind, Node, builder::Builder, numpy};
use crate::{Error, Limits};

mod literal;

use literal::Literal;

/// Most bytes of a header. numpy itself trusts up to 10,000.
const HEADER: usize = 1 << 16;

/// Most fields of a record, as for pickled dtypes.
const FIELDS: usize = 256;

/// How deep records may stand inside records.
const DEPTH: u8 = 16;

/// Reads a `.npy` file.
pub(crate) fn read(input: Vec<u8>, _limits: &Limits) -> Result<Document, Error> {
    let mut out = Builder::new("npy", input);
    let range = (0, out.doc.input.len() as u64, false);
    let array = array(&out, range, "the file")?;
    let root = out.node(Node::Array(Box::new(array)), 0)?;
    out.finish(Ok(root))
}

/// The array whose file stands in a range of the document. `name` is for messages.
pub(crate) fn array(
    out: &Builder,
    (start, len, owned): (u64, u64, bool),
    name: &str,
) -> Result<Array, Error> {
    let wrong = |place: usize, reason: &str| Error::Malformed {
        format: "npy",
        place: format!("byte {place} of {name}"),
        reason: reason.to_owned(),
    };
    let bytes = out.doc.slice(start, len, owned);
    let [0x93, b'N', b'U', b'M', b'P', b'Y', version @ 1..=3, _, rest @ ..] = bytes else {
        return Err(wrong(0, "it does not start as a `.npy` file of version 1 to 3"));
    };
    let short = || wrong(bytes.len(), "it ends in the middle of the header");
    let (width, size) = if *version == 1 {
        (2, usize::from(u16::from_le_bytes(*rest.first_chunk().ok_or_else(short)?)))
    } else {
        (4, u32::from_le_bytes(*rest.first_chunk().ok_or_else(short)?) as usize)
    };
    if size > HEADER {
        return Err(wrong(8, "the header is longer than 65536 bytes"));
    }
    let header = rest.get(width..width + size).ok_or_else(short)?;
    let text = str::from_utf8(header).map_err(|_| wrong(8 + width, "the header is not UTF-8"))?;
    let header = literal::parse(text).and_then(|value| match value {
        Literal::Dict(pairs) => Some(pairs),
        _ => None,
    });
    let header =
        header.ok_or_else(|| wrong(8 + width, "the header is not a dict of Python literals"))?;
    let get = |key: &str| header.iter().rev().find(|(k, _)| k == key).map(|(_, value)| value);
    let dtype = get("descr").and_then(|descr| dtype(descr, 0));
    let dtype = dtype.ok_or_else(|| wrong(8 + width, "`descr` is not a dtype"))?;
    let shape = get("shape").and_then(shape);
    let shape = shape.ok_or_else(|| wrong(8 + width, "`shape` is not a tuple of dimensions"))?;
    let Some(Literal::Bool(fortran)) = get("fortran_order") else {
        return Err(wrong(8 + width, "`fortran_order` is not a boolean"));
    };
    if dtype.has_objects() {
        return Err(Error::Unsupported {
            what: format!("`{name}`"),
            reason: "it stores an array of Python objects".into(),
            hint: "Save the array as numbers or texts".into(),
        });
    }
    let header = 8 + width + size;
    let data = (start + header as u64, len - header as u64, owned);
    numpy::raw(out, Arc::new(dtype), shape, *fortran, data, header)
}

fn shape(value: &Literal) -> Option<Vec<usize>> {
    let Literal::List(items) = value else { return None };
    if items.len() > 64 {
        return None;
    }
    items
        .iter()
        .map(|item| match item {
            Literal::Int(n) => usize::try_from(*n).ok(),
            _ => None,
        })
        .collect()
}

/// A dtype: a code, or a list of (name, dtype) and (name, dtype, shape).
fn dtype(value: &Literal, depth: u8) -> Option<Dtype> {
    match value {
        Literal::Text(code) => numpy::parse(code),
        Literal::List(fields) if depth < DEPTH && fields.len() <= FIELDS => {
            let mut record = Dtype::plain(DtypeKind::Void, 0);
            for field in fields {
                let Literal::List(parts) = field else { return None };
                let (name, inner, shape) = match parts.as_slice() {
                    [name, inner] => (name, inner, None),
                    [name, inner, shape] => (name, inner, Some(self::shape(shape)?)),
                    _ => return None,
                };
                // (title, name) stands for a name with a title
                let name = match name {
                    Literal::Text(name) => name,
                    Literal::List(names) => match names.as_slice() {
                        [_, Literal::Text(name)] => name,
                        _ => return None,
                    },
                    _ => return None,
                };
                let mut inner = dtype(inner, depth + 1)?;
                if let Some(shape) = shape {
                    let count = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d))?;
                    inner = Dtype::plain(DtypeKind::Void, inner.size.checked_mul(count)?);
                }
                let offset = record.size;
                record.size = offset.checked_add(inner.size).filter(|size| *size < 1 << 32)?;
                record.objects |= inner.objects;
                record.depth = record.depth.max(inner.depth + 1);
                // padding has no name
                if !name.is_empty() {
                    record.fields.push((name.clone(), Arc::new(inner), offset));
                }
            }
            Some(record)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::{Limits, read::Document};

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    fn load(header: &str, data: &[u8]) -> Result<Document, String> {
        read(file(header, data), &Limits::default()).map_err(|e| e.to_string())
    }

    #[test]
    fn plain_arrays_are_read() {
        let header = "{'descr': '<i2', 'fortran_order': True, 'shape': (2, 2), }   \n";
        let document = load(header, &[1, 0, 2, 0, 3, 0, 4, 0]).unwrap();
        let array = document.root().as_array().unwrap();
        assert_eq!(array.i64s(&document).unwrap(), [1, 3, 2, 4]);
    }

    #[test]
    fn records_may_be_padded() {
        let header = "{'descr': [('a', '|u1'), ('', '|V1'), ('b', '>i2')], \
                      'fortran_order': False, 'shape': (2,)}";
        let document = load(header, &[7, 0, 0, 1, 8, 0, 1, 0]).unwrap();
        let array = document.root().as_array().unwrap();
        assert_eq!(array.field(&document, "b").unwrap().i64s().unwrap(), [1, 256]);
        assert_eq!(array.field(&document, "a").unwrap().i64s().unwrap(), [7, 8]);
    }

    #[test]
    fn lies_are_errors_with_their_place() {
        let shape =
            |shape: &str| format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}");
        for (header, words) in [
            (shape("(2,)"), "8 bytes"),
            (shape("(1, 99999999999999999)"), "too large"),
            (shape("(4294967296, 4294967296)"), "too large"),
            (shape("(-1,)"), "dimensions"),
            (shape("5"), "dimensions"),
            (shape("(1,)").replace("False", "0"), "boolean"),
            (shape("(1,)").replace("<f8", "<q9"), "dtype"),
            (shape("(1,)").replace("<f8", "|O"), "objects"),
            (shape("(9999999999,)").replace("<f8", "<U0"), "too large"),
            ("{".repeat(5000), "literals"),
            ("(".repeat(5000), "literals"),
            ("{'descr': __import__('os')}".into(), "literals"),
        ] {
            let error = load(&header, &[0; 8]).unwrap_err();
            assert!(error.contains(words), "{header}: {error}");
        }
        let whole = file(&shape("(1,)"), &[0; 8]);
        for len in 0..whole.len() {
            assert!(read(whole[..len].to_vec(), &Limits::default()).is_err());
        }
    }
}
