//! What the transformers do with their columns.

use std::sync::Arc;

use super::{
    super::{frame::Frame, lookup::Lookup},
    made::{How, Made},
};
use crate::{
    Cell, Column, ColumnUse, Data, Error, Table,
    sklearn::{
        encode::{Categories, value},
        power::Power,
    },
};

/// Pairs of a column and what belongs to it.
pub(super) type ByName<T> = Vec<(Arc<str>, T)>;

/// What a transformer does with its columns.
#[derive(Debug)]
pub(super) enum Action {
    /// Puts a value where one is missing.
    Fill(ByName<Cell>),
    /// Adds a column that tells where values are missing.
    Mark,
    /// Puts numbers in place of categories.
    Encode(ByName<Lookup>),
    /// Adds a column for each category, and drops the categories.
    OneHot(ByName<Lookup>),
    /// Puts one value in place of all but the frequent ones.
    Rare(ByName<Categories>, Cell),
    Drop(Vec<Arc<str>>),
    /// Changes each number.
    Each(ByName<Function>),
    /// The number of the bin between these edges; `true` refuses what is beyond them.
    Bins(ByName<Vec<f64>>, bool),
    /// Moves values to the greatest and the least; `marks` adds columns that tell where.
    Clip {
        high: ByName<f64>,
        low: ByName<f64>,
        marks: Option<(bool, bool)>,
    },
    /// Adds the sine and the cosine of values that go around; `true` drops the values.
    Cycle(ByName<f64>, bool),
    /// Adds columns that are made of others.
    Make(Made),
}

/// A function of one number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Function {
    Log,
    Log10,
    /// The logarithm of the value and this much more.
    LogPlus(f64),
    Log10Plus(f64),
    Power(f64),
    Reciprocal,
    ArcSine,
    /// Of the value less the first, in units of the second.
    ArcSinh(f64, f64),
    Lambda(Power, f64),
}

impl Function {
    /// The function's value, or why it has none.
    fn of(self, x: f64) -> Result<f64, &'static str> {
        const LOGARITHM: &str = "is not positive, so it has no logarithm";
        let positive = |x: f64| if x <= 0.0 { Err(LOGARITHM) } else { Ok(x) };
        Ok(match self {
            Self::Log => positive(x)?.ln(),
            Self::Log10 => positive(x)?.log10(),
            Self::LogPlus(more) => positive(x + more)?.ln(),
            Self::Log10Plus(more) => positive(x + more)?.log10(),
            // numpy's special cases, which round once
            Self::Power(2.0) => x * x,
            Self::Power(0.5) => x.sqrt(),
            Self::Power(-1.0) => 1.0 / x,
            Self::Power(power) => x.powf(power),
            Self::Reciprocal if x == 0.0 => return Err("is zero, so it has no reciprocal"),
            Self::Reciprocal => 1.0 / x,
            Self::ArcSine if !(0.0..=1.0).contains(&x) => {
                return Err("is beyond 0 and 1, so it has no arc sine");
            }
            Self::ArcSine => x.sqrt().asin(),
            Self::ArcSinh(start, unit) => ((x - start) / unit).asinh(),
            Self::Lambda(Power::BoxCox, _) if x <= 0.0 => {
                return Err(
                    "is not positive, and the Box-Cox transform takes only positive values",
                );
            }
            Self::Lambda(power, lambda) => power.of(x, lambda),
        })
    }

    fn of_column(self, column: &Column, rows: usize, at: usize) -> Result<Column, Error> {
        let each = |row| {
            let value = column.number(row, at)?;
            self.of(value).map_err(|reason| Error::value(row, at, reason))
        };
        Ok(Column::F64((0..rows).map(each).collect::<Result<_, Error>>()?))
    }
}

pub(super) fn is_missing(column: &Column, row: usize) -> bool {
    match column {
        Column::F64(v) => v.get(row).is_some_and(|v| v.is_nan()),
        Column::F32(v) => v.get(row).is_some_and(|v| v.is_nan()),
        Column::I64(_) | Column::Bool(_) => false,
        Column::Text(v) => v.get(row).is_none(),
        Column::Any(v) => match v.get(row) {
            Some(Cell::F64(v)) => v.is_nan(),
            Some(Cell::Null | Cell::Absent) => true,
            _ => false,
        },
    }
}

pub(super) fn is_infinite(column: &Column, row: usize) -> bool {
    match column {
        Column::F64(v) => v.get(row).is_some_and(|v| v.is_infinite()),
        Column::F32(v) => v.get(row).is_some_and(|v| v.is_infinite()),
        Column::Any(v) => matches!(v.get(row), Some(Cell::F64(v)) if v.is_infinite()),
        _ => false,
    }
}

fn cell_at(column: &Column, row: usize) -> Cell {
    match column {
        Column::F64(v) => v.get(row).map_or(Cell::Null, |&v| Cell::F64(v)),
        Column::F32(v) => v.get(row).map_or(Cell::Null, |&v| Cell::F64(f64::from(v))),
        Column::I64(v) => v.get(row).map_or(Cell::Null, |&v| Cell::I64(v)),
        Column::Bool(v) => v.get(row).map_or(Cell::Null, |&v| Cell::Bool(v)),
        Column::Text(v) => v.get(row).map_or(Cell::Null, |text| Cell::Text(text.into())),
        Column::Any(v) => v.get(row).cloned().unwrap_or(Cell::Null),
    }
}

/// Cells as a column of texts when all of them are texts or missing.
fn column_of(cells: Vec<Cell>) -> Column {
    let texts: Option<_> = cells
        .iter()
        .map(|cell| match cell {
            Cell::Text(text) => Some(Some(&**text)),
            Cell::Null => Some(None),
            Cell::F64(v) if v.is_nan() => Some(None),
            _ => None,
        })
        .collect::<Option<Vec<_>>>()
        .map(|texts| texts.into_iter().collect());
    texts.map_or(Column::Any(cells), Column::Text)
}

fn fill(column: &mut Column, rows: usize, with: &Cell) {
    match (&mut *column, with) {
        (Column::I64(_) | Column::Bool(_), _) => {}
        (Column::F64(v), Cell::F64(with)) => {
            v.iter_mut().filter(|v| v.is_nan()).for_each(|v| *v = *with);
        }
        (Column::F64(v), Cell::I64(with)) => {
            v.iter_mut().filter(|v| v.is_nan()).for_each(|v| *v = *with as f64);
        }
        (Column::F32(v), Cell::F64(with)) => {
            v.iter_mut().filter(|v| v.is_nan()).for_each(|v| *v = *with as f32);
        }
        (Column::F32(v), Cell::I64(with)) => {
            v.iter_mut().filter(|v| v.is_nan()).for_each(|v| *v = *with as f32);
        }
        _ => {
            let cells = (0..rows).map(|row| {
                if is_missing(column, row) { with.clone() } else { cell_at(column, row) }
            });
            *column = column_of(cells.collect());
        }
    }
}

/// Where a value stands between ascending edges, as `pandas.cut` counts; NaN beyond them.
fn bin(x: f64, edges: &[f64]) -> f64 {
    let after = edges.partition_point(|&edge| edge < x);
    let lowest = edges.first().is_some_and(|&first| first == x);
    match after {
        _ if x.is_nan() => f64::NAN,
        0 if lowest => 0.0,
        0 => f64::NAN,
        after if after == edges.len() => f64::NAN,
        after => (after - 1) as f64,
    }
}

/// Integers when all values are.
fn integers(values: Vec<f64>) -> Column {
    if values.iter().all(|v| v.trunc() == *v) {
        Column::I64(values.into_iter().map(|v| v as i64).collect())
    } else {
        Column::F64(values)
    }
}

/// Moves values to a bound. Integers stay integers unless one becomes another number.
fn clip(column: &Column, rows: usize, at: usize, bound: f64, high: bool) -> Result<Column, Error> {
    let beyond = |v: f64| if high { v > bound } else { v < bound };
    Ok(match column {
        Column::F32(values) => Column::F32(
            values.iter().map(|&v| if beyond(f64::from(v)) { bound as f32 } else { v }).collect(),
        ),
        Column::I64(values)
            if bound.trunc() == bound || !values.iter().any(|&v| beyond(v as f64)) =>
        {
            let moved = |&v: &i64| if beyond(v as f64) { bound as i64 } else { v };
            Column::I64(values.iter().map(moved).collect())
        }
        column => {
            let number = |row| column.number(row, at);
            let moved = |v: f64| if beyond(v) { bound } else { v };
            Column::F64((0..rows).map(|row| number(row).map(moved)).collect::<Result<_, _>>()?)
        }
    })
}

impl Action {
    /// The columns that are refused when a value is missing, where they are not `variables_`.
    pub(super) fn sources(&self) -> Option<&[Arc<str>]> {
        match self {
            Self::Make(made) => Some(&made.sources),
            _ => None,
        }
    }

    /// The attribute that tells which columns it works on.
    pub(super) fn attribute(&self) -> &'static str {
        match self {
            Self::Fill(_) => "imputer_dict_",
            Self::Encode(_) | Self::OneHot(_) | Self::Rare(..) => "encoder_dict_",
            Self::Drop(_) => "features_to_drop_",
            Self::Bins(..) => "binner_dict_",
            Self::Cycle(..) => "max_values_",
            Self::Make(_) => "variables",
            Self::Mark | Self::Each(_) | Self::Clip { .. } => "variables_",
        }
    }

    /// True when it has an entry for each column that it works on.
    pub(super) fn has_entries(&self) -> bool {
        match self {
            Self::Fill(_)
            | Self::Encode(_)
            | Self::OneHot(_)
            | Self::Rare(..)
            | Self::Bins(..)
            | Self::Cycle(..) => true,
            Self::Drop(_) | Self::Make(_) | Self::Mark | Self::Each(_) | Self::Clip { .. } => false,
        }
    }

    /// True when it does nothing but to its `variables_`.
    pub(super) fn needs_variables(&self) -> bool {
        matches!(self, Self::Mark | Self::Clip { .. })
    }

    /// How many columns it adds, and how many it drops.
    pub(super) fn changes(&self, variables: &[Arc<str>]) -> (usize, usize) {
        match self {
            Self::Mark => (variables.len(), 0),
            Self::OneHot(all) => (all.iter().map(|(_, lookup)| lookup.width).sum(), all.len()),
            Self::Drop(names) => (0, names.len()),
            Self::Cycle(all, drops) => (2 * all.len(), if *drops { all.len() } else { 0 }),
            Self::Make(made) => {
                (made.columns.len(), if made.drops { made.sources.len() } else { 0 })
            }
            Self::Clip { marks: Some((left, right)), .. } => {
                (variables.len() * (usize::from(*left) + usize::from(*right)), 0)
            }
            _ => (0, 0),
        }
    }

    /// The names of the columns it adds, and the column that each is made of.
    fn added(&self, variables: &[Arc<str>]) -> Vec<(Arc<str>, Arc<str>)> {
        let named = |name: &Arc<str>, end: &str| (format!("{name}{end}").into(), Arc::clone(name));
        match self {
            Self::Mark => variables.iter().map(|name| named(name, "_na")).collect(),
            Self::OneHot(all) => {
                let of_one = |(name, lookup): &(Arc<str>, Lookup)| {
                    let names = lookup.names.clone().unwrap_or_default();
                    let name = Arc::clone(name);
                    names.into_iter().map(move |new| (new, Arc::clone(&name)))
                };
                all.iter().flat_map(of_one).collect()
            }
            Self::Cycle(all, _) => all
                .iter()
                .flat_map(|(name, _)| [named(name, "_sin"), named(name, "_cos")])
                .collect(),
            Self::Make(made) => made
                .columns
                .iter()
                .filter_map(|new| Some((Arc::clone(&new.name), Arc::clone(new.of.first()?))))
                .collect(),
            Self::Clip { marks: Some((left, right)), .. } => {
                let ends = [(*left, "_left"), (*right, "_right")];
                let of_one = |name| {
                    let ends = ends.iter().filter(|(set, _)| *set);
                    ends.map(move |(_, end)| named(name, end))
                };
                variables.iter().flat_map(of_one).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether a column of training is left out of the answer.
    fn drops(&self, name: &str) -> bool {
        match self {
            Self::OneHot(all) => all.iter().any(|(known, _)| **known == *name),
            Self::Drop(names) => names.iter().any(|known| **known == *name),
            Self::Cycle(all, true) => all.iter().any(|(known, _)| **known == *name),
            Self::Make(made) => made.drops && made.sources.iter().any(|known| **known == *name),
            _ => false,
        }
    }

    /// The columns of the answer, from those of training with their positions.
    pub(super) fn layout(
        &self,
        variables: &[Arc<str>],
        columns: Vec<(Arc<str>, usize)>,
    ) -> Vec<(Arc<str>, usize)> {
        let added: Vec<_> = self
            .added(variables)
            .into_iter()
            .filter_map(|(name, of)| {
                let at = columns.iter().position(|(known, _)| *known == of)?;
                Some((name, at))
            })
            .collect();
        columns.into_iter().filter(|(name, _)| !self.drops(name)).chain(added).collect()
    }

    /// What is done with a column; `None` when it is handed on, or dropped.
    pub(super) fn column_use(&self, name: &str, variables: &[Arc<str>]) -> Option<ColumnUse> {
        let lookup = |all: &ByName<Lookup>| {
            let found = all.iter().find(|(known, _)| **known == *name)?;
            Some(found.1.column_use())
        };
        match self {
            Self::Encode(all) | Self::OneHot(all) => lookup(all),
            Self::Rare(all, _) => {
                let found = all.iter().find(|(known, _)| **known == *name)?;
                Some(found.1.column_use())
            }
            Self::Fill(all) => match &all.iter().find(|(known, _)| **known == *name)?.1 {
                Cell::Text(_) => Some(ColumnUse::Text),
                _ => Some(ColumnUse::Value),
            },
            Self::Drop(_) => None,
            Self::Make(made) => {
                let mut uses =
                    made.columns.iter().filter(|new| new.of.iter().any(|of| **of == *name));
                uses.next().map(|new| match new.how {
                    How::Date(..) => ColumnUse::Text,
                    _ => ColumnUse::Value,
                })
            }
            _ => variables.iter().any(|known| **known == *name).then_some(ColumnUse::Value),
        }
    }

    /// The columns that it works on, one after the other.
    pub(super) fn touched(&self, variables: &[Arc<str>]) -> Vec<Arc<str>> {
        match self {
            Self::Fill(all) => all.iter().map(|(name, _)| Arc::clone(name)).collect(),
            Self::Encode(all) | Self::OneHot(all) => {
                all.iter().map(|(name, _)| Arc::clone(name)).collect()
            }
            Self::Rare(all, _) => all.iter().map(|(name, _)| Arc::clone(name)).collect(),
            Self::Each(all) => all.iter().map(|(name, _)| Arc::clone(name)).collect(),
            Self::Bins(all, _) => all.iter().map(|(name, _)| Arc::clone(name)).collect(),
            Self::Cycle(all, _) => all.iter().map(|(name, _)| Arc::clone(name)).collect(),
            Self::Drop(names) => names.clone(),
            Self::Mark => variables.to_vec(),
            Self::Make(_) => Vec::new(),
            Self::Clip { high, low, .. } => {
                let mut names: Vec<_> = variables.to_vec();
                names.extend(high.iter().chain(low).map(|(name, _)| Arc::clone(name)));
                names.sort_unstable();
                names.dedup();
                // the order of what is added is that of the variables
                names.sort_by_key(|name| variables.iter().position(|known| known == name));
                names
            }
        }
    }

    pub(super) fn apply(
        &self,
        mut frame: Frame,
        variables: &[Arc<str>],
        class: &str,
    ) -> Result<Frame, Error> {
        if let Self::Make(made) = self {
            return made.apply(frame, class);
        }
        let rows = frame.rows;
        let mut new: Vec<Column> = Vec::new();
        let names = self.touched(variables);
        for (nth, name) in names.iter().enumerate() {
            let at = frame.place(name, class)?;
            let Some(column) = frame.columns.get_mut(at) else { continue };
            match self {
                Self::Fill(all) => {
                    if let Some((_, with)) = all.get(nth) {
                        fill(column, rows, with);
                    }
                }
                Self::Mark => new.push(Column::I64(
                    (0..rows).map(|row| i64::from(is_missing(column, row))).collect(),
                )),
                Self::Encode(all) => {
                    if let Some((_, lookup)) = all.get(nth)
                        && let Some(encoded) = lookup.apply(column, rows, at, class)?.pop()
                    {
                        *column = encoded;
                    }
                }
                Self::OneHot(all) => {
                    if let Some((_, lookup)) = all.get(nth) {
                        new.extend(lookup.apply(column, rows, at, class)?);
                    }
                }
                Self::Rare(all, with) => {
                    if let Some((_, frequent)) = all.get(nth) {
                        *column = rare(column, rows, frequent, with);
                    }
                }
                Self::Drop(_) | Self::Make(_) => {}
                Self::Each(all) => {
                    if let Some((_, function)) = all.get(nth) {
                        *column = function.of_column(column, rows, at)?;
                    }
                }
                Self::Bins(all, strict) => {
                    if let Some((_, edges)) = all.get(nth) {
                        let number = |row| column.number(row, at).map(|v| bin(v, edges));
                        let found: Vec<f64> = (0..rows).map(number).collect::<Result<_, _>>()?;
                        if let Some(row) = found.iter().position(|v| v.is_nan())
                            && *strict
                        {
                            let reason = format!("is beyond the bins of `{class}`");
                            return Err(Error::value(row, at, reason));
                        }
                        *column = integers(found);
                    }
                }
                Self::Clip { high, low, marks } => {
                    let before = column.clone();
                    let bound = |all: &ByName<f64>| {
                        all.iter().find(|(known, _)| known == name).map(|(_, bound)| *bound)
                    };
                    for (bound, is_high) in [(bound(high), true), (bound(low), false)] {
                        if let Some(bound) = bound {
                            *column = clip(column, rows, at, bound, is_high)?;
                        }
                    }
                    let Some((left, right)) = marks else { continue };
                    for (set, up) in [(left, true), (right, false)] {
                        if *set {
                            let moved = |row| {
                                let (was, is) = (before.number(row, at)?, column.number(row, at)?);
                                Ok(f64::from(u8::from(if up { is > was } else { is < was })))
                            };
                            let marks = (0..rows).map(moved).collect::<Result<_, Error>>()?;
                            new.push(Column::F64(marks));
                        }
                    }
                }
                Self::Cycle(all, _) => {
                    if let Some((_, most)) = all.get(nth) {
                        let angle = 2.0 * std::f64::consts::PI / most;
                        let numbers: Vec<f64> = (0..rows)
                            .map(|row| column.number(row, at).map(|v| v * angle))
                            .collect::<Result<_, _>>()?;
                        new.push(Column::F64(numbers.iter().map(|v| v.sin()).collect()));
                        new.push(Column::F64(numbers.iter().map(|v| v.cos()).collect()));
                    }
                }
            }
        }
        let mut keep = frame.names.iter().map(|name| !self.drops(name));
        frame.columns.retain(|_| keep.next().unwrap_or(true));
        frame.names.retain(|name| !self.drops(name));
        frame.columns.extend(new);
        frame.names.extend(self.added(variables).into_iter().map(|(name, _)| name));
        Ok(frame)
    }
}

fn rare(column: &Column, rows: usize, frequent: &Categories, with: &Cell) -> Column {
    let table = Table { rows, names: None, data: Data::Columns(vec![column.clone()]) };
    let kept = |row| is_missing(column, row) || frequent.find(value(&table.data, row, 0)).is_some();
    if (0..rows).all(kept) {
        return column.clone();
    }
    let cells = (0..rows).map(|row| if kept(row) { cell_at(column, row) } else { with.clone() });
    column_of(cells.collect())
}

#[cfg(test)]
mod tests {
    use super::bin;

    #[test]
    fn bins_are_open_below_but_for_the_first() {
        let edges = [0.0, 1.0, 2.0];
        let at = |x| bin(x, &edges);
        assert_eq!([at(0.0), at(0.5), at(1.0), at(1.5), at(2.0)], [0.0, 0.0, 0.0, 1.0, 1.0]);
        assert!(at(-0.1).is_nan() && at(2.1).is_nan() && at(f64::NAN).is_nan());
    }
}
