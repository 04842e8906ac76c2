/// What a file of the page is.
pub(super) struct Kind {
    /// Its media type.
    pub(super) media_type: &'static str,
    /// Whether compression gains something.
    pub(super) is_text: bool,
    /// Whether its name has a hash of it in it.
    pub(super) is_hashed: bool,
}

/// Extensions of a built page: their media types, and whether they are text.
const KINDS: [(&str, &str, bool); 18] = [
    ("cjs", "text/javascript; charset=utf-8", true),
    ("css", "text/css; charset=utf-8", true),
    ("eot", "application/vnd.ms-fontobject", true),
    ("gif", "image/gif", false),
    ("html", "text/html; charset=utf-8", true),
    ("ico", "image/vnd.microsoft.icon", false),
    ("jpg", "image/jpeg", false),
    ("js", "text/javascript; charset=utf-8", true),
    ("json", "application/json", true),
    ("map", "application/json", true),
    ("mjs", "text/javascript; charset=utf-8", true),
    ("png", "image/png", false),
    ("svg", "image/svg+xml", true),
    ("ttf", "font/ttf", true),
    ("txt", "text/plain; charset=utf-8", true),
    ("wasm", "application/wasm", true),
    ("woff", "font/woff", false),
    ("woff2", "font/woff2", false),
];

/// Fewest hexadecimal digits of a hash in a name.
const HASH: usize = 8;

impl Kind {
    /// By the name of a file.
    pub(super) fn of(name: &str) -> Self {
        let name = name.rsplit('/').next().unwrap_or(name);
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let known = KINDS.iter().find(|(known, ..)| extension.eq_ignore_ascii_case(known));
        let (media_type, is_text) =
            known.map_or(("application/octet-stream", false), |(_, kind, text)| (*kind, *text));
        let is_hash =
            |part: &str| part.len() >= HASH && part.bytes().all(|it| it.is_ascii_hexdigit());
        Self { media_type, is_text, is_hashed: name.split('.').any(is_hash) }
    }

    /// Whether it is a page.
    pub(super) fn is_page(&self) -> bool {
        self.media_type.starts_with("text/html")
    }
}
