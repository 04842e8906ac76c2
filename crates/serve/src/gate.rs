use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

/// A number of permits; none is waited for.
#[derive(Clone, Debug)]
pub(crate) struct Gate(Arc<State>);

#[derive(Debug)]
struct State {
    taken: AtomicUsize,
    limit: usize,
}

/// Some permits, given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    state: Arc<State>,
    count: usize,
}

impl Gate {
    pub(crate) fn new(limit: usize) -> Self {
        Self(Arc::new(State { taken: AtomicUsize::new(0), limit }))
    }

    /// Takes `count` permits, or none when fewer are left.
    pub(crate) fn enter(&self, count: usize) -> Option<Permit> {
        let before = self.0.taken.fetch_add(count, Relaxed);
        let permit = Permit { state: self.0.clone(), count };
        // dropping the permit gives back what was too much
        (before.saturating_add(count) <= self.0.limit).then_some(permit)
    }

    /// A permit for nothing yet.
    pub(crate) fn none(&self) -> Permit {
        Permit { state: self.0.clone(), count: 0 }
    }

    /// Permits taken now.
    pub(crate) fn taken(&self) -> usize {
        self.0.taken.load(Relaxed)
    }
}

impl Permit {
    /// Takes `count` more permits; false when fewer are left.
    pub(crate) fn grow(&mut self, count: usize) -> bool {
        let before = self.state.taken.fetch_add(count, Relaxed);
        self.count += count;
        before.saturating_add(count) <= self.state.limit
    }

    /// Gives back what is above `count`.
    pub(crate) fn shrink(&mut self, count: usize) {
        let surplus = self.count.saturating_sub(count);
        self.state.taken.fetch_sub(surplus, Relaxed);
        self.count -= surplus;
    }

    /// What it holds.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The limit of its gate.
    pub(crate) fn limit(&self) -> usize {
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
        assert_eq!(gate.taken(), 2);
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
