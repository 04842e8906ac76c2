use crate::{
    Error, Inputs, attributes,
    read::{Cursor, DtypeKind, Kind},
};

/// Which training columns a transformer gets.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Selection {
    /// Their positions.
    pub(super) columns: Vec<usize>,
    /// True when one column was given by itself, not in a list.
    pub(super) scalar: bool,
}

impl Selection {
    /// Reads the columns of the transformer `name`. Files from 1.0 on hold the positions beside
    /// what the user wrote (`spec`); for older ones `spec` is worked out.
    pub(super) fn read(
        c: Cursor<'_>,
        name: &str,
        spec: Cursor<'_>,
        inputs: &Inputs,
    ) -> Result<Self, Error> {
        let scalar = matches!(spec.kind(), Kind::Text(_) | Kind::Int(_));
        let stored = c.attr("_transformer_to_input_indices").and_then(|map| map.attr(name));
        let columns = match stored.and_then(positions) {
            Some(columns) => columns,
            None => resolve(spec, inputs).ok_or_else(|| {
                Error::attribute(
                    c.class_name(),
                    "transformers_",
                    format!("chooses columns by {}, which cannot be worked out", spec.describe()),
                )
            })?,
        };
        let width = inputs.columns.unwrap_or(usize::MAX);
        if let Some(beyond) = columns.iter().find(|&&column| column >= width) {
            return Err(Error::attribute(
                c.class_name(),
                "transformers_",
                format!("asks for column {beyond} of {width}"),
            ));
        }
        Ok(Self { columns, scalar })
    }
}

fn positions(list: Cursor<'_>) -> Option<Vec<usize>> {
    match list.kind() {
        Kind::Array(array) if array.objects().is_none() => {
            let values = array.i64s(list.document()).ok()?;
            values.into_iter().map(|v| usize::try_from(v).ok()).collect()
        }
        _ => {
            let ids = list.items()?.iter();
            ids.map(|&id| list.go(id).as_i64().and_then(|v| usize::try_from(v).ok())).collect()
        }
    }
}

fn resolve(spec: Cursor<'_>, inputs: &Inputs) -> Option<Vec<usize>> {
    let count = inputs.columns.or(inputs.names.as_ref().map(|names| names.len()))?;
    match spec.kind() {
        Kind::None => Some(Vec::new()),
        Kind::Text(_) | Kind::Int(_) => Some(vec![one(spec, inputs, count)?]),
        Kind::Array(array) => match array.dtype.kind {
            DtypeKind::Bool => Some(masked(&array.bools(spec.document()).ok()?)),
            DtypeKind::Int | DtypeKind::Uint => array
                .i64s(spec.document())
                .ok()?
                .into_iter()
                .map(|at| position(at, count))
                .collect(),
            _ => {
                array.texts(spec.document()).ok()?.iter().map(|name| named(name, inputs)).collect()
            }
        },
        Kind::List(ids) | Kind::Tuple(ids) => {
            let flags: Option<Vec<bool>> = ids
                .iter()
                .map(|&id| match spec.go(id).kind() {
                    Kind::Bool(flag) => Some(flag),
                    _ => None,
                })
                .collect();
            match flags {
                Some(flags) if !flags.is_empty() => Some(masked(&flags)),
                _ => ids.iter().map(|&id| one(spec.go(id), inputs, count)).collect(),
            }
        }
        Kind::Object(object) => {
            // a slice, a pandas index of names, or a list class with its items in `data`
            if let [start, stop, step] = object.args[..]
                && spec.class_name() == "slice"
            {
                return slice(spec.go(start), spec.go(stop), spec.go(step), inputs, count);
            }
            if let Some(data) = spec.attr("data") {
                return resolve(data, inputs);
            }
            attributes::texts(spec)?.iter().map(|name| named(name, inputs)).collect()
        }
        _ => None,
    }
}

fn masked(flags: &[bool]) -> Vec<usize> {
    flags.iter().enumerate().filter(|&(_, &flag)| flag).map(|(at, _)| at).collect()
}

fn one(value: Cursor<'_>, inputs: &Inputs, count: usize) -> Option<usize> {
    match value.as_i64() {
        Some(at) => position(at, count),
        None => named(&attributes::any_text(value)?, inputs),
    }
}

/// A position, from the end when negative.
fn position(at: i64, count: usize) -> Option<usize> {
    let at = if at < 0 { at + count as i64 } else { at };
    usize::try_from(at).ok().filter(|&at| at < count)
}

fn named(name: &str, inputs: &Inputs) -> Option<usize> {
    inputs.names.as_ref()?.iter().position(|known| &**known == name)
}

/// Slices of positions exclude their end, slices of names include it.
fn slice(
    start: Cursor<'_>,
    stop: Cursor<'_>,
    step: Cursor<'_>,
    inputs: &Inputs,
    count: usize,
) -> Option<Vec<usize>> {
    let bound = |value: Cursor<'_>, default: usize, after: usize| match value.kind() {
        Kind::None => Some(default),
        Kind::Int(at) => {
            let at = if at < 0 { at + count as i64 } else { at };
            Some(at.clamp(0, count as i64) as usize)
        }
        _ => Some(named(&attributes::any_text(value)?, inputs)? + after),
    };
    let step = if step.is_none() { 1 } else { usize::try_from(step.as_i64()?).ok()? };
    if step == 0 {
        return None;
    }
    Some((bound(start, 0, 0)?..bound(stop, count, 1)?).step_by(step).collect())
}
