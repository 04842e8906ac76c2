//! What the pages of every role share: one layout, one stylesheet, and components in plain JavaScript.
//!
//! A page is a shell of HTML that holds nothing of what a server knows. Its script asks the role's own API
//! for that, with the key of whoever reads it, and puts every text into the page as text.
//!
//! ```text
//! role ──► Page { title, links, main, scripts } ──► HTML ──asks for──► the assets here, the role's script,
//!                                                                      then the role's API
//! ```

mod asset;
mod page;

pub use asset::{Asset, asset};
pub use page::{Link, Page};

/// The `Content-Security-Policy` of every page: scripts and styles are files of this server, nothing is inline, and
/// nothing is asked of another machine.
pub const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The type of a page.
pub const HTML: &str = "text/html; charset=utf-8";

/// The folder, below that of the page, in which its assets are.
pub const FOLDER: &str = "console/";
