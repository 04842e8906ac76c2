use std::time::Duration;

use longshore_serve::{Config, Limits};

use crate::{
    calls::{Caller, Messages, framed},
    client::{serve, start},
    model::{documents, plain, recorded, signed, slow},
};

const ROWS: &str = "model_name: 'm' inputs { name: 'input-0' datatype: 'FP64' shape: [2, 3] \
    contents { fp64_contents: [1, 2, 3, -4, -5, -6] } }";

#[test]
fn typed_contents_are_answered_by_typed_contents() {
    let server = serve(vec![plain("m")], Limits::default());
    let caller = Caller::new(server.address);
    let reply = caller.infer("ModelInfer", &format!("{ROWS} id: 'a-7'")).unwrap();
    let expected = "model_name:\"m\",model_version:\"1\",id:\"a-7\",outputs:[{name:\"predict\",datatype:\"INT64\",shape:[2],contents{int64_contents:[1,0]}}]";
    assert_eq!(reply.replace(' ', ""), expected);
}

#[test]
fn every_datatype_reaches_the_model() {
    let server = serve(vec![plain("m")], Limits::default());
    let caller = Caller::new(server.address);
    let ask = |datatype: &str, contents: &str| {
        let request = format!(
            "model_name: 'm' outputs {{ name: 'decision_function' }} \
             inputs {{ name: 'x' datatype: '{datatype}' shape: [1, 3] {contents} }}"
        );
        caller.infer("ModelInfer", &request).map(|reply| {
            let sum = reply.split_once("fp64_contents:[").unwrap().1;
            sum.split_once(']').unwrap().0.parse::<f64>().unwrap()
        })
    };
    for (datatype, contents, expected) in [
        ("BOOL", "bool_contents: [true, false, true]", 2.0),
        ("INT8", "int_contents: [-128, 1, 127]", 0.0),
        ("INT16", "int_contents: [-32768, 0, 8]", -32760.0),
        ("INT32", "int_contents: [-2147483648, 0, 8]", -2_147_483_640.0),
        ("INT64", "int64_contents: [-9007199254740991, 0, 1]", -9_007_199_254_740_990.0),
        ("UINT8", "uint_contents: [255, 0, 1]", 256.0),
        ("UINT16", "uint_contents: [65535, 0, 1]", 65536.0),
        ("UINT32", "uint_contents: [4294967295, 0, 1]", 4_294_967_296.0),
        ("UINT64", "uint64_contents: [9007199254740991, 0, 1]", 9_007_199_254_740_992.0),
        ("FP32", "fp32_contents: [0.5, 0.25, 2]", 2.75),
        ("FP64", "fp64_contents: [0.5, 0.25, 2]", 2.75),
        ("BYTES", "bytes_contents: ['a', 'bc', 'd\\303\\251f']", 7.0),
    ] {
        assert_eq!(
            ask(datatype, &format!("contents {{ {contents} }}")),
            Ok(expected),
            "{datatype}"
        );
    }
    for (datatype, contents, expected) in [
        ("INT8", "int_contents: [128, 0, 0]", "`128` is not a value of INT8"),
        ("UINT8", "uint_contents: [0, 0, 256]", "column 2: `256` is not a value of UINT8"),
        ("FP64", "fp64_contents: [1, 2]", "holds 2 items where its shape [1, 3] says 3"),
        ("FP64", "fp64_contents: [1, 2, 3, 4]", "holds 4 items where its shape [1, 3] says 3"),
        (
            "FP64",
            "fp32_contents: [1, 2, 3]",
            "belong into `fp64_contents`; they are in `fp32_contents`",
        ),
        ("FP16", "fp32_contents: [1, 2, 3]", "send it in `raw_input_contents`"),
        ("BYTES", "bytes_contents: ['a', '\\377', 'c']", "row 0, column 1 is not UTF-8"),
        ("FP64", "", "promises more items"),
        ("FP8", "", "`FP8`, the datatype of input `x`, is none; there are BOOL"),
    ] {
        let (status, message) = ask(datatype, &format!("contents {{ {contents} }}")).unwrap_err();
        assert!(status == 3 && message.contains(expected), "{datatype} {status} {message}");
    }
}

#[test]
fn raw_contents_are_answered_by_raw_contents() {
    let server = serve(vec![plain("m")], Limits::default());
    let caller = Caller::new(server.address);
    let ask = |datatype: &str, raw: &[&str]| {
        let raw = raw.iter().map(|raw| format!("raw_input_contents: '{raw}'"));
        let raw = raw.collect::<Vec<_>>().join(" ");
        let request = format!(
            "model_name: 'm' outputs {{ name: 'transform' }} outputs {{ name: 'predict' }} \
             inputs {{ name: 'x' datatype: '{datatype}' shape: [1, 3] }} {raw}"
        );
        caller.infer("ModelInfer", &request)
    };
    let reply = ask("FP16", &["\\000\\074\\000\\100\\000\\300"]).unwrap();
    let expected = "outputs:[{name:\"transform\",datatype:\"FP64\",shape:[1,3]},{name:\"predict\",datatype:\"INT64\",shape:[1]}],\
        raw_output_contents:[\"\\000\\000\\000\\000\\000\\000\\000@\\000\\000\\000\\000\\000\\000\\020@\\000\\000\\000\\000\\000\\000\\020\\300\",\"\\001\\000\\000\\000\\000\\000\\000\\000\"]";
    assert!(reply.replace(' ', "").ends_with(expected), "{reply}");
    for (raw, expected) in [
        (&["abc"][..], "are 3 bytes; its shape [1, 3] of FP32 takes 12"),
        (&["abcdefghijkl", ""], "1 input came with 2 `raw_input_contents`"),
    ] {
        let (status, message) = ask("FP32", raw).unwrap_err();
        assert!(status == 3 && message.contains(expected), "{status} {message}");
    }
    let both = format!("{ROWS} raw_input_contents: 'abc'");
    let (status, message) = caller.infer("ModelInfer", &both).unwrap_err();
    assert!(status == 3 && message.contains("`contents` beside `raw_input_contents`"), "{message}");
}

#[test]
fn tensors_are_columns_by_the_rules_of_json() {
    let server = serve(vec![signed("s"), recorded("r"), documents("d")], Limits::default());
    let caller = Caller::new(server.address);
    let column = |name: &str, datatype: &str, list: &str, item: &str| {
        format!(
            "inputs {{ name: '{name}' datatype: '{datatype}' shape: [1] contents {{ {list}: {item} }} }} "
        )
    };
    let a = column("a", "FP64", "fp64_contents", "1.5");
    let n = column("n", "INT64", "int64_contents", "2");
    let t = column("t", "BYTES", "bytes_contents", "'xy'");
    let o = column("o", "FP64", "fp64_contents", "1");
    let sum = |model: &str, inputs: &str| {
        let request =
            format!("model_name: '{model}' outputs {{ name: 'decision_function' }} {inputs}");
        let reply = caller.infer("ModelInfer", &request).map_err(|(_, message)| message)?;
        Ok::<_, String>(
            reply.split_once("fp64_contents:[").unwrap().1.split_once(']').unwrap().0.to_owned(),
        )
    };
    assert_eq!(sum("s", &format!("{t}{o}{n}{a}")).unwrap(), "6.5");
    let missing = sum("s", &format!("{n}{t}{o}")).unwrap_err();
    assert!(missing.contains("`a`") && missing.contains("missing"), "{missing}");
    let x = column("x", "INT32", "int_contents", "4");
    let y = column("y", "FP32", "fp32_contents", "0.5");
    assert_eq!(sum("r", &format!("{y}{x}")).unwrap(), "4.5");
    assert!(sum("r", &x).unwrap_err().contains("`y`"));
    assert_eq!(sum("d", &column("q", "BYTES", "bytes_contents", "'hello'")).unwrap(), "5.0");
    let encoded = "inputs { name: 'q' datatype: 'BYTES' shape: [1] contents { bytes_contents: 'aGVsbG8=' } \
        parameters { key: 'content_type' value { string_param: 'base64' } } }";
    assert_eq!(sum("d", encoded).unwrap(), "5.0");
}

#[test]
fn what_cannot_be_answered_says_so() {
    let server = serve(vec![plain("m")], Limits { rows: 2, ..Limits::default() });
    let caller = Caller::new(server.address);
    for (request, status, expected) in [
        ("", 3, "has no `model_name`"),
        ("model_name: 'm'", 3, "`inputs` is empty"),
        ("model_name: 'other'", 5, "`other`"),
        ("model_name: 'm' model_version: '9'", 5, "`9`"),
        (
            "model_name: 'm' outputs { name: 'predict_proba' }",
            3,
            "there is no output `predict_proba`; the model has `predict`",
        ),
        (
            "model_name: 'm' outputs { name: 'predict' } outputs { name: 'predict' }",
            3,
            "asked for twice",
        ),
        (
            "model_name: 'm' outputs { name: 'predict' parameters { key: 'classification' value { int64_param: 2 } } }",
            12,
            "as a classification, which is not supported",
        ),
        (
            "model_name: 'm' inputs { name: 'x' datatype: 'FP32' shape: [1, 3] parameters { key: 'shared_memory_region' value { string_param: 'r' } } }",
            12,
            "in shared memory, which is not supported",
        ),
        ("model_name: 'm' inputs { datatype: 'FP32' shape: [1] }", 3, "input 0 has no `name`"),
        (
            "model_name: 'm' inputs { name: 'x' datatype: 'FP32' shape: [-1, 3] }",
            3,
            "holds a negative size",
        ),
        (
            "model_name: 'm' inputs { name: 'x' datatype: 'BOOL' shape: [3] contents { bool_contents: [true, true, true] } }",
            8,
            "exceeds the limit of 2 rows",
        ),
        (
            "model_name: 'm' inputs { name: 'x' datatype: 'BYTES' shape: [0, 9223372036854775807] }",
            3,
            "there are no rows",
        ),
        (
            "model_name: 'm' inputs { name: 'x' datatype: 'FP64' shape: [1, 9223372036854775807] }",
            3,
            "promises more items",
        ),
        (
            "model_name: 'm' inputs { name: 'x' datatype: 'FP64' shape: [1, 2] contents { fp64_contents: [1, 2] } }",
            3,
            "a row has 2 values where the model takes 3 values",
        ),
        (
            "model_name: 'm' inputs { name: 'x' datatype: 'FP64' shape: [1, 3] contents { fp64_contents: [600, 60, 6] } }",
            13,
            "the model failed on these rows",
        ),
    ] {
        let (found, message) = caller.infer("ModelInfer", request).unwrap_err();
        assert!(found == status && message.contains(expected), "{request}: {found} {message}");
    }
    assert!(caller.infer("ModelInfer", ROWS).is_ok(), "the connection goes on");
}

#[test]
fn broken_messages_are_refused() {
    let limits = Limits { body_bytes: 1000, ..Limits::default() };
    let server = serve(vec![plain("m")], limits);
    let caller = Caller::new(server.address);
    let whole = caller.request(ROWS);
    let mut broken = vec![
        (Vec::new(), 3),
        (vec![0; 3], 3),
        (vec![2, 0, 0, 0, 0], 3),
        (vec![0, 0xff, 0xff, 0xff, 0xff], 8),
        (vec![0, 0, 0, 3, 0xe9], 8),
        (framed(&[0; 2000]), 8),
        ([&whole[..], &whole[..]].concat(), 3),
        (vec![1, 0, 0, 0, 0], 3),
        (framed(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]), 3),
        (framed(&[0x0b]), 3),
        (framed(&[0x0a, 1, 0xff]), 3),
    ];
    // a message that is cut anywhere, with a prefix that is right
    broken.extend((6..whole.len()).map(|end| (framed(&whole[5..end]), 3)));
    for (body, status) in broken {
        let ended = caller.send_infer(&[], body.clone());
        assert_eq!((ended.status, ended.body.len()), (status, 0), "{body:?}: {}", ended.message);
        assert!(!ended.message.is_empty());
    }
    assert_eq!(caller.send_infer(&[], whole).status, 0, "the connection goes on");
}

#[test]
fn messages_may_be_compressed() {
    use std::io::Write;
    let limits = Limits { body_bytes: 100_000, ..Limits::default() };
    let server = serve(vec![plain("m")], limits);
    let caller = Caller::new(server.address);
    let compressed = |message: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(message).unwrap();
        let mut body = framed(&encoder.finish().unwrap());
        body[0] = 1;
        body
    };
    let values = "1, 2, 3, ".repeat(1000);
    let many = format!(
        "model_name: 'm' outputs {{ name: 'transform' }} inputs {{ name: 'x' datatype: 'FP64' \
         shape: [1000, 3] contents {{ fp64_contents: [{}] }} }}",
        values.trim_end_matches(", ")
    );
    let body = compressed(&caller.request(&many)[5..]);
    let gzip = ("grpc-encoding", "gzip");
    let plain = caller.send_infer(&[gzip], body.clone());
    assert_eq!((plain.status, plain.body[0]), (0, 0));
    assert!(plain.body.len() > 24_000 && !plain.headers.contains_key("grpc-encoding"));
    let ended = caller.send_infer(&[gzip, ("grpc-accept-encoding", "identity,gzip")], body.clone());
    assert_eq!((ended.status, ended.body[0]), (0, 1));
    assert_eq!(ended.headers["grpc-encoding"], "gzip");
    let mut unpacked = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(&ended.body[5..]);
    std::io::Read::read_to_end(&mut decoder, &mut unpacked).unwrap();
    // but for the id, which the server made up
    assert_eq!(unpacked.len(), plain.body.len() - 5);
    let zstd = zstd::encode_all(&caller.request(&many)[5..], 3).unwrap();
    let mut sent = framed(&zstd);
    sent[0] = 1;
    let ended = caller
        .send_infer(&[("grpc-encoding", "zstd"), ("grpc-accept-encoding", "gzip, zstd")], sent);
    assert_eq!((ended.status, ended.body[0]), (0, 1));
    assert_eq!(ended.headers["grpc-encoding"], "zstd");
    assert_eq!(zstd::decode_all(&ended.body[5..]).unwrap().len(), plain.body.len() - 5);

    let bomb = compressed(&vec![0; 10_000_000]);
    let ended = caller.send_infer(&[gzip], bomb);
    assert!(ended.status == 8 && ended.message.contains("limit"), "{ended:?}");
    let ended = caller.send_infer(&[gzip], {
        let mut cut = body.clone();
        cut.truncate(200);
        cut[1..5].copy_from_slice(&195_u32.to_be_bytes());
        cut
    });
    assert_eq!(ended.status, 3, "{ended:?}");
    let ended = caller.send_infer(&[("grpc-encoding", "snappy")], body.clone());
    assert_eq!(ended.status, 12);
    assert_eq!(ended.headers["grpc-accept-encoding"], "identity,deflate,gzip,zstd");
    let ended = caller.send_infer(&[], body);
    assert!(ended.status == 3 && ended.message.contains("grpc-encoding"), "{ended:?}");
}

#[test]
fn deadlines_hold() {
    let server = serve(vec![slow("m", Duration::from_millis(300))], Limits::default());
    let caller = Caller::new(server.address);
    let request = caller.request(ROWS);
    let ended = caller.send_infer(&[("grpc-timeout", "20m")], request.clone());
    assert!(ended.status == 4 && ended.message.contains("grpc-timeout"), "{ended:?}");
    assert_eq!(caller.send_infer(&[("grpc-timeout", "20S")], request.clone()).status, 0);
    let ended = caller.send_infer(&[("grpc-timeout", "soon")], request);
    assert!(ended.status == 3 && ended.message.contains("`soon`"), "{ended:?}");
}

#[test]
fn a_call_that_is_cancelled_ends() {
    let server = serve(vec![slow("m", Duration::from_millis(100))], Limits::default());
    let caller = Caller::new(server.address);
    let (response, mut stream) = caller.begin("/inference.GRPCInferenceService/ModelInfer", &[]);
    stream.send_data(caller.request(ROWS).into(), true).unwrap();
    caller.pause(Duration::from_millis(20));
    drop(response);
    stream.send_reset(h2::Reason::CANCEL);
    assert!(caller.infer("ModelInfer", ROWS).is_ok());
    let metrics = server.get("/metrics").body;
    assert!(metrics.contains("protocol=\"grpc\""), "{metrics}");
    let in_flight =
        metrics.lines().find(|line| line.starts_with("longshore_serve_in_flight_requests{"));
    assert!(in_flight.unwrap().ends_with(" 0"), "{in_flight:?}");
}

#[test]
fn what_is_known_of_the_models_is_told() {
    let server = serve(vec![plain("m"), signed("s")], Limits::default());
    let caller = Caller::new(server.address);
    let ask = |method: &str, request: &str| {
        caller.infer(method, request).map(|text| text.replace(' ', ""))
    };
    assert_eq!(ask("ServerLive", "").unwrap(), "live:true");
    assert_eq!(ask("ServerReady", "").unwrap(), "ready:true");
    assert_eq!(ask("ModelReady", "name: 'm'").unwrap(), "ready:true");
    assert_eq!(ask("ModelReady", "name: 'm' version: '1'").unwrap(), "ready:true");
    assert_eq!(ask("ModelReady", "name: 'other'").unwrap_err().0, 5);
    assert_eq!(ask("ModelReady", "").unwrap_err().0, 3);
    let server_metadata = ask("ServerMetadata", "").unwrap();
    assert!(server_metadata.starts_with("name:\"longshore\",version:\""), "{server_metadata}");
    let model = ask("ModelMetadata", "name: 's'").unwrap();
    let expected = "name:\"s\",versions:[\"1\"],platform:\"sklearn_longshore\",inputs:[{name:\"a\",datatype:\"FP64\",shape:[-1,1]},\
        {name:\"n\",datatype:\"INT64\",shape:[-1,1]},{name:\"t\",datatype:\"BYTES\",shape:[-1,1]},{name:\"o\",datatype:\"FP64\",shape:[-1,1]}],outputs:[";
    assert!(model.starts_with(expected), "{model}");
    let index = ask("RepositoryIndex", "ready: true").unwrap();
    let expected = "models:[{name:\"m\",version:\"1\",state:\"READY\"},{name:\"s\",version:\"1\",state:\"READY\"}]";
    assert_eq!(index, expected);
    let ended = caller.send("/inference.GRPCInferenceService/ModelTrain", &[], framed(b""));
    assert!(ended.status == 12 && ended.message.contains("ModelTrain"), "{ended:?}");
}

#[test]
fn health_is_told_and_watched() {
    let mut server = serve(vec![plain("m")], Limits::default());
    let caller = Caller::new(server.address);
    let check = |service: &str| {
        caller.call(
            "grpc.health.v1.Health",
            "Check",
            &format!("service: '{service}'"),
            "HealthCheck",
        )
    };
    for service in ["", "m", "inference.GRPCInferenceService", "grpc.health.v1.Health"] {
        assert_eq!(check(service).unwrap(), "status:SERVING", "{service}");
    }
    assert_eq!(check("other").unwrap_err().0, 5);
    let watch = |service: &str| {
        let (response, mut stream) = caller.begin("/grpc.health.v1.Health/Watch", &[]);
        let request = Messages::new()
            .write("grpc.health.v1.HealthCheckRequest", &format!("service: '{service}'"));
        stream.send_data(framed(&request).into(), true).unwrap();
        response
    };
    let (model, unknown) = (watch("m"), watch("other"));
    caller.pause(Duration::from_millis(50));
    assert!(server.models.remove("m"));
    caller.pause(Duration::from_millis(600));
    server.drain.begin();
    let states = |body: &[u8]| body.chunks(7).map(|message| message[6]).collect::<Vec<_>>();
    let (model, unknown) = (caller.end(model), caller.end(unknown));
    // serving, then unknown since it was removed; the call ends with the server
    assert_eq!((states(&model.body), model.status), (vec![1, 3], 14));
    assert_eq!((states(&unknown.body), unknown.status), (vec![3], 14));
    server.join();
}

#[test]
fn services_are_reflected() {
    let server = serve(vec![plain("m")], Limits::default());
    let caller = Caller::new(server.address);
    for version in ["v1", "v1alpha"] {
        let path = format!("/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo");
        // list_services, then a symbol, then one that there is not
        let questions = [&b"\x3a\x00"[..], b"\x22\x14inference.ModelReady", b"\x22\x01x"];
        let body = questions.iter().flat_map(|question| framed(question)).collect();
        let ended = caller.send(&path, &[], body);
        assert_eq!(ended.status, 0, "{ended:?}");
        let text = String::from_utf8_lossy(&ended.body);
        for expected in [
            "inference.GRPCInferenceService",
            "grpc.health.v1.Health",
            "grpc.reflection.v1alpha.ServerReflection",
            "is not described here",
        ] {
            assert!(text.contains(expected), "{expected} {text}");
        }
    }
    let ended = caller.send(
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        &[],
        vec![0, 0, 0, 0, 9, 1],
    );
    assert_eq!(ended.status, 3);
    let ended = caller.send(
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        &[],
        vec![0, 0, 9, 0, 0],
    );
    assert_eq!(ended.status, 8);
}

#[test]
fn other_paths_and_types_are_no_calls() {
    let server = serve(vec![plain("m")], Limits::default());
    let caller = Caller::new(server.address);
    assert_eq!(caller.send("/nothing.Service/Method", &[], Vec::new()).status, 12);
    let ended = caller.send_infer(&[("x-request-id", "abc-1")], caller.request(ROWS));
    assert_eq!((ended.status, &ended.headers["x-request-id"]), (0, &"abc-1".parse().unwrap()));
    assert_eq!(ended.headers["content-type"], "application/grpc");
    // HTTP/1 has no trailers that clients would read
    let reply = server.post_as(
        "/inference.GRPCInferenceService/ModelInfer",
        "content-type: application/grpc",
        caller.request(ROWS),
    );
    assert_eq!(reply.status, 404);
}

#[test]
fn a_port_for_grpc_answers_the_same() {
    let config = Config { models: vec![plain("m")], grpc_port: Some(0), ..Config::default() };
    let server = start(config);
    for address in [server.address, server.grpc.unwrap()] {
        assert!(Caller::new(address).infer("ModelInfer", ROWS).is_ok(), "{address}");
    }
}
