use std::io::Write;

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::read;
use crate::{
    Error, Limits,
    read::{Document, Kind},
};

fn archive(entries: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn load(schema: &str, more: &[(&str, &[u8])]) -> Result<Document, Error> {
    let mut entries = vec![("schema.json", schema.as_bytes())];
    entries.extend(more);
    let stored = read(archive(&entries, CompressionMethod::Stored), &Limits::default());
    let deflated = read(archive(&entries, CompressionMethod::Deflated), &Limits::default());
    assert_eq!(stored.is_ok(), deflated.is_ok());
    stored
}

fn fault(schema: &str, more: &[(&str, &[u8])]) -> String {
    load(schema, more).unwrap_err().to_string()
}

fn json(content: &str) -> String {
    let content = serde_json::to_string(content).unwrap();
    format!(
        r#"{{"__class__":"str","__module__":"builtins","__loader__":"JsonNode","content":{content}}}"#
    )
}

fn list(items: &[String]) -> String {
    let items = items.join(",");
    format!(
        r#"{{"__class__":"list","__module__":"builtins","__loader__":"ListNode","content":[{items}]}}"#
    )
}

#[test]
fn scalars_are_json_in_texts() {
    let items: Vec<_> = [
        "null",
        "true",
        "-3",
        "1.5",
        "NaN",
        "\"a\"",
        "\"a\\n\\\"é\\u00e9\"",
        "18446744073709551616",
    ]
    .map(json)
    .into();
    let document = load(&list(&items), &[]).unwrap();
    let root = document.root();
    let at = |index: usize| root.go(root.items().unwrap()[index]);
    assert!(at(0).is_none());
    assert_eq!(at(1).as_bool(), Some(true));
    assert_eq!(at(2).as_i64(), Some(-3));
    assert_eq!(at(3).as_f64(), Some(1.5));
    assert!(at(4).as_f64().unwrap().is_nan());
    assert_eq!(at(5).as_str(), Some("a"));
    assert_eq!(at(6).as_str(), Some("a\n\"éé"));
    assert!(matches!(at(7).kind(), Kind::BigInt([0, 0, 0, 0, 0, 0, 0, 0, 1, ..])));
    // a plain text is a range of the file
    assert!(matches!(at(5).range(), Some((_, 1, false))));
}

#[test]
fn keys_get_their_types_back() {
    let kind = |name: &str| {
        format!(r#"{{"__class__":"{name}","__module__":"builtins","__loader__":"TypeNode"}}"#)
    };
    let schema = format!(
        r#"{{"__class__":"dict","__module__":"builtins","__loader__":"DictNode",
            "content":{{"1":{one},"0.5":{one},"a":{one},"true":{one}}},"key_types":{types}}}"#,
        one = json("1"),
        types = list(&["int", "float", "str", "bool"].map(kind)),
    );
    let document = load(&schema, &[]).unwrap();
    let root = document.root();
    let keys: Vec<_> = root.pairs().unwrap().iter().map(|(key, _)| root.go(*key)).collect();
    assert_eq!(keys[0].as_i64(), Some(1));
    assert_eq!(keys[1].as_f64(), Some(0.5));
    assert_eq!(keys[2].as_str(), Some("a"));
    assert_eq!(keys[3].as_bool(), Some(true));
}

#[test]
fn a_repeated_id_is_the_same_object() {
    let inner = list(&[]).replacen('{', r#"{"__id__":7,"#, 1);
    let document = load(&list(&[inner.clone(), inner]), &[]).unwrap();
    let items = document.root().items().unwrap();
    assert_eq!(items[0], items[1]);
}

#[test]
fn unknown_and_hostile_nodes_are_refused() {
    let node = |loader: &str, module: &str, class: &str| {
        format!(r#"{{"__class__":"{class}","__module__":"{module}","__loader__":"{loader}"}}"#)
    };
    assert!(fault(&node("NewNode", "a", "B"), &[]).contains("`NewNode`"));
    assert!(fault(&node("TypeNode", "os", "system"), &[]).contains("hostile"));
    assert!(fault(&node("FunctionNode", "builtins", "eval"), &[]).contains("hostile"));
    assert!(fault(&node("BytesNode", "builtins", "bytes"), &[]).contains("no `file`"));
}

#[test]
fn archives_without_a_schema_are_refused() {
    let bytes = archive(&[("a.txt", b"")], CompressionMethod::Stored);
    assert!(read(bytes, &Limits::default()).unwrap_err().to_string().contains("schema.json"));
}

#[test]
fn lies_are_errors() {
    let array = r#"{"__class__":"ndarray","__module__":"numpy","__loader__":"NdArrayNode",
        "type":"numpy","file":"a.npy"}"#;
    assert!(fault(array, &[]).contains("a.npy"));
    assert!(fault(array, &[("a.npy", b"nothing")]).contains("a.npy"));
    assert!(fault("{", &[]).contains("byte 1"));
    assert!(fault("[]", &[]).contains("__loader__"));
    assert!(fault(&json("[1"), &[]).contains("byte"));
    let deep = |depth: usize| (0..depth).fold(json("1"), |inner, _| list(&[inner]));
    assert!(load(&deep(100), &[]).is_ok());
    assert!(fault(&deep(130), &[]).contains("nested too deeply"));
    assert!(fault(&deep(400), &[]).contains("nested too deeply"));
}

#[test]
fn bombs_are_stopped() {
    let zeros = vec![b' '; 4 << 20];
    let bytes = archive(&[("schema.json", &zeros)], CompressionMethod::Deflated);
    let error = read(bytes, &Limits::default()).unwrap_err().to_string();
    assert!(error.contains("--max-compression-ratio"), "{error}");
    let limits = Limits { model_bytes: 1 << 20, ..Limits::default() };
    let bytes = archive(&[("schema.json", &zeros)], CompressionMethod::Deflated);
    let error = read(bytes, &limits).unwrap_err().to_string();
    assert!(error.contains("--max-model-bytes"), "{error}");
}

#[test]
fn damaged_archives_are_errors() {
    let whole = archive(
        &[("schema.json", list(&[json("1"), json("\"a\"")]).as_bytes())],
        CompressionMethod::Stored,
    );
    for len in 0..whole.len() {
        assert!(read(whole[..len].to_vec(), &Limits::default()).is_err(), "{len}");
    }
    // the checksum finds a changed byte in the contents, even where it would still be JSON
    for place in 45..whole.len() / 2 {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        assert!(read(bytes, &Limits::default()).is_err(), "{place}");
    }
}
