use std::{cell::Cell, rc::Rc};

use crate::{
    Error,
    read::{Cursor, Id, Kind},
};

/// Deepest nesting of estimators; real pipelines stay below ten.
const DEPTH: u32 = 32;
/// Bytes that estimators may take beyond a multiple of their file.
const HEADROOM: u64 = 256 << 20;

/// How deep in a model an estimator is, and how much all of them may still take.
///
/// Files may refer to one array or estimator any number of times, and even to themselves; each
/// reference is built anew, so both nesting and the sum of sizes are bounded.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    depth: u32,
    left: Rc<Cell<u64>>,
}

impl Place {
    /// The place of the model itself; `file_bytes` is the (decompressed) size of its file.
    pub(crate) fn root(file_bytes: u64) -> Self {
        Self { depth: 0, left: Rc::new(Cell::new(HEADROOM.saturating_add(16 * file_bytes))) }
    }

    /// One estimator further in; charges what its attributes take.
    pub(crate) fn enter(&self, estimator: Cursor<'_>) -> Result<Self, Error> {
        if self.depth >= DEPTH {
            return Err(Error::Unsupported {
                what: format!("an estimator nested {DEPTH} deep"),
                reason:
                    "no library writes such a model, and a file that contains itself has no end"
                        .into(),
                hint: "save the fitted pipeline again".into(),
            });
        }
        let cost = 256 + cost(estimator, 4);
        match self.left.get().checked_sub(cost) {
            Some(left) => self.left.set(left),
            None => {
                return Err(Error::Unsupported {
                    what: format!("`{}`", estimator.class_name()),
                    reason: "the file refers to the same arrays so often that the model would be \
                             many times larger than the file"
                        .into(),
                    hint: "save the fitted pipeline again".into(),
                });
            }
        }
        Ok(Self { depth: self.depth + 1, left: Rc::clone(&self.left) })
    }
}

/// Roughly the bytes that the values up to `levels` below take once they are built.
fn cost(value: Cursor<'_>, levels: u32) -> u64 {
    let all = |ids: &mut dyn Iterator<Item = Id>| {
        ids.map(|id| {
            // estimators inside are charged when they are entered
            let inner = value.go(id);
            if levels == 0 || matches!(inner.kind(), Kind::Object(_)) {
                16
            } else {
                16 + cost(inner, levels - 1)
            }
        })
        .sum::<u64>()
    };
    match value.kind() {
        Kind::Array(array) => {
            let own = array.len().saturating_mul(8) as u64;
            own + all(&mut array.objects().unwrap_or_default().iter().copied())
        }
        Kind::List(ids) | Kind::Tuple(ids) | Kind::Set(ids) => all(&mut ids.iter().copied()),
        Kind::Dict(pairs) => all(&mut pairs.iter().flat_map(|&(key, value)| [key, value])),
        Kind::Object(object) => object.state.map_or(0, |state| cost(value.go(state), levels)),
        Kind::Text(text) => text.len() as u64,
        _ => 0,
    }
}
