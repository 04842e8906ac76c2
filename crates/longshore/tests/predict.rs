//! `predict` on input of any length and of any kind.

#![expect(clippy::expect_used, reason = "a test fails loudly")]

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Rows of the long inputs: more than two blocks.
const ROWS: usize = 20_000;

/// A file in a folder of its own.
fn file(name: &str, bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    fs::write(&path, bytes).expect("a file");
    (folder, path)
}

/// Standard output, or what the program complains of.
fn predict(input: &Path, flags: &[&str]) -> Result<String, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_longshore"));
    command.args(["predict", "example://wine", "--input"]).arg(input).args(flags);
    let output = command.output().expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// The one line that the program complains with.
fn complaint(name: &str, bytes: &[u8]) -> String {
    let (_folder, path) = file(name, bytes);
    let text = predict(&path, &[]).expect_err("a complaint");
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

fn predictions(text: &str) -> Vec<Value> {
    let answer: Value = serde_json::from_str(text).expect("JSON");
    answer["predictions"].as_array().expect("a list").clone()
}

/// The columns of the model, and two rows that it answers differently.
fn wine() -> (Vec<String>, [Vec<f64>; 2]) {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/wine");
    let read = |name: &str| -> Value {
        let text = fs::read_to_string(examples.join(name)).expect("a file");
        serde_json::from_str(&text).expect("JSON")
    };
    let names = &read("model/serving_input_example.json")["dataframe_split"]["columns"];
    let rows = &read("request.json")["instances"];
    let row = |at: usize| serde_json::from_value(rows[at].clone()).expect("numbers");
    (serde_json::from_value(names.clone()).expect("names"), [row(0), row(1)])
}

/// The wine rows in turn, each as `write` writes it.
fn long(header: &str, write: impl Fn(&[String], &[f64]) -> String) -> String {
    let (names, rows) = wine();
    let mut text = header.replace("NAMES", &names.join(","));
    for at in 0..ROWS {
        let row = &rows[usize::from(at % 3 == 0)];
        writeln!(text, "{}", write(&names, row)).expect("text");
    }
    text
}

fn csv_row(_: &[String], row: &[f64]) -> String {
    row.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn record(names: &[String], row: &[f64]) -> String {
    let record = names.iter().cloned().zip(row.iter().map(|&value| json!(value)));
    Value::Object(record.collect()).to_string()
}

#[test]
fn rows_are_answered_in_blocks_as_they_are_in_one_document() {
    let (_, rows) = wine();
    let (_folder, path) = file("two.json", json!({ "instances": rows }).to_string().as_bytes());
    let two = predictions(&predict(&path, &[]).expect("answers"));
    assert!(two.len() == 2 && two[0] != two[1], "{two:?}");
    let inputs = [
        ("rows.csv", long("NAMES\n", csv_row)),
        ("rows.json", long("", record)),
        ("rows.jsonl", long("\n", |_, row| format!("{row:?}\n"))),
    ];
    for (name, text) in inputs {
        let (_folder, path) = file(name, text.as_bytes());
        // the limit of what is held is that of a row
        let answers = predict(&path, &["--max-body-bytes", "70000"]).expect("answers");
        let answers = predictions(&answers);
        assert_eq!(answers.len(), ROWS, "{name}");
        let wrong = (0..ROWS).find(|&at| answers[at] != two[usize::from(at % 3 == 0)]);
        assert_eq!(wrong, None, "{name}");
    }
}

#[test]
fn a_fault_is_told_with_its_row_of_the_input() {
    let mut csv = long("NAMES\n", csv_row);
    csv.push_str("1,2\n");
    let text = complaint("rows.csv", csv.as_bytes());
    assert!(text.contains("row 20000 has 2 values while the header names 13"), "{text}");

    let mut bytes = long("NAMES\n", csv_row).into_bytes();
    bytes.extend_from_slice(b"\xe9,1,1,1,1,1,1,1,1,1,1,1,1\n");
    let text = complaint("rows.csv", &bytes);
    assert!(text.contains("row 20000 of `") && text.contains("is not UTF-8"), "{text}");

    let records = long("", record);
    let text = complaint("rows.json", format!("{records}{{\"alcohol\": 1").as_bytes());
    assert!(text.contains("row 20000 of `") && text.contains("not a line of JSON"), "{text}");
    let text = complaint("rows.json", format!("{records}[1]\n").as_bytes());
    assert!(text.contains("row 20000 is not an object by column name"), "{text}");
}

#[test]
fn what_is_answered_is_written_before_the_rest_is_read() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_longshore"))
        .args(["predict", "example://wine", "--input", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut input = child.stdin.take().expect("its input");
    let mut output = std::io::BufReader::new(child.stdout.take().expect("its output"));
    input.write_all(long("NAMES\n", csv_row).as_bytes()).expect("it reads");
    let mut begin = [0; 16];
    // the input has not ended yet
    std::io::Read::read_exact(&mut output, &mut begin).expect("answers");
    assert_eq!(&begin, b"{\"predictions\":[");
    drop(input);
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut output, &mut rest).expect("answers");
    assert!(child.wait().expect("an end").success());
    assert_eq!(predictions(&format!("{{\"predictions\":[{rest}")).len(), ROWS);
}

#[test]
fn what_is_no_input_is_one_line() {
    let text = predict(Path::new("/dev/zero"), &[]).expect_err("a complaint");
    assert_eq!(
        text,
        "error: `/dev/zero` is no text (byte 0 is zero): give rows as CSV with a header, or as JSON\n"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let text = predict(folder.path(), &[]).expect_err("a complaint");
    assert!(text.lines().count() == 1 && text.contains("is a folder: give a file"), "{text}");
    let text = predict(&folder.path().join("none"), &[]).expect_err("a complaint");
    let (first, next) = text.split_once('\n').expect("two lines");
    assert!(first.contains("No such file") && next.starts_with("next:  "), "{text}");
    for (bytes, expected) in [
        (&b""[..], "is empty: give rows"),
        (b"\n \n", "is empty: give rows"),
        (b"\x1f\x8b\x08\0\0", "is compressed with gzip"),
        (b"PAR1\x15\x04", "is a Parquet file"),
        (b"\xff\xfea\0", "is UTF-16"),
        (b"\x7fELF\0", "is no text"),
        (b"a,b\n\xe9,1\n", "is not UTF-8 at byte 4"),
    ] {
        let text = complaint("input", bytes);
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn a_limit_names_a_flag_that_there_is() {
    let (_, rows) = wine();
    let text = json!({ "instances": rows }).to_string();
    let (_folder, path) = file("two.json", text.as_bytes());
    let error = predict(&path, &["--max-body-bytes", "50"]).expect_err("a complaint");
    assert!(error.contains("one JSON document and exceeds the limit of 50 bytes"), "{error}");
    assert!(error.contains("`--max-body-bytes` raises it"), "{error}");
    assert!(predict(&path, &["--max-body-bytes", &text.len().to_string()]).is_ok());
    // a quote without an end is one row
    let open = format!("{}\"{}", long("NAMES\n", csv_row), "1,\n".repeat(100_000));
    let (_folder, path) = file("open.csv", open.as_bytes());
    let error = predict(&path, &["--max-body-bytes", "100000"]).expect_err("a complaint");
    assert!(error.contains("row 20000 of `") && error.contains("--max-body-bytes"), "{error}");
}

#[test]
fn the_same_fault_has_the_words_of_the_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("churn.pkl");
    let model = format!("churn={}", path.display());
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_longshore"));
        let output = command.args(arguments).output().expect("the program starts");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let (_rows, rows) = file("rows.csv", b"a\n1\n");
    let rows = rows.to_str().expect("text");
    for bytes in [None, Some(&b"\x7fELF\x02"[..]), Some(b""), Some(b"some text\n")] {
        if let Some(bytes) = bytes {
            fs::write(&path, bytes).expect("a file");
        }
        let served = run(&["serve", &model, "--port", "0", "--log", "off"]);
        assert!(served.starts_with("error: the model `churn` does not load: "), "{served}");
        assert_eq!(run(&["predict", &model, "--input", rows]), served);
        assert_eq!(run(&["inspect", &model]), served);
    }
}
