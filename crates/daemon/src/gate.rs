//! Permits: how many of a thing there may be at a time.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
};

/// A number of permits. Nobody waits for one: a caller gets it or is refused.
#[derive(Clone, Debug)]
pub struct Gate(Arc<State>);

#[derive(Debug)]
struct State {
    taken: AtomicUsize,
    refused: AtomicU64,
    limit: usize,
}

/// Some permits, given back when dropped.
#[derive(Debug)]
pub struct Permit {
    state: Arc<State>,
    count: usize,
}

impl Gate {
    /// A gate with `limit` permits.
    pub fn new(limit: usize) -> Self {
        let (taken, refused) = (AtomicUsize::new(0), AtomicU64::new(0));
        Self(Arc::new(State { taken, refused, limit }))
    }

    /// Takes `count` permits, or none when fewer are left.
    pub fn enter(&self, count: usize) -> Option<Permit> {
        let before = self.0.taken.fetch_add(count, Relaxed);
        let permit = Permit { state: self.0.clone(), count };
        if before.saturating_add(count) <= self.0.limit {
            return Some(permit);
        }
        // dropping the permit gives back what was too much
        self.0.refused.fetch_add(1, Relaxed);
        None
    }

    /// A permit for nothing yet.
    pub fn none(&self) -> Permit {
        Permit { state: self.0.clone(), count: 0 }
    }

    /// How often [`Gate::enter`] has refused.
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Relaxed)
    }

    /// Permits taken now.
    pub fn taken(&self) -> usize {
        self.0.taken.load(Relaxed)
    }
}

impl Permit {
    /// Takes `count` more permits; false when fewer are left.
    pub fn grow(&mut self, count: usize) -> bool {
        let before = self.state.taken.fetch_add(count, Relaxed);
        self.count += count;
        before.saturating_add(count) <= self.state.limit
    }

    /// Gives back what is above `count`.
    pub fn shrink(&mut self, count: usize) {
        let surplus = self.count.saturating_sub(count);
        self.state.taken.fetch_sub(surplus, Relaxed);
        self.count -= surplus;
    }

    /// What it holds.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The limit of its gate.
    pub fn limit(&self) -> usize {
        self.state.limit
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.state.taken.fetch_sub(self.count, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::Gate;

    #[test]
    fn permits_come_back() {
        let gate = Gate::new(3);
        let mut two = gate.enter(2).unwrap();
        assert!(gate.enter(2).is_none());
        assert_eq!((gate.taken(), gate.refused()), (2, 1));
        assert!(two.grow(1));
        assert!(gate.enter(1).is_none());
        assert!(!two.grow(1));
        two.shrink(1);
        assert_eq!((gate.taken(), two.count(), two.limit()), (1, 1, 3));
        assert!(gate.none().grow(2));
        drop(two);
        assert_eq!(gate.taken(), 0);
    }
}
