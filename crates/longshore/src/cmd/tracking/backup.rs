//! `longshore tracking backup` and `restore`.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use longshore_tracking::backup::{self, Place};

use super::database::written;
use crate::{
    cli::{BackupArgs, PlaceArgs, RestoreArgs},
    cmd::print,
};

/// Writes a backup.
pub(crate) fn save(args: &BackupArgs) -> Result<()> {
    let place = place(&args.place)?;
    is_there(&place)?;
    let summary = backup::backup(&place, &args.folder)
        .with_context(|| format!("no backup was made in `{}`", args.folder.display()))?;
    print(&format!("`{}` holds {summary}", args.folder.display()));
    if place.artifacts.is_none() {
        print("artifacts are not in it");
    }
    Ok(())
}

/// Brings a backup back, or only reads it.
pub(crate) fn restore(args: &RestoreArgs) -> Result<()> {
    let folder = args.folder.display();
    if args.check {
        let summary = backup::check(&args.folder)?;
        print(&format!("`{folder}` is whole: {summary}"));
        return Ok(());
    }
    let place = place(&args.place)?;
    let summary = backup::restore(&place, &args.folder).context("nothing was restored")?;
    print(&format!("restored from `{folder}`: {summary}"));
    if place.artifacts.is_none() && summary.files > 0 {
        print("its artifacts were left out");
    }
    Ok(())
}

/// A backup of a database that is not there would be an empty one.
fn is_there(place: &Place) -> Result<()> {
    let store = place.store.read()?;
    let file = store.split_once(":///").filter(|(scheme, _)| scheme.starts_with("sqlite"));
    if file.is_some_and(|(_, path)| !PathBuf::from(path).is_file()) {
        bail!("there is no database at `{store}`; name the server's own by `--backend-store-uri`");
    }
    let missing = place.artifacts.as_ref().filter(|folder| !folder.is_dir());
    if let Some(folder) = missing {
        bail!(
            "there is no folder `{}`; name the server's own by `--artifacts-destination`, or leave artifacts out by `--without-artifacts`",
            folder.display()
        );
    }
    Ok(())
}

fn place(args: &PlaceArgs) -> Result<Place> {
    let destination = args.artifacts_destination.as_str();
    let path = destination.strip_prefix("file://").unwrap_or(destination);
    let artifacts = (!args.without_artifacts).then(|| PathBuf::from(path));
    if artifacts.is_some() && path.contains("://") {
        bail!(
            "artifacts at `{destination}` are not on this machine; let their storage keep copies of them (versioning and replication of the bucket), and say `--without-artifacts` here"
        );
    }
    Ok(Place { store: written(&args.database), artifacts })
}
