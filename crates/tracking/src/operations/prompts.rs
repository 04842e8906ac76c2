//! Prompts: registered models whose tags say that they hold a text.

use longshore_mlflow::rest::{ErrorCode, ModelVersionTag, RegisteredModelTag};

use super::registered_models;
use crate::{Error, operation::Context, store::Connection};

/// The tag that makes a registered model or a version a prompt, when its value is `true`.
pub(super) const IS_PROMPT: &str = "mlflow.prompt.is_prompt";

/// Whether the tags of a version that is to be made are those of a prompt. Of a key that is given twice,
/// the last value counts.
pub(super) fn is_prompt(tags: &[ModelVersionTag]) -> bool {
    let last = tags.iter().rev().find(|tag| tag.key == IS_PROMPT);
    last.is_some_and(|tag| tag.value.eq_ignore_ascii_case("true"))
}

/// Whether a tag makes a registered model a prompt.
pub(super) fn is_mark(tag: &RegisteredModelTag) -> bool {
    tag.key == IS_PROMPT && tag.value.eq_ignore_ascii_case("true")
}

/// Whether the registered model of a name is a prompt.
///
/// # Errors
/// Those of the store.
pub(super) fn named(
    on: &mut dyn Connection,
    context: &Context<'_>,
    name: &str,
) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM registered_model_tags WHERE workspace = ? AND key = ? AND name = ? AND LOWER(value) = 'true'";
    let workspace = &context.caller.workspace;
    Ok(on.first(sql, &[workspace.into(), IS_PROMPT.into(), name.into()])?.is_some())
}

/// Why a name cannot be given to a model with `tags`: it has one.
///
/// # Errors
/// Those of the store.
pub(super) fn taken(
    on: &mut dyn Connection,
    context: &Context<'_>,
    name: &str,
    tags: &[RegisteredModelTag],
) -> Result<Error, Error> {
    let there = registered_models::get(on, context, name)?;
    let (old, new) = (kind(&there.tags), kind(tags));
    let words = if old == new {
        format!("{new} (name={name}) already exists.")
    } else {
        let (old, new) = (old.to_lowercase(), new.to_lowercase());
        format!(
            "Tried to create a {new} with name '{name}', but the name is already taken by a {old}. MLflow does not allow creating a model and a prompt with the same name."
        )
    };
    Ok(Error::refused(ErrorCode::ResourceAlreadyExists, words))
}

/// MLflow's word for what tags make of a registered model; here the tag's value does not count.
fn kind(tags: &[RegisteredModelTag]) -> &'static str {
    if tags.iter().any(|tag| tag.key == IS_PROMPT) { "Prompt" } else { "Registered Model" }
}
