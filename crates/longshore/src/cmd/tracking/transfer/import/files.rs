//! Files of runs, logged models, versions and traces, up to where the server keeps them.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use super::{
    super::{
        digest,
        files::{Files, One, Owner, relative},
        folder::Kind,
        server::proxied,
        workers::each,
    },
    Import,
    ids::Of,
    traces,
};

/// Owners whose files are sent together.
const OWNERS: usize = 64;

/// Attempts for one file.
const ATTEMPTS: u32 = 5;

/// Bytes above which a `MLmodel` is none.
const DESCRIPTION: u64 = 1 << 20;

/// Where files go.
enum Target {
    /// Below a path of the artifact proxy.
    Proxy(String),
    /// In a folder of this machine, which is the server's too.
    Disk(PathBuf),
}

/// Checks the files against what the export says of them.
pub(super) fn check(on: &Import<'_>) -> Result<()> {
    each_some(on, |some| {
        let files: Vec<_> =
            some.iter().flat_map(|it| it.all.iter().map(move |one| (it, one))).collect();
        each(on.at_once, &files, |(of, one)| {
            whole(&on.folder.path().join(of.owner.folder()), of, one)?;
            on.progress.add("files", 1);
            on.progress.add("bytes", one.size);
            Ok(())
        })
    })
}

/// Sends the files that are not sent yet.
pub(super) fn bring(on: &Import<'_>) -> Result<()> {
    each_some(on, |some| {
        let mut owned = Vec::new();
        for files in some {
            if files.all.is_empty()
                || on.ids.is_done(Of::Files, &serde_json::to_string(&files.owner)?)
            {
                continue;
            }
            if let Some(target) = target(on, &files.owner)? {
                owned.push((files, target, AtomicUsize::new(0)));
            }
        }
        let files = owned.iter().flat_map(|it| it.0.all.iter().map(move |one| (it, one)));
        let files: Vec<_> = files.collect();
        each(on.at_once, &files, |((of, target, sent), one)| {
            send(on, of, target, one)
                .with_context(|| format!("the file `{}` of {}", one.path, of.owner.shown()))?;
            on.progress.add("files", 1);
            on.progress.add("bytes", one.size);
            if sent.fetch_add(1, Ordering::Relaxed) + 1 == of.all.len() {
                on.ids.done(Of::Files, &serde_json::to_string(&of.owner)?)?;
            }
            Ok(())
        })
    })
}

/// Gives the lists of files that count, some at a time.
fn each_some(on: &Import<'_>, mut work: impl FnMut(&[Files]) -> Result<()>) -> Result<()> {
    on.folder.read_some(Kind::Files, OWNERS, |lines| {
        let mut some = Vec::new();
        for line in lines {
            let files: Files = serde_json::from_str(&line.value)?;
            if on.latest.is("files", &serde_json::to_string(&files.owner)?, line.piece) {
                some.push(files);
            }
        }
        work(&some)
    })
}

/// Where the files of an owner go; `None` when the owner is not imported.
fn target(on: &Import<'_>, owner: &Owner) -> Result<Option<Target>> {
    let uri = match owner {
        Owner::Run(id) | Owner::LoggedModel(id) => on.ids.artifacts(id),
        Owner::Trace(id) => traces::location(on, id)?,
        Owner::Version(name, version) => Some(of_version(name, version)),
    };
    let Some(uri) = uri else { return Ok(None) };
    if let Some(path) = proxied(&uri) {
        return Ok(Some(Target::Proxy(path.trim_end_matches('/').to_owned())));
    }
    let path = uri.strip_prefix("file://").or_else(|| uri.strip_prefix("file:")).unwrap_or(&uri);
    let is_near = ["//127.0.0.1", "//localhost", "//[::1]"];
    let address = on.server.address();
    if path.starts_with('/') && is_near.iter().any(|near| address.contains(near)) {
        return Ok(Some(Target::Disk(PathBuf::from(path))));
    }
    bail!(
        "{address} keeps the files of {} at `{uri}`, where this command cannot write: start it with `--serve-artifacts` and without `--default-artifact-root`, or leave files out by `--no-artifacts` and copy them with the tool of that storage",
        owner.shown()
    );
}

/// Where the files of a version go that are of no run and no logged model.
pub(super) fn of_version(name: &str, version: &str) -> String {
    format!(
        "mlflow-artifacts:/{}",
        Owner::Version(name.to_owned(), version.to_owned()).folder().display()
    )
}

/// The file on disk, when it is what the export says.
fn whole(folder: &Path, of: &Files, one: &One) -> Result<PathBuf> {
    let path = folder.join(relative(&one.path, &of.owner)?);
    let found = digest::of_file(&path);
    let found = found.with_context(|| format!("failed to read `{}`", path.display()))?;
    if found != one.sha256 {
        bail!(
            "`{}` is not what was exported: delete it, and export again into the same folder",
            path.display()
        );
    }
    Ok(path)
}

fn send(on: &Import<'_>, of: &Files, target: &Target, one: &One) -> Result<()> {
    let path = whole(&on.folder.path().join(of.owner.folder()), of, one)?;
    let is_description =
        path.file_name().is_some_and(|name| name == "MLmodel") && one.size <= DESCRIPTION;
    let rewritten = if is_description {
        fs::read_to_string(&path).ok().and_then(|text| on.ids.rewritten_whole(&text))
    } else {
        None
    };
    match target {
        Target::Disk(root) => {
            let place = root.join(&one.path);
            let failed = || format!("failed to write `{}`", place.display());
            fs::create_dir_all(place.parent().unwrap_or(root)).with_context(failed)?;
            match rewritten {
                Some(text) => fs::write(&place, text).with_context(failed)?,
                None => fs::copy(&path, &place).map(drop).with_context(failed)?,
            }
            Ok(())
        }
        Target::Proxy(root) => {
            let to = format!("{root}/{}", one.path);
            let what = format!("the file `{to}`");
            let mut failed = 0;
            loop {
                let sent = match &rewritten {
                    Some(text) => {
                        on.server.upload(&to, &mut text.as_bytes(), text.len() as u64, &what)
                    }
                    None => on.server.upload(&to, &mut File::open(&path)?, one.size, &what),
                };
                match sent {
                    Ok(()) => return Ok(()),
                    Err(error) if error.is_transient() && failed + 1 < ATTEMPTS => {
                        failed += 1;
                        thread::sleep(Duration::from_millis(250 << failed));
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }
}
