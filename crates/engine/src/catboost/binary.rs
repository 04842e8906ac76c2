//! The binary format, `.cbm`.
//!
//! Format: `catboost/libs/model/flatbuffers/*.fbs` and `TFullModel::Save` of CatBoost. Numbers of
//! fields are their places in those schemas.

use std::{
    cell::Cell,
    collections::{BTreeMap, HashMap},
};

use super::{
    ctr::{Counts, Ctr, Kind, Projection, Values},
    flatbuffer::{Buffer, Table},
    info, malformed,
    parts::{Category, Float, Node, OneHot, Parts, Trees},
    unsupported,
};
use crate::{Error, Limits};

/// What a file begins with.
pub(super) const MAGIC: &[u8] = b"CBM1";
/// The version of the format, misspelled as CatBoost misspells it.
const VERSION: &str = "FlabuffersModel_v1";

/// Reads a file.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Parts, Error> {
    let mut rest = Rest { bytes, at: MAGIC.len() };
    let left = Cell::new(bytes.len());
    let core = Buffer::new(rest.part("the model")?, &left, "the model").root()?;
    let version = core.text(0)?;
    if version != VERSION {
        let reason = format!("its format is `{version}`, where `{VERSION}` is known");
        return Err(malformed("the version of the format", reason));
    }
    let mut parts = Parts::default();
    let mut keys = Keys::default();
    let trees = core.table(1)?.ok_or_else(|| malformed("the model", "has no trees"))?;
    read_trees(trees, &mut parts)?;
    read_features(trees, &mut parts, &mut keys)?;
    let mut texts = BTreeMap::new();
    for pair in core.tables(2)? {
        let pair = pair?;
        texts.insert(pair.text(0)?, pair.text(1)?);
    }
    parts.info = info::of_texts(&texts, limits)?;
    for part in core.texts(3)? {
        match part?.as_str() {
            "static_provider_v1" => read_tables(&mut rest, &left, &mut parts, &keys)?,
            other => return Err(unsupported::part(other)),
        }
    }
    Ok(parts)
}

/// What is left of a file.
struct Rest<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Rest<'a> {
    fn number(&mut self) -> Result<usize, Error> {
        let found = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk());
        let found = found.ok_or_else(|| self.short("a number"))?;
        self.at += 4;
        Ok(u32::from_le_bytes(*found) as usize)
    }

    /// A part that its length stands before.
    fn part(&mut self, what: &str) -> Result<&'a [u8], Error> {
        let len = self.number()?;
        let end = self.at.checked_add(len);
        let part = end.and_then(|end| self.bytes.get(self.at..end));
        let part = part.ok_or_else(|| self.short(what))?;
        self.at += len;
        Ok(part)
    }

    fn short(&self, what: &str) -> Error {
        let reason = format!("{what} is longer than what is left: the file is cut off");
        malformed(format!("byte {}", self.at), reason)
    }
}

fn read_trees(trees: Table<'_>, parts: &mut Parts) -> Result<(), Error> {
    parts.outputs = usize::try_from(trees.i32(0, 0)?).unwrap_or_default();
    let splits = trees.chunks(1)?;
    let sizes = trees.list(2, i32::from_le_bytes)?;
    parts.leaf_values = trees.list(8, f64::from_le_bytes)?;
    let steps = trees.chunks(10)?;
    parts.scale = trees.f64(14, 1.0)?;
    parts.bias = trees.list(16, f64::from_le_bytes)?;
    parts.biases = parts.bias.len();
    if parts.bias.is_empty() {
        parts.bias = vec![trees.f64(15, 0.0)?; parts.outputs.min(1 << 16)];
    }
    if steps.is_empty() {
        parts.leaf_weights = trees.list(9, f64::from_le_bytes)?;
        let splits = splits.iter().map(|split| i32::from_le_bytes(*split)).collect();
        parts.trees = Trees::Symmetric { sizes, splits };
        return Ok(());
    }
    let leaves = trees.chunks(11)?;
    if [splits.len(), leaves.len()] != [steps.len(); 2] {
        return Err(malformed("the nodes of trees", "their lists differ in length"));
    }
    let nodes = splits.iter().zip(steps).zip(leaves);
    let nodes = nodes.map(|((split, &[a, b, c, d]), leaf)| Node {
        split: i32::from_le_bytes(*split),
        steps: [[a, b], [c, d]].map(|step| u16::from_le_bytes(step).into()),
        leaf: u32::from_le_bytes(*leaf),
    });
    let nodes = nodes.collect();
    parts.trees = Trees::Nodes { sizes, nodes };
    Ok(())
}

/// Statistics are known by the combination and the kind of their CTRs.
type Key = (Vec<i64>, Vec<(i64, u32)>, Vec<(i64, i32)>);

/// What was met so far.
#[derive(Default)]
struct Keys {
    /// The place of each combination.
    projections: BTreeMap<Key, usize>,
    /// The place of the statistics of each combination, kind of CTR and way to tell classes apart.
    tables: HashMap<(usize, u8, i32), usize>,
}

impl Keys {
    /// The place of a combination, which is kept when it is new.
    fn meet(
        &mut self,
        (projection, kind, border): (Projection, u8, i32),
        parts: &mut Parts,
    ) -> (usize, u8, i32) {
        let place = *self.projections.entry(key(&projection)).or_insert_with(|| {
            parts.projections.push(projection);
            parts.projections.len() - 1
        });
        (place, kind, border)
    }
}

fn read_features(trees: Table<'_>, parts: &mut Parts, keys: &mut Keys) -> Result<(), Error> {
    for feature in trees.tables(4)? {
        let feature = feature?;
        parts.categories.push(Category {
            index: feature.i32(0, -1)?.into(),
            column: feature.i32(1, -1)?.into(),
            name: feature.text(2)?,
        });
    }
    for feature in trees.tables(5)? {
        let feature = feature?;
        // without missing values in training, they are above nothing
        let treated = feature.byte(0, 0)? != 0 && feature.byte(5, 0)? == 2;
        parts.floats.push(Float {
            index: feature.i32(1, -1)?.into(),
            column: feature.i32(2, -1)?.into(),
            borders: feature.list(3, f32::from_le_bytes)?,
            name: feature.text(4)?,
            missing_above: treated,
        });
    }
    for feature in trees.tables(6)? {
        let feature = feature?;
        parts.one_hots.push(OneHot {
            category: feature.i32(0, -1)?.into(),
            values: feature.list(1, i32::from_le_bytes)?,
        });
    }
    for (field, what) in [(12, "text"), (18, "embedding"), (13, "estimated")] {
        if trees.tables(field)?.len() > 0 {
            return Err(unsupported::features(what));
        }
    }
    // combinations are shared between CTRs
    let mut bases = HashMap::new();
    for feature in trees.tables(7)? {
        let feature = feature?;
        let ctr = feature.table(0)?.ok_or_else(|| absent("a CTR"))?;
        let base = ctr.table(0)?.ok_or_else(|| absent("what a CTR is made of"))?;
        let known = bases.get(&base.place()).copied();
        let base = match known {
            Some(known) => known,
            None => *bases.entry(base.place()).or_insert(keys.meet(read_base(base)?, parts)),
        };
        let tables = keys.tables.len();
        parts.ctrs.push(Ctr {
            projection: base.0,
            table: *keys.tables.entry(base).or_insert(tables),
            kind: Kind::of_number(base.1).ok_or_else(|| absent("a known kind of CTR"))?,
            target: ctr.i32(1, 0)?,
            prior: [ctr.f32(2, 0.0)?, ctr.f32(3, 1.0)?],
            shift: ctr.f32(4, 0.0)?,
            scale: ctr.f32(5, 1.0)?,
            borders: feature.list(1, f32::from_le_bytes)?,
        });
    }
    Ok(())
}

/// A combination, the number of the kind of CTR, and how it tells classes apart.
fn read_base(base: Table<'_>) -> Result<(Projection, u8, i32), Error> {
    let combination = base.table(0)?.ok_or_else(|| absent("the combination of a CTR"))?;
    let pair = |bytes: [u8; 8]| {
        let [a, b, c, d, rest @ ..] = bytes;
        (i64::from(i32::from_le_bytes([a, b, c, d])), rest)
    };
    let projection = Projection {
        categories: combination.list(0, |bytes| i64::from(i32::from_le_bytes(bytes)))?,
        floats: combination.list(1, |bytes| {
            let (index, border) = pair(bytes);
            (index, f32::from_le_bytes(border))
        })?,
        one_hots: combination.list(2, |bytes| {
            let (index, value) = pair(bytes);
            (index, i32::from_le_bytes(value))
        })?,
    };
    Ok((projection, base.byte(1, 0)?, base.i32(2, 0)?))
}

fn key(projection: &Projection) -> Key {
    let bits = projection.floats.iter().map(|&(index, border)| (index, border.to_bits()));
    (projection.categories.clone(), bits.collect(), projection.one_hots.clone())
}

fn absent(what: &str) -> Error {
    malformed("the CTRs", format!("{what} is missing"))
}

fn read_tables(
    rest: &mut Rest<'_>,
    left: &Cell<usize>,
    parts: &mut Parts,
    keys: &Keys,
) -> Result<(), Error> {
    let count = rest.number()?;
    let mut found: BTreeMap<usize, Values> = BTreeMap::new();
    for _ in 0..count {
        let bytes = rest.part("the statistics of a CTR")?;
        let table = Buffer::new(bytes, left, "the statistics of a CTR").root()?;
        let base = table.table(0)?.ok_or_else(|| absent("what statistics are of"))?;
        let (projection, number, border) = read_base(base)?;
        let known = keys.projections.get(&key(&projection));
        let place = known.and_then(|&known| keys.tables.get(&(known, number, border)));
        // statistics that no CTR of the trees needs
        let Some(&place) = place else { continue };
        let kind = Kind::of_number(number).ok_or_else(|| absent("a known kind of CTR"))?;
        found.insert(place, read_values(table, kind)?);
    }
    for place in 0..keys.tables.len() {
        let values = found.remove(&place).ok_or_else(|| absent("the statistics of a CTR"))?;
        parts.tables.push(values);
    }
    Ok(())
}

fn read_values(table: Table<'_>, kind: Kind) -> Result<Values, Error> {
    let counts = table.bytes(2)?;
    let rows = || counts.as_chunks().0.iter().map(|&count| i32::from_le_bytes(count)).collect();
    let counts = match kind {
        Kind::Mean => {
            let pair = |&[a, b, c, d, e, f, g, h]: &[u8; 8]| {
                (f32::from_le_bytes([a, b, c, d]), i32::from_le_bytes([e, f, g, h]))
            };
            Counts::Means(counts.as_chunks().0.iter().map(pair).collect())
        }
        Kind::Counter => Counts::Rows(rows(), 1),
        Kind::Borders | Kind::Buckets => {
            Counts::Rows(rows(), usize::try_from(table.i32(4, 0)?).unwrap_or_default())
        }
    };
    // a hash and the place of its counts
    let bucket = |&[a, b, c, d, e, f, g, h, i, j, k, l]: &[u8; 12]| {
        (u64::from_le_bytes([a, b, c, d, e, f, g, h]), u32::from_le_bytes([i, j, k, l]))
    };
    Values::new(table.bytes(1)?.as_chunks().0.iter().map(bucket), counts, table.i32(3, 0)?)
}
