use cast::Cast;
use ufunc::{Function, Words};

use super::{
    check::{self, Allow},
    refuse, stack,
};
use crate::{
    Cell, Column, ColumnUse, Data, Error, Inputs, Table, attributes,
    estimator::Transform,
    read::{Cursor, Kind},
};

mod cast;
mod ufunc;

/// `FunctionTransformer` over nothing or a numpy function that is stored by name.
#[derive(Debug)]
pub(crate) struct FunctionTransformer {
    inputs: Inputs,
    action: Action,
    /// True when rows are checked first.
    validate: bool,
    /// True when a check lets sparse rows pass. Without `validate` they pass in any case.
    accept_sparse: bool,
}

#[derive(Debug)]
enum Action {
    /// Rows stay as they are.
    Keep,
    /// One column becomes a one-dimensional list.
    Flatten,
    /// Every value in another type.
    Cast(Cast),
    /// Every value on its own.
    Each(Function),
    /// Whether it is true of every value.
    Test(fn(f64) -> bool),
    /// Whether every value is missing, or is not.
    Missing(bool),
}

impl FunctionTransformer {
    pub(crate) fn build(c: Cursor<'_>) -> Result<Self, Error> {
        Self::read(c, "func", "kw_args")
    }

    /// What undoes it.
    pub(crate) fn inverse(c: Cursor<'_>) -> Result<Self, Error> {
        Self::read(c, "inverse_func", "inv_kw_args")
    }

    fn read(c: Cursor<'_>, attribute: &str, words: &'static str) -> Result<Self, Error> {
        let func = c.attr(attribute).filter(|func| !func.is_none());
        let action = match func {
            None => Action::Keep,
            Some(func) => match named_function(func) {
                Some(name) => Action::named(name, c, words)?,
                None => None,
            }
            .ok_or_else(|| refuse::function("FunctionTransformer", attribute, func))?,
        };
        Ok(Self {
            inputs: attributes::inputs(c, None),
            action,
            validate: attributes::flag(c, "validate", false),
            accept_sparse: attributes::flag(c, "accept_sparse", false),
        })
    }
}

impl Action {
    /// What the function called `name` does with the arguments in the attribute `words`.
    fn named(name: &str, c: Cursor<'_>, words: &'static str) -> Result<Option<Self>, Error> {
        let given = || Words::read(c, words);
        Ok(Some(match name {
            "ravel" | "squeeze" => given()?.then(&["order"], Self::Flatten)?,
            "reshape" if given()?.flattens()? => Self::Flatten,
            "reshape" => return Ok(None),
            "isnan" => given()?.then(&[], Self::Test(f64::is_nan))?,
            "isfinite" => given()?.then(&[], Self::Test(f64::is_finite))?,
            "isinf" => given()?.then(&[], Self::Test(f64::is_infinite))?,
            "isna" | "isnull" => given()?.then(&[], Self::Missing(true))?,
            "notna" | "notnull" => given()?.then(&[], Self::Missing(false))?,
            "asarray" | "array" | "ascontiguousarray" | "asanyarray" => {
                given()?.then(&["copy", "order"], Self::Keep)?
            }
            _ if let Some(cast) = Cast::named(name) => given()?.then(&[], Self::Cast(cast))?,
            _ => match Function::read(name, c, words)? {
                Some(function) => Self::Each(function),
                None => return Ok(None),
            },
        }))
    }
}

/// The name of a function of numpy or scipy.special, or of pandas' test for missing values, however the file refers to it.
fn named_function(func: Cursor<'_>) -> Option<&str> {
    let known = |module: &str| {
        let root = module.split('.').next();
        root == Some("numpy") || module.starts_with("scipy.special")
    };
    match func.kind() {
        Kind::Global(module, name) if known(module) => Some(name),
        Kind::Global("builtins" | "operator" | "_operator", name) => match name {
            "abs" => Some("absolute"),
            "neg" => Some("negative"),
            "pos" => Some("positive"),
            _ => None,
        },
        Kind::Global(module, name @ ("isna" | "isnull" | "notna" | "notnull"))
            if module.split('.').next() == Some("pandas") =>
        {
            Some(name)
        }
        Kind::Object(object) => {
            // old releases of numpy wrote a call that looks the function up
            let (_, class) = func.class()?;
            match object.args[..] {
                [module, name] if class == "_ufunc_reconstruct" => {
                    known(func.go(module).as_str()?).then_some(func.go(name).as_str()?)
                }
                _ => None,
            }
        }
        _ => None,
    }
}

impl Transform for FunctionTransformer {
    fn inputs(&self) -> Inputs {
        // without validation any width and any names are accepted
        if self.validate {
            self.inputs.clone()
        } else {
            Inputs { names: None, ..self.inputs.clone() }
        }
    }

    fn uses(&self, _columns: usize, after: Option<&[ColumnUse]>) -> Option<Vec<ColumnUse>> {
        let handed_on = !self.validate && matches!(self.action, Action::Keep | Action::Flatten);
        after.filter(|_| handed_on).map(<[_]>::to_vec)
    }

    fn is_narrow(&self, rows: bool) -> bool {
        match &self.action {
            Action::Keep | Action::Flatten => rows,
            Action::Cast(cast) => *cast == Cast::I32,
            Action::Each(function) => rows && function.keeps_integers(),
            Action::Test(_) | Action::Missing(_) => false,
        }
    }

    fn transform(&self, mut table: Table) -> Result<Table, Error> {
        let class = "FunctionTransformer";
        if self.validate {
            check::width(&table, self.inputs.columns, class)?;
            if matches!(table.data, Data::Columns(_)) {
                table = check::floats(table)?;
            }
            check::finite(&table.data, Allow::Finite, class)?;
            if matches!(table.data, Data::Sparse(_)) && !self.accept_sparse {
                return Err(Error::input("`FunctionTransformer` was not made for sparse rows"));
            }
        }
        match &self.action {
            Action::Keep => Ok(table),
            Action::Flatten => flatten(table),
            Action::Cast(cast) => cast.apply(&table),
            Action::Test(test) => tested(*test, table),
            Action::Missing(wanted) => missing(*wanted, table),
            Action::Each(function) => {
                table.data = each(function, table.data, table.rows)?;
                table.names = None;
                Ok(table)
            }
        }
    }
}

fn flatten(mut table: Table) -> Result<Table, Error> {
    if table.columns() != 1 {
        return Err(Error::input(format!("one column can be flattened, not {}", table.columns())));
    }
    if let Data::Columns(columns) = &table.data
        && let Some(column @ (Column::Text(_) | Column::Any(_))) = columns.first()
    {
        table.data = Data::Documents(stack::documents(column)?);
        table.names = None;
    }
    Ok(table)
}

/// Booleans in place of numbers.
fn tested(test: fn(f64) -> bool, table: Table) -> Result<Table, Error> {
    let rows = table.rows;
    let columns = stack::columns(stack::dense(table.data, rows)?);
    let of = |(at, column): (usize, Column)| {
        let value = |row| column.number(row, at).map(test);
        Ok(Column::Bool((0..rows).map(value).collect::<Result<_, Error>>()?))
    };
    let columns = columns.into_iter().enumerate().map(of).collect::<Result<_, Error>>()?;
    Ok(Table { rows, names: None, data: Data::Columns(columns) })
}

/// Whether values are missing, in numbers and in texts.
fn missing(wanted: bool, table: Table) -> Result<Table, Error> {
    let Table { rows, names, data } = table;
    let columns = stack::columns(stack::dense(data, rows)?);
    let of = |(at, column): (usize, Column)| {
        let gap = |row: usize| match &column {
            Column::Text(texts) => Ok(texts.get(row).is_none()),
            Column::Any(cells) => Ok(match cells.get(row) {
                Some(Cell::F64(value)) => value.is_nan(),
                Some(Cell::Null | Cell::Absent) | None => true,
                Some(_) => false,
            }),
            _ => column.number(row, at).map(f64::is_nan),
        };
        let gaps = (0..rows).map(|row| gap(row).map(|gap| gap == wanted));
        Ok(Column::Bool(gaps.collect::<Result<_, Error>>()?))
    };
    let columns = columns.into_iter().enumerate().map(of).collect::<Result<_, Error>>()?;
    Ok(Table { rows, names, data: Data::Columns(columns) })
}

fn each(function: &Function, data: Data, rows: usize) -> Result<Data, Error> {
    Ok(match data {
        Data::F64(mut m) => {
            for v in &mut m.values {
                *v = function.f64(*v);
            }
            Data::F64(m)
        }
        Data::F32(mut m) => {
            for v in &mut m.values {
                *v = function.f32(*v);
            }
            Data::F32(m)
        }
        Data::I64(mut m) => {
            if function.keeps_integers() {
                for v in &mut m.values {
                    *v = function.i64(*v);
                }
                Data::I64(m)
            } else {
                let values = m.values.iter().map(|&v| function.f64(v as f64)).collect();
                Data::F64(crate::Matrix { columns: m.columns, values })
            }
        }
        Data::Columns(columns) => Data::Columns(
            columns
                .into_iter()
                .enumerate()
                .map(|(at, c)| column(function, c, at, rows))
                .collect::<Result<_, _>>()?,
        ),
        Data::Sparse(mut csr) => {
            if function.f64(0.0) != 0.0 {
                return Err(Error::input(format!(
                    "`numpy.{}` does not keep zeros, so it cannot take sparse rows",
                    function.name()
                )));
            }
            if !function.keeps_integers() {
                csr.make_floats();
            }
            for v in &mut csr.values {
                *v = function.f64(*v);
            }
            csr.round();
            Data::Sparse(csr)
        }
        Data::Documents(_) => {
            return Err(Error::input(format!("`numpy.{}` cannot take texts", function.name())));
        }
    })
}

fn column(function: &Function, column: Column, at: usize, rows: usize) -> Result<Column, Error> {
    Ok(match column {
        Column::F64(mut v) => {
            for v in &mut v {
                *v = function.f64(*v);
            }
            Column::F64(v)
        }
        Column::F32(mut v) => {
            for v in &mut v {
                *v = function.f32(*v);
            }
            Column::F32(v)
        }
        Column::I64(mut v) if function.keeps_integers() => {
            for v in &mut v {
                *v = function.i64(*v);
            }
            Column::I64(v)
        }
        other => {
            let value = |row| other.number(row, at).map(|v| function.f64(v));
            Column::F64((0..rows).map(value).collect::<Result<_, _>>()?)
        }
    })
}
