//! A server without a socket whose models answer any rows, for the fuzz targets.

use std::sync::Arc;

use hyper::{Request, body::Bytes};
use longshore_engine::{
    Data, Error, Inputs, Method, Model, Output, OutputData, Predictor, Table,
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

    fn run(&self, method: Method, table: &Table) -> Result<Output, Error> {
        let (rows, columns) = (table.rows, table.columns());
        assert!(rows > 0, "a table without rows");
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

/// The models' names; the first byte of an input chooses one.
const MODELS: [&str; 4] = ["plain", "names", "signed", "texts"];

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
            Inputs { columns: Some(2), names: Some(names), documents: false, uses: None },
            Inputs::default(),
            Inputs { documents: true, ..Inputs::default() },
        ];
        let models = MODELS.into_iter().zip(inputs).map(|(name, inputs)| {
            let signature = (name == "signed")
                .then(|| Signature::parse(Some(COLUMNS), None, None).expect("a signature"));
            let model = Model {
                predictor: Box::new(Echo(inputs)),
                default_method: Method::Predict,
                mlmodel: Some(MlModel { signature, ..MlModel::default() }),
                flavor: "sklearn",
                origin: Vec::new(),
                file_bytes: 0,
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
        let model = MODELS[usize::from(*model) % MODELS.len()];
        let request = Request::post(path(model))
            .header("content-type", content_type)
            .body(Bytes::copy_from_slice(body))
            .expect("a request");
        let response = self.runtime.block_on(self.server.handle(request));
        let status = response.status();
        assert!(status.is_success() || status.is_client_error(), "{status}: {response:?}");
        let reply: serde_json::Value =
            serde_json::from_slice(response.body()).expect("a reply that is JSON");
        assert!(reply.is_object(), "{reply}");
    }
}

impl Default for Target {
    fn default() -> Self {
        Self::new()
    }
}
