use std::{collections::HashMap, sync::Arc};

use super::frame;
use crate::{
    Column, ColumnUse, Data, Error, Inputs, Table, attributes,
    estimator::Transform,
    quantity,
    read::{Cursor, Kind},
    sklearn::{building::Building, columns::choose, part, refuse, stack},
};

const CLASS: &str = "DataFrameMapper";

/// `DataFrameMapper` of sklearn-pandas: columns of a frame, each through its own transformers, side
/// by side.
#[derive(Debug)]
pub(crate) struct DataFrameMapper {
    /// The columns that it names, in the order in which it does, then those that are handed to the
    /// default transformer, if the file tells them.
    names: Vec<Arc<str>>,
    features: Vec<Feature>,
    /// What gets all other columns of the rows: there when the file does not tell which these are.
    rest: Option<Feature>,
    /// The columns that `rest` does not get.
    dropped: Vec<Arc<str>>,
    /// True when the answer stays sparse if a part of it is.
    sparse: bool,
    /// The names of the columns of the answer, when it is a frame.
    frame: Option<Arc<[Arc<str>]>>,
}

/// Columns, and what is done with them.
#[derive(Debug)]
struct Feature {
    /// How errors name it.
    name: String,
    /// Positions in the names.
    columns: Vec<usize>,
    /// `None` hands the columns on.
    transform: Option<Box<dyn Transform>>,
    /// True when the transformer gets a frame, with names and a type for each column.
    as_frame: bool,
}

impl Feature {
    fn outputs(&self, columns: usize) -> usize {
        self.transform.as_ref().map_or(columns, |transform| transform.outputs(columns))
    }

    fn uses(&self, after: Option<&[ColumnUse]>) -> Vec<ColumnUse> {
        let uses = match &self.transform {
            Some(transform) => transform.uses(self.columns.len(), after),
            None => after.map(<[_]>::to_vec),
        };
        uses.unwrap_or_else(|| vec![ColumnUse::Value; self.columns.len()])
    }

    /// What becomes of the columns at `places` of `input`.
    fn apply(&self, input: &Table, places: &[usize]) -> Result<Table, Error> {
        let mut chosen = choose(input, places, false)?;
        if !self.as_frame {
            chosen = array(chosen)?;
        }
        match &self.transform {
            Some(transform) => transform.transform(chosen),
            None => Ok(chosen),
        }
    }
}

/// A frame as an array of one type, without names.
fn array(table: Table) -> Result<Table, Error> {
    let rows = table.rows;
    match table.data {
        Data::Columns(columns) if columns.len() > 1 => {
            let alone = |column| Table { rows, names: None, data: Data::Columns(vec![column]) };
            stack::beside(columns.into_iter().map(alone).collect(), rows, Some(false))
        }
        data => Ok(Table { rows, names: None, data }),
    }
}

/// Booleans beside numbers are numbers to numpy.
fn count_booleans(parts: &mut [Table]) {
    let columns = || {
        parts.iter().flat_map(|part| match &part.data {
            Data::Columns(columns) => columns.as_slice(),
            _ => &[],
        })
    };
    let objects = columns().any(|column| matches!(column, Column::Text(_) | Column::Any(_)));
    let numbers = columns().any(|column| !matches!(column, Column::Bool(_)))
        || parts.iter().any(|part| !matches!(part.data, Data::Columns(_)));
    if objects || !numbers {
        return;
    }
    for part in parts {
        let Data::Columns(columns) = &mut part.data else { continue };
        for column in columns {
            if let Column::Bool(values) = column {
                *column = Column::I64(values.iter().map(|&v| i64::from(v)).collect());
            }
        }
    }
}

/// The names of the columns of a feature: one by itself, or a list of them.
fn selected(value: Cursor<'_>, attribute: &str) -> Result<Vec<Arc<str>>, Error> {
    let names = match value.kind() {
        Kind::Text(name) => Some(vec![name.into()]),
        Kind::Int(name) => Some(vec![name.to_string().into()]),
        // a tuple is one label of an index of several levels
        Kind::Tuple(_) => None,
        Kind::Global(..) => return Err(refuse::function(CLASS, attribute, value)),
        _ if value.code().is_some() => return Err(refuse::function(CLASS, attribute, value)),
        _ => frame::names(value),
    };
    names.ok_or_else(|| {
        let reason = format!("chooses columns by {}: write their names", value.describe());
        Error::attribute(CLASS, attribute, reason)
    })
}

/// The parts of a feature's tuple.
fn entry<'a>(c: Cursor<'a>, at: usize, attribute: &str) -> Result<[Cursor<'a>; 2], Error> {
    let found = c.items().and_then(|items| items.get(..2)?.try_into().ok());
    let [columns, transformers]: [_; 2] = found.ok_or_else(|| {
        let reason = format!("has no columns and transformers at {at}");
        Error::attribute(CLASS, attribute, reason)
    })?;
    Ok([c.go(columns), c.go(transformers)])
}

fn shown(names: &[Arc<str>]) -> String {
    match names {
        [] => "no column".into(),
        [name] => format!("column \"{name}\""),
        [name, rest @ ..] => format!("columns \"{name}\" and {} more", rest.len()),
    }
}

impl DataFrameMapper {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let input_df = attributes::switch(c, "input_df", false)?;
        let (mut names, mut features) = (Names::default(), Vec::new());
        for (at, tuple) in attributes::list(c, "built_features")?.into_iter().enumerate() {
            // the names of a tuple stand too deep in the mapper to be charged with it
            building.enter(tuple)?;
            let [columns, transformers] = entry(tuple, at, "built_features")?;
            let columns = selected(columns, "built_features")?;
            let options = tuple.items().and_then(|items| items.get(2)).map(|&id| tuple.go(id));
            let as_frame = match options {
                Some(options) if matches!(options.kind(), Kind::Dict(_)) => {
                    attributes::switch(options, "input_df", input_df)
                        .map_err(|_| options_of(at, options))?
                }
                Some(options) => return Err(options_of(at, options)),
                None => input_df,
            };
            let name = shown(&columns);
            let transform = transform(transformers, building).map_err(|error| error.at(&name))?;
            let columns = columns.iter().map(|column| names.place(column)).collect();
            features.push(Feature { name, columns, transform, as_frame });
        }
        let dropped = match c.attr("drop_cols") {
            Some(value) if !value.is_none() => frame::names_of(c, "drop_cols")?,
            _ => Vec::new(),
        };
        // there once it transformed rows
        let answer = match c.attr("transformed_names_").filter(|names| !names.is_none()) {
            Some(_) => frame::names_of(c, "transformed_names_")?,
            None => Vec::new(),
        };
        let default = c.attr("built_default").or_else(|| c.attr("default"));
        let mut rest = None;
        if let Some(default) = default.filter(|value| !matches!(value.kind(), Kind::Bool(false))) {
            // columns that a function chooses are not left out of the others
            for (at, tuple) in attributes::list(c, "features")?.into_iter().enumerate() {
                selected(entry(tuple, at, "features")?[0], "features")?;
            }
            if !matches!(default.kind(), Kind::None | Kind::Object(_)) {
                let reason = format!("is {}, and no transformer", default.describe());
                return Err(Error::attribute(CLASS, "built_default", reason));
            }
            let name = "the default transformer".to_owned();
            let transform = transform(default, building).map_err(|error| error.at(&name))?;
            // handed on, columns keep their names, which come last in those of the answer
            let known = match &transform {
                Some(transform) => transform.inputs().names.map(|names| names.to_vec()),
                None if answer.is_empty() => None,
                None => answer.get(width(&features)..).map(<[_]>::to_vec),
            };
            let columns = known.iter().flatten().map(|column| names.place(column)).collect();
            let feature = Feature { name, columns, transform, as_frame: input_df };
            match known {
                Some(_) => features.push(feature),
                None => rest = Some(feature),
            }
        }
        let is_frame = attributes::switch(c, "df_out", false)?;
        if is_frame && rest.is_none() && !answer.is_empty() {
            attributes::counted(c, "transformed_names_", answer.len(), width(&features))?;
        }
        let frame = is_frame.then(|| answer.into());
        let sparse = attributes::switch(c, "sparse", false)?;
        let names = names.all;
        Ok(Self { names, features, rest, dropped, sparse, frame })
    }

    /// Where each name is in the rows.
    fn places(&self, input: &Table) -> Result<Vec<usize>, Error> {
        let Some(sent) = &input.names else {
            // the order of the columns in training is not known
            if self.rest.is_none() && self.names.len() == 1 && input.columns() == 1 {
                return Ok(vec![0]);
            }
            return Err(Error::input(format!(
                "`{CLASS}` takes columns by name, and the rows have {} without names",
                quantity(input.columns(), "column")
            )));
        };
        let find = |name: &Arc<str>| {
            sent.iter().position(|other| other == name).ok_or_else(|| {
                Error::input(format!("column `{name}`, which `{CLASS}` needs, is missing"))
            })
        };
        self.names.iter().map(find).collect()
    }

    /// The places of the columns that no feature names.
    fn others(&self, input: &Table) -> Vec<usize> {
        let sent = input.names.iter().flat_map(|names| names.iter()).enumerate();
        let left = |name| !self.names.contains(name) && !self.dropped.contains(name);
        sent.filter(|(_, name)| left(name)).map(|(at, _)| at).collect()
    }
}

/// The transformer of a feature; a list of them became a pipeline in training.
fn transform(c: Cursor<'_>, building: &Building) -> Result<Option<Box<dyn Transform>>, Error> {
    if c.is_none() { Ok(None) } else { part::transformer(c, building).map(Some) }
}

fn options_of(at: usize, options: Cursor<'_>) -> Error {
    let reason = format!("holds {} as the options of feature {at}", options.describe());
    Error::attribute(CLASS, "built_features", reason)
}

/// Names, each once, with their positions.
#[derive(Default)]
struct Names {
    all: Vec<Arc<str>>,
    places: HashMap<Arc<str>, usize>,
}

impl Names {
    /// The position of a name, which is added if it is new.
    fn place(&mut self, name: &Arc<str>) -> usize {
        *self.places.entry(Arc::clone(name)).or_insert_with(|| {
            self.all.push(Arc::clone(name));
            self.all.len() - 1
        })
    }
}

fn width(features: &[Feature]) -> usize {
    features.iter().map(|feature| feature.outputs(feature.columns.len())).sum()
}

impl Transform for DataFrameMapper {
    fn inputs(&self) -> Inputs {
        if self.rest.is_some() {
            return Inputs::default();
        }
        let (columns, names) = (Some(self.names.len()), Some(self.names.as_slice().into()));
        Inputs { columns, names, ..Inputs::default() }
    }

    fn outputs(&self, columns: usize) -> usize {
        let others = columns.saturating_sub(self.names.len() + self.dropped.len());
        width(&self.features) + self.rest.as_ref().map_or(0, |rest| rest.outputs(others))
    }

    fn source(&self, mut output: usize, _columns: usize) -> Option<usize> {
        // the places of the names in the rows are known when these are all columns
        for feature in self.features.iter().filter(|_| self.rest.is_none()) {
            let (columns, width) = (&feature.columns, feature.outputs(feature.columns.len()));
            if output < width {
                let inside = match &feature.transform {
                    Some(transform) => transform.source(output, columns.len())?,
                    None => output,
                };
                return columns.get(inside).copied();
            }
            output -= width;
        }
        None
    }

    fn uses(&self, columns: usize, after: Option<&[ColumnUse]>) -> Option<Vec<ColumnUse>> {
        if self.rest.is_some() || columns != self.names.len() {
            return None;
        }
        let mut uses = vec![ColumnUse::Unread; columns];
        let mut start = 0;
        for feature in &self.features {
            let end = start + feature.outputs(feature.columns.len());
            let of_feature = feature.uses(after.and_then(|after| after.get(start..end)));
            for (&column, of_column) in feature.columns.iter().zip(of_feature) {
                if let Some(all) = uses.get_mut(column) {
                    *all = all.and(of_column);
                }
            }
            start = end;
        }
        Some(uses)
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        self.transform_ref(&input)
    }

    fn transform_ref(&self, input: &Table) -> Result<Table, Error> {
        let (rows, places) = (input.rows, self.places(input)?);
        let mut parts = Vec::with_capacity(self.features.len() + 1);
        for feature in &self.features {
            let chosen: Vec<_> =
                feature.columns.iter().filter_map(|&at| places.get(at).copied()).collect();
            // errors name columns by their position in training, or in the rows if there is none
            let known = if self.rest.is_some() { &chosen } else { &feature.columns };
            parts.push(
                feature
                    .apply(input, &chosen)
                    .map_err(|error| error.trace(|at| known.get(at).copied()).at(&feature.name))?,
            );
        }
        if let Some(rest) = &self.rest {
            let others = self.others(input);
            parts.push(
                rest.apply(input, &others)
                    .map_err(|error| error.trace(|at| others.get(at).copied()).at(&rest.name))?,
            );
        }
        if let Some(names) = &self.frame {
            let mut columns = Vec::with_capacity(names.len());
            for part in parts {
                columns.extend(stack::columns(stack::dense(part.data, rows)?));
            }
            let names = (names.len() == columns.len()).then(|| Arc::clone(names));
            return Ok(Table { rows, names, data: Data::Columns(columns) });
        }
        if parts.is_empty() {
            return Ok(Table::matrix(rows, 0, Vec::new()));
        }
        count_booleans(&mut parts);
        let sparse = self.sparse && parts.iter().any(|part| matches!(part.data, Data::Sparse(_)));
        stack::beside(parts, rows, Some(sparse))
            .map_err(|error| error.trace(|at| self.source(at, input.columns())))
    }
}
