//! Backups that are made again and again, each in a folder that is named by its time.

use std::{
    fs,
    path::{Path, PathBuf},
};

use jiff::{Timestamp, tz::TimeZone};

use super::{MANIFEST, Place, Summary, backup, failed, unusable};
use crate::Error;

/// How the folders are named, in UTC: names in their order are times in their order.
const NAME: &str = "%Y-%m-%dT%H%M%SZ";

/// Writes a backup into a new folder in `folder`, then deletes the oldest but `keep`, which is one at least. What is
/// not named like a backup of this kind stays; of those that are, one that was never finished goes.
///
/// # Errors
/// Those of [`backup`], and when an old one cannot be deleted. The new one is there then.
pub fn round(place: &Place, folder: &Path, keep: usize) -> Result<(PathBuf, Summary), Error> {
    let name = Timestamp::now().to_zoned(TimeZone::UTC).strftime(NAME).to_string();
    let new = folder.join(name);
    let summary = backup(place, &new)?;
    let (whole, broken) = rounds(folder)?;
    let gone = whole.len().saturating_sub(keep.max(1));
    for path in whole.iter().take(gone).chain(&broken) {
        fs::remove_dir_all(path).map_err(failed(path))?;
    }
    Ok((new, summary))
}

/// The newest backup in a folder of them.
///
/// # Errors
/// When there is none.
pub fn newest(folder: &Path) -> Result<PathBuf, Error> {
    let newest = rounds(folder)?.0.pop();
    newest.ok_or_else(|| unusable(folder, "no backup in it was finished; name another folder"))
}

/// The backups in a folder, the oldest first: those that are whole, and those that were never finished.
fn rounds(folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), Error> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed(folder))? {
        let entry = entry.map_err(failed(folder))?;
        let is_ours = entry.file_name().to_str().is_some_and(is_name);
        if is_ours && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            all.push(entry.path());
        }
    }
    all.sort_unstable();
    Ok(all.into_iter().partition(|it| it.join(MANIFEST).is_file()))
}

/// Whether a folder is named as one of ours.
fn is_name(name: &str) -> bool {
    let shape = |it: char| if it.is_ascii_digit() { '0' } else { it };
    name.chars().map(shape).eq("0000-00-00T000000Z".chars())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{MANIFEST, is_name, newest, round};
    use crate::{
        backup::Place,
        store::{Location, tests::database},
    };

    #[test]
    fn the_newest_stay() {
        assert!(is_name("2026-11-28T111854Z") && !is_name("2026-11-28") && !is_name("lost+found"));
        let folder = tempfile::tempdir().unwrap();
        let store = Location::from(&database::new(folder.path()));
        let place = Place { store, users: None, artifacts: None };
        let kept = folder.path().join("backups");
        for (name, is_whole) in [
            ("2020-01-01T000000Z", true),
            ("2021-01-01T000000Z", true),
            ("2022-01-01T000000Z", false),
            ("mine", true),
        ] {
            fs::create_dir_all(kept.join(name)).unwrap();
            if is_whole {
                fs::write(kept.join(name).join(MANIFEST), "{}").unwrap();
            }
        }
        assert!(newest(folder.path()).is_err());
        assert_eq!(newest(&kept).unwrap(), kept.join("2021-01-01T000000Z"));
        let (new, _) = round(&place, &kept, 2).unwrap();
        assert_eq!(newest(&kept).unwrap(), new);
        let names = fs::read_dir(&kept).unwrap().map(|it| it.unwrap().path());
        let mut names: Vec<_> = names.collect();
        names.sort_unstable();
        assert_eq!(names, [kept.join("2021-01-01T000000Z"), new, kept.join("mine")]);
    }
}
