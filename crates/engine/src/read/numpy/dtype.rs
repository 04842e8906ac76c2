use std::sync::Arc;

use crate::{
    Error,
    read::{Dtype, DtypeKind, Id, Kind, Node, builder::Builder},
};

/// How deep records may stand inside records.
const DEPTH: u8 = 16;

impl Dtype {
    pub(crate) fn plain(kind: DtypeKind, size: usize) -> Self {
        Self { kind, size, big_endian: false, fields: Vec::new(), depth: 0, objects: false }
    }
}

/// A dtype by its code: `<f8`, `U12`, `|O`, `float64` …
pub(crate) fn parse(code: &str) -> Option<Dtype> {
    let (big, code) = match code.as_bytes().first()? {
        b'>' => (true, &code[1..]),
        b'<' | b'|' | b'=' => (false, &code[1..]),
        _ => (false, code),
    };
    let mut dtype = named(code).or_else(|| sized(code))?;
    dtype.big_endian = big;
    Some(dtype)
}

fn sized(code: &str) -> Option<Dtype> {
    let letter = code.chars().next().filter(char::is_ascii)?;
    let digits = code.get(1..)?;
    if letter == 'M' || letter == 'm' {
        // a unit may follow: `M8[ns]`
        return digits.starts_with('8').then(|| Dtype::plain(DtypeKind::Other, 8));
    }
    let size: Option<usize> = if digits.is_empty() { None } else { Some(digits.parse().ok()?) };
    let (kind, size) = match (letter, size) {
        ('b', Some(1)) | ('?', None) => (DtypeKind::Bool, 1),
        ('b', None) => (DtypeKind::Int, 1),
        ('i', Some(size @ (1 | 2 | 4 | 8))) => (DtypeKind::Int, size),
        ('u', Some(size @ (1 | 2 | 4 | 8))) => (DtypeKind::Uint, size),
        ('f', Some(size @ (2 | 4 | 8 | 12 | 16))) => (DtypeKind::Float, size),
        ('c', Some(size @ (8 | 16 | 24 | 32))) => (DtypeKind::Other, size),
        ('B', None) => (DtypeKind::Uint, 1),
        ('h', None) => (DtypeKind::Int, 2),
        ('H', None) => (DtypeKind::Uint, 2),
        ('i', None) => (DtypeKind::Int, 4),
        ('I', None) => (DtypeKind::Uint, 4),
        ('l' | 'q', None) => (DtypeKind::Int, 8),
        ('L' | 'Q', None) => (DtypeKind::Uint, 8),
        ('e', None) => (DtypeKind::Float, 2),
        ('f', None) => (DtypeKind::Float, 4),
        ('d', None) => (DtypeKind::Float, 8),
        ('O', _) => (DtypeKind::Object, 8),
        ('U', size) => (DtypeKind::Unicode, size.unwrap_or(0).checked_mul(4)?),
        ('S' | 'a', size) => (DtypeKind::Bytes, size.unwrap_or(0)),
        ('V', size) => (DtypeKind::Void, size.unwrap_or(0)),
        _ => return None,
    };
    let mut dtype = Dtype::plain(kind, size);
    dtype.objects = kind == DtypeKind::Object;
    Some(dtype)
}

fn named(name: &str) -> Option<Dtype> {
    let (kind, size) = match name {
        "bool" | "bool_" => (DtypeKind::Bool, 1),
        "int8" => (DtypeKind::Int, 1),
        "int16" => (DtypeKind::Int, 2),
        "int32" | "intc" => (DtypeKind::Int, 4),
        "int64" | "int" | "int_" | "intp" | "longlong" => (DtypeKind::Int, 8),
        "uint8" => (DtypeKind::Uint, 1),
        "uint16" => (DtypeKind::Uint, 2),
        "uint32" | "uintc" => (DtypeKind::Uint, 4),
        "uint64" | "uint" | "uintp" | "ulonglong" => (DtypeKind::Uint, 8),
        "float16" | "half" => (DtypeKind::Float, 2),
        "float32" | "single" => (DtypeKind::Float, 4),
        "float64" | "float" | "double" => (DtypeKind::Float, 8),
        "longdouble" | "float128" => (DtypeKind::Float, 16),
        "object" | "object_" => return sized("O"),
        "str" | "str_" => (DtypeKind::Unicode, 0),
        "bytes" | "bytes_" => (DtypeKind::Bytes, 0),
        "void" => (DtypeKind::Void, 0),
        _ => return None,
    };
    Some(Dtype::plain(kind, size))
}

/// The state of a dtype: (version, byte order, base, names, fields, item size, alignment, flags),
/// and metadata in version 4.
pub(crate) fn set(out: &mut Builder, target: Id, state: Id, at: usize) -> Result<(), Error> {
    let cursor = out.cursor(state);
    let Kind::Tuple(&[_, order, _, names, fields, size, ..]) = cursor.kind() else {
        return Err(out.wrong(at, "the state of a dtype is not the tuple that numpy writes"));
    };
    let Kind::Dtype(old) = out.cursor(target).kind() else { return Ok(()) };
    let mut dtype = Dtype::plain(old.kind, old.size);
    dtype.objects = old.kind == DtypeKind::Object;
    dtype.big_endian = match cursor.go(order).kind() {
        Kind::Text(order) => order == ">",
        Kind::Bytes(order) => order == b">",
        _ => old.big_endian,
    };
    // -1 for types whose code says their size
    if let Some(size) = cursor.go(size).plain_i64().and_then(|size| usize::try_from(size).ok())
        && matches!(dtype.kind, DtypeKind::Unicode | DtypeKind::Bytes | DtypeKind::Void)
    {
        dtype.size = size;
    }
    if let (Some(names), Some(fields)) = (cursor.go(names).items(), cursor.go(fields).pairs()) {
        let wrong = |reason: &str| out.wrong(at, format!("the fields of a dtype {reason}"));
        let mut charge = 0;
        for &name in names {
            let name = cursor.go(name);
            let field = name.as_str().and_then(|text| {
                let found = fields.iter().find(|(key, _)| cursor.go(*key).as_str() == Some(text));
                let (_, parts) = found?;
                let [inner, offset, ..] = *cursor.go(*parts).items()? else { return None };
                let inner = cursor.go(inner).shared_dtype()?;
                let offset = usize::try_from(cursor.go(offset).plain_i64()?).ok()?;
                Some((text.to_owned(), inner, offset))
            });
            let (name, inner, offset) = field.ok_or_else(|| wrong("do not match its names"))?;
            if offset.checked_add(inner.size).is_none_or(|end| end > dtype.size) {
                return Err(wrong("reach beyond its items"));
            }
            charge += name.len() + size_of::<(String, Arc<Dtype>, usize)>() + 16;
            dtype.depth = dtype.depth.max(inner.depth + 1);
            dtype.objects |= inner.objects;
            dtype.fields.push((name, inner, offset));
            if dtype.fields.len() > FIELDS {
                return Err(wrong("are too many"));
            }
        }
        if dtype.depth > DEPTH {
            return Err(wrong("are nested too deeply"));
        }
        out.budget.charge(charge, at)?;
    }
    if let Some(Node::Dtype(place)) = out.node_mut(target) {
        *place = Arc::new(dtype);
    }
    Ok(())
}

/// Most fields of a record. Names are looked up one by one; scikit-learn's records have ten.
const FIELDS: usize = 256;

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::read::DtypeKind;

    #[test]
    fn codes_are_parsed() {
        for (code, kind, size, big) in [
            ("<f8", DtypeKind::Float, 8, false),
            (">i4", DtypeKind::Int, 4, true),
            ("|b1", DtypeKind::Bool, 1, false),
            ("b", DtypeKind::Int, 1, false),
            ("?", DtypeKind::Bool, 1, false),
            ("U3", DtypeKind::Unicode, 12, false),
            ("S5", DtypeKind::Bytes, 5, false),
            ("V56", DtypeKind::Void, 56, false),
            ("O8", DtypeKind::Object, 8, false),
            ("M8[ns]", DtypeKind::Other, 8, false),
            ("c16", DtypeKind::Other, 16, false),
            ("float32", DtypeKind::Float, 4, false),
            ("object", DtypeKind::Object, 8, false),
        ] {
            let dtype = parse(code).unwrap();
            assert_eq!((dtype.kind, dtype.size, dtype.big_endian), (kind, size, big), "{code}");
        }
        for code in ["", "f3", "x", "i8x", "<", "é", "U99999999999999999999"] {
            assert!(parse(code).is_none(), "{code}");
        }
    }
}
