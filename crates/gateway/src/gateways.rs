//! The gateways of a release, and which of them has the queue of a revision.

use std::net::{IpAddr, SocketAddr};

use crate::rendezvous;

/// The gateways as one of them knows them, by the addresses of their ports for peers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gateways {
    /// This one; `None` while it has not been told.
    pub(crate) own: Option<SocketAddr>,
    /// Those that take requests.
    pub(crate) ready: Vec<SocketAddr>,
    /// Those that begin, or go down and still have requests.
    pub(crate) others: Vec<SocketAddr>,
    /// This one goes down.
    pub(crate) is_leaving: bool,
}

impl Gateways {
    /// The other gateway that has the queue of a revision; `None` when this one has it. It is drawn from
    /// those that take requests, so that one that comes or goes moves few queues.
    pub(crate) fn owner(&self, namespace: &str, revision: &str) -> Option<SocketAddr> {
        let own = self.own?;
        let key = format!("{namespace}/{revision}");
        let score = |it: &SocketAddr| rendezvous::draw(key.as_bytes(), it.to_string().as_bytes());
        let best = self.stay().max_by_key(|it| (score(it), *it))?;
        (best != own).then_some(best)
    }

    /// Those among which queues are drawn.
    pub(crate) fn stay(&self) -> impl Iterator<Item = SocketAddr> {
        let goes = self.own.filter(|_| self.is_leaving);
        self.ready.iter().copied().filter(move |it| Some(*it) != goes)
    }

    /// All but this one.
    pub(crate) fn peers(&self) -> impl Iterator<Item = SocketAddr> {
        self.ready.iter().chain(&self.others).copied().filter(|it| Some(*it) != self.own)
    }

    /// True when another gateway may speak from this address.
    pub(crate) fn has(&self, peer: IpAddr) -> bool {
        self.ready.iter().chain(&self.others).any(|it| it.ip() == peer)
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::Gateways;

    fn known(own: u8, ready: &[u8]) -> Gateways {
        let address = |last: &u8| SocketAddr::from(([10, 0, 0, *last], 9091));
        let ready = ready.iter().map(address).collect();
        Gateways { own: Some(address(&own)), ready, ..Gateways::default() }
    }

    /// Who has the queue of a revision in the eyes of `of`.
    fn owner(of: &Gateways, revision: &str) -> SocketAddr {
        of.owner("ml", revision).or(of.own).unwrap()
    }

    #[test]
    fn all_agree_each_has_a_share_and_one_that_goes_moves_its_own_alone() {
        let three: Vec<_> = [1, 2, 3].iter().map(|own| known(*own, &[3, 1, 2])).collect();
        let two = known(1, &[1, 2]);
        let mut counts = [0; 3];
        for number in 0..3000 {
            let revision = format!("iris-predictor-{number:05}-abcde");
            let first = owner(&three[0], &revision);
            assert!(three.iter().all(|it| owner(it, &revision) == first));
            let at = three.iter().position(|it| it.own == Some(first)).unwrap();
            counts[at] += 1;
            assert!(at == 2 || owner(&two, &revision) == first);
        }
        assert!(counts.iter().all(|count| *count > 900), "{counts:?}");
    }

    #[test]
    fn one_that_goes_has_none_unless_it_is_alone() {
        let leaving = |ready: &[u8]| Gateways { is_leaving: true, ..known(1, ready) };
        for number in 0..100 {
            let revision = number.to_string();
            assert_eq!(
                leaving(&[1, 2]).owner("ml", &revision),
                leaving(&[2]).owner("ml", &revision)
            );
            assert!(leaving(&[1, 2]).owner("ml", &revision).is_some());
            assert_eq!(leaving(&[1]).owner("ml", &revision), None);
            // one that is not ready has none either, and one that knows of no other has all
            assert!(known(1, &[2]).owner("ml", &revision).is_some());
            assert_eq!(known(1, &[]).owner("ml", &revision), None);
            assert_eq!(Gateways::default().owner("ml", &revision), None);
        }
    }
}
