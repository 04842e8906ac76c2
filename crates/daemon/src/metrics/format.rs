use std::fmt::Write;

use hyper::{HeaderMap, header::ACCEPT};

/// A form of the text of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' own, version 0.0.4 (prometheus.io, "Exposition formats").
    Prometheus,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Format {
    /// What the `Accept` headers of a request ask for (RFC 9110 §12.5.1): OpenMetrics when they name
    /// it and do not prefer plain text.
    pub fn wanted(headers: &HeaderMap) -> Self {
        let lists = headers.get_all(ACCEPT).iter().filter_map(|list| list.to_str().ok());
        let (mut open, mut plain) = (0.0_f32, 0.0_f32);
        for item in lists.flat_map(|list| list.split(',')) {
            let mut parts = item.split(';').map(str::trim);
            let place = match parts.next().unwrap_or_default() {
                kind if kind.eq_ignore_ascii_case("application/openmetrics-text") => &mut open,
                kind if kind.eq_ignore_ascii_case("text/plain") => &mut plain,
                _ => continue,
            };
            let quality = parts.filter_map(|part| part.split_once('=')).find_map(|(key, value)| {
                key.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse().ok())?
            });
            *place = place.max(quality.unwrap_or(1.0));
        }
        if open > 0.0 && open >= plain { Self::OpenMetrics } else { Self::Prometheus }
    }

    /// The content type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// Writes OpenMetrics text in Prometheus' own form. That form has no `# EOF` and no units, names a
/// counter's family like its samples, with `_total`, and knows fewer types.
pub(super) fn to_prometheus(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    // what describes a family comes before its type, which decides the name
    let mut help = None;
    for line in text.lines() {
        if let Some(described) = line.strip_prefix("# HELP ") {
            help = described.split_once(' ');
        } else if let Some((name, kind)) =
            line.strip_prefix("# TYPE ").and_then(|typed| typed.split_once(' '))
        {
            let (suffix, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                "stateset" => ("", "gauge"),
                "unknown" | "gaugehistogram" => ("", "untyped"),
                other => ("", other),
            };
            if let Some((_, described)) = help.take().filter(|(described, _)| *described == name) {
                // writing to a text does not fail
                let _ = writeln!(out, "# HELP {name}{suffix} {described}");
            }
            let _ = writeln!(out, "# TYPE {name}{suffix} {kind}");
        } else if !line.starts_with('#') {
            out.push_str(without_exemplar(line));
            out.push('\n');
        }
    }
    out
}

/// A sample without the exemplar that stands behind its value and a `#`.
fn without_exemplar(line: &str) -> &str {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b'#' if !quoted => return line[..at].trim_end(),
            _ => {}
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn wanted(accept: &'static str) -> Format {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        Format::wanted(&headers)
    }

    #[test]
    fn openmetrics_is_for_those_who_ask_for_it() {
        assert_eq!(Format::wanted(&HeaderMap::new()), Format::Prometheus);
        for accept in [
            "*/*",
            "text/plain",
            "text/html,application/xml;q=0.9,*/*;q=0.8",
            "application/openmetrics-text;q=0",
            "application/openmetrics-text;q=0.4, text/plain;q=0.5",
        ] {
            assert_eq!(wanted(accept), Format::Prometheus, "{accept}");
        }
        for accept in [
            "application/openmetrics-text; version=1.0.0",
            "application/openmetrics-text",
            // what Prometheus sends
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        ] {
            assert_eq!(wanted(accept), Format::OpenMetrics, "{accept}");
        }
    }

    #[test]
    fn the_forms_differ_as_their_documents_say() {
        let text = "# HELP rows Rows answered.\n# TYPE rows counter\nrows_total{model=\"a\\\" # b\"} 3\n\
            # HELP wait Time.\n# TYPE wait histogram\n# UNIT wait seconds\nwait_sum 0.5\n\
            # TYPE odd unknown\nodd 1 # {id=\"x\"} 1\n# EOF\n";
        let expected = "# HELP rows_total Rows answered.\n# TYPE rows_total counter\n\
            rows_total{model=\"a\\\" # b\"} 3\n# HELP wait Time.\n# TYPE wait histogram\nwait_sum 0.5\n\
            # TYPE odd untyped\nodd 1\n";
        assert_eq!(to_prometheus(text), expected);
    }
}
