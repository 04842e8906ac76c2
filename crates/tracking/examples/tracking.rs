//! A tracking server by itself: `cargo run -p longshore-tracking --example tracking [PORT] [STORE_URI] [ARTIFACTS] [UI] [basic-auth]`.

use std::{env, path::PathBuf};

use longshore_tracking::{Config, Error, Settings, Store, Tracking, Ui, Users, users};

fn main() -> Result<(), Error> {
    let mut arguments = env::args().skip(1);
    let port = arguments.next().and_then(|port| port.parse().ok()).unwrap_or(5000);
    let uri = arguments.next().unwrap_or_else(|| "sqlite:///mlflow.db".to_owned());
    let mut settings = Settings::default();
    settings.artifacts_destination = arguments.next().or(settings.artifacts_destination);
    settings.workspaces =
        std::env::var("MLFLOW_ENABLE_WORKSPACES").is_ok_and(|it| it == "true" || it == "1");
    let mut config = Config::new(Store::open(&uri)?, settings);
    config.port = port;
    for argument in arguments {
        if argument == "basic-auth" {
            let file = env::var_os("MLFLOW_AUTH_CONFIG_PATH").map(PathBuf::from);
            let of_users = users::Config::read(file.as_deref(), |name| env::var(name).ok())?;
            config.users = Some(Users::open(&of_users)?);
        } else {
            config.ui = Some(Ui::open(argument.as_ref())?);
        }
    }
    let server = Tracking::bind(config)?;
    let drain = server.drain();
    server.run(async move { drain.begun().await })
}
