use longshore_mlflow::rest::{WebhookAction, WebhookEntity};
use serde_json::{Value, json};

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// To what.
    pub entity: WebhookEntity,
    /// What.
    pub action: WebhookAction,
    /// Its data.
    pub data: Value,
}

/// A message for one webhook.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    pub(crate) url: String,
    /// As it is stored: sealed.
    pub(crate) secret: Option<String>,
    pub(super) body: String,
}

impl Delivery {
    /// The message about an event. `at` is in milliseconds since 1970.
    pub(crate) fn of(url: String, secret: Option<String>, event: &Event, at: i64) -> Self {
        let at = jiff::Timestamp::from_millisecond(at).unwrap_or_default();
        let body = format!(
            r#"{{"entity":"{}","action":"{}","timestamp":"{}","data":{}}}"#,
            event.entity.name().to_lowercase(),
            event.action.name().to_lowercase(),
            at.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00"),
            in_order(&event.data)
        );
        Self { url, secret: secret.filter(|secret| !secret.is_empty()), body }
    }
}

/// The members of what is told, in the order of MLflow's messages: there are receivers that compare text.
const ORDER: [&str; 10] = [
    "name",
    "alias",
    "version",
    "template",
    "source",
    "run_id",
    "key",
    "value",
    "tags",
    "description",
];

/// An object as JSON, with the members of [`ORDER`] first.
fn in_order(data: &Value) -> String {
    let Value::Object(data) = data else { return data.to_string() };
    let place = |key: &str| ORDER.iter().position(|it| *it == key).unwrap_or(ORDER.len());
    let mut members: Vec<_> = data.iter().collect();
    members.sort_by_key(|(key, _)| place(key));
    let members = members.into_iter().map(|(key, value)| format!("{}:{value}", json!(key)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use longshore_mlflow::rest::{WebhookAction, WebhookEntity};
    use serde_json::json;

    use super::{Delivery, Event};

    #[test]
    fn a_delivery_has_the_order_of_mlflows() {
        // `json.dumps` of what mlflow.webhooks.delivery sends, without its spaces
        let data = json!({"description": null, "tags": {"b": "1"}, "run_id": "r", "name": "m", "version": "1", "source": "s"});
        let (entity, action) = (WebhookEntity::ModelVersion, WebhookAction::Created);
        let delivery = Delivery::of(String::new(), None, &Event { entity, action, data }, 0);
        assert_eq!(
            delivery.body,
            r#"{"entity":"model_version","action":"created","timestamp":"1970-01-01T00:00:00.000000+00:00","data":{"name":"m","version":"1","source":"s","run_id":"r","tags":{"b":"1"},"description":null}}"#
        );
    }
}
