use http::Method;

use super::{Ask, Prefix};
use crate::{
    Error,
    gathered::Gathered,
    http::strong_tag,
    remote::Object,
    retry::{Attempt, repeat},
    xml,
};

/// Most bytes of one page of a listing: 1000 names of 1024 characters with their properties, with room.
const PAGE: u64 = 16 << 20;

/// A page of `List Blobs`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Page {
    blobs: Vec<Blob>,
    next: Option<String>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Blob {
    name: String,
    size: u64,
    tag: Option<String>,
    /// Whether it stands for a folder, as in a storage that has them.
    is_folder: bool,
}

/// Every blob below the prefix. Blobs that stand for folders are left out.
pub(super) fn below(prefix: &Prefix<'_>) -> Result<Vec<Object>, Error> {
    let place = prefix.place;
    let mut gathered = Gathered::new(place.to_string(), &place.name, prefix.azure.bounds);
    loop {
        let page = page(prefix, &gathered)?;
        for Blob { name: key, size, tag, is_folder } in page.blobs {
            let name = gathered.name(&key)?;
            if is_folder || name.is_empty() || (name.ends_with('/') && size == 0) {
                continue;
            }
            gathered.add(Object { path: name.into(), key, size: Some(size), tag }, size)?;
        }
        if !gathered.goes_on(page.next)? {
            return Ok(gathered.objects());
        }
    }
}

fn page(prefix: &Prefix<'_>, gathered: &Gathered) -> Result<Page, Error> {
    let mut pairs = vec![
        ("restype", "container"),
        ("comp", "list"),
        ("include", "metadata"),
        ("maxresults", "1000"),
        ("prefix", gathered.prefix()),
    ];
    pairs.extend(gathered.token().map(|token| ("marker", token)));
    let ask = Ask { method: &Method::GET, name: "", pairs: &pairs, headers: &[] };
    repeat(prefix.azure.retry, || {
        let text = prefix.ask(&ask)?.text(&prefix.service, PAGE)?;
        parse(&text).map_err(|reason| {
            Attempt::Fatal(Error::Refused {
                what: gathered.place(),
                reason: format!("the answer is not that of Azure Blob Storage: {reason}"),
            })
        })
    })
}

fn parse(text: &str) -> Result<Page, String> {
    let mut next = None;
    let blobs = xml::items(
        text,
        "EnumerationResults",
        &["Blobs", "Blob"],
        |path, text, blob: &mut Blob| {
            match path {
                ["Blobs", "Blob", "Name"] => text.clone_into(&mut blob.name),
                ["Blobs", "Blob", "Properties", "Etag"] => blob.tag = strong_tag(text),
                ["Blobs", "Blob", "Properties", "Content-Length"] => blob.size = xml::size(text)?,
                ["Blobs", "Blob", "Properties", "ResourceType"] => {
                    blob.is_folder |= text.trim() == "directory";
                }
                ["Blobs", "Blob", "Metadata", "hdi_isfolder" | "Hdi_isfolder"] => {
                    blob.is_folder |= text.trim() == "true";
                }
                ["NextMarker"] => next = Some(text.to_owned()).filter(|text| !text.is_empty()),
                _ => {}
            }
            Ok(())
        },
    )?;
    Ok(Page { blobs, next })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_page_is_read() {
        let text = r#"<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="https://acc.blob.core.windows.net/" ContainerName="models"><Prefix>m/</Prefix>
<Blobs><Blob><Name>m/a&amp;b.pkl</Name><Properties><Etag>0x8DCB1</Etag><Content-Length>9</Content-Length><Content-MD5>x</Content-MD5><BlobType>BlockBlob</BlobType></Properties><Metadata/></Blob>
<Blob><Name>m/sub</Name><Properties><Content-Length>0</Content-Length><ResourceType>directory</ResourceType></Properties><Metadata><hdi_isfolder>true</hdi_isfolder></Metadata></Blob></Blobs><NextMarker>2!8</NextMarker></EnumerationResults>"#;
        let page = parse(text).unwrap();
        let [blob, folder] = &*page.blobs else { panic!("{page:?}") };
        assert_eq!(
            (&*blob.name, blob.size, blob.tag.as_deref()),
            ("m/a&b.pkl", 9, Some("\"0x8DCB1\""))
        );
        assert!(!blob.is_folder && folder.is_folder);
        assert_eq!(page.next.as_deref(), Some("2!8"));
        let last = "<EnumerationResults><Blobs/><NextMarker/></EnumerationResults>";
        assert_eq!(parse(last).unwrap(), super::Page::default());
    }

    #[test]
    fn a_page_of_something_else_is_refused() {
        assert!(parse("<html><body>hello</body></html>").unwrap_err().contains("html"));
        assert!(parse("<EnumerationResults><Blobs>").is_err());
        let text = "<EnumerationResults><Blobs><Blob><Properties><Content-Length>-1</Content-Length></Properties></Blob></Blobs></EnumerationResults>";
        assert!(parse(text).unwrap_err().contains("`-1`"));
    }
}
