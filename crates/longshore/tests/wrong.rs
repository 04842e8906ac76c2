//! Wrong command lines, files and requests, as somebody who is new makes them: each is told what is wrong, where, and
//! what to do next.

#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
};

const WINE_HEADER: &str = "alcohol,malic_acid,ash,alcalinity_of_ash,magnesium,total_phenols,flavanoids,\
nonflavanoid_phenols,proanthocyanins,color_intensity,hue,od280/od315_of_diluted_wines,proline";

fn golden(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../engine/tests/golden");
    folder.join(name).display().to_string()
}

/// The command in a folder, without credentials of this machine.
fn longshore(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_longshore"));
    command.current_dir(folder).stdin(Stdio::null());
    for name in
        ["MLFLOW_TRACKING_URI", "AWS_ACCESS_KEY_ID", "AWS_PROFILE", "KUBECONFIG", "NO_COLOR"]
    {
        command.env_remove(name);
    }
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("HOME", folder);
    command
}

/// Runs a command line that is to fail: its exit code and what it says on standard error.
fn fails(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = longshore(folder).args(arguments).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), said)
}

/// Each wrong command line with its exit code and with words that what it says must have: what, where, what next.
fn check(folder: &Path, cases: &[(&[&str], i32, &[&str])]) {
    for (arguments, code, words) in cases {
        let (found, said) = fails(folder, arguments);
        assert_eq!(found, *code, "{arguments:?}: {said}");
        for word in *words {
            assert!(said.contains(word), "{arguments:?} does not say `{word}`: {said}");
        }
        assert!(!said.contains("panicked") && !said.contains("Caused by"), "{said}");
    }
}

#[test]
fn wrong_commands_and_flags() {
    let folder = tempfile::tempdir().unwrap();
    check(
        folder.path(),
        &[
            (&["srve", "wine"], 2, &["unrecognized subcommand 'srve'", "'serve'"]),
            (&["serve"], 2, &["[NAME=]PATH|URI", "--help"]),
            (&["serve", "example://wine", "--prot", "1"], 2, &["'--prot'", "'--port'"]),
            (&["serve", "example://wine", "--port", "99999"], 2, &["99999", "--port", "65535"]),
            (
                &["serve", "example://wine", "--method", "predict_prob"],
                2,
                &["predict_prob'", "'predict_proba'", "--method"],
            ),
            (
                &["serve", "example://wine", "--max-body-bytes", "64X"],
                2,
                &["--max-body-bytes", "`64X` is not a size", "`64MiB`"],
            ),
            (
                &["serve", "example://wine", "--request-timeout", "soon"],
                2,
                &["--request-timeout", "`soon` is not a time", "`30s`"],
            ),
            (&["serve", "example://wine", "--host", "here"], 2, &["'here'", "--host", "`0.0.0.0`"]),
            (&["predict", "example://wine"], 2, &["--input <FILE>", "--help"]),
        ],
    );
}

/// Rows and answers in a storage that cannot be reached, or by a name that nothing there can have.
#[test]
fn wrong_places_of_rows() {
    let folder = tempfile::tempdir().unwrap();
    let ones = ["1"; 13].join(",");
    fs::write(folder.path().join("rows.csv"), format!("{WINE_HEADER}\n{ones}\n")).unwrap();
    fs::write(folder.path().join("picture.csv"), b"\x89PNG\r\n\x1a\n\xff\xff").unwrap();
    let from = |input| ["batch", "example://wine", "--input", input, "--output", "o.csv"];
    let to = |output| ["batch", "example://wine", "--input", "rows.csv", "--output", output];
    check(
        folder.path(),
        &[
            (
                &from("s3://bucket/rows.csv"),
                1,
                &["`s3://bucket/rows.csv`", "no valid credentials for S3", "--s3-anonymous"],
            ),
            (
                &from("s3://bucket/rows/*.csv"),
                1,
                &["patterns are for files of this machine", "`s3://bucket/rows/`"],
            ),
            (&from("s3:/bucket/rows.csv"), 1, &["`s3:/bucket", "write `s3://BUCKET/KEY`"]),
            (&to("gs://bucket/o.csv"), 1, &["`gs://bucket/o.csv`", "files of this machine"]),
            (&from("picture.csv"), 1, &["the first line of `picture.csv`", "CSV in UTF-8"]),
            (
                &["verify", "example://wine", "picture.csv", "rows.csv"],
                1,
                &["`picture.csv` does not hold rows", "CSV with a header, JSON or a `.npy` array"],
            ),
            (
                &to("s3://bucket/o.csv"),
                1,
                &[
                    "failed to write `s3://bucket/o.csv`",
                    "all rows are answered, in `./o.csv.partial`",
                    "the same command",
                ],
            ),
        ],
    );
    let address = "http://127.0.0.1:1";
    let output = longshore(folder.path())
        .args(from("s3://bucket/rows.csv"))
        .env("AWS_ACCESS_KEY_ID", "key")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_ENDPOINT_URL", address)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(75), "{said}");
    for word in [address, "could not be reached", "Connection refused", "next:", "proxy"] {
        assert!(said.contains(word), "`{word}`: {said}");
    }
}

/// Limits and times of 0 that would let nothing through, and numbers that no machine bears.
#[test]
fn numbers_that_mean_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let serve = ["serve", "example://wine", "--port", "0"];
    let batch = ["batch", "example://wine", "--input", "a.csv", "--output", "b.csv"];
    for (command, flag, value, word) in [
        (&serve[..], "--max-rows", "0", "nothing would pass"),
        (&serve, "--max-rows", "many", "`many` is not a whole number"),
        (&serve, "--max-body-bytes", "0", "nothing would pass"),
        (&serve, "--max-concurrency", "0", "nothing would pass"),
        (&serve, "--max-connections", "0", "nothing would pass"),
        (&serve, "--max-buffered-bytes", "0", "nothing would pass"),
        (&serve, "--max-loaded-bytes", "0", "nothing would pass"),
        (&serve, "--max-model-bytes", "0", "nothing would pass"),
        (&serve, "--max-compression-ratio", "0", "nothing would pass"),
        (&serve, "--cache-bytes", "0", "nothing would pass"),
        (&serve, "--max-json-depth", "0", "from 4"),
        (&serve, "--max-json-depth", "1000000", "to 1000"),
        (&serve, "--header-timeout", "0", "no time at all"),
        (&serve, "--idle-timeout", "0", "no time at all"),
        (&serve, "--body-timeout", "0", "no time at all"),
        (&serve, "--request-timeout", "0", "no time at all"),
        (&serve, "--registry-mark", "1ms", "from `1s`"),
        (&serve, "--threads", "1000000", "0 for one a core"),
        (&batch, "--threads", "1000000", "0 for one a core"),
        (&batch, "--max-row-bytes", "0", "nothing would pass"),
        (&["ps"], "--timeout", "0", "no time at all"),
        #[cfg(feature = "gateway")]
        (&["gateway"], "--connect-timeout", "0", "no time at all"),
        #[cfg(feature = "gateway")]
        (&["gateway"], "--max-waiting-bytes", "0", "nothing would pass"),
        #[cfg(feature = "tracking")]
        (&["tracking"], "--webhook-timeout", "0", "no time at all"),
        #[cfg(feature = "tracking")]
        (&["tracking"], "--graphql-max-aliases", "0", "nothing would pass"),
    ] {
        let arguments: Vec<&str> = command.iter().copied().chain([flag, value]).collect();
        check(folder.path(), &[(&arguments, 2, &[value, flag, word])]);
    }
    // the environment says the same, and so does its refusal
    let output =
        longshore(folder.path()).args(serve).env("LONGSHORE_MAX_ROWS", "0").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("--max-rows"));
}

#[test]
fn wrong_places_of_models() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("empty")).unwrap();
    fs::write(at("notes.txt"), "hello\n").unwrap();
    fs::write(at("cut.skops"), b"PK\x03\x04\x14\0\0\0").unwrap();
    fs::write(at("a.png"), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").unwrap();
    fs::create_dir(at("pictures")).unwrap();
    for name in ["a.jpg", "b.jpg"] {
        fs::write(at("pictures").join(name), b"\xff\xd8\xff\xe0").unwrap();
    }
    fs::write(at("rows.csv"), "a,b\n1,2\n").unwrap();
    fs::copy(golden("sklearn-1.9.1/frame-logistic/model.p1.pkl"), at("churn.pkl")).unwrap();
    let whole = fs::read(golden("refused/sklearn-1.9.1-company-step/model.p4.pkl")).unwrap();
    fs::write(at("half.pkl"), &whole[..whole.len() / 2]).unwrap();
    let lambda = golden("refused/sklearn-1.9.1-function-lambda/model.cloudpickle.pkl");
    let own = golden("refused/sklearn-1.9.1-company-step/model.p4.pkl");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    check(
        folder.path(),
        &[
            (
                &["serve", "chrun.pkl"],
                1,
                &["`chrun.pkl`", "No such file", "did you mean `churn.pkl`?"],
            ),
            (
                &["serve", "models/churn.pkl"],
                1,
                &["`models/churn.pkl`", "there is no folder `models`"],
            ),
            (
                &["serve", "model:/churn/1"],
                1,
                &["`model` is not read", "did you mean `models:/churn/1`?"],
            ),
            (
                &["batch", "chrun.pkl", "--input", "rows.csv", "--output", "o.csv"],
                1,
                &["`chrun.pkl`", "`churn.pkl`?"],
            ),
            (
                &["batch", "example://wine", "--input", "row.csv", "--output", "o.csv"],
                1,
                &["`row.csv`", "`rows.csv`?"],
            ),
            (
                &["serve", "models:/wine@champion", "--port", "0", "--tracking-uri", "nonsense"],
                1,
                &["tracking URI is not a server's address", "https://"],
            ),
            (&["serve", "empty"], 1, &["`empty` holds neither", "no files at all"]),
            (&["serve", "notes.txt"], 1, &["`notes.txt` is text", "name the file of the model"]),
            (&["serve", "cut.skops"], 1, &["zip", "may be cut off", "save or copy it again"]),
            (&["serve", "a.png"], 1, &["`a.png` is a picture", "name the file of the model"]),
            (&["serve", "pictures"], 1, &["`pictures` holds neither", "it has `a.jpg`, `b.jpg`"]),
            (&["serve", "rows.csv"], 1, &["`rows.csv` is a table", "name the file of the model"]),
            (
                &["serve", "half.pkl"],
                1,
                &["`half`", "the file ends in the middle", "save or copy it again"],
            ),
            (&["serve", &lambda], 1, &["functiontransformer", "line 41", "Options: replace it"]),
            (&["serve", &own], 1, &["is not supported"]),
            (&["serve", "hdfs://bucket/churn"], 1, &["`hdfs` is not read", "`s3://`"]),
            (&["serve", "example://beer"], 1, &["`example://beer`", "example://wine"]),
            (
                &["serve", "a b=example://wine"],
                1,
                &["`a b` is not a model name", "letters, digits"],
            ),
            (
                &["serve", "models:/wine@champion", "--port", "0"],
                1,
                &["needs an MLflow server", "--tracking-uri"],
            ),
            (
                &["serve", "s3://bucket/wine", "--port", "0"],
                1,
                &["no valid credentials for S3", "AWS_ACCESS_KEY_ID", "--s3-anonymous"],
            ),
            (
                &["serve", "example://wine", "--port", &port],
                1,
                &["cannot listen", &port, "another program", "--port 0"],
            ),
            (
                &["ps", "--server", "http://127.0.0.1:1"],
                1,
                &["http://127.0.0.1:1", "longshore serve PATH"],
            ),
            (
                &["smoke-test", "http://127.0.0.1:1"],
                1,
                &["http://127.0.0.1:1", "could not be asked", "refused"],
            ),
        ],
    );
}

/// A disk without room, and a reader of a pipe who has enough.
#[cfg(target_os = "linux")]
#[test]
fn answers_that_nobody_takes() {
    let folder = tempfile::tempdir().unwrap();
    let ones = ["1"; 13].join(",");
    let rows = format!("{ones}\n").repeat(50_000);
    fs::write(folder.path().join("rows.csv"), format!("{WINE_HEADER}\n{rows}")).unwrap();
    let batch = || {
        let mut command = longshore(folder.path());
        command.args(["batch", "example://wine", "--input", "rows.csv", "--output", "-"]);
        command
    };
    // a device that says that it is full
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = batch().stdout(full).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    for word in ["failed to write the answers", "No space left", "next:", "another disk"] {
        assert!(said.contains(word), "`{word}`: {said}");
    }
    let mut child = batch().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && !said.contains("error"), "{said}");
}

#[cfg(feature = "tracking")]
#[test]
fn a_database_that_is_none() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mlflow.db"), "notes of somebody\n".repeat(100)).unwrap();
    check(
        folder.path(),
        &[(
            &["tracking", "--port", "0"],
            1,
            &["`sqlite:///mlflow.db`", "`--backend-store-uri`", "not a database"],
        )],
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("churn.pkl");
    fs::write(&file, "secret").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&file).is_ok() {
        // who is root may read everything
        return;
    }
    check(
        folder.path(),
        &[(
            &["serve", "churn.pkl"],
            1,
            &["`churn.pkl`", "Permission denied", "chmod u+r churn.pkl"],
        )],
    );
}

#[test]
fn wrong_rows() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("empty.csv", "");
    write("cut.json", "{\"instances\": [[1,");
    write("few.csv", "alcohol,ash\n1,2\n");
    write(
        "misspelt.csv",
        &format!("{}\n{}\n", WINE_HEADER.replace("alcohol", "alchohol"), ["1"; 13].join(",")),
    );
    write(
        "text.csv",
        &format!("{WINE_HEADER}\n{}\n{},many\n", ["1"; 13].join(","), ["1"; 12].join(",")),
    );
    write("rows.parquet", "PAR1");
    write("other.csv", "a,b\n1,2\n");
    write("numbers.csv", "1.5,1.5\n2,3\n");
    write("rows.csv.gz", "\u{1f}\u{8b}");
    let predict = |file: &'static str| ["predict", "example://wine", "--input", file];
    check(
        folder.path(),
        &[
            (&predict("nope.csv"), 1, &["`nope.csv`", "No such file", "next:"]),
            (&predict("empty.csv"), 1, &["`empty.csv` is empty", "CSV with a header"]),
            (
                &predict("cut.json"),
                1,
                &["`cut.json`: the file is not valid JSON at byte", "the end of the file"],
            ),
            (&predict("rows.parquet"), 1, &["a Parquet file", "`longshore batch MODEL"]),
            (&predict("other.csv"), 1, &["`other.csv`: `alcohol`", "the file has `a`, `b`;"]),
            (&predict("numbers.csv"), 1, &["names `1.5` twice", "first line has to name"]),
            (&predict("few.csv"), 1, &["`malic_acid`", "missing", "the model takes `alcohol`"]),
            (
                &predict("misspelt.csv"),
                1,
                &["`alcohol` is missing", "`alchohol`, did you mean `alcohol`?"],
            ),
            (&predict("text.csv"), 1, &["column `proline`, row 1", "`many` is not a number"]),
            (
                &["predict", "example://wine", "--input", "few.csv", "--method", "transform"],
                1,
                &["no method `transform`", "`predict_proba`"],
            ),
        ],
    );
}

struct Running {
    child: Child,
    address: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    fn start(folder: &Path) -> Self {
        let mut command = longshore(folder);
        command.args(["serve", "example://wine", "--port", "0"]).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let line =
            log.lines().map(Result::unwrap).find(|line| line.contains("\"address\"")).unwrap();
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        Self { child, address: line["address"].as_str().unwrap().to_owned() }
    }

    fn post(&self, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(stream, "POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }
}

#[test]
fn wrong_requests() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path());
    let ones = format!("{{\"instances\": [[{}]]}}", ["1"; 13].join(","));
    for (path, body, status, words) in [
        ("/v1/models/wien:predict", &*ones, 404, &["no model `wien`", "there is `wine`"][..]),
        ("/predict", &ones, 404, &["no such path", "`/v1/models/NAME:predict`"]),
        ("/v1/models/wine:predct", &ones, 404, &["do not `predct`", "`:predict`"]),
        (
            "/v1/models/wine:predict?method=predict_probs",
            &ones,
            400,
            &["no method `predict_probs`", "did you mean `predict_proba`?"],
        ),
        (
            "/v1/models/wine:predict",
            "{\"instances\": [[1, 2]]}",
            400,
            &["has 2 values", "takes 13 values"],
        ),
        ("/v1/models/wine:predict", "{\"instances\": [[1,", 400, &["not valid JSON at byte 18"]),
        (
            "/v1/models/wine:predict",
            "{\"rows\": [[1]]}",
            400,
            &["neither `instances` nor `inputs`", "send"],
        ),
        ("/v1/models/wine:predict", "", 400, &["the body is empty", "send"]),
        (
            "/v1/models/wine:predict",
            "{\"instance\": [[1]]}",
            400,
            &["the body has `instance`, did you mean `instances`?"],
        ),
        ("/v1/models/wine:predict", "[1, 2]", 400, &[r#"send {\"instances\": [[1, 2]]}"#]),
        ("/invocations", "[1, 2]", 400, &[r#"send {\"dataframe_split\": {\"data\": [[1, 2]]}}"#]),
        (
            "/invocations",
            "{\"dataframe_record\": [{\"ash\": 1}]}",
            400,
            &["the body has `dataframe_record`, did you mean `dataframe_records`?"],
        ),
        (
            "/v1/models/wine:predict",
            "{\"instances\": [{\"a\": 1}]}",
            400,
            &["are missing; the request has `a`; the model takes"],
        ),
    ] {
        let reply = server.post(path, body);
        assert!(reply.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {reply}");
        for word in words {
            assert!(reply.contains(word), "{path} does not say `{word}`: {reply}");
        }
    }
}
