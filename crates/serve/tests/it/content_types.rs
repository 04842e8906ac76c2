//! What replies of V2 and gRPC say of `MLServer`'s content types.

use std::sync::Arc;

use longshore_engine::{Error, Inputs, Method, Output, OutputData, Predictor, Table};
use longshore_serve::{Limits, ModelSource};
use serde_json::{Value, json};

use crate::{
    calls::Caller,
    client::{Running, serve},
    model::{model_of, plain, source},
};

/// Answers "é" and nothing, whatever is asked.
#[derive(Debug)]
struct Words;

impl Predictor for Words {
    fn inputs(&self) -> Inputs {
        Inputs { columns: Some(1), names: Some(Arc::from([Arc::from("x")])), ..Inputs::default() }
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict]
    }

    fn compute(&self, _: Method, table: &Table) -> Result<Output, Error> {
        let words = [Some("é"), None].into_iter().cycle().take(table.rows);
        Ok(Output::flat(OutputData::Text(words.collect())))
    }
}

fn words() -> ModelSource {
    source("w", model_of(Box::new(Words), None))
}

/// The outputs of a reply to one column of two rows; `input` and `rest` are added to the request.
fn ask(server: &Running, model: &str, input: &str, rest: &str) -> Value {
    let shape = if model == "w" { "[2,1]" } else { "[2,3]" };
    let data = if model == "w" { "[1,2]" } else { "[1,2,3,-4,-5,-6]" };
    let body = format!(
        r#"{{"inputs":[{{"name":"x","shape":{shape},"datatype":"FP64","data":{data}{input}}}]{rest}}}"#
    );
    let reply = server.post(&format!("/v2/models/{model}/infer"), body);
    let json = reply.json();
    if reply.status == 200 { json["outputs"].clone() } else { json["error"].clone() }
}

fn parameters(kind: &str) -> String {
    format!(r#","parameters":{{"content_type":"{kind}"}}"#)
}

fn outputs(list: &[(&str, &str)]) -> String {
    let one = |(name, kind): &(&str, &str)| {
        let parameters = if kind.is_empty() { String::new() } else { parameters(kind) };
        format!(r#"{{"name":"{name}"{parameters}}}"#)
    };
    format!(r#","outputs":[{}]"#, list.iter().map(one).collect::<Vec<_>>().join(","))
}

#[test]
fn replies_say_content_types_to_those_who_do() {
    let server = serve(vec![plain("m")], Limits::default());
    let answer = |parameters: Value| {
        let mut output =
            json!([{"name": "predict", "shape": [2], "datatype": "INT64", "data": [1, 0]}]);
        if !parameters.is_null() {
            output[0]["parameters"] = parameters;
        }
        output
    };
    let np = || json!({"content_type": "np"});
    assert_eq!(ask(&server, "m", "", ""), answer(Value::Null));
    assert_eq!(ask(&server, "m", "", &outputs(&[("predict", "")])), answer(Value::Null));
    assert_eq!(ask(&server, "m", "", &parameters("np")), answer(np()));
    assert_eq!(ask(&server, "m", &parameters("np"), ""), answer(np()));
    for kind in ["np", "pd", "pd_json"] {
        assert_eq!(ask(&server, "m", "", &outputs(&[("predict", kind)])), answer(np()), "{kind}");
    }
    let two = ask(&server, "m", "", &outputs(&[("transform", "np"), ("predict", "")]));
    assert_eq!([&two[0]["parameters"], &two[1]["parameters"]], [&np(), &np()]);
    for kind in ["str", "base64", "datetime"] {
        let error = ask(&server, "m", "", &outputs(&[("predict", kind)]));
        let expected = format!(
            "the output `predict` has the datatype INT64, and the content type `{kind}` goes with BYTES; ask for `np`"
        );
        assert_eq!(error, expected);
    }
    let error = ask(&server, "m", "", &outputs(&[("predict", "hf")]));
    assert!(error.as_str().unwrap().contains("the content type `hf` is not one of"), "{error}");
}

#[test]
fn texts_come_in_the_content_type_that_is_asked_for() {
    let server = serve(vec![words()], Limits::default());
    for (kind, first) in
        [("", "é"), ("np", "é"), ("str", "é"), ("datetime", "é"), ("base64", "w6k=")]
    {
        let output = ask(&server, "w", "", &outputs(&[("predict", kind)]));
        assert_eq!(output[0]["data"], json!([first, null]), "{kind}");
        let said = if kind.is_empty() { Value::Null } else { json!({"content_type": kind}) };
        assert_eq!(output[0]["parameters"], said);
    }
    // beside raw bytes, whose number is that of what is sent
    let rest = r#","outputs":[{"name":"predict","parameters":{"content_type":"base64","binary_data":true}}]"#;
    let body = format!(
        r#"{{"inputs":[{{"name":"x","shape":[1,1],"datatype":"FP64","data":[1]}}]{rest}}}"#
    );
    let reply = server.post("/v2/models/w/infer", body);
    let length: usize = reply.header("inference-header-content-length").unwrap().parse().unwrap();
    let json: Value = serde_json::from_slice(&reply.bytes[..length]).unwrap();
    let said = json!({"content_type": "base64", "binary_data_size": 8});
    assert_eq!(json["outputs"][0]["parameters"], said);
    assert_eq!(&reply.bytes[length..], b"\x04\0\0\0w6k=");
}

#[test]
fn replies_over_grpc_say_the_same() {
    let server = serve(vec![plain("m"), words()], Limits::default());
    let caller = Caller::new(server.address);
    let ask = |model: &str, columns: usize, more: &str| {
        let items = ["1"].repeat(columns).join(", ");
        let request = format!(
            "model_name: '{model}' inputs {{ name: 'x' datatype: 'FP64' shape: [1, {columns}] contents {{ fp64_contents: [{items}] }} }} {more}"
        );
        caller.infer("ModelInfer", &request).map(|reply| reply.replace(' ', ""))
    };
    let kind = |kind: &str| {
        format!("parameters {{ key: 'content_type' value {{ string_param: '{kind}' }} }}")
    };
    assert!(!ask("m", 3, "").unwrap().contains("parameters"));
    let said = r#"shape:[1],parameters:[{key:"content_type",value{string_param:"np"}}],contents{int64_contents:[1]}"#;
    let reply = ask("m", 3, &kind("np")).unwrap();
    assert!(reply.contains(said), "{reply}");
    let output = |own: &str| format!("outputs {{ name: 'predict' {} }}", kind(own));
    let reply = ask("w", 1, &output("base64")).unwrap();
    assert!(reply.contains(r#"{string_param:"base64"}"#), "{reply}");
    assert!(reply.contains(r#"bytes_contents:["w6k="]"#), "{reply}");
    let (status, message) = ask("m", 3, &output("str")).unwrap_err();
    assert!(status == 3 && message.contains("goes with BYTES"), "{message}");
}
