use std::{
    fmt::{self, Write},
    io::Read,
    ops::Range,
};

use crate::{
    Error,
    digest::Checks,
    http::{Reply, Url, again},
    path::{self, Paths},
    retry::Attempt,
};

/// A file to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    /// Where it goes below the model's folder; checked.
    pub(crate) path: String,
    /// What the remote calls it.
    pub(crate) key: String,
    /// Its bytes, when the remote says.
    pub(crate) size: Option<u64>,
    /// A strong entity tag: equal tags are equal bytes. Without one nothing is resumed.
    pub(crate) tag: Option<String>,
}

/// The files of a location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listing {
    pub(crate) objects: Vec<Object>,
    /// Whether the location is one file, not a folder that holds one.
    pub(crate) is_file: bool,
    /// What tells one state of the files from another when no tag does.
    pub(crate) note: Option<String>,
}

impl Listing {
    /// Bytes of all files whose size is known.
    pub(crate) fn bytes(&self) -> u64 {
        self.objects.iter().filter_map(|object| object.size).sum()
    }

    /// A text that differs when the files do; `None` when nothing tells one state from another.
    pub(crate) fn state(&self, is_fixed: bool) -> Option<String> {
        let mut text = String::new();
        let mut told = is_fixed;
        for Object { path, size, tag, .. } in &self.objects {
            told |= tag.is_some();
            let _ = writeln!(text, "{path}\n{size:?} {tag:?}");
        }
        if let Some(note) = &self.note {
            text.push_str(note);
        }
        (told || self.note.is_some()).then_some(text)
    }
}

/// Bytes that are arriving.
pub(crate) struct Stream {
    pub(crate) reader: Box<dyn Read + Send>,
    /// The offset of the first byte.
    pub(crate) first: u64,
    /// How many bytes this answer has, when the server says.
    pub(crate) length: Option<u64>,
    /// The whole object's size, when the server says.
    pub(crate) total: Option<u64>,
    /// The entity tag of what is arriving.
    pub(crate) tag: Option<String>,
    /// Digests of the whole object.
    pub(crate) checks: Checks,
}

impl Stream {
    /// What an answer brings, which is all of it or the part that its head names.
    pub(crate) fn new(
        reply: Reply,
        url: &Url,
        tag: Option<String>,
        checks: Checks,
    ) -> Result<Self, Attempt> {
        let (first, total) = match (reply.status, reply.range()) {
            (206, Some(found)) => found,
            (206, None) => return Err(again(url, "it sent a part without saying which")),
            _ => (0, reply.length()),
        };
        let length = reply.length();
        Ok(Self { first, length, total, tag, checks, reader: Box::new(reply.reader()) })
    }
}

/// What has the files of a location.
pub(crate) trait Remote: Sync + fmt::Display {
    /// Every file of the model, sorted by path, and whether the location names a file.
    fn list(&self) -> Result<Listing, Error>;

    /// One attempt to get a file, or a range of it. A remote that has no ranges sends all of it.
    fn open(&self, object: &Object, range: Option<Range<u64>>) -> Result<Stream, Attempt>;

    /// What is known of a large file's digests before its parts are fetched.
    fn checks(&self, object: &Object) -> Checks;

    /// Whether the same names and sizes always mean the same bytes, as in a registry.
    fn is_fixed(&self) -> bool {
        false
    }
}

/// Where the file that a location names goes: the last part of its name.
///
/// # Errors
/// [`Error::Hostile`] for a name that is no name of a file.
pub(crate) fn file_name(place: &impl fmt::Display, name: &str) -> Result<String, Error> {
    path::relative(last_part(name))
        .map_err(|reason| Error::Hostile { what: place.to_string(), reason })
}

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// The listing of `name`, which is an object or a prefix of a bucket. It is looked for as an object first
/// when the name has an ending, else as a prefix, because who may read need not be allowed to list.
pub(crate) fn file_or_folder(
    name: &str,
    file: impl Fn() -> Result<Option<Listing>, Error>,
    folder: impl Fn() -> Result<Listing, Error>,
    missing: impl Fn() -> Error,
) -> Result<Listing, Error> {
    let last = last_part(name);
    if last.contains('.') && !last.starts_with('.') {
        let refused = match file() {
            Ok(Some(file)) => return Ok(file),
            Ok(None) => None,
            // to who may not list, a storage denies what is missing like what is forbidden
            Err(error @ Error::Denied { .. }) => Some(error),
            Err(error) => return Err(error),
        };
        return match (folder(), refused) {
            (Ok(found), _) if !found.objects.is_empty() => Ok(found),
            (Ok(_), None) => Err(missing()),
            (Err(Error::Denied { .. }) | Ok(_), Some(refused)) => Err(refused),
            (Err(error), _) => Err(error),
        };
    }
    let refused = match folder() {
        Ok(found) if !found.objects.is_empty() => return Ok(found),
        Ok(_) => None,
        Err(error @ Error::Denied { .. }) => Some(error),
        Err(error) => return Err(error),
    };
    match (file(), refused) {
        (Ok(Some(file)), _) => Ok(file),
        (Ok(None), None) => Err(missing()),
        (Err(Error::Denied { .. }) | Ok(None), Some(refused)) => Err(refused),
        (Err(error), _) => Err(error),
    }
}

/// Checks the names of a listing and sorts it.
pub(crate) fn checked(
    what: &impl fmt::Display,
    mut objects: Vec<Object>,
) -> Result<Listing, Error> {
    let mut paths = Paths::default();
    for object in &objects {
        paths
            .add(&object.path)
            .map_err(|reason| Error::Hostile { what: what.to_string(), reason })?;
    }
    objects.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(Listing { objects, is_file: false, note: None })
}
