use super::{Missing, MissingIndicator, SimpleImputer, fill};
use crate::{
    Data, Error, Inputs, Matrix, Method, Predictor, Table,
    attributes::{self, counted, inputs, list, numbers_of, switch},
    estimator::Transform,
    read::{Cursor, Kind},
    sklearn::{
        building::Building,
        check::{self, Allow},
        part,
    },
    table::Real,
};

const CLASS: &str = "IterativeImputer";
const SEQUENCE: &str = "imputation_sequence_";

/// `IterativeImputer`: what is missing in a column is predicted from other columns, in rounds.
#[derive(Debug)]
pub(crate) struct IterativeImputer {
    inputs: Inputs,
    missing: Missing,
    /// What the first round predicts from.
    initial: SimpleImputer,
    /// The predictions of all rounds, one after another.
    steps: Vec<Step>,
    indicator: Option<MissingIndicator>,
}

/// The prediction of one column. Columns count from the first one that the initial imputer keeps.
#[derive(Debug)]
struct Step {
    column: usize,
    neighbors: Vec<usize>,
    model: Box<dyn Predictor>,
    low: f64,
    high: f64,
}

impl IterativeImputer {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let first = attributes::object(c, "initial_imputer_", "SimpleImputer")?;
        let initial = SimpleImputer::build(first).map_err(|error| error.at("initial_imputer_"))?;
        let width = initial.inputs().columns;
        let inputs = inputs(c, width);
        let columns = inputs.columns.unwrap_or_default();
        counted(first, "statistics_", width.unwrap_or_default(), columns)?;
        let indicator = super::indicator(c, columns)?;
        let rounds = attributes::count(c, "n_iter_", c.require("n_iter_")?)?;
        let steps = if rounds == 0 { Vec::new() } else { steps(c, &initial, building)? };
        Ok(Self { inputs, missing: Missing::read(c)?, initial, steps, indicator })
    }

    /// For each column that the initial imputer keeps, the rows that lack its value.
    fn holes(&self, table: &Table) -> Vec<Vec<usize>> {
        let lacking = |place| {
            let column = self.initial.kept(place)?;
            let rows = 0..table.rows;
            Some(rows.filter(|&row| self.missing.at(&table.data, row, column)).collect())
        };
        (0..self.initial.kept_len()).map(|place| lacking(place).unwrap_or_default()).collect()
    }

    /// Predicts the values of `holes` round by round, in the type of the rows.
    fn replay<T: Real>(
        &self,
        m: &mut Matrix<T>,
        holes: &[Vec<usize>],
        data: fn(Matrix<T>) -> Data,
    ) -> Result<(), Error> {
        for step in &self.steps {
            let Some(rows) = holes.get(step.column).filter(|rows| !rows.is_empty()) else {
                continue;
            };
            let columns = step.neighbors.len();
            let mut values = Vec::with_capacity(rows.len() * columns);
            for &row in rows {
                let cells = m.values.get(row * m.columns..(row + 1) * m.columns);
                let cells = cells.unwrap_or_default();
                values.extend(step.neighbors.iter().filter_map(|&at| cells.get(at).copied()));
            }
            let asked =
                Table { rows: rows.len(), names: None, data: data(Matrix { columns, values }) };
            let answer = step.model.run(Method::Predict, &asked).and_then(|answer| {
                let table = check::floats(answer.into_table()?)?;
                table.to_f64().map(std::borrow::Cow::into_owned)
            });
            let answer = answer.map_err(|error| self.place(error, step, rows))?;
            for (&row, &value) in rows.iter().zip(&answer) {
                if let Some(cell) = m.values.get_mut(row * m.columns + step.column) {
                    *cell = T::from_f64(step.clip(value));
                }
            }
        }
        Ok(())
    }

    /// A fault of a prediction, at its place in the rows that were asked.
    fn place(&self, mut error: Error, step: &Step, rows: &[usize]) -> Error {
        let mut inner = &mut error;
        while let Error::InStep { source, .. } = inner {
            inner = source;
        }
        if let Error::Value { row, .. } = inner {
            *row = rows.get(*row).copied().unwrap_or(*row);
        }
        error.trace(|at| self.initial.kept(*step.neighbors.get(at)?))
    }
}

impl Step {
    /// The value inside the limits: a limit where they are equal, and NaN as it is.
    fn clip(&self, value: f64) -> f64 {
        let value = if value.is_nan() || value > self.low { value } else { self.low };
        if value.is_nan() || value < self.high { value } else { self.high }
    }
}

fn steps(c: Cursor<'_>, initial: &SimpleImputer, building: &Building) -> Result<Vec<Step>, Error> {
    if switch(c, "sample_posterior", false)? {
        return Err(Error::Unsupported {
            what: format!("`{CLASS}` with `sample_posterior=True`"),
            reason: "it draws random values, other ones for each request".into(),
            hint: "Fit it with `sample_posterior=False`".into(),
        });
    }
    let width = initial.kept_len();
    let low = numbers_of(c, "_min_value", width)?;
    let high = numbers_of(c, "_max_value", width)?;
    // 1.6 and newer: columns without a value in training keep their first imputation
    let empty = match c.attr("_is_empty_feature") {
        Some(_) => {
            numbers_of(c, "_is_empty_feature", initial.inputs().columns.unwrap_or_default())?
        }
        None => Vec::new(),
    };
    let is_empty = |column| {
        let empty = initial.kept(column).and_then(|column| empty.get(column));
        empty.is_some_and(|&empty| empty != 0.0)
    };
    let mut steps = Vec::new();
    for (place, triplet) in list(c, SEQUENCE)?.into_iter().enumerate() {
        let fault = |reason: &str| {
            Error::attribute(CLASS, SEQUENCE, format!("holds in place {place} {reason}"))
        };
        let parts = match triplet.kind() {
            Kind::Object(named) => Some(named.args.as_slice()),
            _ => triplet.items(),
        };
        let Some(&[column, neighbors, model]) = parts else {
            return Err(fault("no column, neighbors and estimator"));
        };
        let index = |v: i64| usize::try_from(v).ok().filter(|&at| at < width);
        let column = triplet.go(column).as_i64().and_then(index);
        let neighbors = triplet.go(neighbors);
        let building = building.enter(neighbors)?;
        let neighbors: Option<Vec<_>> = neighbors.as_array().and_then(|array| {
            array.i64s(neighbors.document()).ok()?.into_iter().map(index).collect()
        });
        let (Some(column), Some(neighbors)) = (column, neighbors) else {
            return Err(fault(&format!("columns that are not among the {width} it imputes")));
        };
        let (Some(&low), Some(&high)) = (low.get(column), high.get(column)) else { continue };
        if is_empty(column) {
            continue;
        }
        let at = format!("{SEQUENCE}[{place}]");
        let model = part::predictor(triplet.go(model), &building).map_err(|error| error.at(&at))?;
        if !model.methods().contains(&Method::Predict) {
            return Err(fault("an estimator without `predict`"));
        }
        if model.inputs().columns.is_some_and(|columns| columns != neighbors.len()) {
            return Err(fault("an estimator of another number of columns than its neighbors"));
        }
        steps.push(Step { column, neighbors, model, low, high });
    }
    Ok(steps)
}

impl Transform for IterativeImputer {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn outputs(&self, _columns: usize) -> usize {
        self.initial.kept_len() + self.indicator.as_ref().map_or(0, MissingIndicator::len)
    }

    fn source(&self, output: usize, _columns: usize) -> Option<usize> {
        match output.checked_sub(self.initial.kept_len()) {
            None => self.initial.kept(output),
            Some(mark) => self.indicator.as_ref()?.source(mark),
        }
    }

    fn transform(&self, input: Table) -> Result<Table, Error> {
        check::dense(&input, CLASS)?;
        let allow = if self.missing.is_null() { Allow::Nan } else { Allow::Finite };
        let table = check::numeric(input, self.inputs.columns, allow, CLASS)?;
        let marks: Option<Vec<bool>> = self.indicator.as_ref().map(|indicator| {
            (0..table.rows).flat_map(|row| indicator.row(&table.data, row)).collect()
        });
        let holes = self.holes(&table);
        let mut table = self.initial.transform(table)?;
        match &mut table.data {
            Data::F64(m) => self.replay(m, &holes, Data::F64)?,
            Data::F32(m) => self.replay(m, &holes, Data::F32)?,
            _ => return Err(Error::input(format!("`{CLASS}` was not fitted on numbers"))),
        }
        Ok(match (&self.indicator, marks) {
            (Some(indicator), Some(marks)) if indicator.len() > 0 => {
                fill::append(table, &marks, indicator.len())
            }
            _ => table,
        })
    }
}
