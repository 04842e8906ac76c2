//! Formats that are text.

use super::described::{Described, Holds};

/// Bytes of a text that are looked at.
const HEAD: usize = 4096;

/// Tells what a text is; `None` for bytes that are none.
pub(super) fn describe(bytes: &[u8], libraries: &str) -> Option<Described> {
    let text = head(bytes)?;
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let lower = start.to_ascii_lowercase();
    let of = |what: &str, holds: Holds| Some(Described::new(what, holds.next(libraries)));
    if start.is_empty() {
        return of("blank", Holds::Nothing);
    }
    if start.starts_with("version https://git-lfs.github.com/spec/") {
        return Some(Described::new(
            "a Git LFS pointer, which stands for the file",
            "fetch the file itself with `git lfs pull`",
        ));
    }
    if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
        return Some(Described::new(
            "an HTML page, such as a login or error page in place of a download",
            "download the file again: from the address of the file itself, with credentials if it \
             needs them",
        ));
    }
    if start.starts_with('<') {
        return Some(markup(start, libraries));
    }
    if start.starts_with(['{', '[']) {
        return Some(json(start, libraries));
    }
    if start.starts_with("booster[") {
        return Some(Described::new(
            "a dump of XGBoost, which leaves out what predictions need",
            "save the model with `booster.save_model(\"model.ubj\")`",
        ));
    }
    if start.starts_with("gASV") {
        return Some(Described::new("a pickle in base64", "decode it first"));
    }
    if text.lines().any(|line| line.starts_with("flavors:")) {
        return Some(Described::new("an `MLmodel` file", "name the folder that it is in"));
    }
    if is_table(text) {
        return of("a table in CSV", Holds::Data);
    }
    let line: String = start.lines().next().unwrap_or_default().chars().take(60).collect();
    of(&format!("text (it begins `{}`)", line.escape_debug()), Holds::Nothing)
}

/// The beginning as text, up to what is no text.
fn head(bytes: &[u8]) -> Option<&str> {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let text = match str::from_utf8(head) {
        Ok(text) => text,
        // the cut may be inside a character
        Err(error) if error.valid_up_to() + 4 > HEAD => {
            str::from_utf8(head.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    let is_text = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t' | '\x0c');
    text.chars().all(is_text).then_some(text)
}

fn markup(text: &str, libraries: &str) -> Described {
    if text.contains("<PMML") {
        return Described::new("a PMML model", Holds::Converted.next(libraries));
    }
    if text.contains("<Error>") {
        return Described::new(
            "an error of a storage, written in XML in place of a download",
            "download the file again, with credentials if it needs them",
        );
    }
    Described::new("XML", Holds::Nothing.next(libraries))
}

fn json(text: &str, libraries: &str) -> Described {
    let (what, next) = if text.contains("\"tree_info\"") || text.contains("\"pandas_categorical\"")
    {
        (
            "a dump of LightGBM in JSON",
            "save the model with `booster.save_model(\"model.txt\")`".into(),
        )
    } else if text.contains("\"nodeid\"") {
        (
            "a dump of XGBoost in JSON",
            "save the model with `booster.save_model(\"model.ubj\")`".into(),
        )
    } else if text.contains("\"nbformat\"") || text.contains("\"cell_type\"") {
        ("a notebook", Holds::Nothing.next(libraries))
    } else {
        ("JSON that holds no model of XGBoost or CatBoost", Holds::Nothing.next(libraries))
    };
    Described::new(what, next)
}

/// Lines that all have the same separators.
fn is_table(text: &str) -> bool {
    let mut lines: Vec<_> = text.lines().take(6).collect();
    if text.len() >= HEAD - 4 && lines.len() < 6 {
        // the last one is cut
        lines.pop();
    }
    [',', ';', '\t'].iter().any(|&separator| {
        let count = |line: &&str| line.matches(separator).count();
        match &lines[..] {
            [first, rest @ ..] => {
                count(first) > 0
                    && !rest.is_empty()
                    && rest.iter().all(|line| count(line) == count(first))
            }
            [] => false,
        }
    })
}
