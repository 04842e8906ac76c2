//! A tracking server with a little of everything, for the fuzz targets, and the searches that it answers.

mod content;
mod wire;

use std::thread;

use longshore_tracking::{Config, Settings, Store, Tracking};
use serde_json::{Value, json};
use tempfile::TempDir;

pub use wire::{Answer, Wire};

/// The experiment that everything is in.
pub const EXPERIMENT: &str = "0";

/// Results of a page: fewer than there are.
const PAGE: usize = 2;

/// The server under test, on a database of its own.
pub struct Target {
    pub wire: Wire,
    _folder: TempDir,
}

impl Target {
    /// Starts it and fills it.
    pub fn new() -> Self {
        // a database in memory as far as the system can: nothing here is about disks
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder");
        let store = Store::open(&format!("sqlite:///{}", folder.path().join("mlflow.db").display()));
        let artifacts = folder.path().join("artifacts").display().to_string();
        let settings = Settings { artifacts_destination: Some(artifacts), ..Settings::default() };
        let mut config = Config::new(store.expect("a database"), settings);
        config.port = 0;
        config.threads = 1;
        let server = Tracking::bind(config).expect("a port");
        let wire = Wire::new(server.address());
        thread::spawn(move || server.run(std::future::pending()));
        content::fill(&wire);
        Self { wire, _folder: folder }
    }

    /// Asks for a page: a page, or a refusal of what was asked.
    pub fn search(&self, search: Search, filter: &str, order: &str, token: Option<&str>) -> Option<Value> {
        let (method, path, message) = search.request(filter, order, token);
        let answer = self.wire.ask(method, path, &message);
        match answer.status {
            200 => Some(answer.json()),
            400 => {
                let told = answer.json();
                let code = told["error_code"].as_str().unwrap_or_default();
                assert!(matches!(code, "INVALID_PARAMETER_VALUE" | "BAD_REQUEST"), "{path} {message}: {told}");
                assert!(told["message"].as_str().is_some_and(|it| !it.is_empty()), "{told}");
                None
            }
            status => panic!("{path} {message}: {status} {}", String::from_utf8_lossy(&answer.body)),
        }
    }
}

/// What can be searched, each with a grammar of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    Runs,
    Experiments,
    Models,
    Versions,
    LoggedModels,
    Traces,
    Datasets,
    Figures,
    Correlation,
}

impl Search {
    /// All, by the letter that chooses them.
    pub const ALL: [(char, Self); 9] = [
        ('r', Self::Runs),
        ('e', Self::Experiments),
        ('m', Self::Models),
        ('v', Self::Versions),
        ('l', Self::LoggedModels),
        ('t', Self::Traces),
        ('d', Self::Datasets),
        ('f', Self::Figures),
        ('c', Self::Correlation),
    ];

    /// The search that the first letter of a text chooses, and the rest of it.
    pub fn chosen(text: &str) -> Option<(Self, &str)> {
        let (letter, rest) = text.split_at_checked(1)?;
        let found = Self::ALL.iter().find(|(it, _)| letter.starts_with(*it));
        found.map(|(_, search)| (*search, rest))
    }

    fn request(self, filter: &str, order: &str, token: Option<&str>) -> (&'static str, &'static str, Value) {
        let orders: Vec<_> = order.split(';').filter(|it| !it.is_empty()).collect();
        let mut message = json!({ "max_results": PAGE, "order_by": orders });
        let mut with = |name: &str, value: Value| message[name] = value;
        if let Some(token) = token {
            with("page_token", token.into());
        }
        let (method, path) = match self {
            Self::Runs | Self::LoggedModels | Self::Correlation | Self::Figures => {
                with("experiment_ids", json!([EXPERIMENT]));
                match self {
                    Self::Runs => ("POST", "2.0/mlflow/runs/search"),
                    Self::LoggedModels => {
                        let by = |name: &str| json!({ "field_name": name, "ascending": name.len() % 2 == 0 });
                        with("order_by", orders.iter().map(|it| by(it)).collect());
                        ("POST", "2.0/mlflow/logged-models/search")
                    }
                    Self::Correlation => {
                        with("filter_string1", filter.into());
                        with("filter_string2", order.into());
                        ("POST", "3.0/mlflow/traces/calculate-filter-correlation")
                    }
                    _ => {
                        let (view, metric) = match order.len() % 3 {
                            0 => ("TRACES", "latency"),
                            1 => ("SPANS", "latency"),
                            _ => ("ASSESSMENTS", "assessment_count"),
                        };
                        let way = if view == "ASSESSMENTS" { "COUNT" } else { "AVG" };
                        // one that is empty is refused, as by MLflow
                        let filters: Vec<_> = Some(filter).filter(|it| !it.is_empty()).into_iter().collect();
                        with("filters", json!(filters));
                        with("view_type", view.into());
                        with("metric_name", metric.into());
                        with("aggregations", json!([{ "aggregation_type": way }]));
                        with("dimensions", json!(orders));
                        ("POST", "3.0/mlflow/traces/metrics")
                    }
                }
            }
            Self::Experiments => ("POST", "2.0/mlflow/experiments/search"),
            Self::Models => ("GET", "2.0/mlflow/registered-models/search"),
            Self::Versions => ("GET", "2.0/mlflow/model-versions/search"),
            Self::Traces => {
                let experiment = json!({ "experiment_id": EXPERIMENT });
                with("locations", json!([{ "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": experiment }]));
                ("POST", "3.0/mlflow/traces/search")
            }
            Self::Datasets => {
                with("filter_string", filter.into());
                ("POST", "3.0/mlflow/datasets/search")
            }
        };
        with("filter", filter.into());
        (method, path, message)
    }
}
