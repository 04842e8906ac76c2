//! A bar that tells how far a download is.

/// Cells of the bar.
const WIDTH: u64 = 20;

/// How far something is.
#[derive(Default)]
pub(super) struct Bar {
    bytes: u64,
    total: u64,
    rate: Option<u64>,
    done: u64,
    parts: u64,
}

impl Bar {
    pub(super) fn record(&mut self, name: &str, value: u64) {
        match name {
            "bytes" => self.bytes = value,
            "total" => self.total = value,
            "bytes_per_second" => self.rate = Some(value),
            "done" => self.done = value,
            "parts" => self.parts = value,
            _ => {}
        }
    }

    pub(super) fn has_rate(&self) -> bool {
        self.rate.is_some()
    }

    /// `[##########----------]  50 %  6.0 of 12.0 MiB  3 of 6 parts  2.0 MiB/s  3 s left`; `what` it is about stands on
    /// the line above already, and only takes the place of the bar where no size is known.
    pub(super) fn line(&self, what: &str) -> String {
        let Self { bytes, total, rate, done, parts } = *self;
        let rate = rate.unwrap_or(0);
        // a size that no server tells is not known before the end
        if total == 0 {
            return format!("{}  {:.1} MiB  {:.1} MiB/s", short(what), mebi(bytes), mebi(rate));
        }
        let full = (bytes.min(total) * WIDTH / total) as usize;
        let bar = "#".repeat(full) + &"-".repeat(WIDTH as usize - full);
        let left = match (total.saturating_sub(bytes), rate) {
            (_, 0) => String::new(),
            (left, rate) => format!("  {} left", time(left.div_ceil(rate))),
        };
        format!(
            "[{bar}] {:>3} %  {:.1} of {:.1} MiB  {done} of {parts} parts  {:.1} MiB/s{left}",
            bytes.min(total) * 100 / total,
            mebi(bytes),
            mebi(total),
            mebi(rate),
        )
    }
}

fn mebi(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// The first 40 characters.
fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

fn time(seconds: u64) -> String {
    match seconds {
        0..100 => format!("{seconds} s"),
        100..6000 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3600)),
    }
}

#[cfg(test)]
mod tests {
    use super::Bar;

    #[test]
    fn a_bar_tells_bytes_parts_rate_and_the_time_left() {
        let bar = Bar { bytes: 6 << 20, total: 12 << 20, rate: Some(2 << 20), done: 3, parts: 6 };
        let line = bar.line("downloading `s3://bucket/wine`");
        assert_eq!(
            line,
            "[##########----------]  50 %  6.0 of 12.0 MiB  3 of 6 parts  2.0 MiB/s  3 s left"
        );
        assert!(line.len() <= 80);
        let bar = Bar { bytes: 6 << 20, rate: Some(2 << 20), ..Bar::default() };
        assert_eq!(bar.line("downloading `a`"), "downloading `a`  6.0 MiB  2.0 MiB/s");
        let over = Bar { bytes: 30, total: 12, rate: Some(0), done: 1, parts: 1 };
        assert!(over.line("").contains("100 %"));
    }
}
