use std::sync::Arc;

use crate::{
    Error,
    read::{
        Array, Dtype, DtypeKind, Id, Node,
        array::{ArrayData, Number, number},
        builder::Builder,
    },
};

/// A numpy scalar as the plain value it holds.
pub(crate) fn make(
    out: &mut Builder,
    dtype: Arc<Dtype>,
    data: Option<Id>,
    at: usize,
) -> Result<Option<Id>, Error> {
    let Some(data) = data else { return Ok(None) };
    if dtype.kind == DtypeKind::Object {
        return Ok(Some(data));
    }
    let Some((start, len, owned)) = out.cursor(data).range() else { return Ok(None) };
    if len != dtype.size as u64 {
        let size = dtype.size;
        return Err(out.wrong(at, format!("a number of {size} bytes is stored in {len} bytes")));
    }
    of_range(out, dtype, (start, len, owned), at).map(Some)
}

/// The item that stands in a range of the document.
pub(crate) fn of_range(
    out: &mut Builder,
    dtype: Arc<Dtype>,
    (start, len, owned): (u64, u64, bool),
    at: usize,
) -> Result<Id, Error> {
    let item = out.doc.slice(start, len, owned);
    match number(&dtype, item) {
        Some(Number::Unsigned(v)) if dtype.kind == DtypeKind::Bool => {
            return Ok(Id::of_bool(v != 0));
        }
        Some(Number::Unsigned(v)) => {
            if let Ok(v) = i64::try_from(v) {
                return out.int(v, at);
            }
            let mut bytes = v.to_le_bytes().to_vec();
            bytes.push(0);
            return out.node(Node::BigInt(Box::new(bytes)), at);
        }
        Some(Number::Signed(v)) => return out.int(v, at),
        Some(Number::F32(v)) => return out.node(Node::Float(f64::from(v)), at),
        Some(Number::F64(v)) => return out.node(Node::Float(v), at),
        None => {}
    }
    match dtype.kind {
        DtypeKind::Unicode => {
            let text = crate::read::array::utf32(item, dtype.big_endian);
            out.text(&text, at)
        }
        DtypeKind::Bytes => {
            let kept = item.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
            match u32::try_from(kept) {
                Ok(len) => out.node(Node::Bytes { start, len, owned }, at),
                Err(_) => Err(out.wrong(at, "bytes of more than 4 GB")),
            }
        }
        _ => {
            let data = ArrayData::Raw { start, len, owned };
            let array = Array { dtype, shape: Vec::new(), fortran: false, data };
            out.node(Node::Array(Box::new(array)), at)
        }
    }
}
