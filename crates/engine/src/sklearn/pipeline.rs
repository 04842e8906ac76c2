use super::{part, sampler};
use crate::{
    Cell, ColumnUse, Error, Inputs, Labels, Method, Output, Predictor, Table, attributes,
    estimator::{Estimator, Transform},
    read::Cursor,
    sklearn::building::{Building, MOST_COLUMNS},
};

/// Steps that run one after the other, then a predictor.
#[derive(Debug)]
pub(crate) struct Pipeline {
    steps: Steps,
    last: Box<dyn Predictor>,
    /// How errors name the last step.
    last_name: String,
}

/// Transformers that run one after the other.
#[derive(Debug)]
pub(crate) struct Steps(Vec<(String, Box<dyn Transform>)>);

impl Pipeline {
    /// A pipeline is a predictor when its last step is one. In one of imbalanced-learn, samplers
    /// before the last step are left out.
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Estimator, Error> {
        let mut steps = Vec::new();
        let listed = attributes::list(c, "steps")?;
        let count = listed.len();
        for (at, step) in listed.into_iter().enumerate() {
            let (name, estimator) = part::named(step).ok_or_else(|| {
                Error::attribute("Pipeline", "steps", format!("has no name and estimator at {at}"))
            })?;
            let shown = format!("step {} \"{name}\"", at + 1);
            if part::is_skipped(estimator) || at + 1 < count && sampler::is_sampler(estimator) {
                continue;
            }
            let built = building.build(estimator).map_err(|error| error.at(&shown))?;
            match built {
                Estimator::Predictor(last) if at + 1 == count => {
                    return Ok(join(steps, Some((shown, last))));
                }
                built => match built.into_transform() {
                    Ok(transform) => steps.push((shown, transform)),
                    Err(_) => {
                        return Err(Error::Unsupported {
                            what: format!(
                                "`{}` in the middle of a pipeline",
                                estimator.class_name()
                            ),
                            reason: "only its predictions have a native implementation, not its \
                                     `transform`"
                                .into(),
                            hint: "Replace it by a transformer that runs natively".into(),
                        }
                        .at(shown));
                    }
                },
            }
        }
        Ok(join(steps, None))
    }
}

/// Transformers, and a predictor if there is one, each with the name that errors give it.
pub(crate) fn join(
    steps: Vec<(String, Box<dyn Transform>)>,
    last: Option<(String, Box<dyn Predictor>)>,
) -> Estimator {
    match last {
        None => Estimator::Transformer(Box::new(Steps(steps))),
        Some((_, last)) if steps.is_empty() => Estimator::Predictor(last),
        Some((last_name, last)) => {
            Estimator::Predictor(Box::new(Pipeline { steps: Steps(steps), last, last_name }))
        }
    }
}

impl Steps {
    /// The number of columns that each step gets, and that the last one gives.
    fn widths(&self, columns: usize) -> Vec<usize> {
        let mut width = columns;
        let mut widths = vec![width];
        for (_, step) in &self.0 {
            width = step.outputs(width);
            widths.push(width);
        }
        widths
    }

    /// Which of the `columns` columns becomes column `at` in the output of the first `count` steps.
    fn source_of(&self, count: usize, at: usize, columns: usize) -> Option<usize> {
        let steps = self.0.iter().zip(self.widths(columns)).take(count);
        let mut at = at;
        for ((_, step), width) in steps.collect::<Vec<_>>().into_iter().rev() {
            at = step.source(at, width)?;
        }
        Some(at)
    }

    /// The categories that the first step which has some for this column knows.
    fn known(&self, column: usize, columns: usize) -> Option<Vec<Cell>> {
        let mut at = column;
        for ((_, step), width) in self.0.iter().zip(self.widths(columns)) {
            if let Some(found) = step.categories(at, width) {
                return Some(found);
            }
            at = (0..step.outputs(width)).find(|&output| step.source(output, width) == Some(at))?;
        }
        None
    }

    /// Turns an error about the output of the first `count` steps into one about the rows sent.
    fn traced(&self, error: Error, count: usize, columns: usize) -> Error {
        error.trace(|at| self.source_of(count, at, columns))
    }
}

impl Transform for Steps {
    fn inputs(&self) -> Inputs {
        let mut inputs = self.0.first().map(|(_, first)| first.inputs()).unwrap_or_default();
        if inputs.columns.is_none() && !inputs.documents && !inputs.dicts {
            // the first steps take any number of columns, and hand on as many
            let known = self.0.iter().enumerate().find_map(|(count, (_, step))| {
                step.inputs().columns.map(|columns| (count, columns))
            });
            let before = |(count, columns): &(usize, usize)| {
                self.0.iter().take(*count).all(|(_, step)| step.outputs(*columns) == *columns)
            };
            inputs.columns = known.filter(before).map(|(_, columns)| columns);
        }
        inputs
    }

    fn outputs(&self, columns: usize) -> usize {
        self.0.iter().fold(columns, |width, (_, step)| step.outputs(width))
    }

    fn source(&self, output: usize, columns: usize) -> Option<usize> {
        self.source_of(self.0.len(), output, columns)
    }

    fn uses(&self, columns: usize, after: Option<&[ColumnUse]>) -> Option<Vec<ColumnUse>> {
        let widths = self.widths(columns);
        let steps = self.0.iter().zip(widths).rev();
        steps.fold(after.map(<[_]>::to_vec), |after, ((_, step), width)| {
            // a hash may have billions of columns, each row a few of them
            let told = width <= MOST_COLUMNS;
            told.then(|| step.uses(width, after.as_deref())).flatten()
        })
    }

    fn is_narrow(&self, rows: bool) -> bool {
        self.0.iter().fold(rows, |narrow, (_, step)| step.is_narrow(narrow))
    }

    fn categories(&self, column: usize, columns: usize) -> Option<Vec<Cell>> {
        self.known(column, columns)
    }

    fn typical(&self, column: usize, columns: usize) -> Option<f64> {
        // later steps have seen other numbers
        self.0.first()?.1.typical(column, columns)
    }

    fn transform(&self, mut input: Table) -> Result<Table, Error> {
        let columns = input.columns();
        for (at, (name, step)) in self.0.iter().enumerate() {
            input =
                step.transform(input).map_err(|error| self.traced(error, at, columns).at(name))?;
        }
        Ok(input)
    }

    fn transform_ref(&self, input: &Table) -> Result<Table, Error> {
        let Some(((name, first), rest)) = self.0.split_first() else { return Ok(input.clone()) };
        let mut table = first.transform_ref(input).map_err(|error| error.at(name))?;
        for (at, (name, step)) in rest.iter().enumerate() {
            table = step
                .transform(table)
                .map_err(|error| self.traced(error, at + 1, input.columns()).at(name))?;
        }
        Ok(table)
    }
}

impl Predictor for Pipeline {
    fn inputs(&self) -> Inputs {
        let (mut inputs, last) = (self.steps.inputs(), self.last.inputs());
        if !inputs.documents && !inputs.dicts {
            let same = |columns: &usize| self.steps.outputs(*columns) == *columns;
            inputs.columns = inputs.columns.or(last.columns.filter(same));
        }
        inputs.with_uses(|columns| self.steps.uses(columns, last.uses.as_deref()))
    }

    fn methods(&self) -> &[Method] {
        self.last.methods()
    }

    fn categories(&self, column: usize) -> Option<Vec<Cell>> {
        self.steps.known(column, self.inputs().columns?)
    }

    fn typical(&self, column: usize) -> Option<f64> {
        self.steps.typical(column, self.inputs().columns?)
    }

    fn classes(&self) -> Option<&Labels> {
        self.last.classes()
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        self.last.facts()
    }

    fn transformed(&self, columns: usize) -> Option<usize> {
        self.last.transformed(self.steps.outputs(columns))
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let table = self.steps.transform_ref(input)?;
        self.last.compute(method, &table).map_err(|error| {
            let error = self.steps.traced(error, self.steps.0.len(), input.columns());
            error.at(&self.last_name)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_COLUMNS, Steps};
    use crate::{ColumnUse, Error, Inputs, Table, estimator::Transform};

    /// Gives so many columns, and tells the use of each that it is given.
    #[derive(Debug)]
    struct Widening(usize);

    impl Transform for Widening {
        fn inputs(&self) -> Inputs {
            Inputs::default()
        }

        fn outputs(&self, _columns: usize) -> usize {
            self.0
        }

        fn uses(&self, columns: usize, _after: Option<&[ColumnUse]>) -> Option<Vec<ColumnUse>> {
            assert!(columns <= MOST_COLUMNS, "{columns} columns are told of one by one");
            Some(vec![ColumnUse::Unread; columns])
        }

        fn transform(&self, input: Table) -> Result<Table, Error> {
            Ok(input)
        }
    }

    #[test]
    fn billions_of_columns_between_steps_are_not_told_of_one_by_one() {
        for width in [7, MOST_COLUMNS + 1, usize::MAX] {
            let step = |outputs| ("step".to_owned(), Box::new(Widening(outputs)) as _);
            let steps = Steps(vec![step(width), step(1)]);
            assert_eq!(steps.uses(3, None), Some(vec![ColumnUse::Unread; 3]), "{width}");
            assert_eq!(steps.uses(width.max(MOST_COLUMNS + 1), None), None, "{width}");
        }
    }
}
