//! Where a blob is, and how people write it.

use std::fmt;

use percent_encoding::percent_decode_str;

use crate::{
    http::{Url, encode_path},
    path,
};

/// How the hosts of the Blob service end: of Azure, of its zones, of the clouds of China and of the
/// government of the United States.
const HOSTS: [&str; 4] = [
    ".blob.core.windows.net",
    ".blob.storage.azure.net",
    ".blob.core.chinacloudapi.cn",
    ".blob.core.usgovcloudapi.net",
];

/// A blob of Azure Blob Storage, or every blob below a prefix.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// The host of the account, such as `models.blob.core.windows.net`.
    pub(super) host: String,
    pub(super) container: String,
    /// The name or prefix, without a slash at its end; can be empty.
    pub(super) name: String,
    /// A shared access signature, or another query; can be empty.
    pub(super) signature: String,
}

impl Place {
    /// Reads `https://ACCOUNT.blob.core.windows.net/CONTAINER/NAME?SIGNATURE`. Nothing when the host is
    /// another, or the path begins with no container.
    pub(crate) fn of_url(url: &Url) -> Result<Option<Self>, String> {
        let host = url.authority();
        if !url.is_https() || !is_blob(host) {
            return Ok(None);
        }
        let path = percent_decode_str(url.path().trim_matches('/')).decode_utf8();
        let path = path.map_err(|_| "its percent-encoding is not UTF-8")?;
        let (container, name) = path.split_once('/').unwrap_or((&path, ""));
        if !is_container(container) {
            return Ok(None);
        }
        Self::new(host, container, name, url.query()).map(Some)
    }

    /// Reads `//CONTAINER@ACCOUNT.dfs.core.windows.net/PATH`, what follows `abfss:` and `wasbs:`.
    pub(crate) fn of_hadoop(rest: &str) -> Result<Self, String> {
        let form = "write `abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH`";
        let (authority, name) = rest.strip_prefix("//").ok_or(form)?.split_once('/').ok_or(form)?;
        let (container, host) = authority.split_once('@').ok_or(form)?;
        let host = host.to_ascii_lowercase().replacen(".dfs.", ".blob.", 1);
        if !is_blob(&host) || !is_container(container) {
            return Err(form.into());
        }
        Self::new(&host, container, name, "")
    }

    fn new(host: &str, container: &str, name: &str, signature: &str) -> Result<Self, String> {
        let name = name.trim_matches('/');
        if !name.is_empty() {
            path::relative(name)?;
        }
        let [host, container, name, signature] =
            [host, container, name, signature].map(str::to_owned);
        Ok(Self { host, container, name, signature })
    }

    /// The name of the account.
    pub(super) fn account(&self) -> &str {
        self.host.split('.').next().unwrap_or_default()
    }
}

/// Whether a host, without a port, is that of an account's Blob service.
fn is_blob(host: &str) -> bool {
    HOSTS.iter().any(|end| host.strip_suffix(end).is_some_and(|account| !account.is_empty()))
}

fn is_container(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    matches!(name, "$root" | "$web" | "$logs")
        || (3..=63).contains(&name.len()) && name.bytes().all(plain)
}

/// Without the signature, which is a secret.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}/{}", self.host, self.container)?;
        if self.name.is_empty() { Ok(()) } else { write!(f, "/{}", encode_path(&self.name)) }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place(`{self}`)")
    }
}

#[cfg(test)]
mod tests {
    use super::Place;
    use crate::http::Url;

    fn of(url: &str) -> Option<Place> {
        Place::of_url(&Url::parse(url).unwrap()).unwrap()
    }

    #[test]
    fn an_address_of_the_blob_service_is_known_by_its_host() {
        let place =
            of("https://Acc.blob.core.windows.net/models/a%20b/wine/?sv=1&sig=s3cret").unwrap();
        assert_eq!(
            (place.account(), &*place.container, &*place.name),
            ("acc", "models", "a b/wine")
        );
        assert_eq!(place.signature, "sv=1&sig=s3cret");
        assert_eq!(place.to_string(), "https://acc.blob.core.windows.net/models/a%20b/wine");
        assert!(!format!("{place:?}").contains("s3cret"));
        assert_eq!(of("https://acc.z01.blob.storage.azure.net/$web").unwrap().name, "");
        for other in [
            "https://acc.blob.core.windows.net.example/models/wine",
            "https://.blob.core.windows.net/models/wine",
            "http://acc.blob.core.windows.net/models/wine",
            "https://acc.file.core.windows.net/share/wine.pkl",
            // a file of the root container
            "https://acc.blob.core.windows.net/wine.pkl",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
        let url = Url::parse("https://acc.blob.core.windows.net/models/..%2F..%2Fetc").unwrap();
        assert!(Place::of_url(&url).unwrap_err().contains("leaves"));
    }

    #[test]
    fn addresses_of_hadoop_name_the_same_places() {
        let place = Place::of_hadoop("//models@acc.dfs.core.windows.net/wine/1/").unwrap();
        assert_eq!(place, of("https://acc.blob.core.windows.net/models/wine/1").unwrap());
        assert_eq!(place, Place::of_hadoop("//models@acc.blob.core.windows.net/wine/1").unwrap());
        for bad in
            ["/models/wine", "//models/wine", "//models@acc/wine", "//@acc.dfs.core.windows.net/x"]
        {
            assert!(Place::of_hadoop(bad).unwrap_err().contains("abfss://"), "{bad}");
        }
    }
}
