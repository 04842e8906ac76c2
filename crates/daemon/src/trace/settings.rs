//! Where spans go, which ones, and what they say of the process: flags, and the variables that OpenTelemetry
//! gives all its libraries.

use std::{fmt, fs, path::PathBuf};

use http::{HeaderName, HeaderValue, Uri};
use ureq::tls::{Certificate, PemItem, parse_pem};

use super::context::Sampler;
use crate::{Error, percent};

/// The path of traces below a collector's address (OTLP/HTTP).
const PATH: &str = "v1/traces";

/// What a [`Tracer`](super::Tracer) needs to know.
#[derive(Clone)]
pub struct Settings {
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) resource: Vec<(String, String)>,
    pub(super) sampler: Sampler,
    authorities: Option<PathBuf>,
}

impl Settings {
    /// `endpoint` is the address of a collector, `sample` the share of requests between 0 and 1 that are traced when
    /// their callers do not trace; `environment` gives variables by name. `None` when there is no endpoint, or when
    /// the environment turns traces off.
    ///
    /// It reads `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, `…_HEADERS`, `…_PROTOCOL`, `…_CERTIFICATE`, `OTEL_SERVICE_NAME`,
    /// `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_TRACES_EXPORTER` and `OTEL_SDK_DISABLED`.
    ///
    /// # Errors
    /// [`Error::Trace`] that names the flag or the variable which is wrong.
    pub fn new(
        endpoint: Option<&str>,
        sample: f64,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, Error> {
        let set = |name: &str| environment(name).filter(|value| !value.trim().is_empty());
        let of_traces = |end: &str| {
            set(&format!("OTEL_EXPORTER_OTLP_TRACES_{end}"))
                .or_else(|| set(&format!("OTEL_EXPORTER_OTLP_{end}")))
        };
        let off = set("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
            || set("OTEL_TRACES_EXPORTER").is_some_and(|value| value.trim() == "none");
        let url = match (set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), endpoint) {
            _ if off => return Ok(None),
            (Some(whole), _) => whole,
            (None, Some(base)) if base.trim_end_matches('/').ends_with(PATH) => base.to_owned(),
            (None, Some(base)) if !base.trim().is_empty() => {
                format!("{}/{PATH}", base.trim_end_matches('/'))
            }
            (None, _) => return Ok(None),
        };
        check_url(&url)?;
        if !(0.0..=1.0).contains(&sample) {
            let fault = format!("`--trace-sample {sample}` is no share: give a number from 0 to 1");
            return Err(Error::Trace(fault));
        }
        if let Some(protocol) = of_traces("PROTOCOL")
            && protocol.trim() != "http/protobuf"
        {
            let fault = format!(
                "spans are sent by `http/protobuf`, not by `{protocol}` of `OTEL_EXPORTER_OTLP_PROTOCOL`; name the \
                 collector's port for HTTP, mostly 4318, and leave that variable out"
            );
            return Err(Error::Trace(fault));
        }
        let headers = match of_traces("HEADERS") {
            Some(list) => pairs(&list).and_then(headers).ok_or_else(|| {
                Error::Trace("`OTEL_EXPORTER_OTLP_HEADERS` is not a list `NAME=VALUE,…`".into())
            })?,
            None => Vec::new(),
        };
        let mut resource = match set("OTEL_RESOURCE_ATTRIBUTES") {
            Some(list) => pairs(&list).ok_or_else(|| {
                Error::Trace("`OTEL_RESOURCE_ATTRIBUTES` is not a list `NAME=VALUE,…`".into())
            })?,
            None => Vec::new(),
        };
        let mut default = |key: &str, value: &str| {
            if !resource.iter().any(|(known, _)| known == key) {
                resource.push((key.into(), value.into()));
            }
        };
        default("service.version", env!("CARGO_PKG_VERSION"));
        match set("OTEL_SERVICE_NAME") {
            Some(name) => {
                resource.retain(|(key, _)| key != "service.name");
                resource.push(("service.name".into(), name));
            }
            None => default("service.name", "longshore"),
        }
        let authorities =
            of_traces("CERTIFICATE").or_else(|| set("SSL_CERT_FILE")).map(PathBuf::from);
        Ok(Some(Self { url, headers, resource, sampler: Sampler::new(sample), authorities }))
    }

    /// The address that spans are sent to.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The authorities that vouch for the collector; `None` stands for those built into the
    /// program.
    pub(super) fn authorities(&self) -> Result<Option<Vec<Certificate<'static>>>, Error> {
        let Some(path) = &self.authorities else { return Ok(None) };
        let pem = fs::read(path).map_err(|source| Error::Read { path: path.clone(), source })?;
        let certificate = |item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        };
        let found: Vec<_> = parse_pem(&pem).filter_map(certificate).collect();
        if found.is_empty() {
            return Err(Error::file(path, "holds no certificate in PEM form"));
        }
        Ok(Some(found))
    }
}

impl fmt::Debug for Settings {
    /// Without the headers, which may hold a secret.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Settings")
            .field("url", &self.url)
            .field("resource", &self.resource)
            .finish_non_exhaustive()
    }
}

fn check_url(url: &str) -> Result<(), Error> {
    let parsed = url.parse::<Uri>().ok();
    let whole = parsed.as_ref().is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()
    });
    if whole {
        return Ok(());
    }
    let fault = format!("`{url}` is no address of a collector; write it as `http://HOST:4318`");
    Err(Error::Trace(fault))
}

/// Reads `NAME=VALUE,…`, percent-encoded (W3C Baggage, which OpenTelemetry takes for its lists).
fn pairs(list: &str) -> Option<Vec<(String, String)>> {
    let items = list.split(',').map(str::trim).filter(|item| !item.is_empty());
    items
        .map(|item| {
            let (key, value) = item.split_once('=')?;
            let (key, value) = (percent::decode(key.trim())?, percent::decode(value.trim())?);
            (!key.is_empty()).then(|| (key.into_owned(), value.into_owned()))
        })
        .collect()
}

fn headers(pairs: Vec<(String, String)>) -> Option<Vec<(String, String)>> {
    let right = pairs.iter().all(|(name, value)| {
        HeaderName::try_from(name.as_str()).is_ok() && HeaderValue::try_from(value.as_str()).is_ok()
    });
    right.then_some(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(endpoint: Option<&str>, variables: &[(&str, &str)]) -> Result<Option<Settings>, Error> {
        let find = |name: &str| variables.iter().find(|(key, _)| *key == name);
        Settings::new(endpoint, 1.0, |name| find(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn traces_are_off_until_there_is_an_endpoint() {
        assert!(read(None, &[]).unwrap().is_none());
        assert!(read(Some(""), &[("OTEL_SERVICE_NAME", "x")]).unwrap().is_none());
        let on = Some("http://collector:4318");
        assert!(read(on, &[("OTEL_SDK_DISABLED", "true")]).unwrap().is_none());
        assert!(read(on, &[("OTEL_TRACES_EXPORTER", "none")]).unwrap().is_none());
        let url = |endpoint, variables: &[_]| read(endpoint, variables).unwrap().unwrap().url;
        assert_eq!(url(on, &[]), "http://collector:4318/v1/traces");
        assert_eq!(url(Some("https://c/otlp/"), &[]), "https://c/otlp/v1/traces");
        assert_eq!(url(Some("https://c/v1/traces"), &[]), "https://c/v1/traces");
        let whole = [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:1/x")];
        assert_eq!(url(on, &whole), "http://traces:1/x");
    }

    #[test]
    fn the_process_is_described_by_the_usual_variables() {
        let on = Some("http://c");
        let resource = |variables: &[_]| {
            let mut all = read(on, variables).unwrap().unwrap().resource;
            all.sort();
            all.into_iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>()
        };
        let version = format!("service.version={}", env!("CARGO_PKG_VERSION"));
        assert_eq!(resource(&[]), ["service.name=longshore", &version]);
        let named = [
            ("OTEL_SERVICE_NAME", "wine"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=other, deployment.environment=a%20b,"),
        ];
        assert_eq!(resource(&named), ["deployment.environment=a b", "service.name=wine", &version]);
        let headers = [("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Basic%20eA==,x-scope=1")];
        let settings = read(on, &headers).unwrap().unwrap();
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            settings.headers,
            [header("Authorization", "Basic eA=="), header("x-scope", "1")]
        );
        assert!(!format!("{settings:?}").contains("eA=="));
    }

    #[test]
    fn a_wrong_setting_is_named() {
        let on = Some("http://c");
        let fault = |endpoint, variables: &[_]| read(endpoint, variables).unwrap_err().to_string();
        for endpoint in ["collector:4318", "grpc://c:4317", "http://", "no address"] {
            assert!(fault(Some(endpoint), &[]).contains("http://HOST:4318"), "{endpoint}");
        }
        assert!(fault(on, &[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]).contains("4318"));
        for wrong in ["novalue", "a b=c", "a=%zz", "=1"] {
            let told = fault(on, &[("OTEL_EXPORTER_OTLP_HEADERS", wrong)]);
            assert!(told.contains("OTEL_EXPORTER_OTLP_HEADERS"), "{told}");
        }
        assert!(
            fault(on, &[("OTEL_RESOURCE_ATTRIBUTES", "x")]).contains("OTEL_RESOURCE_ATTRIBUTES")
        );
        let none = |_: &str| None;
        assert!(Settings::new(on, 1.5, none).unwrap_err().to_string().contains("--trace-sample"));
        let missing =
            read(on, &[("OTEL_EXPORTER_OTLP_CERTIFICATE", "/no/ca.pem")]).unwrap().unwrap();
        assert!(missing.authorities().unwrap_err().to_string().contains("/no/ca.pem"));
    }
}
