use crate::{
    Error, Inputs, Method, Output, OutputData, Predictor, Table, TextColumn,
    read::Cursor,
    sklearn::{
        building::Building,
        member::{self, Member, Numbers},
    },
};

/// `MultiOutputClassifier` and `MultiOutputRegressor`: an estimator for each output.
#[derive(Debug)]
pub(crate) struct MultiOutput {
    inputs: Inputs,
    members: Vec<Member>,
    methods: Vec<Method>,
}

impl MultiOutput {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let members = Member::list(c, "estimators_", building)?;
        let mut methods = vec![Method::Predict];
        if c.class_name() == "MultiOutputClassifier"
            && members.iter().all(|one| one.has(Method::PredictProba))
        {
            methods.push(Method::PredictProba);
        }
        Ok(Self { inputs: member::inputs(c, members.iter()), members, methods })
    }
}

impl Predictor for MultiOutput {
    fn inputs(&self) -> Inputs {
        self.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &self.methods
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        let all = self.members.iter().map(|one| one.run(method, input));
        beside(&all.collect::<Result<Vec<_>, _>>()?, input.rows)
    }
}

/// Answers side by side, in a type that holds all of them.
pub(super) fn beside(all: &[Output], rows: usize) -> Result<Output, Error> {
    let width = all.iter().map(|one| one.columns.unwrap_or(1)).sum();
    macro_rules! join {
        ($kind:ident) => {{
            let parts = all.iter().map(|one| match &one.data {
                OutputData::$kind(values) => Some((values, one.columns.unwrap_or(1))),
                _ => None,
            });
            parts.collect::<Option<Vec<_>>>().map(|parts| {
                let row = |row: usize| {
                    parts.iter().flat_map(move |(values, width)| {
                        values.get(row * width..(row + 1) * width).unwrap_or_default()
                    })
                };
                OutputData::$kind((0..rows).flat_map(row).copied().collect())
            })
        }};
    }
    let same = join!(I64)
        .or_else(|| join!(F64))
        .or_else(|| join!(F32))
        .or_else(|| join!(I32))
        .or_else(|| join!(Bool));
    if let Some(data) = same {
        return Ok(Output::matrix(rows, width, data));
    }
    let texts: Option<Vec<&TextColumn>> = all
        .iter()
        .map(|one| match &one.data {
            OutputData::Text(texts) => Some(texts),
            _ => None,
        })
        .collect();
    if let Some(texts) = texts {
        let row = |row: usize| texts.iter().map(move |texts| texts.get(row));
        let joined = (0..rows).flat_map(row).collect();
        return Ok(Output::matrix(rows, width, OutputData::Text(joined)));
    }
    // different kinds of numbers meet as doubles, or as integers when none is a fraction
    let whole = all.iter().all(|one| {
        matches!(one.data, OutputData::I64(_) | OutputData::I32(_) | OutputData::Bool(_))
    });
    let numbers = all.iter().map(|one| Numbers::of(one.clone()));
    let numbers = numbers.collect::<Result<Vec<_>, _>>().map_err(|_| {
        Error::input("some outputs are texts and some are numbers, which one answer cannot hold")
    })?;
    let row = |row: usize| {
        numbers.iter().flat_map(move |one| {
            one.values.get(row * one.width()..(row + 1) * one.width()).unwrap_or_default()
        })
    };
    let values = (0..rows).flat_map(row).copied();
    let data = if whole {
        OutputData::I64(values.map(|v| v as i64).collect())
    } else {
        OutputData::F64(values.collect())
    };
    Ok(Output::matrix(rows, width, data))
}
