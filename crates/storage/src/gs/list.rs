use std::fmt::Write;

use serde::Deserialize;

use super::{Ask, Description, Gs, foreign};
use crate::{
    Error,
    http::{encode, query},
    path,
    remote::Object,
    retry::{Attempt, repeat},
};

/// Most bytes of one page of a listing: 1000 names of 1024 bytes, each escaped, with room.
const PAGE: u64 = 16 << 20;

/// A page of `objects.list`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Page {
    items: Vec<Description>,
    next_page_token: Option<String>,
}

/// Every object below `prefix/`, and what tells states of the packed ones from others. Objects that stand
/// for folders are left out.
pub(super) fn below(
    gs: &Gs,
    bucket: &str,
    prefix: &str,
) -> Result<(Vec<Object>, Option<String>), Error> {
    let place = format!("the listing of `gs://{bucket}/{prefix}`");
    let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    let (mut objects, mut bytes, mut note) = (Vec::new(), 0_u64, String::new());
    let mut token: Option<String> = None;
    loop {
        let page = page(gs, bucket, &prefix, token.as_deref())?;
        for item in page.items {
            let Some(name) = item.name.strip_prefix(&prefix) else {
                let reason =
                    format!("it names `{}`, which was not asked for", item.name.escape_debug());
                return Err(Error::Hostile { what: place, reason });
            };
            if name.is_empty() || name.ends_with('/') {
                continue;
            }
            let path = path::relative(name)
                .map_err(|reason| Error::Hostile { what: place.clone(), reason })?;
            bytes = bytes.saturating_add(item.size.parse().unwrap_or_default());
            if item.is_packed() {
                let _ = writeln!(note, "{name} {}", item.generation);
            }
            objects.push(item.object(path));
            if objects.len() > gs.files {
                return Err(Error::Limit {
                    what: place,
                    limit: format!("{} files", gs.files),
                    flag: "; name the model's own prefix",
                });
            }
            if bytes > gs.bytes {
                return Err(Error::Limit {
                    what: format!("what is in `gs://{bucket}/{prefix}` ({bytes} bytes or more)"),
                    limit: format!("{} bytes", gs.bytes),
                    flag: "; name the model's own prefix, or raise `--cache-bytes`",
                });
            }
        }
        match page.next_page_token.filter(|next| !next.is_empty()) {
            None => return Ok((objects, Some(note).filter(|note| !note.is_empty()))),
            // a server that repeats a token would be asked without end
            next if next == token => {
                let reason = "it says that there is more, and not how to ask for it".into();
                return Err(Error::Refused { what: place, reason });
            }
            next => token = next,
        }
    }
}

fn page(gs: &Gs, bucket: &str, prefix: &str, token: Option<&str>) -> Result<Page, Error> {
    let fields = "nextPageToken,items(name,size,generation,md5Hash,crc32c,contentEncoding)";
    let mut pairs = vec![("prefix", prefix), ("maxResults", "1000"), ("fields", fields)];
    pairs.extend(token.map(|token| ("pageToken", token)));
    let url = gs.base.join(&format!("storage/v1/b/{}/o", encode(bucket)));
    let url = url.with_query(query(&pairs));
    let ask = Ask { url: &url, bucket, name: "", range: None };
    repeat(gs.retry, || {
        let text = gs.ask(&ask)?.text(&url, PAGE)?;
        serde_json::from_str(&text).map_err(|error| Attempt::Fatal(foreign(&url, &error)))
    })
}
