//! The objects below a prefix, as the pages of a listing bring them, within the limits.

use crate::{Config, Error, path, remote::Object};

/// Limits on what one location may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    files: usize,
    bytes: u64,
}

impl Bounds {
    pub(crate) fn new(config: &Config) -> Self {
        Self { files: config.limits.files, bytes: config.cache_bytes }
    }
}

/// What a listing has brought so far.
#[derive(Debug)]
pub(crate) struct Gathered {
    /// The location in messages.
    uri: String,
    /// With a slash at its end, or empty.
    prefix: String,
    bounds: Bounds,
    bytes: u64,
    objects: Vec<Object>,
    /// What asks for the page after the last one.
    token: Option<String>,
}

impl Gathered {
    /// Nothing yet of what is in the folder `name`.
    pub(crate) fn new(uri: String, name: &str, bounds: Bounds) -> Self {
        let prefix = if name.is_empty() { String::new() } else { format!("{name}/") };
        Self { uri, prefix, bounds, bytes: 0, objects: Vec::new(), token: None }
    }

    /// What every name must begin with.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// What asks for the next page; none for the first.
    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The listing in messages.
    pub(crate) fn place(&self) -> String {
        format!("the listing of `{}`", self.uri)
    }

    /// A name without the prefix; empty for the object that stands for the folder itself.
    ///
    /// # Errors
    /// [`Error::Hostile`] for a name that was not asked for.
    pub(crate) fn name<'a>(&self, key: &'a str) -> Result<&'a str, Error> {
        key.strip_prefix(&self.prefix).ok_or_else(|| Error::Hostile {
            what: self.place(),
            reason: format!("it names `{}`, which was not asked for", key.escape_debug()),
        })
    }

    /// Takes an object of so many bytes, whose `path` is still as the storage names it.
    ///
    /// # Errors
    /// [`Error::Hostile`] for a name that no file can have, [`Error::Limit`].
    pub(crate) fn add(&mut self, mut object: Object, bytes: u64) -> Result<(), Error> {
        object.path = path::relative(&object.path)
            .map_err(|reason| Error::Hostile { what: self.place(), reason })?;
        self.objects.push(object);
        self.bytes = self.bytes.saturating_add(bytes);
        if self.objects.len() > self.bounds.files {
            return Err(Error::Limit {
                what: self.place(),
                limit: format!("{} files", self.bounds.files),
                flag: "; name the model's own prefix",
            });
        }
        if self.bytes > self.bounds.bytes {
            return Err(Error::Limit {
                what: format!("what is in `{}` ({} bytes or more)", self.uri, self.bytes),
                limit: format!("{} bytes", self.bounds.bytes),
                flag: "; name the model's own prefix, or raise `--cache-bytes`",
            });
        }
        Ok(())
    }

    /// Whether there is one more page, which `token` asks for.
    ///
    /// # Errors
    /// [`Error::Refused`] for a token that leads nowhere: half a listing would be half a model, and a
    /// server that repeats a token would be asked without end.
    pub(crate) fn goes_on(&mut self, token: Option<String>) -> Result<bool, Error> {
        if token
            .as_ref()
            .is_some_and(|token| token.is_empty() || Some(token) == self.token.as_ref())
        {
            let reason = "it says that there is more, and not how to ask for it".into();
            return Err(Error::Refused { what: self.place(), reason });
        }
        self.token = token;
        Ok(self.token.is_some())
    }

    /// All of them.
    pub(crate) fn objects(self) -> Vec<Object> {
        self.objects
    }
}
