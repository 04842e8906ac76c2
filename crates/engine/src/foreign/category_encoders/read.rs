//! What each encoder keeps of its training, as lookups.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::{
    Cell, Column, Data, Error, attributes,
    foreign::{
        frame::{name, names_of},
        lookup::{Cells, Lookup, Otherwise},
    },
    read::{Cursor, Kind, pandas},
    sklearn::{
        building::Building,
        encode::{Categories, value},
        refuse,
    },
};

/// The code of a category that was not there in training.
const UNKNOWN: f64 = -1.0;
/// The code of a missing value.
const MISSING: f64 = -2.0;

type Lookups = Vec<(Arc<str>, Lookup)>;

/// The encoded columns of a class with what their values become; `None` for other classes.
pub(super) fn lookups(
    class: &str,
    c: Cursor<'_>,
    building: &Building,
) -> Option<Result<Lookups, Error>> {
    let mut of = c;
    let read = match class {
        "OrdinalEncoder" => ordinals(c).map(|all| all.into_iter().map(Ordinal::lookup).collect()),
        "TargetEncoder" | "JamesSteinEncoder" | "MEstimateEncoder" | "WOEEncoder" => {
            means(c, building)
        }
        "OneHotEncoder" => wide(c, building),
        "BinaryEncoder" | "BaseNEncoder" => {
            // up to 2.2 a binary encoder holds the one that does its work
            of = c.attr("base_n_encoder").filter(|inner| !inner.is_none()).unwrap_or(c);
            building.enter(of).and_then(|building| wide(of, &building))
        }
        "CountEncoder" => counts(c),
        "LeaveOneOutEncoder" => sums(c, 0.0),
        "CatBoostEncoder" => match c.attr("a") {
            Some(weight) => weight.as_f64().ok_or_else(|| {
                let reason = format!("holds {}, where a number is expected", weight.describe());
                Error::attribute(class, "a", reason)
            }),
            None => Ok(1.0),
        }
        .and_then(|weight| sums(c, weight)),
        _ => return None,
    };
    Some(read.and_then(|lookups| whole(of, class, lookups)))
}

/// Refuses a mapping that lacks one of the columns that were encoded.
fn whole(c: Cursor<'_>, class: &str, lookups: Lookups) -> Result<Lookups, Error> {
    // a mapping that was given by hand may be of other columns
    if class == "OrdinalEncoder" && attributes::switch(c, "mapping_supplied", true)? {
        return Ok(lookups);
    }
    let known: HashSet<_> = lookups.iter().map(|(column, _)| column).collect();
    match names_of(c, "cols")?.iter().find(|column| !known.contains(column)) {
        Some(column) => {
            let reason = format!("has no entry for `{column}`, which `cols` lists");
            Err(Error::attribute(c.class_name(), "mapping", reason))
        }
        None => Ok(lookups),
    }
}

/// A policy such as `handle_unknown`.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Policy<'a> {
    Word(&'a str),
    Number(f64),
    None,
}

impl<'a> Policy<'a> {
    fn read(c: Cursor<'a>, attribute: &str, value: Option<Cursor<'a>>) -> Result<Self, Error> {
        let Some(value) = value else { return Ok(Self::None) };
        match value.kind() {
            Kind::None => Ok(Self::None),
            Kind::Text(
                word @ ("value" | "error" | "return_nan" | "indicator" | "ignore" | "count"),
            ) => Ok(Self::Word(word)),
            Kind::Text(word) => {
                let reason = format!("is `{word}`, which no release has");
                Err(Error::attribute(c.class_name(), attribute, reason))
            }
            _ => match value.as_f64() {
                Some(number) => Ok(Self::Number(number)),
                None if value.code().is_none() && !matches!(value.kind(), Kind::Global(..)) => {
                    let reason = format!("holds {}, which is no policy", value.describe());
                    Err(Error::attribute(c.class_name(), attribute, reason))
                }
                None => Err(refuse::function(c.class_name(), attribute, value)),
            },
        }
    }

    fn of(c: Cursor<'a>, attribute: &str) -> Result<Self, Error> {
        Self::read(c, attribute, c.attr(attribute))
    }
}

fn wrong(c: Cursor<'_>, attribute: &str, column: &str) -> Error {
    let reason = format!("holds no mapping that can be read for column `{column}`");
    Error::attribute(c.class_name(), attribute, reason)
}

/// The codes of an ordinal encoder's categories in one column.
struct Ordinal {
    column: Arc<str>,
    keys: Vec<Cell>,
    codes: Vec<f64>,
    /// The code of other values; `None` refuses them.
    unknown: Option<f64>,
    /// True when missing values are refused.
    strict: bool,
    whole: bool,
}

impl Ordinal {
    fn lookup(self) -> (Arc<str>, Lookup) {
        let lookup = Lookup {
            keys: Categories::of(&self.keys),
            cells: Cells::Each(self.codes),
            width: 1,
            names: None,
            unknown: match self.unknown {
                Some(code) => Otherwise::Values(vec![code]),
                None => Otherwise::Refused,
            },
            missing: self.strict.then_some(Otherwise::Refused),
            whole: self.whole,
            widens: true,
        };
        (self.column, lookup)
    }

    /// What values become when their codes are looked up once more, in rows of `width` by their code.
    /// `strict` refuses what has no code. `None` when a category has no row.
    fn through(
        self,
        width: usize,
        strict: bool,
        rows: &HashMap<u64, Vec<f64>>,
    ) -> Option<(Arc<str>, Lookup)> {
        let row = |code: f64| rows.get(&key(code));
        let of = |code: f64| row(code).cloned().unwrap_or_else(|| vec![f64::NAN; width]);
        // what was there in training has a row
        let mut known = self.keys.iter().zip(&self.codes).filter(|(key, _)| !is_missing(key));
        if known.any(|(_, &code)| row(code).is_none()) {
            return None;
        }
        let lookup = Lookup {
            keys: Categories::of(&self.keys),
            cells: Cells::Each(self.codes.iter().flat_map(|&code| of(code)).collect()),
            width,
            names: None,
            unknown: match self.unknown {
                Some(code) if !(strict && code == UNKNOWN) => Otherwise::Values(of(code)),
                _ => Otherwise::Refused,
            },
            missing: self.strict.then_some(Otherwise::Refused),
            whole: false,
            widens: false,
        };
        Some((self.column, lookup))
    }
}

/// A code, as equal ones are found by it.
fn key(code: f64) -> u64 {
    (if code == 0.0 { 0.0 } else { code }).to_bits()
}

/// The pairs of `mapping` when it is a list of dicts with `col` and `mapping`.
fn listed<'a>(c: Cursor<'a>) -> Result<Vec<(Arc<str>, Cursor<'a>)>, Error> {
    let one = |entry: Cursor<'a>| {
        let column = name(&pandas::cell(entry.attr("col")?)?);
        Some((column, entry.attr("mapping")?))
    };
    attributes::list(c, "mapping")?
        .into_iter()
        .map(|entry| {
            let reason = "holds an entry without `col` and `mapping`";
            one(entry).ok_or_else(|| Error::attribute(c.class_name(), "mapping", reason))
        })
        .collect()
}

/// The pairs of `mapping` when it is a dict by column.
fn by_column(c: Cursor<'_>) -> Result<Vec<(Arc<str>, Cursor<'_>)>, Error> {
    let mapping = c.require("mapping")?;
    let pairs = match mapping.kind() {
        Kind::Object(object) => Some(object.pairs.as_slice()),
        _ => mapping.pairs(),
    };
    let pairs = pairs.ok_or_else(|| {
        let reason = format!("holds {}, where a dict is expected", mapping.describe());
        Error::attribute(c.class_name(), "mapping", reason)
    })?;
    pairs
        .iter()
        .map(|&(key, value)| {
            let key = pandas::cell(c.go(key)).ok_or_else(|| wrong(c, "mapping", "?"))?;
            Ok((name(&key), c.go(value)))
        })
        .collect()
}

fn numbers(cells: &[Cell]) -> Option<Vec<f64>> {
    cells
        .iter()
        .map(|cell| match cell {
            Cell::Null => Some(f64::NAN),
            Cell::Bool(v) => Some(f64::from(u8::from(*v))),
            Cell::I64(v) => Some(*v as f64),
            Cell::F64(v) => Some(*v),
            Cell::Text(_) | Cell::Texts(_) | Cell::Absent => None,
        })
        .collect()
}

/// Keys and values of a `Series`, or of a dict.
fn keyed(mapping: Cursor<'_>) -> Option<(Vec<Cell>, Vec<Cell>)> {
    if let Kind::Dict(pairs) = mapping.kind() {
        let keys = pairs.iter().map(|&(key, _)| pandas::cell(mapping.go(key)));
        let values = pairs.iter().map(|&(_, value)| pandas::cell(mapping.go(value)));
        return Some((keys.collect::<Option<_>>()?, values.collect::<Option<_>>()?));
    }
    let series = pandas::series(mapping)?;
    Some((series.index, series.values))
}

fn is_missing(cell: &Cell) -> bool {
    matches!(cell, Cell::Null) || matches!(cell, Cell::F64(v) if v.is_nan())
}

fn ordinals(c: Cursor<'_>) -> Result<Vec<Ordinal>, Error> {
    let unknown = match Policy::of(c, "handle_unknown")? {
        Policy::Word("value") => Some(UNKNOWN),
        Policy::Word("error") => None,
        Policy::Number(number) => Some(number),
        Policy::Word(_) | Policy::None => Some(f64::NAN),
    };
    let missing = Policy::of(c, "handle_missing")?;
    let mut all = Vec::new();
    for (column, mapping) in listed(c)? {
        let read = keyed(mapping).and_then(|(keys, values)| Some((keys, numbers(&values)?)));
        let Some((mut keys, mut codes)) = read else { return Err(wrong(c, "mapping", &column)) };
        // a missing category may be `None` or NaN: one entry stands for both
        keys.iter_mut().filter(|key| is_missing(key)).for_each(|key| *key = Cell::F64(f64::NAN));
        let replaced = match missing {
            Policy::Word("return_nan") => Some(f64::NAN),
            Policy::Number(number) => Some(number),
            _ => None,
        };
        if let Some(replaced) = replaced {
            codes.iter_mut().filter(|code| **code == MISSING).for_each(|code| *code = replaced);
        }
        all.push(Ordinal {
            column,
            keys,
            codes,
            unknown,
            strict: missing == Policy::Word("error"),
            whole: missing != Policy::Word("return_nan"),
        });
    }
    Ok(all)
}

/// The inner ordinal encoder, with what the outer one refuses.
fn inner(c: Cursor<'_>, building: &Building) -> Result<(Vec<Ordinal>, bool), Error> {
    let inside = attributes::object(c, "ordinal_encoder", "OrdinalEncoder")?;
    let inside = building.enter(inside).and_then(|_| ordinals(inside));
    let mut all = inside.map_err(|error| error.at("ordinal_encoder"))?;
    let strict = Policy::of(c, "handle_missing")? == Policy::Word("error");
    for ordinal in &mut all {
        ordinal.strict |= strict;
    }
    Ok((all, Policy::of(c, "handle_unknown")? == Policy::Word("error")))
}

/// A number for each code: encoders by the target.
fn means(c: Cursor<'_>, building: &Building) -> Result<Lookups, Error> {
    let mappings: HashMap<_, _> = by_column(c)?.into_iter().collect();
    let (all, strict) = inner(c, building)?;
    let one = |ordinal: Ordinal| {
        let (keys, values) = keyed(*mappings.get(&ordinal.column)?)?;
        let each = numbers(&keys)?.into_iter().zip(numbers(&values)?);
        let each = each.filter(|(code, _)| !code.is_nan());
        // the first of equal codes counts
        let rows = each.rev().map(|(code, value)| (key(code), vec![value])).collect();
        ordinal.through(1, strict, &rows)
    };
    let named = |ordinal: Ordinal| {
        let column = Arc::clone(&ordinal.column);
        one(ordinal).ok_or_else(|| wrong(c, "mapping", &column))
    };
    all.into_iter().map(named).collect()
}

/// A row of a frame for each code: one-hot and positional encoders.
fn wide(c: Cursor<'_>, building: &Building) -> Result<Lookups, Error> {
    let mappings: HashMap<_, _> = listed(c)?.into_iter().collect();
    let (all, strict) = inner(c, building)?;
    let one = |ordinal: Ordinal| {
        let frame = pandas::frame(*mappings.get(&ordinal.column)?)?;
        let columns = frame.columns.iter().map(|cells| numbers(cells));
        let columns = columns.collect::<Option<Vec<_>>>()?;
        let row = |at: usize| columns.iter().filter_map(|values| values.get(at).copied()).collect();
        let codes = numbers(&frame.index)?.into_iter().enumerate();
        let codes = codes.filter(|(_, code)| !code.is_nan());
        let mut rows: HashMap<u64, Vec<f64>> =
            codes.rev().map(|(at, code)| (key(code), row(at))).collect();
        // NaN stands for what is missing
        if let Some(missing) = rows.get(&key(MISSING)).cloned() {
            rows.insert(key(f64::NAN), missing);
        }
        let (column, lookup) = ordinal.through(columns.len(), strict, &rows)?;
        let is_whole = |cell: &Cell| matches!(cell, Cell::I64(_));
        let whole = frame.columns.iter().all(|cells| cells.iter().all(is_whole));
        let names = Some(frame.names.iter().map(name).collect());
        Some((column, Lookup { names, whole, ..lookup }))
    };
    let named = |ordinal: Ordinal| {
        let column = Arc::clone(&ordinal.column);
        one(ordinal).ok_or_else(|| wrong(c, "mapping", &column))
    };
    all.into_iter().map(named).collect()
}

/// How often each value was there.
fn counts(c: Cursor<'_>) -> Result<Lookups, Error> {
    // one for each column may be given
    let strict = !is_old(c) && attributes::text(c, "handle_missing") == Some("error");
    let (missing, unknown) = (per_column(c, "_handle_missing")?, per_column(c, "_handle_unknown")?);
    let of_column = |attribute: &str, policy: Option<&Cursor<'_>>, column: &str| {
        let policy = policy.ok_or_else(|| {
            let reason = format!("has no entry for column `{column}`");
            Error::attribute(c.class_name(), attribute, reason)
        })?;
        Policy::read(c, attribute, Some(c.go(policy.id())))
    };
    let lumped = match c.attr("_min_group_categories") {
        Some(_) => per_column(c, "_min_group_categories")?,
        None => HashMap::new(),
    };
    by_column(c)?
        .into_iter()
        .map(|(column, mapping)| {
            let read = keyed(mapping).and_then(|(keys, values)| {
                let whole = values.iter().all(|value| matches!(value, Cell::I64(_)));
                Some((keys, numbers(&values)?, whole))
            });
            let Some((mut keys, mut cells, whole)) = read else {
                return Err(wrong(c, "mapping", &column));
            };
            if let Some(groups) = lumped.get(&column) {
                let counted = group_counts(*groups, &keys, &cells)
                    .ok_or_else(|| wrong(c, "_min_group_categories", &column))?;
                for (value, count) in counted {
                    keys.push(value);
                    cells.push(count);
                }
            }
            let keeps_nan = of_column("_handle_missing", missing.get(&column), &column)?
                == Policy::Word("return_nan");
            let unknown = match of_column("_handle_unknown", unknown.get(&column), &column)? {
                Policy::Number(number) => Otherwise::Values(vec![number]),
                Policy::Word("error") => Otherwise::Refused,
                Policy::Word("value") if !keeps_nan => Otherwise::Values(vec![0.0]),
                Policy::Word(_) | Policy::None => Otherwise::Values(vec![f64::NAN]),
            };
            let lookup = Lookup {
                keys: Categories::of(&keys),
                cells: Cells::Each(cells),
                width: 1,
                names: None,
                unknown,
                missing: strict.then_some(Otherwise::Refused),
                whole,
                widens: true,
            };
            Ok((column, lookup))
        })
        .collect()
}

/// A dict by column.
fn per_column<'a>(c: Cursor<'a>, attribute: &str) -> Result<HashMap<Arc<str>, Cursor<'a>>, Error> {
    let value = c.require(attribute)?;
    let Kind::Dict(pairs) = value.kind() else {
        let reason = format!("holds {}, where a dict is expected", value.describe());
        return Err(Error::attribute(c.class_name(), attribute, reason));
    };
    let one = |&(key, value): &(_, _)| {
        let key = pandas::cell(c.go(key)).ok_or_else(|| wrong(c, attribute, "?"))?;
        Ok((name(&key), c.go(value)))
    };
    pairs.iter().map(one).collect()
}

/// The values that stand in a group of rare ones, with what was counted for the group.
fn group_counts(groups: Cursor<'_>, keys: &[Cell], counts: &[f64]) -> Option<Vec<(Cell, f64)>> {
    let pairs = groups.pairs().unwrap_or_default();
    let each = |id| pandas::cell(groups.go(id));
    let names = pairs.iter().map(|&(_, group)| each(group)).collect::<Option<Vec<_>>>()?;
    let (known, names) = (Categories::of(keys), Data::Columns(vec![Column::Any(names)]));
    let one = |(row, &(key, _)): (usize, &(_, _))| {
        let count = counts.get(known.find(value(&names, row, 0))?)?;
        Some((each(key)?, *count))
    };
    pairs.iter().enumerate().map(one).collect()
}

/// Up to 2.5, files do not hold the names of the columns of training.
fn is_old(c: Cursor<'_>) -> bool {
    c.attr("feature_names_in_").is_none()
}

/// The mean target of each value, with `weight` rows of the overall mean added; of values that
/// were there once, the overall mean.
fn sums(c: Cursor<'_>, weight: f64) -> Result<Lookups, Error> {
    let mean = attributes::number(c, "_mean")
        .ok_or_else(|| Error::attribute(c.class_name(), "_mean", "is missing: is it fitted?"))?;
    let unknown = match Policy::of(c, "handle_unknown")? {
        Policy::Word("value") => Otherwise::Values(vec![mean]),
        Policy::Word("error") => Otherwise::Refused,
        _ => Otherwise::Values(vec![f64::NAN]),
    };
    let missing = Policy::of(c, "handle_missing")?;
    // 2.4 multiplied the mean by the weight, 2.5 renamed an attribute: before, files look alike
    let weighs = weight != 0.0 && weight != 1.0;
    if weighs && is_old(c) && c.attr("invariant_cols").is_none() {
        return Err(Error::Unsupported {
            what: format!("`{}` with `a={weight}` of a release before 2.5", c.class_name()),
            reason: "2.4 changed what it means, and the file does not tell which release it is of"
                .into(),
            hint: "Fit it with `a=1`, or with category_encoders 2.5 or later".into(),
        });
    }
    by_column(c)?
        .into_iter()
        .map(|(column, mapping)| {
            let read = pandas::frame(mapping).and_then(|frame| {
                let of = |wanted: &str| {
                    let at = frame.names.iter().position(|label| *name(label) == *wanted)?;
                    numbers(frame.columns.get(at)?)
                };
                Some((of("sum")?, of("count")?, frame.index))
            });
            let Some((sums, counts, index)) = read else {
                return Err(wrong(c, "mapping", &column));
            };
            let level = |(&sum, &count): (&f64, &f64)| {
                if count <= 1.0 {
                    mean
                } else if weight == 0.0 {
                    sum / count
                } else {
                    (sum + mean * weight) / (count + weight)
                }
            };
            let missing = match missing {
                Policy::Word("error") => Some(Otherwise::Refused),
                Policy::Word("value") if index.iter().any(is_missing) => None,
                Policy::Word("value") => Some(Otherwise::Values(vec![mean])),
                _ => Some(Otherwise::Values(vec![f64::NAN])),
            };
            let lookup = Lookup {
                keys: Categories::of(&index),
                cells: Cells::Each(sums.iter().zip(&counts).map(level).collect()),
                width: 1,
                names: None,
                unknown: unknown.clone(),
                missing,
                whole: false,
                widens: false,
            };
            Ok((column, lookup))
        })
        .collect()
}
