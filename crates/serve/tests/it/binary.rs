//! Binary tensors over HTTP, alone and beside JSON.

use longshore_serve::Limits;
use serde_json::{Value, json};

use crate::{
    client::{Reply, Running, serve},
    model::{documents, plain, recorded},
};

const JSON_LENGTH: &str = "inference-header-content-length";

/// Sends JSON with the bytes of tensors behind it.
fn infer(server: &Running, model: &str, head: &Value, tail: &[u8]) -> Reply {
    let head = head.to_string();
    let headers =
        format!("content-type: application/octet-stream\r\n{JSON_LENGTH}: {}", head.len());
    let body = [head.as_bytes(), tail].concat();
    server.post_as(&format!("/v2/models/{model}/infer"), &headers, body)
}

fn input(name: &str, shape: &[usize], datatype: &str, size: usize) -> Value {
    json!({"name": name, "shape": shape, "datatype": datatype,
        "parameters": {"binary_data_size": size}})
}

fn doubles(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// The JSON of a reply, and the bytes behind it.
fn parts(reply: &Reply) -> (Value, &[u8]) {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("application/octet-stream"));
    let length: usize = reply.header(JSON_LENGTH).unwrap().parse().unwrap();
    let (head, tail) = reply.bytes.split_at(length);
    (serde_json::from_slice(head).unwrap(), tail)
}

#[test]
fn every_datatype_is_answered() {
    let server = serve(vec![plain("sum")], Limits::default());
    // 1, 2, 3 as `numpy.array([1, 2, 3], dtype).tobytes()` writes them
    let small = |width: usize| -> Vec<u8> {
        [1, 2, 3]
            .iter()
            .flat_map(|v| (0..width).map(move |at| if at == 0 { *v } else { 0 }))
            .collect()
    };
    let singles = [1_f32, 2., 3.].iter().flat_map(|v| v.to_le_bytes()).collect();
    for (datatype, bytes, sum) in [
        ("INT8", small(1), 6.),
        ("INT16", small(2), 6.),
        ("INT32", small(4), 6.),
        ("INT64", small(8), 6.),
        ("UINT8", small(1), 6.),
        ("UINT16", small(2), 6.),
        ("UINT32", small(4), 6.),
        ("UINT64", small(8), 6.),
        ("FP16", vec![0x00, 0x3c, 0x00, 0x40, 0x00, 0x42], 6.),
        ("BF16", vec![0x80, 0x3f, 0x00, 0x40, 0x40, 0x40], 6.),
        ("FP32", singles, 6.),
        ("FP64", doubles(&[1., 2., 3.]), 6.),
        ("BOOL", vec![1, 0, 1], 2.),
    ] {
        let head = json!({"inputs": [input("a", &[1, 3], datatype, bytes.len())],
            "outputs": [{"name": "decision_function"}]});
        let reply = infer(&server, "sum", &head, &bytes);
        assert_eq!(reply.status, 200, "{datatype}: {reply:?}");
        assert_eq!(reply.json()["outputs"][0]["data"], json!([sum]), "{datatype}");
        assert_eq!(reply.header(JSON_LENGTH), None, "no binary output was asked for");
    }
}

#[test]
fn texts_have_their_lengths_before_them() {
    let server = serve(vec![documents("texts")], Limits::default());
    let bytes = [&[3, 0, 0, 0][..], b"abc", &[0, 0, 0, 0]].concat();
    let head = json!({"inputs": [input("text", &[2], "BYTES", bytes.len())]});
    let reply = infer(&server, "texts", &head, &bytes);
    assert_eq!(reply.json()["outputs"][0]["data"], json!([1, 0]));
}

#[test]
fn binary_and_json_inputs_stand_side_by_side() {
    let server = serve(vec![recorded("xy")], Limits::default());
    let y = json!({"name": "y", "shape": [2], "datatype": "INT64", "data": [1, 1]});
    let bytes = doubles(&[-3., 5.]);
    let outputs = json!([{"name": "decision_function"}]);
    for inputs in
        [json!([y, input("x", &[2], "FP64", 16)]), json!([input("x", &[2], "FP64", 16), y])]
    {
        let head = json!({"inputs": inputs, "outputs": outputs});
        let reply = infer(&server, "xy", &head, &bytes);
        assert_eq!(reply.json()["outputs"][0]["data"], json!([-2.0, 6.0]));
    }
    let both = json!({"inputs": [input("y", &[1], "FP64", 8), input("x", &[1], "UINT8", 1)],
        "outputs": outputs});
    let reply = infer(&server, "xy", &both, &[&doubles(&[0.5])[..], &[2]].concat());
    assert_eq!(reply.json()["outputs"][0]["data"], json!([2.5]), "bytes come in the inputs' order");
}

#[test]
fn the_first_output_has_kserves_name_for_whoever_asks_so() {
    let server = serve(vec![plain("sum")], Limits::default());
    let ask = |outputs: Value| {
        let head = json!({"inputs": [input("a", &[1, 3], "FP64", 24)], "outputs": outputs});
        infer(&server, "sum", &head, &doubles(&[1., 2., 3.]))
    };
    let own = ask(json!([{"name": "predict"}])).json()["outputs"][0].clone();
    let first = ask(json!([{"name": "output-0"}])).json()["outputs"][0].clone();
    assert_eq!((&own["name"], &first["name"]), (&json!("predict"), &json!("output-0")));
    assert_eq!(own["data"], first["data"]);
    let twice = ask(json!([{"name": "output-0"}, {"name": "predict"}]));
    assert_eq!(twice.status, 400, "{twice:?}");
}

#[test]
fn outputs_are_binary_where_they_are_asked_for_so() {
    let server = serve(vec![plain("sum")], Limits::default());
    let bytes = doubles(&[1., 2., 3.]);
    let ask = |more: Value| {
        let mut head = json!({"id": "7", "inputs": [input("a", &[1, 3], "FP64", 24)]});
        head.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        infer(&server, "sum", &head, &bytes)
    };
    let reply = ask(json!({"parameters": {"binary_data_output": true}}));
    let (head, tail) = parts(&reply);
    assert_eq!(
        head,
        json!({"model_name": "sum", "model_version": "1", "id": "7", "outputs": [
            {"name": "predict", "shape": [1], "datatype": "INT64", "parameters": {"binary_data_size": 8}}]})
    );
    assert_eq!(tail, 1_i64.to_le_bytes());

    // the output's own word counts before that of the request
    let reply = ask(json!({
        "parameters": {"binary_data_output": true},
        "outputs": [
            {"name": "predict", "parameters": {"binary_data": false}},
            {"name": "transform", "parameters": {}},
            {"name": "decision_function", "parameters": {"binary_data": true}},
        ],
    }));
    let (head, tail) = parts(&reply);
    assert_eq!(head["outputs"][0]["data"], json!([1]));
    assert_eq!(head["outputs"][1]["parameters"], json!({"binary_data_size": 24}));
    assert_eq!(head["outputs"][2]["parameters"], json!({"binary_data_size": 8}));
    assert_eq!(tail, doubles(&[2., 4., 6., 6.]));

    // a request in JSON may ask for bytes as well
    let body = json!({"inputs": [{"name": "a", "shape": [1, 3], "datatype": "FP64", "data": [1, 2, 3]}],
        "parameters": {"method": "decision_function", "binary_data_output": true}});
    let reply = server.post("/v2/models/sum/infer", body.to_string());
    assert_eq!(parts(&reply).1, doubles(&[6.]));
    let packed = server.post_as(
        "/v2/models/sum/infer",
        "content-type: application/json\r\naccept-encoding: gzip",
        body.to_string(),
    );
    assert!(packed.header(JSON_LENGTH).is_some(), "{packed:?}");
}

#[test]
fn large_tensors_are_answered() {
    let server = serve(vec![plain("sum")], Limits::default());
    let values: Vec<f64> = (0..30_000).map(f64::from).collect();
    let head = json!({"inputs": [input("a", &[10_000, 3], "FP64", 240_000)],
        "outputs": [{"name": "transform", "parameters": {"binary_data": true}}]});
    let reply = infer(&server, "sum", &head, &doubles(&values));
    let doubled: Vec<f64> = values.iter().map(|value| value * 2.0).collect();
    assert!(parts(&reply).1 == doubles(&doubled));
}

#[test]
fn sizes_that_do_not_fit_are_named() {
    let server = serve(vec![plain("sum")], Limits::default());
    let one = |shape: &[usize], size| json!({"inputs": [input("a", shape, "FP64", size)]});
    let mut twice = one(&[1, 3], 24);
    twice["inputs"][0]["data"] = json!([1, 2, 3]);
    let text = json!({"inputs": [{"name": "a", "shape": [1, 3], "datatype": "FP64",
        "parameters": {"binary_data_size": "24"}}]});
    for (head, bytes, expected) in [
        (
            one(&[1, 3], 16),
            16,
            "the contents of input `a` are 16 bytes; its shape [1, 3] of FP64 takes 24",
        ),
        (
            one(&[1, 3], 24),
            16,
            "`binary_data_size` of input `a` is 24, and the body has only 16 bytes left",
        ),
        (one(&[1, 3], 24), 25, "the body ends with 1 byte that no input takes"),
        (one(&[usize::MAX >> 1, 3], 24), 24, "--max-rows"),
        (twice, 24, "input `a` has `data` beside `binary_data_size`"),
        (text, 24, "`binary_data_size` is not a number of bytes"),
        (
            json!({"inputs": [{"name": "a", "shape": [1, 3], "datatype": "FP64"}]}),
            24,
            "input 0 has no `data`",
        ),
    ] {
        let reply = infer(&server, "sum", &head, &vec![0; bytes]);
        assert!(matches!(reply.status, 400 | 413), "{reply:?}");
        assert!(reply.error().contains(expected), "{expected}: {reply:?}");
    }
    let path = "/v2/models/sum/infer";
    let body = one(&[1, 3], 24).to_string();
    let reply = server.post(path, &body);
    assert!(
        reply.status == 400 && reply.error().contains("Inference-Header-Content-Length"),
        "{reply:?}"
    );
    for (length, expected) in [
        ("0", "is not the number of bytes"),
        ("-1", "is not the number of bytes"),
        ("99999", "is 99999, and the body has only"),
        ("5", "JSON"),
    ] {
        let reply = server.post_as(path, &format!("{JSON_LENGTH}: {length}"), &body);
        assert!(reply.status == 400 && reply.error().contains(expected), "{length}: {reply:?}");
    }
    let reply = server.post_as(path, &format!("content-type: text/csv\r\n{JSON_LENGTH}: 5"), &body);
    assert_eq!(reply.status, 415);
    let reply = server.post_as("/v1/models/sum:predict", &format!("{JSON_LENGTH}: 5"), &body);
    assert!(
        reply.status == 415 && reply.error().contains("binary tensors belong to V2"),
        "{reply:?}"
    );
    assert_eq!(server.rows(), 0);
}

#[test]
fn shared_memory_is_refused_by_name() {
    let server = serve(vec![plain("sum")], Limits::default());
    let head = json!({"inputs": [{"name": "a", "shape": [1, 3], "datatype": "FP64",
        "parameters": {"shared_memory_region": "r", "shared_memory_byte_size": 24}}]});
    let reply = server.post("/v2/models/sum/infer", head.to_string());
    assert!(reply.status == 501 && reply.error().contains("`shared_memory_region`"), "{reply:?}");
    let head = json!({"inputs": [{"name": "a", "shape": [1, 3], "datatype": "FP64", "data": [1, 2, 3]}],
        "outputs": [{"name": "predict", "parameters": {"classification": 2}}]});
    let reply = server.post("/v2/models/sum/infer", head.to_string());
    assert!(reply.status == 501 && reply.error().contains("`classification`"), "{reply:?}");
    assert_eq!(server.rows(), 0);
}
