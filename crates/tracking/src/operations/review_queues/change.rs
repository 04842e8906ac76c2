//! Changing review queues, and removing them.

use longshore_mlflow::rest::{
    DeleteReviewQueue, Done, ReviewQueueReply, ReviewQueueType, UpdateReviewQueue,
    checks::review_queues as checks,
};

use super::{by_id, by_name, one, set_schemas, set_users, taken};
use crate::{
    Error,
    operation::{Access, Context, Level, Need, Object, Operation, Queue, Share},
    routes::Route,
    store::Connection,
};

/// The routes that change review queues.
pub(super) fn routes() -> Vec<Route> {
    vec![Route::of::<UpdateReviewQueue>(), Route::of::<DeleteReviewQueue>()]
}

impl Operation for UpdateReviewQueue {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        // who made a queue does not give it to another
        let share = if self.new_owner.is_some() { Share::None } else { Share::Maker };
        Need::of(Level::Manage, Object::ReviewQueue(Queue::Id(&self.queue_id), share))
    }

    fn claims(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let id = &self.queue_id;
        let queue = by_id(on, context, id)?;
        if queue.queue_type == ReviewQueueType::User {
            let words = "A user queue's name, assigned user, schemas, and owner are fixed and cannot be updated.";
            return Err(Error::invalid(words));
        }
        if let Some(user) = context.namesake {
            return Err(checks::namesake(user, false).into());
        }
        let changes_users = self.update_users.unwrap_or_default();
        let changes_schemas = self.update_schema_ids.unwrap_or_default();
        let changes_itself = self.name.is_some() || self.new_owner.is_some();
        if !changes_users && !changes_schemas && !changes_itself {
            return Ok(ReviewQueueReply { review_queue: queue });
        }
        // first, so that nothing is put into the queue meanwhile
        let sql = "UPDATE review_queues SET last_update_time_ms = ? WHERE queue_id = ?";
        on.execute(sql, &[context.now.into(), id.into()])?;
        if let Some(owner) = &self.new_owner {
            let sql = "UPDATE review_queues SET created_by = ? WHERE queue_id = ?";
            on.execute(sql, &[checks::owner(owner)?.into(), id.into()])?;
        }
        if let Some(name) = &self.name {
            let name = checks::name(name)?;
            let experiment = queue.experiment_id.parse().unwrap_or_default();
            let other = by_name(on, context, experiment, &name)?;
            if other.is_some_and(|it| it.queue_id != *id) {
                return Err(taken(&name));
            }
            let sql = "UPDATE review_queues SET name = ?, name_key = ? WHERE queue_id = ?";
            let key = name.to_lowercase();
            on.execute(sql, &[name.into(), key.into(), id.into()])?;
        }
        if changes_users {
            set_users(on, id, &checks::users(&self.users)?)?;
        }
        if changes_schemas {
            let sql = "SELECT 1 FROM review_queue_items WHERE queue_id = ? LIMIT 1";
            if on.first(sql, &[id.into()])?.is_some() {
                let words = "A review queue's questions are locked once items are assigned to it. Remove the items before changing its questions.";
                return Err(Error::invalid(words));
            }
            set_schemas(on, (id, &queue.experiment_id), &checks::schema_ids(&self.schema_ids)?)?;
        }
        Ok(ReviewQueueReply { review_queue: by_id(on, context, id)? })
    }
}

impl Operation for DeleteReviewQueue {
    const ACCESS: Access = Access::Write;

    fn needs(&self) -> Need<'_> {
        let queue = Queue::Id(&self.queue_id);
        Need::of(Level::Manage, Object::ReviewQueue(queue, Share::MakerOfCustom))
    }

    fn answer(&self, on: &mut dyn Connection, context: &Context<'_>) -> Result<Self::Reply, Error> {
        let id = &self.queue_id;
        if one(on, context, "q.queue_id = ?", &[id.into()])?.is_some() {
            // its users, questions and items go with it
            on.execute("DELETE FROM review_queues WHERE queue_id = ?", &[id.into()])?;
        }
        Ok(Done)
    }
}
