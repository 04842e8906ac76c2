/// A file that pages are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its type.
    pub content_type: &'static str,
    /// What is in it.
    pub content: &'static str,
}

impl Asset {
    /// A script.
    pub const fn script(content: &'static str) -> Self {
        Self { content_type: "text/javascript; charset=utf-8", content }
    }
}

/// The shared asset of that name, which is a path inside of [`FOLDER`](crate::FOLDER).
pub fn asset(name: &str) -> Option<Asset> {
    Some(match name {
        "console.css" => Asset {
            content_type: "text/css; charset=utf-8",
            content: include_str!("../assets/console.css"),
        },
        "console.js" => Asset::script(include_str!("../assets/console.js")),
        "icon.svg" => {
            Asset { content_type: "image/svg+xml", content: include_str!("../assets/icon.svg") }
        }
        _ => return None,
    })
}
