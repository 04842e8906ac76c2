//! Requests of web pages (<https://fetch.spec.whatwg.org/#http-cors-protocol>). Cookies are not let
//! through: keys and tokens are sent in headers.

use hyper::{
    HeaderMap, Method, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
        ACCESS_CONTROL_REQUEST_METHOD, HeaderValue, ORIGIN, VARY,
    },
};
use longshore_platform::policy::{Cors, Origin};

/// How long a browser may keep the answer to its question, in seconds.
const KEPT: HeaderValue = HeaderValue::from_static("600");

/// The answer to a browser that asks whether a page may ask; `None` for any other request. It is
/// given before anybody has to say who it is, as browsers send no keys with it.
pub(crate) fn preflight(
    cors: Option<&Cors>,
    method: &Method,
    headers: &HeaderMap,
) -> Option<(StatusCode, HeaderMap)> {
    let cors = cors?;
    if *method != Method::OPTIONS || !headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        return None;
    }
    let origin = headers.get(ORIGIN)?;
    let mut reply = HeaderMap::new();
    if !allow(cors, origin, &mut reply) {
        return Some((StatusCode::FORBIDDEN, reply));
    }
    reply
        .insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, POST, OPTIONS"));
    if let Some(wanted) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        reply.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    reply.insert(ACCESS_CONTROL_MAX_AGE, KEPT);
    Some((StatusCode::NO_CONTENT, reply))
}

/// Lets the page that has asked read the reply, when it may; what the model says of that is dropped.
pub(crate) fn reply(cors: Option<&Cors>, origin: Option<&HeaderValue>, reply: &mut HeaderMap) {
    let Some(cors) = cors else { return };
    reply.remove(ACCESS_CONTROL_ALLOW_ORIGIN);
    if let Some(origin) = origin
        && allow(cors, origin, reply)
    {
        reply.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*"));
    }
}

fn allow(cors: &Cors, origin: &HeaderValue, reply: &mut HeaderMap) -> bool {
    if cors.origins.contains(&Origin::Any) {
        reply.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        return true;
    }
    // a cache must not give the reply for one page to another
    reply.append(VARY, HeaderValue::from_static("origin"));
    let allows = origin.to_str().is_ok_and(|origin| cors.allows(origin));
    if allows {
        reply.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    allows
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use hyper::{HeaderMap, Method, header::HeaderValue};
    use longshore_platform::policy::{Cors, Policy};

    use super::{preflight, reply};

    fn cors(origins: &str) -> Cors {
        let annotation = ("longshore.dev/cors-origins".to_owned(), origins.to_owned());
        Policy::of(&BTreeMap::from([annotation])).unwrap().cors.unwrap()
    }

    fn asking(origin: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("origin", origin.parse().unwrap());
        headers.insert("access-control-request-method", "POST".parse().unwrap());
        headers.insert("access-control-request-headers", "content-type".parse().unwrap());
        headers
    }

    #[test]
    fn a_browser_learns_whether_a_page_may_ask() {
        let one = cors("https://a.example");
        let (status, head) =
            preflight(Some(&one), &Method::OPTIONS, &asking("https://a.example")).unwrap();
        assert_eq!(status, 204);
        assert_eq!(head["access-control-allow-origin"], "https://a.example");
        assert_eq!(head["access-control-allow-headers"], "content-type");
        assert_eq!(head["vary"], "origin");
        let (status, head) =
            preflight(Some(&one), &Method::OPTIONS, &asking("https://b.example")).unwrap();
        assert_eq!(status, 403);
        assert!(!head.contains_key("access-control-allow-origin"));
        let (_, head) =
            preflight(Some(&cors("*")), &Method::OPTIONS, &asking("https://b.example")).unwrap();
        assert_eq!(head["access-control-allow-origin"], "*");
    }

    #[test]
    fn other_requests_go_to_the_model() {
        let any = cors("*");
        assert_eq!(preflight(None, &Method::OPTIONS, &asking("https://a.example")), None);
        assert_eq!(preflight(Some(&any), &Method::POST, &asking("https://a.example")), None);
        assert_eq!(preflight(Some(&any), &Method::OPTIONS, &HeaderMap::new()), None);
    }

    #[test]
    fn a_page_reads_the_reply_when_it_may() {
        let one = cors("https://a.example");
        let read = |cors: Option<&Cors>, origin: Option<&'static str>| {
            let mut head = HeaderMap::new();
            head.insert("access-control-allow-origin", HeaderValue::from_static("model's"));
            let origin = origin.map(HeaderValue::from_static);
            reply(cors, origin.as_ref(), &mut head);
            head.get("access-control-allow-origin").map(|value| value.to_str().unwrap().to_owned())
        };
        let a = Some("https://a.example");
        assert_eq!(read(Some(&one), a).as_deref(), a);
        assert_eq!(read(Some(&one), Some("https://b.example")), None);
        assert_eq!(read(Some(&one), None), None);
        assert_eq!(
            read(None, a).as_deref(),
            Some("model's"),
            "without the annotation it is the model's"
        );
    }
}
