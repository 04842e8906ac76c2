//! The files of what is collected.

use std::{
    collections::HashMap,
    ops::AddAssign,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use super::{
    Place, Proxied,
    keep::{Keep, within},
};
use crate::{
    Error,
    artifacts::{ArtifactPath, Location, Repository, repository::Extent},
};

/// How many files, and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl From<Extent> for Size {
    fn from(Extent { files, bytes, .. }: Extent) -> Self {
        Self { files, bytes }
    }
}

impl AddAssign for Size {
    fn add_assign(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
    }
}

/// What became of the files of one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cleared {
    /// What went, or would go.
    pub(super) size: Size,
    /// What stays, and why.
    pub(super) stays: Vec<String>,
}

/// The files of one thing: `id` is the folder that the server made for it.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub(super) id: String,
    pub(super) uri: Option<String>,
    pub(super) workspace: String,
}

/// Where files are, opened once each.
#[derive(Debug)]
pub(super) struct Files {
    proxied: Proxied,
    workspaces: bool,
    is_dry: bool,
    opened: Mutex<HashMap<String, Repository>>,
}

impl Files {
    pub(super) fn new(place: &Place, is_dry: bool) -> Self {
        let (proxied, workspaces) = (place.proxied.clone(), place.workspaces);
        Self { proxied, workspaces, is_dry, opened: Mutex::default() }
    }

    /// Deletes the files of an owner but for those that are to be kept.
    ///
    /// # Errors
    /// When they cannot be found or deleted, in words for whoever collects.
    pub(super) async fn clear(&self, owner: &Owner, keep: &Keep) -> Result<Cleared, Error> {
        let Some(uri) = owner.uri.as_deref().filter(|uri| !uri.is_empty()) else {
            return Ok(Cleared::default());
        };
        let location = within(Location::parse(uri)?, self.workspaces, &owner.workspace);
        let (repository, path) = self.reach(&location, uri, &owner.id)?;
        self.clear_but(&repository, &path, &keep.below(&location)).await
    }

    /// Deletes the files of a folder behind the artifact proxy but for those that are to be kept, by whatever
    /// location that knows them.
    ///
    /// # Errors
    /// When they cannot be deleted.
    pub(super) async fn clear_folder(
        &self,
        folder: &ArtifactPath,
        keep: &Keep,
    ) -> Result<Cleared, Error> {
        let mut kept = keep.below(&Location::Proxied(folder.clone()));
        if let Proxied::At(place) = &self.proxied {
            kept.extend(keep.below(&Location::parse(place)?.join(folder)));
        }
        self.clear_but(&self.proxied()?, folder, &kept).await
    }

    async fn clear_but(
        &self,
        repository: &Repository,
        path: &ArtifactPath,
        kept: &[(ArtifactPath, &str)],
    ) -> Result<Cleared, Error> {
        let place = |below: &ArtifactPath| path.join(below);
        let stays = kept.iter().map(|(below, version)| {
            format!("`{}`: version {version} has its files there", place(below))
        });
        let stays = stays.collect();
        let kept: Vec<_> = kept.iter().map(|(below, _)| place(below)).collect();
        let size = clear(repository, path.clone(), &kept, self.is_dry).await?;
        if !self.is_dry {
            repository.prune(path).await;
        }
        Ok(Cleared { size, stays })
    }

    /// Removes the folder of an experiment, and those of its models and traces, when nothing is left in them.
    pub(super) async fn prune(&self, experiment: &Owner) {
        let location = experiment.uri.as_deref().and_then(|uri| Location::parse(uri).ok());
        let location = location.map(|it| within(it, self.workspaces, &experiment.workspace));
        let (repository, path) = match location {
            Some(Location::Proxied(path)) => (self.proxied().ok(), path),
            Some(Location::Disk(path)) if !Location::Disk(path.clone()).is_of_system() => {
                let root = path
                    .parent()
                    .and_then(|it| self.open(&format!("file://{}", it.to_str()?)).ok());
                (root, ArtifactPath::parse(&experiment.id).unwrap_or_default())
            }
            _ => return,
        };
        let Some(repository) = repository.filter(|_| path.name() == experiment.id) else { return };
        for inside in ["models/x", "traces/x", "x"] {
            if let Ok(inside) = ArtifactPath::parse(inside) {
                repository.prune(&path.join(&inside)).await;
            }
        }
    }

    /// The repository and the path of the files of an owner. They are deleted only where a server put them: in a
    /// folder that has the id of the owner. Else a location that a client made up would have anything deleted.
    fn reach(
        &self,
        location: &Location,
        uri: &str,
        id: &str,
    ) -> Result<(Repository, ArtifactPath), Error> {
        let own = format!("{id}/artifacts");
        let strange = || {
            Error::invalid(format!(
                "its files at `{uri}` are not in a folder `{own}`, where a server puts them; delete them yourself, then collect it with `--without-artifacts`"
            ))
        };
        let ends = |path: &ArtifactPath| {
            path.as_str() == own || path.as_str().ends_with(&format!("/{own}"))
        };
        match location {
            Location::Proxied(path) if ends(path) => Ok((self.proxied()?, path.clone())),
            Location::Bucket { place, key } if ends(key) => {
                Ok((self.open(&place.to_string())?, key.clone()))
            }
            Location::Disk(path) if path.ends_with(&own) && !location.is_of_system() => {
                let root = path.ancestors().nth(2).map(PathBuf::from).ok_or_else(strange)?;
                let root = root.to_str().ok_or_else(strange)?;
                Ok((self.open(&format!("file://{root}"))?, ArtifactPath::parse(&own)?))
            }
            Location::Elsewhere(scheme) => Err(Error::invalid(format!(
                "its files at `{uri}` cannot be deleted from here: `{scheme}` is not supported; delete them with the tools of that storage, then collect it with `--without-artifacts`"
            ))),
            _ => Err(strange()),
        }
    }

    /// What is behind the artifact proxy.
    ///
    /// # Errors
    /// When it is not known.
    pub(super) fn proxied(&self) -> Result<Repository, Error> {
        match &self.proxied {
            Proxied::At(place) => self.open(place),
            Proxied::Unknown(why) => Err(Error::invalid(why.clone())),
        }
    }

    fn open(&self, place: &str) -> Result<Repository, Error> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = opened.get(place) {
            return Ok(found.clone());
        }
        let made = Repository::open(place)?;
        // folders of a disk are as many as experiments, and cost nothing to open
        if matches!(made, Repository::Bucket(_)) {
            opened.insert(place.to_owned(), made.clone());
        }
        Ok(made)
    }
}

/// Deletes what is below a path but for what is at or below `kept`: how much that is.
pub(super) async fn clear(
    repository: &Repository,
    path: ArtifactPath,
    kept: &[ArtifactPath],
    is_dry: bool,
) -> Result<Size, Error> {
    let is_at = |folder: &ArtifactPath| kept.iter().any(|it| it == folder);
    let is_above = |folder: &ArtifactPath| {
        kept.iter().any(|it| it.as_str().starts_with(&format!("{folder}/")))
    };
    if is_at(&path) {
        return Ok(Size::default());
    }
    if !is_above(&path) {
        let size = Size::from(repository.measure(path.clone()).await?);
        // a bucket has no empty folders, and a request for each of many would cost
        if !is_dry && (size.files > 0 || matches!(repository, Repository::Disk(_))) {
            repository.delete(path).await?;
        }
        return Ok(size);
    }
    let mut total = Size::default();
    let mut waiting = vec![path];
    while let Some(folder) = waiting.pop() {
        for entry in repository.list(folder.clone()).await? {
            let inside = folder.join(&ArtifactPath::parse(&entry.name)?);
            if is_at(&inside) {
                continue;
            }
            if is_above(&inside) {
                waiting.push(inside);
                continue;
            }
            total += match entry.size {
                Some(bytes) => Size { files: 1, bytes },
                None => repository.measure(inside.clone()).await?.into(),
            };
            if !is_dry {
                repository.delete(inside).await?;
            }
        }
    }
    Ok(total)
}
