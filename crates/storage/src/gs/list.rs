use std::fmt::Write;

use serde::Deserialize;

use super::{Ask, Description, Gs, foreign};
use crate::{
    Error,
    gathered::Gathered,
    http::{encode, query},
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
    let uri = format!("gs://{bucket}/{prefix}");
    let (mut gathered, mut note) = (Gathered::new(uri, prefix, gs.bounds), String::new());
    loop {
        let page = page(gs, bucket, &gathered)?;
        for item in page.items {
            let name = gathered.name(&item.name)?;
            if name.is_empty() || name.ends_with('/') {
                continue;
            }
            if item.is_packed() {
                let _ = writeln!(note, "{name} {}", item.generation);
            }
            gathered.add(item.object(name.into()), item.size.parse().unwrap_or_default())?;
        }
        if !gathered.goes_on(page.next_page_token.filter(|next| !next.is_empty()))? {
            return Ok((gathered.objects(), Some(note).filter(|note| !note.is_empty())));
        }
    }
}

fn page(gs: &Gs, bucket: &str, gathered: &Gathered) -> Result<Page, Error> {
    let fields = "nextPageToken,items(name,size,generation,md5Hash,crc32c,contentEncoding)";
    let mut pairs = vec![("prefix", gathered.prefix()), ("maxResults", "1000"), ("fields", fields)];
    pairs.extend(gathered.token().map(|token| ("pageToken", token)));
    let url = gs.base.join(&format!("storage/v1/b/{}/o", encode(bucket)));
    let url = url.with_query(query(&pairs));
    let ask = Ask { url: &url, bucket, name: "", range: None };
    repeat(gs.retry, || {
        let text = gs.ask(&ask)?.text(&url, PAGE)?;
        serde_json::from_str(&text).map_err(|error| Attempt::Fatal(foreign(&url, &error)))
    })
}
