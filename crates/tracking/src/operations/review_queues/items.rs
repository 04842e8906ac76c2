//! What is in review queues.

use std::collections::HashMap;

use longshore_mlflow::rest::{
    AddItemsToReviewQueue, AddItemsToReviewQueueReply, Done, ListReviewQueueItems,
    ListReviewQueueItemsReply, RemoveItemsFromReviewQueue, ReviewItemType, ReviewQueueItem,
    ReviewStatus, SetReviewQueueItemStatus, SetReviewQueueItemStatusReply,
    checks::review_queues as checks,
};

use super::{USUAL, by_id, viewed};
use crate::{
    Error,
    allow::denied,
    operation::{Access, Context, Level, Need, Object, Operation, Queue, Share},
    routes::Route,
    search::review::{List, find},
    sql::{ROWS, marks, tuples},
    store::{Connection, Row, Value},
};

const LIST: List<'_> = List {
    table: "review_queue_items",
    time: "creation_time_ms",
    id: "item_id",
    columns: "queue_id, item_id, status, completed_by, completed_time_ms, creation_time_ms, last_update_time_ms",
};

/// The routes of what is in queues.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::of::<AddItemsToReviewQueue>(),
        Route::of::<RemoveItemsFromReviewQueue>(),
        Route::of::<ListReviewQueueItems>(),
        Route::of::<SetReviewQueueItemStatus>(),
    ]
}

/// An item, from [`LIST`]'s columns, of which the first is at `at`.
fn of(row: &mut Row, at: usize) -> Result<ReviewQueueItem, Error> {
    let status = match row.take::<String>(at + 2)?.as_str() {
        "complete" => ReviewStatus::Complete,
        "declined" => ReviewStatus::Declined,
        _ => ReviewStatus::Pending,
    };
    Ok(ReviewQueueItem {
        queue_id: row.take(at)?,
        item_type: ReviewItemType::Trace,
        item_id: row.take(at + 1)?,
        status,
        completed_by: row.take(at + 3)?,
        completed_time_ms: row.take(at + 4)?,
        creation_time_ms: row.take(at + 5)?,
        last_update_time_ms: row.take(at + 6)?,
    })
}

/// Those of some items that are in a queue, in the order of `ids`.
fn load(
    on: &mut dyn Connection,
    queue_id: &str,
    ids: &[String],
) -> Result<Vec<ReviewQueueItem>, Error> {
    let mut found = HashMap::new();
    for ids in ids.chunks(ROWS) {
        let sql = format!(
            "SELECT {} FROM review_queue_items WHERE queue_id = ? AND item_id IN ({})",
            LIST.columns,
            marks(ids.len())
        );
        for mut row in on.query(&sql, &values(queue_id, ids))? {
            let item = of(&mut row, 0)?;
            found.insert(item.item_id.clone(), item);
        }
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

fn values(queue_id: &str, ids: &[String]) -> Vec<Value> {
    [queue_id.into()].into_iter().chain(ids.iter().map(Value::from)).collect()
}

impl Operation for AddItemsToReviewQueue {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::ReviewQueue(Queue::Id(&self.queue_id), Share::None))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let ids = checks::item_ids(&self.item_ids)?;
        let queue = by_id(on, context, &self.queue_id)?;
        let queue_id = &queue.queue_id;
        let mut strangers = Vec::new();
        for ids in ids.chunks(ROWS) {
            let sql = format!(
                "SELECT request_id FROM trace_info WHERE experiment_id = ? AND request_id IN ({})",
                marks(ids.len())
            );
            let number = queue.experiment_id.parse::<i64>().unwrap_or_default();
            let values: Vec<_> =
                [number.into()].into_iter().chain(ids.iter().map(Value::from)).collect();
            let mut known = Vec::new();
            for mut row in on.query(&sql, &values)? {
                known.push(row.take::<String>(0)?);
            }
            strangers.extend(ids.iter().filter(|it| !known.contains(it)).cloned());
        }
        if !strangers.is_empty() {
            return Err(Error::missing(format!(
                "Cannot attach trace(s) {} to review queue '{queue_id}': they do not exist in experiment '{}'.",
                checks::list(&strangers),
                queue.experiment_id
            )));
        }
        // the queue's questions stay as they are from now on: who changes them meanwhile is in the way
        let sql = "UPDATE review_queues SET queue_id = queue_id WHERE queue_id = ?";
        on.execute(sql, &[queue_id.into()])?;
        for ids in ids.chunks(ROWS / 6) {
            let sql = format!(
                "INSERT INTO review_queue_items (queue_id, item_type, item_id, status, creation_time_ms, last_update_time_ms) VALUES {} ON CONFLICT DO NOTHING",
                tuples(6, ids.len())
            );
            let now = Value::from(context.now);
            let values = ids.iter().flat_map(|id| {
                let (kind, status) = ("trace".into(), "pending".into());
                [queue_id.into(), kind, id.into(), status, now.clone(), now.clone()]
            });
            on.execute(&sql, &values.collect::<Vec<_>>())?;
        }
        Ok(AddItemsToReviewQueueReply { items: load(on, queue_id, &ids)? })
    }
}

impl Operation for RemoveItemsFromReviewQueue {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        let queue = Queue::Id(&self.queue_id);
        Need::of(Level::Manage, Object::ReviewQueue(queue, Share::MakerOfCustom))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let ids = checks::item_ids(&self.item_ids)?;
        let queue = by_id(on, context, &self.queue_id)?;
        for ids in ids.chunks(ROWS) {
            let sql = format!(
                "DELETE FROM review_queue_items WHERE queue_id = ? AND item_id IN ({})",
                marks(ids.len())
            );
            on.execute(&sql, &values(&queue.queue_id, ids))?;
        }
        Ok(Done)
    }
}

impl Operation for ListReviewQueueItems {
    const ACCESS: Access = Access::Read;

    fn needs(&self) -> Need<'_> {
        viewed(Queue::Id(&self.queue_id))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let queue = by_id(on, context, &self.queue_id)?;
        let mut conditions: Vec<(&str, Value)> =
            vec![("review_queue_items.queue_id = ?", queue.queue_id.into())];
        if let Some(status) = self.status.filter(|it| *it != ReviewStatus::Unspecified) {
            conditions.push(("review_queue_items.status = ?", checks::status(status)?.into()));
        }
        let asked = (self.max_results, self.page_token.as_deref());
        let page = find(on, LIST, &conditions, asked, USUAL, |row| of(row, 2))?;
        Ok(ListReviewQueueItemsReply {
            items: page.found,
            next_page_token: page.next.unwrap_or_default(),
        })
    }
}

impl Operation for SetReviewQueueItemStatus {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        Need::of(Level::Edit, Object::ReviewQueue(Queue::Id(&self.queue_id), Share::None))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let status = checks::status(self.status)?;
        let user = context.caller.user.as_deref();
        let by = match (user, self.status) {
            (Some(_), ReviewStatus::Pending) => None,
            (Some(user), _) => Some(user),
            (None, _) => self.completed_by.as_deref(),
        };
        let by = checks::completed_by(status, by)?;
        let queue = by_id(on, context, &self.queue_id)?;
        // nobody but an administrator reviews in a queue of others, whoever manages it
        if !context.caller.rights.is_all()
            && !user.is_some_and(|it| queue.users.contains(&checks::user(it)))
        {
            return Err(denied());
        }
        let ids = [self.item_id.trim().to_owned()];
        let found = load(on, &queue.queue_id, &ids)?.pop();
        let mut item = found.ok_or_else(|| {
            Error::missing(format!(
                "Item '{}' is not attached to review queue '{}'.",
                self.item_id.trim(),
                queue.queue_id
            ))
        })?;
        // who was first stays the one who made it so
        if item.status == self.status {
            return Ok(SetReviewQueueItemStatusReply { item });
        }
        item.completed_time_ms = by.is_some().then_some(context.now);
        item.completed_by = by;
        item.status = self.status;
        item.last_update_time_ms = context.now;
        let sql = "UPDATE review_queue_items SET status = ?, completed_by = ?, completed_time_ms = ?, last_update_time_ms = ? WHERE queue_id = ? AND item_id = ?";
        let values = [
            status.into(),
            item.completed_by.clone().into(),
            item.completed_time_ms.into(),
            context.now.into(),
            (&item.queue_id).into(),
            (&item.item_id).into(),
        ];
        on.execute(sql, &values)?;
        Ok(SetReviewQueueItemStatusReply { item })
    }
}
