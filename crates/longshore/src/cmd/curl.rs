//! Requests as a person writes them in a shell.

/// Widest line that a terminal of 80 columns shows whole.
const WIDEST: usize = 78;

/// A `curl` that posts this JSON, on lines of at most 78 characters where that can be.
pub(crate) fn post(url: &str, headers: &[&str], body: &str, indent: usize) -> String {
    let gap = " ".repeat(indent);
    let headers: Vec<_> = headers.iter().map(|header| format!(" -H {}", quoted(header))).collect();
    let headers = headers.concat();
    let one_line = format!("{gap}curl -s {url}{headers} -d {}", quoted(body));
    if one_line.chars().count() <= WIDEST {
        return one_line;
    }
    let body = quoted(&folded(body, indent + 4, WIDEST.saturating_sub(indent + 8)));
    format!("{gap}curl -s {url}{headers} \\\n{gap}  -d {body}")
}

/// A word of a shell that is taken as it is.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// JSON with lines that end behind a comma, and with `indent` blanks before all but the first; a text in it that is
/// longer than a line stays whole.
fn folded(json: &str, indent: usize, width: usize) -> String {
    let (mut lines, mut line, mut in_text, mut escaped) = (Vec::new(), String::new(), false, false);
    let mut piece = String::new();
    let mut place = |piece: &mut String| {
        if !line.is_empty() && line.chars().count() + piece.chars().count() > width {
            lines.push(line.trim_end().to_owned());
            line.clear();
        }
        line.push_str(if line.is_empty() { piece.trim_start() } else { piece });
        piece.clear();
    };
    for letter in json.chars() {
        piece.push(letter);
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = in_text,
            '"' => in_text = !in_text,
            ',' if !in_text => place(&mut piece),
            _ => {}
        }
    }
    place(&mut piece);
    lines.push(line);
    lines.join(&format!("\n{}", " ".repeat(indent)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_request_is_one_line_and_a_long_one_is_folded_between_values() {
        let short =
            post("http://127.0.0.1:1/v1/models/a:predict", &[], r#"{"instances":[[1]]}"#, 2);
        assert_eq!(
            short,
            r#"  curl -s http://127.0.0.1:1/v1/models/a:predict -d '{"instances":[[1]]}'"#
        );
        let row: Vec<_> = (0..40).map(|at| format!("{at}.5")).collect();
        let body = format!(r#"{{"instances":[[{}]], "name": "it's, so"}}"#, row.join(","));
        let long = post("http://127.0.0.1:1/v1/models/a:predict", &["a: b"], &body, 2);
        assert!(long.lines().count() > 3, "{long}");
        assert!(long.lines().all(|line| line.chars().count() <= 80), "{long}");
        assert!(long.contains("-H 'a: b' \\\n"), "{long}");
        assert!(long.contains(r"it'\''s, so"), "{long}");
        let sent: String = long.split_once("-d '").unwrap().1.replace(r"'\''", "'");
        let sent: serde_json::Value = serde_json::from_str(sent.trim_end_matches('\'')).unwrap();
        assert_eq!(sent, serde_json::from_str::<serde_json::Value>(&body).unwrap());
    }
}
