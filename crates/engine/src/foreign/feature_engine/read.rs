//! What each transformer keeps of its training, as an action.

use std::sync::Arc;

use super::{
    super::{
        frame::{name, names_of},
        lookup::{Cells, Lookup, Otherwise},
    },
    Refuses,
    action::{Action, ByName, Function},
    combine,
    made::Room,
};
use crate::{
    Cell, Error, attributes,
    read::{Cursor, Kind, pandas},
    sklearn::{encode::Categories, power::Power},
};

/// What a class does, and which values it refuses; `None` for other classes.
pub(super) fn action(
    module: &str,
    class: &str,
    c: Cursor<'_>,
) -> Option<Result<(Action, Refuses), Error>> {
    let of_class = action_of(module, class, c)?;
    Some(of_class.and_then(|(action, refuses)| {
        let policy = attributes::word(c, "missing_values", &["raise", "ignore"])?;
        let ignores = policy == Some("ignore");
        let refuses = match refuses {
            Refused::Always(refuses) => refuses,
            _ if ignores => Refuses::Nothing,
            Refused::Missing => Refuses::Missing,
            Refused::MissingAndInfinite => Refuses::MissingAndInfinite,
        };
        Ok((action, refuses))
    }))
}

/// Which values a class refuses.
#[derive(Clone, Copy)]
enum Refused {
    Always(Refuses),
    /// These, unless `missing_values` tells otherwise.
    Missing,
    MissingAndInfinite,
}

fn action_of(module: &str, class: &str, c: Cursor<'_>) -> Option<Result<(Action, Refused), Error>> {
    let numeric = Refused::Always(Refuses::MissingAndInfinite);
    let missing = Refused::Always(Refuses::Missing);
    let nothing = Refused::Always(Refuses::Nothing);
    let (by_parameter, outliers) = (Refused::Missing, Refused::MissingAndInfinite);
    let with = |refuses| move |action| (action, refuses);
    Some(match class {
        "MeanMedianImputer"
        | "ArbitraryNumberImputer"
        | "EndTailImputer"
        | "CategoricalImputer" => {
            pairs(c, "imputer_dict_", pandas::cell).map(Action::Fill).map(with(nothing))
        }
        "AddMissingIndicator" => Ok((Action::Mark, nothing)),
        "OneHotEncoder" => one_hot(c).map(with(missing)),
        "OrdinalEncoder" | "CountFrequencyEncoder" | "MeanEncoder" => {
            encoded(c).map(with(by_parameter))
        }
        "WoEEncoder" => encoded(c).map(with(missing)),
        "RareLabelEncoder" => rare(c).map(with(by_parameter)),
        _ if module.starts_with("feature_engine.selection")
            && c.attr("features_to_drop_").is_some() =>
        {
            names_of(c, "features_to_drop_").map(Action::Drop).map(with(nothing))
        }
        "LogTransformer" => is_base_ten(c)
            .and_then(|ten| each(c, |_| Some(if ten { Function::Log10 } else { Function::Log })))
            .map(with(numeric)),
        "LogCpTransformer" => is_base_ten(c)
            .and_then(|ten| {
                each(c, |name| {
                    let more = c.attr("C_")?;
                    let more = more.as_f64().or_else(|| more.attr(name)?.as_f64())?;
                    Some(if ten { Function::Log10Plus(more) } else { Function::LogPlus(more) })
                })
            })
            .map(with(numeric)),
        "PowerTransformer" => {
            let power = attributes::number(c, "exp");
            each(c, |_| power.map(Function::Power)).map(with(numeric))
        }
        "ReciprocalTransformer" => each(c, |_| Some(Function::Reciprocal)).map(with(numeric)),
        "ArcsinTransformer" => each(c, |_| Some(Function::ArcSine)).map(with(numeric)),
        "ArcSinhTransformer" => {
            let (start, unit) = (attributes::number(c, "loc"), attributes::number(c, "scale"));
            each(c, |_| Some(Function::ArcSinh(start?, unit?))).map(with(numeric))
        }
        "YeoJohnsonTransformer" => lambdas(c, Power::ExactYeoJohnson).map(with(numeric)),
        "BoxCoxTransformer" => lambdas(c, Power::BoxCox).map(with(numeric)),
        "EqualWidthDiscretiser"
        | "EqualFrequencyDiscretiser"
        | "ArbitraryDiscretiser"
        | "GeometricWidthDiscretiser" => bins(class, c).map(with(numeric)),
        "Winsorizer" | "ArbitraryOutlierCapper" => clip(c).map(with(outliers)),
        "MathFeatures" | "MathematicalCombination" => combine::summaries(c).map(with(outliers)),
        "RelativeFeatures" => combine::pairs(c).map(with(outliers)),
        "DatetimeFeatures" => combine::dates(c).map(with(missing)),
        "CyclicalFeatures" => {
            let attribute =
                if c.attr("max_values_").is_some() { "max_values_" } else { "max_values" };
            attributes::switch(c, "drop_original", false)
                .and_then(|drops| {
                    let mut all = pairs(c, attribute, number)?;
                    // those that were given may be of more columns
                    if c.attr("variables_").is_some() {
                        let variables = names_of(c, "variables_")?;
                        all.retain(|(name, _)| variables.contains(name));
                    }
                    Ok(Action::Cycle(all, drops))
                })
                .map(with(numeric))
        }
        _ => return None,
    })
}

fn is_base_ten(c: Cursor<'_>) -> Result<bool, Error> {
    Ok(attributes::word(c, "base", &["e", "10"])? == Some("10"))
}

fn number(value: Cursor<'_>) -> Option<f64> {
    value.as_f64()
}

/// A dict by column, each value read by `read`.
fn pairs<T>(
    c: Cursor<'_>,
    attribute: &str,
    read: impl Fn(Cursor<'_>) -> Option<T>,
) -> Result<ByName<T>, Error> {
    let value = c.require(attribute)?;
    let wrong = |what: String| Error::attribute(c.class_name(), attribute, what);
    let Kind::Dict(stored) = value.kind() else {
        return Err(wrong(format!("holds {}, where a dict is expected", value.describe())));
    };
    let pair = |&(key, value): &(_, _)| {
        let key = name(&pandas::cell(c.go(key))?);
        Some((key, read(c.go(value))?))
    };
    let all: Option<Vec<_>> = stored.iter().map(pair).collect();
    all.ok_or_else(|| wrong("holds something that cannot be read for a column".into()))
}

fn each(c: Cursor<'_>, function: impl Fn(&str) -> Option<Function>) -> Result<Action, Error> {
    let one = |name: Arc<str>| {
        let function = function(&name).ok_or_else(|| {
            let reason = format!("has no parameters for column `{name}`");
            Error::attribute(c.class_name(), "variables_", reason)
        })?;
        Ok((name, function))
    };
    let all = names_of(c, "variables_")?.into_iter().map(one);
    Ok(Action::Each(all.collect::<Result<_, Error>>()?))
}

fn lambdas(c: Cursor<'_>, power: Power) -> Result<Action, Error> {
    let lambda = |name: &str| {
        let all = c.attr("lambda_dict_").or_else(|| c.attr("lambda_"))?;
        Some(Function::Lambda(power, all.attr(name)?.as_f64()?))
    };
    each(c, lambda)
}

/// The values of a dict from categories to numbers.
fn numbers(c: Cursor<'_>) -> Option<(Vec<Cell>, Vec<f64>, bool)> {
    let Kind::Dict(stored) = c.kind() else { return None };
    let mut whole = true;
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    for &(key, value) in stored {
        keys.push(pandas::cell(c.go(key))?);
        let value = pandas::cell(c.go(value))?;
        values.push(match value {
            Cell::I64(v) => v as f64,
            Cell::F64(v) => {
                whole = false;
                v
            }
            _ => return None,
        });
    }
    Some((keys, values, whole))
}

fn encoded(c: Cursor<'_>) -> Result<Action, Error> {
    let attribute = if c.attr("unseen").is_some() { "unseen" } else { "errors" };
    let unknown = match attributes::word(c, attribute, &["raise", "encode", "ignore"])? {
        Some("raise") => Otherwise::Refused,
        Some("encode") => {
            let other = ["_unseen", "fill_value"].iter().find_map(|name| c.attr(name)?.as_f64());
            Otherwise::Values(vec![other.ok_or_else(|| {
                Error::attribute(c.class_name(), "_unseen", "is missing: is it fitted?")
            })?])
        }
        _ => Otherwise::Values(vec![f64::NAN]),
    };
    let lookup = |(keys, cells, whole): (Vec<Cell>, Vec<f64>, bool)| Lookup {
        keys: Categories::of(&keys),
        cells: Cells::Each(cells),
        width: 1,
        names: None,
        unknown: unknown.clone(),
        missing: None,
        whole,
        widens: true,
    };
    let all = pairs(c, "encoder_dict_", numbers)?;
    Ok(Action::Encode(all.into_iter().map(|(name, read)| (name, lookup(read))).collect()))
}

fn one_hot(c: Cursor<'_>) -> Result<Action, Error> {
    let all = pairs(c, "encoder_dict_", pandas::cells)?;
    let mut room = Room::default();
    let lookup = |(column, categories): (Arc<str>, Vec<Cell>)| {
        let width = categories.len();
        let names = categories.iter().map(|cell| {
            let name = name(cell);
            room.take(c, "encoder_dict_", column.len() + name.len())?;
            Ok(format!("{column}_{name}").into())
        });
        let lookup = Lookup {
            names: Some(names.collect::<Result<_, Error>>()?),
            keys: Categories::of(&categories),
            cells: Cells::Own,
            width,
            unknown: Otherwise::Values(vec![0.0; width]),
            missing: None,
            whole: true,
            widens: false,
        };
        Ok((column, lookup))
    };
    Ok(Action::OneHot(all.into_iter().map(lookup).collect::<Result<_, Error>>()?))
}

fn rare(c: Cursor<'_>) -> Result<Action, Error> {
    let with = match c.attr("replace_with") {
        Some(value) => pandas::cell(value).ok_or_else(|| {
            let reason = format!("holds {}, which is no value", value.describe());
            Error::attribute(c.class_name(), "replace_with", reason)
        })?,
        None => Cell::Text("Rare".into()),
    };
    let all = pairs(c, "encoder_dict_", pandas::cells)?;
    let all = all.into_iter().map(|(name, cells)| (name, Categories::of(&cells)));
    Ok(Action::Rare(all.collect(), with))
}

fn bins(class: &str, c: Cursor<'_>) -> Result<Action, Error> {
    if attributes::switch(c, "return_boundaries", false)? {
        return Err(Error::Unsupported {
            what: format!("`{class}` with `return_boundaries=True`"),
            reason: "the texts of its intervals have no native implementation".into(),
            hint: "Fit it without, which gives the number of each interval".into(),
        });
    }
    let edges = |list: Cursor<'_>| {
        let cells = pandas::cells(list)?;
        let edges: Option<Vec<f64>> = cells
            .iter()
            .map(|cell| match cell {
                Cell::I64(v) => Some(*v as f64),
                Cell::F64(v) => Some(*v),
                _ => None,
            })
            .collect();
        edges.filter(|edges| edges.len() > 1 && edges.is_sorted())
    };
    let errors = attributes::word(c, "errors", &["raise", "ignore"])?;
    let strict = class == "ArbitraryDiscretiser" && errors == Some("raise");
    Ok(Action::Bins(pairs(c, "binner_dict_", edges)?, strict))
}

fn clip(c: Cursor<'_>) -> Result<Action, Error> {
    let bounds = |attribute| pairs(c, attribute, number);
    let marks = if attributes::switch(c, "add_indicators", false)? {
        let tail = attributes::word(c, "tail", &["left", "right", "both"])?.unwrap_or("right");
        Some((tail != "right", tail != "left"))
    } else {
        None
    };
    let (high, low) = (bounds("right_tail_caps_")?, bounds("left_tail_caps_")?);
    Ok(Action::Clip { high, low, marks })
}
