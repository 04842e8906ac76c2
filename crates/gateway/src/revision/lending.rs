use std::{collections::HashMap, net::SocketAddr};

/// Which start of a gateway gives slots; 0 is this one.
pub(crate) type Giver = u64;

/// Requests that a gateway has at replicas, by their addresses.
pub(crate) type Uses = HashMap<SocketAddr, u32>;

/// Who gives the slots of a revision whose replicas have a limit, and which of them others have given.
#[derive(Debug, Default)]
pub(super) struct Lending {
    /// The other gateway that gives them; `None` when this one does.
    owner: Option<SocketAddr>,
    /// Requests of this gateway that wait there.
    pub(super) away: usize,
    /// Requests of this gateway at replicas, by who has given their slots.
    uses: HashMap<(Giver, SocketAddr), u32>,
    /// The same of other gateways, as far as others have given their slots, by gateway.
    foreign: HashMap<SocketAddr, Uses>,
    /// This gateway gives the slots, and does not know yet which others have given.
    settles: bool,
}

impl Lending {
    pub(super) fn owner(&self) -> Option<SocketAddr> {
        self.owner
    }

    pub(super) fn set_owner(&mut self, owner: Option<SocketAddr>) {
        let was_away = std::mem::replace(&mut self.owner, owner).is_some();
        self.settles = owner.is_none() && (was_away || self.settles);
        if owner.is_some() {
            self.foreign.clear();
        }
    }

    /// True while this gateway does not know which slots others have given.
    pub(super) fn settles(&self) -> bool {
        self.settles
    }

    /// It knows.
    pub(super) fn has_settled(&mut self) {
        self.settles = false;
    }

    /// Which slots others have given to the gateway `peer`; `None` when that is gone.
    pub(super) fn set_foreign(&mut self, peer: SocketAddr, uses: Option<Uses>) {
        match uses.filter(|uses| !uses.is_empty() && self.owner.is_none()) {
            Some(uses) => self.foreign.insert(peer, uses),
            None => self.foreign.remove(&peer),
        };
    }

    /// The gateways that use slots which others have given.
    pub(super) fn foreign(&self) -> impl Iterator<Item = SocketAddr> {
        self.foreign.keys().copied()
    }

    /// Slots of the replica at this address that others have given, and whose requests go on.
    pub(super) fn elsewhere(&self, replica: SocketAddr) -> u32 {
        let counts = self.foreign.values().filter_map(|uses| uses.get(&replica));
        counts.fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// What requests of this gateway use, without the slots that `giver` has given.
    pub(super) fn uses(&self, giver: Giver) -> Uses {
        let mut uses = Uses::new();
        for ((other, replica), count) in &self.uses {
            if *other != giver {
                *uses.entry(*replica).or_default() += count;
            }
        }
        uses
    }

    /// A request of this gateway uses a slot that `giver` has given.
    pub(super) fn begins(&mut self, giver: Giver, replica: SocketAddr) {
        *self.uses.entry((giver, replica)).or_default() += 1;
    }

    /// It uses the slot no more.
    pub(super) fn ends(&mut self, giver: Giver, replica: SocketAddr) {
        let key = (giver, replica);
        if let Some(count) = self.uses.get_mut(&key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.uses.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::{Lending, Uses};

    fn at(last: u8) -> SocketAddr {
        ([10, 0, 0, last], 8080).into()
    }

    #[test]
    fn a_gateway_is_told_what_it_has_not_given_itself() {
        let mut lending = Lending::default();
        for (giver, replica) in [(0, 1), (7, 1), (7, 1), (9, 2)] {
            lending.begins(giver, at(replica));
        }
        assert_eq!(lending.uses(7), Uses::from([(at(1), 1), (at(2), 1)]));
        lending.ends(9, at(2));
        lending.ends(7, at(1));
        assert_eq!(lending.uses(9), Uses::from([(at(1), 2)]));
        lending.ends(7, at(1));
        lending.ends(0, at(1));
        assert_eq!(lending.uses(9), Uses::new());
    }

    #[test]
    fn it_waits_for_what_others_use_when_it_gets_the_slots_and_only_then() {
        let mut lending = Lending::default();
        lending.set_owner(None);
        assert!(!lending.settles(), "nobody gave them before");
        lending.set_owner(Some(at(9)));
        assert!(!lending.settles());
        lending.set_owner(None);
        lending.set_owner(None);
        assert!(lending.settles());
        lending.set_foreign(at(8), Some(Uses::from([(at(1), 2)])));
        lending.set_foreign(at(9), Some(Uses::from([(at(1), u32::MAX)])));
        assert_eq!((lending.elsewhere(at(1)), lending.elsewhere(at(2))), (u32::MAX, 0));
        lending.set_foreign(at(9), Some(Uses::new()));
        lending.has_settled();
        assert_eq!((lending.elsewhere(at(1)), lending.settles()), (2, false));
        assert_eq!(lending.foreign().collect::<Vec<_>>(), [at(8)]);
        lending.set_owner(Some(at(9)));
        assert_eq!(lending.elsewhere(at(1)), 0, "the other one counts them");
    }
}
