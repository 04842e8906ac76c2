//! Signature version 4, as <https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html>
//! describes it.

use ring::hmac;

use crate::{
    digest::{sha256, to_hex},
    http::Url,
    s3::credentials::Keys,
    time,
};

/// The headers that sign a request: those given, and the ones that the signature adds.
///
/// `path` and `query` of the URL must be encoded, the query sorted; `now` is in seconds since 1970.
pub(crate) fn headers(
    keys: &Keys,
    region: &str,
    method: &str,
    url: &Url,
    given: &[(String, String)],
    body: &[u8],
    now: u64,
) -> Vec<(String, String)> {
    let moment = time::basic(now);
    let date = moment.get(..8).unwrap_or_default();
    let payload = sha256(body);
    let mut headers = given.to_vec();
    headers.push(("x-amz-content-sha256".into(), payload.clone()));
    headers.push(("x-amz-date".into(), moment.clone()));
    if let Some(token) = &keys.token {
        headers.push(("x-amz-security-token".into(), token.clone()));
    }
    let mut signed = headers.clone();
    signed.push(("host".into(), url.authority().to_owned()));
    signed.sort_unstable();
    let names: Vec<_> = signed.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(";");
    let mut lines = String::new();
    for (name, value) in &signed {
        lines.extend([name.as_str(), ":", value, "\n"]);
    }
    let text = url.to_string();
    let query = text.split_once('?').map_or("", |(_, query)| query);
    let canonical = format!("{method}\n{}\n{query}\n{lines}\n{names}\n{payload}", url.path());
    let scope = format!("{date}/{region}/s3/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}", sha256(canonical.as_bytes()));
    let secret = format!("AWS4{}", keys.secret);
    let key = [date, region, "s3", "aws4_request"]
        .iter()
        .fold(secret.into_bytes(), |key, part| mac(&key, part.as_bytes()));
    let signature = to_hex(&mac(&key, to_sign.as_bytes()));
    headers.push((
        "authorization".into(),
        format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            keys.id
        ),
    ));
    headers
}

fn mac(key: &[u8], data: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::headers;
    use crate::{http::Url, s3::credentials::Keys};

    /// The example `GET Object` of S3's documentation of the signature.
    #[test]
    fn the_documented_example_has_the_documented_signature() {
        let keys =
            Keys::for_test("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
        let url = Url::parse("https://examplebucket.s3.amazonaws.com/test.txt").unwrap();
        let given = [("range".to_owned(), "bytes=0-9".to_owned())];
        let all = headers(&keys, "us-east-1", "GET", &url, &given, b"", 1_369_353_600);
        let authorization = &all.iter().find(|(name, _)| name == "authorization").unwrap().1;
        let signature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
        assert!(authorization.ends_with(&format!("Signature={signature}")), "{authorization}");
    }

    /// The example `List Objects` of the same page.
    #[test]
    fn a_query_is_part_of_the_signature() {
        let keys =
            Keys::for_test("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
        let url =
            Url::parse("https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J").unwrap();
        let all = headers(&keys, "us-east-1", "GET", &url, &[], b"", 1_369_353_600);
        let authorization = &all.iter().find(|(name, _)| name == "authorization").unwrap().1;
        assert!(
            authorization
                .ends_with("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
            "{authorization}"
        );
    }
}
