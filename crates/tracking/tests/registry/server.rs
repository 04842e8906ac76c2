//! A server of its own for a test, and requests to it.

use std::{sync::Arc, thread};

use longshore_daemon::Drain;
use longshore_tracking::{Config, Settings, Store, Tracking};
use serde_json::Value;
use tempfile::TempDir;
use ureq::Agent;

use crate::database;

/// A server that ends with the test.
pub(crate) struct Server {
    base: String,
    agent: Agent,
    drain: Drain,
    running: Option<thread::JoinHandle<()>>,
    _folder: Arc<TempDir>,
}

impl Server {
    pub(crate) fn start(settings: Settings) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let store = Store::open(&database::new(folder.path())).unwrap();
        let mut config = Config::new(store, settings);
        config.port = 0;
        config.threads = 1;
        let server = Tracking::bind(config).unwrap();
        let base = format!("http://{}/api/2.0/mlflow/", server.address());
        let drain = server.drain();
        let down = drain.clone();
        let running = thread::spawn(move || {
            server.run(async move { down.begun().await }).unwrap();
        });
        let agent = Agent::config_builder().http_status_as_error(false).build().into();
        Self { base, agent, drain, running: Some(running), _folder: folder }
    }

    /// Asks by GET; the body is the query.
    pub(crate) fn get(&self, path: &str, query: &[(&str, &str)]) -> (u16, Value) {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        for (name, value) in query {
            request = request.query(name, value);
        }
        read(request.call().unwrap())
    }

    /// Asks by another method.
    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("Content-Type", "application/json")
            .body(body.to_string())
            .unwrap();
        read(self.agent.run(request).unwrap())
    }

    /// Asks by POST, for what must work.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        let (status, reply) = self.send("POST", path, body);
        assert_eq!(status, 200, "{path} {body}: {reply}");
        reply
    }
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> (u16, Value) {
    let body = response.body_mut().read_to_string().unwrap();
    (response.status().as_u16(), serde_json::from_str(&body).unwrap())
}

impl Drop for Server {
    fn drop(&mut self) {
        self.drain.begin();
        if let Some(running) = self.running.take() {
            running.join().unwrap();
        }
    }
}
