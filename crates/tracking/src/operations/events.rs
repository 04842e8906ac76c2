//! What webhooks are told when the registry changes.

use longshore_mlflow::rest::{
    CreateModelVersion, ModelVersion, RegisteredModelTag, WebhookAction, WebhookEntity,
};
use serde_json::{Map, Value, json};

use super::prompts;
use crate::{
    Error,
    operation::Context,
    store::Connection,
    webhooks::{Delivery, Event},
};

/// Tags of prompts that say what they are; those who ask for prompts know it.
const OF_PROMPTS: [&str; 2] = [prompts::IS_PROMPT, "_mlflow_prompt_type"];

/// The tag that holds the text of a prompt's version.
pub(super) const TEXT: &str = "mlflow.prompt.text";

/// What can be told of a kind of object.
pub(super) fn actions(entity: WebhookEntity) -> &'static [WebhookAction] {
    use WebhookAction::{Created, Deleted, Exceeded, Set};
    match entity {
        WebhookEntity::Unspecified => &[],
        WebhookEntity::RegisteredModel
        | WebhookEntity::ModelVersion
        | WebhookEntity::Prompt
        | WebhookEntity::PromptVersion => &[Created],
        WebhookEntity::ModelVersionTag
        | WebhookEntity::PromptTag
        | WebhookEntity::PromptVersionTag => &[Deleted, Set],
        WebhookEntity::ModelVersionAlias | WebhookEntity::PromptAlias => &[Created, Deleted],
        WebhookEntity::BudgetPolicy => &[Exceeded],
    }
}

/// A registered model or a prompt was made.
pub(super) fn model_created(
    on: &mut dyn Connection,
    context: &Context<'_>,
    name: &str,
    tags: &[RegisteredModelTag],
    description: &str,
) -> Result<Vec<Delivery>, Error> {
    let is_prompt = tags.iter().rev().find(|tag| tag.key == prompts::IS_PROMPT);
    let is_prompt = is_prompt.is_some_and(prompts::is_mark);
    let mut tags = map(tags.iter().map(|tag| (&tag.key, &tag.value)));
    let entity = if is_prompt {
        tags.retain(|key, _| !OF_PROMPTS.contains(&key.as_str()));
        WebhookEntity::Prompt
    } else {
        WebhookEntity::RegisteredModel
    };
    let data = json!({"name": name, "tags": tags, "description": description});
    deliveries(on, context, &[Event { entity, action: WebhookAction::Created, data }])
}

/// A version of a registered model or of a prompt was made.
pub(super) fn version_created(
    on: &mut dyn Connection,
    context: &Context<'_>,
    asked: &CreateModelVersion,
    made: &ModelVersion,
) -> Result<Vec<Delivery>, Error> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let mut tags = map(asked.tags.iter().map(|tag| (&tag.key, &tag.value)));
    let (entity, data) = if prompts::is_prompt(&asked.tags) {
        let template = tags.remove(TEXT);
        tags.retain(|key, _| !OF_PROMPTS.contains(&key.as_str()));
        let data = json!({
            "name": asked.name, "version": made.version, "template": template, "tags": tags,
            "description": given(&asked.description),
        });
        (WebhookEntity::PromptVersion, data)
    } else {
        let data = json!({
            "name": asked.name, "version": made.version, "source": made.source,
            "run_id": given(&made.run_id), "tags": tags, "description": given(&asked.description),
        });
        (WebhookEntity::ModelVersion, data)
    };
    deliveries(on, context, &[Event { entity, action: WebhookAction::Created, data }])
}

/// Something of a registered model or of a prompt changed: the first kind is that of models, when they are
/// told, the second that of prompts.
pub(super) fn changed(
    on: &mut dyn Connection,
    context: &Context<'_>,
    name: &str,
    (of_model, of_prompt): (Option<WebhookEntity>, WebhookEntity),
    action: WebhookAction,
    data: Value,
) -> Result<Vec<Delivery>, Error> {
    let entity = if prompts::named(on, context, name)? { Some(of_prompt) } else { of_model };
    let event = entity.map(|entity| Event { entity, action, data });
    deliveries(on, context, event.as_slice())
}

/// What a webhook is sent to try it.
pub(super) fn example(entity: WebhookEntity, action: WebhookAction) -> Value {
    let is_set = action == WebhookAction::Set;
    match entity {
        WebhookEntity::Unspecified => Value::Null,
        WebhookEntity::RegisteredModel => json!({
            "name": "example_model", "tags": {"example_key": "example_value"},
            "description": "An example registered model",
        }),
        WebhookEntity::ModelVersion => json!({
            "name": "example_model", "version": "1", "source": "models:/123",
            "run_id": "abcd1234abcd5678", "tags": {"example_key": "example_value"},
            "description": "An example model version",
        }),
        WebhookEntity::Prompt => json!({
            "name": "example_prompt", "tags": {"example_key": "example_value"},
            "description": "An example prompt",
        }),
        WebhookEntity::PromptVersion => json!({
            "name": "example_prompt", "version": "1", "template": "Hello {{name}}!",
            "tags": {"example_key": "example_value"}, "description": "An example prompt version",
        }),
        WebhookEntity::ModelVersionTag => tag_example("example_model", true, is_set),
        WebhookEntity::PromptVersionTag => tag_example("example_prompt", true, is_set),
        WebhookEntity::PromptTag => tag_example("example_prompt", false, is_set),
        WebhookEntity::ModelVersionAlias => alias_example("example_model", action),
        WebhookEntity::PromptAlias => alias_example("example_prompt", action),
        WebhookEntity::BudgetPolicy => json!({
            "budget_policy_id": "bp-abc123", "budget_unit": "USD", "budget_amount": 100.0,
            "current_spend": 105.5, "duration_unit": "MONTHS", "duration_value": 1,
            "target_scope": "ENDPOINT", "workspace": "default", "target_value": "ep-abc123",
            "window_start": 1_704_067_200_000_i64,
        }),
    }
}

fn tag_example(name: &str, of_version: bool, is_set: bool) -> Value {
    let version = of_version.then_some(("version", "1"));
    let value = is_set.then_some(("value", "example_value"));
    let fields = [Some(("name", name)), version, Some(("key", "example_key")), value];
    Value::Object(map(fields.into_iter().flatten()))
}

fn alias_example(name: &str, action: WebhookAction) -> Value {
    let version = (action == WebhookAction::Created).then_some(("version", "1"));
    let fields = [Some(("name", name)), Some(("alias", "example_alias")), version];
    Value::Object(map(fields.into_iter().flatten()))
}

/// Pairs as an object. Of a key that is given twice, the last value counts.
fn map<'a>(
    pairs: impl Iterator<Item = (impl ToString + 'a, impl ToString + 'a)>,
) -> Map<String, Value> {
    pairs.map(|(key, value)| (key.to_string(), value.to_string().into())).collect()
}

/// The messages about events for those who asked for them.
///
/// # Errors
/// Those of the store.
fn deliveries(
    on: &mut dyn Connection,
    context: &Context<'_>,
    events: &[Event],
) -> Result<Vec<Delivery>, Error> {
    let sql = "SELECT w.url, w.secret FROM webhooks w JOIN webhook_events e ON e.webhook_id = w.webhook_id WHERE w.workspace = ? AND w.deleted_timestamp IS NULL AND w.status = 'ACTIVE' AND e.entity = ? AND e.action = ? ORDER BY w.creation_timestamp";
    let mut deliveries = Vec::new();
    for event in events {
        let values = [
            (&context.caller.workspace).into(),
            event.entity.name().to_lowercase().into(),
            event.action.name().to_lowercase().into(),
        ];
        for mut row in on.query(sql, &values)? {
            deliveries.push(Delivery::of(row.take(0)?, row.take(1)?, event, context.now));
        }
    }
    Ok(deliveries)
}
