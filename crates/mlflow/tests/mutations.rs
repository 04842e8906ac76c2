//! Requests that are nearly right: whatever is read, prints and reads as itself, and nothing panics.

#![expect(clippy::expect_used, reason = "a test fails loudly")]

use longshore_mlflow::rest::{
    self, CreateRun, Kind, LogBatch, LogInputs, LogMetric, Message, SearchExperiments,
    SearchLoggedModels, SearchRuns, UpdateRun,
};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Map, Value, json};

/// Values that JSON can have where a field stands.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i32>().prop_map(|number| Value::from(number.to_string())),
        any::<f64>().prop_map(|number| Value::from(number.to_string())),
        prop_oneof![
            Just("NaN"),
            Just("Infinity"),
            Just("-Infinity"),
            Just("FINISHED"),
            Just("ALL"),
            Just("")
        ]
        .prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z_]{0,8}", inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// What a field of a message may look like: often right, sometimes anything.
fn near(kind: Kind, name: &'static str) -> BoxedStrategy<Value> {
    let right = match (kind, name) {
        (_, "metrics") => {
            items(&[("key", "k"), ("value", "1.5"), ("timestamp", "7"), ("step", "3")])
        }
        (_, "params" | "tags") => items(&[("key", "k"), ("value", "v")]),
        (_, "models") => items(&[("model_id", "m-1")]),
        (_, "order_by") => prop_oneof![
            items(&[("field_name", "name")]),
            prop::collection::vec("[a-z .]{1,9}", 0..3).prop_map(|texts| json!(texts)),
        ]
        .boxed(),
        (Kind::List, _) => {
            prop::collection::vec("[a-z0-9]{0,4}", 0..3).prop_map(|texts| json!(texts)).boxed()
        }
        (Kind::Bool, _) => any::<bool>().prop_map(Value::from).boxed(),
        (_, "start_time" | "end_time" | "timestamp" | "step" | "max_results") => prop_oneof![
            any::<i32>().prop_map(Value::from),
            any::<i32>().prop_map(|number| Value::from(number.to_string())),
            any::<i32>().prop_map(|number| Value::from(f64::from(number))),
        ]
        .boxed(),
        (_, "value") => prop_oneof![
            any::<f64>().prop_map(Value::from),
            any::<f64>().prop_map(|number| Value::from(number.to_string())),
            Just(Value::from("-Infinity")),
        ]
        .boxed(),
        (_, "status") => {
            prop::sample::select(vec!["RUNNING", "KILLED"]).prop_map(Value::from).boxed()
        }
        (_, "view_type" | "run_view_type") => Just(Value::from("ALL")).boxed(),
        (Kind::Text, _) => "[a-z0-9]{1,4}".prop_map(Value::from).boxed(),
    };
    prop_oneof![24 => right, 1 => value()].boxed()
}

/// A list of objects with these fields, of which some are missing, wrong or too many.
fn items(fields: &'static [(&'static str, &'static str)]) -> BoxedStrategy<Value> {
    let field = prop::sample::select(fields);
    let object = prop::collection::vec((field, prop::option::weighted(0.03, value())), 0..6)
        .prop_map(|chosen| {
            let mut map: Map<String, Value> = fields
                .iter()
                .map(|(name, text)| ((*name).to_owned(), Value::from(*text)))
                .collect();
            for ((name, _), value) in chosen {
                if let Some(value) = value {
                    map.insert(name.to_owned(), value);
                }
            }
            Value::Object(map)
        });
    prop::collection::vec(object, 0..3).prop_map(Value::from).boxed()
}

/// A body of a message, with the fields in one spelling or the other.
fn body<T: Message>() -> impl Strategy<Value = String> {
    let fields = T::FIELDS.iter().map(|(name, kind)| {
        let spelled = prop_oneof![4 => Just((*name).to_owned()), 1 => Just(camel(name))];
        prop::option::weighted(0.95, (spelled, near(*kind, name)))
    });
    let fields: Vec<_> = fields.collect();
    fields.prop_map(|fields| Value::Object(fields.into_iter().flatten().collect()).to_string())
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        camel += &word[..1].to_uppercase();
        camel += &word[1..];
    }
    camel
}

fn reads_as_itself<T: Message>(body: &str) -> bool {
    let Ok(message) = rest::parse_request::<T>(body.as_bytes(), &[]) else { return false };
    let printed = rest::print(&message);
    let again: T = rest::parse_request(printed.as_bytes(), &[]).expect("what was printed");
    assert_eq!(rest::print(&again), printed, "{body}");
    let reply: T = rest::parse_reply(printed.as_bytes()).expect("what was printed");
    assert_eq!(rest::print(&reply), printed, "{body}");
    true
}

/// Counts what was read, so that the test is not about refusals only.
fn most_of<T: Message>() {
    let mut runner = TestRunner::new_with_rng(
        Config { failure_persistence: None, ..Config::default() },
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );
    let read = std::cell::Cell::new(0);
    let result = runner.run(&body::<T>(), |body| {
        read.set(read.get() + u32::from(reads_as_itself::<T>(&body)));
        Ok(())
    });
    result.expect("every body that is read");
    assert!(read.get() > 50, "only {} bodies were read", read.get());
}

#[test]
fn what_is_read_prints_and_reads_as_itself() {
    most_of::<CreateRun>();
    most_of::<UpdateRun>();
    most_of::<LogMetric>();
    most_of::<LogBatch>();
    most_of::<LogInputs>();
    most_of::<SearchRuns>();
    most_of::<SearchExperiments>();
    most_of::<SearchLoggedModels>();
}

proptest! {
    #[test]
    fn no_bytes_panic(body in prop::collection::vec(any::<u8>(), 0..64), text in r#"[{}\[\]":,NaInfity\\0-9eE.+-]{0,40}"#) {
        reads_as_itself::<LogBatch>(&String::from_utf8_lossy(&body));
        reads_as_itself::<LogBatch>(&text);
        let _ = rest::parse_request::<LogBatch>(&body, &[]);
    }

    #[test]
    fn a_query_asks_what_a_body_asks(ids in prop::collection::vec("[0-9]{1,3}", 0..4), filter in ".{0,12}", most in any::<i32>()) {
        let pairs = ids.iter().map(|id| ("experiment_ids", id.as_str()));
        let most = most.to_string();
        let pairs = pairs.chain([("filter", filter.as_str()), ("max_results", most.as_str())]);
        let asked: SearchRuns = rest::parse_query(pairs, &[]).expect("a query");
        let body = rest::print(&asked);
        let again: SearchRuns = rest::parse_request(body.as_bytes(), &[]).expect("its body");
        prop_assert_eq!(&again, &asked);
        let pairs = again.pairs();
        let pairs = pairs.iter().map(|(name, text)| (*name, text.as_str()));
        prop_assert_eq!(rest::parse_query::<SearchRuns>(pairs, &[]).expect("a query"), asked);
    }
}
