//! Files of runs, logged models, versions and traces.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{Read, Write},
    path::{Path, PathBuf},
    sync::Mutex,
    thread,
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use longshore_mlflow::rest::{
    FileInfo, ListArtifacts, ListLoggedModelArtifacts, ListProxiedArtifacts,
};
use longshore_storage::{Download, Error};

use super::{
    super::{
        digest::{self, Digest},
        files::{Files, One, Owner, relative},
        folder::Kind,
        server::{all, proxied},
        workers::each,
    },
    Export,
};

/// Owners whose files are listed before any of them is fetched.
const OWNERS: usize = 64;

/// Attempts for one file.
const ATTEMPTS: u32 = 5;

/// Who may have files, and where.
pub(super) struct Owned {
    pub(super) owner: Owner,
    pub(super) uri: String,
    /// Whether an earlier export has the owner as it is now.
    pub(super) is_known: bool,
}

/// A file that is listed.
struct Listed {
    path: String,
    size: Option<u64>,
}

/// Brings the files of all owners, and notes them.
pub(super) fn export(on: &Export<'_>, owners: &[Owned]) -> Result<()> {
    let mut known = HashMap::new();
    on.folder.read(Kind::Files, |_, _, value| {
        let files: Files = serde_json::from_str(value)?;
        known.insert(files.owner.clone(), files);
        Ok(())
    })?;
    let mut writer = on.folder.writer(Kind::Files)?;
    for some in owners.chunks(OWNERS) {
        let lists: Vec<Mutex<Option<Vec<Listed>>>> =
            some.iter().map(|_| Mutex::new(None)).collect();
        let pairs: Vec<_> = some.iter().zip(&lists).collect();
        each(on.at_once, &pairs, |(owned, list)| {
            let before = known.get(&owned.owner);
            // what an export that came to its end has may have more files since
            let is_there =
                owned.is_known && !on.again && before.is_some_and(|files| is_whole(on, files));
            if !is_there {
                let found = list_of(on, owned)
                    .with_context(|| format!("the files of {}", owned.owner.shown()))?;
                *list.lock().map_err(|_| anyhow!("a list is lost"))? = Some(found);
            }
            Ok(())
        })?;
        let wanted: Vec<_> = pairs
            .into_iter()
            .filter_map(|(owned, list)| Some((owned, list.lock().ok()?.take()?)))
            .collect();
        if on.args.work.dry_run {
            for (_, list) in &wanted {
                on.progress.add("files", list.len() as u64);
                on.progress.add("bytes", list.iter().filter_map(|it| it.size).sum());
            }
            continue;
        }
        let files = wanted.iter().flat_map(|(owned, list)| list.iter().map(move |it| (*owned, it)));
        let files: Vec<_> = files.map(|(owned, it)| (owned, it, Mutex::new(None))).collect();
        each(on.at_once, &files, |(owned, listed, one)| {
            let before = known.get(&owned.owner);
            let found = bring(on, owned, listed, before).with_context(|| {
                format!("the file `{}` of {}", listed.path, owned.owner.shown())
            })?;
            *one.lock().map_err(|_| anyhow!("a file is lost"))? = Some(found);
            Ok(())
        })?;
        let mut done = files.into_iter().filter_map(|(.., one)| one.into_inner().ok()?);
        for (owned, list) in &wanted {
            let all = done.by_ref().take(list.len()).collect();
            let files = Files { owner: owned.owner.clone(), uri: owned.uri.clone(), all };
            if known.get(&owned.owner) != Some(&files) {
                writer.item("files", &serde_json::to_string(&files)?)?;
            }
        }
    }
    writer.cut()
}

/// Whether all files are on disk as they were written.
fn is_whole(on: &Export<'_>, files: &Files) -> bool {
    let folder = on.folder.path().join(files.owner.folder());
    files.all.iter().all(|one| is_same(&folder.join(&one.path), one))
}

fn is_same(path: &Path, one: &One) -> bool {
    fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() == one.size)
        && digest::of_file(path).is_ok_and(|digest| digest == one.sha256)
}

/// Brings a file, unless it is there.
fn bring(on: &Export<'_>, owned: &Owned, listed: &Listed, before: Option<&Files>) -> Result<One> {
    let path = on.folder.path().join(owned.owner.folder()).join(&listed.path);
    let one = before.and_then(|files| files.all.iter().find(|one| one.path == listed.path));
    if let Some(one) = one
        && listed.size.is_none_or(|size| size == one.size)
        && is_same(&path, one)
    {
        return Ok(one.clone());
    }
    let mut failed = 0;
    let (size, sha256) = loop {
        match fetch(on, owned, &listed.path, &path) {
            Ok(found) => break found,
            Err(error) => {
                failed += 1;
                let fatal = error.downcast_ref::<Error>().is_some_and(|error| {
                    !error.is_transient() && !matches!(error, Error::Io { .. })
                });
                if fatal || failed == ATTEMPTS {
                    return Err(error);
                }
                thread::sleep(Duration::from_millis(250 << failed));
            }
        }
    };
    on.progress.add("files", 1);
    on.progress.add("bytes", size);
    Ok(One { path: listed.path.clone(), size, sha256 })
}

/// Fetches a file, which appears when it is whole; gives its bytes and their digest.
fn fetch(on: &Export<'_>, owned: &Owned, name: &str, path: &Path) -> Result<(u64, String)> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .with_context(|| format!("failed to make the folder `{}`", folder.display()))?;
    let beside =
        folder.join(format!(".unfinished-{}", path.file_name().unwrap_or_default().display()));
    let write = || format!("failed to write `{}`", beside.display());
    let Download { length, mut reader } = open(on, owned, name)?;
    let mut file = File::create(&beside).with_context(write)?;
    let (mut digest, mut size, mut buffer) = (Digest::new(), 0, vec![0; 1 << 17]);
    loop {
        let read = reader.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        let bytes = buffer.get(..read).unwrap_or_default();
        digest.add(bytes);
        size += read as u64;
        file.write_all(bytes).with_context(write)?;
    }
    if let Some(length) = length.filter(|length| *length != size) {
        bail!("{size} bytes came, and {length} were announced");
    }
    drop(file);
    fs::rename(&beside, path).with_context(|| format!("failed to write `{}`", path.display()))?;
    Ok((size, digest.end()))
}

/// Opens a file where it is: behind the proxy of the server, on this machine, or wherever the server reads it.
fn open(on: &Export<'_>, owned: &Owned, name: &str) -> Result<Download> {
    let what = format!("the file `{name}` of {}", owned.owner.shown());
    if let Some(root) = proxied(&owned.uri) {
        let path = format!("{}/{name}", root.trim_end_matches('/'));
        return Ok(on.server.proxied(&path, &what)?);
    }
    if let Some(folder) = local(&owned.uri) {
        let path = folder.join(name);
        let file =
            File::open(&path).with_context(|| format!("failed to read `{}`", path.display()))?;
        let length = file.metadata()?.len();
        return Ok(Download { length: Some(length), reader: Box::new(file) });
    }
    let (path, pairs) = match &owned.owner {
        Owner::Run(id) => ("/get-artifact".to_owned(), vec![("path", name), ("run_uuid", id)]),
        Owner::LoggedModel(id) => (
            format!("/ajax-api/2.0/mlflow/logged-models/{id}/artifacts/files"),
            vec![("artifact_file_path", name)],
        ),
        Owner::Version(model, version) => (
            "/model-versions/get-artifact".to_owned(),
            vec![("path", name), ("name", model), ("version", version)],
        ),
        Owner::Trace(id) => (
            "/ajax-api/2.0/mlflow/get-trace-artifact".to_owned(),
            vec![("request_id", id.as_str())],
        ),
    };
    Ok(on.server.get(&path, &pairs, &what)?)
}

/// The folder of a location of this machine, when it is there.
fn local(uri: &str) -> Option<PathBuf> {
    let path = uri.strip_prefix("file://").or_else(|| uri.strip_prefix("file:")).unwrap_or(uri);
    Some(PathBuf::from(path)).filter(|path| path.is_absolute() && path.is_dir())
}

/// All files of an owner, however deep.
fn list_of(on: &Export<'_>, owned: &Owned) -> Result<Vec<Listed>> {
    let mut found = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in in_folder(on, owned, &folder)? {
            let path = relative(&entry.path, &owned.owner)?.to_owned();
            if entry.is_dir {
                folders.push(path);
            } else {
                let size = entry.file_size.and_then(|size| size.try_into().ok());
                found.push(Listed { path, size });
            }
        }
    }
    found.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

/// What is directly in a folder, by paths below the artifacts of the owner.
fn in_folder(on: &Export<'_>, owned: &Owned, folder: &str) -> Result<Vec<FileInfo>> {
    let what = format!("the files of {}", owned.owner.shown());
    let below = |name: &str| {
        if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
    };
    if let Some(root) = local(&owned.uri) {
        return of_disk(&root.join(folder), below);
    }
    let wanted = Some(folder.to_owned()).filter(|folder| !folder.is_empty());
    match &owned.owner {
        Owner::Run(id) => all(|token| {
            let call = ListArtifacts {
                run_id: id.clone(),
                path: wanted.clone(),
                page_token: token,
                ..ListArtifacts::default()
            };
            let reply = on.server.ask_again(&call, &what)?;
            Ok((reply.files, reply.next_page_token))
        }),
        Owner::LoggedModel(id) => all(|token| {
            let call = ListLoggedModelArtifacts {
                model_id: id.clone(),
                artifact_directory_path: wanted.clone(),
                page_token: token,
            };
            let reply = on.server.ask_again(&call, &what)?;
            Ok((reply.files, reply.next_page_token))
        }),
        Owner::Version(..) | Owner::Trace(_) => {
            let Some(root) = proxied(&owned.uri) else {
                if let Owner::Trace(_) = owned.owner {
                    let path = "traces.json".to_owned();
                    return Ok(vec![FileInfo { path, is_dir: false, file_size: None }]);
                }
                on.progress.note(format!(
                    "files of {} are left out: `{}` cannot be listed from here",
                    owned.owner.shown(),
                    owned.uri
                ));
                return Ok(Vec::new());
            };
            let path = format!("{}/{folder}", root.trim_end_matches('/'));
            let call = ListProxiedArtifacts { path: Some(path.trim_end_matches('/').to_owned()) };
            let files = on.server.ask_again(&call, &what)?.files;
            let shown = |entry: FileInfo| FileInfo { path: below(&entry.path), ..entry };
            Ok(files.into_iter().map(shown).collect())
        }
    }
}

fn of_disk(folder: &Path, below: impl Fn(&str) -> String) -> Result<Vec<FileInfo>> {
    let failed = || format!("failed to look into `{}`", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(failed)? {
        let entry = entry.with_context(failed)?;
        let about = fs::metadata(entry.path()).with_context(failed)?;
        let Ok(name) = entry.file_name().into_string() else {
            bail!("{}: a name is no text", failed())
        };
        let file_size = (!about.is_dir()).then(|| i64::try_from(about.len())).transpose()?;
        found.push(FileInfo { path: below(&name), is_dir: about.is_dir(), file_size });
    }
    Ok(found)
}
