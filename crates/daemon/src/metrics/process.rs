use std::{
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

/// What Linux's `/proc` says of this process; figures it does not give are left out.
#[derive(Debug)]
pub struct Process {
    started: SystemTime,
}

/// `/proc` counts processor time in hundredths of a second on every platform we run on.
const TICKS_PER_SECOND: f64 = 100.0;

impl Process {
    /// Takes now as the start of the process.
    pub fn start() -> Self {
        Self { started: SystemTime::now() }
    }

    /// Seconds since 1970 at the start.
    pub fn started_seconds(&self) -> f64 {
        self.started.duration_since(UNIX_EPOCH).map_or(0.0, |elapsed| elapsed.as_secs_f64())
    }

    /// Resident memory in bytes.
    pub fn resident_bytes() -> Option<u64> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
    }

    /// Number of open file descriptors.
    pub fn open_files() -> Option<usize> {
        Some(fs::read_dir("/proc/self/fd").ok()?.count())
    }

    /// Processor time in seconds, user and system.
    pub fn cpu_seconds() -> Option<f64> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        // the name in brackets may hold spaces: fields are counted from behind it
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let user: f64 = fields.next()?.parse().ok()?;
        let system: f64 = fields.next()?.parse().ok()?;
        Some((user + system) / TICKS_PER_SECOND)
    }
}
