//! A tracking server by itself: `cargo run -p longshore-tracking --example tracking [PORT] [STORE_URI] [ARTIFACTS] [UI]`.

use longshore_tracking::{Config, Error, Settings, Store, Tracking, Ui};

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().and_then(|port| port.parse().ok()).unwrap_or(5000);
    let uri = arguments.next().unwrap_or_else(|| "sqlite:///mlflow.db".to_owned());
    let mut settings = Settings::default();
    settings.artifacts_destination = arguments.next().or(settings.artifacts_destination);
    let mut config = Config::new(Store::open(&uri)?, settings);
    config.port = port;
    config.ui = arguments.next().map(|folder| Ui::open(folder.as_ref())).transpose()?;
    let server = Tracking::bind(config)?;
    let drain = server.drain();
    server.run(async move { drain.begun().await })
}
