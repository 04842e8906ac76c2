//! The reason why the program ends, where Kubernetes looks for it.

use std::{env, fs::OpenOptions, io::Write, path::PathBuf};

/// The variable with the path, for pods with a `terminationMessagePath` of their own.
const VARIABLE: &str = "LONGSHORE_TERMINATION_LOG";

/// Where Kubernetes puts a file into every container, unless a pod says otherwise.
const DEFAULT: &str = "/dev/termination-log";

/// Most bytes that Kubernetes keeps of it.
const MOST: usize = 4096;

/// Writes a reason into the file that Kubernetes made for it, from where it comes into the pod's status.
/// Outside of a container there is no such file, and nothing is written.
pub(crate) fn note(reason: &str) {
    let path = env::var_os(VARIABLE).map_or_else(|| PathBuf::from(DEFAULT), PathBuf::from);
    // what is no file is not Kubernetes' doing
    if !path.is_file() {
        return;
    }
    let reason = reason.get(..reason.floor_char_boundary(MOST)).unwrap_or_default();
    // the reason stands on standard error as well
    let _ = OpenOptions::new()
        .write(true)
        .truncate(true)
        .open(path)
        .and_then(|mut file| file.write_all(reason.as_bytes()));
}
