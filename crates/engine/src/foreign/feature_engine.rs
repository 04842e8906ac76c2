use std::{collections::HashSet, sync::Arc};

use action::Action;

use super::frame::{self, Frame};
use crate::{
    Column, ColumnUse, Error, Inputs, Table, attributes, estimator::Transform, read::Cursor,
};

mod action;
mod combine;
mod dates;
mod made;
mod read;
mod written;

/// A transformer of the package `feature-engine`: it changes, adds or drops columns by name.
#[derive(Debug)]
pub(crate) struct Transformer {
    class: String,
    /// The columns of training; `None` when the file does not tell.
    names: Option<Arc<[Arc<str>]>>,
    width: Option<usize>,
    /// The columns that it changes.
    variables: Vec<Arc<str>>,
    /// Which values of these it refuses.
    refuses: Refuses,
    action: Action,
}

/// What a transformer refuses in the columns that it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refuses {
    Nothing,
    Missing,
    MissingAndInfinite,
}

impl Transformer {
    /// Builds a transformer; `None` for a class that has no native implementation.
    pub(crate) fn build(module: &str, name: &str, c: Cursor<'_>) -> Option<Result<Self, Error>> {
        Some(read::action(module, name, c)?.and_then(|(action, refuses)| {
            // up to 1.2, files do not hold the names of the columns of training
            let names = match c.attr("feature_names_in_") {
                Some(_) => Some(Arc::from(frame::names_of(c, "feature_names_in_")?)),
                None => None,
            };
            let width = match c.attr("n_features_in_") {
                Some(width) => Some(attributes::count(c, "n_features_in_", width)?),
                None => names.as_deref().map(<[_]>::len),
            };
            let variables = match action.sources() {
                Some(sources) => sources.to_vec(),
                None if c.attr("variables_").is_some() || action.needs_variables() => {
                    frame::names_of(c, "variables_")?
                }
                None => Vec::new(),
            };
            let built = Self { class: name.into(), names, width, variables, refuses, action };
            built.check(c)?;
            Ok(built)
        }))
    }

    /// Refuses columns that training did not have, and those that the action knows nothing of.
    fn check(&self, c: Cursor<'_>) -> Result<(), Error> {
        let wrong = |attribute: &str, reason: String| {
            Err(Error::attribute(c.class_name(), attribute, reason))
        };
        let touched: HashSet<_> = self.action.touched(&self.variables).into_iter().collect();
        let attribute = self.action.attribute();
        if self.action.has_entries()
            && let Some(name) = self.variables.iter().find(|name| !touched.contains(*name))
        {
            return wrong(
                attribute,
                format!("has no entry for `{name}`, which `variables_` lists"),
            );
        }
        let Some(names) = &self.names else { return Ok(()) };
        let width = self.width.unwrap_or_default();
        attributes::counted(c, "feature_names_in_", names.len(), width)?;
        let known: HashSet<_> = names.iter().collect();
        let strange = |name: &&Arc<str>| !known.contains(name);
        if let Some(name) = touched.iter().find(strange) {
            let reason = format!("names `{name}`, which `feature_names_in_` does not list");
            return wrong(attribute, reason);
        }
        let Some(name) = self.variables.iter().find(strange) else { return Ok(()) };
        let holds = |attribute: &&str| {
            let names = c.attr(attribute).and_then(frame::names);
            names.is_some_and(|names| names.contains(name))
        };
        let attribute = ["variables_", "variables", "reference"].into_iter().find(holds);
        let reason = format!("names `{name}`, which `feature_names_in_` does not list");
        wrong(attribute.unwrap_or("variables_to_combine"), reason)
    }

    fn refuse(&self, column: &Column, rows: usize, at: usize) -> Result<(), Error> {
        if self.refuses == Refuses::Nothing {
            return Ok(());
        }
        for row in 0..rows {
            let what = if action::is_missing(column, row) {
                "is missing"
            } else if self.refuses == Refuses::MissingAndInfinite
                && action::is_infinite(column, row)
            {
                "is infinite"
            } else {
                continue;
            };
            let reason = format!("{what}, which `{}` does not accept", self.class);
            return Err(Error::value(row, at, reason));
        }
        Ok(())
    }

    /// The columns of the answer: their names, and the column of training that each is, or is made
    /// of.
    fn layout(&self) -> Vec<(Arc<str>, usize)> {
        let known = self.names.iter().flat_map(|names| names.iter());
        let columns: Vec<_> = known.enumerate().map(|(at, name)| (Arc::clone(name), at)).collect();
        self.action.layout(&self.variables, columns)
    }
}

impl Transform for Transformer {
    fn inputs(&self) -> Inputs {
        Inputs { columns: self.width, names: self.names.clone(), ..Inputs::default() }
    }

    fn outputs(&self, columns: usize) -> usize {
        if self.names.is_some() {
            return self.layout().len();
        }
        let (added, dropped) = self.action.changes(&self.variables);
        (columns + added).saturating_sub(dropped)
    }

    fn source(&self, output: usize, _columns: usize) -> Option<usize> {
        self.layout().get(output).map(|&(_, at)| at)
    }

    fn uses(&self, _columns: usize, after: Option<&[ColumnUse]>) -> Option<Vec<ColumnUse>> {
        let names = self.names.as_ref()?;
        let mut uses: Vec<_> = names
            .iter()
            .map(|name| self.action.column_use(name, &self.variables))
            .map(|own| own.unwrap_or(ColumnUse::Unread))
            .collect();
        for (place, (_, at)) in self.layout().into_iter().enumerate() {
            let later = after
                .map_or(ColumnUse::Value, |after| after.get(place).copied().unwrap_or_default());
            let untouched =
                |name: &Arc<str>| self.action.column_use(name, &self.variables).is_none();
            if names.get(at).is_some_and(untouched)
                && let Some(here) = uses.get_mut(at)
            {
                *here = here.and(later);
            }
        }
        Some(uses)
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        self.transform_ref(&input)
    }

    fn transform_ref(&self, input: &Table) -> Result<Table, Error> {
        let frame = Frame::new(input, self.names.as_deref(), &self.class)?;
        for name in &self.variables {
            let at = frame.place(name, &self.class)?;
            if let Some(column) = frame.columns.get(at) {
                self.refuse(column, frame.rows, at)?;
            }
        }
        Ok(self.action.apply(frame, &self.variables, &self.class)?.into_table())
    }
}
