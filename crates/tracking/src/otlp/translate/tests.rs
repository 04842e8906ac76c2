use std::collections::BTreeMap;

use super::translate;
use crate::otlp::of_json;

#[test]
fn the_words_of_others_become_those_of_mlflow() {
    let cases: serde_json::Value =
        serde_json::from_str(include_str!("../cases/translate.json")).unwrap();
    for case in cases.as_array().unwrap() {
        let [span] = &mut of_json(case["request"].to_string().as_bytes()).unwrap()[..] else {
            panic!("one span was sent");
        };
        translate(span);
        let found: BTreeMap<_, _> = span.attributes.iter().collect();
        let wanted = case["attributes"].as_object().unwrap();
        let wanted: BTreeMap<_, _> =
            wanted.iter().map(|(key, text)| (key.as_str(), text.as_str().unwrap())).collect();
        assert_eq!(found, wanted);
    }
}
