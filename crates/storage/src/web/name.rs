//! The name of a file that a web server sends.

use crate::{archive::ArchiveKind, http::Reply, name::stem, path};

/// The name of what is at a URL path: its last part, when that has the ending of a model or an archive;
/// else what the server calls it, or an archive by its content type.
pub(super) fn of(url_path: &str, reply: &Reply) -> String {
    let last = url_path.rsplit('/').next().unwrap_or_default();
    let last = path::relative(last).unwrap_or_else(|_| "model".into());
    if is_told(&last) {
        return last;
    }
    let called = reply.header("content-disposition").and_then(called);
    if let Some(called) = called.filter(|name| is_told(name)) {
        return called;
    }
    match reply.header("content-type").and_then(ending) {
        Some(ending) => format!("{last}{ending}"),
        None => last,
    }
}

/// Whether an ending says what the file is.
fn is_told(name: &str) -> bool {
    ArchiveKind::of(name).is_some() || stem(name) != name
}

/// The `filename` of a `Content-Disposition` (RFC 6266); `filename*` is for names beyond ASCII, whose
/// endings are the same.
fn called(header: &str) -> Option<String> {
    let mut parts = header.split(';').skip(1).map(str::trim);
    let name = parts.find_map(|part| part.strip_prefix("filename="))?;
    let name = name.trim_matches('"');
    // some servers send a path of their own
    path::relative(name.rsplit(['/', '\\']).next().unwrap_or(name)).ok()
}

/// The ending of an archive of a content type.
fn ending(kind: &str) -> Option<&'static str> {
    let kind = kind.split(';').next().unwrap_or(kind).trim().to_ascii_lowercase();
    match &*kind {
        "application/zip" | "application/x-zip-compressed" | "application/x-zip" => Some(".zip"),
        "application/x-tar" | "application/tar" => Some(".tar"),
        "application/x-gtar" | "application/x-tgz" | "application/x-tar+gzip" => Some(".tar.gz"),
        // a model or a tar: its bytes say which
        "application/gzip" | "application/x-gzip" => Some(".gz"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{called, ending};

    #[test]
    fn a_disposition_names_a_file_and_no_folder() {
        assert_eq!(called("attachment; filename=\"wine.tar.gz\"").as_deref(), Some("wine.tar.gz"));
        assert_eq!(called("attachment; filename=wine.pkl; size=3").as_deref(), Some("wine.pkl"));
        assert_eq!(called("attachment; filename=\"../../wine.pkl\"").as_deref(), Some("wine.pkl"));
        assert_eq!(called("attachment; filename=\"C:\\x\\wine.pkl\"").as_deref(), Some("wine.pkl"));
        for header in ["inline", "attachment; filename=\"..\"", "attachment; filename=\"\""] {
            assert_eq!(called(header), None, "{header}");
        }
    }

    #[test]
    fn content_types_of_archives_are_known() {
        assert_eq!(ending("Application/ZIP; charset=binary"), Some(".zip"));
        assert_eq!(ending("application/x-tar"), Some(".tar"));
        assert_eq!(ending("application/octet-stream"), None);
    }
}
