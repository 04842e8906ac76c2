//! The servers between which things are moved.

use std::{borrow::Cow, time::Duration};

use anyhow::{Context, Result, bail};
use longshore_storage::{Config, Environment, MlflowServer, Timeouts};

/// How long a server may take for an answer: a long history of MLflow's own takes minutes.
const ANSWER: Duration = Duration::from_mins(5);

/// A server at an address; nothing is asked yet. `flag` is where the address was given.
pub(super) fn open(uri: &str, flag: &str) -> Result<MlflowServer> {
    let uri = uri.trim();
    if !uri.starts_with("http://") && !uri.starts_with("https://") {
        // a location of a database may hold a password
        let shown = uri.split_once(':').map_or(uri, |(scheme, _)| scheme);
        let hint = match shown.split('+').next().unwrap_or_default() {
            "sqlite" | "postgresql" | "postgres" | "mysql" | "mssql" => {
                "serve it (`longshore tracking --backend-store-uri …` or `mlflow server …`), and name that server"
            }
            "databricks" => {
                "write the address of the workspace, and give a token in `MLFLOW_TRACKING_TOKEN`"
            }
            _ => "write `http://HOST:PORT`",
        };
        bail!("`{flag} {shown}…` is no address of a tracking server: {hint}");
    }
    let timeouts = Timeouts { answer: ANSWER, silence: ANSWER, ..Timeouts::default() };
    let environment = if flag == "--from" { source() } else { Environment::process() };
    let config =
        Config { tracking_uri: Some(uri.to_owned()), timeouts, environment, ..Config::new("") };
    MlflowServer::open(&config).with_context(|| format!("`{flag}`"))
}

/// The variables for a server that is read: those of its own user win over MLflow's.
fn source() -> Environment {
    const OWN: &str = "LONGSHORE_FROM_TRACKING_";
    let own = |name: &str| std::env::var(format!("{OWN}{name}")).ok();
    let has_own = ["USERNAME", "PASSWORD", "TOKEN"].iter().any(|name| own(name).is_some());
    Environment::new(move |name| match name.strip_prefix("MLFLOW_TRACKING_") {
        Some(rest @ ("USERNAME" | "PASSWORD" | "TOKEN")) if has_own => own(rest),
        _ => std::env::var(name).ok(),
    })
}

/// Asks for pages until there is none, and gives each to `take`. `ask` takes the token of a page, and gives what is on
/// it with the token of the next one.
pub(super) fn pages<T>(
    mut ask: impl FnMut(Option<String>) -> Result<(Vec<T>, Option<String>)>,
    take: impl FnMut(Vec<T>) -> Result<()>,
) -> Result<()> {
    pages_if_known(|token| ask(token).map(Some), take).map(drop)
}

/// As [`pages`], of a list that not every server has: `ask` gives `None`, and this `false`, when it has none.
pub(super) fn pages_if_known<T>(
    mut ask: impl FnMut(Option<String>) -> Result<Option<(Vec<T>, Option<String>)>>,
    mut take: impl FnMut(Vec<T>) -> Result<()>,
) -> Result<bool> {
    let mut token = None;
    loop {
        let Some((page, next)) = ask(token.clone())? else { return Ok(false) };
        take(page)?;
        let next = next.filter(|next| !next.is_empty());
        if next.is_none() {
            return Ok(true);
        }
        if next == token {
            bail!("the server gives the same page again and again, so that its list has no end");
        }
        token = next;
    }
}

/// What is on all pages, as [`pages`] asks for them.
pub(super) fn all<T>(
    ask: impl FnMut(Option<String>) -> Result<(Vec<T>, Option<String>)>,
) -> Result<Vec<T>> {
    let mut found = Vec::new();
    pages(ask, |page| {
        found.extend(page);
        Ok(())
    })?;
    Ok(found)
}

/// The id of the logged model that the source of a version names.
pub(super) fn logged(source: &str) -> Option<String> {
    let id = source.strip_prefix("models:/")?;
    (id.starts_with("m-") && !id.contains('/')).then(|| id.to_owned())
}

/// The path of a location behind the artifact proxy of a server; `None` when it is elsewhere.
pub(super) fn proxied(uri: &str) -> Option<Cow<'_, str>> {
    const PROXY: &str = "/api/2.0/mlflow-artifacts/artifacts";
    if let Some(rest) = uri.strip_prefix("mlflow-artifacts:") {
        let path = match rest.strip_prefix("//") {
            Some(rest) => rest.split_once('/').map_or("", |(_, path)| path),
            None => rest,
        };
        return Some(path.trim_start_matches('/').into());
    }
    let is_web = uri.starts_with("http://") || uri.starts_with("https://");
    let (_, path) = uri.split_once(PROXY).filter(|_| is_web)?;
    Some(path.trim_start_matches('/').into())
}

#[cfg(test)]
mod tests {
    use super::{open, pages, proxied};

    #[test]
    fn what_is_behind_the_proxy_is_recognised() {
        for (uri, path) in [
            ("mlflow-artifacts:/1/a/artifacts", Some("1/a/artifacts")),
            ("mlflow-artifacts://host:5000/1/a", Some("1/a")),
            ("http://h/p/api/2.0/mlflow-artifacts/artifacts/1/a", Some("1/a")),
            ("s3://bucket/1/a", None),
            ("/srv/1/a", None),
        ] {
            assert_eq!(proxied(uri).as_deref(), path, "{uri}");
        }
    }

    #[test]
    fn an_address_that_is_none_is_told_without_a_password() {
        let error = open("postgresql+psycopg2://me:secret@db/x", "--from").unwrap_err().to_string();
        assert!(error.contains("--from") && error.contains("serve it"), "{error}");
        assert!(!error.contains("secret"));
    }

    #[test]
    fn a_list_without_an_end_is_told() {
        let again = pages(|_| Ok((vec![1], Some("a".to_owned()))), |_| Ok(()));
        assert!(again.is_err());
    }
}
