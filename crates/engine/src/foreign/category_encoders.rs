use std::{collections::HashSet, sync::Arc};

use read::lookups;

use super::{
    frame::{self, Frame},
    lookup::Lookup,
};
use crate::{
    ColumnUse, Error, Inputs, Table, attributes,
    estimator::Transform,
    read::{Cursor, Kind},
    sklearn::building::Building,
};

mod hashing;
mod read;

pub(crate) use hashing::HashingEncoder;

/// An encoder of the package `category_encoders`: some columns become numbers, one or several
/// each, and the others stay.
#[derive(Debug)]
pub(crate) struct Encoder {
    class: String,
    /// The columns of training; `None` when the file does not tell.
    names: Option<Arc<[Arc<str>]>>,
    /// False when the columns of training had no names.
    named: bool,
    width: Option<usize>,
    /// What becomes of the columns that are encoded.
    lookups: Vec<(Arc<str>, Lookup)>,
    /// Output columns that are left out.
    dropped: Vec<Arc<str>>,
}

impl Encoder {
    /// Builds an encoder; `None` for a class that has no native implementation.
    pub(crate) fn build(
        name: &str,
        c: Cursor<'_>,
        building: &Building,
    ) -> Option<Result<Self, Error>> {
        Some(lookups(name, c, building)?.and_then(|lookups| Self::new(name, c, lookups)))
    }

    fn new(class: &str, c: Cursor<'_>, lookups: Vec<(Arc<str>, Lookup)>) -> Result<Self, Error> {
        let (dropped, recorded) = columns(c)?;
        let named = are_named(recorded, c);
        let names = match recorded {
            Some(_) => Some(frame::names_of(c, "feature_names_in_")?),
            None if dropped.is_empty() => c
                .attr("feature_names")
                .and_then(frame::names)
                .map(|outputs| before_encoding(outputs, &lookups)),
            None => None,
        };
        let width = match c.attr("_dim").filter(|dim| !dim.is_none()) {
            Some(dim) => Some(attributes::count(c, "_dim", dim)?),
            None => names.as_ref().map(Vec::len),
        };
        if let Some(names) = &names {
            let expected = width.unwrap_or_default();
            attributes::counted(c, "feature_names_in_", names.len(), expected)?;
            let known: HashSet<_> = names.iter().collect();
            if let Some((column, _)) = lookups.iter().find(|(column, _)| !known.contains(column)) {
                let reason = format!("is of `{column}`, which `feature_names_in_` does not list");
                return Err(Error::attribute(class, "mapping", reason));
            }
        }
        let names = names.map(Arc::from);
        Ok(Self { class: class.into(), names, named, width, lookups, dropped })
    }

    fn lookup(&self, name: &str) -> Option<&Lookup> {
        self.lookups.iter().find(|(column, _)| **column == *name).map(|(_, lookup)| lookup)
    }

    /// The columns of the answer: their names, and which column of training each is made of.
    fn layout(&self) -> Vec<(Arc<str>, usize)> {
        let mut all = Vec::new();
        for (at, name) in self.names.iter().flat_map(|names| names.iter()).enumerate() {
            match self.lookup(name) {
                Some(Lookup { names: Some(names), .. }) => {
                    all.extend(names.iter().map(|name| (Arc::clone(name), at)));
                }
                _ => all.push((Arc::clone(name), at)),
            }
        }
        all.retain(|(name, _)| !self.dropped.contains(name));
        all
    }
}

/// The output columns that an encoder leaves out, and its record of the columns of training, if it has
/// one.
///
/// # Errors
/// [`Error::Unsupported`] for an encoder that joins columns or groups categories.
fn columns(c: Cursor<'_>) -> Result<(Vec<Arc<str>>, Option<Cursor<'_>>), Error> {
    for attribute in ["min_group_lumping_", "composite_members_"] {
        if c.attr(attribute).and_then(Cursor::pairs).is_some_and(|pairs| !pairs.is_empty()) {
            return Err(Error::Unsupported {
                what: format!("`{}.{attribute}`", c.class_name()),
                reason: "groups of categories and joined columns have no native implementation"
                    .into(),
                hint: "Fit the encoder without `min_group_size` and `composite_cols`".into(),
            });
        }
    }
    let dropped = if attributes::switch(c, "drop_invariant", false)? {
        let kept = ["invariant_cols", "drop_cols"].into_iter().find(|name| c.attr(name).is_some());
        Some(frame::names_of(c, kept.unwrap_or("invariant_cols"))?)
    } else {
        None
    };
    let recorded = c.attr("feature_names_in_").filter(|list| !list.is_none());
    Ok((dropped.unwrap_or_default(), recorded))
}

/// False when the columns of training had no names but positions.
fn are_named(recorded: Option<Cursor<'_>>, c: Cursor<'_>) -> bool {
    let items = recorded.and_then(Cursor::items);
    items.is_none_or(|ids| ids.iter().any(|&id| matches!(c.go(id).kind(), Kind::Text(_))))
}

/// The columns of training, from those that the encoder gives.
fn before_encoding(mut outputs: Vec<Arc<str>>, lookups: &[(Arc<str>, Lookup)]) -> Vec<Arc<str>> {
    for (column, lookup) in lookups {
        let Some([first, ..]) = lookup.names.as_deref() else { continue };
        if let Some(at) = outputs.iter().position(|name| name == first)
            && at + lookup.width <= outputs.len()
        {
            outputs.splice(at..at + lookup.width, [Arc::clone(column)]);
        }
    }
    outputs
}

impl Transform for Encoder {
    fn inputs(&self) -> Inputs {
        let names = self.names.clone().filter(|_| self.named);
        Inputs { columns: self.width, names, ..Inputs::default() }
    }

    fn outputs(&self, columns: usize) -> usize {
        if self.names.is_some() {
            return self.layout().len();
        }
        let more: usize = self.lookups.iter().map(|(_, lookup)| lookup.width).sum();
        (columns + more).saturating_sub(self.lookups.len() + self.dropped.len())
    }

    fn source(&self, output: usize, _columns: usize) -> Option<usize> {
        self.layout().get(output).map(|&(_, at)| at)
    }

    fn uses(&self, _columns: usize, after: Option<&[ColumnUse]>) -> Option<Vec<ColumnUse>> {
        let names = self.names.as_ref()?;
        let use_of = |name: &Arc<str>| self.lookup(name).map(Lookup::column_use);
        let mut uses: Vec<_> = names.iter().map(|name| use_of(name).unwrap_or_default()).collect();
        for ((name, at), &later) in self.layout().into_iter().zip(after.unwrap_or_default()) {
            if let Some(here) = uses.get_mut(at).filter(|_| self.lookup(&name).is_none()) {
                *here = later;
            }
        }
        Some(uses)
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        self.transform_ref(&input)
    }

    fn transform_ref(&self, input: &Table) -> Result<Table, Error> {
        let unnamed;
        let input = if self.named {
            input
        } else {
            unnamed = Table { names: None, ..input.clone() };
            &unnamed
        };
        let frame = Frame::new(input, self.names.as_deref(), &self.class)?;
        for (name, _) in &self.lookups {
            frame.place(name, &self.class)?;
        }
        let rows = frame.rows;
        let (mut names, mut columns) = (Vec::new(), Vec::new());
        for (at, (name, column)) in frame.names.into_iter().zip(frame.columns).enumerate() {
            let Some(lookup) = self.lookup(&name) else {
                names.push(name);
                columns.push(column);
                continue;
            };
            columns.extend(lookup.apply(&column, rows, at, &self.class)?);
            match &lookup.names {
                Some(new) => names.extend(new.iter().cloned()),
                None => names.push(name),
            }
        }
        let mut keep = names.iter().map(|name| !self.dropped.contains(name));
        columns.retain(|_| keep.next().unwrap_or(true));
        names.retain(|name| !self.dropped.contains(name));
        Ok(Frame { rows, names, columns }.into_table())
    }
}
