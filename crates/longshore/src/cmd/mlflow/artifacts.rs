//! `longshore runs artifacts`.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};
use longshore_mlflow::{
    RunUri,
    rest::{FileInfo, ListArtifacts},
};
use longshore_storage::{Config, Location, Placing, Storage};

use super::{
    Server, show,
    text::{bytes, clean},
};
use crate::{
    cli::RunArgs,
    cmd::{fetch::STAGING, table::table},
    storage,
};

/// Most files that are listed.
const MOST: usize = 10_000;

pub(super) fn list(
    server: &Server,
    args: &RunArgs,
    path: Option<&str>,
    recursive: bool,
) -> Result<String> {
    let run = server.run(&args.run, args.experiment.as_deref())?.info.run_id;
    let mut found: Vec<FileInfo> = Vec::new();
    let mut folders = vec![path.map(|path| path.trim_matches('/').to_owned())];
    while let Some(folder) = folders.pop() {
        let files = in_folder(server, &run, folder)?;
        if recursive {
            folders.extend(files.iter().filter(|it| it.is_dir).map(|it| Some(it.path.clone())));
        }
        found.extend(files);
        if found.len() + folders.len() > MOST {
            bail!("the run has more than {MOST} files: name a folder of it");
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    if server.json {
        return show::json_list(&found);
    }
    if found.is_empty() {
        let place = path.map(|path| format!("`{path}` of ")).unwrap_or_default();
        return Ok(format!("no files in {place}the run `{run}`"));
    }
    let row = |file: &FileInfo| {
        let path = clean(&file.path);
        match (file.is_dir, file.file_size) {
            (true, _) => vec![format!("{path}/")],
            (false, size) => vec![path, bytes(size.unwrap_or_default())],
        }
    };
    Ok(table(&["PATH", "SIZE"], &found.iter().map(row).collect::<Vec<_>>()))
}

/// What is directly in a folder.
fn in_folder(server: &Server, run: &str, folder: Option<String>) -> Result<Vec<FileInfo>> {
    let mut call =
        ListArtifacts { run_id: run.to_owned(), path: folder, ..ListArtifacts::default() };
    let mut files = Vec::new();
    loop {
        let page = server.ask(&call, &format!("the files of the run `{run}`"))?;
        files.extend(page.files);
        let next = page.next_page_token.filter(|next| !next.is_empty());
        if next.is_none() || next == call.page_token || files.len() > MOST {
            return Ok(files);
        }
        call.page_token = next;
    }
}

pub(super) fn download(
    server: &Server,
    args: &RunArgs,
    path: Option<&str>,
    output: &Path,
) -> Result<String> {
    let run = server.run(&args.run, args.experiment.as_deref())?.info.run_id;
    let path = path.unwrap_or_default().trim_matches('/');
    let uri: RunUri = format!("runs:/{run}/{path}").parse()?;
    let staging = output.join(STAGING);
    let config = Config {
        tracking_uri: Some(server.uri.clone()),
        cache_bytes: u64::MAX,
        unpack: false,
        ..Config::new(&staging)
    };
    fs::create_dir_all(output)
        .with_context(|| format!("failed to make the folder `{}`", output.display()))?;
    let location = Location::Run(uri);
    let fetched = Storage::new(config).fetch(&location);
    let fetched = fetched.with_context(|| storage::failed(&location))?;
    // a file keeps the folders that it has in the run, as with MLflow's client
    let folder = match path.rsplit_once('/') {
        _ if fetched.path().is_dir() => output.join(path),
        Some((parent, _)) => output.join(parent),
        None => output.to_owned(),
    };
    fs::create_dir_all(&folder)
        .with_context(|| format!("failed to make the folder `{}`", folder.display()))?;
    let count = fetched.bytes();
    let place = if fetched.path().is_dir() { folder.clone() } else { output.join(path) };
    fetched.place(&folder, &staging.join("place"), Placing::Move)?;
    drop(fetched);
    fs::remove_dir_all(&staging)
        .with_context(|| format!("failed to remove `{}`", staging.display()))?;
    if server.json {
        let answer = serde_json::json!({"path": place, "bytes": count});
        return Ok(serde_json::to_string_pretty(&answer)?);
    }
    Ok(format!("{} ({})", place.display(), bytes(count as i64)))
}
