//! Metrics: one registry a role owns, written in the two forms that Prometheus reads.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, text},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};

mod format;
mod process;

pub use format::Format;
pub use process::Process;

/// A registry that already knows the process's own figures and which build it runs.
pub fn registry() -> Registry {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Process::start()));
    registry
}

/// Writes all metrics.
///
/// # Errors
/// When a collector fails to write.
pub fn render(registry: &Registry, format: Format) -> Result<String, fmt::Error> {
    let mut text = String::with_capacity(4096);
    text::encode(&mut text, registry)?;
    Ok(match format {
        Format::OpenMetrics => text,
        Format::Prometheus => format::to_prometheus(&text),
    })
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let mut build = encoder.encode_descriptor(
            "longshore_build_info",
            "1 for the version of this program",
            None,
            MetricType::Gauge,
        )?;
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        ConstGauge::new(1_i64).encode(build.encode_family(&version)?)?;
        let mut gauge = |name: &str, help: &str, value: f64| {
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value).encode(metric)
        };
        gauge(
            "process_start_time_seconds",
            "When the process started, in seconds since 1970",
            self.started_seconds(),
        )?;
        if let Some(bytes) = Self::resident_bytes() {
            gauge("process_resident_memory_bytes", "Resident memory", bytes as f64)?;
        }
        if let Some(files) = Self::open_files() {
            gauge("process_open_fds", "Open file descriptors", files as f64)?;
        }
        if let Some(seconds) = Self::cpu_seconds() {
            let metric = encoder.encode_descriptor(
                "process_cpu_seconds",
                "Processor time used, user and system",
                None,
                MetricType::Counter,
            )?;
            ConstCounter::new(seconds).encode(metric)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_is_described_and_the_text_ends() {
        let text = render(&registry(), Format::OpenMetrics).unwrap();
        assert!(text.contains("# TYPE process_start_time_seconds gauge\n"), "{text}");
        assert!(text.contains("\nprocess_resident_memory_bytes "), "{text}");
        assert!(text.contains("\nprocess_cpu_seconds_total "), "{text}");
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
