//! Repositories of models on the Hugging Face Hub, or on a server with the same API.

use std::{fmt, fs, ops::Range, path::PathBuf};

use serde::Deserialize;

use crate::{
    Config, Environment, Error, Retry,
    digest::Checks,
    http::{Http, Reply, Trust, Url, byte_range, encode, encode_path, is_transient},
    path,
    remote::{Listing, Object, Remote, Stream, checked},
    retry::{Attempt, repeat},
};

/// The variable with the address of the Hub.
const ENDPOINT: &str = "HF_ENDPOINT";

/// The variable with a token.
const TOKEN: &str = "HF_TOKEN";

/// Most bytes of one page of a listing: 1000 entries with room.
const PAGE: u64 = 16 << 20;

/// A client of the Hub.
#[derive(Debug)]
pub(crate) struct Hf {
    http: Http,
    base: Url,
    token: Option<Token>,
    retry: Retry,
    files: usize,
    bytes: u64,
}

/// Who asks.
struct Token {
    text: String,
    /// Where it comes from.
    source: String,
}

/// The token stays out of logs.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl Token {
    /// The token of the environment, or that which `hf auth login` has written.
    fn of(environment: &Environment) -> Option<Self> {
        for name in [TOKEN, "HUGGING_FACE_HUB_TOKEN"] {
            if let Some(text) = environment.get(name) {
                return Some(Self { text, source: format!("the token of `{name}`") });
            }
        }
        let home = environment.get("HF_HOME").map(PathBuf::from);
        let home = || {
            home.or_else(|| {
                Some(PathBuf::from(environment.get("HOME")?).join(".cache/huggingface"))
            })
        };
        let path = environment.get("HF_TOKEN_PATH").map(PathBuf::from);
        let path = path.or_else(|| Some(home()?.join("token")))?;
        let text = fs::read_to_string(&path).ok()?.trim().to_owned();
        let source = format!("the token in `{}`", path.display());
        (!text.is_empty()).then_some(Self { text, source })
    }
}

/// A file or folder of a repository.
#[derive(Debug, Deserialize)]
struct Entry {
    r#type: String,
    path: String,
    #[serde(default)]
    size: u64,
    /// The name of its blob in git.
    #[serde(default)]
    oid: String,
    /// What stands behind a pointer of Git LFS.
    lfs: Option<Lfs>,
}

#[derive(Debug, Deserialize)]
struct Lfs {
    /// The SHA-256.
    oid: String,
    size: u64,
}

impl Hf {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let environment = &config.environment;
        let text = environment.get(ENDPOINT).unwrap_or_else(|| "https://huggingface.co".into());
        let base = Url::parse(&text).map_err(|reason| Error::Location {
            uri: text.rsplit('@').next().unwrap_or_default().into(),
            reason: format!("`{ENDPOINT}` is not an address: {reason}"),
        })?;
        let token = Token::of(environment);
        if token.is_some() && !base.is_https() && !base.is_loopback() {
            let reason = format!("`{TOKEN}` is set and would travel in the clear; use `https://`");
            return Err(Error::Location { uri: base.shown(), reason });
        }
        let trust = Trust::of(environment, &["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]);
        Ok(Self {
            http: Http::new(config.timeouts, trust),
            base,
            token,
            retry: config.retry,
            files: config.limits.files,
            bytes: config.cache_bytes,
        })
    }
}

/// A repository at a revision: a branch, a tag or a commit.
pub(crate) struct Repository<'a> {
    pub(crate) hf: &'a Hf,
    /// `OWNER/NAME`.
    pub(crate) id: &'a str,
    pub(crate) revision: &'a str,
}

impl fmt::Display for Repository<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hf://{}:{}", self.id, self.revision)
    }
}

impl Repository<'_> {
    /// One attempt. The token stays with the Hub: files are elsewhere, at addresses that are signed.
    fn get(&self, url: &Url, range: Option<&str>) -> Result<Reply, Attempt> {
        let (reply, at) = self.hf.http.follow(url, |at| {
            let mut headers = vec![("accept-encoding".to_owned(), "identity".to_owned())];
            headers.extend(range.map(|range| ("range".to_owned(), range.to_owned())));
            if let Some(token) = &self.hf.token
                && at.origin() == self.hf.base.origin()
            {
                headers.push(("authorization".into(), format!("Bearer {}", token.text)));
            }
            headers
        })?;
        if matches!(reply.status, 200 | 206) { Ok(reply) } else { Err(self.refused(&reply, &at)) }
    }

    fn refused(&self, reply: &Reply, at: &Url) -> Attempt {
        let (status, after) = (reply.status, reply.retry_after());
        if is_transient(status) {
            return Attempt::Again { what: at.shown(), reason: format!("{status}"), after };
        }
        let code = reply.header("x-error-code").unwrap_or_default().to_owned();
        let said = reply.header("x-error-message").map(|said| format!(": {said}"));
        let said = said.unwrap_or_default();
        let what = self.to_string();
        let id = self.id;
        Attempt::Fatal(match (&*code, status, &self.hf.token) {
            ("RevisionNotFound", ..) => {
                let what = format!("the revision `{}` of `hf://{id}`", self.revision);
                Error::Missing {
                    what,
                    hint: "; write a branch, a tag or a commit behind the colon".into(),
                }
            }
            ("GatedRepo", ..) | (_, 403, _) => Error::Denied {
                what,
                identity: self
                    .hf
                    .token
                    .as_ref()
                    .map_or_else(|| "nobody".into(), |t| t.source.clone()),
                permission: format!(
                    "ask for access on the page of `{id}`, and set `{TOKEN}` to a token of who has it"
                ),
                said: format!(" ({status} {code}{said})"),
            },
            // the Hub says so also of what nobody may know of
            ("RepoNotFound", _, None) | (_, 401, None) => Error::Missing {
                what: format!("the repository `{id}`"),
                hint: format!(", or it is private: set `{TOKEN}` ({status} {code})"),
            },
            ("RepoNotFound", _, Some(token)) | (_, 404, Some(token)) => Error::Missing {
                what: format!("the repository `{id}`"),
                hint: format!(", or {} may not read it ({status} {code})", token.source),
            },
            (_, 401, Some(token)) => Error::Credentials {
                what,
                reason: format!("the Hub does not accept {} ({status} {code}{said})", token.source),
            },
            (_, 404, None) => Error::Missing {
                what: format!("`{}`", at.shown()),
                hint: format!(" ({status} {code})"),
            },
            _ => Error::Refused { what, reason: format!("the Hub answers {status} {code}{said}") },
        })
    }

    fn read<T: for<'de> Deserialize<'de>>(&self, text: &str) -> Result<T, Error> {
        serde_json::from_str(text).map_err(|error| Error::Refused {
            what: self.to_string(),
            reason: format!("the answer is not that of the Hub: {error}; is `{ENDPOINT}` right?"),
        })
    }

    /// The commit that the revision means now.
    fn commit(&self) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct Info {
            sha: String,
        }
        let path = format!("api/models/{}/revision/{}", self.id, encode(self.revision));
        let url = self.hf.base.join(&path);
        let text = repeat(self.hf.retry, || self.get(&url, None)?.text(&url, PAGE))?;
        let Info { sha } = self.read(&text)?;
        // it becomes part of an address
        if sha.is_empty() || !sha.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let reason =
                format!("the answer is not that of the Hub: `{}` is no commit", sha.escape_debug());
            return Err(Error::Refused { what: self.to_string(), reason });
        }
        Ok(sha)
    }

    fn object(&self, entry: Entry, commit: &str) -> Result<Object, Error> {
        let hostile = |reason| Error::Hostile { what: format!("the listing of {self}"), reason };
        let path = path::relative(&entry.path).map_err(hostile)?;
        let (size, tag) = match entry.lfs {
            Some(Lfs { oid, size }) => {
                (size, format!("sha256:{}", oid.trim_start_matches("sha256:")))
            }
            None => (entry.size, format!("git:{}", entry.oid)),
        };
        Ok(Object {
            path,
            key: format!("{commit}/{}", entry.path),
            size: Some(size),
            tag: Some(tag),
        })
    }
}

/// The address of the next page, as RFC 8288 writes it.
fn next_page(reply: &Reply, base: &Url) -> Option<Url> {
    let link = reply.header("link")?;
    let target = link.split(',').find(|link| link.contains("rel=\"next\""))?;
    let target = target.trim().strip_prefix('<')?.split('>').next()?;
    // the token goes with the request
    base.redirect(target).ok().filter(|url| url.origin() == base.origin())
}

impl Remote for Repository<'_> {
    fn list(&self) -> Result<Listing, Error> {
        let commit = self.commit()?;
        let path = format!("api/models/{}/tree/{commit}", self.id);
        let mut url = self.hf.base.join(&path).with_query("recursive=true");
        let what = || format!("the listing of {self}");
        let (mut objects, mut bytes) = (Vec::new(), 0_u64);
        loop {
            let (text, next) = repeat(self.hf.retry, || {
                let reply = self.get(&url, None)?;
                let next = next_page(&reply, &self.hf.base);
                Ok((reply.text(&url, PAGE)?, next))
            })?;
            for entry in self.read::<Vec<Entry>>(&text)? {
                if entry.r#type != "file" {
                    continue;
                }
                let object = self.object(entry, &commit)?;
                bytes = bytes.saturating_add(object.size.unwrap_or_default());
                objects.push(object);
            }
            if objects.len() > self.hf.files {
                let limit = format!("{} files", self.hf.files);
                return Err(Error::Limit { what: what(), limit, flag: "" });
            }
            if bytes > self.hf.bytes {
                return Err(Error::Limit {
                    what: format!("what is in {self} ({bytes} bytes or more)"),
                    limit: format!("{} bytes", self.hf.bytes),
                    flag: "; raise it with `--cache-bytes`",
                });
            }
            match next {
                Some(next) if next != url => url = next,
                _ => break,
            }
        }
        if objects.is_empty() {
            return Err(Error::Missing { what: format!("a file in {self}"), hint: String::new() });
        }
        checked(&what(), objects)
    }

    fn open(&self, object: &Object, range: Option<Range<u64>>) -> Result<Stream, Attempt> {
        let range = range.map(byte_range);
        let url = self.hf.base.join(&format!("{}/resolve/{}", self.id, encode_path(&object.key)));
        let reply = self.get(&url, range.as_deref())?;
        // a commit never changes, and so has no tag
        Stream::new(reply, &url, None, self.checks(object))
    }

    fn checks(&self, object: &Object) -> Checks {
        let tag = object.tag.as_deref().unwrap_or_default();
        match (tag.split_once(':'), object.size) {
            (Some(("sha256", digest)), _) => Checks::of_sha256(digest),
            (Some(("git", blob)), Some(size)) => Checks::of_git(blob, size),
            _ => Checks::default(),
        }
    }
}
