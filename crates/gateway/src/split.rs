//! Which revision gets a request.

use std::sync::Arc;

use hyper::{HeaderMap, header::COOKIE};
use longshore_platform::Sticky;

use crate::{Revision, rendezvous, service::Share};

/// The revision for a request, by its share. `key` is the same for all requests of a client that is
/// kept at one revision; `draw` gives a random number for all others.
pub(crate) fn choose<'s>(
    shares: &'s [Share],
    key: Option<&[u8]>,
    draw: impl FnOnce() -> u64,
) -> Option<&'s Arc<Revision>> {
    let with_share = || shares.iter().filter(|share| share.percent > 0);
    let mut several = with_share();
    let first = several.next()?;
    if several.next().is_none() {
        return Some(&first.revision);
    }
    let Some(key) = key else {
        // 100 divides no power of two, but 2^64 is so much larger that nobody can count the difference
        let mut drawn = (draw() % 100) as u32;
        return with_share()
            .find(|share| {
                let is_it = drawn < share.percent;
                drawn = drawn.saturating_sub(share.percent);
                is_it
            })
            .map(|share| &share.revision);
    };
    let score = |share: &Share| f64::from(share.percent) / -unit(key, share.revision.name()).ln();
    let best = with_share().max_by(|one, other| score(one).total_cmp(&score(other)));
    best.map(|share| &share.revision)
}

/// A number between 0 and 1 that a client's key draws for a revision: weighted rendezvous hashing
/// (Schindelhauer and Schomaker, "Weighted distributed hash tables", 2005). A share that grows takes
/// clients from the others, and no client goes another way. All gateways draw the same.
fn unit(key: &[u8], revision: &str) -> f64 {
    let drawn = rendezvous::draw(key, revision.as_bytes());
    ((drawn >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
}

/// What a client is known by, when it is to be kept at one revision and says it.
pub(crate) fn key<'h>(sticky: Option<&Sticky>, headers: &'h HeaderMap) -> Option<&'h [u8]> {
    match sticky? {
        Sticky::Header(name) => {
            headers.get(name.as_str()).map(hyper::header::HeaderValue::as_bytes)
        }
        Sticky::Cookie(name) => {
            let cookies = headers.get_all(COOKIE).iter();
            let mut pairs = cookies.flat_map(|list| list.as_bytes().split(|byte| *byte == b';'));
            pairs.find_map(|pair| {
                let pair = pair.trim_ascii();
                pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")
            })
        }
    }
    .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use hyper::header::HeaderValue;

    use super::*;

    fn shares(percents: &[u32]) -> Vec<Share> {
        let made = percents.iter().enumerate().map(|(at, percent)| {
            let name = format!("iris-predictor-0000{at}-abcde");
            let revision = Arc::new(Revision::new("ml", &name, Instant::now(), None));
            Share { revision, percent: *percent, copies: None }
        });
        made.collect()
    }

    #[test]
    fn every_hundredth_goes_where_its_share_is() {
        let shares = shares(&[90, 0, 10]);
        let mut counts = [0; 3];
        for drawn in 0..1000 {
            let chosen = choose(&shares, None, || drawn).unwrap();
            let at = shares.iter().position(|share| Arc::ptr_eq(&share.revision, chosen));
            counts[at.unwrap()] += 1;
        }
        assert_eq!(counts, [900, 0, 100]);
        assert!(choose(&[], None, || 0).is_none());
    }

    #[test]
    fn a_growing_share_takes_clients_and_gives_none_back() {
        const CLIENTS: usize = 20_000;
        let made = shares(&[100, 0]);
        let with = |canary: u32| {
            let mut shares = made.clone();
            shares[0].percent = 100 - canary;
            shares[1].percent = canary;
            let at = |client: usize| {
                let key = format!("client-{client}");
                let chosen = choose(&shares, Some(key.as_bytes()), || 0).unwrap().clone();
                Arc::ptr_eq(&chosen, &shares[1].revision)
            };
            (0..CLIENTS).map(at).collect::<Vec<bool>>()
        };
        let mut before = with(0);
        assert!(before.iter().all(|at_canary| !at_canary));
        for canary in [1, 10, 50, 90, 100] {
            let after = with(canary);
            assert!(before.iter().zip(&after).all(|(before, after)| !before | after));
            let share = after.iter().filter(|at| **at).count() as f64 / CLIENTS as f64;
            assert!((share - f64::from(canary) / 100.0).abs() < 0.015, "{canary}: {share}");
            before = after;
        }
    }

    #[test]
    fn a_client_is_known_by_a_header_or_a_cookie() {
        let mut headers = HeaderMap::new();
        headers.insert("x-user", HeaderValue::from_static("ann"));
        headers.append(COOKIE, HeaderValue::from_static("a=1; session=b=c"));
        let key = |sticky: &str| key(Some(&sticky.parse().unwrap()), &headers);
        assert_eq!(key("header=X-User"), Some(b"ann".as_slice()));
        assert_eq!(key("cookie=session"), Some(b"b=c".as_slice()));
        assert_eq!(key("cookie=sess"), None);
        assert_eq!(super::key(None, &headers), None);
    }
}
