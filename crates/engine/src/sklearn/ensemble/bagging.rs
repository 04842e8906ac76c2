//! Bagging: estimators that were each trained on a part of the rows and of the columns.

use std::borrow::Cow;

use crate::{
    Error, Inputs, Labels, Method, Output, OutputData, Predictor, Table, attributes,
    read::Cursor,
    scores::argmax,
    sklearn::{
        building::Building,
        check,
        columns::choose,
        ensemble::{adaboost, trees},
        forest::{Leaves, accepts_nan},
        member::{self, Member, Numbers},
        part, sampler,
    },
};

/// The estimators, and the columns that each sees.
#[derive(Debug)]
struct Bag {
    class: String,
    inputs: Inputs,
    columns: usize,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Trees(Box<Trees>),
    Members(Vec<Part>),
}

/// Trees of rows of all columns.
#[derive(Debug)]
struct Trees {
    leaves: Leaves,
    /// Which columns any tree was trained on.
    seen: Vec<bool>,
    nan: bool,
}

#[derive(Debug)]
struct Part {
    member: Member,
    /// `None` for all columns in their order.
    columns: Option<Vec<usize>>,
    /// The numbers of the classes that the estimator knows; `None` when it knows all.
    classes: Option<Vec<usize>>,
}

/// An estimator with the columns it sees.
type Seeing<'a> = (Cursor<'a>, Option<Vec<usize>>);

impl Bag {
    /// The estimators with their columns, and the number of columns of a row.
    fn parts<'a>(c: Cursor<'a>, building: &Building) -> Result<(Vec<Seeing<'a>>, usize), Error> {
        let estimators = attributes::list(c, "estimators_")?;
        if estimators.is_empty() {
            return Err(Error::attribute(c.class_name(), "estimators_", "has no estimator"));
        }
        let columns = adaboost::columns(c, &estimators, building)?;
        let features = attributes::list(c, "estimators_features_")?;
        attributes::counted(c, "estimators_features_", features.len(), estimators.len())?;
        let seeing = estimators.into_iter().zip(features).map(|(one, features)| {
            let places = features.as_array().and_then(|array| array.i64s(c.document()).ok());
            let places = places.map(|places| {
                places.into_iter().map(|at| usize::try_from(at).ok().filter(|&at| at < columns))
            });
            let places: Option<Vec<usize>> = places.and_then(Iterator::collect);
            let places = places.ok_or_else(|| {
                let reason = "has places that are no columns of a row";
                Error::attribute(c.class_name(), "estimators_features_", reason)
            })?;
            let all = places.len() == columns && places.iter().copied().eq(0..columns);
            Ok((unsampled(one), (!all).then_some(places)))
        });
        Ok((seeing.collect::<Result<_, Error>>()?, columns))
    }

    fn trees(c: Cursor<'_>, parts: &[Seeing<'_>], columns: usize, leaves: Leaves) -> Self {
        let mut seen = vec![false; columns];
        for (_, places) in parts {
            match places {
                None => seen.fill(true),
                Some(places) => places.iter().for_each(|&at| {
                    if let Some(seen) = seen.get_mut(at) {
                        *seen = true;
                    }
                }),
            }
        }
        let nan = parts.iter().all(|&(tree, _)| accepts_nan(tree, tree));
        let inputs = attributes::inputs(c, Some(columns));
        let content = Content::Trees(Box::new(Trees { leaves, seen, nan }));
        Self { class: c.class_name().to_owned(), inputs, columns, content }
    }

    fn members(
        c: Cursor<'_>,
        parts: Vec<Seeing<'_>>,
        columns: usize,
        building: &Building,
        classes: Option<usize>,
    ) -> Result<Self, Error> {
        let parts = parts.into_iter().enumerate().map(|(at, (one, columns))| {
            let member = Member::build(one, format!("estimators_[{at}]"), building)?;
            // estimators were fitted on the numbers of classes, some of which a part may lack
            let own = classes.filter(|_| member.has(Method::PredictProba)).map(|classes| {
                let all = Labels::I64((0..classes as i64).collect());
                member::classes(one)
                    .map_or(Some((0..classes).collect()), |own| member::places(&own, &all))
            });
            let own: Option<Vec<usize>> = match own {
                Some(None) => {
                    let reason = "have classes that are no numbers of classes";
                    return Err(Error::attribute(c.class_name(), "estimators_", reason));
                }
                own => own.flatten(),
            };
            let own = own.filter(|own| Some(own.len()) != classes);
            Ok(Part { member, columns, classes: own })
        });
        let parts = parts.collect::<Result<Vec<_>, Error>>()?;
        let whole = parts.iter().all(|part| part.columns.is_none());
        let mut inputs = attributes::inputs(c, Some(columns));
        if whole {
            inputs = member::inputs(c, parts.iter().map(|part| &part.member));
        }
        let content = Content::Members(parts);
        Ok(Self { class: c.class_name().to_owned(), inputs, columns, content })
    }

    /// The rows as one estimator sees them.
    fn seen<'a>(part: &Part, input: &'a Table) -> Result<Cow<'a, Table>, Error> {
        Ok(match &part.columns {
            None => Cow::Borrowed(input),
            Some(columns) => {
                let mut chosen = choose(input, columns, false)?;
                chosen.names = None;
                Cow::Owned(chosen)
            }
        })
    }

    /// The number of estimators.
    fn count(&self) -> f64 {
        match &self.content {
            Content::Trees(trees) => trees.leaves.trees() as f64,
            Content::Members(parts) => parts.len() as f64,
        }
    }

    fn width(&self, input: &Table) -> Result<(), Error> {
        check::width(input, Some(self.columns), &self.class)
    }

    /// An error about the columns that a part sees, as one about the rows.
    fn traced(part: &Part, error: Error) -> Error {
        match &part.columns {
            None => error,
            Some(columns) => error.trace(|at| columns.get(at).copied()),
        }
    }
}

/// The estimator behind samplers, which do nothing in predictions.
fn unsampled(c: Cursor<'_>) -> Cursor<'_> {
    let Some((last, before)) = c.attr("steps").and_then(Cursor::items).and_then(<[_]>::split_last)
    else {
        return c;
    };
    let step = |&id| part::named(c.go(id)).map(|(_, step)| step);
    let only = before.iter().all(|id| step(id).is_some_and(sampler::is_sampler));
    step(last).filter(|_| only).unwrap_or(c)
}

impl Trees {
    /// The rows as the floats that splits compare.
    fn rows<'a>(&self, input: &'a Table) -> Result<Cow<'a, [f32]>, Error> {
        let rows = input.to_f32()?;
        let fine = |value: f32| value.is_finite() || self.nan && value.is_nan();
        if !rows.iter().all(|&value| fine(value)) {
            let width = self.seen.len().max(1);
            let cells = rows.iter().enumerate().map(|(at, &value)| (at / width, at % width, value));
            let mut faults = cells.filter(|&(_, column, value)| {
                self.seen.get(column).copied().unwrap_or(true) && !fine(value)
            });
            if let Some((row, column, value)) = faults.next() {
                let what = if value.is_nan() {
                    "is NaN, which this model does not accept"
                } else {
                    "is infinity, or a value too large for float32"
                };
                return Err(Error::value(row, column, what));
            }
        }
        Ok(rows)
    }

    fn sums(&self, input: &Table) -> Result<Vec<f64>, Error> {
        Ok(self.leaves.sums(&self.rows(input)?, input.rows))
    }
}

/// `BaggingClassifier`.
#[derive(Debug)]
pub(crate) struct BaggingClassifier {
    bag: Bag,
    labels: Labels,
    methods: Vec<Method>,
}

impl BaggingClassifier {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let labels = attributes::labels(c, "classes_")?;
        let classes = labels.len();
        if classes == 0 {
            return Err(Error::attribute(c.class_name(), "classes_", "has no class"));
        }
        let (parts, columns) = Bag::parts(c, building)?;
        let cursors: Vec<_> = parts.iter().map(|&(one, _)| one).collect();
        let bag = if trees::all(&cursors, "Classifier") {
            let all = Labels::I64((0..classes as i64).collect());
            let places = |tree: Cursor<'_>, own: Option<&Labels>| {
                own.and_then(|own| member::places(own, &all)).ok_or_else(|| {
                    let reason = "has classes that are no numbers of the ensemble's classes";
                    Error::attribute(tree.class_name(), "classes_", reason)
                })
            };
            let leaves = trees::classifiers(
                &parts,
                columns,
                classes,
                building,
                |tree, targets| places(tree, targets.only()),
                |_, own, places, out| {
                    out.resize(classes, 0.0);
                    for (&p, &place) in own.iter().zip(places) {
                        if let Some(out) = out.get_mut(place) {
                            *out = p;
                        }
                    }
                },
            )?;
            Bag::trees(c, &parts, columns, leaves)
        } else {
            Bag::members(c, parts, columns, building, Some(classes))?
        };
        let mut methods = vec![Method::Predict, Method::PredictProba, Method::PredictLogProba];
        if let Content::Members(parts) = &bag.content
            && parts.iter().all(|part| part.member.has(Method::DecisionFunction))
        {
            methods.push(Method::DecisionFunction);
        }
        Ok(Self { bag, labels, methods })
    }

    /// The means of the probabilities or of the votes, rows × classes.
    fn probabilities(&self, input: &Table) -> Result<Vec<f64>, Error> {
        self.bag.width(input)?;
        let classes = self.labels.len();
        let mut sums = match &self.bag.content {
            Content::Trees(trees) => trees.sums(input)?,
            Content::Members(parts) => {
                let mut sums = vec![0.0; input.rows.saturating_mul(classes)];
                for part in parts {
                    let rows = Bag::seen(part, input)?;
                    part.add(&rows, classes, &mut sums)
                        .map_err(|error| Bag::traced(part, error))?;
                }
                sums
            }
        };
        let count = self.bag.count();
        for sum in &mut sums {
            *sum /= count;
        }
        Ok(sums)
    }

    /// The logarithms of the means, rows × classes: of estimators that have logarithms, those are
    /// added up one after another.
    fn logarithms(&self, input: &Table) -> Result<Vec<f64>, Error> {
        let classes = self.labels.len();
        let mut sums = vec![f64::NEG_INFINITY; input.rows.saturating_mul(classes)];
        match &self.bag.content {
            Content::Trees(trees) => {
                self.bag.width(input)?;
                let rows = trees.rows(input)?;
                trees.leaves.spread(&rows, classes, &mut sums, |rows, sums| {
                    trees.leaves.each(rows, |_, row, vector| {
                        let sums = sums.get_mut(row * classes..).unwrap_or_default();
                        for (sum, p) in sums.iter_mut().zip(vector) {
                            *sum = log_add(*sum, p.ln());
                        }
                    });
                });
            }
            Content::Members(parts)
                if parts.iter().all(|part| part.member.has(Method::PredictLogProba)) =>
            {
                self.bag.width(input)?;
                for part in parts {
                    let rows = Bag::seen(part, input)?;
                    let add = |sum: &mut f64, p: f64| *sum = log_add(*sum, p);
                    part.each(Method::PredictLogProba, &rows, classes, &mut sums, add)
                        .map_err(|error| Bag::traced(part, error))?;
                }
            }
            Content::Members(_) => {
                let means = self.probabilities(input)?;
                return Ok(means.into_iter().map(f64::ln).collect());
            }
        }
        let count = self.bag.count().ln();
        for sum in &mut sums {
            *sum -= count;
        }
        Ok(sums)
    }

    /// The mean decision; one a row for two classes.
    fn decisions(&self, input: &Table) -> Result<Output, Error> {
        self.bag.width(input)?;
        let Content::Members(parts) = &self.bag.content else {
            return Err(Error::no_such_method("decision_function", &self.methods));
        };
        let (mean, columns, f32) = mean(parts, Method::DecisionFunction, input)?;
        let data = Numbers::data(mean, f32);
        Ok(match columns {
            None => Output::flat(data),
            Some(columns) => Output::matrix(input.rows, columns, data),
        })
    }
}

impl Part {
    /// Adds probabilities, or one for the predicted class.
    fn add(&self, rows: &Table, classes: usize, sums: &mut [f64]) -> Result<(), Error> {
        if self.member.has(Method::PredictProba) {
            let add = |sum: &mut f64, p: f64| *sum += p;
            return self.each(Method::PredictProba, rows, classes, sums, add);
        }
        let codes = self.member.codes(rows, classes)?;
        for (sums, code) in sums.chunks_exact_mut(classes).zip(codes) {
            if let Some(sum) = sums.get_mut(code) {
                *sum += 1.0;
            }
        }
        Ok(())
    }

    /// Adds each answer of a method to the sum of its class.
    fn each(
        &self,
        method: Method,
        rows: &Table,
        classes: usize,
        sums: &mut [f64],
        add: impl Fn(&mut f64, f64),
    ) -> Result<(), Error> {
        let width = self.classes.as_ref().map_or(classes, Vec::len);
        let own = self.member.numbers(method, rows)?.expect(width, &self.member)?;
        let sums = sums.chunks_exact_mut(classes);
        for (sums, own) in sums.zip(own.values.chunks_exact(width.max(1))) {
            match &self.classes {
                None => sums.iter_mut().zip(own).for_each(|(sum, &p)| add(sum, p)),
                Some(places) => places.iter().zip(own).for_each(|(&place, &p)| {
                    if let Some(sum) = sums.get_mut(place) {
                        add(sum, p);
                    }
                }),
            }
        }
        Ok(())
    }
}

/// The logarithm of the sum of two numbers given by their logarithms: numpy's `logaddexp`.
fn log_add(a: f64, b: f64) -> f64 {
    if a == b {
        return a + std::f64::consts::LN_2;
    }
    let (less, most) = if a > b { (b, a) } else { (a, b) };
    most + (less - most).exp().ln_1p()
}

/// The mean of the estimators' answers, the columns of each row and whether they are floats.
fn mean(
    parts: &[Part],
    method: Method,
    input: &Table,
) -> Result<(Vec<f64>, Option<usize>, bool), Error> {
    let mut all: Option<Numbers> = None;
    for part in parts {
        let rows = Bag::seen(part, input)?;
        let own = part.member.numbers(method, &rows);
        let own = own.map_err(|error| Bag::traced(part, error))?;
        let Some(sums) = &mut all else {
            all = Some(own);
            continue;
        };
        let own = own.expect(sums.width(), &part.member)?;
        sums.f32 &= own.f32;
        let f32 = sums.f32;
        sums.values.iter_mut().zip(own.values).for_each(|(sum, v)| {
            *sum += v;
            if f32 {
                *sum = f64::from(*sum as f32);
            }
        });
    }
    let Some(mut all) = all else { return Ok((Vec::new(), None, false)) };
    let count = parts.len() as f64;
    for sum in &mut all.values {
        *sum /= count;
    }
    Ok((all.values, all.columns, all.f32))
}

impl Predictor for BaggingClassifier {
    fn inputs(&self) -> Inputs {
        self.bag.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &self.methods
    }

    fn compute(&self, method: Method, input: &Table) -> Result<Output, Error> {
        if method == Method::DecisionFunction {
            return self.decisions(input);
        }
        let classes = self.labels.len();
        if method == Method::PredictLogProba {
            let all = self.logarithms(input)?;
            return Ok(Output::matrix(input.rows, classes, OutputData::F64(all)));
        }
        let all = self.probabilities(input)?;
        if method == Method::Predict {
            let winners = all.chunks_exact(classes).map(argmax);
            return Ok(Output::flat(self.labels.take(winners)));
        }
        Ok(Output::matrix(input.rows, classes, OutputData::F64(all)))
    }
}

/// `BaggingRegressor`.
#[derive(Debug)]
pub(crate) struct BaggingRegressor {
    bag: Bag,
    /// Targets of trees.
    outputs: usize,
}

impl BaggingRegressor {
    pub(crate) fn build(c: Cursor<'_>, building: &Building) -> Result<Self, Error> {
        let (parts, columns) = Bag::parts(c, building)?;
        let cursors: Vec<_> = parts.iter().map(|&(one, _)| one).collect();
        if trees::all(&cursors, "Regressor") {
            let (leaves, outputs) = trees::regressors(&parts, columns, building)?;
            return Ok(Self { bag: Bag::trees(c, &parts, columns, leaves), outputs });
        }
        let bag = Bag::members(c, parts, columns, building, None)?;
        Ok(Self { bag, outputs: 1 })
    }
}

impl Predictor for BaggingRegressor {
    fn inputs(&self) -> Inputs {
        self.bag.inputs.clone()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict]
    }

    fn compute(&self, _: Method, input: &Table) -> Result<Output, Error> {
        self.bag.width(input)?;
        let (mean, columns, f32) = match &self.bag.content {
            Content::Trees(trees) => {
                let mut sums = trees.sums(input)?;
                let count = self.bag.count();
                for sum in &mut sums {
                    *sum /= count;
                }
                (sums, (self.outputs > 1).then_some(self.outputs), false)
            }
            Content::Members(parts) => mean(parts, Method::Predict, input)?,
        };
        let data = Numbers::data(mean, f32);
        Ok(match columns {
            None => Output::flat(data),
            Some(columns) => Output::matrix(input.rows, columns, data),
        })
    }
}
