//! A tree of files that an input describes, for the targets that read folders.

use std::{
    env, fs,
    os::unix::fs::symlink,
    path::{Component, Path, PathBuf},
    process,
};

/// Files of a tree.
const MOST: usize = 48;
/// Between two entries, and between an entry's path and its content.
const NEXT: u8 = 0x1e;
const THEN: u8 = 0x1f;

/// Models that load, for entries that name one instead of their content.
const MODELS: [&[u8]; 3] = [
    include_bytes!(
        "../../engine/tests/golden/sklearn-0.24.2/one-hot-object-no-missing-ignore/model.p0.pkl"
    ),
    include_bytes!("../../engine/tests/golden/lightgbm-4.7.0/one-leaf/model.txt"),
    include_bytes!("../../../examples/wine/model/model.skops"),
];

/// A folder that is empty before each input.
pub struct Tree(PathBuf);

impl Tree {
    /// A folder of this process, in memory where there is such a place.
    pub fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_owned() } else { env::temp_dir() };
        Self(base.join(format!("longshore-fuzz-{}", process::id())))
    }

    /// Makes the files of `data`: entries, each its kind (one byte), its path and its content.
    pub fn plant(&self, data: &[u8]) -> &Path {
        let _ = fs::remove_dir_all(&self.0);
        fs::create_dir_all(&self.0).expect("a folder to write to");
        for entry in data.split(|byte| *byte == NEXT).take(MOST) {
            let Some((kind, rest)) = entry.split_first() else { continue };
            let mut parts = rest.splitn(2, |byte| *byte == THEN);
            let path = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
            let path = Path::new(&path);
            let content = parts.next().unwrap_or_default();
            // names that the file system refuses are no entries
            if let Some(place) = inside(path).then(|| self.0.join(path)) {
                let depth = path.components().count();
                let _ = place.parent().map(fs::create_dir_all);
                let _ = match kind {
                    b'd' => fs::create_dir_all(place),
                    b'l' => link(content, depth, &place),
                    b'1'..=b'3' => fs::write(place, MODELS[usize::from(kind - b'1')]),
                    _ => fs::write(place, content),
                };
            }
        }
        &self.0
    }
}

impl Default for Tree {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a path cannot leave the folder that it begins in.
fn inside(path: &Path) -> bool {
    let mut parts = path.components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
}

/// A link to somewhere in the tree, so that circles come about, or to an endless device.
fn link(target: &[u8], depth: usize, place: &Path) -> std::io::Result<()> {
    let target = String::from_utf8_lossy(target).into_owned();
    let up = Path::new(&target).components().filter(|part| *part == Component::ParentDir).count();
    let stays = !target.starts_with('/') && up < depth;
    symlink(if stays { &target } else { "/dev/zero" }, place)
}
