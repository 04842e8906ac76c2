//! Traces of load, as `longshore autoscaler replay` reads them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use longshore_operator::autoscaler::Trace;

fuzz_target!(|text: &str| {
    let Ok(trace) = Trace::read(text) else { return };
    trace.unread().count();
    let Ok(outcomes) = trace.replay() else { return };
    for outcome in outcomes {
        assert!(outcome.desired.is_none_or(|desired| desired >= 0), "{outcome:?}");
        assert!(outcome.bounded.is_none_or(|bounded| bounded >= 0), "{outcome:?}");
    }
});
