use http::Method;

use super::{Ask, S3, xml};
use crate::{
    Error,
    http::query,
    path,
    remote::Object,
    retry::{Attempt, repeat},
};

/// Most bytes of one page of a listing: 1000 keys of 1024 bytes, each escaped, with room.
const PAGE: u64 = 16 << 20;

/// A page of `ListObjectsV2`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Page {
    objects: Vec<Entry>,
    truncated: bool,
    next: Option<String>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Entry {
    key: String,
    size: u64,
    tag: Option<String>,
}

/// Every object below `prefix/`. Objects that stand for folders are left out.
pub(super) fn below(s3: &S3, bucket: &str, prefix: &str) -> Result<Vec<Object>, Error> {
    let place = format!("the listing of `s3://{bucket}/{prefix}`");
    let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    let (mut objects, mut bytes, mut token) = (Vec::new(), 0_u64, None::<String>);
    loop {
        let page = page(s3, bucket, &prefix, token.as_deref(), &place)?;
        for entry in page.objects {
            let Some(name) = entry.key.strip_prefix(&prefix) else {
                let reason =
                    format!("it names `{}`, which was not asked for", entry.key.escape_debug());
                return Err(Error::Hostile { what: place, reason });
            };
            if name.is_empty() || (name.ends_with('/') && entry.size == 0) {
                continue;
            }
            let path = path::relative(name)
                .map_err(|reason| Error::Hostile { what: place.clone(), reason })?;
            bytes = bytes.saturating_add(entry.size);
            objects.push(Object { path, key: entry.key, size: Some(entry.size), tag: entry.tag });
            if objects.len() > s3.files {
                return Err(Error::Limit {
                    what: place,
                    limit: format!("{} files", s3.files),
                    flag: "; name the model's own prefix",
                });
            }
            if bytes > s3.bytes {
                return Err(Error::Limit {
                    what: format!("what is in `s3://{bucket}/{prefix}` ({bytes} bytes or more)"),
                    limit: format!("{} bytes", s3.bytes),
                    flag: "; name the model's own prefix, or raise `--cache-bytes`",
                });
            }
        }
        if !page.truncated {
            return Ok(objects);
        }
        // half a listing would be half a model, and a server that repeats a token would be asked
        // without end
        match page.next {
            Some(next) if Some(&next) != token.as_ref() => token = Some(next),
            _ => {
                let reason = "it says that there is more, and not how to ask for it".into();
                return Err(Error::Refused { what: place, reason });
            }
        }
    }
}

fn page(
    s3: &S3,
    bucket: &str,
    prefix: &str,
    token: Option<&str>,
    place: &str,
) -> Result<Page, Error> {
    let mut pairs = vec![("list-type", "2"), ("prefix", prefix)];
    pairs.extend(token.map(|token| ("continuation-token", token)));
    let query = query(&pairs);
    let ask = Ask { method: &Method::GET, bucket, key: "", query: &query, headers: &[] };
    repeat(s3.retry, || {
        let reply = s3.ask(&ask)?;
        let url = s3.endpoint.url(bucket, &s3.region(bucket));
        let text = reply.text(&url, PAGE)?;
        parse(&text).map_err(|reason| {
            Attempt::Fatal(Error::Refused {
                what: place.to_owned(),
                reason: format!("the answer is not S3's: {reason}; is the endpoint right?"),
            })
        })
    })
}

fn parse(text: &str) -> Result<Page, String> {
    let mut page = Page::default();
    let (mut truncated, mut next, mut broken) = (false, None, None);
    let entry = std::cell::RefCell::new(Entry::default());
    let mut root = None;
    xml::walk(
        text,
        |path, text| {
            let names: Vec<_> = path.iter().map(String::as_str).collect();
            if root.is_none() {
                root = names.first().map(|&root| root.to_owned());
            }
            let mut entry = entry.borrow_mut();
            match names.get(1..).unwrap_or_default() {
                ["Contents", "Key"] => text.clone_into(&mut entry.key),
                ["Contents", "ETag"] => {
                    // some servers leave the quotes out here, and want them in `If-Match`
                    let bare = text.trim_matches('"');
                    entry.tag = (!bare.is_empty() && !bare.starts_with("W/"))
                        .then(|| format!("\"{bare}\""));
                }
                ["Contents", "Size"] => match text.trim().parse() {
                    Ok(size) => entry.size = size,
                    Err(_) => broken = Some(format!("the size `{text}` is not a number")),
                },
                ["IsTruncated"] => truncated = text.trim() == "true",
                ["NextContinuationToken"] => next = Some(text.to_owned()),
                _ => {}
            }
        },
        |path| {
            if path.len() == 2 && path.last().is_some_and(|last| last == "Contents") {
                page.objects.push(entry.take());
            }
        },
    )?;
    match (root.as_deref(), broken) {
        (Some("ListBucketResult"), None) => {}
        (Some("ListBucketResult"), Some(reason)) => return Err(reason),
        (root, _) => return Err(format!("it is `{}`", root.unwrap_or("nothing"))),
    }
    (page.truncated, page.next) = (truncated, next);
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_page_is_read() {
        let text = r#"<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix>m/</Prefix><IsTruncated>true</IsTruncated>
<Contents><Key>m/a&amp;b.pkl</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;25f9e794323b453885f5181f1b624d0b&quot;</ETag><Size>9</Size><Owner><ID>x</ID></Owner></Contents>
<Contents><Key>m/c</Key><ETag>abc-2</ETag><Size>0</Size></Contents><NextContinuationToken>t==</NextContinuationToken></ListBucketResult>"#;
        let page = parse(text).unwrap();
        assert_eq!(page.objects.len(), 2);
        assert_eq!((&*page.objects[0].key, page.objects[0].size), ("m/a&b.pkl", 9));
        assert_eq!(page.objects[1].tag.as_deref(), Some("\"abc-2\""));
        assert_eq!(page.next.as_deref(), Some("t=="));
    }

    #[test]
    fn a_page_that_is_not_s3s_is_refused() {
        assert!(parse("<html><body>hello</body></html>").unwrap_err().contains("html"));
        assert!(parse("not XML at all").is_err());
        assert!(
            parse("<ListBucketResult><Contents><Size>-1</Size></Contents></ListBucketResult>")
                .is_err()
        );
        assert!(parse("<ListBucketResult><Contents>").is_err());
    }
}
