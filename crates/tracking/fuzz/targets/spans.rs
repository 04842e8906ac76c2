//! Bodies of `/v1/traces`. Of the first byte one bit says that the rest is JSON, else it is protobuf; two say how it
//! is packed: not at all, as gzip, as deflate, or that it is gzip already.
#![no_main]

use std::{
    cell::{Cell, LazyCell},
    io::Read,
};

use flate2::{
    Compression,
    read::{GzEncoder, ZlibEncoder},
};
use libfuzzer_sys::fuzz_target;
use longshore_tracking_fuzz::{EXPERIMENT, Search, Target};
use serde_json::json;

/// Requests after which the traces are deleted: the database is to stay small.
const KEPT: usize = 2000;

thread_local! {
    static TARGET: LazyCell<Target> = LazyCell::new(Target::new);
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

fuzz_target!(|data: &[u8]| {
    let Some((how, body)) = data.split_first() else { return };
    let kind = if how & 1 == 0 { "x-protobuf" } else { "json" };
    let (encoding, body) = match how >> 1 & 3 {
        0 => ("", body.to_vec()),
        1 => ("gzip", packed(GzEncoder::new(body, Compression::fast()))),
        2 => ("deflate", packed(ZlibEncoder::new(body, Compression::fast()))),
        _ => ("gzip", body.to_vec()),
    };
    let mut headers = format!("content-type: application/{kind}\r\nx-mlflow-experiment-id: {EXPERIMENT}\r\n");
    if !encoding.is_empty() {
        headers += &format!("content-encoding: {encoding}\r\n");
    }
    TARGET.with(|target| {
        let answer = target.wire.send("POST /v1/traces", &headers, &body);
        match answer.status {
            200 => look(target),
            400 | 413 | 422 => assert!(!answer.json()["detail"].is_null()),
            _ => panic!("{}: {}", answer.status, String::from_utf8_lossy(&answer.body)),
        }
    });
});

fn packed(mut packer: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    packer.read_to_end(&mut bytes).expect("memory is all that can fail");
    bytes
}

/// What was kept can be read again.
fn look(target: &Target) {
    let page = target.search(Search::Traces, "", "timestamp_ms DESC", None).expect("a page");
    let ids: Vec<_> = page["traces"].as_array().into_iter().flatten().map(|it| &it["trace_id"]).collect();
    let whole = target.wire.ask("GET", "3.0/mlflow/traces/batchGet", &json!({ "trace_ids": ids }));
    assert_eq!(whole.status, 200, "{ids:?}: {}", String::from_utf8_lossy(&whole.body));
    target.search(Search::Traces, "span.name LIKE '%a%'", "", None).expect("a page");
    target.search(Search::Figures, "", "", None).expect("figures");
    if COUNT.replace(COUNT.get() + 1) % KEPT == KEPT - 1 {
        let all = json!({ "experiment_id": EXPERIMENT, "max_timestamp_millis": i64::MAX, "max_traces": 100 });
        while target.wire.make("2.0/mlflow/traces/delete-traces", &all)["traces_deleted"].as_i64().is_some_and(|it| it > 0) {}
    }
}
