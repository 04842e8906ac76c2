//! `batch`: every row answered once, in order, whatever happens on the way.

#![expect(clippy::expect_used, reason = "a test fails loudly")]

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// Rows of the long input: a run takes seconds.
const ROWS: usize = 150_000;

struct Room(TempDir);

impl Room {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        fs::write(self.path(name), bytes).expect("a file");
        self.path(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a file")
    }

    fn command(&self, input: &Path, output: &str, flags: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_longshore"));
        command.args(["batch", "example://wine", "--input"]).arg(input);
        command.arg("--output").arg(self.path(output)).args(flags);
        command.stderr(Stdio::piped()).stdout(Stdio::piped()).stdin(Stdio::null());
        command
    }

    /// The exit code, and what was said.
    fn run(&self, input: &Path, output: &str, flags: &[&str]) -> (i32, String) {
        ended(&self.command(input, output, flags).output().expect("the program starts"))
    }

    /// Runs, and every row has an answer.
    fn whole(&self, input: &Path, output: &str, flags: &[&str]) -> String {
        let (code, said) = self.run(input, output, flags);
        assert_eq!(code, 0, "{said}");
        for left in [".partial", ".journal", ".rejects.csv"] {
            assert!(
                !self
                    .path(&format!("{output}{left}"))
                    .try_exists()
                    .expect("a folder that can be read"),
                "{left} is left"
            );
        }
        self.text_of(output)
    }

    fn text_of(&self, output: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.path(output)).expect("an output")).into_owned()
    }
}

fn ended(output: &Output) -> (i32, String) {
    let code = output.status.code().unwrap_or(-1);
    (code, String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A file that pandas wrote.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/batch").join(name)
}

fn table(text: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("a header").iter().map(str::to_owned).collect();
    let rows = reader.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect());
    (header, rows.collect())
}

/// What `longshore predict` answers, one number a row.
fn predicted(input: &Path) -> Vec<i64> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_longshore"));
    let output = command.args(["predict", "example://wine", "--input"]).arg(input).output();
    let output = output.expect("the program starts");
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    serde_json::from_value(answer["predictions"].clone()).expect("numbers")
}

#[test]
fn files_of_every_format_have_the_same_answers() {
    let room = Room::new();
    let expected = predicted(&fixture("rows.csv"));
    assert!(expected.contains(&0) && expected.contains(&1) && expected.contains(&2));
    for name in ["rows.csv", "rows.jsonl", "rows.parquet", "zstd.parquet"] {
        let text = room.whole(&fixture(name), "answers.csv", &[]);
        let (header, rows) = table(&text);
        assert_eq!(header, ["prediction"]);
        let found: Vec<i64> = rows.iter().map(|row| row[0].parse().expect("a number")).collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn methods_and_columns_are_chosen() {
    let room = Room::new();
    let flags = ["--method", "predict,predict_proba", "--keep", "id,place,note,good,single"];
    let text = room.whole(&fixture("rows.csv"), "a.csv", &flags);
    let (header, by_csv) = table(&text);
    let expected = [
        "id",
        "place",
        "note",
        "good",
        "single",
        "prediction",
        "probability_0",
        "probability_1",
        "probability_2",
    ];
    assert_eq!(header, expected);
    assert_eq!(by_csv[1][..4], ["10", "sou\nth", "n1", "True"]);
    assert_eq!(by_csv[3][0], "", "a missing value");
    let (_, by_parquet) = table(&room.whole(&fixture("rows.parquet"), "b.csv", &flags));
    assert_eq!(by_csv, by_parquet);
    // what is written as Parquet reads back as it was
    room.whole(&fixture("zstd.parquet"), "c.parquet", &flags);
    let all = ["--keep", &expected.join(",")];
    let input = fixture("rows.parquet");
    let (code, said) = room.run(&input, "d.csv", &all);
    assert!(code == 1 && said.contains("no column `prediction` to keep"), "{said}");
    room.whole(&input, "e.parquet", &["--keep-all"]);
    let (_, again) = table(
        &room.whole(
            &room.path("e.parquet"),
            "f.csv",
            &flags[..2]
                .iter()
                .chain(&["--keep", "id,place,note,good,single"])
                .copied()
                .collect::<Vec<_>>(),
        ),
    );
    assert_eq!(again, by_csv);
    let lines = room.whole(&fixture("rows.jsonl"), "g.jsonl", &flags);
    let second: Value = serde_json::from_str(lines.lines().nth(1).expect("a line")).expect("JSON");
    assert_eq!((&second["id"], &second["place"]), (&Value::from(10), &Value::from("sou\nth")));
    assert_eq!(second["probability_1"].to_string(), by_csv[1][7]);
}

#[test]
fn rows_that_fail_are_set_aside_with_their_reason() {
    let room = Room::new();
    let text = fs::read_to_string(fixture("rows.csv")).expect("a file");
    let mut bytes = Vec::new();
    let (header, rows) = table(&text);
    let mut write = |cells: &[String]| {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(&mut bytes);
        writer.write_record(cells).expect("a row");
        writer.flush().expect("memory");
        drop(writer);
        bytes.len()
    };
    write(&header);
    for (at, row) in rows.iter().enumerate() {
        let mut row = row.clone();
        match at {
            3 => row[2] = "much".into(),
            5 => row.truncate(4),
            _ => {}
        }
        write(&row);
    }
    // the first byte of a row that is not UTF-8
    bytes.extend_from_slice(b"\xff,1\n");
    let input = room.file("rows.csv", &bytes);
    let (code, said) = room.run(&input, "answers.csv", &["--keep", "id"]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("3 of 31 rows have no answer"), "{said}");
    let (_, answers) = table(&room.text("answers.csv"));
    assert_eq!(answers.len(), rows.len() - 2);
    assert!(!answers.iter().any(|row| row[0] == "50"), "row 5 has an answer");
    let (columns, rejects) = table(&room.text("answers.csv.rejects.csv"));
    assert_eq!(columns, ["row", "file", "reason", "input"]);
    let reasons: Vec<_> = rejects.iter().map(|row| (row[0].as_str(), row[2].as_str())).collect();
    assert!(
        matches!(reasons[0], ("3", reason) if reason.contains("`ash`, row 3: the value `much`")),
        "{reasons:?}"
    );
    assert!(
        matches!(reasons[1], ("5", reason) if reason.starts_with("row 5 has 4 values")),
        "{reasons:?}"
    );
    assert!(matches!(reasons[2], ("30", reason) if reason.contains("not UTF-8")), "{reasons:?}");
    assert!(rejects[0][3].contains("much"));

    let (code, said) = room.run(&input, "answers.csv", &["--fail-fast"]);
    assert!(code == 1 && said.contains("row 3") && said.contains("much"), "{said}");
    let (code, said) = room.run(&input, "answers.csv", &["--max-rejects", "2", "--restart"]);
    assert!(code == 1 && said.contains("more than 2 rows"), "{said}");
    let flags =
        ["--rejects", room.path("r.jsonl").to_str().expect("text"), "--restart"].map(str::to_owned);
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();
    assert_eq!(room.run(&input, "answers.csv", &flags).0, 3);
    let first: Value =
        serde_json::from_str(room.text("r.jsonl").lines().next().expect("a line")).expect("JSON");
    assert_eq!(first["row"], 3);

    // a table that has not what the model takes is no matter of single rows
    let wrong = room.file("wrong.csv", "id,ash\n1,2\n3,4\n");
    let (code, said) = room.run(&wrong, "wrong-answers.csv", &[]);
    assert!(
        code == 1
            && said.contains("each of the first 2 rows of")
            && said.contains("has no answer; row 0: ")
            && said.contains("`alcohol`"),
        "{said}"
    );
    assert!(
        !room.path("wrong-answers.csv.journal").try_exists().expect("a folder that can be read")
    );
}

#[test]
fn what_cannot_be_read_of_parquet_is_told_by_its_place() {
    let room = Room::new();
    let whole = fs::read(fixture("rows.parquet")).expect("a file");
    // the second letter of a note, in the values of the first and of the second group of rows
    let mut spoilt = whole.clone();
    for note in [&b"n1\x05\x06"[..], b"n14\x03\x00\x00\x00n15"] {
        let at = spoilt.windows(note.len()).position(|bytes| bytes == note).expect("a note");
        spoilt[at + 1] = 0xff;
    }
    let input = room.file("spoilt.parquet", &spoilt);
    let (code, said) = room.run(&input, "answers.csv", &["--keep", "id,note"]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("2 of 30 rows have no answer"), "{said}");
    let (_, rejects) = table(&room.text("answers.csv.rejects.csv"));
    let told: Vec<_> = rejects.iter().map(|row| (&*row[0], &*row[2])).collect();
    let reason = "column `note`: the value is not UTF-8";
    assert_eq!(told, [("1", reason), ("14", reason)]);
    let expected = room.whole(&fixture("rows.parquet"), "whole.csv", &["--keep", "id"]);
    let (_, mut expected) = table(&expected);
    expected.retain(|row| row[0] != "10" && row[0] != "140");
    let (_, answers) = table(&room.text("answers.csv"));
    let answers: Vec<_> =
        answers.into_iter().map(|row| vec![row[0].clone(), row[2].clone()]).collect();
    assert_eq!(answers, expected);
    // whoever does not keep the column has all answers
    room.whole(&input, "all.csv", &[]);

    let mut damaged = whole;
    for byte in &mut damaged[40..400] {
        *byte = 0xff;
    }
    room.file("damaged.parquet", &damaged);
    fs::create_dir(room.path("rows")).expect("a folder");
    fs::copy(fixture("rows.parquet"), room.path("rows/a.parquet")).expect("a file");
    fs::copy(room.path("damaged.parquet"), room.path("rows/b.parquet")).expect("a file");
    let rows = room.path("rows");
    for again in ["", "going on after the 30 rows"] {
        let (code, said) = room.run(&rows, "damaged.parquet", &[]);
        assert_eq!(code, 1, "{said}");
        for words in [
            again,
            "b.parquet`: row group 0, column `alcohol`: the file is not well-formed Parquet",
            "copy or write the file again",
            "30 rows are done: the same command goes on after them",
        ] {
            assert!(said.contains(words), "`{words}` is not told: {said}");
        }
    }
}

#[test]
fn hostile_files_are_told_and_leave_no_output() {
    let room = Room::new();
    let parquet = fs::read(fixture("rows.parquet")).expect("a file");
    let header = fs::read_to_string(fixture("rows.csv")).expect("a file");
    let header = header.lines().next().expect("a header");
    let huge = format!("{header}\n{}\n", "9".repeat(3 << 20));
    let mut broken = parquet.clone();
    for byte in &mut broken[40..400] {
        *byte = 0xff;
    }
    let files: [(&str, Vec<u8>, &str); 9] = [
        (
            "cut.parquet",
            parquet[..parquet.len() / 2].to_vec(),
            "does not begin and end with `PAR1`",
        ),
        ("broken.parquet", broken, "not well-formed Parquet"),
        ("text.parquet", b"a,b\n1,2\n".to_vec(), "does not begin and end with `PAR1`"),
        ("empty.csv", Vec::new(), "is empty"),
        ("quote.csv", format!("{header}\n1,\"2\n").into_bytes(), "a quote has no end"),
        ("zip.csv", b"PK\x03\x04....".to_vec(), "a zip archive"),
        ("table.csv", parquet.clone(), "is a Parquet file"),
        ("document.jsonl", b"[\n{\"a\": 1}\n]".to_vec(), "one JSON document"),
        ("huge.csv", huge.into_bytes(), "--max-row-bytes"),
    ];
    for (name, bytes, expected) in files {
        let input = room.file(name, bytes);
        let (code, said) = room.run(&input, "out.csv", &["--max-row-bytes", "1000000"]);
        assert!(code == 1 && said.contains(expected), "{name}: {code} {said}");
        assert!(said.contains(name), "{name} is not named: {said}");
        assert!(!room.path("out.csv").try_exists().expect("a folder that can be read"), "{name}");
        assert!(!said.contains("panicked"), "{said}");
    }
    let (code, said) = room.run(&room.path("none.csv"), "out.csv", &[]);
    assert!(code == 1 && said.contains("none.csv"), "{said}");
    let rows = room.file("mine.csv", format!("{header}\n"));
    for flags in [&[][..], &["--rejects", rows.to_str().expect("text")]] {
        let output = if flags.is_empty() { "mine.csv" } else { "out.csv" };
        let (code, said) = room.run(&rows, output, flags);
        assert!(code == 1 && said.contains("holds the rows and would be written over"), "{said}");
        assert_eq!(fs::read_to_string(&rows).expect("a file"), format!("{header}\n"));
    }
    // what takes the place of a file may be a device
    let socket = room.path("socket.csv");
    let _bound = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    for (output, flags) in
        [("socket.csv", &[][..]), ("out.csv", &["--rejects", socket.to_str().expect("text")][..])]
    {
        let (code, said) = room.run(&fixture("rows.csv"), output, flags);
        assert!(code == 1 && said.contains("socket.csv` is no file"), "{said}");
    }
    let (code, said) = room.run(&fixture("rows.csv"), "out.xlsx", &[]);
    assert!(code == 1 && said.contains("--output-format"), "{said}");
    let (code, said) = room.run(&fixture("rows.csv"), "none/out.csv", &[]);
    assert!(code == 1 && said.contains("make it first"), "{said}");
    let (code, said) = room.run(&fixture("rows.csv"), "out.csv", &["--method", "predict_probs"]);
    assert!(code == 1 && said.contains("predict_proba"), "{said}");
    // a table without rows has an output without rows
    let none = room.file("none-yet.csv", format!("{header}\n"));
    assert_eq!(
        room.whole(&none, "out.csv", &["--method", "predict_proba"]),
        "probability_0,probability_1,probability_2\n"
    );
}

#[test]
fn folders_patterns_and_compressed_files_are_read_in_order() {
    let room = Room::new();
    let text = fs::read_to_string(fixture("rows.csv")).expect("a file");
    fs::create_dir(room.path("rows")).expect("a folder");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).expect("memory");
    room.file("rows/b.csv.gz", packed.finish().expect("memory"));
    room.file("rows/a.csv", &text);
    room.file("rows/_SUCCESS", "");
    let zstd = zstd::encode_all(text.as_bytes(), 1).expect("memory");
    room.file("rows/c.csv.zst", zstd);
    let one = room.whole(&fixture("rows.csv"), "one.csv", &["--keep", "id"]);
    let three = room.whole(&room.path("rows"), "three.csv", &["--keep", "id"]);
    let body = one.strip_prefix("id,prediction\n").expect("a header");
    assert_eq!(three, format!("id,prediction\n{body}{body}{body}"));
    let some = room.whole(&room.path("rows/*.csv"), "some.csv", &["--keep", "id"]);
    assert_eq!(some, one);
}

#[test]
fn rows_are_piped() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_longshore"));
    command.args(["batch", "example://wine", "--input", "-", "--input-format", "csv"]);
    command.args(["--output", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let text = fs::read(fixture("rows.csv")).expect("a file");
    child.stdin.take().expect("a pipe").write_all(&text).expect("a reader");
    let output = child.wait_with_output().expect("an end");
    assert!(output.status.success());
    let (_, rows) = table(&String::from_utf8_lossy(&output.stdout));
    assert_eq!(rows.len(), 30);
}

/// A long file, and the answers to it of a run that nothing disturbs.
fn long(room: &Room) -> (PathBuf, Vec<u8>) {
    let text = fs::read_to_string(fixture("rows.csv")).expect("a file");
    let (header, rows) = table(&text);
    let mut long = format!("number,{}\n", header[..13].join(","));
    for at in 0..ROWS {
        let row = &rows[at * 7 % rows.len()];
        let bad = if at % 10_007 == 5 { "x" } else { "" };
        writeln!(long, "{at},{bad}{}", row[..13].join(",")).expect("text");
    }
    let input = room.file("long.csv", long);
    let (code, said) = room.run(&input, "whole.csv", &["--keep", "number"]);
    assert_eq!(code, 3, "{said}");
    let whole = fs::read(room.path("whole.csv")).expect("an output");
    (input, whole)
}

/// Waits until the journal of `output` says that rows are done.
fn begun(room: &Room, output: &str, child: &mut Child) {
    let journal = room.path(&format!("{output}.journal"));
    let until = Instant::now() + Duration::from_mins(1);
    while fs::read_to_string(&journal).map_or(0, |text| text.lines().count()) < 2 {
        let ended = child.try_wait().expect("a child");
        assert!(ended.is_none() && Instant::now() < until, "it ended before it could be disturbed");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_run_that_is_killed_is_gone_on_with() {
    let room = Room::new();
    let (input, whole) = long(&room);
    let flags = ["--keep", "number", "--threads", "1"];
    for (output, signal) in [("killed.csv", "KILL"), ("stopped.csv", "INT")] {
        let mut child = room.command(&input, output, &flags).spawn().expect("the program starts");
        begun(&room, output, &mut child);
        let pid = child.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &pid]).status();
        assert!(sent.expect("`kill` runs").success());
        let (code, said) = ended(&child.wait_with_output().expect("an end"));
        if signal == "INT" {
            assert_eq!(code, 130, "{said}");
            assert!(said.contains("this goes on: ") && said.contains("--threads 1"), "{said}");
        }
        assert!(
            !room.path(output).try_exists().expect("a folder that can be read"),
            "an output that is not whole has its name"
        );
        let (code, said) = room.run(&input, output, &flags);
        assert_eq!(code, 3, "{said}");
        assert!(said.contains("going on after the "), "{said}");
        assert!(
            fs::read(room.path(output)).expect("an output") == whole,
            "{signal}: other answers"
        );
        let rejects = |name: &str| room.text(&format!("{name}.rejects.csv"));
        assert_eq!(rejects(output), rejects("whole.csv"));
        assert!(
            !room
                .path(&format!("{output}.journal"))
                .try_exists()
                .expect("a folder that can be read")
        );
    }
}

#[test]
fn what_has_changed_is_not_gone_on_with() {
    let room = Room::new();
    let (input, whole) = long(&room);
    let flags = ["--keep", "number", "--threads", "1"];
    let mut child = room.command(&input, "out.csv", &flags).spawn().expect("the program starts");
    begun(&room, "out.csv", &mut child);
    let (code, said) = room.run(&input, "out.csv", &flags);
    assert!(code == 1 && said.contains("another process"), "{said}");
    child.kill().and_then(|()| child.wait()).expect("an end");
    let (code, said) = room.run(&input, "out.csv", &["--method", "predict_proba"]);
    assert!(code == 1 && said.contains("other methods") && said.contains("--restart"), "{said}");
    let text = fs::read(&input).expect("a file");
    fs::write(&input, [&text[..], b"\n"].concat()).expect("a file");
    let (code, said) = room.run(&input, "out.csv", &flags);
    assert!(code == 1 && said.contains("long.csv` has changed"), "{said}");
    let (code, said) = room.run(&input, "out.csv", &[&flags[..], &["--restart"]].concat());
    assert_eq!(code, 3, "{said}");
    assert!(fs::read(room.path("out.csv")).expect("an output") == whole);
}
