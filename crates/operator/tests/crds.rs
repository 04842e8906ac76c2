//! The definitions in `deploy/crds` are those of the types.

use std::fs;

#[path = "crds/definition.rs"]
mod definition;
#[path = "crds/structural.rs"]
mod structural;

/// Where they are.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/crds");

#[test]
fn the_definitions_are_those_of_the_types() {
    for definition in definition::all() {
        let name = definition["metadata"]["name"].as_str().unwrap();
        let path = format!("{FOLDER}/{name}.json");
        for choice in ["\"oneOf\"", "\"anyOf\"", "\"allOf\"", "\"$ref\"", "\"nullable\""] {
            let text = definition.to_string();
            assert!(!text.contains(choice), "{name} is not structural: it has {choice}");
        }
        let text = format!("{definition}\n");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::create_dir_all(FOLDER).unwrap();
            fs::write(&path, &text).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == text, "{path} is not what the types say; run with UPDATE_EXPECT=1");
    }
}
