//! What a model takes, put together from its signature and its predictor, and how rows are made
//! to fit it.

use std::{collections::HashMap, sync::Arc};

use longshore_engine::{Column, Data, Inputs, Matrix, Table, TextColumn};
use longshore_mlflow::{ColumnType, Signature};

mod cast;
mod resolve;

use crate::{
    failure::Failure,
    frame::{Frame, collapse, split},
};

/// One column that a model takes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: Arc<str>,
    /// Its type, when the signature gives one.
    pub(crate) kind: Option<ColumnType>,
    /// Whether a request must have it.
    pub(crate) required: bool,
}

/// Column names with their places.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    ordered: Arc<[Arc<str>]>,
    places: HashMap<Arc<str>, usize>,
}

impl Names {
    pub(crate) fn new(names: impl IntoIterator<Item = Arc<str>>) -> Self {
        let ordered: Arc<[Arc<str>]> = names.into_iter().collect();
        let places = ordered.iter().enumerate().map(|(at, name)| (name.clone(), at)).collect();
        Self { ordered, places }
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }
}

/// What a model takes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schema {
    /// The columns in the order the predictor wants them; empty when their names are not known.
    fields: Vec<Field>,
    names: Names,
    /// Number of columns, when it is fixed.
    columns: Option<usize>,
    /// One text a row.
    documents: bool,
    /// The type of all values, for a model whose signature is a tensor.
    uniform: Option<ColumnType>,
    /// The tensor's name, for the same.
    tensor: Option<String>,
}

impl Schema {
    /// Puts a signature and what the predictor says of itself together.
    pub(crate) fn new(signature: Option<&Signature>, inputs: &Inputs) -> Self {
        resolve::schema(signature, inputs)
    }

    pub(crate) fn fields(&self) -> &[Field] {
        &self.fields
    }

    pub(crate) fn columns(&self) -> Option<usize> {
        self.columns
    }

    pub(crate) fn is_documents(&self) -> bool {
        self.documents
    }

    pub(crate) fn uniform(&self) -> Option<ColumnType> {
        self.uniform
    }

    pub(crate) fn tensor(&self) -> Option<&str> {
        self.tensor.as_deref()
    }

    /// The names that a request may use; `None` when they are not known.
    pub(crate) fn names(&self) -> Option<&Names> {
        (!self.fields.is_empty()).then_some(&self.names)
    }

    /// True for a column that the signature declares to be text.
    pub(crate) fn is_text(&self, name: &str) -> bool {
        let field = self.names.places.get(name).and_then(|&at| self.fields.get(at));
        self.documents || field.is_some_and(|field| is_textual(field.kind))
    }

    /// Brings rows into the order and the types that the model takes.
    pub(crate) fn fit(&self, frame: Frame<'_>) -> Result<Table, Failure> {
        let rows = frame.rows;
        if rows == 0 {
            return Err(Failure::invalid("there are no rows"));
        }
        let named = frame.names.is_some();
        let data = self.arrange(frame)?;
        self.check_width(&data)?;
        let data = self.cast(data, rows)?;
        if self.documents {
            return Ok(Table { rows, names: None, data: documents(data, rows)? });
        }
        let names = (named && !self.fields.is_empty()).then(|| self.names.ordered.clone());
        Ok(Table { rows, names, data })
    }

    /// Named columns in the model's order; others as they came.
    fn arrange(&self, frame: Frame<'_>) -> Result<Data, Failure> {
        let Some(names) = frame.names else { return Ok(frame.data) };
        if self.fields.is_empty() {
            return Ok(frame.data);
        }
        let in_order = names.len() == self.fields.len()
            && names.iter().zip(&self.fields).all(|(name, field)| *name == *field.name);
        if in_order {
            return Ok(frame.data);
        }
        let sent: HashMap<&str, usize> =
            names.iter().enumerate().map(|(at, name)| (&**name, at)).collect();
        let missing: Vec<_> = self
            .fields
            .iter()
            .filter(|field| field.required && !sent.contains_key(&*field.name))
            .map(|field| &*field.name)
            .collect();
        if !missing.is_empty() {
            return Err(Failure::unfit(format!(
                "{} {} missing; the model takes {}",
                quoted(missing.iter().copied()),
                if missing.len() == 1 { "is" } else { "are" },
                quoted(self.fields.iter().map(|field| &*field.name)),
            )));
        }
        let rows = frame.rows;
        let places: Vec<_> =
            self.fields.iter().map(|field| sent.get(&*field.name).copied()).collect();
        if let (Data::F64(matrix), true) = (&frame.data, places.iter().all(Option::is_some)) {
            return Ok(Data::F64(gather(matrix, &places)));
        }
        let mut columns: Vec<Option<Column>> =
            split(frame.data, rows).into_iter().map(Some).collect();
        let arranged = self.fields.iter().zip(places).map(|(field, place)| {
            let sent = place.and_then(|place| columns.get_mut(place)).and_then(Option::take);
            sent.unwrap_or_else(|| absent(field, rows))
        });
        Ok(Data::Columns(arranged.collect()))
    }

    fn check_width(&self, data: &Data) -> Result<(), Failure> {
        let found = width(data);
        if self.documents {
            if found != 1 {
                return Err(Failure::unfit(format!(
                    "a row has {found} values where the model takes one text"
                )));
            }
            return Ok(());
        }
        let Some(expected) = self.columns else { return Ok(()) };
        if found == expected {
            return Ok(());
        }
        let values = |count| if count == 1 { "1 value".into() } else { format!("{count} values") };
        let mut message =
            format!("a row has {} where the model takes {}", values(found), values(expected));
        if !self.fields.is_empty() {
            message.push_str(": ");
            message.push_str(&quoted(self.fields.iter().map(|field| &*field.name)));
        }
        Err(Failure::unfit(message))
    }

    fn cast(&self, data: Data, rows: usize) -> Result<Data, Failure> {
        let kind = |at: usize| match self.fields.get(at) {
            Some(field) => field.kind,
            None => self.uniform,
        };
        if let Data::F64(matrix) = &data {
            if (0..matrix.columns).all(|at| cast::keeps_doubles(kind(at))) {
                cast::check_integers(matrix, kind, |at| self.may_lack(at), |at| self.name(at))?;
                return Ok(data);
            }
        } else if (0..width(&data)).all(|at| kind(at).is_none()) {
            return Ok(match data {
                Data::Columns(columns) => collapse(columns, rows),
                other => other,
            });
        }
        let mut columns = split(data, rows);
        for (at, column) in columns.iter_mut().enumerate() {
            if let Some(kind) = kind(at) {
                let taken = std::mem::replace(column, Column::Bool(Vec::new()));
                *column = cast::column(taken, kind, self.may_lack(at), &self.name(at))?;
            }
        }
        Ok(collapse(columns, rows))
    }

    /// True for a column that may lack values.
    fn may_lack(&self, at: usize) -> bool {
        self.fields.get(at).is_some_and(|field| !field.required)
    }

    /// A column's name for messages.
    fn name(&self, at: usize) -> String {
        match self.fields.get(at) {
            Some(field) => format!("`{}`", field.name),
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

/// Names in backticks, the first twenty of them.
fn quoted<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    const SHOWN: usize = 20;
    let total = names.len();
    let list = names.take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if total > SHOWN { format!("{list} and {} more", total - SHOWN) } else { list }
}

fn is_textual(kind: Option<ColumnType>) -> bool {
    matches!(kind, Some(ColumnType::String | ColumnType::Binary | ColumnType::Datetime))
}

/// A column that the request may leave out.
fn absent(field: &Field, rows: usize) -> Column {
    if is_textual(field.kind) {
        Column::Text(std::iter::repeat_n(None, rows).collect())
    } else {
        Column::F64(vec![f64::NAN; rows])
    }
}

fn gather(matrix: &Matrix<f64>, places: &[Option<usize>]) -> Matrix<f64> {
    let mut values = Vec::with_capacity(matrix.values.len() / matrix.columns.max(1) * places.len());
    for row in matrix.values.chunks_exact(matrix.columns.max(1)) {
        values.extend(places.iter().flatten().filter_map(|&place| row.get(place).copied()));
    }
    Matrix { columns: places.len(), values }
}

/// The single column as one text a row.
fn documents(data: Data, rows: usize) -> Result<Data, Failure> {
    if let Data::Documents(_) = &data {
        return Ok(data);
    }
    let texts: Option<TextColumn> = match split(data, rows).into_iter().next() {
        Some(Column::Text(texts)) => Some(texts),
        _ => None,
    };
    let Some(texts) = texts else {
        return Err(Failure::unfit("the model takes texts, but the rows hold other values"));
    };
    let missing = texts.iter().position(|text| text.is_none());
    match missing {
        Some(row) => Err(Failure::unfit(format!("row {row} is null where a text is expected"))),
        None => Ok(Data::Documents(texts)),
    }
}

#[cfg(test)]
mod tests;
