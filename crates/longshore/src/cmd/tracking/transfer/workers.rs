//! Work on many things at once, by a bounded number of threads.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use anyhow::{Result, anyhow};

/// Does `work` on each item, `count` at a time. After the first failure no further item is begun.
pub(super) fn each<T: Sync>(
    count: usize,
    items: &[T],
    work: impl Fn(&T) -> Result<()> + Sync,
) -> Result<()> {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let failure = Mutex::new(None);
    let labour = || {
        while !stop.load(Ordering::Relaxed)
            && let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed))
        {
            if let Err(error) = work(item) {
                stop.store(true, Ordering::Relaxed);
                if let Ok(mut failure) = failure.lock() {
                    failure.get_or_insert(error);
                }
            }
        }
    };
    let threads = count.min(items.len());
    if threads <= 1 {
        labour();
    } else {
        let ended = thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(labour)).collect();
            threads.into_iter().all(|thread| thread.join().is_ok())
        });
        if !ended {
            return Err(anyhow!("a thread that moves things has failed"));
        }
    }
    match failure.into_inner() {
        Ok(None) => Ok(()),
        Ok(Some(error)) => Err(error),
        Err(_) => Err(anyhow!("a thread that moves things has failed")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::each;

    #[test]
    fn every_item_is_done_once_and_the_first_failure_ends_it() {
        let sum = AtomicU32::new(0);
        let items: Vec<u32> = (1..=100).collect();
        each(7, &items, |item| {
            sum.fetch_add(*item, Ordering::Relaxed);
            Ok(())
        })
        .unwrap();
        assert_eq!(sum.into_inner(), 5050);
        let error = each(1, &items, |item| anyhow::bail!("{item}")).unwrap_err();
        assert_eq!(error.to_string(), "1");
    }
}
