//! What a model file is, told without serving it.

use crate::{
    Error, Labels, Limits, Model, Source, attributes, catalogue, estimators, flavors,
    read::{Cursor, Id},
    sklearn::{building::Building, parts},
};

mod facts;

/// Most steps that are listed; real pipelines stay far below.
const MOST_STEPS: usize = 500;
/// Deepest nesting that is followed.
const DEEPEST: usize = 16;

/// What is known of a model, whether or not it can be served.
#[derive(Debug)]
pub struct Inspection {
    /// The model file inside its folder; empty for a single file. For a chain, the names of its
    /// links with `+` between them.
    pub file: String,
    /// What it is, such as `a pickle in a gzip file`.
    pub format: String,
    /// Its estimators, outermost first; empty for formats without them.
    pub steps: Vec<Step>,
    /// Classes and functions the file names, as `module.name`.
    pub references: Vec<String>,
    /// The classes whose probabilities the model tells, in their order, where the file names them.
    pub classes: Option<Labels>,
    /// The loaded model, or why it cannot be served.
    pub outcome: Result<Model, Error>,
}

/// One estimator of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// How many estimators it is inside.
    pub depth: usize,
    /// Its name in the estimator around it; empty for the outermost, and its file in a chain.
    pub name: String,
    /// Its class with its module.
    pub class: String,
    /// What an estimator of this class does, in a few words; empty when it is not known.
    pub does: &'static str,
    /// Whether classes of this name run, and how exactly; `None` when nothing is known.
    pub runs: Option<catalogue::Runs>,
    /// What is known of this one, each with its value, such as `columns` and `13`.
    pub facts: Vec<(&'static str, String)>,
    /// Why it does not run natively, when it does not.
    pub problem: Option<String>,
}

/// Looks into the model that `source` holds. Nothing of the file is executed.
///
/// # Errors
/// Files that cannot be read at all; one that can be read and not served is told in
/// [`Inspection::outcome`].
pub fn inspect(source: &Source, limits: &Limits) -> Result<Inspection, Error> {
    let links = flavors::open(source, limits)?;
    let (mut steps, mut references) = (Vec::new(), Vec::new());
    for link in &links {
        // the links of a chain are told apart by the names of their files
        let name = if links.len() > 1 { link.name.as_str() } else { "" };
        list(link, name, &mut steps, &mut references);
    }
    references.sort_unstable();
    references.dedup();
    let (file, format) = match &links[..] {
        [only] => (only.file.clone(), only.format.clone()),
        links => {
            let names: Vec<_> = links.iter().map(|link| link.name.as_str()).collect();
            let formats: Vec<_> = links.iter().map(|link| link.format.as_str()).collect();
            (names.join("+"), formats.join(", then "))
        }
    };
    let classes = links.last().and_then(classes);
    let outcome = flavors::join(links).and_then(flavors::Opened::into_model);
    Ok(Inspection { file, format, steps, references, classes, outcome })
}

/// What is told of an encoder of labels beside a model.
const LABELS: &str = "as the model itself answers; fit it on the texts to be answered with them";

/// The classes of the estimator that answers: the outermost one, the last step of a pipeline, or what
/// a search has found best.
fn classes(link: &flavors::Opened) -> Option<Labels> {
    let document = link.loaded.document.as_ref()?;
    let mut estimator = document.root();
    for _ in 0..DEEPEST {
        if let Ok(labels) = attributes::labels(estimator, "classes_") {
            return Some(labels);
        }
        estimator = match (estimator.attr("steps"), estimator.attr("best_estimator_")) {
            (Some(steps), _) => {
                let step = steps.go(*steps.items()?.last()?);
                step.go(*step.items()?.last()?)
            }
            (None, Some(best)) => best,
            (None, None) => return None,
        };
    }
    None
}

/// The estimators of one file, and the classes and functions it names.
fn list(link: &flavors::Opened, name: &str, steps: &mut Vec<Step>, references: &mut Vec<String>) {
    let Some(document) = &link.loaded.document else {
        if !name.is_empty() {
            let class = link.format.clone();
            let problem = link.loaded.estimator.as_ref().err().map(ToString::to_string);
            let (does, facts) = ("", Vec::new());
            steps.push(Step {
                depth: 0,
                name: name.into(),
                class,
                does,
                runs: None,
                facts,
                problem,
            });
        }
        return;
    };
    // when the whole was built, each part can be built
    let building = link.loaded.estimator.is_err().then(estimators::building);
    let at = steps.len();
    walk(document.root(), name, 0, building.as_ref(), steps);
    if let (Some(whole), Ok(_)) = (steps.get_mut(at), &link.loaded.estimator) {
        let unused = parts::unused(document.root());
        if !unused.is_empty() {
            whole.facts.push(("not used", unused.join(", ")));
        }
        if parts::has_labels(document.root()) {
            whole.facts.push(("labels", LABELS.into()));
        }
        whole.class.push_str(match parts::estimators(document.root())[..] {
            [] => "",
            [_] => " whose model runs",
            _ => " that runs as a pipeline: its transformers in order, then its model",
        });
    }
    references.extend(document.globals().iter().map(|(module, name)| format!("{module}.{name}")));
}

/// Lists an estimator and those inside. With a building, each is built to know what does not run.
fn walk(
    estimator: Cursor<'_>,
    name: &str,
    depth: usize,
    building: Option<&Building>,
    steps: &mut Vec<Step>,
) {
    if depth > DEEPEST || steps.len() >= MOST_STEPS {
        return;
    }
    let inner = children(estimator);
    // words such as "passthrough" and "drop" stand where an estimator could
    let word = estimator.as_str().is_some() || estimator.is_none();
    // what a forest or a bag keeps beside its fitted estimators was never fitted itself
    let pattern = ["estimator_", "estimators_"].iter().all(|it| estimator.attr(it).is_some());
    let of_leaf = building.filter(|_| (inner.is_empty() || pattern) && !word);
    let built = of_leaf.map(|building| building.build(estimator));
    let problem = built.and_then(Result::err).map(|error| error.to_string());
    let class = match estimator.class() {
        Some((module, name)) => format!("{module}.{name}"),
        None => estimator.as_str().map_or_else(|| estimator.describe(), str::to_owned),
    };
    let known = estimator.class().and_then(|(module, name)| {
        catalogue::find(module.split('.').next().unwrap_or_default(), name)
    });
    let does = known.map(|entry| entry.does).unwrap_or_default();
    let facts = facts::of(estimator);
    let runs = known.map(|entry| entry.runs);
    steps.push(Step { depth, name: name.into(), class, does, runs, facts, problem });
    let building = building.filter(|_| !pattern);
    for (name, child) in inner {
        walk(child, &name, depth + 1, building, steps);
    }
}

/// The named estimators inside one that is made of others.
fn children(estimator: Cursor<'_>) -> Vec<(String, Cursor<'_>)> {
    let pairs = ["steps", "transformers_", "transformer_list"];
    if let Some(list) = pairs.iter().find_map(|name| estimator.attr(name)?.items()) {
        return list.iter().filter_map(|&id| pair(estimator, id)).collect();
    }
    let parts = parts::estimators(estimator);
    if !parts.is_empty() {
        return parts;
    }
    let mut found = members(estimator);
    let single = INSIDE.iter().filter_map(|&name| Some((name.to_owned(), estimator.attr(name)?)));
    found.extend(single.filter(|(_, inside)| inside.class().is_some()));
    found
}

/// The fitted estimators of a vote or a stack, by the names that they were given.
fn members(estimator: Cursor<'_>) -> Vec<(String, Cursor<'_>)> {
    let items = |name| estimator.attr(name).and_then(Cursor::items).unwrap_or_default();
    let given = items("estimators").iter().filter_map(|&id| pair(estimator, id));
    let given = given.filter(|(_, it)| it.class().is_some()).map(|(name, _)| name);
    given.zip(items("estimators_")).map(|(name, &id)| (name, estimator.go(id))).collect()
}

/// Attributes that hold the one estimator inside of another.
const INSIDE: &[&str] =
    &["best_estimator_", "estimator_", "regressor_", "transformer_", "final_estimator_"];

/// `(name, estimator)` or `(name, estimator, columns)`.
fn pair(around: Cursor<'_>, id: Id) -> Option<(String, Cursor<'_>)> {
    let parts = around.go(id).items()?;
    let name = around.go(*parts.first()?).as_str()?;
    Some((name.to_owned(), around.go(*parts.get(1)?)))
}
