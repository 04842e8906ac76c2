//! The file that says where MLflow's server archived spans of traces.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// What the file says. The rest of it is for who archives.
#[derive(Deserialize)]
struct File {
    trace_archival: Archive,
}

#[derive(Deserialize)]
struct Archive {
    #[serde(default)]
    enabled: bool,
    location: String,
}

/// The location of the archive.
///
/// # Errors
/// When the file cannot be read or does not say it.
pub(super) fn location(path: &Path) -> Result<String> {
    let wrong = || format!("`--trace-archival-config {}`", path.display());
    let text = std::fs::read_to_string(path).with_context(wrong)?;
    let File { trace_archival } = serde_saphyr::from_str(&text).with_context(wrong)?;
    if trace_archival.enabled {
        tracing::warn!(
            location = trace_archival.location,
            "spans that were archived are read; this server archives none, so that spans stay in the database"
        );
    }
    Ok(trace_archival.location)
}

#[cfg(test)]
mod tests {
    use super::location;

    #[test]
    fn the_location_is_what_is_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let told = |text: &str| {
            std::fs::write(file.path(), text).unwrap();
            location(file.path())
        };
        let whole = "trace_archival:\n  enabled: true\n  location: s3://bucket/spans\n  retention: 30d\n  long_retention_allowlist: [1, '2']\n";
        assert_eq!(told(whole).unwrap(), "s3://bucket/spans");
        for text in ["", "trace_archival: {}", "trace_archival: 3", "location: /a"] {
            assert!(told(text).unwrap_err().to_string().starts_with("`--trace-archival-config"));
        }
    }
}
