//! Texts that pandas keeps in an array of Arrow: a bitmap of what is there, offsets, and the bytes.

use crate::{
    Cell,
    read::{Cursor, Kind},
};

/// The texts of a pickled Arrow array, or of one in chunks; a missing one is NaN.
pub(super) fn texts(c: Cursor<'_>) -> Option<Vec<Cell>> {
    let Kind::Object(object) = c.kind() else { return None };
    let first = c.go(*object.args.first()?);
    if c.class_name() == "chunked_array" {
        let mut all = Vec::new();
        for &chunk in first.items()? {
            all.extend(array(first.go(chunk))?);
            // one chunk may stand many times, and each text takes bytes of the file
            let document = c.document();
            if all.len() > document.input.len() + document.owned.len() {
                return None;
            }
        }
        return Some(all);
    }
    array(c)
}

/// The texts of one pickled array.
fn array(c: Cursor<'_>) -> Option<Vec<Cell>> {
    let Kind::Object(object) = c.kind() else { return None };
    let first = c.go(*object.args.first()?);
    // `_restore_array((type, length, missing, offset, buffers, children, dictionary))`
    let &[kind, length, _, offset, buffers, ..] = first.items()? else { return None };
    let number = |id| first.go(id).as_i64().and_then(|v| usize::try_from(v).ok());
    let (length, offset) = (number(length)?, number(offset)?);
    let wide = match name(first.go(kind))? {
        "large_string" | "large_utf8" => true,
        "string" | "utf8" => false,
        _ => return None,
    };
    let buffers = first.go(buffers);
    let &[present, ends, bytes] = buffers.items()? else { return None };
    let (present, ends, bytes) =
        (buffer(buffers.go(present)), buffer(buffers.go(ends))?, buffer(buffers.go(bytes)));
    let bytes = bytes.unwrap_or_default();
    let end = |at: usize| {
        let word = if wide { 8 } else { 4 };
        let stored = ends.get(at.checked_mul(word)?..at.checked_add(1)?.checked_mul(word)?)?;
        if wide {
            usize::try_from(i64::from_le_bytes(stored.try_into().ok()?)).ok()
        } else {
            usize::try_from(i32::from_le_bytes(stored.try_into().ok()?)).ok()
        }
    };
    // offsets ascend, so that all texts together are no longer than the bytes
    let mut left = bytes.len();
    let mut text = |at: usize| {
        let is_there = match present {
            Some(bits) => bits.get(at / 8)? >> (at % 8) & 1 == 1,
            None => true,
        };
        if !is_there {
            return Some(Cell::F64(f64::NAN));
        }
        let text = bytes.get(end(at)?..end(at.checked_add(1)?)?)?;
        left = left.checked_sub(text.len())?;
        Some(Cell::Text(str::from_utf8(text).ok()?.into()))
    };
    // the offsets bound the length
    (ends.len() / 4 > length)
        .then(|| (offset..offset.checked_add(length)?).map(&mut text).collect())?
}

/// The name of a type: `type_for_alias(name)`, or a function without arguments.
fn name(c: Cursor<'_>) -> Option<&str> {
    let Kind::Object(object) = c.kind() else { return None };
    match object.args.first() {
        Some(&name) => c.go(name).as_str(),
        None => c.class().map(|(_, name)| name),
    }
}

/// The bytes of `py_buffer(bytes)`; `None` when there is no buffer.
fn buffer(c: Cursor<'_>) -> Option<&[u8]> {
    let bytes = match c.kind() {
        Kind::Object(object) => c.go(*object.args.first()?),
        _ => c,
    };
    match bytes.kind() {
        Kind::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}
