//! Freeing models that were replaced.

use std::{
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

use crate::repository::Served;

/// How often a replaced model is looked at until nobody uses it any more.
const LOOK: Duration = Duration::from_millis(20);

/// A thread that frees models once the last request that uses them is answered. Freeing takes time
/// for a large one: the event loop that happens to answer that request must not do it.
#[derive(Debug, Default)]
pub(super) struct Release(Option<Sender<Arc<Served>>>);

impl Release {
    /// Frees these when nobody else has them. Without a thread, whoever uses them last does.
    pub(super) fn take(&mut self, models: Vec<Arc<Served>>) {
        for model in models {
            let sent = match self.0.get_or_insert_with(start).send(model) {
                Ok(()) => continue,
                Err(unsent) => unsent.0,
            };
            tracing::debug!(model = &*sent.name, "no thread to free a replaced model");
        }
    }
}

fn start() -> Sender<Arc<Served>> {
    let (sender, receiver) = mpsc::channel();
    let work = move || {
        let mut waiting: Vec<Arc<Served>> = Vec::new();
        loop {
            let next = match &waiting[..] {
                [] => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
                _ => receiver.recv_timeout(LOOK),
            };
            match next {
                Ok(model) => waiting.push(model),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            waiting.retain(|model| Arc::strong_count(model) > 1);
        }
    };
    if let Err(error) = thread::Builder::new().name("release".into()).spawn(work) {
        tracing::debug!(%error, "no thread to free replaced models");
    }
    sender
}
