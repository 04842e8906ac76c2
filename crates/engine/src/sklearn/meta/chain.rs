//! `ClassifierChain` and `RegressorChain`: what one estimator answers is a further column for the next.

use super::binary::second;
use crate::{
    Csr, Data, Error, Inputs, Matrix, Method, Output, OutputData, Predictor, Table, attributes,
    read::Cursor,
    sklearn::{
        building::Building,
        check::{self, Allow},
        member::Member,
    },
};

/// The estimators in the order in which they answer.
#[derive(Debug)]
pub(crate) struct Chain {
    class: String,
    inputs: Inputs,
    members: Vec<Member>,
    /// The output of each estimator.
    order: Vec<usize>,
    /// What an estimator is asked for the next one's column.
    link: Method,
    methods: Vec<Method>,
}

impl Chain {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let members = Member::list(c, "estimators_", building)?;
        let order = attributes::numbers_of(c, "order_", members.len())?;
        let order: Vec<usize> = order.into_iter().map(|place| place as usize).collect();
        let mut sorted = order.clone();
        sorted.sort_unstable();
        if !sorted.into_iter().eq(0..members.len()) {
            return Err(Error::attribute(c.class_name(), "order_", "is no order of the outputs"));
        }
        let link = attributes::text(c, "chain_method_").unwrap_or("predict");
        let link = link.parse().map_err(|()| {
            Error::attribute(c.class_name(), "chain_method_", format!("is `{link}`"))
        })?;
        let mut methods = vec![Method::Predict];
        if c.class_name() == "ClassifierChain" {
            let has = |method| members.iter().all(|one| one.has(method));
            if has(Method::PredictProba) {
                methods.extend([Method::PredictProba, Method::PredictLogProba]);
            }
            if has(Method::DecisionFunction) {
                methods.push(Method::DecisionFunction);
            }
        }
        let columns = members.first().and_then(|one| one.inputs().columns);
        let inputs = attributes::inputs(c, columns);
        Ok(Self { class: c.class_name().to_owned(), inputs, members, order, link, methods })
    }
}

/// Rows to which a column is added at each step.
enum Rows<'a> {
    /// Doubles, with `width` values of a row and room for the rest.
    Dense {
        values: Vec<f64>,
        width: usize,
        room: usize,
    },
    Sparse {
        csr: &'a Csr,
        added: Vec<Vec<f64>>,
    },
}

impl Rows<'_> {
    fn table(&self, rows: usize) -> Table {
        let data = match self {
            Self::Dense { values, width, room } => {
                let rows = values.chunks_exact((*room).max(1));
                let values = rows.flat_map(|row| row.iter().take(*width)).copied().collect();
                Data::F64(Matrix { columns: *width, values })
            }
            Self::Sparse { csr, added } => {
                let total = csr.values.len() + rows * added.len();
                let mut out = Csr::with_capacity(csr.columns + added.len(), rows, total);
                for row in 0..rows {
                    let (indices, values) = csr.row(row);
                    out.indices.extend_from_slice(indices);
                    out.values.extend_from_slice(values);
                    for (at, column) in added.iter().enumerate() {
                        out.indices.push((csr.columns + at) as u32);
                        out.values.push(column.get(row).copied().unwrap_or(0.0));
                    }
                    out.end_row();
                }
                Data::Sparse(out)
            }
        };
        Table { rows, names: None, data }
    }

    fn add(&mut self, column: Vec<f64>) {
        match self {
            Self::Dense { values, width, room } => {
                let rows = values.chunks_exact_mut((*room).max(1));
                for (row, value) in rows.zip(column) {
                    if let Some(cell) = row.get_mut(*width) {
                        *cell = value;
                    }
                }
                *width += 1;
            }
            Self::Sparse { added, .. } => added.push(column),
        }
    }
}

impl Predictor for Chain {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &self.methods
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        check::width(input, self.inputs.columns, &self.class)?;
        let floats;
        let count = self.members.len();
        let mut rows = if let Data::Sparse(csr) = &input.data {
            check::finite(&input.data, Allow::Finite, &self.class)?;
            Rows::Sparse { csr, added: Vec::with_capacity(count) }
        } else {
            floats = input.to_f64()?;
            input.expect_finite(&floats, false)?;
            let width = input.columns();
            let room = width + count;
            let mut values = vec![0.0; input.rows * room];
            let from = floats.chunks_exact(width.max(1));
            for (to, from) in values.chunks_exact_mut(room.max(1)).zip(from) {
                to.iter_mut().zip(from).for_each(|(to, &from)| *to = from);
            }
            Rows::Dense { values, width, room }
        };
        let asked = match method {
            Method::PredictLogProba => Method::PredictProba,
            other => other,
        };
        let mut answers = vec![0.0; input.rows * count];
        for (at, (member, &place)) in self.members.iter().zip(&self.order).enumerate() {
            let table = rows.table(input.rows);
            let (own, _) = second(member, asked, &table)?;
            if at + 1 < count {
                let next = if self.link == asked {
                    own.clone()
                } else {
                    second(member, self.link, &table)?.0
                };
                rows.add(next);
            }
            let places = answers.iter_mut().skip(place).step_by(count.max(1));
            places.zip(own).for_each(|(to, value)| *to = value);
        }
        if method == Method::PredictLogProba {
            for p in &mut answers {
                *p = p.ln();
            }
        }
        Ok(Output::matrix(input.rows, count, OutputData::F64(answers)))
    }
}
