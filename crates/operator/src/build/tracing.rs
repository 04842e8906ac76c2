//! Where traces go: the variables of OpenTelemetry, as KServe sets them, and our own server's.

use longshore_kserve::{Container, Tracing};

use super::container;

/// Tells a container where its traces go, and which requests are traced.
pub(super) fn tell(container: &mut Container, tracing: &Tracing, is_own: bool) {
    let sampler = tracing.sampler.as_deref();
    let argument = tracing.sampler_arg.as_deref();
    let variables = [
        ("OTEL_TRACES_EXPORTER", tracing.exporter.as_deref()),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", tracing.exporter_endpoint.as_deref()),
        ("OTEL_TRACES_SAMPLER", sampler),
        ("OTEL_TRACES_SAMPLER_ARG", argument),
        ("LONGSHORE_TRACE_SAMPLE", share(sampler, argument).filter(|_| is_own)),
    ];
    for (name, value) in variables {
        if let Some(value) = value {
            container::default_env(container, name, value);
        }
    }
}

/// The share of requests that a sampler of OpenTelemetry takes.
fn share<'a>(sampler: Option<&str>, argument: Option<&'a str>) -> Option<&'a str> {
    let sampler = sampler?.trim_start_matches("parentbased_");
    match sampler {
        "always_on" => Some("1"),
        "always_off" => Some("0"),
        "traceidratio" => argument,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn a_sampler_is_a_share() {
        assert_eq!(share(Some("parentbased_traceidratio"), Some("0.5")), Some("0.5"));
        assert_eq!(share(Some("always_off"), Some("0.5")), Some("0"));
        assert_eq!(share(Some("parentbased_always_on"), None), Some("1"));
        assert_eq!(share(Some("jaeger_remote"), Some("0.5")), None);
        assert_eq!(share(None, Some("0.5")), None);
    }
}
