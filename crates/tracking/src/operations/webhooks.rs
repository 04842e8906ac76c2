//! Webhooks.

use base64::{Engine, engine::general_purpose::STANDARD};
use longshore_mlflow::rest::{
    CreateWebhook, DeleteWebhook, Done, GetWebhook, ListWebhooks, ListWebhooksReply, TestWebhook,
    TestWebhookReply, UpdateWebhook, Webhook, WebhookAction, WebhookEntity, WebhookEvent,
    WebhookReply, WebhookStatus, WebhookTestResult,
};
use serde_json::{Value as Json, json};

use super::events;
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation},
    random,
    routes::Route,
    sql,
    state::Settings,
    store::{Connection, Row, Value},
    webhooks::{self, Delivery, Event, Outcome},
};

/// The columns that [`read`] takes.
const COLUMNS: &str =
    "webhook_id, name, description, url, status, creation_timestamp, last_updated_timestamp";

/// The routes of webhooks.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::of::<CreateWebhook>(),
        Route::of::<ListWebhooks>(),
        Route::of::<GetWebhook>(),
        Route::of::<UpdateWebhook>(),
        Route::of::<DeleteWebhook>(),
        Route::of::<TestWebhook>(),
    ]
}

fn read(mut row: Row) -> Result<Webhook, Error> {
    let status: String = row.take(4)?;
    Ok(Webhook {
        webhook_id: row.take(0)?,
        name: row.take(1)?,
        description: row.take::<Option<String>>(2)?.filter(|text| !text.is_empty()),
        url: row.take(3)?,
        events: Vec::new(),
        status: WebhookStatus::parse(&status).unwrap_or(WebhookStatus::Disabled),
        creation_timestamp: row.take::<Option<i64>>(5)?.unwrap_or_default(),
        last_updated_timestamp: row.take::<Option<i64>>(6)?.unwrap_or_default(),
    })
}

/// Adds what webhooks are told of.
fn with_events(on: &mut dyn Connection, mut webhooks: Vec<Webhook>) -> Result<Vec<Webhook>, Error> {
    for webhooks in webhooks.chunks_mut(sql::ROWS) {
        let marks = sql::marks(webhooks.len());
        let sql = format!(
            "SELECT webhook_id, entity, action FROM webhook_events WHERE webhook_id IN ({marks}) ORDER BY entity, action"
        );
        let ids: Vec<_> = webhooks.iter().map(|it| Value::from(&it.webhook_id)).collect();
        for mut row in on.query(&sql, &ids)? {
            let id: String = row.take(0)?;
            let entity = WebhookEntity::parse(&row.take::<String>(1)?.to_uppercase());
            let action = WebhookAction::parse(&row.take::<String>(2)?.to_uppercase());
            let event = entity.zip(action).map(|(entity, action)| WebhookEvent { entity, action });
            if let Some(webhook) = webhooks.iter_mut().find(|it| it.webhook_id == id) {
                webhook.events.extend(event);
            }
        }
    }
    Ok(webhooks)
}

fn get(on: &mut dyn Connection, context: &Context<'_>, id: &str) -> Result<Webhook, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM webhooks WHERE webhook_id = ? AND workspace = ? AND deleted_timestamp IS NULL"
    );
    let row = on.first(&sql, &[id.into(), (&context.caller.workspace).into()])?;
    let found = with_events(on, row.map(read).transpose()?.into_iter().collect())?.pop();
    found.ok_or_else(|| Error::missing(format!("Webhook with ID {id} not found.")))
}

fn check_name(name: &str) -> Result<(), Error> {
    let is_end = |letter: char| letter.is_ascii_alphanumeric();
    let is_valid = name.len() <= 63
        && name.starts_with(is_end)
        && name.ends_with(is_end)
        && name.chars().all(|letter| is_end(letter) || "._-".contains(letter));
    if is_valid {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "Webhook name '{name}' is invalid. It must start and end with a letter or digit, be less than 63 characters long, and contain only letters, digits, dots (.), underscores (_), and hyphens (-)."
    )))
}

/// Checks that webhooks can be told of events.
fn check_events(events: &[WebhookEvent]) -> Result<(), Error> {
    for event in events {
        let valid = events::actions(event.entity);
        if !valid.contains(&event.action) {
            let valid: Vec<_> =
                valid.iter().map(|it| format!("'{}'", it.name().to_lowercase())).collect();
            return Err(Error::invalid(format!(
                "Invalid action '{}' for entity '{}'. Valid actions are: [{}]",
                event.action.name().to_lowercase(),
                event.entity.name().to_lowercase(),
                valid.join(", ")
            )));
        }
    }
    Ok(())
}

/// A secret as it is stored; none for an empty one.
fn seal(secret: Option<&str>, context: &Context<'_>) -> Result<Option<String>, Error> {
    let Some(secret) = secret.filter(|secret| !secret.is_empty()) else { return Ok(None) };
    let key = context.settings.webhooks.key.as_ref().ok_or_else(|| {
        Error::invalid(
            "the secret of a webhook cannot be kept: set `MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY` on the server",
        )
    })?;
    key.seal(secret, context.now).map(Some)
}

fn set_events(on: &mut dyn Connection, id: &str, events: &[WebhookEvent]) -> Result<(), Error> {
    on.execute("DELETE FROM webhook_events WHERE webhook_id = ?", &[id.into()])?;
    for event in events {
        let sql = "INSERT INTO webhook_events (webhook_id, entity, action) VALUES (?, ?, ?) ON CONFLICT (webhook_id, entity, action) DO NOTHING";
        let (entity, action) = (event.entity.name(), event.action.name());
        on.execute(sql, &[id.into(), entity.to_lowercase().into(), action.to_lowercase().into()])?;
    }
    Ok(())
}

impl Operation for CreateWebhook {
    const ACCESS: Access = Access::Write;
    const ADMINISTRATORS: bool = true;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Manage, Object::Server)
    }

    async fn prepare(&self, settings: &Settings) -> Result<(), Error> {
        check_name(&self.name)?;
        if self.events.is_empty() {
            return Err(Error::invalid(
                "Missing value for required parameter 'events'. See the API docs for more information about request parameters.",
            ));
        }
        check_events(&self.events)?;
        webhooks::check_url(&self.url, &settings.webhooks).await
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let id = random::uuid()?;
        let sql = "INSERT INTO webhooks (webhook_id, name, description, url, status, secret, creation_timestamp, last_updated_timestamp, workspace) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let values = [
            (&id).into(),
            (&self.name).into(),
            self.description.clone().filter(|text| !text.is_empty()).into(),
            (&self.url).into(),
            self.status.unwrap_or_default().name().into(),
            seal(self.secret.as_deref(), context)?.into(),
            context.now.into(),
            context.now.into(),
            (&context.caller.workspace).into(),
        ];
        on.execute(sql, &values)?;
        set_events(on, &id, &self.events)?;
        Ok(WebhookReply { webhook: get(on, context, &id)? })
    }
}

impl Operation for ListWebhooks {
    const ACCESS: Access = Access::Read;
    const ADMINISTRATORS: bool = true;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Manage, Object::Server)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let most = self.max_results.filter(|most| *most != 0).unwrap_or(100);
        if !(1..=1000).contains(&most) {
            return Err(Error::invalid("max_results must be between 1 and 1000."));
        }
        let offset = self.page_token.as_deref().map_or(Ok(0), offset)?;
        let sql = format!(
            "SELECT {COLUMNS} FROM webhooks WHERE workspace = ? AND deleted_timestamp IS NULL ORDER BY creation_timestamp DESC, webhook_id LIMIT ? OFFSET ?"
        );
        let values = [(&context.caller.workspace).into(), (most + 1).into(), offset.into()];
        let rows = on.query(&sql, &values)?;
        let has_more = rows.len() as i64 > most;
        let page = rows.into_iter().take(most as usize).map(read).collect::<Result<_, _>>()?;
        let webhooks = with_events(on, page)?;
        let token = json!({"offset": offset + most}).to_string();
        Ok(ListWebhooksReply {
            webhooks,
            next_page_token: has_more.then(|| STANDARD.encode(token)),
        })
    }
}

/// Where a page begins.
fn offset(token: &str) -> Result<i64, Error> {
    let json = STANDARD.decode(token).ok().and_then(|it| serde_json::from_slice::<Json>(&it).ok());
    let offset = json.and_then(|json| json.get("offset")?.as_i64()).filter(|offset| *offset > 0);
    offset.ok_or_else(|| Error::invalid("Invalid page token, could not parse JSON"))
}

impl Operation for GetWebhook {
    const ACCESS: Access = Access::Read;
    const ADMINISTRATORS: bool = true;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Manage, Object::Server)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        Ok(WebhookReply { webhook: get(on, context, &self.webhook_id)? })
    }
}

impl Operation for UpdateWebhook {
    const ACCESS: Access = Access::Write;
    const ADMINISTRATORS: bool = true;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Manage, Object::Server)
    }

    async fn prepare(&self, settings: &Settings) -> Result<(), Error> {
        match self.url.as_deref().filter(|url| !url.is_empty()) {
            Some(url) => webhooks::check_url(url, &settings.webhooks).await,
            None => Ok(()),
        }
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        get(on, context, &self.webhook_id)?;
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let mut changes: Vec<(&str, Value)> = vec![("last_updated_timestamp", context.now.into())];
        if let Some(name) = given(&self.name) {
            check_name(&name)?;
            changes.push(("name", name.into()));
        }
        changes.extend(given(&self.url).map(|url| ("url", url.into())));
        changes.extend(self.description.clone().map(|text| ("description", text.into())));
        if self.secret.is_some() {
            changes.push(("secret", seal(self.secret.as_deref(), context)?.into()));
        }
        changes.extend(self.status.map(|status| ("status", status.name().into())));
        let columns: Vec<_> = changes.iter().map(|(column, _)| format!("{column} = ?")).collect();
        let sql = format!("UPDATE webhooks SET {} WHERE webhook_id = ?", columns.join(", "));
        let mut values: Vec<_> = changes.into_iter().map(|(_, value)| value).collect();
        values.push((&self.webhook_id).into());
        on.execute(&sql, &values)?;
        if !self.events.is_empty() {
            check_events(&self.events)?;
            set_events(on, &self.webhook_id, &self.events)?;
        }
        Ok(WebhookReply { webhook: get(on, context, &self.webhook_id)? })
    }
}

impl Operation for DeleteWebhook {
    const ACCESS: Access = Access::Write;
    const ADMINISTRATORS: bool = true;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Manage, Object::Server)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        get(on, context, &self.webhook_id)?;
        let sql = "UPDATE webhooks SET deleted_timestamp = ?, last_updated_timestamp = ? WHERE webhook_id = ?";
        on.execute(sql, &[context.now.into(), context.now.into(), (&self.webhook_id).into()])?;
        Ok(Done)
    }
}

impl Operation for TestWebhook {
    // whoever may change nothing sends nothing to others either
    const ACCESS: Access = Access::Write;
    const ADMINISTRATORS: bool = true;
    const WAITS: bool = true;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Manage, Object::Server)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        check_events(self.event.as_slice())?;
        get(on, context, &self.webhook_id)?;
        Ok(TestWebhookReply::default())
    }

    fn tells(
        &self,
        _: &Self::Reply,
        on: &mut dyn Connection,
        context: &Context<'_>,
    ) -> Result<Vec<Delivery>, Error> {
        let webhook = get(on, context, &self.webhook_id)?;
        let event = self.event.as_ref().or(webhook.events.first());
        let Some(event) = event else {
            return Err(Error::invalid("the webhook is told of nothing: give it events"));
        };
        let data = events::example(event.entity, event.action);
        let event = Event { entity: event.entity, action: event.action, data };
        let row = on.first(
            "SELECT secret FROM webhooks WHERE webhook_id = ?",
            &[(&self.webhook_id).into()],
        )?;
        let secret = row.map_or(Ok(None), |mut row| row.take(0))?;
        Ok(vec![Delivery::of(webhook.url, secret, &event, context.now)])
    }

    fn told(_: Self::Reply, outcome: Outcome) -> Self::Reply {
        let result = match outcome {
            Ok((status, body)) => WebhookTestResult {
                success: status < 400,
                response_status: Some(status.into()),
                response_body: Some(body),
                error_message: None,
            },
            Err(reason) => WebhookTestResult {
                success: false,
                error_message: Some(format!("Failed to test webhook: {reason}")),
                ..WebhookTestResult::default()
            },
        };
        TestWebhookReply { result }
    }
}
