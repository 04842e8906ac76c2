//! What the process may use of the machine: the limits of its Linux control groups.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Limits above this are no limits: version 1 writes "none" as the largest multiple of a page.
const NONE: u64 = 1 << 60;

/// The least memory limit of the process's control group and those around it, in bytes; `None` where
/// there is no limit, or no control group.
///
/// The count of processors needs no such function: [`std::thread::available_parallelism`] heeds the
/// quotas of both versions.
pub fn memory_limit() -> Option<u64> {
    limit(Path::new("/"))
}

/// The same on a machine whose files are under `root`.
fn limit(root: &Path) -> Option<u64> {
    let read = |path| fs::read_to_string(root.join(path)).unwrap_or_default();
    let groups = read("proc/self/cgroup");
    let mounts = read("proc/self/mountinfo");
    mounts.lines().filter_map(|line| Mount::parse(line)?.limit(&groups, root)).min()
}

/// A mounted hierarchy that can limit memory (proc(5), `/proc/pid/mountinfo`).
struct Mount {
    /// The group that is seen at `at`.
    root: String,
    at: String,
    second_version: bool,
}

impl Mount {
    fn parse(line: &str) -> Option<Self> {
        let (mount, system) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(3).map(unescape);
        let (root, at) = (mount.next()?, mount.next()?);
        let mut system = system.split(' ');
        let (kind, options) = (system.next()?, system.nth(1).unwrap_or_default());
        let second_version = match kind {
            "cgroup2" => true,
            "cgroup" if options.split(',').any(|option| option == "memory") => false,
            _ => return None,
        };
        Some(Self { root, at, second_version })
    }

    /// The least limit from the process's group up to the top that can be seen.
    fn limit(&self, groups: &str, root: &Path) -> Option<u64> {
        let file = if self.second_version { "memory.max" } else { "memory.limit_in_bytes" };
        let top = root.join(self.at.trim_start_matches('/'));
        // in a container the group may lie outside of what is mounted
        let group = groups.lines().find_map(|line| self.group(line)).unwrap_or("/");
        let inside = Path::new(group).strip_prefix(&self.root).unwrap_or(Path::new(""));
        let inside = inside.strip_prefix("/").unwrap_or(inside);
        let levels = inside.ancestors().map(|level| -> PathBuf { top.join(level).join(file) });
        let values = levels.filter_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok());
        values.filter(|limit: &u64| *limit < NONE).min()
    }

    /// The group that a line of `/proc/self/cgroup` names, when it is of this hierarchy.
    fn group<'g>(&self, line: &'g str) -> Option<&'g str> {
        let mut parts = line.splitn(3, ':');
        let (id, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let here = if self.second_version {
            id == "0" && controllers.is_empty()
        } else {
            controllers.split(',').any(|controller| controller == "memory")
        };
        here.then_some(path)
    }
}

/// Undoes the octal escapes of mountinfo.
fn unescape(field: &str) -> String {
    field.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(groups: &str, mounts: &str, files: &[(&str, &str)]) -> Option<u64> {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("proc/self/cgroup", groups);
        write("proc/self/mountinfo", mounts);
        for (path, text) in files {
            write(path, text);
        }
        limit(root.path())
    }

    const SECOND: &str = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n";

    #[test]
    fn the_least_limit_of_all_levels_holds() {
        let groups = "0::/kubepods/pod1/box\n";
        let files = [
            ("sys/fs/cgroup/kubepods/memory.max", "8589934592\n"),
            ("sys/fs/cgroup/kubepods/pod1/memory.max", "134217728\n"),
            ("sys/fs/cgroup/kubepods/pod1/box/memory.max", "max\n"),
        ];
        assert_eq!(machine(groups, SECOND, &files), Some(128 << 20));
        assert_eq!(machine(groups, SECOND, &files[2..]), None);
        // a container with a namespace of its own sees itself at the top
        let own = [("sys/fs/cgroup/memory.max", "67108864\n")];
        assert_eq!(machine("0::/\n", SECOND, &own), Some(64 << 20));
    }

    #[test]
    fn the_first_version_is_read_too() {
        let mounts = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n\
            35 31 0:32 /kubepods/pod1/box /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";
        let groups = "4:memory:/kubepods/pod1/box\n1:cpu,cpuacct:/kubepods/pod1/box\n0::/\n";
        let file = "sys/fs/cgroup/memory/memory.limit_in_bytes";
        assert_eq!(machine(groups, mounts, &[(file, "134217728\n")]), Some(128 << 20));
        assert_eq!(machine(groups, mounts, &[(file, "9223372036854771712\n")]), None);
        // the group of a process that was moved out of what is mounted
        let elsewhere = "4:memory:/other\n";
        assert_eq!(machine(elsewhere, mounts, &[(file, "1048576\n")]), Some(1 << 20));
    }

    #[test]
    fn a_machine_without_control_groups_has_no_limit() {
        assert_eq!(machine("", "", &[]), None);
        assert_eq!(machine("garbage", "a b - cgroup2\n- - -\n", &[]), None);
    }
}
