//! A server without a socket whose models answer any rows, for the fuzz targets.

pub mod tree;

use std::{io::Read, sync::Arc};

use hyper::{Request, Response, Version, body::Bytes};
use longshore_engine::{
    ColumnUse, Data, Error, Inputs, Method, Model, Output, OutputData, Predictor, Source, Table,
};
use longshore_mlflow::{MlModel, Signature};
use longshore_serve::{Config, Limits, ModelSource, Origin, Server};
use tokio::runtime::{Builder, Runtime};

/// Holds the shape of what it is given against the promise, and echoes numbers.
#[derive(Debug)]
struct Echo(Inputs);

impl Predictor for Echo {
    fn inputs(&self) -> Inputs {
        self.0.clone()
    }

    fn methods(&self) -> &[Method] {
        &[Method::Predict, Method::Transform]
    }

    fn compute(&self, method: Method, table: &Table) -> Result<Output, Error> {
        let (rows, columns) = (table.rows, table.columns());
        assert!(rows > 0, "a table without rows");
        if self.0.dicts {
            assert_eq!(table.names.as_ref().map(|names| names.len()), Some(columns), "a column without a key");
        }
        assert!(self.0.columns.is_none_or(|expected| expected == columns), "a wrong width");
        let values = match &table.data {
            Data::F64(matrix) => matrix.values.clone(),
            Data::F32(matrix) => matrix.values.iter().map(|v| f64::from(*v)).collect(),
            Data::I64(matrix) => matrix.values.iter().map(|v| *v as f64).collect(),
            Data::Columns(all) => {
                assert!(all.iter().all(|column| column.len() == rows), "columns of unequal length");
                vec![0.5; rows * columns]
            }
            Data::Documents(texts) => {
                assert_eq!(texts.len(), rows, "another number of texts than rows");
                vec![0.5; rows]
            }
            Data::Sparse(_) => return Err(Error::input("sparse")),
        };
        assert_eq!(values.len(), rows * columns, "a matrix of another size than its shape");
        Ok(match method {
            Method::Transform => Output::matrix(rows, columns, OutputData::F64(values)),
            _ => Output::flat(OutputData::I64(vec![1; rows])),
        })
    }
}

const COLUMNS: &str = r#"[
    {"name":"a","type":"double"}, {"name":"n","type":"long"}, {"name":"f","type":"float"},
    {"name":"i","type":"integer"}, {"name":"b","type":"boolean"}, {"name":"t","type":"string"},
    {"name":"x","type":"binary","required":false}, {"name":"d","type":"datetime","required":false}
]"#;

/// Three columns: one of texts, one that is never read, one of numbers.
fn used(names: &[&str]) -> Inputs {
    let uses = [ColumnUse::Text, ColumnUse::Unread, ColumnUse::Value];
    Inputs {
        columns: Some(3),
        names: Some(names.iter().map(|&name| Arc::from(name)).collect()),
        uses: Some(Arc::from(uses)),
        ..Inputs::default()
    }
}

const JSON_LENGTH: &str = "inference-header-content-length";

/// The models' names; the first byte of an input chooses one.
const MODELS: [&str; 6] = ["plain", "names", "signed", "texts", "uses", "signed-uses"];

/// The model of dicts, which came later: the other bytes keep their meaning.
const DICTS: (u8, &str) = (b'6', "dicts");

/// The model that a byte chooses.
fn chosen(byte: u8) -> &'static str {
    if byte == DICTS.0 { DICTS.1 } else { MODELS[usize::from(byte) % MODELS.len()] }
}

/// The server under test.
pub struct Target {
    server: Server,
    runtime: Runtime,
}

impl Target {
    /// Loads the models.
    pub fn new() -> Self {
        let names: Arc<[Arc<str>]> = Arc::from([Arc::from("a"), Arc::from("n")]);
        let inputs = [
            Inputs { columns: Some(3), ..Inputs::default() },
            Inputs { columns: Some(2), names: Some(names), ..Inputs::default() },
            Inputs::default(),
            Inputs { documents: true, ..Inputs::default() },
            used(&["t", "x", "a"]),
            used(&["t", "i", "d"]),
            Inputs { dicts: true, ..Inputs::default() },
        ];
        let models = MODELS.into_iter().chain([DICTS.1]).zip(inputs).map(|(name, inputs)| {
            let signature = name.starts_with("signed")
                .then(|| Signature::parse(Some(COLUMNS), None, None).expect("a signature"));
            let model = Model {
                predictor: Box::new(Echo(inputs)),
                default_method: Method::Predict,
                mlmodel: Some(MlModel { signature, ..MlModel::default() }),
                flavor: "sklearn",
                origin: Vec::new(),
                file_bytes: 0,
                content_bytes: 0,
            };
            ModelSource { name: name.into(), version: None, origin: Origin::Loaded(Box::new(model)), method: None, lease: None }
        });
        let limits = Limits { rows: 1000, ..Limits::default() };
        let config = Config { models: models.collect(), limits, ..Config::default() };
        let server = Server::offline(config).expect("a server");
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { server, runtime }
    }

    /// Sends `data` but its first byte to `path` of the model that the byte names.
    pub fn send(&self, path: impl Fn(&str) -> String, content_type: &str, data: &[u8]) {
        let Some((model, body)) = data.split_first() else { return };
        let model = chosen(*model);
        let request = Request::post(path(model))
            .header("content-type", content_type)
            .body(Bytes::copy_from_slice(body))
            .expect("a request");
        check(&self.answer(request));
    }
}

/// How a body is compressed; the second byte of an input chooses one.
const ENCODINGS: [&str; 3] = ["gzip", "deflate", "zstd"];

/// Where compressed bodies go, and what they are.
const BODIES: [(&str, &str); 6] = [
    ("/v1/models/{}:predict", "application/json"),
    ("/v2/models/{}/infer", "application/json"),
    ("/invocations?model={}", "application/json"),
    ("/invocations?model={}", "text/csv"),
    ("/v1/models/{}:predict", "application/x-ndjson"),
    ("/invocations?model={}", "application/vnd.apache.parquet"),
];

fn pack(plain: &[u8], encoding: &str) -> Vec<u8> {
    let mut packed = Vec::new();
    let level = flate2::Compression::fast();
    match encoding {
        "gzip" => flate2::read::GzEncoder::new(plain, level).read_to_end(&mut packed),
        "deflate" => flate2::read::ZlibEncoder::new(plain, level).read_to_end(&mut packed),
        _ => zstd::stream::read::Encoder::new(plain, 1).and_then(|mut e| e.read_to_end(&mut packed)),
    }
    .expect("memory is all that can fail");
    packed
}

fn unpack(packed: &[u8], encoding: &str) -> Vec<u8> {
    let mut plain = Vec::new();
    match encoding {
        "gzip" => flate2::read::GzDecoder::new(packed).read_to_end(&mut plain),
        "deflate" => flate2::read::ZlibDecoder::new(packed).read_to_end(&mut plain),
        _ => zstd::stream::read::Decoder::new(packed).and_then(|mut d| d.read_to_end(&mut plain)),
    }
    .expect("a reply that is compressed as it says");
    plain
}

impl Target {
    /// Sends a table. The first byte names the model, the format and that of the answer.
    pub fn send_table(&self, data: &[u8]) {
        let Some((first, body)) = data.split_first() else { return };
        let model = MODELS[usize::from(first & 0x3f) % MODELS.len()];
        let kind = if first & 0x80 == 0 {
            "application/vnd.apache.arrow.stream"
        } else {
            "application/vnd.apache.parquet"
        };
        let accept =
            if first & 0x40 == 0 { "application/json" } else { "application/vnd.apache.arrow.stream" };
        let request = Request::post(format!("/invocations?model={model}&method=transform"))
            .header("content-type", kind)
            .header("accept", accept)
            .body(Bytes::copy_from_slice(body))
            .expect("a request");
        let response = self.answer(request);
        if response.headers()["content-type"] == "application/vnd.apache.arrow.stream" {
            assert_eq!((response.status().as_u16(), first & 0x40), (200, 0x40), "{response:?}");
            assert!(response.body().starts_with(&[0xff; 4]), "{response:?}");
            assert!(response.body().ends_with(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]), "{response:?}");
            return;
        }
        check(&response);
    }

    /// Sends a compressed body. The first byte names the model; the second says by two bits how the
    /// body is compressed, by three where it goes, by one that it is to be compressed first, and by one
    /// that the reply is to be compressed.
    pub fn send_compressed(&self, data: &[u8]) {
        let Some((&[model, how], body)) = data.split_first_chunk() else { return };
        let model = chosen(model);
        let encoding = ENCODINGS[usize::from(how & 3) % ENCODINGS.len()];
        let body = if how & 0x20 == 0 { body.to_vec() } else { pack(body, encoding) };
        let place = usize::from(how >> 2 & 7);
        let Some((path, kind)) = BODIES.get(place) else {
            let mut message = vec![1];
            message.extend_from_slice(&(body.len() as u32).to_be_bytes());
            message.extend_from_slice(&body);
            let request = Request::post("/inference.GRPCInferenceService/ModelInfer")
                .version(Version::HTTP_2)
                .header("content-type", "application/grpc")
                .header("grpc-encoding", encoding)
                .header("grpc-accept-encoding", encoding);
            return check_call(&self.answer(request.body(Bytes::from(message)).expect("a request")));
        };
        let mut request = Request::post(path.replace("{}", model))
            .header("content-type", *kind)
            .header("content-encoding", encoding);
        if how & 0x40 != 0 {
            request = request.header("accept-encoding", encoding);
        }
        let mut response = self.answer(request.body(Bytes::from(body)).expect("a request"));
        if response.headers().contains_key("content-encoding") {
            let plain = unpack(response.body(), encoding);
            *response.body_mut() = Bytes::from(plain);
        }
        if response.headers()["content-type"] != "application/x-ndjson" {
            return check(&response);
        }
        for line in response.body().split_inclusive(|byte| *byte == b'\n') {
            let line: serde_json::Value = serde_json::from_slice(line).expect("a line that is JSON");
            assert!(line["prediction"].is_number() || line["error"].is_string(), "{line}");
        }
    }

    /// Sends tensors. The first byte names the model, the two behind it say how much of what follows
    /// is JSON.
    pub fn send_tensors(&self, data: &[u8]) {
        let Some((&[model, a, b], body)) = data.split_first_chunk() else { return };
        let model = chosen(model);
        let request = Request::post(format!("/v2/models/{model}/infer"))
            .header("content-type", "application/octet-stream")
            .header(JSON_LENGTH, u16::from_le_bytes([a, b]))
            .body(Bytes::copy_from_slice(body))
            .expect("a request");
        check(&self.answer(request));
    }

    /// Calls `ModelInfer`. The first byte says what `data` is behind it: the fields of a message for
    /// the model that it names, or with its highest bit all that is sent, prefix and all.
    pub fn call(&self, data: &[u8]) {
        let Some((first, rest)) = data.split_first() else { return };
        let mut body = rest.to_vec();
        if first & 0x80 == 0 {
            let model = chosen(*first);
            let mut message = vec![0x0a, model.len() as u8];
            message.extend_from_slice(model.as_bytes());
            message.extend_from_slice(rest);
            body = vec![0];
            body.extend_from_slice(&(message.len() as u32).to_be_bytes());
            body.extend_from_slice(&message);
        }
        let mut request = Request::post("/inference.GRPCInferenceService/ModelInfer")
            .version(Version::HTTP_2)
            .header("content-type", "application/grpc");
        if first & 0x40 != 0 {
            request = request.header("grpc-encoding", "gzip").header("grpc-accept-encoding", "gzip");
        }
        check_call(&self.answer(request.body(Bytes::from(body)).expect("a request")));
    }

    /// Loads a model's files, asks what they are and for an answer, and forgets them.
    /// One that is called as a model of this server is left alone.
    pub fn load(&self, name: &str, files: Source) {
        if MODELS.contains(&name) || name == DICTS.1 {
            return;
        }
        let models = self.server.models();
        let origin = Origin::Files(files);
        let source =
            ModelSource { name: name.into(), version: None, origin, method: None, lease: None };
        models.know(name);
        let reason = models.load(source).err().map(|error| error.to_string());
        if let Some(reason) = &reason {
            assert!(!reason.is_empty() && reason.len() < 8192, "{} bytes", reason.len());
            assert!(!reason.contains("panic"), "{reason}");
        }
        let get = Request::get(format!("/v2/models/{name}")).body(Bytes::new());
        let described = self.answer(get.expect("a request"));
        assert_eq!(described.status(), if reason.is_some() { 503 } else { 200 }, "{described:?}");
        let index = Request::post("/v2/repository/index").body(Bytes::new());
        let index = self.answer(index.expect("a request"));
        let rows: serde_json::Value = serde_json::from_slice(index.body()).expect("JSON");
        let mut rows = rows.as_array().expect("a list").iter();
        assert!(rows.any(|row| row["name"] == name), "the index lacks `{name}`");
        let asked = Request::post(format!("/v1/models/{name}:predict"))
            .header("content-type", "application/json")
            .body(Bytes::from_static(b"{\"instances\": [[1, 2, 3]]}"));
        let answer = self.answer(asked.expect("a request"));
        assert!(matches!(answer.status().as_u16(), 200 | 400 | 503), "{answer:?}");
        assert!(models.remove(name));
    }

    fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.runtime.block_on(self.server.handle(request))
    }
}

impl Default for Target {
    fn default() -> Self {
        Self::new()
    }
}

/// Holds the end of a call against its reply.
fn check_call(response: &Response<Bytes>) {
    assert_eq!(response.status(), 200);
    match response.headers().get("grpc-status") {
        // a failure has no message: malformed, not found, too large or not supported
        Some(status) => {
            let status = status.to_str().expect("a number");
            assert!(["3", "5", "8", "12"].contains(&status), "{response:?}");
            assert!(response.body().is_empty());
        }
        None => {
            let (prefix, message) = response.body().split_first_chunk::<5>().expect("a prefix");
            assert_eq!(prefix[1..], (message.len() as u32).to_be_bytes(), "another length");
        }
    }
}

/// Holds a reply against what its head says: JSON, with the bytes of its binary outputs behind it.
fn check(response: &Response<Bytes>) {
    let status = response.status().as_u16();
    // 501: shared memory, and missing texts as bytes
    assert!(matches!(status, 200 | 400..=499 | 501), "{status}: {response:?}");
    let body = response.body();
    let length = response.headers().get(JSON_LENGTH).map(|value| value.to_str().expect("digits"));
    let length = length.map_or(body.len(), |length| length.parse().expect("a number"));
    let (head, tail) = body.split_at(length);
    let reply: serde_json::Value = serde_json::from_slice(head).expect("a reply that is JSON");
    assert!(reply.is_object(), "{reply}");
    let outputs = reply["outputs"].as_array().into_iter().flatten();
    let sizes = outputs.filter_map(|output| output["parameters"]["binary_data_size"].as_u64());
    assert_eq!(sizes.sum::<u64>(), tail.len() as u64, "another size than the reply says");
}
