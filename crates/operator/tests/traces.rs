//! Traces of load, replayed: the rule decides as Knative's own autoscaler, at every tick.

use std::{fs, io, path::Path};

use longshore_operator::autoscaler::{Outcome, Trace};
use serde_json::Value;

fn all() -> io::Result<Vec<(String, String)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces");
    let mut traces = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "json") {
            traces.push((path.display().to_string(), fs::read_to_string(&path)?));
        }
    }
    traces.sort();
    Ok(traces)
}

fn expected(tick: &Value) -> Option<Outcome> {
    let number = |name: &str| tick[name].as_i64().map(|number| number as i32);
    Some(Outcome {
        t: tick["t"].as_f64()?,
        desired: number("desired"),
        bounded: number("bounded"),
        panicking: tick["panicking"].as_bool()?,
        ebc: number("ebc"),
    })
}

#[test]
fn every_decision_is_knatives() {
    let traces = all().expect("the folder");
    assert!(traces.len() >= 13, "{} traces", traces.len());
    for (name, text) in traces {
        let trace = Trace::read(&text).expect("a trace");
        assert_eq!(trace.unread().count(), 0, "{name}");
        let document: Value = serde_json::from_str(&text).expect("JSON");
        let ticks = document["ticks"].as_array().expect("ticks");
        let outcomes = trace.replay().expect("settings");
        assert_eq!(outcomes.len(), ticks.len(), "{name}");
        for (outcome, tick) in outcomes.iter().zip(ticks) {
            assert_eq!(Some(*outcome), expected(tick), "{name} at second {}", outcome.t);
        }
    }
}

#[test]
fn what_is_no_trace_is_refused_by_name() {
    let refused = |text: &str| match Trace::read(text).and_then(|trace| trace.replay()) {
        Ok(outcomes) => panic!("{outcomes:?}"),
        Err(error) => error.to_string(),
    };
    assert!(refused("{}").contains("missing field `seconds`"));
    let with = |config: &str| {
        format!(r#"{{"config": {config}, "seconds": [1], "ticks": [{{"t": 0, "ready": 1}}]}}"#)
    };
    assert_eq!(
        refused(&with(r#"{"metric": "cpu"}"#)),
        "not a trace of load: `config.metric` is `cpu`; write concurrency or rps"
    );
    assert!(refused(&with(r#"{"window": 0.5}"#)).contains("`config.window` is `0.5`"));
    assert!(refused(&with(r#"{"max_scale": -1}"#)).contains("`config.max_scale` is `-1`"));
    assert!(refused(&with("{}").replace(r#""t": 0"#, r#""t": -1"#)).contains("`ticks[0].t`"));
}
