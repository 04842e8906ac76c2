//! MLflow's configuration file, as Python's `configparser` reads it.

use std::collections::HashMap;

use crate::Error;

/// The settings of one section, by their names in lower case; `None` when there is no such section.
///
/// # Errors
/// A refusal that names the line.
pub(super) fn section(text: &str, wanted: &str) -> Result<Option<HashMap<String, String>>, Error> {
    let mut found: Option<HashMap<String, String>> = None;
    let mut inside = false;
    let mut last: Option<String> = None;
    for (number, line) in text.lines().enumerate() {
        let whole = line.trim();
        if whole.is_empty() || whole.starts_with(['#', ';']) {
            continue;
        }
        let wrong = |words: &str| Error::invalid(format!("line {}: {words}", number + 1));
        if let Some(name) = whole.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
            inside = name == wanted;
            last = None;
            if inside {
                found.get_or_insert_default();
            }
            continue;
        }
        let Some(settings) = found.as_mut().filter(|_| inside) else {
            if found.is_none() && last.is_none() && !text.contains('[') {
                return Err(wrong("a setting is in no section"));
            }
            continue;
        };
        // a line that is indented goes on with the value before
        if line.starts_with([' ', '\t'])
            && let Some(value) = last.as_ref().and_then(|name| settings.get_mut(name))
        {
            value.push('\n');
            value.push_str(whole);
            continue;
        }
        let at = whole.find(['=', ':']).ok_or_else(|| wrong("a setting is `NAME = VALUE`"))?;
        let (name, value) = whole.split_at(at);
        let name = name.trim().to_lowercase();
        let value = value.get(1..).unwrap_or_default().trim().replace("%%", "%");
        settings.insert(name.clone(), value);
        last = Some(name);
    }
    Ok(found)
}

/// A setting that is true or false.
///
/// # Errors
/// A refusal that names it.
pub(super) fn flag(name: &str, value: &str) -> Result<bool, Error> {
    match &*value.to_lowercase() {
        "1" | "yes" | "true" | "on" => Ok(true),
        "0" | "no" | "false" | "off" => Ok(false),
        _ => Err(Error::invalid(format!("`{name}` is `{value}`; it is `true` or `false`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::section;

    #[test]
    fn settings_are_read_as_python_does() {
        let text = "# a note\n[other]\na = 1\n[mlflow]\nDatabase_URI: sqlite:///a.db\n; note\nadmin_password = a=b%%c\nempty =\nlong = one\n  two\n";
        let found = section(text, "mlflow").expect("settings").expect("a section");
        let get = |name| found.get(name).map(String::as_str);
        assert_eq!(get("database_uri"), Some("sqlite:///a.db"));
        assert_eq!(get("admin_password"), Some("a=b%c"));
        assert_eq!((get("empty"), get("long"), get("a")), (Some(""), Some("one\ntwo"), None));
        assert!(section("a = 1", "mlflow").is_err() && section("[x]", "mlflow").unwrap().is_none());
        let words = section("[mlflow]\nnonsense", "mlflow").expect_err("refused").to_string();
        assert!(words.contains("line 2"), "{words}");
    }
}
