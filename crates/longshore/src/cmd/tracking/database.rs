//! Which database a tracking server uses.

use std::path::Path;

use anyhow::{Result, bail};
use longshore_tracking::store::Location;

use crate::cli::{DatabaseArgs, TrackingArgs};

/// Where the location of the database is written.
pub(super) fn written(args: &DatabaseArgs) -> Location {
    match &args.backend_store_uri_file {
        Some(file) => Location::from(file.as_path()),
        None => Location::from(&args.backend_store_uri),
    }
}

/// Checks that a database is there, which what is `named` says: who looks for something in it would make an empty one.
pub(super) fn must_be_there(location: &Location, named: &str) -> Result<()> {
    let store = location.read()?;
    let file = store.split_once(":///").filter(|(scheme, _)| scheme.starts_with("sqlite"));
    if file.is_some_and(|(_, path)| !Path::new(path).is_file()) {
        bail!("there is no database at `{store}`; name the server's own by {named}");
    }
    Ok(())
}

/// The location of the database that a server uses for everything.
pub(super) fn location(args: &TrackingArgs) -> Result<Location> {
    let location = written(&args.database);
    if let Some(registry) = &args.ignored.registry_store_uri
        && *registry != location.read()?
    {
        bail!(
            "`--registry-store-uri` names another database than `--backend-store-uri`; runs and registered models are in one: leave it out"
        );
    }
    let workspaces = &args.workspaces;
    if let Some(uri) = workspaces.workspace_store_uri.as_ref().filter(|_| workspaces.enabled())
        && *uri != location.read()?
    {
        bail!(
            "`--workspace-store-uri` names another database than `--backend-store-uri`; workspaces and what is in them are in one: leave it out"
        );
    }
    Ok(location)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::Parser;

    use super::{Location, location};
    use crate::cli::{Cli, Command};

    fn asked(words: &[&str]) -> Option<Location> {
        let all = ["longshore", "tracking"].iter().chain(words);
        match Cli::try_parse_from(all).ok()?.command {
            Command::Tracking(args) => location(&args).ok(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_location_is_a_text_or_in_a_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("uri");
        fs::write(&path, "sqlite:///a.db\n").expect("written");
        let file = path.to_str().expect("text");
        let read = |words: &[&str]| asked(words).map(|it| it.read().expect("a location"));
        assert_eq!(read(&[]).as_deref(), Some("sqlite:///mlflow.db"));
        assert_eq!(
            read(&["--backend-store-uri", "sqlite:///b.db"]).as_deref(),
            Some("sqlite:///b.db")
        );
        let of_file = ["--backend-store-uri-file", file];
        assert_eq!(read(&of_file).as_deref(), Some("sqlite:///a.db"));
        assert_eq!(
            read(&[&of_file[..], &["--backend-store-uri", "sqlite:///b.db"]].concat()),
            None
        );
        let registry = |uri| [&of_file[..], &["--registry-store-uri", uri]].concat();
        assert!(asked(&registry("sqlite:///a.db")).is_some());
        assert_eq!(asked(&registry("sqlite:///b.db")), None);
    }
}
