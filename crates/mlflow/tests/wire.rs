//! The rules of the JSON of MLflow's API, one by one. What MLflow does was seen with its server and its
//! `ParseDict`; where we are stricter, the test says so.

#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

use longshore_mlflow::rest::{
    self, CreateRun, ErrorCode, FinalizeLoggedModel, GetMetricHistory,
    GetMetricHistoryBulkInterval, GetModelVersion, LogBatch, LogMetric, LogParam,
    LoggedModelStatus, ModelVersionReply, RunStatus, SearchRuns, SetTag,
    TransitionModelVersionStage, UpdateRun,
};

fn refused<T: rest::Message + std::fmt::Debug>(body: &str) -> String {
    rest::parse_request::<T>(body.as_bytes(), &[]).unwrap_err().to_string()
}

fn read<T: rest::Message>(body: &str) -> T {
    rest::parse_request(body.as_bytes(), &[]).unwrap()
}

#[test]
fn both_spellings_are_read_and_unknown_fields_are_not() {
    let run: CreateRun =
        read(r#"{"experimentId": "1", "run_name": "a", "startTime": 5, "colour": {"x": [1]}}"#);
    assert_eq!(rest::print(&run), r#"{"experiment_id":"1","run_name":"a","start_time":5}"#);
}

#[test]
fn both_spellings_at_once_are_refused() {
    let told = refused::<SearchRuns>(r#"{"max_results": 1, "maxResults": 2}"#);
    assert_eq!(
        told,
        "Request specifies both 'max_results' and 'maxResults'; provide only one of them."
    );
}

#[test]
fn null_is_absent_and_zero_is_not() {
    let run: CreateRun = read(r#"{"experiment_id": null, "start_time": 0, "run_name": ""}"#);
    assert_eq!((run.experiment_id.as_deref(), run.start_time), (None, Some(0)));
    assert_eq!(rest::print(&run), r#"{"run_name":"","start_time":0}"#);
}

#[test]
fn a_missing_parameter_is_named_as_mlflow_names_it() {
    let end = ". See the API docs for more information about request parameters.";
    let missing = |name: &str| format!("Missing value for required parameter '{name}'{end}");
    assert_eq!(refused::<SetTag>(r#"{"run_id": "a"}"#), missing("key"));
    assert_eq!(refused::<SetTag>(r#"{"run_id": "a", "key": ""}"#), missing("key"));
    assert_eq!(refused::<SetTag>(r#"{"run_id": "a", "key": null}"#), missing("key"));
    assert_eq!(refused::<LogBatch>(""), missing("run_id"));
    let body = r#"{"run_id": "a", "metrics": [{"key": "k", "value": 1, "timestamp": 1}, {"key": "k", "timestamp": 1}]}"#;
    assert_eq!(refused::<LogBatch>(body), missing("metrics[1].value"));
    let error = rest::parse_request::<LogBatch>(b"{}", &[]).unwrap_err();
    let refusal = rest::Refusal::from(&error);
    assert_eq!(refusal.code().map(ErrorCode::status), Some(400));
}

#[test]
fn the_run_is_told_first_of_two_wrong_fields() {
    // answers of mlflow 3.17's server
    let told = refused::<LogParam>(r#"{"run_id": 31, "key": "k", "value": 41}"#);
    assert!(told.starts_with("Invalid value 31 for parameter 'run_id' supplied"), "{told}");
    for told in [refused::<SetTag>("{}"), refused::<LogMetric>(r#"{"value": "x"}"#)] {
        assert!(told.starts_with("Missing value for required parameter 'run_id'"), "{told}");
    }
    let told = refused::<LogParam>(r#"{"run_id": "r", "value": 41}"#);
    assert!(told.starts_with("Missing value for required parameter 'key'"), "{told}");
}

#[test]
fn the_value_of_a_tag_or_a_parameter_may_be_empty_or_left_out() {
    for body in [r#"{"run_id":"a","key":"k"}"#, r#"{"run_id":"a","key":"k","value":""}"#] {
        assert_eq!(read::<LogParam>(body).value, "");
        assert_eq!(rest::print(&read::<SetTag>(body)), r#"{"key":"k","value":"","run_id":"a"}"#);
    }
}

#[test]
fn integers_may_be_texts_and_whole_floats() {
    for text in ["12", "\"12\"", "12.0", "1.2e1", "\"1.2e1\"", "\"12.0\""] {
        let body = format!(r#"{{"start_time": {text}}}"#);
        assert_eq!(read::<CreateRun>(&body).start_time, Some(12), "{text}");
    }
    let exact = read::<CreateRun>(r#"{"start_time": 9007199254740993}"#);
    assert_eq!(exact.start_time, Some(9_007_199_254_740_993));
    assert_eq!(rest::print(&exact), r#"{"start_time":9007199254740993}"#);
}

/// MLflow stores some of these as 0 and drops what follows them.
#[test]
fn what_is_no_integer_is_refused() {
    for text in
        ["1.5", "\"many\"", "\"\"", "\" 1\"", "true", "[1]", "{}", "9223372036854775808", "1e300"]
    {
        let told = refused::<CreateRun>(&format!(r#"{{"start_time": {text}}}"#));
        assert!(told.contains("for parameter 'start_time' supplied"), "{text}: {told}");
    }
    let told = refused::<GetMetricHistory>(
        r#"{"run_id": "a", "metric_key": "k", "max_results": 2147483648}"#,
    );
    assert!(told.contains("'max_results'"), "{told}");
}

#[test]
fn doubles_may_be_texts_and_have_names_when_they_are_not_finite() {
    let value = |text: &str| {
        let body = format!(r#"{{"run_id":"a","key":"k","timestamp":1,"value":{text}}}"#);
        rest::parse_request::<LogMetric>(body.as_bytes(), &[]).map(|metric| metric.value)
    };
    for (text, expected) in [
        ("1", 1.0),
        ("\"1.5\"", 1.5),
        ("\"Infinity\"", f64::INFINITY),
        ("-Infinity", f64::NEG_INFINITY),
        ("Infinity", f64::INFINITY),
    ] {
        assert_eq!(value(text).unwrap(), expected, "{text}");
    }
    for text in ["NaN", "\"NaN\""] {
        assert!(value(text).unwrap().is_nan(), "{text}");
    }
    for text in
        ["\"abc\"", "\"nan\"", "\"inf\"", "\"\"", "true", "[]", "1e999", "-NaN", "\"1e999\""]
    {
        value(text).unwrap_err();
    }
}

#[test]
fn a_name_in_a_text_is_left_alone() {
    let body = r#"{"run_id": "a", "key": "k\" NaN", "value": "a \\\" Infinity, NaN"}"#;
    let tag: SetTag = read(body);
    assert_eq!((&*tag.key, &*tag.value), ("k\" NaN", "a \\\" Infinity, NaN"));
}

#[test]
fn a_text_is_a_text() {
    let told = refused::<SetTag>(r#"{"run_id": "a", "key": 123}"#);
    assert_eq!(
        told,
        "Invalid value 123 for parameter 'key' supplied:  Hint: Value was of type 'int'. See the API docs for more information about request parameters."
    );
}

#[test]
fn an_enumeration_is_a_name_or_a_number() {
    for text in ["\"FAILED\"", "4"] {
        let run: UpdateRun = read(&format!(r#"{{"run_id": "a", "status": {text}}}"#));
        assert_eq!(run.status, Some(RunStatus::Failed));
        assert_eq!(rest::print(&run), r#"{"status":"FAILED","run_id":"a"}"#);
    }
    // MLflow ignores what it does not know
    for text in ["\"DONE\"", "\"failed\"", "9", "true"] {
        let told = refused::<UpdateRun>(&format!(r#"{{"run_id": "a", "status": {text}}}"#));
        assert!(told.contains("RUNNING, SCHEDULED, FINISHED, FAILED, KILLED"), "{told}");
    }
}

#[test]
fn the_old_name_of_a_run_stands_for_the_new_one() {
    let tag: SetTag = read(r#"{"run_uuid": "old", "key": "k"}"#);
    assert_eq!(tag.run_id, "old");
    let tag: SetTag = read(r#"{"runUuid": "old", "run_id": "new", "key": "k"}"#);
    assert_eq!((&*tag.run_id, tag.run_uuid.as_deref()), ("new", Some("old")));
}

#[test]
fn old_clients_send_json_in_a_text() {
    let tag: SetTag = read(r#""{\"run_id\": \"a\", \"key\": \"k\"}""#);
    assert_eq!(tag.key, "k");
}

#[test]
fn what_is_no_object_is_refused() {
    for body in ["[]", "1", "\"\"", "\"text\"", "{", "{\"key\": }", "\u{feff}{}"] {
        rest::parse_request::<SetTag>(body.as_bytes(), &[]).unwrap_err();
    }
    let deep = format!(r#"{{"a": {}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    rest::parse_request::<SetTag>(deep.as_bytes(), &[]).unwrap_err();
    rest::parse_request::<SetTag>(b"\xff\xfe{}", &[]).unwrap_err();
}

#[test]
fn the_address_wins_over_the_body() {
    let path = [("model_id", "m-1")];
    let body = br#"{"model_id": "m-2", "status": "LOGGED_MODEL_READY"}"#;
    let request: FinalizeLoggedModel = rest::parse_request(body, &path).unwrap();
    assert_eq!((&*request.model_id, request.status), ("m-1", LoggedModelStatus::Ready));
    let request: GetModelVersion =
        rest::parse_query([("name", "a"), ("version", "1"), ("x", "y")], &[]).unwrap();
    assert_eq!((&*request.name, &*request.version), ("a", "1"));
}

#[test]
fn a_query_repeats_the_keys_of_a_list_and_has_texts_only() {
    let pairs = [
        ("run_ids", "a"),
        ("run_ids", "b"),
        ("metric_key", "loss"),
        ("start_step", "0"),
        ("metric_key", "second"),
    ];
    let request: GetMetricHistoryBulkInterval = rest::parse_query(pairs, &[]).unwrap();
    assert_eq!(request.run_ids, ["a", "b"]);
    assert_eq!((&*request.metric_key, request.start_step), ("loss", Some(0)));
    let printed = [("run_ids", "a"), ("run_ids", "b"), ("metric_key", "loss"), ("start_step", "0")];
    let pairs = rest::Message::pairs(&request);
    assert!(pairs.iter().map(|(name, text)| (*name, &**text)).eq(printed), "{pairs:?}");
}

#[test]
fn a_boolean_of_a_query_is_true_or_false() {
    let ask = |text| {
        let pairs =
            [("name", "a"), ("version", "1"), ("stage", "s"), ("archive_existing_versions", text)];
        rest::parse_query::<TransitionModelVersionStage>(pairs, &[])
    };
    assert!(ask("True").unwrap().archive_existing_versions);
    assert!(!ask("false").unwrap().archive_existing_versions);
    let told = ask("1").unwrap_err().to_string();
    assert_eq!(told, "Invalid boolean value: 1, must be 'true' or 'false'.");
}

#[test]
fn a_reply_is_read_with_more_patience() {
    for version in ["\"3\"", "3"] {
        let text = format!(
            r#"{{"model_version":{{"name":"wine","version":{version},"source":"models:/m-1","new":[]}}}}"#
        );
        let reply: ModelVersionReply = rest::parse_reply(text.as_bytes()).unwrap();
        assert_eq!(reply.model_version.version, "3");
    }
    let told = rest::parse_reply::<ModelVersionReply>(br#"{"model_version":{"name":"wine"}}"#);
    let told = told.unwrap_err().to_string();
    assert_eq!(told, "the reply is not MLflow's: `model_version.version` is missing");
    let text = br#"{"model_version":{"name":"wine","version":"1","status":"LOST"}}"#;
    let told = rest::parse_reply::<ModelVersionReply>(text).unwrap_err().to_string();
    assert!(told.contains("`model_version.status` is `\"LOST\"`"), "{told}");
}
