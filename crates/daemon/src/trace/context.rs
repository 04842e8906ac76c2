//! Which trace a request belongs to (W3C Trace Context, level 1), and whether it is sampled.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use http::HeaderMap;

/// Longest `tracestate` that is handed on, in bytes: the standard asks for at least as much.
const LONGEST_STATE: usize = 512;

/// The trace of a request, its own span, and the span of its caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Context {
    pub(super) trace: [u8; 16],
    pub(super) span: [u8; 8],
    /// The caller's span.
    pub(super) parent: Option<[u8; 8]>,
    /// `tracestate`, as it came.
    pub(super) state: String,
}

/// The share of requests that are sampled when their callers do not trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sampler(u64);

/// The numbers of traces and spans.
pub(super) struct Ids {
    key: RandomState,
    next: AtomicU64,
}

impl Sampler {
    /// `ratio` is between 0 and 1.
    pub(super) fn new(ratio: f64) -> Self {
        Self((ratio * (1_u64 << 56) as f64) as u64)
    }

    /// Decides by the last 7 bytes of the trace's number, which are random (level 2 of the standard): services
    /// with the same share choose the same traces.
    fn takes(self, trace: &[u8; 16]) -> bool {
        let low = trace.iter().skip(9).fold(0, |value, byte| value << 8 | u64::from(*byte));
        low < self.0
    }
}

impl Ids {
    pub(super) fn new() -> Self {
        Self { key: RandomState::new(), next: AtomicU64::new(0) }
    }

    /// 64 bits that nobody foresees and that are not 0: a keyed hash of a count.
    fn draw(&self) -> [u8; 8] {
        loop {
            let mut hasher = self.key.build_hasher();
            hasher.write_u64(self.next.fetch_add(1, Relaxed));
            let drawn = hasher.finish();
            if drawn != 0 {
                return drawn.to_be_bytes();
            }
        }
    }
}

impl Context {
    /// The context of a request; `None` when it is not sampled.
    pub(super) fn of(headers: &HeaderMap, sampler: Sampler, ids: &Ids) -> Option<Self> {
        let caller = headers.get("traceparent").and_then(|value| parse(value.as_bytes()));
        let Some(caller) = caller else {
            let mut trace = [0; 16];
            trace[..8].copy_from_slice(&ids.draw());
            trace[8..].copy_from_slice(&ids.draw());
            let context = || Self { trace, span: ids.draw(), parent: None, state: String::new() };
            return sampler.takes(&trace).then(context);
        };
        caller.sampled.then(|| Self {
            trace: caller.trace,
            span: ids.draw(),
            parent: Some(caller.span),
            state: state(headers),
        })
    }
}

/// `tracestate`, which may come in several headers: those that are no text are left out, and all of
/// it when it is too long.
fn state(headers: &HeaderMap) -> String {
    let values = headers.get_all("tracestate").iter().filter_map(|value| value.to_str().ok());
    let state = values.collect::<Vec<_>>().join(",");
    if state.len() <= LONGEST_STATE { state } else { String::new() }
}

/// What `traceparent` says.
struct Caller {
    trace: [u8; 16],
    span: [u8; 8],
    sampled: bool,
}

/// Reads `VERSION-TRACE-SPAN-FLAGS`; a later version may have more behind it. A header that is wrong counts as absent.
fn parse(text: &[u8]) -> Option<Caller> {
    let (head, rest) = text.split_at_checked(55)?;
    let mut parts = head.split(|byte| *byte == b'-');
    let [version] = digits::<1>(parts.next()?)?;
    let (trace, span) = (digits(parts.next()?)?, digits(parts.next()?)?);
    let [flags] = digits::<1>(parts.next()?)?;
    let ends_well = rest.is_empty() || (version > 0 && rest.first() == Some(&b'-'));
    if version == 0xff || !ends_well || trace == [0; 16] || span == [0; 8] {
        return None;
    }
    Some(Caller { trace, span, sampled: flags & 1 == 1 })
}

/// Reads hexadecimal digits as bytes. The standard has no upper-case ones.
fn digits<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut out = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in out.iter_mut().zip(text.chunks(2)) {
        let &[high, low] = pair else { return None };
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(traceparent: &str, ratio: f64) -> Option<Context> {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", HeaderValue::try_from(traceparent).unwrap());
        headers.append("tracestate", HeaderValue::from_static("a=1"));
        headers.append("tracestate", HeaderValue::from_static("b=2"));
        Context::of(&headers, Sampler::new(ratio), &Ids::new())
    }

    const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_caller_that_traces_decides() {
        let context = of(CALLER, 0.0).unwrap();
        assert_eq!(u128::from_be_bytes(context.trace), 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
        assert_eq!(context.parent, Some(0x00f0_67aa_0ba9_02b7_u64.to_be_bytes()));
        assert_eq!(context.state, "a=1,b=2");
        assert_ne!(Some(context.span), context.parent);
        assert_eq!(of(&CALLER.replace("-01", "-00"), 1.0), None);
        // a later version, with more behind it
        assert!(of(&format!("01{}-extra", &CALLER[2..]), 0.0).is_some());
    }

    #[test]
    fn a_wrong_header_counts_as_absent() {
        let zero_trace = format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32));
        let zero_span = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{}-01", "0".repeat(16));
        let later = format!("{CALLER}-extra");
        let version = format!("ff{}", &CALLER[2..]);
        let upper = CALLER.to_uppercase();
        let split = CALLER.replace("4bf9-", "4bf-9");
        for wrong in [
            "",
            "00",
            &zero_trace,
            &zero_span,
            &later,
            &version,
            &upper,
            &CALLER[..54],
            &split[1..],
        ] {
            assert_eq!(of(wrong, 0.0), None, "{wrong}");
            let context = of(wrong, 1.0).unwrap();
            assert_eq!((context.parent, &*context.state), (None, ""), "{wrong}");
        }
    }

    #[test]
    fn the_share_that_is_set_is_taken_of_the_others() {
        let (ids, none) = (Ids::new(), HeaderMap::new());
        let taken = |ratio: f64| {
            let sampler = Sampler::new(ratio);
            (0..20_000).filter(|_| Context::of(&none, sampler, &ids).is_some()).count()
        };
        assert_eq!(taken(0.0), 0);
        assert_eq!(taken(1.0), 20_000);
        // 2,000 expected; 300 is seven standard deviations
        let tenth = taken(0.1);
        assert!((1_700..2_300).contains(&tenth), "{tenth}");
    }

    #[test]
    fn numbers_differ() {
        let ids = Ids::new();
        let drawn: std::collections::HashSet<_> = (0..10_000).map(|_| ids.draw()).collect();
        assert_eq!(drawn.len(), 10_000);
    }
}
