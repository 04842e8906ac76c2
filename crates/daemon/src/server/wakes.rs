//! What wakes a connection's task while it is polled.
//!
//! hyper lets the task of an HTTP/1 connection be woken when its service takes a part of a body, since
//! there may be a next part to read. Behind the last part there is none, and the task would be polled
//! once more for nothing, which costs a small request a tenth of its time.

use std::{
    ptr,
    sync::atomic::{
        AtomicPtr, AtomicU32,
        Ordering::{AcqRel, Acquire, Relaxed, Release},
    },
    task::{Context, Waker},
};

/// Holds wakes back while a task is polled, and counts them.
#[derive(Debug, Default)]
pub(super) struct Wakes {
    /// 0 while the task is not polled, else 1 and the wakes that are held back.
    held: AtomicU32,
    /// The waker that the task is polled with, to tell it from every other.
    waker: AtomicPtr<()>,
}

impl Wakes {
    /// The task is polled from now on, with `waker`, which asks [`Wakes::hold`] first.
    pub(super) fn poll_begins(&self, waker: &Waker) {
        self.waker.store(waker.data().cast_mut(), Relaxed);
        self.held.store(1, Release);
    }

    /// The poll is over; true when a wake was held back, and the task has to be polled again.
    pub(super) fn poll_ends(&self) -> bool {
        self.held.swap(0, AcqRel) > 1
    }

    /// Holds a wake back; false when the task is not polled now and has to be woken.
    pub(super) fn hold(&self) -> bool {
        let more = |held: u32| (held > 0).then(|| held.saturating_add(1));
        self.held.fetch_update(AcqRel, Acquire, more).is_ok()
    }

    /// How many wakes are held back now; `None` outside of a poll with the task's own waker.
    pub(super) fn held(&self, cx: &Context<'_>) -> Option<u32> {
        let own = ptr::eq(cx.waker().data(), self.waker.load(Relaxed));
        own.then(|| self.held.load(Acquire)).filter(|held| *held > 0)
    }

    /// Takes back the last wake when it is the only one since `before` wakes were held back.
    pub(super) fn forget(&self, before: u32) {
        // this fails when others came meanwhile: one poll more does no harm
        let _ = self.held.compare_exchange(before.saturating_add(1), before, AcqRel, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wakes_are_held_back_only_while_the_task_is_polled() {
        let (wakes, waker) = (Wakes::default(), Waker::noop());
        let cx = Context::from_waker(waker);
        assert!(!wakes.hold() && wakes.held(&cx).is_none());
        wakes.poll_begins(waker);
        assert_eq!(wakes.held(&cx), Some(1));
        assert!(!wakes.poll_ends());
        wakes.poll_begins(waker);
        assert!(wakes.hold() && wakes.poll_ends());
        assert!(!wakes.hold(), "nobody looks at what is held back between two polls");
    }

    #[test]
    fn only_one_wake_is_taken_back() {
        let (wakes, waker) = (Wakes::default(), Waker::noop());
        wakes.poll_begins(waker);
        assert!(wakes.hold());
        wakes.forget(1);
        assert!(!wakes.poll_ends());
        wakes.poll_begins(waker);
        assert!(wakes.hold() && wakes.hold());
        wakes.forget(1);
        assert!(wakes.poll_ends(), "one of the two may be another's");
    }
}
