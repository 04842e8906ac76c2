//! Triton's extensions of V2: a model's configuration, and what models have done.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use longshore_serve::{Limits, ModelSource};
use serde_json::{Value, json};

use crate::{
    calls::{Caller, framed},
    client::{Running, serve},
    model::{plain, signed, slow},
};

/// What a server has counted of one version.
fn counted(server: &Running, path: &str) -> Value {
    let reply = server.get(path);
    assert_eq!(reply.status, 200, "{reply:?}");
    let mut models = reply.json()["model_stats"].as_array().unwrap().clone();
    assert_eq!(models.len(), 1, "{models:?}");
    models.remove(0)
}

fn nanos(counted: &Value, part: &str) -> u64 {
    counted["inference_stats"][part]["ns"].as_u64().unwrap()
}

/// How often each part was counted.
fn counts(counted: &Value) -> [u64; 6] {
    ["success", "fail", "queue", "compute_input", "compute_infer", "compute_output"]
        .map(|part| counted["inference_stats"][part]["count"].as_u64().unwrap())
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

#[test]
fn statistics_add_up_over_all_protocols() {
    let server = serve(vec![plain("sum"), plain("other")], Limits::default());
    let before = now();
    let fresh = counted(&server, "/v2/models/sum/stats");
    assert_eq!((&fresh["last_inference"], counts(&fresh)), (&json!(0), [0; 6]));
    for _ in 0..3 {
        server.post("/v1/models/sum:predict", r#"{"instances":[[1,2,3],[4,5,6]]}"#);
    }
    server.post("/invocations?model=sum", r#"{"inputs":[[1,2,3]]}"#);
    let caller = Caller::new(server.address);
    let row =
        "inputs { name: 'x' datatype: 'FP64' shape: [1, 3] contents { fp64_contents: [1, 2, 3] } }";
    let both = "outputs { name: 'predict' } outputs { name: 'transform' }";
    caller.infer("ModelInfer", &format!("model_name: 'sum' {row} {both}")).unwrap();
    server.post("/v2/models/sum/infer", "{}");
    server.post("/v1/models/sum:predict", r#"{"instances":[[600,60,6]]}"#);

    let sum = counted(&server, "/v2/models/sum/stats");
    assert_eq!((&sum["name"], &sum["version"]), (&json!("sum"), &json!("1")));
    assert_eq!(sum["inference_count"], 8);
    assert_eq!(sum["execution_count"], 5);
    assert_eq!(counts(&sum), [5, 2, 5, 5, 5, 5]);
    let parts = ["queue", "compute_input", "compute_infer", "compute_output"];
    let parts = parts.map(|part| nanos(&sum, part));
    assert_eq!(nanos(&sum, "success"), parts.iter().sum::<u64>(), "{sum}");
    assert!(parts[1..].iter().all(|part| *part > 0) && nanos(&sum, "fail") > 0, "{sum}");
    let last = sum["last_inference"].as_u64().unwrap();
    assert!((before..=now()).contains(&last), "{before} {last}");

    let reply = caller.infer("ModelStatistics", "name: 'sum' version: '1'").unwrap();
    for part in [
        format!("last_inference:{last}"),
        "inference_count:8".into(),
        "execution_count:5".into(),
        format!("success{{count:5,ns:{}}}", nanos(&sum, "success")),
        format!("fail{{count:2,ns:{}}}", nanos(&sum, "fail")),
        format!("compute_infer{{count:5,ns:{}}}", nanos(&sum, "compute_infer")),
    ] {
        assert!(reply.replace(' ', "").contains(&part), "{part} {reply}");
    }
    let all = server.get("/v2/models/stats").json();
    let names: Vec<_> = all["model_stats"].as_array().unwrap().iter().map(|m| &m["name"]).collect();
    assert_eq!(names, ["sum", "other"]);
    let all = caller.infer("ModelStatistics", "").unwrap();
    assert_eq!(all.matches("inference_stats").count(), 2, "{all}");
}

#[test]
fn time_in_the_pool_is_told_apart() {
    let pause = Duration::from_millis(30);
    let server = serve(vec![slow("sum", pause)], Limits::default());
    server.post("/v1/models/sum:predict", r#"{"instances":[[1,2,3]]}"#);
    let sum = counted(&server, "/v2/models/sum/stats");
    assert!(nanos(&sum, "queue") > 0, "{sum}");
    assert!(u128::from(nanos(&sum, "compute_infer")) >= pause.as_nanos(), "{sum}");
}

#[test]
fn a_stream_is_one_request_of_many_executions() {
    let server = serve(vec![plain("sum")], Limits::default());
    let lines = "[1,2,3]\n[4,5]\n[7,8,9]\n";
    let kind = "content-type: application/x-ndjson\r\nconnection: close";
    server.post_as("/v1/models/sum:predict", kind, lines);
    // the stream ends behind its last line
    let mut sum = counted(&server, "/v2/models/sum/stats");
    for _ in 0..100 {
        if counts(&sum)[0] == 1 {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
        sum = counted(&server, "/v2/models/sum/stats");
    }
    assert_eq!(sum["inference_count"], 2);
    let executions = sum["execution_count"].as_u64().unwrap();
    assert!((1..=2).contains(&executions), "{sum}");
    assert_eq!(counts(&sum), [1, 0, 0, 0, executions, 0], "{sum}");
}

#[test]
fn statistics_are_of_the_versions_that_answered() {
    let two = ModelSource { version: Some("2".into()), ..plain("sum") };
    let server = serve(vec![plain("sum"), two], Limits::default());
    server.post("/v1/models/sum/versions/1:predict", r#"{"instances":[[1,2,3]]}"#);
    let all = server.get("/v2/models/sum/stats").json();
    let versions: Vec<_> =
        all["model_stats"].as_array().unwrap().iter().map(|m| &m["version"]).collect();
    assert_eq!(versions, ["1", "2"]);
    assert_eq!(counted(&server, "/v2/models/sum/versions/1/stats")["inference_count"], 1);
    assert_eq!(counted(&server, "/v2/models/sum/versions/2/stats")["inference_count"], 0);
    let reply = server.get("/v2/models/sum/versions/9/stats");
    assert!(reply.status == 404 && reply.error().contains("it has `1`, `2`"), "{reply:?}");
    // a version that was replaced
    server.models.load(plain("sum")).unwrap();
    assert_eq!(counted(&server, "/v2/models/sum/versions/2/stats")["inference_count"], 0);
    let reply = server.get("/v2/models/sums/stats");
    assert!(reply.status == 404 && reply.error().contains("there is `sum`"), "{reply:?}");
    let caller = Caller::new(server.address);
    for (request, status) in
        [("name: 'sums'", 5), ("name: 'sum' version: '9'", 5), ("version: '1'", 3)]
    {
        assert_eq!(caller.infer("ModelStatistics", request).unwrap_err().0, status, "{request}");
    }
}

#[test]
fn a_configuration_says_what_the_metadata_says() {
    let server = serve(vec![signed("s"), plain("p")], Limits::default());
    let config = server.get("/v2/models/s/config").json();
    let input = |name: &str, data_type: &str, optional: bool| json!({"name": name, "data_type": data_type, "dims": [-1, 1], "optional": optional});
    let expected = json!({
        "name": "s",
        "platform": "sklearn_longshore",
        "backend": "longshore",
        "version_policy": {"specific": {"versions": [1]}},
        "max_batch_size": 0,
        "input": [
            input("a", "TYPE_FP64", false),
            input("n", "TYPE_INT64", false),
            input("t", "TYPE_STRING", false),
            input("o", "TYPE_FP64", true),
        ],
        "output": [
            {"name": "predict", "data_type": "TYPE_INT64", "dims": [-1]},
            {"name": "decision_function", "data_type": "TYPE_FP64", "dims": [-1]},
            {"name": "transform", "data_type": "TYPE_FP64", "dims": [-1, 4]},
        ],
    });
    assert_eq!(config, expected);
    let named = ModelSource { version: Some("blue".into()), ..plain("p") };
    server.models.load(named).unwrap();
    assert_eq!(server.get("/v2/models/p/config").json().get("version_policy"), None);
    server.models.load(plain("p")).unwrap();
    let config = server.get("/v2/models/p/versions/1/config").json();
    assert_eq!(config["input"][0]["dims"], json!([-1, 3]));

    let caller = Caller::new(server.address);
    let reply = caller.infer("ModelConfig", "name: 's'").unwrap().replace(' ', "");
    let begin = "config{name:\"s\",platform:\"sklearn_longshore\",version_policy{specific{versions:[1]}},input:[{name:\"a\",data_type:TYPE_FP64,dims:[-1,1]}";
    assert!(reply.starts_with(begin), "{reply}");
    assert!(
        reply.contains("{name:\"o\",data_type:TYPE_FP64,dims:[-1,1],optional:true}"),
        "{reply}"
    );
    assert!(reply.ends_with("backend:\"longshore\"}"), "{reply}");

    for (path, status) in [
        ("/v2/models/x/config", 404),
        ("/v2/models/p/versions/7/config", 404),
        ("/v2/models/p/config/x", 404),
    ] {
        assert_eq!(server.get(path).status, status, "{path}");
    }
    assert_eq!(server.post("/v2/models/p/config", "{}").status, 405);
    for (request, status) in [("name: 'x'", 5), ("name: 's' version: '7'", 5), ("", 3)] {
        assert_eq!(caller.infer("ModelConfig", request).unwrap_err().0, status, "{request}");
    }
}

#[test]
fn extensions_are_listed() {
    let server = serve(vec![plain("p")], Limits::default());
    let listed = server.get("/v2").json()["extensions"].clone();
    let there = [
        "binary_tensor_data",
        "model_configuration",
        "model_repository",
        "model_repository(unload_dependents)",
        "statistics",
    ];
    assert_eq!(listed, json!(there));
}

#[test]
fn what_there_is_not_says_what_to_do_instead() {
    let server = serve(vec![plain("p")], Limits::default());
    for (path, instead) in [
        ("/v2/systemsharedmemory/status", "as raw bytes"),
        ("/v2/cudasharedmemory/region/x/register", "as raw bytes"),
        ("/v2/trace/setting", "`--otlp-endpoint`"),
        ("/v2/models/p/trace/setting", "`--otlp-endpoint`"),
        ("/v2/logging", "`--log`"),
        ("/v2/models/p/generate", "`/v2/models/NAME/infer`"),
        ("/v2/models/p/versions/1/generate_stream", "`/v2/models/NAME/infer`"),
    ] {
        for reply in [server.get(path), server.post(path, "{}")] {
            assert!(reply.status == 501 && reply.error().contains(instead), "{path} {reply:?}");
        }
    }
    let caller = Caller::new(server.address);
    for (method, instead) in [
        ("SystemSharedMemoryStatus", "as raw bytes"),
        ("CudaSharedMemoryRegister", "as raw bytes"),
        ("TraceSetting", "`--otlp-endpoint`"),
        ("LogSettings", "`--log`"),
        ("ModelStreamInfer", "`ModelInfer`"),
    ] {
        let path = format!("/inference.GRPCInferenceService/{method}");
        let ended = caller.send(&path, &[], framed(b""));
        assert!(ended.status == 12 && ended.message.contains(instead), "{method} {ended:?}");
    }
}
