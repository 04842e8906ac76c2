//! `longshore tracking backup` and `restore`.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use longshore_tracking::backup::{self, Place};

use super::{
    database::{must_be_there, written},
    users,
};
use crate::{
    cli::{BackupArgs, PlaceArgs, RestoreArgs},
    cmd::print,
};

/// Writes a backup.
pub(crate) fn save(args: &BackupArgs) -> Result<()> {
    let place = place(&args.place)?;
    is_there(&place)?;
    let folder = &args.folder;
    let made = match args.keep {
        Some(keep) => backup::round(&place, folder, usize::try_from(keep)?),
        None => backup::backup(&place, folder).map(|summary| (folder.clone(), summary)),
    };
    let (new, summary) =
        made.with_context(|| format!("a backup in `{}` failed", folder.display()))?;
    print(&format!("`{}` holds {summary}", new.display()));
    if place.artifacts.is_none() {
        print("artifacts are not in it");
    }
    Ok(())
}

/// Brings a backup back, or only reads it.
pub(crate) fn restore(args: &RestoreArgs) -> Result<()> {
    let from = if args.newest { backup::newest(&args.folder)? } else { args.folder.clone() };
    let folder = from.display();
    if args.check {
        let summary = backup::check(&from)?;
        print(&format!("`{folder}` is whole: {summary}"));
        return Ok(());
    }
    let place = place(&args.place)?;
    let summary = backup::restore(&place, &from).context("nothing was restored")?;
    print(&format!("restored from `{folder}`: {summary}"));
    if place.artifacts.is_none() && summary.files > 0 {
        print("its artifacts were left out");
    }
    if place.users.is_none() && summary.users > 0 {
        print("its users were left out: `--app-name basic-auth` brings them back");
    }
    Ok(())
}

/// A backup of a database that is not there would be an empty one.
fn is_there(place: &Place) -> Result<()> {
    must_be_there(&place.store, "`--backend-store-uri`")?;
    if let Some(users) = &place.users {
        must_be_there(users, "`database_uri` in the file of `--auth-config`")?;
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
    let beside = args.database.backend_store_uri_file.as_deref();
    let users = users::place(args.app_name, args.auth_config.as_deref(), beside)?;
    Ok(Place { store: written(&args.database), users, artifacts })
}
