//! Where a bucket is, as a URI of artifacts says it.

use std::fmt;

/// A bucket of a provider. Two URIs that name the same one are the same value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A bucket of S3: `s3://BUCKET/KEY`.
    S3(String),
    /// A bucket of Google Cloud Storage: `gs://BUCKET/KEY`.
    Gs(String),
    /// A container of Azure Blob Storage: `wasbs://CONTAINER@ACCOUNT.blob.core.windows.net/KEY`, or `abfss://`
    /// with the host of Data Lake Storage, which has the same blobs.
    Azure {
        /// The storage account.
        account: String,
        /// The container in it.
        container: String,
    },
}

impl Place {
    /// Whether URIs of a scheme, in lower case, name buckets that are read here.
    pub(crate) fn is_of(scheme: &str) -> bool {
        matches!(scheme, "s3" | "gs" | "wasb" | "wasbs" | "abfs" | "abfss")
    }

    /// The bucket that the authority of a URI names.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence about the URI.
    pub(crate) fn parse(scheme: &str, authority: &str) -> Result<Self, &'static str> {
        match scheme {
            _ if authority.is_empty() => Err("names no bucket"),
            "s3" => Ok(Self::S3(authority.to_owned())),
            "gs" => Ok(Self::Gs(authority.to_owned())),
            _ => {
                let (container, host) = authority.split_once('@').unwrap_or_default();
                let account = [".blob.core.windows.net", ".dfs.core.windows.net"]
                    .iter()
                    .find_map(|end| host.strip_suffix(end))
                    .filter(|it| !it.is_empty() && !container.is_empty());
                let account = account.ok_or(
                    "names no container of an account, as in `wasbs://CONTAINER@ACCOUNT.blob.core.windows.net/PATH`",
                )?;
                Ok(Self::Azure { account: account.to_owned(), container: container.to_owned() })
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3(bucket) => write!(f, "s3://{bucket}"),
            Self::Gs(bucket) => write!(f, "gs://{bucket}"),
            Self::Azure { account, container } => {
                write!(f, "wasbs://{container}@{account}.blob.core.windows.net")
            }
        }
    }
}
