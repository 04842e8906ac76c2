//! Rows of a large batch split over the processor's cores.

use std::{num::NonZero, thread};

/// Least work that is worth a thread of its own, in steps of about a nanosecond.
const LEAST: usize = 1_000_000;

/// Calls `work` with the number of the first row and the answers of some rows, `width` values each,
/// until all of `out` is written. `cost` is about the nanoseconds that a row takes.
pub(crate) fn rows<T: Send>(
    out: &mut [T],
    width: usize,
    cost: usize,
    work: impl Fn(usize, &mut [T]) + Sync,
) {
    let width = width.max(1);
    let count = out.len() / width;
    let useful = count.saturating_mul(cost) / LEAST;
    let threads = match useful {
        0 | 1 => 1,
        _ => thread::available_parallelism().map_or(1, NonZero::get).min(useful),
    };
    if threads <= 1 {
        return work(0, out);
    }
    let each = count.div_ceil(threads);
    thread::scope(|scope| {
        let mut parts = out.chunks_mut(each * width).enumerate();
        let own = parts.next();
        for (part, out) in parts {
            let work = &work;
            scope.spawn(move || work(part * each, out));
        }
        if let Some((_, out)) = own {
            work(0, out);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::rows;

    #[test]
    fn every_row_is_answered_once() {
        for (count, cost) in [(0, 1), (1, 1), (10, 1_000_000), (1001, 100_000)] {
            let mut out = vec![0; count * 2];
            rows(&mut out, 2, cost, |first, out| {
                for (at, pair) in out.chunks_exact_mut(2).enumerate() {
                    pair[0] += first + at;
                    pair[1] += 1;
                }
            });
            for (row, pair) in out.chunks_exact(2).enumerate() {
                assert_eq!(pair, [row, 1]);
            }
        }
    }
}
