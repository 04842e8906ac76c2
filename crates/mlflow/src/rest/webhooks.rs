use super::{
    Done,
    call::calls,
    message::{messages, names},
};

messages! {
    /// What a webhook is told of: something happens to a kind of object.
    pub struct WebhookEvent {
        /// The kind of object.
        entity: WebhookEntity,
        /// What happens to it.
        action: WebhookAction,
    }

    /// An address that is told when something happens.
    pub struct Webhook {
        /// A UUID.
        webhook_id: String,
        /// Its name, for people.
        name: String,
        /// For people.
        description: Option<String>,
        /// Where the server posts to.
        url: String,
        /// What it is told of.
        events: Vec<WebhookEvent>,
        /// Whether it is told anything.
        status: WebhookStatus,
        /// Milliseconds since 1970.
        creation_timestamp: i64,
        /// Milliseconds since 1970.
        last_updated_timestamp: i64,
    }

    /// What came of trying a webhook.
    pub struct WebhookTestResult {
        /// Whether it answered with a status below 400.
        success: bool,
        /// The status of HTTP.
        response_status: Option<i64>,
        /// The beginning of what it answered.
        response_body: Option<String>,
        /// Why there is no answer.
        error_message: Option<String>,
    }

    /// Makes a webhook.
    pub struct CreateWebhook {
        /// Its name, for people.
        name: String,
        /// For people.
        description: Option<String>,
        /// Where the server posts to.
        url: String,
        /// What it is told of.
        events: Vec<WebhookEvent>,
        /// The secret that its deliveries are signed with.
        secret: Option<String>,
        /// Whether it is told anything; `ACTIVE` when it is not said.
        status: Option<WebhookStatus>,
    }

    /// The answer to what makes, changes or asks for a webhook.
    pub struct WebhookReply {
        /// The webhook.
        webhook: Webhook,
    }

    /// Asks for all webhooks.
    pub struct ListWebhooks {
        /// Most webhooks of one page; 100 when it is not said.
        max_results: Option<i64>,
        /// The token that the page before gave.
        page_token: Option<String>,
    }

    /// The answer to [`ListWebhooks`].
    pub struct ListWebhooksReply {
        /// A page of webhooks.
        webhooks: Vec<Webhook>,
        /// The token that asks for the next page; none on the last.
        next_page_token: Option<String>,
    }

    /// Asks for a webhook.
    pub struct GetWebhook {
        /// Its id.
        webhook_id: String,
    }

    /// Changes a webhook. What is not said stays.
    pub struct UpdateWebhook {
        /// Its id.
        webhook_id: String,
        /// Its name, for people.
        name: Option<String>,
        /// For people.
        description: Option<String>,
        /// Where the server posts to.
        url: Option<String>,
        /// What it is told of.
        events: Vec<WebhookEvent>,
        /// The secret that its deliveries are signed with.
        secret: Option<String>,
        /// Whether it is told anything.
        status: Option<WebhookStatus>,
    }

    /// Deletes a webhook.
    pub struct DeleteWebhook {
        /// Its id.
        webhook_id: String,
    }

    /// Sends an example to a webhook.
    pub struct TestWebhook {
        /// Its id.
        webhook_id: String,
        /// What the example is of; the first of the webhook's events when it is not said.
        event: Option<WebhookEvent>,
    }

    /// The answer to [`TestWebhook`].
    pub struct TestWebhookReply {
        /// What came of it.
        result: WebhookTestResult,
    }
}

names! {
    /// Whether a webhook is told anything.
    pub enum WebhookStatus {
        /// It is.
        Active = ("ACTIVE", 1),
        /// It is not, for now.
        Disabled = ("DISABLED", 2),
    }

    /// Kinds of objects that webhooks are told of.
    pub enum WebhookEntity {
        /// None; it cannot be asked for.
        Unspecified = ("ENTITY_UNSPECIFIED", 0),
        /// A registered model that is no prompt.
        RegisteredModel = ("REGISTERED_MODEL", 1),
        /// A version of one.
        ModelVersion = ("MODEL_VERSION", 2),
        /// A tag of a version.
        ModelVersionTag = ("MODEL_VERSION_TAG", 3),
        /// An alias of a version.
        ModelVersionAlias = ("MODEL_VERSION_ALIAS", 4),
        /// A prompt.
        Prompt = ("PROMPT", 5),
        /// A version of a prompt.
        PromptVersion = ("PROMPT_VERSION", 6),
        /// A tag of a prompt.
        PromptTag = ("PROMPT_TAG", 7),
        /// A tag of a version of a prompt.
        PromptVersionTag = ("PROMPT_VERSION_TAG", 8),
        /// An alias of a version of a prompt.
        PromptAlias = ("PROMPT_ALIAS", 9),
        /// A limit of what the gateway of language models may cost.
        BudgetPolicy = ("BUDGET_POLICY", 10),
    }

    /// What happens to objects.
    pub enum WebhookAction {
        /// None; it cannot be asked for.
        Unspecified = ("ACTION_UNSPECIFIED", 0),
        /// It is made.
        Created = ("CREATED", 1),
        /// It changes.
        Updated = ("UPDATED", 2),
        /// It is deleted.
        Deleted = ("DELETED", 3),
        /// It is set.
        Set = ("SET", 4),
        /// It is exceeded.
        Exceeded = ("EXCEEDED", 5),
    }
}

calls! {
    CreateWebhook: Post "2.0/mlflow/webhooks" -> WebhookReply;
    ListWebhooks: Get "2.0/mlflow/webhooks" -> ListWebhooksReply;
    GetWebhook: Get "2.0/mlflow/webhooks/{webhook_id}" -> WebhookReply;
    UpdateWebhook: Patch "2.0/mlflow/webhooks/{webhook_id}" -> WebhookReply;
    DeleteWebhook: Delete "2.0/mlflow/webhooks/{webhook_id}" -> Done;
    TestWebhook: Post "2.0/mlflow/webhooks/{webhook_id}/test" -> TestWebhookReply;
}
