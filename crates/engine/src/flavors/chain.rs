//! Transformers and a model that were saved apart, put together as a pipeline.

use longshore_mlflow::{MlModel, Schema, Signature};

use super::opened::Opened;
use crate::{
    Data, Error, Inputs, Matrix, Table,
    estimator::{Estimator, Transform},
    flavor::Loaded,
    quantity, sklearn,
};

/// The model of one file, or of the links of a chain.
///
/// Columns and names are those of the first link; methods, flavor and default method those of the
/// last.
///
/// # Errors
/// [`Error::Unsupported`] when a link before the last one is no transformer, and when a link was
/// fitted on another number of columns than the link before gives. The errors of a single link
/// carry its name.
pub(crate) fn join(mut links: Vec<Opened>) -> Result<Opened, Error> {
    let Some(last) = links.pop() else {
        return Err(Error::Unsupported {
            what: "a chain without files".into(),
            reason: "there is nothing to load".into(),
            hint: "Name the model's file".into(),
        });
    };
    if links.is_empty() {
        return Ok(last);
    }
    let names: Vec<_> = links.iter().chain([&last]).map(|link| link.name.clone()).collect();
    let formats: Vec<_> = links.iter().chain([&last]).map(|link| link.format.clone()).collect();
    let file_bytes = links.iter().map(|link| link.file_bytes).sum::<u64>() + last.file_bytes;
    let content_bytes =
        links.iter().map(|link| link.content_bytes).sum::<u64>() + last.content_bytes;
    let inputs = links.first().and_then(recorded_inputs);
    let mut origin = Vec::new();
    let mut steps = Vec::new();
    for link in links {
        add(&mut origin, link.loaded.origin);
        steps
            .push((shown(&link.name), transformer(&link.name, link.loaded.estimator, &last.name)?));
    }
    add(&mut origin, last.loaded.origin);
    let end = last.loaded.estimator.map_err(|error| error.at(shown(&last.name)))?;
    fits(&steps, &shown(&last.name), &end)?;
    let estimator = match end {
        Estimator::Predictor(model) => {
            sklearn::pipeline::join(steps, Some((shown(&last.name), model)))
        }
        Estimator::Transformer(transform) => {
            steps.push((shown(&last.name), transform));
            sklearn::pipeline::join(steps, None)
        }
    };
    Ok(Opened {
        name: names.join("+"),
        file: names.join("+"),
        format: formats.join(", then "),
        loaded: Loaded { estimator: Ok(estimator), origin, document: None },
        flavor: last.flavor,
        file_bytes,
        content_bytes,
        mlmodel: signed(inputs, last.mlmodel),
        method: last.method,
    })
}

fn shown(name: &str) -> String {
    format!("`{name}`")
}

fn add(origin: &mut Vec<String>, more: Vec<String>) {
    for release in more {
        if !origin.contains(&release) {
            origin.push(release);
        }
    }
}

/// A link that is not the last must be a transformer.
fn transformer(
    name: &str,
    estimator: Result<Estimator, Error>,
    last: &str,
) -> Result<Box<dyn Transform>, Error> {
    let estimator = estimator.map_err(|error| error.at(shown(name)))?;
    estimator.into_transform().map_err(|_| Error::Unsupported {
        what: format!("`{name}` before `{last}` in a chain"),
        reason: "it is no transformer of rows, and only the last file may be a model".into(),
        hint: "Name the transformers in the order of training, then the model, as in \
               `NAME=scaler.pkl+model.pkl`"
            .into(),
    })
}

/// Checks with one made-up row that each link takes as many columns as the link before gives.
///
/// When a transformer refuses that row, as one of texts refuses a number, the links after it are
/// not checked.
fn fits(steps: &[(String, Box<dyn Transform>)], last: &str, end: &Estimator) -> Result<(), Error> {
    let Some(mut table) = steps.first().and_then(|(_, first)| made_up(&first.inputs())) else {
        return Ok(());
    };
    let mut before: Option<&str> = None;
    for (name, step) in steps {
        check(before, name, &table, &step.inputs())?;
        let Ok(next) = step.transform(table) else { return Ok(()) };
        table = next;
        before = Some(name);
    }
    let inputs = match end {
        Estimator::Transformer(transform) => transform.inputs(),
        Estimator::Predictor(model) => model.inputs(),
    };
    check(before, last, &table, &inputs)
}

fn check(before: Option<&str>, name: &str, table: &Table, inputs: &Inputs) -> Result<(), Error> {
    let (Some(before), given) = (before, table.columns()) else { return Ok(()) };
    let reason = match inputs.columns {
        _ if inputs.documents => format!("{before} gives columns, and {name} takes texts"),
        _ if inputs.dicts => format!("{before} gives columns, and {name} takes dicts"),
        Some(taken) if taken != given => {
            format!(
                "{before} gives {}, and {name} was fitted on {taken}",
                quantity(given, "column")
            )
        }
        _ => return Ok(()),
    };
    Err(Error::Unsupported {
        what: "this chain of files".into(),
        reason,
        hint: "Name files of the same training, in its order".into(),
    })
}

fn made_up(inputs: &Inputs) -> Option<Table> {
    if inputs.documents {
        let texts = [Some("")].into_iter().collect();
        return Some(Table { rows: 1, names: None, data: Data::Documents(texts) });
    }
    if inputs.dicts {
        let (names, data) = (Some([].into()), Data::Columns(Vec::new()));
        return Some(Table { rows: 1, names, data });
    }
    let columns = inputs.columns.filter(|&columns| columns <= Inputs::WIDEST)?;
    let data = Data::F64(Matrix { columns, values: vec![0.0; columns] });
    Some(Table { rows: 1, names: None, data })
}

fn recorded_inputs(link: &Opened) -> Option<Schema> {
    link.mlmodel.as_ref()?.signature.as_ref()?.inputs.clone()
}

/// What MLflow recorded of the last link, with the inputs of the first one in its signature: a
/// chain takes the rows of its first link and answers as its last one.
fn signed(inputs: Option<Schema>, last: Option<MlModel>) -> Option<MlModel> {
    if inputs.is_none() && last.is_none() {
        return None;
    }
    let mut mlmodel = last.unwrap_or_default();
    let recorded = mlmodel.signature.take().unwrap_or_default();
    mlmodel.signature = Some(Signature { inputs, ..recorded });
    Some(mlmodel)
}

#[cfg(test)]
mod tests {
    use super::made_up;
    use crate::Inputs;

    #[test]
    fn no_row_is_made_up_of_columns_that_may_be_no_more_than_a_number() {
        let width = |columns| {
            let inputs = Inputs { columns: Some(columns), ..Inputs::default() };
            made_up(&inputs).map(|table| table.columns())
        };
        assert_eq!(width(3), Some(3));
        assert_eq!(width(Inputs::WIDEST), Some(Inputs::WIDEST));
        assert_eq!(width(Inputs::WIDEST + 1), None);
        assert_eq!(width(usize::MAX), None);
    }
}
