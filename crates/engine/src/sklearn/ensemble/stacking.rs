//! `StackingClassifier` and `StackingRegressor`: what several estimators answer is what a last one is
//! asked about.

use crate::{
    Data, Error, Inputs, Labels, Method, Output, OutputData, Predictor, Table, attributes,
    read::{Cursor, Kind},
    sklearn::{
        building::Building,
        member::{self, Member, codes},
        part, stack,
    },
};

/// Estimators below a last one.
#[derive(Debug)]
struct Stack {
    inputs: Inputs,
    members: Vec<(Member, Method)>,
    last: Member,
    /// The rows themselves stand behind the answers.
    passthrough: bool,
    /// The classes of each target; none for a regressor.
    targets: Vec<Labels>,
    /// Columns of all answers.
    width: Option<usize>,
    methods: Vec<Method>,
}

/// A stack whose last estimator is a classifier, fitted on the numbers of classes.
#[derive(Debug)]
pub(crate) struct StackingClassifier(Stack);

/// A stack whose last estimator is a regressor.
#[derive(Debug)]
pub(crate) struct StackingRegressor(Stack);

impl Stack {
    fn read(c: Cursor<'_>, targets: Vec<Labels>, building: &Building) -> Result<Self, Error> {
        let listed = attributes::list(c, "estimators")?;
        let named = listed.iter().filter_map(|&pair| part::named(pair));
        let mut names = named
            .filter(|(_, one)| !matches!(one.kind(), Kind::None | Kind::Text("drop")))
            .map(|(name, _)| name);
        let methods = attributes::list(c, "stack_method_")?;
        let estimators = attributes::list(c, "estimators_")?;
        attributes::counted(c, "stack_method_", methods.len(), estimators.len())?;
        let mut members = Vec::new();
        for (one, method) in estimators.into_iter().zip(methods) {
            let place = match names.next() {
                Some(name) => format!("estimator \"{name}\""),
                None => "estimators_".to_owned(),
            };
            let member = Member::build(one, place, building)?;
            let named = attributes::any_text(method);
            let method = named.as_deref().and_then(|name| name.parse().ok()).ok_or_else(|| {
                let reason =
                    format!("holds {}, where a method's name is expected", method.describe());
                Error::attribute(c.class_name(), "stack_method_", reason)
            })?;
            let method = member.first(&[method])?;
            members.push((member, method));
        }
        if members.is_empty() {
            return Err(Error::attribute(c.class_name(), "estimators_", "has no estimator"));
        }
        let last = Member::build(c.require("final_estimator_")?, "final_estimator_", building)?;
        let passthrough = attributes::flag(c, "passthrough", false);
        let mut inputs = member::inputs(c, members.iter().map(|(member, _)| member));
        if passthrough {
            inputs.uses = None;
        }
        let wanted = [Method::Predict, Method::PredictProba, Method::DecisionFunction];
        let wanted = if targets.is_empty() { &wanted[..1] } else { &wanted[..] };
        let mut methods: Vec<_> = wanted.iter().copied().filter(|&m| last.has(m)).collect();
        methods.push(Method::Transform);
        let outs = attributes::numbers_if_any(c, "_n_feature_outs")?;
        let width = if let Some(outs) = outs {
            Some(outs.iter().map(|&width| width as usize).sum())
        } else {
            let width = |(_, method): &(Member, Method)| match (method, &targets[..]) {
                (Method::Predict, _) => Some(1),
                (_, [labels]) if labels.len() == 2 => Some(1),
                (_, [labels]) => Some(labels.len()),
                _ => None,
            };
            members.iter().map(width).sum()
        };
        Ok(Self { inputs, members, last, passthrough, targets, width, methods })
    }

    /// Columns that the last estimator gets.
    fn transformed(&self, columns: usize) -> Option<usize> {
        self.width?.checked_add(if self.passthrough { columns } else { 0 })
    }

    /// What the last estimator gets.
    fn answers(&self, input: &Table) -> Result<Table, Error> {
        let mut parts = Vec::with_capacity(self.members.len() + 1);
        for (member, method) in &self.members {
            let mut table = member.run(*method, input)?.into_table()?;
            if *method == Method::PredictProba {
                let dropped = self.dropped(table.columns());
                drop_columns(&mut table, &dropped);
            }
            parts.push(table);
        }
        let mut sparse = false;
        if self.passthrough {
            sparse = matches!(input.data, Data::Sparse(_));
            parts.push(input.clone());
        }
        stack::beside(parts, input.rows, Some(sparse))
    }

    /// The columns of an estimator's probabilities that the others follow from.
    fn dropped(&self, width: usize) -> Vec<usize> {
        let total: usize = self.targets.iter().map(Labels::len).sum();
        match &self.targets[..] {
            // the library drops one column when `classes_` has two entries, be they two classes or
            // the classes of two targets
            [labels] if labels.len() == 2 => vec![0],
            [] | [_] => Vec::new(),
            // several targets: an answer is the probabilities of each
            targets if width == total => {
                let mut start = 0;
                let firsts = targets.iter().map(|labels| {
                    let first = start;
                    start += labels.len();
                    first
                });
                firsts.collect()
            }
            [_, _] => vec![0],
            _ => Vec::new(),
        }
    }

    fn answer(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let answers = self.answers(input)?;
        if method == Method::Transform {
            return Output::from_table(answers);
        }
        self.last.run(method, &answers).map_err(|error| error.trace(|_| None))
    }
}

/// Takes columns out of a dense table.
fn drop_columns(table: &mut Table, dropped: &[usize]) {
    fn keep<T>(values: &mut Vec<T>, columns: usize, dropped: &[usize]) {
        let mut at = 0;
        values.retain(|_| {
            let column = at % columns.max(1);
            at += 1;
            !dropped.contains(&column)
        });
    }
    if dropped.is_empty() {
        return;
    }
    match &mut table.data {
        Data::F64(m) => {
            keep(&mut m.values, m.columns, dropped);
            m.columns = m.columns.saturating_sub(dropped.len());
        }
        Data::F32(m) => {
            keep(&mut m.values, m.columns, dropped);
            m.columns = m.columns.saturating_sub(dropped.len());
        }
        _ => {}
    }
}

impl StackingClassifier {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        Stack::read(c, targets(c)?, building).map(Self)
    }

    /// The labels that the last estimator's numbers stand for.
    fn labels(&self, output: &Output) -> Result<Output, Error> {
        let stack = &self.0;
        if let [labels] = &stack.targets[..] {
            let codes =
                codes(&output.data, labels.len()).map_err(|error| error.at(stack.last.place()))?;
            return Ok(Output::flat(labels.take(codes.into_iter())));
        }
        let most = stack.targets.iter().map(Labels::len).max().unwrap_or(0);
        let found = codes(&output.data, most)?;
        let width = output.columns.unwrap_or(1);
        let labels = stack.targets.iter().cycle().zip(found);
        let whole: Option<Vec<i64>> = labels
            .map(|(labels, code)| match labels.take(std::iter::once(code)) {
                OutputData::I64(v) => v.first().copied(),
                OutputData::I32(v) => v.first().map(|&v| i64::from(v)),
                _ => None,
            })
            .collect();
        match whole {
            Some(whole) if width == stack.targets.len() => {
                Ok(Output::matrix(output.rows, width, OutputData::I64(whole)))
            }
            _ => Err(Error::input("the last estimator does not answer with a class a target")),
        }
    }
}

/// The classes of each target.
fn targets(c: Cursor<'_>) -> Result<Vec<Labels>, Error> {
    let value = c.require("classes_")?;
    let (Kind::List(ids) | Kind::Tuple(ids)) = value.kind() else {
        return Ok(vec![attributes::labels(c, "classes_")?]);
    };
    let each: Option<Vec<_>> =
        ids.iter().map(|&id| attributes::read_labels(value.go(id))).collect();
    each.filter(|each| !each.is_empty()).ok_or_else(|| {
        Error::attribute(c.class_name(), "classes_", "holds something that is no list of classes")
    })
}

impl Predictor for StackingClassifier {
    fn inputs(&self) -> Inputs {
        self.0.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &self.0.methods
    }

    fn transformed(&self, columns: usize) -> Option<usize> {
        self.0.transformed(columns)
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let output = self.0.answer(method, input)?;
        match method {
            Method::Predict => self.labels(&output),
            // of several targets the library answers with the probability of each one's first class
            Method::PredictProba if self.0.targets.len() > 1 => {
                let mut table = output.into_table()?;
                let mut start = 0;
                let mut rest = Vec::new();
                for labels in &self.0.targets {
                    rest.extend(start + 1..start + labels.len());
                    start += labels.len();
                }
                drop_columns(&mut table, &rest);
                Output::from_table(table)
            }
            _ => Ok(output),
        }
    }
}

impl StackingRegressor {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        Stack::read(c, Vec::new(), building).map(Self)
    }
}

impl Predictor for StackingRegressor {
    fn inputs(&self) -> Inputs {
        self.0.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &self.0.methods
    }

    fn transformed(&self, columns: usize) -> Option<usize> {
        self.0.transformed(columns)
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        self.0.answer(method, input)
    }
}
