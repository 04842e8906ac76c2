//! `CloudEvents` 1.0 around V1, as KServe's server takes them: a body of V1 is the event's data, and so
//! is the reply (cloudevents.io, "HTTP Protocol Binding" and "JSON Event Format").

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use longshore_daemon::{Code, percent};

use super::{Body, Head};
use crate::{
    failure::Failure,
    json::{Scanner, twice, write},
    names::quoted,
    reply::Reply,
};

/// Where an event's attributes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventMode {
    /// In headers; the body is the data.
    Binary,
    /// Beside the data in the body.
    Structured,
}

/// The attributes that every event has.
const REQUIRED: [&str; 4] = ["specversion", "id", "source", "type"];

/// The type of a reply's event, as KServe says it.
const TYPE: &str = "io.kserve.inference.response";

const STRUCTURED: &str = "application/cloudevents+json";

/// Where a request has the attributes of its event; `None` when it is no event.
pub(super) fn mode(head: &Head<'_>) -> Result<Option<EventMode>, Failure> {
    let (mut attributes, mut media_type) = (false, None);
    for (name, value) in head.headers {
        if let Some(attribute) = name.as_str().strip_prefix("ce-") {
            // an id alone names the request in records of it, as KServe's logger reads it
            attributes |= attribute != "id" && REQUIRED.contains(&attribute);
        } else if *name == CONTENT_TYPE {
            media_type = value.to_str().ok();
        }
    }
    let begins = |prefix: &str| {
        let begin = media_type.and_then(|kind| kind.get(..prefix.len()));
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(prefix))
    };
    if begins("application/cloudevents-batch") {
        let message =
            "a batch of events is not answered; send its events one by one, or their rows in one";
        return Err(Failure::new(Code::UnsupportedMediaType, message));
    }
    if begins(STRUCTURED) {
        return json_alone(head).map(|()| Some(EventMode::Structured));
    }
    if begins("application/cloudevents") {
        return Err(super::head::unsupported(
            media_type.unwrap_or_default(),
            &format!("the event as `{STRUCTURED}`"),
        ));
    }
    if !attributes {
        return Ok(None);
    }
    for attribute in REQUIRED {
        let value = head.headers.get(format!("ce-{attribute}"));
        let value = value.filter(|value| !value.is_empty()).ok_or_else(|| {
            Failure::invalid(format!(
                "the event has no header `ce-{attribute}`; it needs `ce-specversion`, `ce-id`, `ce-source` and `ce-type`"
            ))
        })?;
        if attribute == "specversion" {
            check_version(&String::from_utf8_lossy(value.as_bytes()))?;
        }
    }
    json_alone(head).map(|()| Some(EventMode::Binary))
}

fn json_alone(head: &Head<'_>) -> Result<(), Failure> {
    head.only_json(head.media_type()?.as_deref())
}

fn check_version(version: &str) -> Result<(), Failure> {
    // 0.3 has the same attributes
    if matches!(version, "1.0" | "0.3") {
        return Ok(());
    }
    Err(Failure::invalid(format!(
        "the event's `specversion` is {}; send events of version `1.0`",
        quoted(version)
    )))
}

/// The data of a structured event.
pub(super) fn data<'a>(body: &Body<'a>) -> Result<Scanner<'a>, Failure> {
    let mut scanner = body.scanner()?;
    if scanner.peek() != Some(b'{') {
        return Err(scanner.other_than("an event as an object"));
    }
    let mut seen = [false; REQUIRED.len()];
    let (mut data, mut first) = (None, true);
    scanner.begin(b'{')?;
    while scanner.more(b'}', &mut first)? {
        let key = scanner.key()?;
        if let Some(at) = REQUIRED.iter().position(|required| *required == &*key) {
            let text = scanner.string();
            let text = text.ok().filter(|text| !text.is_empty()).ok_or_else(|| {
                Failure::invalid(format!("the event's `{key}` is not a text with something in it"))
            })?;
            if at == 0 {
                check_version(&text)?;
            }
            if std::mem::replace(&mut seen[at], true) {
                return Err(twice(&key));
            }
            continue;
        }
        match &*key {
            "data" => {
                if data.replace(scanner.skip()?).is_some() {
                    return Err(twice(&key));
                }
            }
            "data_base64" | "datacontentencoding" => {
                return Err(Failure::invalid(format!(
                    "the event has `{key}`: its data is not read from base64; send it as JSON in `data`"
                )));
            }
            "datacontenttype" if scanner.peek() != Some(b'n') => {
                check_data_type(&scanner.string()?)?;
            }
            _ => {
                scanner.skip()?;
            }
        }
    }
    scanner.finish()?;
    if let Some((_, missing)) = seen.iter().zip(REQUIRED).find(|(seen, _)| !**seen) {
        return Err(Failure::invalid(format!(
            "the event has no `{missing}`; it needs `specversion`, `id`, `source`, `type` and `data`"
        )));
    }
    let data = data.ok_or_else(|| {
        Failure::invalid("the event has no `data`; send {\"instances\": [row, …]} in it")
    })?;
    Scanner::new(data.as_bytes(), body.limits.depth)
}

/// True for an object that has the attributes of an event; `whole` stands at its beginning.
pub(super) fn is_one(whole: &Scanner<'_>) -> bool {
    let (mut scanner, mut first, mut found) = (whole.clone(), true, 0);
    if scanner.begin(b'{').is_err() {
        return false;
    }
    while let Ok(true) = scanner.more(b'}', &mut first) {
        let Ok(key) = scanner.key() else { return false };
        found += usize::from(matches!(&*key, "specversion" | "data"));
        if scanner.skip().is_err() {
            return false;
        }
    }
    found == 2
}

/// The body is an event, and no header says so.
pub(super) fn unnamed() -> Failure {
    Failure::invalid(format!(
        "the body is an event; say so by the header `content-type: {STRUCTURED}`"
    ))
}

fn check_data_type(media_type: &str) -> Result<(), Failure> {
    let kind = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json")) {
        return Ok(());
    }
    Err(Failure::invalid(format!(
        "the event's `datacontenttype` is {}; send data as `application/json`",
        quoted(media_type)
    )))
}

/// The event whose data is the reply of the model `model`; its id is that of the request.
pub(super) fn reply(mode: EventMode, model: &str, id: &[u8], reply: Reply) -> Reply {
    let source = format!("io.kserve.inference.{model}");
    let time = rfc3339(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default());
    let id = String::from_utf8_lossy(id);
    let attributes =
        [("specversion", "1.0"), ("id", &id), ("source", &source), ("type", TYPE), ("time", &time)];
    match mode {
        EventMode::Binary => {
            let mut reply = reply;
            for (name, value) in attributes {
                let name = HeaderName::try_from(format!("ce-{name}"));
                let value = HeaderValue::try_from(percent::encode(value));
                // both are visible ASCII
                if let (Ok(name), Ok(value)) = (name, value) {
                    reply.headers.push((name, value));
                }
            }
            reply
        }
        EventMode::Structured => {
            let mut out = Vec::with_capacity(256 + reply.body.len());
            out.push(b'{');
            for (name, value) in attributes {
                write::text(&mut out, name);
                out.push(b':');
                write::text(&mut out, value);
                out.push(b',');
            }
            out.extend_from_slice(b"\"data\":");
            out.extend_from_slice(&reply.body);
            out.push(b'}');
            Reply { content_type: STRUCTURED, body: out.into(), ..reply }
        }
    }
}

/// A moment as RFC 3339 writes it, in UTC with milliseconds; `since` is the time since 1970.
pub(crate) fn rfc3339(since: Duration) -> String {
    let (days, seconds) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let milliseconds = since.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z")
}

/// The date that is `days` days after 1970-01-01. A year begins with March here, so that a leap day is
/// its last; 400 years have 146,097 days.
fn date(days: u64) -> (u64, u64, u64) {
    // days since 0000-03-01
    let days = days + 719_468;
    let (era, in_era) = (days / 146_097, days % 146_097);
    let year = (in_era - in_era / 1460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year + year / 4 - year / 100);
    // five months from March on, and again from August on, have 153 days
    let month = (5 * in_year + 2) / 153;
    let day = in_year - (153 * month + 2) / 5 + 1;
    let (year, month) = (era * 400 + year, if month < 10 { month + 3 } else { month - 9 });
    (year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_dates() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399, "2000-02-28T23:59:59.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (951_868_800, "2000-03-01T00:00:00.000Z"),
            (1_709_251_199, "2024-02-29T23:59:59.000Z"),
            (1_798_761_599, "2026-12-31T23:59:59.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(rfc3339(Duration::from_secs(seconds)), expected);
        }
        assert_eq!(rfc3339(Duration::from_millis(1_795_780_212_042)), "2026-11-27T11:50:12.042Z");
    }
}
