//! What a downloaded file is said to be.

use std::fmt::Write;

use longshore_daemon::percent;

/// Extensions that MLflow shows as plain text, and names without one.
const TEXT: [&str; 27] = [
    "txt",
    "log",
    "err",
    "cfg",
    "conf",
    "cnf",
    "cf",
    "ini",
    "properties",
    "prop",
    "hocon",
    "toml",
    "yaml",
    "yml",
    "xml",
    "json",
    "js",
    "py",
    "py3",
    "csv",
    "tsv",
    "md",
    "rst",
    "ipynb",
    "MLmodel",
    "MLproject",
    "mlproject",
];

/// Extensions of what browsers show otherwise.
const OTHERS: [(&str, &str); 14] = [
    ("css", "text/css"),
    ("gif", "image/gif"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("wav", "audio/x-wav"),
    ("webp", "image/webp"),
    ("zip", "application/zip"),
];

/// The media type of a file, by its name.
pub(super) fn of(name: &str) -> &'static str {
    let extension = match name.rsplit_once('.') {
        Some((start, extension)) if !start.is_empty() => extension,
        _ => name,
    };
    if TEXT.contains(&extension) {
        return "text/plain";
    }
    let known = OTHERS.iter().find(|(known, _)| extension.eq_ignore_ascii_case(known));
    known.map_or("application/octet-stream", |(_, kind)| kind)
}

/// The `Content-Disposition` that makes a browser keep a file instead of showing it (RFC 6266): a page
/// that someone uploaded must not run as one of this server's.
pub(super) fn attachment(name: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "!#$&+-.^_`|~".contains(it);
    if !name.is_empty() && name.chars().all(is_plain) {
        return format!("attachment; filename={name}");
    }
    let mut value = "attachment; filename=\"".to_owned();
    for it in name.chars().map(|it| if matches!(it, ' '..='~') { it } else { '_' }) {
        if matches!(it, '"' | '\\') {
            value.push('\\');
        }
        value.push(it);
    }
    value.push('"');
    if !name.is_ascii() {
        let encoded = percent::encode_but(name, |byte| is_plain(char::from(byte)));
        // writing to a text does not fail
        let _ = write!(value, "; filename*=UTF-8''{encoded}");
    }
    value
}

#[cfg(test)]
mod tests {
    use super::{attachment, of};

    #[test]
    fn files_are_what_mlflow_says() {
        // answers of mlflow.utils.mime_type_utils._guess_mime_type
        let cases = [
            ("MLmodel", "text/plain"),
            ("mlproject", "text/plain"),
            ("a.json", "text/plain"),
            ("a.yaml", "text/plain"),
            ("plot.png", "image/png"),
            ("PLOT.PNG", "image/png"),
            ("a.html", "text/html"),
            ("model.pkl", "application/octet-stream"),
            ("no_extension", "application/octet-stream"),
            (".txt", "application/octet-stream"),
        ];
        for (name, wanted) in cases {
            assert_eq!(of(name), wanted, "{name}");
        }
    }

    #[test]
    fn a_name_cannot_add_to_its_header() {
        assert_eq!(attachment("model.pkl"), "attachment; filename=model.pkl");
        assert_eq!(attachment("a \"b\".txt"), r#"attachment; filename="a \"b\".txt""#);
        assert_eq!(
            attachment("ü\r\n.txt"),
            "attachment; filename=\"___.txt\"; filename*=UTF-8''%C3%BC%0D%0A.txt"
        );
    }
}
