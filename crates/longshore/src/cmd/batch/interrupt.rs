//! Ctrl-C and TERM, which end a run so that it can be gone on with.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};

/// A flag that the first signal sets; the second ends the process at once.
pub(super) fn watch() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    thread::Builder::new().name("signals".into()).spawn(move || {
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
                if flag.swap(true, Ordering::Relaxed) {
                    end();
                }
            }
        });
    })?;
    Ok(stop)
}

#[expect(clippy::disallowed_methods, reason = "who asks twice does not want to wait")]
fn end() {
    std::process::exit(130);
}
