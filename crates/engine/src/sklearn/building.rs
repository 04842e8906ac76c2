use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    rc::Rc,
};

use crate::{
    Error,
    estimator::Estimator,
    read::{Cursor, Id, Kind},
};

/// Deepest nesting of estimators; real pipelines stay below ten.
const DEPTH: u32 = 32;
/// Most columns that a file may speak of without a byte for each; hashed texts have a million.
pub(super) const MOST_COLUMNS: usize = 1 << 24;
/// Most bytes that values may take, in all, when they are built again after the first time.
const REPEATED: u64 = 32 << 20;

/// A function that builds one estimator; it builds the estimators inside with the [`Building`].
pub(crate) type Build = fn(Cursor<'_>, &Building) -> Result<Estimator, Error>;

/// The building of a model: how deep in it an estimator is, how much repetition there may still be,
/// and what builds the estimators inside.
///
/// Files may refer to one array or estimator any number of times, and even to themselves. Each
/// reference is built anew: the first one takes no more than the file itself, the others share a
/// small allowance.
#[derive(Clone, Debug)]
pub(crate) struct Building {
    build: Build,
    depth: u32,
    left: Rc<Cell<u64>>,
    seen: Rc<RefCell<HashSet<Id>>>,
}

impl Building {
    /// The state at the model itself, before anything is built.
    pub(crate) fn new(build: Build) -> Self {
        Self { build, depth: 0, left: Rc::new(Cell::new(REPEATED)), seen: Rc::default() }
    }

    /// Builds an estimator that stands here.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for classes and functions without a native implementation, with the
    /// step they are in; [`Error::Attribute`] for fitted attributes that are not what they should be.
    pub(crate) fn build(&self, estimator: Cursor<'_>) -> Result<Estimator, Error> {
        check_columns(estimator)?;
        (self.build)(estimator, &self.enter(estimator)?)
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
        let mut left = self.left.get();
        let paid = charge(estimator, Within::Estimator(4), &mut self.seen.borrow_mut(), &mut left);
        self.left.set(left);
        if paid.is_none() {
            return Err(Error::Unsupported {
                what: format!("`{}`", estimator.class_name()),
                reason: "the file refers to the same arrays so often that the model would be \
                         many times larger than the file"
                    .into(),
                hint: "save the fitted pipeline again".into(),
            });
        }
        Ok(Self { depth: self.depth + 1, ..self.clone() })
    }
}

/// Most columns that a part of a file may speak of.
pub(super) fn most_columns(c: Cursor<'_>) -> usize {
    let document = c.document();
    MOST_COLUMNS + document.input.len() + document.owned.len()
}

/// Refuses a number of columns for which the estimator would take far more memory than its file.
fn check_columns(estimator: Cursor<'_>) -> Result<(), Error> {
    let most = most_columns(estimator);
    for name in ["n_features_in_", "_n_features", "n_features_", "n_input_features_"] {
        let columns = estimator.attr(name).and_then(Cursor::as_i64);
        if let Some(columns) = columns.filter(|&columns| columns > most as i64) {
            let reason = format!("is `{columns}`, and the file is too small for so many columns");
            return Err(Error::attribute(estimator.class_name(), name, reason));
        }
    }
    Ok(())
}

/// Levels of a series or frame, down to the values of its arrays.
const PANDAS: u32 = 16;
/// Texts that are shorter take about as much as a reference to them.
const SHORT: usize = 64;

/// What a value stands in, with how many levels are still gone down.
#[derive(Clone, Copy)]
enum Within {
    Estimator(u32),
    /// A series or a frame.
    Pandas(u32),
}

impl Within {
    fn deeper(self) -> Option<Self> {
        Some(match self {
            Self::Estimator(levels) => Self::Estimator(levels.checked_sub(1)?),
            Self::Pandas(levels) => Self::Pandas(levels.checked_sub(1)?),
        })
    }
}

/// Takes from `left` roughly the bytes of those values in `value` that were seen before; `None` when
/// it has not so many.
fn charge(value: Cursor<'_>, within: Within, seen: &mut HashSet<Id>, left: &mut u64) -> Option<()> {
    let Some(within) = within.deeper() else { return Some(()) };
    let mut again = |bytes: usize| {
        let cost = if seen.insert(value.id()) { 0 } else { bytes as u64 };
        *left = left.checked_sub(cost)?;
        Some(())
    };
    let mut inside: Box<dyn Iterator<Item = Id>> = match value.kind() {
        Kind::Array(array) => {
            again(array.len().saturating_mul(8))?;
            Box::new(array.objects().unwrap_or_default().iter().copied())
        }
        Kind::List(ids) | Kind::Tuple(ids) | Kind::Set(ids) if !ids.is_empty() => {
            again(16 * ids.len())?;
            Box::new(ids.iter().copied())
        }
        Kind::Dict(pairs) => {
            again(32 * pairs.len())?;
            Box::new(pairs.iter().flat_map(|&(key, value)| [key, value]))
        }
        Kind::Object(object) => {
            again(256)?;
            match within {
                Within::Estimator(_) => Box::new(object.state.into_iter()),
                // pandas calls functions that make its parts
                Within::Pandas(_) => Box::new(object.args.iter().copied().chain(object.state)),
            }
        }
        Kind::Text(text) if text.len() >= SHORT => return again(text.len()),
        _ => return Some(()),
    };
    inside.try_for_each(|id| {
        let inner = value.go(id);
        let within = match (inner.kind(), within) {
            (Kind::Object(_), Within::Estimator(_)) => match inner.class() {
                Some((module, _)) if module.split('.').next() == Some("pandas") => {
                    Within::Pandas(PANDAS)
                }
                // estimators inside are charged when they are entered
                _ => return Some(()),
            },
            (_, within) => within,
        };
        charge(inner, within, seen, left)
    })
}

#[cfg(test)]
mod tests {
    use crate::{Limits, estimators::building, read};

    /// A list that holds one long list of numbers many times.
    fn repeated(times: usize) -> Vec<u8> {
        let mut bytes = b"\x80\x02](]q\x01(".to_vec();
        bytes.extend(b"K\x01".repeat(100_000));
        bytes.extend(b"e");
        bytes.extend(b"h\x01".repeat(times));
        bytes.extend(b"e.");
        bytes
    }

    #[test]
    fn only_repetition_is_charged() {
        let once = read::document(repeated(0), &Limits::default()).unwrap();
        let model = building();
        assert!(model.enter(once.root()).is_ok());
        let often = read::document(repeated(1_000), &Limits::default()).unwrap();
        let refusal = building().enter(often.root()).unwrap_err();
        assert!(refusal.to_string().contains("many times larger"), "{refusal}");
    }

    #[test]
    fn repetition_inside_repetition_is_not_gone_through() {
        // a hundred million lists, were each counted before the first is refused
        let mut bytes = b"\x80\x02](]q\x01(]q\x02(K\x01e".to_vec();
        bytes.extend(b"h\x02".repeat(100_000));
        bytes.extend(b"e");
        bytes.extend(b"h\x01".repeat(100_000));
        bytes.extend(b"e.");
        let document = read::document(bytes, &Limits::default()).unwrap();
        let refusal = building().enter(document.root()).unwrap_err();
        assert!(refusal.to_string().contains("many times larger"), "{refusal}");
    }

    #[test]
    fn columns_that_the_file_has_no_room_for_are_an_error() {
        let build = |class: &str, columns: i64| {
            let mut bytes = b"\x80\x02csklearn.preprocessing._data\n".to_vec();
            bytes.extend(class.bytes());
            bytes.extend(b"\n)\x81}(X\x0e\0\0\0n_features_in_\x8a\x08");
            bytes.extend(columns.to_le_bytes());
            bytes.extend(b"X\x06\0\0\0degreeK\x01X\x04\0\0\0normX\x02\0\0\0l2ub.");
            let document = read::document(bytes, &Limits::default()).unwrap();
            building().build(document.root()).map(|_| ()).map_err(|error| error.to_string())
        };
        for class in ["Normalizer", "PolynomialFeatures"] {
            assert_eq!(build(class, 3), Ok(()), "{class}");
            for columns in [1 << 25, 1 << 40, i64::MAX] {
                let refusal = build(class, columns).unwrap_err();
                assert!(refusal.contains("n_features_in_`"), "{refusal}");
                assert!(refusal.contains("too small for so many columns"), "{refusal}");
            }
        }
    }

    #[test]
    fn nesting_has_an_end() {
        let document = read::document(b"\x80\x02].".to_vec(), &Limits::default()).unwrap();
        let mut inner = building();
        let fault = loop {
            match inner.enter(document.root()) {
                Ok(deeper) => inner = deeper,
                Err(fault) => break fault,
            }
        };
        assert!(fault.to_string().contains("nested"), "{fault}");
    }
}
