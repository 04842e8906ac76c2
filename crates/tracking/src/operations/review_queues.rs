//! Review queues: which traces of an experiment people look at, by which questions.

mod change;
mod items;

use std::collections::HashMap;

use longshore_mlflow::rest::{
    CreateReviewQueue, ErrorCode, GetOrCreateUserQueue, GetReviewQueue, GetReviewQueueByName,
    ListReviewQueues, ListReviewQueuesReply, ReviewQueue, ReviewQueueReply, ReviewQueueType,
    checks::review_queues::{self as checks, NewQueue},
};

use super::experiments;
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation, Queue, Share},
    random,
    rights::{EVERY, Kind},
    routes::Route,
    search::review::{List, find},
    sql::{ROWS, marks},
    store::{Connection, Row, Value},
};

const LIST: List<'_> = List {
    table: "review_queues",
    time: "creation_time_ms",
    id: "queue_id",
    columns: "queue_id, experiment_id, name, queue_type, created_by, creation_time_ms, last_update_time_ms",
};

/// Queues and items of a page when the request does not say how many.
const USUAL: i32 = 1000;

/// The routes of review queues.
pub(super) fn routes() -> Vec<Route> {
    let own = vec![
        Route::of::<CreateReviewQueue>(),
        Route::of::<GetOrCreateUserQueue>(),
        Route::of::<GetReviewQueue>(),
        Route::of::<GetReviewQueueByName>(),
        Route::of::<ListReviewQueues>(),
    ];
    [own, change::routes(), items::routes()].concat()
}

/// A queue without its users and questions, from [`LIST`]'s columns, of which the first is at `at`.
fn of(row: &mut Row, at: usize) -> Result<ReviewQueue, Error> {
    let kind = match row.take::<String>(at + 3)?.as_str() {
        "user" => ReviewQueueType::User,
        _ => ReviewQueueType::Custom,
    };
    Ok(ReviewQueue {
        queue_id: row.take(at)?,
        experiment_id: row.take::<i64>(at + 1)?.to_string(),
        name: row.take(at + 2)?,
        queue_type: kind,
        created_by: row.take(at + 4)?,
        creation_time_ms: row.take(at + 5)?,
        last_update_time_ms: row.take(at + 6)?,
        ..ReviewQueue::default()
    })
}

/// The same queues with their users and questions.
fn complete(
    on: &mut dyn Connection,
    mut queues: Vec<ReviewQueue>,
) -> Result<Vec<ReviewQueue>, Error> {
    let users = texts(on, &queues, "review_queue_users", "user_id")?;
    let schemas = texts(on, &queues, "review_queue_label_schemas", "schema_id")?;
    for (queue, (users, schema_ids)) in queues.iter_mut().zip(users.into_iter().zip(schemas)) {
        (queue.users, queue.schema_ids) = (users, schema_ids);
    }
    Ok(queues)
}

/// What a table holds for each of some queues, sorted.
fn texts(
    on: &mut dyn Connection,
    queues: &[ReviewQueue],
    table: &str,
    column: &str,
) -> Result<Vec<Vec<String>>, Error> {
    let mut found: HashMap<String, Vec<String>> = HashMap::new();
    for queues in queues.chunks(ROWS) {
        let sql = format!(
            "SELECT queue_id, {column} FROM {table} WHERE queue_id IN ({})",
            marks(queues.len())
        );
        let ids: Vec<_> = queues.iter().map(|it| Value::from(&it.queue_id)).collect();
        for mut row in on.query(&sql, &ids)? {
            found.entry(row.take(0)?).or_default().push(row.take(1)?);
        }
    }
    let sorted = queues.iter().map(|it| {
        let mut texts = found.remove(&it.queue_id).unwrap_or_default();
        texts.sort_unstable();
        texts
    });
    Ok(sorted.collect())
}

/// The queue of a workspace that a condition holds for.
fn one(
    on: &mut dyn Connection,
    context: &Context<'_>,
    condition: &str,
    values: &[Value],
) -> Result<Option<ReviewQueue>, Error> {
    let columns: Vec<_> = LIST.columns.split(", ").map(|it| format!("q.{it}")).collect();
    let sql = format!(
        "SELECT {} FROM review_queues q JOIN experiments e ON e.experiment_id = q.experiment_id WHERE e.workspace = ? AND {condition}",
        columns.join(", ")
    );
    let values = [&[Value::from(&context.caller.workspace)], values].concat();
    let found = on.first(&sql, &values)?.map(|mut row| of(&mut row, 0)).transpose()?;
    Ok(complete(on, found.into_iter().collect())?.pop())
}

/// The queue with an id.
fn by_id(on: &mut dyn Connection, context: &Context<'_>, id: &str) -> Result<ReviewQueue, Error> {
    let found = one(on, context, "q.queue_id = ?", &[id.into()])?;
    found.ok_or_else(|| Error::missing(format!("Review queue with id '{id}' not found.")))
}

/// The queue of an experiment with a name.
fn by_name(
    on: &mut dyn Connection,
    context: &Context<'_>,
    experiment: i64,
    name: &str,
) -> Result<Option<ReviewQueue>, Error> {
    let condition = "q.experiment_id = ? AND q.name_key = ?";
    one(on, context, condition, &[experiment.into(), name.to_lowercase().into()])
}

/// The refusal of a name that another queue has.
fn taken(name: &str) -> Error {
    let words =
        format!("Review queue with name '{name}' already exists (names are case-insensitive).");
    Error::refused(ErrorCode::ResourceAlreadyExists, words)
}

/// Sets the users of a queue.
fn set_users(on: &mut dyn Connection, queue_id: &str, users: &[String]) -> Result<(), Error> {
    on.execute("DELETE FROM review_queue_users WHERE queue_id = ?", &[queue_id.into()])?;
    for user in users {
        let sql = "INSERT INTO review_queue_users (queue_id, user_id) VALUES (?, ?)";
        on.execute(sql, &[queue_id.into(), user.into()])?;
    }
    Ok(())
}

/// Sets the questions of a queue, which must be those of its experiment.
fn set_schemas(
    on: &mut dyn Connection,
    (queue_id, experiment): (&str, &str),
    ids: &[String],
) -> Result<(), Error> {
    let number = longshore_mlflow::rest::names::experiment_id(experiment)?;
    let sql = "SELECT schema_id FROM label_schemas WHERE experiment_id = ?";
    let mut known = Vec::new();
    for mut row in on.query(sql, &[number.into()])? {
        known.push(row.take::<String>(0)?);
    }
    let unknown: Vec<_> = ids.iter().filter(|it| !known.contains(it)).cloned().collect();
    if !unknown.is_empty() {
        return Err(Error::invalid(format!(
            "Label schema id(s) {} not found for experiment '{experiment}'.",
            checks::list(&unknown)
        )));
    }
    on.execute("DELETE FROM review_queue_label_schemas WHERE queue_id = ?", &[queue_id.into()])?;
    for id in ids {
        let sql = "INSERT INTO review_queue_label_schemas (queue_id, schema_id) VALUES (?, ?)";
        on.execute(sql, &[queue_id.into(), id.into()])?;
    }
    Ok(())
}

/// Makes a queue, unless its experiment has one of that name.
fn add(
    on: &mut dyn Connection,
    context: &Context<'_>,
    experiment: i64,
    queue: &NewQueue,
    maker: Option<&str>,
) -> Result<ReviewQueue, Error> {
    let id = format!("rq-{}", random::id()?);
    let sql = "INSERT INTO review_queues (queue_id, experiment_id, name, name_key, queue_type, created_by, creation_time_ms, last_update_time_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
    let values = [
        (&id).into(),
        experiment.into(),
        (&queue.name).into(),
        queue.name.to_lowercase().into(),
        queue.kind.into(),
        maker.into(),
        context.now.into(),
        context.now.into(),
    ];
    if on.execute(sql, &values)? == 0 {
        return Err(taken(&queue.name));
    }
    set_users(on, &id, &queue.users)?;
    set_schemas(on, (&id, &experiment.to_string()), &queue.schema_ids)?;
    by_id(on, context, &id)
}

impl Operation for CreateReviewQueue {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Experiment(&self.experiment_id))
    }

    fn also_needs(&self) -> Vec<Need<'_>> {
        vec![Need::of(Level::Edit, Object::New(Kind::ReviewQueue))]
    }

    fn claims(&self) -> Option<&str> {
        (self.queue_type == ReviewQueueType::Custom).then_some(&self.name)
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        if let Some(user) = context.namesake {
            return Err(checks::namesake(user, true).into());
        }
        let queue = NewQueue::of(&self.name, self.queue_type, &self.users, &self.schema_ids)?;
        let experiment = experiments::number(on, context, &self.experiment_id)?;
        let maker = context.caller.user.as_deref();
        Ok(ReviewQueueReply { review_queue: add(on, context, experiment, &queue, maker)? })
    }
}

impl Operation for GetOrCreateUserQueue {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::Experiment(&self.experiment_id))
    }

    fn also_needs(&self) -> Vec<Need<'_>> {
        vec![Need::of(Level::Edit, Object::New(Kind::ReviewQueue))]
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let queue = NewQueue::of(&self.user, ReviewQueueType::User, &[], &[])?;
        let experiment = experiments::number(on, context, &self.experiment_id)?;
        let review_queue = match by_name(on, context, experiment, &queue.name)? {
            Some(found) if found.queue_type == ReviewQueueType::User => found,
            Some(_) => {
                let words = format!(
                    "A non-user queue named '{}' already exists; cannot get-or-create a user queue with that name.",
                    queue.name
                );
                return Err(Error::refused(ErrorCode::ResourceAlreadyExists, words));
            }
            None => add(on, context, experiment, &queue, Some(&queue.name))?,
        };
        Ok(ReviewQueueReply { review_queue })
    }
}

impl Operation for GetReviewQueue {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        viewed(Queue::Id(&self.queue_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        Ok(ReviewQueueReply { review_queue: by_id(on, context, &self.queue_id)? })
    }
}

impl Operation for GetReviewQueueByName {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        viewed(Queue::Name(&self.experiment_id, &self.name))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let experiment = experiments::number(on, context, &self.experiment_id)?;
        let review_queue = by_name(on, context, experiment, &self.name)?.ok_or_else(|| {
            Error::missing(format!(
                "Review queue with name '{}' not found for experiment '{}'.",
                self.name, self.experiment_id
            ))
        })?;
        Ok(ReviewQueueReply { review_queue })
    }
}

impl Operation for ListReviewQueues {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Read, Object::Experiment(&self.experiment_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        const REVIEWED: &str =
            "review_queues.queue_id IN (SELECT queue_id FROM review_queue_users WHERE user_id = ?)";
        let experiment = experiments::number(on, context, &self.experiment_id)?;
        let mut conditions: Vec<(&str, Value)> =
            vec![("review_queues.experiment_id = ?", experiment.into())];
        if let Some(user) = &self.user {
            conditions.push((REVIEWED, checks::user(user).into()));
        }
        if let Some(id) = &self.item_id {
            conditions.push(("review_queues.queue_id IN (SELECT queue_id FROM review_queue_items WHERE item_id = ?)", id.into()));
        }
        if let Some(granted) = context.caller.rights.limited() {
            let experiment = experiment.to_string();
            let chain = [(Kind::ReviewQueue, EVERY), (Kind::Experiment, &*experiment)];
            let permission = granted.permission(&chain);
            if !permission.holds(Level::Read) {
                return Ok(ListReviewQueuesReply::default());
            }
            // who may only read sees the queues that are theirs to review
            if !permission.holds(Level::Edit) {
                let user = context.caller.user.as_deref().unwrap_or_default();
                conditions.push((REVIEWED, checks::user(user).into()));
            }
        }
        let asked = (self.max_results, self.page_token.as_deref());
        let page = find(on, LIST, &conditions, asked, USUAL, |row| of(row, 2))?;
        Ok(ListReviewQueuesReply {
            review_queues: complete(on, page.found)?,
            next_page_token: page.next.unwrap_or_default(),
        })
    }
}

/// What it needs to look into a queue.
fn viewed(queue: Queue<'_>) -> Need<'_> {
    Need::of(Level::Manage, Object::ReviewQueue(queue, Share::Viewer))
}
