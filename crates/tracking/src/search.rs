//! Searches: the grammars of MLflow's filters and orders, and the SQL that they become.
//!
//! A filter is cut into [tokens](token), those into [comparisons](clause), and each kind of search knows
//! its own [fields](field). What a filter says is never part of the SQL: it is a value beside it. A page
//! begins behind the last row of the page before, so that it costs the same wherever it is.

mod clause;
mod condition;
pub(crate) mod evaluation_datasets;
pub(crate) mod experiments;
mod field;
#[cfg(test)]
mod golden;
pub(crate) mod issues;
pub(crate) mod logged_models;
mod operand;
mod operator;
mod order;
mod page;
pub(crate) mod registry;
pub(crate) mod review;
pub(crate) mod runs;
mod select;
mod simple;
mod token;
pub(crate) mod traces;

use longshore_mlflow::rest::ViewType;

use crate::Error;

/// A refusal that points at a place in a filter, in characters counted from 1.
fn refused(words: &str, at: usize) -> Error {
    Error::invalid(format!("{words} (at character {at} of the filter)"))
}

/// The words for a text that is no id of an experiment.
pub(crate) fn no_experiment_id(id: &str) -> String {
    format!("Invalid experiment ID '{id}'. Experiment ID must be a valid integer.")
}

/// How many results a page has.
///
/// # Errors
/// [`Error::Refused`] in MLflow's words.
fn limit(asked: i64, most: i64) -> Result<usize, Error> {
    let wrong = |must: &str| {
        Error::invalid(format!(
            "Invalid value {asked} for parameter 'max_results' supplied. It must be {must}"
        ))
    };
    if asked < 1 {
        return Err(wrong("a positive integer"));
    }
    if asked > most {
        return Err(wrong(&format!("at most {most}")));
    }
    asked.try_into().map_err(|_| wrong("a positive integer"))
}

/// The stage of life that a view shows; none for all of them.
fn stage(view: ViewType) -> Option<&'static str> {
    match view {
        ViewType::ActiveOnly => Some("active"),
        ViewType::DeletedOnly => Some("deleted"),
        ViewType::All => None,
    }
}
