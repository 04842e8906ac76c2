use http::Method;

use super::{Ask, S3};
use crate::{
    Error,
    gathered::Gathered,
    http::{query, strong_tag},
    remote::Object,
    retry::{Attempt, repeat},
    xml,
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
    let mut gathered = Gathered::new(format!("s3://{bucket}/{prefix}"), prefix, s3.bounds);
    loop {
        let page = page(s3, bucket, &gathered)?;
        for Entry { key, size, tag } in page.objects {
            let name = gathered.name(&key)?;
            if name.is_empty() || (name.ends_with('/') && size == 0) {
                continue;
            }
            gathered.add(Object { path: name.into(), key, size: Some(size), tag }, size)?;
        }
        if !gathered.goes_on(page.truncated.then(|| page.next.unwrap_or_default()))? {
            return Ok(gathered.objects());
        }
    }
}

fn page(s3: &S3, bucket: &str, gathered: &Gathered) -> Result<Page, Error> {
    let mut pairs = vec![("list-type", "2"), ("prefix", gathered.prefix())];
    pairs.extend(gathered.token().map(|token| ("continuation-token", token)));
    let query = query(&pairs);
    let ask = Ask { method: &Method::GET, bucket, key: "", query: &query, headers: &[] };
    repeat(s3.retry, || {
        let reply = s3.ask(&ask)?;
        let url = s3.endpoint.url(bucket, &s3.region(bucket));
        let text = reply.text(&url, PAGE)?;
        parse(&text).map_err(|reason| {
            Attempt::Fatal(Error::Refused {
                what: gathered.place(),
                reason: format!("the answer is not S3's: {reason}; is the endpoint right?"),
            })
        })
    })
}

fn parse(text: &str) -> Result<Page, String> {
    let (mut truncated, mut next) = (false, None);
    let objects =
        xml::items(text, "ListBucketResult", &["Contents"], |path, text, entry: &mut Entry| {
            match path {
                ["Contents", "Key"] => text.clone_into(&mut entry.key),
                ["Contents", "ETag"] => entry.tag = strong_tag(text),
                ["Contents", "Size"] => entry.size = xml::size(text)?,
                ["IsTruncated"] => truncated = text.trim() == "true",
                ["NextContinuationToken"] => next = Some(text.to_owned()),
                _ => {}
            }
            Ok(())
        })?;
    Ok(Page { objects, truncated, next })
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
