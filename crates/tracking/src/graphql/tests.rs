use serde_json::{Map, Value, json};

use super::{
    Bounds,
    document::{Literal, Selection},
    parse::parse,
    plan::{Plan, plan},
    project,
};

fn planned(query: &str, variables: Value) -> Result<Plan, String> {
    let Value::Object(variables) = variables else { panic!("variables are an object") };
    plan(query, None, &variables, Bounds::default())
}

fn words(query: &str) -> String {
    planned(query, json!({})).expect_err(query)
}

#[test]
fn texts_numbers_and_blocks_are_read() {
    let document = parse(
        "# a query\n{ a: test(inputString: \"q\\\"\\u00e9\\n\", n: [-1, 2.5e3, true, null, X, $v], b: \"\"\"\n    one\n      two \\\"\"\"\n  \"\"\") @skip(if: false) { output } }",
    )
    .expect("a query");
    let [Selection::Field(field)] = &*document.operations[0].selections else {
        panic!("{document:?}")
    };
    assert_eq!((field.key(), &*field.name), ("a", "test"));
    let values: Vec<_> = field.arguments.iter().map(|(_, value)| value.clone()).collect();
    let list = vec![
        Literal::Int("-1".to_owned()),
        Literal::Float("2.5e3".to_owned()),
        Literal::Bool(true),
        Literal::Null,
        Literal::Enum("X".to_owned()),
        Literal::Variable("v".to_owned()),
    ];
    assert_eq!(values[0], Literal::Text("q\"é\n".to_owned()));
    assert_eq!(values[1], Literal::List(list));
    assert_eq!(values[2], Literal::Text("one\n  two \"\"\"".to_owned()));
}

#[test]
fn what_is_no_query_is_refused() {
    for (text, part) in [
        ("", "empty"),
        ("{", "a name is expected where the query ends"),
        ("{ }", "a field is expected"),
        ("{ a(b: ) }", "a value is expected at byte 7"),
        ("{ a(b: 01) }", "`01`"),
        ("{ a(b: \"x) }", "has no end"),
        ("{ a(b: \"\\x\") }", "wrong escape"),
        ("{ a(b: 1, b: 2) }", "`b` is given twice"),
        ("{ a ? }", "unexpected character `?`"),
        ("subscription { a }", "`subscription`"),
        ("fragment F on T { a } fragment F on T { a } { a }", "two fragments"),
    ] {
        let error = parse(text).expect_err(text);
        assert!(error.starts_with("Syntax Error: ") && error.contains(part), "{text}: {error}");
    }
    for open in ["{a", "{a(b:[", "{a(b:{c:", "{...", "query($a:["] {
        let deep = open.trim_start_matches('{').repeat(20_000);
        assert!(parse(&format!("{{{deep}")).is_err());
        assert!(parse(&open.repeat(20_000)).is_err());
    }
}

#[test]
fn one_query_cannot_ask_for_much() {
    let get = r#"mlflowGetExperiment(input: {experimentId: "0"})"#;
    let many = |count: usize, of: &dyn Fn(usize) -> String| -> String {
        (0..count).map(of).collect::<Vec<_>>().join(" ")
    };
    let roots = many(12, &|n| format!("a{n}: {get} {{ __typename }}"));
    assert_eq!(
        words(&format!("{{ {roots} }}")),
        "GraphQL queries should have at most 10 root fields, got 12 root fields."
    );
    let aliases = many(11, &|n| format!("a{n}: experiment {{ name }}"));
    let error = "GraphQL queries should have at most 10 aliases, got 11 aliases.";
    assert_eq!(words(&format!("{{ {get} {{ {aliases} }} }}")), error);
    let more = Bounds { roots: 12, aliases: 12 };
    assert_eq!(
        plan(&format!("{{ {roots} }}"), None, &Map::new(), more).expect("a plan").asked.len(),
        12
    );
    // neither can fragments
    let parts = many(11, &|n| {
        format!("fragment F{n} on MlflowGetExperimentResponse {{ a{n}: experiment {{ name }} }}")
    });
    let spreads = many(11, &|n| format!("...F{n}"));
    assert_eq!(words(&format!("{{ {get} {{ {spreads} }} }} {parts}")), error);
    let fields = many(1001, &|_| "name".to_owned());
    assert!(words(&format!("{{ {get} {{ experiment {{ {fields} }} }} }}")).contains("1000"));
    let circle = format!(
        "{{ {get} {{ ...F }} }} fragment F on MlflowGetExperimentResponse {{ experiment {{ ...F ...F }} a: experiment {{ ...F }} }}"
    );
    assert!(words(&circle).contains("exceeds maximum"), "{}", words(&circle));
    assert!(words(&format!("{{ {get} {{ {} }} }}", "x".repeat(70_000))).contains("65536"));
}

#[test]
fn what_the_schema_does_not_have_is_named() {
    let get = r#"mlflowGetExperiment(input: {experimentId: "0"})"#;
    for (query, part) in [
        ("{ nothing }".to_owned(), "Cannot query field 'nothing' on type 'Query'."),
        (
            format!("{{ {get} {{ experiment {{ nothing }} }} }}"),
            "Cannot query field 'nothing' on type 'MlflowExperiment'.",
        ),
        (format!("{{ {get} }}"), "must have a selection of subfields"),
        (format!("{{ {get} {{ experiment {{ name {{ x }} }} }} }}"), "has no subfields"),
        (format!("{{ {get} {{ experiment(a: 1) {{ name }} }} }}"), "Unknown argument 'a'"),
        (format!("{{ {get} {{ ...Missing }} }}"), "Unknown fragment 'Missing'."),
        (format!("{{ {get} {{ ... on MlflowRun {{ info }} }} }}"), "'MlflowRun'"),
        (format!("{{ {get} @gone {{ apiError {{ code }} }} }}"), "Unknown directive '@gone'."),
        (format!("{{ {get} @skip {{ apiError {{ code }} }} }}"), "'if'"),
        (
            format!("{{ {get} {{ a: experiment {{ name }} a: apiError {{ code }} }} }}"),
            "Fields 'a' conflict",
        ),
        ("{ mlflowGetExperiment { __typename } }".to_owned(), "argument 'input' must be given"),
        ("{ mlflowGetRun(input: {x: 1}) { __typename } }".to_owned(), "'x' is not defined"),
        ("{ mlflowGetRun(input: {runId: 1}) { __typename } }".to_owned(), "'runId' cannot be 1"),
        ("{ mlflowGetRun(input: $x) { __typename } }".to_owned(), "Variable '$x' is not defined."),
        ("query($x: I!) { mlflowGetRun(input: $x) { __typename } }".to_owned(), "'$x' must be"),
        ("mutation { mlflowGetRun(input: {}) { __typename } }".to_owned(), "type 'Mutation'"),
        ("query A { test } query B { test }".to_owned(), "Must provide operation name"),
    ] {
        let error = words(&query);
        assert!(error.contains(part), "{query}: {error}");
    }
}

#[test]
fn arguments_become_the_fields_of_messages() {
    let query = "query Q($runs: [String], $to: Int = 7, $none: String) { mlflowGetMetricHistoryBulkInterval(input: {runIds: $runs, metricKey: \"m\", startStep: 1, endStep: $to, maxResults: null}) { metrics { key } } }";
    let plan = planned(query, json!({"runs": "one"})).expect("a plan");
    let wanted = json!({"run_ids": ["one"], "metric_key": "m", "start_step": 1, "end_step": 7});
    assert_eq!(Value::Object(plan.asked[0].input.clone()), wanted);
    let long = r#"{ mlflowSearchModelVersions(input: {maxResults: "12"}) { nextPageToken } }"#;
    let plan = planned(long, json!({})).expect("a plan");
    assert_eq!(plan.asked[0].input, Map::from_iter([("max_results".to_owned(), 12.into())]));
}

#[test]
fn what_a_message_leaves_out_has_its_default() {
    let query = "{ mlflowGetRun(input: {runId: \"r\"}) { run { ...F info { status } again: info { endTime } experiment { name } modelVersions { name } data { metrics { value } tags { key } } } apiError { code } __typename } } fragment F on MlflowRunExtension { info { runName } }";
    let plan = planned(query, json!({})).expect("a plan");
    let message = json!({"run": {"info": {"run_name": "n"}, "data": {"metrics": [{"value": "NaN"}, {"value": 0.5}]}}});
    let one = &plan.asked[0];
    assert_eq!(
        project::object(one.answer, Some(&message), &one.fields),
        json!({
            "run": {
                "info": {"runName": "n", "status": "RUNNING"},
                "again": {"endTime": "0"},
                "experiment": null,
                "modelVersions": null,
                "data": {"metrics": [{"value": null}, {"value": 0.5}], "tags": []},
            },
            "apiError": null,
            "__typename": "MlflowGetRunResponse",
        })
    );
}
