//! Review queues: which traces of an experiment people look at, by which questions.

use super::{
    Done,
    call::calls,
    message::{messages, names},
};

names! {
    /// Whose a queue is.
    pub enum ReviewQueueType {
        /// Not said.
        Unspecified = ("REVIEW_QUEUE_TYPE_UNSPECIFIED", 0),
        /// The queue of one user, with that name and all questions of the experiment.
        User = ("USER", 1),
        /// One with a name, users and questions that were chosen.
        Custom = ("CUSTOM", 2),
    }

    /// What is in a queue.
    pub enum ReviewItemType {
        /// Not said.
        Unspecified = ("REVIEW_ITEM_TYPE_UNSPECIFIED", 0),
        /// A trace.
        Trace = ("TRACE", 1),
    }

    /// How far an item is.
    pub enum ReviewStatus {
        /// Not said.
        Unspecified = ("REVIEW_STATUS_UNSPECIFIED", 0),
        /// Somebody has to look at it.
        Pending = ("PENDING", 1),
        /// Somebody has.
        Complete = ("COMPLETE", 2),
        /// Nobody will.
        Declined = ("DECLINED", 3),
    }
}

messages! {
    /// A queue.
    pub struct ReviewQueue {
        /// `rq-` and 32 hexadecimal digits.
        queue_id: String,
        /// The experiment it belongs to.
        experiment_id: String,
        /// Its name, one of its experiment in any case of its letters.
        name: String,
        /// Whose it is.
        queue_type: ReviewQueueType,
        /// Who made it.
        created_by: Option<String>,
        /// Milliseconds since 1970.
        creation_time_ms: i64,
        /// Milliseconds since 1970.
        last_update_time_ms: i64,
        /// Who reviews, in lower case.
        users: Vec<String>,
        /// The ids of its questions; none of a user's queue.
        schema_ids: Vec<String>,
    }

    /// What is in a queue.
    pub struct ReviewQueueItem {
        /// The queue.
        queue_id: String,
        /// What it is.
        item_type: ReviewItemType,
        /// Its id.
        item_id: String,
        /// How far it is.
        status: ReviewStatus,
        /// Who made it so, unless it is pending.
        completed_by: Option<String>,
        /// Milliseconds since 1970.
        completed_time_ms: Option<i64>,
        /// Milliseconds since 1970.
        creation_time_ms: i64,
        /// Milliseconds since 1970.
        last_update_time_ms: i64,
    }

    /// Makes a queue.
    pub struct CreateReviewQueue {
        /// The experiment, which must be active.
        experiment_id: String,
        /// Its name.
        name: String,
        /// Whose it is.
        queue_type (default): ReviewQueueType,
        /// Ignored: who asks has made it.
        created_by: Option<String>,
        /// Who reviews.
        users: Vec<String>,
        /// The ids of its questions.
        schema_ids: Vec<String>,
    }

    /// Asks for the queue of a user, and makes it when there is none.
    pub struct GetOrCreateUserQueue {
        /// The experiment, which must be active.
        experiment_id: String,
        /// The user.
        user: String,
        /// Ignored: the user has made it.
        created_by: Option<String>,
    }

    /// Asks for a queue by its id.
    pub struct GetReviewQueue {
        /// Its id.
        queue_id: String,
    }

    /// Asks for a queue by its name.
    pub struct GetReviewQueueByName {
        /// The experiment, which must be active.
        experiment_id: String,
        /// The name, in any case of its letters.
        name: String,
    }

    /// Asks for the queues of an experiment, the newest first.
    pub struct ListReviewQueues {
        /// The experiment, which must be active.
        experiment_id: String,
        /// Those that this user reviews.
        user: Option<String>,
        /// Most of a page; 1000 when it is not said.
        max_results: Option<i32>,
        /// The page; the first when it is not said.
        page_token: Option<String>,
        /// Those that this is in.
        item_id: Option<String>,
    }

    /// The answer to [`ListReviewQueues`].
    pub struct ListReviewQueuesReply {
        /// The queues.
        review_queues: Vec<ReviewQueue>,
        /// The next page; empty on the last.
        next_page_token (default): String,
    }

    /// Changes a queue that is no user's: what is not said stays.
    pub struct UpdateReviewQueue {
        /// Its id.
        queue_id: String,
        /// Whether `users` counts.
        update_users: Option<bool>,
        /// Who reviews.
        users: Vec<String>,
        /// Whether `schema_ids` counts.
        update_schema_ids: Option<bool>,
        /// The ids of its questions.
        schema_ids: Vec<String>,
        /// Its name.
        name: Option<String>,
        /// Who has made it, from now on.
        new_owner: Option<String>,
    }

    /// Removes a queue. One that is not there is removed already.
    pub struct DeleteReviewQueue {
        /// Its id.
        queue_id: String,
    }

    /// The answer to requests about one queue.
    pub struct ReviewQueueReply {
        /// The queue.
        review_queue: ReviewQueue,
    }

    /// Puts traces into a queue. One that is there stays as it is.
    pub struct AddItemsToReviewQueue {
        /// The queue.
        queue_id: String,
        /// What they are.
        item_type: Option<ReviewItemType>,
        /// Their ids.
        item_ids: Vec<String>,
    }

    /// The answer to [`AddItemsToReviewQueue`].
    pub struct AddItemsToReviewQueueReply {
        /// What was asked for, in that order.
        items: Vec<ReviewQueueItem>,
    }

    /// Takes traces out of a queue.
    pub struct RemoveItemsFromReviewQueue {
        /// The queue.
        queue_id: String,
        /// Their ids.
        item_ids: Vec<String>,
    }

    /// Asks for what is in a queue, the newest first.
    pub struct ListReviewQueueItems {
        /// The queue.
        queue_id: String,
        /// Only those that are so far.
        status: Option<ReviewStatus>,
        /// Most of a page; 1000 when it is not said.
        max_results: Option<i32>,
        /// The page; the first when it is not said.
        page_token: Option<String>,
    }

    /// The answer to [`ListReviewQueueItems`].
    pub struct ListReviewQueueItemsReply {
        /// What is in it.
        items: Vec<ReviewQueueItem>,
        /// The next page; empty on the last.
        next_page_token (default): String,
    }

    /// Says how far an item is.
    pub struct SetReviewQueueItemStatus {
        /// The queue.
        queue_id: String,
        /// The item.
        item_id: String,
        /// How far.
        status (default): ReviewStatus,
        /// Who made it so. Where there are users, it is the one who asks.
        completed_by: Option<String>,
    }

    /// The answer to [`SetReviewQueueItemStatus`].
    pub struct SetReviewQueueItemStatusReply {
        /// The item.
        item: ReviewQueueItem,
    }
}

calls! {
    CreateReviewQueue: Post "3.0/mlflow/review-queues/create" -> ReviewQueueReply;
    GetOrCreateUserQueue: Post "3.0/mlflow/review-queues/get-or-create-user" -> ReviewQueueReply;
    GetReviewQueue: Get "3.0/mlflow/review-queues/get" -> ReviewQueueReply;
    GetReviewQueueByName: Get "3.0/mlflow/review-queues/get-by-name" -> ReviewQueueReply;
    ListReviewQueues: Get "3.0/mlflow/review-queues/list" -> ListReviewQueuesReply;
    UpdateReviewQueue: Post "3.0/mlflow/review-queues/update" -> ReviewQueueReply;
    DeleteReviewQueue: Post "3.0/mlflow/review-queues/delete" -> Done;
    AddItemsToReviewQueue: Post "3.0/mlflow/review-queues/items/add" -> AddItemsToReviewQueueReply;
    RemoveItemsFromReviewQueue: Post "3.0/mlflow/review-queues/items/remove" -> Done;
    ListReviewQueueItems: Get "3.0/mlflow/review-queues/items/list" -> ListReviewQueueItemsReply;
    SetReviewQueueItemStatus: Post "3.0/mlflow/review-queues/items/set-status" -> SetReviewQueueItemStatusReply;
}
