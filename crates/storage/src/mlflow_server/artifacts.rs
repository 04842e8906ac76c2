use std::{fmt, ops::Range};

use http::Method;
use longshore_mlflow::rest::{self, FileInfo, ListProxiedArtifacts};

use super::MlflowServer;
use crate::{
    Error,
    digest::Checks,
    http::encode_path,
    path,
    remote::{Listing, Object, Remote, Stream, checked},
    retry::Attempt,
};

/// Deepest folder of a model.
const DEPTH: usize = 32;

/// Files that an MLflow server passes on from its own storage.
pub(crate) struct Artifacts<'a> {
    pub(crate) server: &'a MlflowServer,
    /// Below the server's artifact root.
    pub(crate) path: &'a str,
    /// Whether they belong to a registered version or a logged model, which never change.
    pub(crate) fixed: bool,
}

impl fmt::Display for Artifacts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mlflow-artifacts:/{} at {}", self.path, self.server.base.origin())
    }
}

impl Artifacts<'_> {
    /// Lists a folder below ours. A file has no entries.
    fn folder(&self, below: &str) -> Result<Vec<FileInfo>, Error> {
        let full = match (self.path, below) {
            (path, "") => path.to_owned(),
            ("", below) => below.to_owned(),
            (path, below) => format!("{path}/{below}"),
        };
        let what = format!("the files of `{full}`");
        Ok(self.server.call(&ListProxiedArtifacts { path: Some(full) }, &*what)?.files)
    }

    fn hostile(&self, reason: String) -> Error {
        Error::Hostile { what: format!("the listing of {self}"), reason }
    }
}

impl Remote for Artifacts<'_> {
    fn list(&self) -> Result<Listing, Error> {
        let mut objects = Vec::new();
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            if folder.matches('/').count() > DEPTH {
                return Err(self.hostile("it is nested too deep".into()));
            }
            let files = self.folder(&folder)?;
            if objects.len() + folders.len() + files.len() > self.server.files {
                return Err(Error::Limit {
                    what: format!("the listing of {self}"),
                    limit: format!("{} files", self.server.files),
                    flag: "; name the model's own folder",
                });
            }
            for file in files {
                let name =
                    if folder.is_empty() { file.path } else { format!("{folder}/{}", file.path) };
                let name = path::relative(&name).map_err(|reason| self.hostile(reason))?;
                if file.is_dir {
                    folders.push(name);
                } else {
                    let key = if self.path.is_empty() {
                        name.clone()
                    } else {
                        format!("{}/{name}", self.path)
                    };
                    let size = file.file_size.and_then(|bytes| bytes.try_into().ok());
                    objects.push(Object { path: name, key, size, tag: None });
                }
            }
        }
        if !objects.is_empty() {
            return checked(self, objects);
        }
        // neither a file nor a missing path has entries: a request for the file tells which it is
        let name = self.path.rsplit('/').next().unwrap_or_default();
        let name = path::relative(name).map_err(|reason| self.hostile(reason))?;
        let object = Object { path: name, key: self.path.into(), size: None, tag: None };
        crate::retry::repeat(self.server.retry, || self.open(&object, None))?;
        Ok(Listing { objects: vec![object], is_file: true, note: None })
    }

    fn open(&self, object: &Object, _: Option<Range<u64>>) -> Result<Stream, Attempt> {
        let path = format!("{}{}/{}", rest::API, rest::ARTIFACTS, encode_path(&object.key));
        let url = self.server.base.join(&path);
        let what = format!("the file `{}`", object.key);
        let reply = self.server.send(&url, &Method::GET, None, &*what)?;
        Ok(Stream {
            first: 0,
            length: reply.length(),
            total: reply.length(),
            tag: None,
            checks: Checks::default(),
            reader: Box::new(reply.reader()),
        })
    }

    fn checks(&self, _: &Object) -> Checks {
        Checks::default()
    }

    fn is_fixed(&self) -> bool {
        self.fixed
    }
}
