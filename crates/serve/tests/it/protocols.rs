//! Right requests in every protocol and form.

use longshore_serve::Limits;
use serde_json::json;

use crate::{
    client::serve,
    model::{documents, plain, recorded, signed},
};

#[test]
fn v1_answers_rows_in_every_form() {
    let server = serve(
        vec![plain("sum"), recorded("xy"), documents("texts"), signed("signed")],
        Limits::default(),
    );
    for (model, body, expected) in [
        ("sum", r#"{"instances":[[1,2,3],[-1,-2.5,0]]}"#, json!([1, 0])),
        ("sum", r#"{"inputs":[[1,2,3]]}"#, json!([1])),
        (
            "sum",
            r#"{"instances":[[1,2,3],[1,1,1]],"inputs":[[-1,2,-3]],"signature_name":"x"}"#,
            json!([0]),
        ),
        ("sum", r#" { "instances" : [ [ true , 2 , 3 ] ] } "#, json!([1])),
        ("xy", r#"{"instances":[{"y":1,"x":-3,"z":"dropped"},{"x":[5],"y":0}]}"#, json!([0, 1])),
        ("xy", r#"{"inputs":{"y":[1,2],"x":[-3,4]}}"#, json!([0, 1])),
        ("xy", r#"{"instances":[[1,2]]}"#, json!([1])),
        ("texts", r#"{"instances":["abc",""]}"#, json!([1, 0])),
        ("texts", r#"{"instances":[["abc"],["\u00e9"]]}"#, json!([1, 1])),
        ("texts", r#"{"instances":[{"text":"abc"}]}"#, json!([1])),
        ("signed", r#"{"instances":[{"a":-9,"n":2,"t":"four","o":0}]}"#, json!([0])),
        ("signed", r#"{"instances":[["-1",2,"",-4.5]]}"#, json!([0])),
    ] {
        let reply = server.post(&format!("/v1/models/{model}:predict"), body);
        assert_eq!(reply.status, 200, "{body}: {reply:?}");
        assert_eq!(reply.json(), json!({ "predictions": expected }), "{body}");
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    }
    assert_eq!(server.get("/v1/models").json()["models"], json!(["sum", "xy", "texts", "signed"]));
    assert_eq!(server.get("/v1/models/sum").json(), json!({"name": "sum", "ready": true}));
    assert_eq!(server.get("/").json(), json!({"status": "alive"}));
}

#[test]
fn v2_answers_tensors_of_every_datatype() {
    let server = serve(
        vec![plain("sum"), recorded("xy"), documents("texts"), signed("signed")],
        Limits::default(),
    );
    let infer = |model: &str, body: &str| {
        let reply = server.post(&format!("/v2/models/{model}/infer"), body);
        assert_eq!(reply.status, 200, "{body}: {reply:?}");
        reply.json()
    };
    for datatype in [
        "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64", "FP16", "FP32",
        "FP64",
    ] {
        let body = format!(
            r#"{{"inputs":[{{"name":"a","shape":[2,3],"datatype":"{datatype}","data":[1,2,3,0,0,0]}}]}}"#
        );
        let reply = infer("sum", &body);
        assert_eq!(reply["outputs"][0]["data"], json!([1, 0]), "{datatype}");
    }
    let reply = infer(
        "sum",
        r#"{"id":"q-1","inputs":[{"name":"a","shape":[2,3],"datatype":"FP64","data":[[1,2,3],[-4,0.5,0]],
        "parameters":{"content_type":"np"}}],"outputs":[{"name":"transform"},{"name":"decision_function"}]}"#,
    );
    assert_eq!(
        reply,
        json!({"model_name": "sum", "model_version": "1", "id": "q-1", "outputs": [
            {"name": "transform", "shape": [2, 3], "datatype": "FP64", "data": [2.0, 4.0, 6.0, -8.0, 1.0, 0.0],
                "parameters": {"content_type": "np"}},
            {"name": "decision_function", "shape": [2], "datatype": "FP64", "data": [6.0, -3.5],
                "parameters": {"content_type": "np"}},
        ]})
    );
    let reply = infer(
        "xy",
        r#"{"parameters":{"content_type":"pd"},"outputs":[{"name":"decision_function"}],"inputs":[
        {"name":"y","shape":[2,1],"datatype":"INT64","data":[1,2]},
        {"name":"x","shape":[2],"datatype":"FP32","data":[0.5,-4]},
        {"name":"z","shape":[2],"datatype":"BYTES","data":["u","v"]}]}"#,
    );
    assert_eq!(reply["outputs"][0]["data"], json!([1.5, -2.0]));
    assert!(reply["id"].as_str().is_some_and(|id| id.len() == 32), "an id is made up");
    let reply = infer(
        "signed",
        r#"{"outputs":[{"name":"transform"}],"inputs":[
        {"name":"t","shape":[1],"datatype":"BYTES","data":["four"]},
        {"name":"n","shape":[1],"datatype":"INT32","data":[3]},
        {"name":"o","shape":[1],"datatype":"BOOL","data":[true]},
        {"name":"a","shape":[1],"datatype":"FP64","data":[null]}]}"#,
    );
    assert_eq!(reply["outputs"][0]["data"], json!([null, 6.0, 8.0, 2.0]));
    for shape in ["[2]", "[2,1]"] {
        let body = format!(
            r#"{{"inputs":[{{"name":"any","shape":{shape},"datatype":"BYTES","data":["abc",""]}}]}}"#
        );
        assert_eq!(infer("texts", &body)["outputs"][0]["data"], json!([1, 0]));
    }
}

#[test]
fn v2_describes_server_and_models() {
    let server = serve(vec![plain("sum"), signed("signed")], Limits::default());
    assert_eq!(server.get("/v2").json()["name"], "longshore");
    assert_eq!(server.get("/v2/health/live").json(), json!({"live": true}));
    assert_eq!(server.get("/v2/health/ready").json(), json!({"live": true, "ready": true}));
    assert_eq!(server.get("/v2/models/sum/ready").json(), json!({"name": "sum", "ready": true}));
    assert_eq!(
        server.get("/v2/models/sum/versions/1").json(),
        json!({"name": "sum", "versions": ["1"], "platform": "sklearn_longshore",
        "inputs": [{"name": "input-0", "datatype": "FP64", "shape": [-1, 3]}],
        "outputs": [
            {"name": "predict", "datatype": "INT64", "shape": [-1]},
            {"name": "decision_function", "datatype": "FP64", "shape": [-1]},
            {"name": "transform", "datatype": "FP64", "shape": [-1, 3]},
        ]})
    );
    assert_eq!(
        server.get("/v2/models/signed").json()["inputs"],
        json!([
            {"name": "a", "datatype": "FP64", "shape": [-1, 1]},
            {"name": "n", "datatype": "INT64", "shape": [-1, 1]},
            {"name": "t", "datatype": "BYTES", "shape": [-1, 1]},
            {"name": "o", "datatype": "FP64", "shape": [-1, 1]},
        ])
    );
    let index = server.post("/v2/repository/index", r#"{"ready":true}"#).json();
    assert_eq!(index[0], json!({"name": "sum", "version": "1", "state": "READY", "reason": ""}));
    assert_eq!(server.send("POST /v2/repository/index HTTP/1.1\r\nhost: x\r\n\r\n").status, 200);
}

#[test]
fn invocations_take_every_form_that_mlflow_takes() {
    let server = serve(vec![signed("signed")], Limits::default());
    for body in [
        r#"{"dataframe_split":{"columns":["t","a","n"],"index":[7,8],"data":[["ab",1.5,2],["",-9,0]]}}"#,
        r#"{"dataframe_records":[{"a":1.5,"n":2,"t":"ab"},{"a":-9,"n":0,"t":""}],"params":{"k":2,"other":[]}}"#,
        r#"{"instances":[{"a":1.5,"n":2,"t":"ab","o":0.0},{"a":-9,"n":0,"t":"","o":0}]}"#,
        r#"{"instances":[[1.5,2,"ab",0],[-9,0,"",0]]}"#,
        r#"{"inputs":{"a":[1.5,-9],"n":[2,0],"t":["ab",""],"o":[0,0]}}"#,
        r#"{"inputs":[["1.5",2.0,"ab",0],["-9",0,"",0]],"unknown":{"x":[{}]}}"#,
    ] {
        let reply = server.post("/invocations", body);
        assert_eq!(reply.status, 200, "{body}: {reply:?}");
        let predictions = &reply.json()["predictions"];
        assert!(
            *predictions == json!([1, 0]) || *predictions == json!([0, 0]),
            "{body}: {predictions}"
        );
    }
    let csv = "t,a,n,extra,o\r\n\"a,\"\"b\",1.5,2,zzz,1\r\n";
    for kind in ["text/csv", "text/csv; charset=utf-8"] {
        let reply = server.post_as("/invocations", &format!("content-type: {kind}"), csv);
        assert_eq!(reply.json(), json!({"predictions": [1]}), "{reply:?}");
    }
    for path in ["/ping", "/health"] {
        let reply = server.get(path);
        assert_eq!((reply.status, &*reply.body), (200, "\n"));
    }
    assert_eq!(server.get("/version").body, longshore_mlflow::VERSION);
    assert_eq!(server.get("/health/live").json(), json!({"live": true}));
}

#[test]
fn one_model_needs_no_name_and_several_do() {
    let server = serve(vec![plain("one"), plain("two")], Limits::default());
    let body = r#"{"inputs":[[1,2,3]]}"#;
    let reply = server.post("/invocations", body);
    assert_eq!((reply.status, &reply.json()["error_code"]), (400, &json!("BAD_REQUEST")));
    let message = reply.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("?model=NAME") && message.contains("`two`"), "{message}");
    assert_eq!(server.post("/invocations?model=two", body).status, 200);
    let reply = server.post("/invocations?model=three", body);
    assert_eq!(
        (reply.status, &reply.json()["error_code"]),
        (404, &json!("RESOURCE_DOES_NOT_EXIST"))
    );
}

#[test]
fn a_shape_without_rows_takes_no_memory_for_its_columns() {
    let server = serve(vec![plain("m")], Limits::default());
    for datatype in ["BOOL", "BYTES", "FP64", "INT64"] {
        let reply = server.post(
            "/v2/models/m/infer",
            format!(
                r#"{{"inputs":[{{"name":"x","shape":[0,1000000000000],"datatype":"{datatype}","data":[]}}]}}"#
            ),
        );
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (400, "there are no rows"),
            "{datatype}"
        );
    }
}
