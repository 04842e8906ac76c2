//! Estimators inside of others: how they are built, asked, and what becomes of their answers.

use super::{building::Building, part};
use crate::{
    Error, Inputs, Labels, Method, Output, OutputData, Predictor, Table,
    attributes::{self, read_labels},
    read::{Cursor, Kind},
};

/// Deepest nesting that is searched for an estimator's classes.
const DEPTH: usize = 32;

/// An estimator inside another one.
#[derive(Debug)]
pub(crate) struct Member {
    predictor: Box<dyn Predictor>,
    /// How errors name it.
    place: String,
}

impl Member {
    /// Builds an estimator that must have `predict`.
    pub(crate) fn build(
        c: Cursor<'_>,
        place: impl Into<String>,
        building: &Building,
    ) -> Result<Self, Error> {
        let place = place.into();
        match part::predictor(c, building) {
            Ok(predictor) => Ok(Self { predictor, place }),
            Err(error) => Err(error.at(place)),
        }
    }

    /// The estimators that an attribute lists; at least one.
    pub(crate) fn list(
        c: Cursor<'_>,
        attribute: &str,
        building: &Building,
    ) -> Result<Vec<Self>, Error> {
        let listed = attributes::list(c, attribute)?;
        if listed.is_empty() {
            return Err(Error::attribute(c.class_name(), attribute, "has no estimator"));
        }
        let each = listed.into_iter().enumerate();
        each.map(|(at, one)| Self::build(one, format!("{attribute}[{at}]"), building)).collect()
    }

    pub(crate) fn inputs(&self) -> Inputs {
        self.predictor.inputs()
    }

    pub(crate) fn has(&self, method: Method) -> bool {
        self.predictor.methods().contains(&method)
    }

    /// The first of `methods` that the estimator has.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when it has none.
    pub(crate) fn first(&self, methods: &[Method]) -> Result<Method, Error> {
        let found = methods.iter().copied().find(|&method| self.has(method));
        found.ok_or_else(|| {
            let names: Vec<_> = methods.iter().map(|method| format!("`{method}`")).collect();
            let error = Error::Unsupported {
                what: "an estimator without ".to_owned() + &names.join(" or "),
                reason: "the estimator around it asks for that".into(),
                hint: "Train it around an estimator that has it".into(),
            };
            error.at(self.place.clone())
        })
    }

    /// Its answer to a method.
    pub(crate) fn run(&self, method: Method, input: &Table) -> Result<Output, Error> {
        self.predictor.run(method, input).map_err(|error| error.at(self.place.clone()))
    }

    /// Its answer to a method whose answers are numbers.
    pub(crate) fn numbers(&self, method: Method, input: &Table) -> Result<Numbers, Error> {
        Numbers::of(self.run(method, input)?).map_err(|error| error.at(self.place.clone()))
    }

    /// Its predictions as the numbers of classes that it was fitted on in place of labels.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for what is not a number below `classes`.
    pub(crate) fn codes(&self, input: &Table, classes: usize) -> Result<Vec<usize>, Error> {
        codes(&self.run(Method::Predict, input)?.data, classes)
            .map_err(|error| error.at(self.place.clone()))
    }

    /// The error in the words of this member, for what was asked of its input.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }
}

/// Numbers below `classes`.
pub(crate) fn codes(data: &OutputData, classes: usize) -> Result<Vec<usize>, Error> {
    let code = |code: i64| {
        let found = usize::try_from(code).ok().filter(|&code| code < classes);
        found.ok_or_else(|| Error::Unsupported {
            what: format!("the answer `{code}`"),
            reason: format!("the estimator around expects the number of one of {classes} classes"),
            hint: "save the fitted estimator again".into(),
        })
    };
    match data {
        OutputData::I64(v) => v.iter().copied().map(code).collect(),
        OutputData::I32(v) => v.iter().map(|&v| code(i64::from(v))).collect(),
        OutputData::Bool(v) => v.iter().map(|&v| code(i64::from(v))).collect(),
        OutputData::F64(v) => v.iter().map(|&v| code(v as i64)).collect(),
        OutputData::F32(v) => v.iter().map(|&v| code(v as i64)).collect(),
        OutputData::Text(_) => Err(Error::Unsupported {
            what: "an estimator that answers with texts".into(),
            reason: "the estimator around it expects the numbers of classes".into(),
            hint: "fit the estimator inside on whole numbers from 0".into(),
        }),
    }
}

/// Numbers of an answer, row after row, as doubles.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Numbers {
    pub(crate) values: Vec<f64>,
    /// Values a row; `None` for a one-dimensional answer.
    pub(crate) columns: Option<usize>,
    /// True when the values are floats in the library.
    pub(crate) f32: bool,
}

impl Numbers {
    /// # Errors
    /// [`Error::Input`] for texts.
    pub(crate) fn of(output: Output) -> Result<Self, Error> {
        let mut f32 = false;
        let values = match output.data {
            OutputData::F64(v) => v,
            OutputData::F32(v) => {
                f32 = true;
                v.into_iter().map(f64::from).collect()
            }
            OutputData::I64(v) => v.into_iter().map(|v| v as f64).collect(),
            OutputData::I32(v) => v.into_iter().map(f64::from).collect(),
            OutputData::Bool(v) => v.into_iter().map(|v| f64::from(u8::from(v))).collect(),
            OutputData::Text(_) => {
                return Err(Error::input("the estimator inside answers with texts, not numbers"));
            }
        };
        Ok(Self { values, columns: output.columns, f32 })
    }

    /// Values a row.
    pub(crate) fn width(&self) -> usize {
        self.columns.unwrap_or(1)
    }

    /// Checks the number of values a row.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when there are others than `expected`.
    pub(crate) fn expect(self, expected: usize, of: &Member) -> Result<Self, Error> {
        if self.width() == expected {
            return Ok(self);
        }
        let error = Error::Unsupported {
            what: format!("an answer of {} columns", self.width()),
            reason: format!("the estimator around it expects {expected}"),
            hint: "save the fitted estimator again".into(),
        };
        Err(error.at(of.place()))
    }

    /// Values in the type of the answer.
    pub(crate) fn data(values: Vec<f64>, f32: bool) -> OutputData {
        if f32 {
            OutputData::F32(values.into_iter().map(|v| v as f32).collect())
        } else {
            OutputData::F64(values)
        }
    }
}

/// What an estimator made of others expects of its rows: what the first of them expects, under the
/// names that the estimator itself recorded. A column is read as any of the members reads it.
pub(crate) fn inputs<'a>(c: Cursor<'_>, members: impl Iterator<Item = &'a Member>) -> Inputs {
    let own = attributes::inputs(c, None);
    let mut each = members.map(Member::inputs);
    let Some(mut all) = each.next() else { return own };
    for next in each {
        all.documents |= next.documents;
        all.columns = all.columns.or(next.columns);
        all.names = all.names.or(next.names);
        all.uses = match (&all.uses, &next.uses) {
            (Some(a), Some(b)) if a.len() == b.len() => {
                Some(a.iter().zip(b.iter()).map(|(a, &b)| a.and(b)).collect())
            }
            _ => None,
        };
    }
    all.columns = own.columns.filter(|_| !all.documents).or(all.columns);
    all.names = own.names.or(all.names);
    all.uses = all.uses.filter(|uses| Some(uses.len()) == all.columns);
    all
}

/// The classes of a fitted classifier, in whatever it is wrapped; `None` when it does not list them.
pub(crate) fn classes(c: Cursor<'_>) -> Option<Labels> {
    let mut c = c;
    for _ in 0..DEPTH {
        let listed = c.attr("classes_").or_else(|| c.attr("_classes"));
        if let Some(labels) = listed.and_then(read_labels) {
            return Some(labels);
        }
        let binarizer = c.attr("_label_binarizer").or_else(|| c.attr("label_binarizer_"));
        if let Some(labels) = binarizer.and_then(|b| b.attr("classes_")).and_then(read_labels) {
            return Some(labels);
        }
        if let Some(count) = c.attr("n_classes_").and_then(Cursor::as_i64) {
            return (0..=1 << 20).contains(&count).then(|| Labels::I64((0..count).collect()));
        }
        c = wrapped(c)?;
    }
    None
}

/// The estimator in a pipeline's last step, in a search or in another wrapper.
fn wrapped(c: Cursor<'_>) -> Option<Cursor<'_>> {
    if let Some(steps) = c.attr("steps") {
        let &last = steps.items()?.last()?;
        return part::named(c.go(last)).map(|(_, estimator)| estimator);
    }
    let names = ["best_estimator_", "estimator_", "estimator"];
    let mut inside = names.into_iter().filter_map(|name| c.attr(name));
    inside.find(|inner| matches!(inner.kind(), Kind::Object(_)))
}

/// Where each of `inner`'s labels stands among `labels`; `None` when one is not there.
pub(crate) fn places(inner: &Labels, labels: &Labels) -> Option<Vec<usize>> {
    let all = inner.take(0..inner.len());
    let found = find(&all, labels);
    found.into_iter().collect()
}

/// Where each label of an answer stands among `labels`.
pub(crate) fn find(answer: &OutputData, labels: &Labels) -> Vec<Option<usize>> {
    let whole = |v: i64| match labels {
        Labels::I64(all) => all.iter().position(|&one| one == v),
        Labels::I32(all) => all.iter().position(|&one| i64::from(one) == v),
        Labels::F64(all) => all.iter().position(|&one| one == v as f64),
        Labels::Bool(all) => all.iter().position(|&one| i64::from(one) == v),
        Labels::Text(_) => None,
    };
    let real = |v: f64| match labels {
        Labels::F64(all) => all.iter().position(|&one| one == v),
        _ if v.fract() == 0.0 => whole(v as i64),
        _ => None,
    };
    match answer {
        OutputData::I64(v) => v.iter().map(|&v| whole(v)).collect(),
        OutputData::I32(v) => v.iter().map(|&v| whole(i64::from(v))).collect(),
        OutputData::Bool(v) => v.iter().map(|&v| whole(i64::from(v))).collect(),
        OutputData::F64(v) => v.iter().map(|&v| real(v)).collect(),
        OutputData::F32(v) => v.iter().map(|&v| real(f64::from(v))).collect(),
        OutputData::Text(v) => {
            let text = |text: Option<&str>| match labels {
                Labels::Text(all) => all.iter().position(|one| Some(&**one) == text),
                _ => None,
            };
            v.iter().map(text).collect()
        }
    }
}
