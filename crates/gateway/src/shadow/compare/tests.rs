use hyper::{
    HeaderMap,
    header::{HeaderName, HeaderValue},
};

use super::compare;
use crate::{
    record::Answer,
    revision::CopyEnd::{self, Agreed, Differed, Failed, Unreadable},
};

fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &[u8]) -> Answer {
    let pairs = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    let headers: HeaderMap = pairs.collect();
    Answer { status, grpc: None, headers, body: body.to_vec().into() }
}

fn json(stable: &str, copy: &str) -> CopyEnd {
    let of = |body: &str| answer(200, &[("content-type", "application/json")], body.as_bytes());
    compare(&of(stable), &of(copy), 1e-3)
}

#[test]
fn labels_are_compared_exactly_and_fractions_within_the_tolerance() {
    assert_eq!(json(r#"{"predictions": [1, 2]}"#, r#"{"predictions":[1,2]}"#), Agreed);
    assert_eq!(json(r#"{"predictions": [10000]}"#, r#"{"predictions": [10001]}"#), Differed);
    assert_eq!(json(r#"{"predictions": [1.0]}"#, r#"{"predictions": [1.0009]}"#), Agreed);
    assert_eq!(json(r#"{"predictions": [1.0]}"#, r#"{"predictions": [1.002]}"#), Differed);
    assert_eq!(json(r#"{"predictions": [1]}"#, r#"{"predictions": [1.0]}"#), Agreed);
    assert_eq!(json(r#"{"predictions": ["a"]}"#, r#"{"predictions": ["b"]}"#), Differed);
    assert_eq!(json(r#"{"predictions": [1]}"#, r#"{"predictions": [1, 1]}"#), Differed);
    assert_eq!(json(r#"{"predictions": [null]}"#, r#"{"predictions": [0]}"#), Differed);
    assert_eq!(json(r#"[{"a": 1, "b": 2}]"#, r#"[{"b": 2, "a": 1}]"#), Agreed);
    assert_eq!(json(r#"{"a": 1}"#, r#"{"b": 1}"#), Differed);
}

#[test]
fn what_is_of_the_request_or_the_version_is_not_compared() {
    let stable = r#"{"id": "1", "model_name": "a", "model_version": "1", "outputs": [{"name": "p", "id": 1}]}"#;
    let copy = r#"{"id": "2", "parameters": {"t": 5}, "outputs": [{"name": "p", "id": 1}]}"#;
    assert_eq!(json(stable, copy), Agreed);
    assert_eq!(json(stable, &copy.replace("\"id\": 1", "\"id\": 2")), Differed);
    // a body of text is compared as it is
    assert_eq!(json("yes", "yes"), Agreed);
    assert_eq!(json("yes", "no"), Differed);
}

#[test]
fn a_status_is_compared_and_a_fault_is_a_failure() {
    let of = |status| answer(status, &[], b"{}");
    assert_eq!(compare(&of(200), &of(400), 0.0), Differed);
    assert_eq!(compare(&of(404), &answer(404, &[], b"otherwise"), 0.0), Agreed);
    assert_eq!(compare(&of(200), &of(500), 0.0), Failed);
    let call = |grpc| Answer { grpc: Some(grpc), ..answer(200, &[], b"") };
    assert_eq!(compare(&call(0), &call(3), 0.0), Differed);
    assert_eq!(compare(&call(0), &call(13), 0.0), Failed);
    assert_eq!(compare(&call(5), &call(5), 0.0), Agreed);
}

#[test]
fn binary_tensors_are_compared_by_their_datatype() {
    let of = |datatype: &str, tensor: &[u8]| {
        let head = format!(
            r#"{{"outputs":[{{"name":"p","datatype":"{datatype}","shape":[1],"parameters":{{"binary_data_size":{}}}}}]}}"#,
            tensor.len()
        );
        let mut made = answer(200, &[("content-type", "application/octet-stream")], &[]);
        let length = HeaderValue::from(head.len());
        made.headers.insert("inference-header-content-length", length);
        made.body = [head.as_bytes(), tensor].concat().into();
        made
    };
    let pair = |datatype: &str, one: &[u8], other: &[u8]| {
        compare(&of(datatype, one), &of(datatype, other), 1e-3)
    };
    let floats = (1.0f32.to_le_bytes(), 1.0005f32.to_le_bytes(), 1.5f32.to_le_bytes());
    assert_eq!(pair("FP32", &floats.0, &floats.1), Agreed);
    assert_eq!(pair("FP32", &floats.0, &floats.2), Differed);
    assert_eq!(pair("INT32", &floats.0, &floats.1), Differed);
    assert_eq!(pair("FP64", &1.0f64.to_le_bytes(), &1.0001f64.to_le_bytes()), Agreed);
    assert_eq!(pair("FP16", &[0x00, 0x3c], &[0x01, 0x3c]), Agreed);
    assert_eq!(pair("BF16", &[0x80, 0x3f], &[0x90, 0x3f]), Differed);
    assert_eq!(pair("BYTES", b"\x01\0\0\0a", b"\x01\0\0\0b"), Differed);
    assert_eq!(pair("BYTES", b"\x01\0\0\0a", b"\x01\0\0\0a"), Agreed);
    assert_eq!(compare(&of("FP32", &floats.0), &of("FP64", &floats.0), 1e-3), Differed);
    // lengths that are not those of the body
    let mut broken = of("FP32", &floats.0);
    broken.headers.insert("inference-header-content-length", HeaderValue::from_static("9999"));
    assert_eq!(compare(&of("FP32", &floats.0), &broken, 1e-3), Unreadable);
}

#[test]
fn compressed_replies_are_compared_by_what_they_say() {
    use std::io::Write;
    let zipped = |text: &str| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(text.as_bytes()).unwrap();
        answer(200, &[("content-encoding", "gzip")], &packer.finish().unwrap())
    };
    let plain = answer(200, &[], br#"{"predictions": [1]}"#);
    assert_eq!(compare(&plain, &zipped(r#"{"predictions":[1]}"#), 0.0), Agreed);
    assert_eq!(compare(&plain, &zipped(r#"{"predictions":[2]}"#), 0.0), Differed);
    let other = answer(200, &[("content-encoding", "br")], b"?");
    assert_eq!(compare(&plain, &other, 0.0), Unreadable);
    assert_eq!(compare(&other, &answer(200, &[("content-encoding", "br")], b"?"), 0.0), Agreed);
    assert_eq!(
        compare(&plain, &answer(200, &[("content-encoding", "gzip")], b"?"), 0.0),
        Unreadable
    );
}

/// A body of gRPC with `ModelInferResponse` as protobuf's Python writes it: hexadecimal, without its head.
fn call(message: &str) -> Answer {
    let bytes: Vec<u8> = (0..message.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&message[at..at + 2], 16).unwrap())
        .collect();
    let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    let body = [&[0], &length[..], &bytes].concat();
    Answer { grpc: Some(0), ..answer(200, &[], &body) }
}

#[test]
fn messages_of_grpc_are_compared_tensor_by_tensor() {
    for (stable, copy, end) in [
        // FP64
        (
            "0a04697269731201311a01312a200a01701204465036341a01022a123a10000000000000d03f000000000000e83f",
            "0a04697269731201321a01322a200a01701204465036341a01022a123a10c4b12e6ea301d03f000000000000e83f",
            Agreed,
        ),
        // FP64
        (
            "0a04697269731201311a01312a200a01701204465036341a01022a123a10000000000000d03f000000000000e83f",
            "0a04697269731201311a01312a200a01701204465036341a01022a123a10333333333333d33f000000000000e83f",
            Differed,
        ),
        // INT64
        (
            "0a04697269731201311a01312a140a01701205494e5436341a01022a051a0301ac02",
            "0a04697269731201371a01312a140a01701205494e5436341a01022a051a0301ac02",
            Agreed,
        ),
        // INT64
        (
            "0a04697269731201311a01312a140a01701205494e5436341a01022a051a0301ac02",
            "0a04697269731201311a01312a140a01701205494e5436341a01022a051a0301ad02",
            Differed,
        ),
        // BYTES
        (
            "0a04697269731201311a01312a160a0170120542595445531a01022a0742026162420163",
            "0a04697269731201311a01312a160a0170120542595445531a01022a0742016142026263",
            Differed,
        ),
        // BYTES
        (
            "0a04697269731201311a01312a160a0170120542595445531a01022a0742026162420163",
            "0a04697269731201311a01332a160a0170120542595445531a01022a0742026162420163",
            Agreed,
        ),
        // raw
        (
            "0a04697269731201311a01312a0c0a01701204465033321a010232080000803f00000040",
            "0a04697269731201311a01322a0c0a01701204465033321a010232086210803f00000040",
            Agreed,
        ),
        // raw
        (
            "0a04697269731201311a01312a0c0a01701204465033321a010232080000803f00000040",
            "0a04697269731201311a01322a0c0a01701204465033321a010232080000c03f00000040",
            Differed,
        ),
        // shape
        (
            "0a04697269731201311a01312a200a01701204465036341a01022a123a10000000000000f03f0000000000000040",
            "0a04697269731201311a01312a210a01701204465036341a0201022a123a10000000000000f03f0000000000000040",
            Differed,
        ),
        // name
        (
            "0a04697269731201311a01312a200a01701204465036341a01022a123a10000000000000f03f0000000000000040",
            "0a04697269731201311a01312a200a01711204465036341a01022a123a10000000000000f03f0000000000000040",
            Differed,
        ),
    ] {
        assert_eq!(compare(&call(stable), &call(copy), 1e-3), end, "{stable} and {copy}");
    }
    // a body that is cut cannot be read
    let cut = Answer { body: vec![0, 0, 0, 0, 9, 1].into(), ..call("") };
    assert_eq!(compare(&call(""), &cut, 0.0), Unreadable);
    let cut = call("2a05");
    assert_eq!(compare(&call(""), &cut, 0.0), Unreadable);
}
