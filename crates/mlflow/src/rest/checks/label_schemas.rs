//! What the questions of an experiment must keep to.

use std::collections::BTreeSet;

use crate::{
    Error,
    rest::{
        InputCategorical, InputNumeric, InputPassFail, InputText, LabelSchemaInput, LabelSchemaType,
    },
    text::{double, repr},
};

/// The name of the question that every experiment has.
pub const DEFAULT_NAME: &str = "Feedback";

/// What that question says beside its name.
pub const DEFAULT_INSTRUCTION: &str = "Share any feedback on this trace.";

/// Longest name, in characters.
const NAME: usize = 250;

/// Longest instruction, in characters.
const INSTRUCTION: usize = 1000;

/// Longest answer that is offered, in characters.
const ANSWER: usize = 64;

/// Most answers that are offered.
const ANSWERS: usize = 10;

/// Checks a name, which nobody may take from the question that every experiment has.
///
/// # Errors
/// [`Error::Rule`].
pub fn name(name: &str) -> Result<(), Error> {
    if name.is_empty() {
        return Err(Error::rule("Label schema `name` must be a non-empty string; got ''."));
    }
    at_most("Label schema `name`", name, NAME)?;
    if name.trim().to_lowercase() == DEFAULT_NAME.to_lowercase() {
        return Err(Error::rule(format!(
            "`{name}` is reserved for the experiment's default question and cannot be used for another label schema."
        )));
    }
    Ok(())
}

/// The name that the database has for what an answer becomes.
///
/// # Errors
/// [`Error::Rule`] when it was not said.
pub fn kind(kind: LabelSchemaType) -> Result<&'static str, Error> {
    match kind {
        LabelSchemaType::Feedback => Ok("feedback"),
        LabelSchemaType::Expectation => Ok("expectation"),
        LabelSchemaType::Unspecified => Err(Error::rule(
            "Label schema `type` must be one of FEEDBACK or EXPECTATION; got proto enum value 0.",
        )),
    }
}

/// Checks an instruction.
///
/// # Errors
/// [`Error::Rule`].
pub fn instruction(text: &str) -> Result<(), Error> {
    at_most("Label schema `instruction`", text, INSTRUCTION)
}

/// Checks that there is one way to answer.
///
/// # Errors
/// [`Error::Rule`].
pub fn is_one(input: &LabelSchemaInput) -> Result<&'static str, Error> {
    input.kind().ok_or_else(|| {
        let is_empty = *input == LabelSchemaInput::default();
        let found = if is_empty { "got an empty oneof." } else { "got several." };
        Error::rule(format!(
            "Label schema `input` must have exactly one of `pass_fail`, `categorical`, `numeric`, or `text` set; {found}"
        ))
    })
}

/// Checks a way to answer.
///
/// # Errors
/// [`Error::Rule`].
pub fn input(input: &LabelSchemaInput) -> Result<(), Error> {
    input.pass_fail.as_ref().map_or(Ok(()), pass_fail)?;
    input.categorical.as_ref().map_or(Ok(()), categorical)?;
    input.numeric.as_ref().map_or(Ok(()), numeric)?;
    input.text.as_ref().map_or(Ok(()), text)
}

/// Checks that a question is answered in the same way as before: what was answered must keep its meaning.
///
/// # Errors
/// [`Error::Rule`].
pub fn is_same_way(old: &LabelSchemaInput, new: &LabelSchemaInput) -> Result<(), Error> {
    let (before, after) = (class(old), class(new));
    if before != after {
        return Err(Error::rule(format!(
            "A label schema's input type cannot be changed after creation (existing: {before}, got: {after})."
        )));
    }
    let several = |it: &LabelSchemaInput| it.categorical.as_ref().map(|it| it.multi_select);
    if several(old) != several(new) {
        let words = "`InputCategorical.multi_select` cannot be changed after creation.";
        return Err(Error::rule(words));
    }
    Ok(())
}

/// MLflow's word for a way to answer.
fn class(input: &LabelSchemaInput) -> &'static str {
    match input.kind() {
        Some("pass_fail") => "InputPassFail",
        Some("categorical") => "InputCategorical",
        Some("numeric") => "InputNumeric",
        _ => "InputText",
    }
}

fn pass_fail(input: &InputPassFail) -> Result<(), Error> {
    let labels =
        [("positive_label", &input.positive_label), ("negative_label", &input.negative_label)];
    for (field, label) in labels {
        if label.is_empty() {
            return Err(Error::rule(format!(
                "`InputPassFail.{field}` must be a non-empty string; got ''."
            )));
        }
        at_most(&format!("`InputPassFail.{field}`"), label, ANSWER)?;
    }
    if input.positive_label == input.negative_label {
        return Err(Error::rule(format!(
            "`InputPassFail.positive_label` and `negative_label` must be distinct; got {} for both.",
            repr(&input.positive_label)
        )));
    }
    Ok(())
}

fn categorical(input: &InputCategorical) -> Result<(), Error> {
    let wrong = |words: String| Err(Error::rule(format!("`InputCategorical.options` {words}")));
    match input.options.len() {
        0 => return wrong("must be a non-empty list; got [].".to_owned()),
        count if count > ANSWERS => {
            return wrong(format!("must have at most {ANSWERS} entries; got {count}."));
        }
        _ => {}
    }
    let mut seen = BTreeSet::new();
    for option in &input.options {
        if option.is_empty() {
            return wrong("entries must be non-empty strings; got ''.".to_owned());
        }
        let count = option.chars().count();
        if count > ANSWER {
            return wrong(format!(
                "entries must be at most {ANSWER} characters; got {count} for {}.",
                repr(option)
            ));
        }
        if !seen.insert(option) {
            return wrong(format!("must be deduplicated; {} appears twice.", repr(option)));
        }
    }
    Ok(())
}

fn numeric(input: &InputNumeric) -> Result<(), Error> {
    for (field, bound) in [("min_value", input.min_value), ("max_value", input.max_value)] {
        if bound.is_some_and(|it| !it.is_finite()) {
            return Err(Error::rule(format!("`InputNumeric.{field}` must be finite.")));
        }
    }
    if let (Some(least), Some(most)) = (input.min_value, input.max_value)
        && least >= most
    {
        let mut words =
            "`InputNumeric.min_value` must be strictly less than `max_value`; got min=".to_owned();
        double(least, &mut words);
        words.push_str(", max=");
        double(most, &mut words);
        return Err(Error::rule(words + "."));
    }
    Ok(())
}

fn text(input: &InputText) -> Result<(), Error> {
    match input.max_length {
        Some(length) if length < 1 => {
            Err(Error::rule(format!("`InputText.max_length` must be at least 1; got {length}.")))
        }
        _ => Ok(()),
    }
}

/// `what` is in MLflow's words.
fn at_most(what: &str, text: &str, limit: usize) -> Result<(), Error> {
    let count = text.chars().count();
    if count <= limit {
        return Ok(());
    }
    Err(Error::rule(format!("{what} must be at most {limit} characters; got {count}.")))
}
