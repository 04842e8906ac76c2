//! Wrong requests: one table a protocol, each with its status and what its message has to say.

use longshore_serve::Limits;

use crate::{
    client::serve,
    model::{documents, plain, recorded, signed},
};

const JSON: &str = "content-type: application/json";

#[test]
fn wrong_bodies_are_refused_with_a_reason() {
    let server = serve(
        vec![plain("sum"), recorded("xy"), documents("texts"), signed("signed")],
        Limits { rows: 5, body_bytes: 2000, ..Limits::default() },
    );
    let deep = format!("{{\"x\":{}1{}}}", "[".repeat(100), "]".repeat(100));
    let wide = format!("{{\"instances\":[[{}]]}}", "1,".repeat(1500));
    let cases: &[(&str, &str, &[u8], u16, &str)] = &[
        ("sum", "v1", b"", 400, "the body is empty; send {\"instances\": [row, …]}"),
        ("sum", "v1", b"{", 400, "at byte 1"),
        ("sum", "v1", b"[[1,2,3]]", 400, "the body is a list where an object is expected; send {\"instances\": [[1,2,3]]}"),
        ("sum", "v1", b"7", 400, "the body is a number where an object is expected"),
        ("sum", "v1", b"nope", 400, "not valid JSON at byte 0: expected an object"),
        ("sum", "v1", br#"{"a":1}"#, 400, r#"send {"instances": [{"a":1}]}"#),
        ("sum", "v1", br#"{"a":[1]}"#, 400, r#"send {"inputs": {"a":[1]}}"#),
        ("sum", "v1", b"{}", 400, "neither `instances` nor `inputs`"),
        ("sum", "v1", br#"{"instances":[[1,2,3]]} x"#, 400, "at byte 24: expected the end"),
        ("sum", "v1", br#"{"instances":[[1,2,3],]}"#, 400, "expected a value after the comma"),
        ("sum", "v1", br#"{"instances":[[1,2,3]],}"#, 400, "expected a value after the comma"),
        ("sum", "v1", br"{'instances':[[1,2,3]]}", 400, "a key in double quotes"),
        ("sum", "v1", br#"{"instances":[[1,2,03]]}"#, 400, "at byte 20"),
        ("sum", "v1", br#"{"instances":[[1,2,nan]]}"#, 400, "at byte 19"),
        ("sum", "v1", b"{\"instances\":[[1,2,\"\xff\"]]}", 400, "not UTF-8 at byte 20"),
        ("sum", "v1", br#"{"instances":[[1,2,3]],"instances":[[1,2,3]]}"#, 400, "`instances` comes twice"),
        ("sum", "v1", br#"{"instances":[]}"#, 400, "there are no rows"),
        ("sum", "v1", br#"{"instances":[[]]}"#, 400, "0 values where the model takes 3"),
        ("sum", "v1", br#"{"instances":[[1,2,3],[1,2]]}"#, 400, "row 1 has 2 values while row 0 has 3"),
        ("sum", "v1", br#"{"instances":[[1,2]]}"#, 400, "a row has 2 values where the model takes 3"),
        ("sum", "v1", br#"{"instances":[1,2,3]}"#, 400, "a row has 1 value where the model takes 3 values; a row is a list of its own: send [[1,2,3]]"),
        ("sum", "v1", br#"{"instances":["1", 2]}"#, 400, "a row is a list of its own, as in [[value, value, value]]"),
        ("xy", "v1", br#"{"instances": [1, 2]}"#, 400, "takes 2 values: `x`, `y`; a row is a list of its own: send [[1, 2]]"),
        ("xy", "v1", br#"{"inputs": [1, 2]}"#, 400, "send [[1, 2]]"),
        ("sum", "v1", br#"{"instances":[[1,2,[3]]]}"#, 400, "row 0, column 2 is a list"),
        ("sum", "v1", br#"{"instances":{"a":[1]}}"#, 400, "`instances` is an object where a list of rows is expected"),
        ("sum", "v1", br#"{"instances":null}"#, 400, "`instances` is null where a list of rows is expected"),
        ("sum", "v1", br#"{"instances":[[1,2,3],[1,2,3],[1,2,3],[1,2,3],[1,2,3],[1,2,3]]}"#, 413, "limit of 5 rows"),
        ("sum", "v1", br#"{"instances":[[1,2,{"a":1}]]}"#, 400, "row 0, column 2 is an object"),
        ("sum", "v1", deep.as_bytes(), 400, "nested deeper than 64"),
        ("sum", "v1", wide.as_bytes(), 413, "limit of 2000 bytes"),
        ("xy", "v1", br#"{"instances":[{"x":1}]}"#, 400, "`y` is missing; the model takes `x`, `y`"),
        ("xy", "v1", br#"{"instances":[{"q":1}]}"#, 400, "`x`, `y` are missing"),
        ("xy", "v1", br#"{"instances":[{"input":[1,2]}]}"#, 400, "`x`, `y` are missing"),
        ("xy", "v1", br#"{"instances":[{"x":1,"y":2,"x":3}]}"#, 400, "the key `x` comes twice"),
        ("xy", "v1", br#"{"instances":[{"x":1,"y":2},[1,2]]}"#, 400, "row 1 is not an object"),
        ("xy", "v1", br#"{"inputs":{"x":[1,2],"y":[1]}}"#, 400, "column `y` has 1 value while column `x` has 2"),
        ("texts", "v1", br#"{"instances":[1]}"#, 400, "column 0, row 0: 1 is no text, and the model takes texts there"),
        ("texts", "v1", br#"{"instances":["a",null]}"#, 400, "row 1 is null"),
        ("texts", "v1", br#"{"instances":[["a","b"]]}"#, 400, "2 values where the model takes one text"),
        ("texts", "v1", br#"{"instances":["\ud800"]}"#, 400, "half of a surrogate pair"),
        ("signed", "v1", br#"{"instances":[{"a":"x","n":1,"t":""}]}"#, 400, "column `a`, row 0: the value `x` is not a number"),
        ("signed", "v1", br#"{"instances":[{"a":1,"n":1.5,"t":""}]}"#, 400, "1.5 is not a whole number"),
        ("signed", "v1", br#"{"instances":[{"a":1,"n":null,"t":""}]}"#, 400, "is null"),
        ("signed", "v1", br#"{"instances":[{"a":1,"n":9223372036854775808,"t":""}]}"#, 400, "out of range"),
        ("sum", "v1", b"a=1", 400, "expected an object, found `a`; send {\"instances\": [row, …]}"),
        ("sum", "v1", br#"{"instances":"1,2"}"#, 400, "`instances` is a text where a list of rows is expected; send"),
        ("sum", "v2", br#"{"inputs":[[1,2,3]]}"#, 400, "an item of `inputs` is a list where an object is expected; send {\"inputs\": [{\"name\""),
        ("sum", "v2", br#"{"inputs":{"a":1}}"#, 400, "`inputs` is an object where a list is expected; send"),
        ("sum", "v2", br#"{"inputs":[nope]}"#, 400, "not valid JSON at byte 11"),
        ("sum", "v2", br#"{"inputs":[]}"#, 400, "`inputs` is empty"),
        ("sum", "v2", br"{}", 400, "there is no `inputs`"),
        ("sum", "v2", br#"{"id":7,"inputs":[]}"#, 400, "`id` is not a text"),
        ("sum", "v2", br#"{"inputs":[{"name":"a","shape":[1,3],"datatype":"FP64"}]}"#, 400, "input 0 has no `data`"),
        ("sum", "v2", br#"{"inputs":[{"name":"a","shape":[1,3],"data":[1,2,3]}]}"#, 400, "input 0 has no `datatype`"),
        ("sum", "v2", br#"{"inputs":[{"name":"a","shape":[1,3],"datatype":"FLOAT","data":[1,2,3]}]}"#, 400, "`FLOAT` is not a datatype"),
        ("sum", "v2", br#"{"inputs":[{"name":"a","shape":[1,3],"datatype":"FP64","data":[1,2]}]}"#, 400, "fewer than the 3 items"),
        ("sum", "v2", br#"{"inputs":[{"name":"a","shape":[1,3],"datatype":"INT8","data":[1,2,300]}]}"#, 400, "row 0, column 2: `300` is not a value of INT8"),
        ("sum", "v2", br#"{"inputs":[{"name":"a","shape":[1,1,3],"datatype":"FP64","data":[1,2,3]}]}"#, 400, "the shape [1, 1, 3]"),
        ("sum", "v2", br#"{"inputs":[{"name":"a","shape":[3],"datatype":"FP64","data":[1,2,3]}]}"#, 400, "takes 3 values; the shape [3] is that of single values: rows have the shape [1, 3]"),
        ("sum", "v2", br#"{"inputs":[{"name":"a","shape":[1,3],"datatype":"FP64","data":[1,2,3]}],"outputs":[{"name":"nope"}]}"#, 400, "no output `nope`; the model has `predict`"),
        ("xy", "v2", br#"{"inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[1]}]}"#, 400, "`y` is missing"),
        ("xy", "v2", br#"{"inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[1]},{"name":"x","shape":[1],"datatype":"FP64","data":[1]}]}"#, 400, "`x` comes twice"),
        ("xy", "v2", br#"{"inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[1]},{"name":"y","shape":[2],"datatype":"FP64","data":[1,2]}]}"#, 400, "input `y` has 2 rows while `x` has 1"),
        ("sum", "v2", br#"{"inputs":[{"name":"a","shape":[6,3],"datatype":"FP64","data":[]}]}"#, 413, "limit of 5 rows"),
    ];
    for &(model, protocol, body, status, expected) in cases {
        let path = match protocol {
            "v1" => format!("/v1/models/{model}:predict"),
            _ => format!("/v2/models/{model}/infer"),
        };
        let reply = server.post(&path, body);
        let shown = String::from_utf8_lossy(body);
        assert_eq!(reply.status, status, "{shown}: {reply:?}");
        let error = reply.error();
        assert!(error.contains(expected), "{shown}: {error}");
        assert!(!error.contains("/work") && !error.contains("src/"), "{error}");
    }
}

#[test]
fn invocations_fail_in_the_form_of_mlflow() {
    let server = serve(vec![signed("signed")], Limits { rows: 2, ..Limits::default() });
    let schema = "INVALID_PARAMETER_VALUE";
    let csv = "content-type: text/csv";
    for (headers, body, code, expected) in [
        (JSON, "", "BAD_REQUEST", "the body is empty; send {\"dataframe_split\": {\"columns\""),
        (
            JSON,
            "[[1,2]]",
            "BAD_REQUEST",
            "the body is a list where an object is expected; send {\"dataframe_split\": {\"data\": [[1,2]]}}",
        ),
        (JSON, r#"[{"a":1}]"#, "BAD_REQUEST", r#"send {"dataframe_records": [{"a":1}]}"#),
        (JSON, r#"{"a":1}"#, "BAD_REQUEST", r#"such as {"dataframe_records": [{"a":1}]}"#),
        (
            JSON,
            r#"{"dataframe_records":[[1]]}"#,
            "BAD_REQUEST",
            "`dataframe_records` is a list whose first item is a list where an object",
        ),
        (
            JSON,
            r#"{"dataframe_split":[[1]]}"#,
            "BAD_REQUEST",
            "`dataframe_split` is a list where an object such as",
        ),
        (
            JSON,
            r#"{"dataframe_split":{"data":[{"a":1}]}}"#,
            "BAD_REQUEST",
            "send objects as {\"dataframe_records\"",
        ),
        (JSON, "{}", "BAD_REQUEST", "exactly one of `dataframe_split`"),
        (
            JSON,
            r#"{"inputs":[[1,2,"",0]],"instances":[[1,2,"",0]]}"#,
            "BAD_REQUEST",
            "there are `inputs` and `instances`",
        ),
        (JSON, r#"{"dataframe_split":{"columns":["a"]}}"#, "BAD_REQUEST", "has no `data`"),
        (
            JSON,
            r#"{"dataframe_split":{"columns":["a","n"],"data":[[1]]}}"#,
            "BAD_REQUEST",
            "names 2 columns in `columns`, but a row of its `data` has 1",
        ),
        (
            JSON,
            r#"{"dataframe_split":{"columns":["a","a"],"data":[[1,2]]}}"#,
            "BAD_REQUEST",
            "the column `a` comes twice",
        ),
        (
            JSON,
            r#"{"dataframe_split":{"columns":["a","n"],"data":[[1,2]]}}"#,
            schema,
            "`t` is missing",
        ),
        (JSON, r#"{"dataframe_records":{"a":[1]}}"#, "BAD_REQUEST", "a list of objects"),
        (
            JSON,
            r#"{"dataframe_records":[{"a":1,"n":1.7,"t":""}]}"#,
            schema,
            "1.7 is not a whole number",
        ),
        (
            JSON,
            r#"{"dataframe_records":[{"a":1,"n":1,"t":""}],"params":{"k":"x"}}"#,
            schema,
            "parameter `k` is not `integer`",
        ),
        (
            JSON,
            r#"{"dataframe_records":[{"a":1,"n":1,"t":""}],"params":[]}"#,
            "BAD_REQUEST",
            "`params` is not an object",
        ),
        (csv, "a,n\n1,2\n", schema, "`t` is missing"),
        (csv, "a,n,t\n1,2\n", "BAD_REQUEST", "row 0 has 2 values while the header names 3"),
        (csv, "a,n,t\n1,x,2\n", schema, "column `n`, row 0: the value `x` is not a number"),
        (csv, "a,n,t\n1,1,1\n1,1,1\n1,1,1\n", "RESOURCE_LIMIT_EXCEEDED", "limit of 2 rows"),
        (
            csv,
            "a;n;t\n1;1;x\n",
            schema,
            "the header is one column, `a;n;t`: columns are separated by `,`, not by `;`",
        ),
        (csv, "a\tn\tt\n1,5\t1\tx\n", "BAD_REQUEST", "separated by `,`, not by a tab"),
        (csv, "", "INVALID_PARAMETER_VALUE", ""),
    ] {
        let reply = server.post_as("/invocations", headers, body);
        assert!(reply.status == 400 || reply.status == 413, "{body}: {reply:?}");
        let json = reply.json();
        let message = json["message"].as_str().unwrap();
        assert!(message.contains(expected), "{body}: {message}");
        if !body.is_empty() || headers == JSON {
            assert_eq!(json["error_code"], code, "{body}: {message}");
        }
        assert!(json.get("stack_trace").is_none());
    }
}

#[test]
fn an_answer_that_json_cannot_say_is_refused_and_binary_tensors_carry_it() {
    let server = serve(vec![plain("sum")], Limits::default());
    let rows = "[[1,2,3],[1e308,1e308,1]]";
    let v2 = |parameters: &str| {
        format!(
            "{{\"inputs\":[{{\"name\":\"x\",\"shape\":[2,3],\"datatype\":\"FP64\",\"data\":{rows}}}],\
             \"outputs\":[{{\"name\":\"decision_function\"{parameters}}}]}}"
        )
    };
    for (path, body) in [
        ("/v1/models/sum:predict?method=decision_function", format!("{{\"instances\":{rows}}}")),
        ("/invocations?method=decision_function", format!("{{\"inputs\":{rows}}}")),
        ("/v2/models/sum/infer", v2("")),
    ] {
        let reply = server.post(path, &body);
        assert_eq!(reply.status, 400, "{path}: {reply:?}");
        let expected = "row 1 of the answer to `decision_function` is infinite";
        assert!(reply.body.contains(expected), "{reply:?}");
    }
    let reply = server.post("/v2/models/sum/infer", v2(",\"parameters\":{\"binary_data\":true}"));
    assert_eq!(reply.status, 200);
    let expected = [6.0, f64::INFINITY].map(f64::to_le_bytes).concat();
    assert!(reply.bytes.ends_with(&expected), "{reply:?}");
}

#[test]
fn a_failure_of_the_model_is_not_the_end_of_the_server() {
    let server = serve(vec![plain("sum"), signed("signed")], Limits::default());
    let reply = server.post("/v1/models/sum:predict", r#"{"instances":[[600,60,6]]}"#);
    assert_eq!((reply.status, &*reply.error()), (500, "the model failed on these rows"));
    let mixed = r#"{"instances":[{"a":1,"n":1,"t":"x"},{"a":1,"n":1,"t":2}]}"#;
    let reply = server.post("/v1/models/signed:predict", mixed);
    assert_eq!(reply.status, 400);
    assert!(reply.error().starts_with("column `t`, row 1: 2 is no text"), "{reply:?}");
    assert_eq!(server.post("/v1/models/sum:predict", r#"{"instances":[[1,2,3]]}"#).status, 200);
}

#[test]
fn missing_numbers_go_in_and_come_out_as_null() {
    let server = serve(vec![plain("sum")], Limits::default());
    let transform = |data: &str| {
        let inputs = format!(r#"[{{"name":"a","shape":[1,3],"datatype":"FP64","data":{data}}}]"#);
        let body = format!(r#"{{"outputs":[{{"name":"transform"}}],"inputs":{inputs}}}"#);
        server.post("/v2/models/sum/infer", body)
    };
    let reply = transform("[NaN,null,1]");
    assert_eq!(reply.json()["outputs"][0]["data"], serde_json::json!([null, null, 2.0]));
    for infinite in ["[-Infinity,1,1]", "[1,1,1e999]"] {
        assert_eq!(transform(infinite).status, 400, "{infinite}");
    }
    let body = r#"{"instances":[[NaN,-Infinity,1e999]]}"#;
    assert_eq!(server.post("/v1/models/sum:predict", body).status, 200);
}
