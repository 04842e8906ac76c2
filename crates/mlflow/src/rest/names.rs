//! Which names and ids MLflow takes, in its words. Sizes are in [`limits`].
//!
//! Two differences are intended. MLflow's patterns let a line feed at the end pass; here it is a character
//! like others. What a letter or a digit is, Unicode decides: here a few combining marks are letters too.

use super::limits;
use crate::{
    Error,
    text::{quote_ascii, repr},
};

/// Checks the key of a metric, a parameter or a tag: word characters, `/`, `.`, `-`, `:` and spaces. Taken
/// for a path, it must stay the same. `parameter` is its place, such as `metrics[0].name`.
///
/// # Errors
/// [`Error::Rule`].
pub fn key(parameter: &str, name: &str) -> Result<(), Error> {
    if !name.chars().all(|letter| is_word(letter) || "/.- :".contains(letter)) {
        let reason = "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).";
        return Err(invalid(parameter, name, reason));
    }
    stays(parameter, name)
}

/// Checks the name of a registered model. `parameter` is `name`, or `new_name` when it is renamed.
///
/// # Errors
/// [`Error::Rule`].
pub fn registered_model(parameter: &str, name: &str) -> Result<(), Error> {
    if name.trim().is_empty() {
        return Err(Error::rule(format!("Missing value for required parameter '{parameter}'.")));
    }
    if name.contains(['/', ':']) {
        let words = format!("Invalid model name '{name}'. Names cannot contain '/' or ':'.");
        return Err(Error::rule(words));
    }
    stays("name", name)
}

/// Checks the name of a logged model.
///
/// # Errors
/// [`Error::Rule`].
pub fn logged_model(name: &str) -> Result<(), Error> {
    if !name.is_empty() && !name.contains(['/', ':', '.', '%', '"', '\'']) {
        return Ok(());
    }
    Err(Error::rule(format!(
        "Invalid model name ({}) provided. Model name must be a non-empty string and cannot contain the following characters: ('/', ':', '.', '%', '\"', \"'\")",
        repr(name)
    )))
}

/// Checks the form of an alias: word characters and dashes. `latest`, which always is the newest version,
/// has it too.
///
/// # Errors
/// [`Error::Rule`].
pub fn alias(name: &str) -> Result<(), Error> {
    if name.is_empty() {
        return Err(Error::rule("Registered model alias name cannot be empty."));
    }
    if !name.chars().all(|letter| is_word(letter) || letter == '-') {
        return Err(Error::rule(format!(
            "Invalid alias name: '{name}'. Names may only contain alphanumerics, underscores (_), and dashes (-)."
        )));
    }
    limits::length("Registered model alias name", name, limits::ALIAS)
}

/// Checks an alias that is to be set: nothing that stands for a version.
///
/// # Errors
/// [`Error::Rule`].
pub fn new_alias(name: &str) -> Result<(), Error> {
    alias(name)?;
    if name.to_lowercase() == "latest" {
        return Err(Error::rule("'latest' alias name (case insensitive) is reserved."));
    }
    let number = name.strip_prefix(['v', 'V']).unwrap_or_default();
    if !number.is_empty() && number.chars().all(char::is_numeric) {
        return Err(Error::rule(format!("Version alias name '{name}' is reserved.")));
    }
    Ok(())
}

/// Checks the name of an experiment.
///
/// # Errors
/// [`Error::Rule`].
pub fn experiment(name: &str) -> Result<(), Error> {
    if name.is_empty() {
        return Err(Error::rule("Invalid experiment name: ''"));
    }
    limits::length("name", name, limits::EXPERIMENT_NAME)
}

/// Checks the id of a run that a client chose.
///
/// # Errors
/// [`Error::Rule`].
pub fn run_id(id: &str) -> Result<(), Error> {
    let is_valid = id.starts_with(|first: char| first.is_ascii_alphanumeric())
        && id.chars().all(|letter| is_word(letter) || letter == '-')
        && id.chars().count() <= 256;
    if is_valid { Ok(()) } else { Err(Error::rule(format!("{}.", invalid_start("run_id", id)))) }
}

/// Reads the id of an experiment.
///
/// # Errors
/// [`Error::Rule`].
pub fn experiment_id(id: &str) -> Result<i64, Error> {
    id.trim().parse().map_err(|_| {
        let end = "Experiment ID must be a valid integer.";
        Error::rule(format!("Invalid experiment ID '{id}'. {end}"))
    })
}

/// Reads the version of a registered model.
///
/// # Errors
/// [`Error::Rule`].
pub fn version(version: &str) -> Result<i64, Error> {
    let words = || format!("Parameter 'version' must be an integer, got '{version}'.");
    version.trim().parse().map_err(|_| Error::rule(words()))
}

/// Checks that a name is the same when it is taken for a path.
fn stays(parameter: &str, name: &str) -> Result<(), Error> {
    let path = normal(name);
    if path == name && path != "." && !path.starts_with("..") && !path.starts_with('/') {
        return Ok(());
    }
    let reason = format!(
        "Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name would resolve to {}",
        repr(&path)
    );
    Err(invalid(parameter, name, &reason))
}

/// The path without empty parts, `.` and `..`, by the rules of POSIX: two slashes at the start stay.
fn normal(path: &str) -> String {
    let slashes = path.len() - path.trim_start_matches('/').len();
    let root = match slashes {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if !root.is_empty() => {}
            part => parts.push(part),
        }
    }
    let normal = root.to_owned() + &parts.join("/");
    if normal.is_empty() { ".".to_owned() } else { normal }
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn invalid(parameter: &str, value: &str, reason: &str) -> Error {
    Error::rule(format!("{}: {reason}", invalid_start(parameter, value)))
}

fn invalid_start(parameter: &str, value: &str) -> String {
    format!("Invalid value {} for parameter '{parameter}' supplied", quote_ascii(value))
}
