//! What a request must hold, put together from the signature and the predictor, and how its rows
//! are made to fit the model.
//!
//! A request's columns are the *fields*: those of the signature, in its order; without a signature
//! those of the model, in the order of training. The rows that the model gets are made of them.

use std::sync::Arc;

use longshore_engine::{Column, Data, Inputs, Table, quantity};
use longshore_mlflow::{ColumnType, Signature};

mod arrange;
mod cast;
mod names;
mod resolve;
mod text;

pub(crate) use names::Names;

use crate::{
    failure::Failure,
    frame::{Frame, collapse, split},
    names::{listed, quoted},
};

/// One column of a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Field {
    /// Its name; `None` for columns that are told apart by place alone.
    pub(crate) name: Option<Arc<str>>,
    /// Its type, when the signature gives one.
    pub(crate) kind: Option<ColumnType>,
    /// The model compares its texts: a number there is refused.
    pub(crate) text: bool,
    /// Whether a request that names its columns must have it.
    pub(crate) need: Need,
    /// Whether its values may be missing although their type has no missing value.
    pub(crate) may_lack: bool,
}

/// Whether a request that names its columns must have one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Need {
    /// The signature requires it, or the model reads it.
    #[default]
    Required,
    /// The signature declares it optional, and the model never reads it.
    Optional,
    /// No signature speaks of it, and the model never reads it: what is sent is not looked at.
    Ignored,
}

/// What a row is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Form {
    /// Columns.
    #[default]
    Columns,
    /// One text.
    Document,
    /// A dict: any columns by name are taken, and what they hold stays as it is.
    Dict,
}

/// What a model takes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schema {
    /// The columns of a request; empty when only their number is known.
    fields: Vec<Field>,
    /// The names of the fields that are looked at; empty when the fields have none.
    names: Names,
    /// Values in a row of the model, when they are fixed.
    columns: Option<usize>,
    /// The field of each of the model's columns, `None` for one that it never reads; without it
    /// the fields are the model's columns.
    places: Option<Vec<Option<usize>>>,
    /// The names of the model's columns.
    table_names: Option<Arc<[Arc<str>]>>,
    form: Form,
    /// The type of all values, for a model whose signature is a tensor.
    uniform: Option<ColumnType>,
    /// The name of that tensor.
    tensor: Option<String>,
    /// No column has a type that its values are held against.
    free: bool,
    /// Doubles fit every column as they are.
    doubles: bool,
}

impl Schema {
    /// Puts a signature and what the predictor says of itself together.
    pub(crate) fn new(signature: Option<&Signature>, inputs: &Inputs) -> Self {
        resolve::schema(signature, inputs)
    }

    /// The fields of a row without names.
    pub(crate) fn row(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter()
    }

    /// Values in a row without names, when they are fixed.
    pub(crate) fn width(&self) -> Option<usize> {
        if self.fields.is_empty() { self.columns } else { Some(self.fields.len()) }
    }

    pub(crate) fn is_documents(&self) -> bool {
        self.form == Form::Document
    }

    pub(crate) fn uniform(&self) -> Option<ColumnType> {
        self.uniform
    }

    pub(crate) fn tensor(&self) -> Option<&str> {
        self.tensor.as_deref()
    }

    /// The names that a request may use; `None` when they are not known.
    pub(crate) fn names(&self) -> Option<&Names> {
        (self.are_dicts() || self.names.count() > 0).then_some(&self.names)
    }

    /// True when rows are dicts: a column that one row has need not be in another.
    pub(crate) fn are_dicts(&self) -> bool {
        self.form == Form::Dict
    }

    /// The field that a request calls `name`.
    fn field(&self, name: &str) -> Option<&Field> {
        self.fields.get(self.names.find(name)?)
    }

    /// True for a column that a request need not have.
    pub(crate) fn may_leave_out(&self, name: &str) -> bool {
        self.field(name).is_some_and(|field| field.need != Need::Required)
    }

    /// The type that the signature gives the column `name`.
    pub(crate) fn kind(&self, name: &str) -> Option<ColumnType> {
        self.field(name)?.kind
    }

    /// True for a column whose values stay texts whatever they look like. A model without names has
    /// its columns in their order, whatever a header calls them.
    pub(crate) fn is_text(&self, name: &str, at: usize) -> bool {
        let textual = |field: &Field| field.text || is_textual(field.kind);
        let field = if self.names().is_some() { self.field(name) } else { self.fields.get(at) };
        self.is_documents() || field.is_some_and(textual)
    }

    /// The model's column that the field `at` becomes, if there is one.
    pub(crate) fn model_column(&self, at: usize) -> Option<usize> {
        match &self.places {
            None => Some(at),
            Some(places) => places.iter().position(|place| *place == Some(at)),
        }
    }

    /// True for a column that takes bytes as they are.
    #[cfg(feature = "arrow")]
    pub(crate) fn is_binary(&self, name: &str, at: usize) -> bool {
        let field = if self.names().is_some() { self.field(name) } else { self.fields.get(at) };
        field.is_some_and(|field| field.kind == Some(ColumnType::Binary))
    }

    /// Brings rows into the order and the types that the model takes.
    pub(crate) fn fit(&self, frame: Frame<'_>) -> Result<Table, Failure> {
        let rows = frame.rows;
        if self.are_dicts() {
            return Self::dicts(frame);
        }
        let named = frame.names.is_some() && self.names().is_some();
        if rows == 0 {
            // lists under names that the model does not know make no rows either
            if named && !frame.unknown.is_empty() {
                self.arrange(frame)?;
            }
            return Err(Failure::invalid("there are no rows"));
        }
        let data = if named { self.arrange(frame)? } else { frame.data };
        self.check_width(&data)?;
        if self.is_documents() {
            return Ok(Table { rows, names: None, data: text::documents(data, rows)? });
        }
        let data = self.place(self.cast(data, rows)?, rows);
        let by_name = named || self.places.is_some();
        let names = self.table_names.clone().filter(|_| by_name);
        Ok(Table { rows, names, data })
    }

    /// Rows of any named columns, as they were sent.
    fn dicts(frame: Frame<'_>) -> Result<Table, Failure> {
        let Frame { rows, names, data, .. } = frame;
        if rows == 0 {
            return Err(Failure::invalid("there are no rows"));
        }
        let Some(names) = names else {
            return Err(Failure::unfit(
                "the model takes rows that are objects, such as {\"key\": value, …}, or columns by \
                 name",
            ));
        };
        let names = names.iter().map(|name| Arc::from(&**name)).collect();
        Ok(Table { rows, names: Some(names), data })
    }

    /// The model's columns from those of the fields.
    pub(crate) fn place(&self, data: Data, rows: usize) -> Data {
        match &self.places {
            None => data,
            Some(places) => arrange::gather(data, rows, places),
        }
    }

    fn check_width(&self, data: &Data) -> Result<(), Failure> {
        let found = width(data);
        if self.is_documents() {
            if found != 1 {
                return Err(Failure::unfit(format!(
                    "a row has {} where the model takes one text",
                    quantity(found, "value")
                )));
            }
            return Ok(());
        }
        match self.width() {
            Some(expected) if found != expected => {
                Err(Failure::unfit(self.wrong_width(found, expected)))
            }
            _ => Ok(()),
        }
    }

    /// Refuses single values where the model takes rows of several; `advice` says for their number how to send them.
    pub(crate) fn check_single(&self, advice: impl FnOnce(usize) -> String) -> Result<(), Failure> {
        match self.width() {
            Some(expected) if expected != 1 && !self.is_documents() && !self.are_dicts() => {
                let message = format!("{}; {}", self.wrong_width(1, expected), advice(expected));
                Err(Failure::unfit(message))
            }
            _ => Ok(()),
        }
    }

    fn wrong_width(&self, found: usize, expected: usize) -> String {
        let mut message = format!(
            "a row has {} where the model takes {}",
            quantity(found, "value"),
            quantity(expected, "value")
        );
        let names: Vec<&str> =
            self.fields.iter().filter_map(|field| field.name.as_deref()).collect();
        if !names.is_empty() {
            message.push_str(": ");
            message.push_str(&listed(names.into_iter()));
        }
        if self.fields.iter().any(|field| field.need == Need::Ignored) {
            message.push_str(
                "; a row without names has every column of training, also those that the model \
                 does not read: send names to leave them out",
            );
        }
        message
    }

    /// Values in the types of the fields.
    fn cast(&self, data: Data, rows: usize) -> Result<Data, Failure> {
        if self.doubles && matches!(data, Data::F64(_)) {
            return Ok(data);
        }
        if self.free {
            return Ok(match data {
                Data::Columns(columns) => collapse(columns, rows),
                other => other,
            });
        }
        let default = Field { kind: self.uniform, ..Field::default() };
        let field = |at: usize| self.fields.get(at).unwrap_or(&default);
        if let Data::F64(matrix) = &data
            && (0..matrix.columns).all(|at| cast::keeps_doubles(field(at)))
        {
            cast::check_integers(matrix, field, |at| self.column(at))?;
            return Ok(data);
        }
        let mut columns = split(data, rows);
        for (at, column) in columns.iter_mut().enumerate() {
            let field = field(at);
            if !field.text && field.kind.is_none() {
                continue;
            }
            let taken = std::mem::replace(column, Column::Bool(Vec::new()));
            *column = cast::column(taken, field, || self.column(at))?;
        }
        Ok(collapse(columns, rows))
    }

    /// A column of the request for messages: its name, else its place.
    fn column(&self, at: usize) -> String {
        match self.fields.get(at).and_then(|field| field.name.as_deref()) {
            Some(name) => quoted(name),
            None => at.to_string(),
        }
    }
}

/// Values in a row.
pub(crate) fn width(data: &Data) -> usize {
    match data {
        Data::F64(m) => m.columns,
        Data::F32(m) => m.columns,
        Data::I64(m) => m.columns,
        Data::Columns(columns) => columns.len(),
        Data::Sparse(csr) => csr.columns,
        Data::Documents(_) => 1,
    }
}

fn is_textual(kind: Option<ColumnType>) -> bool {
    matches!(kind, Some(ColumnType::String | ColumnType::Binary | ColumnType::Datetime))
}

#[cfg(test)]
mod tests;
