//! Queries to `/graphql`. Behind a line `---` are the variables, as JSON.
#![no_main]

use std::cell::LazyCell;

use libfuzzer_sys::fuzz_target;
use longshore_tracking_fuzz::Target;
use serde_json::{Value, json};

thread_local! {
    static TARGET: LazyCell<Target> = LazyCell::new(Target::new);
}

fuzz_target!(|text: &str| {
    let (query, variables) = text.split_once("\n---\n").unwrap_or((text, "{}"));
    let Ok(variables) = serde_json::from_str::<Value>(variables) else { return };
    let body = json!({ "query": query, "variables": variables }).to_string();
    let head = "content-type: application/json\r\n";
    let answer = TARGET.with(|target| target.wire.send("POST /graphql", head, body.as_bytes()));
    let told = answer.json();
    assert_eq!(answer.status, 200, "{body}: {told}");
    // an answer has data, or says why it has none
    let errors = told["errors"].as_array();
    assert!(told["data"].is_object() || errors.is_some_and(|it| !it.is_empty()), "{body}: {told}");
});
