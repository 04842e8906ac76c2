//! Placeholders in runtimes' containers and in hosts: the part of Go's templates that manifests use.

use serde_json::Value;

use crate::{Container, annotations::Annotations};

/// What placeholders stand for.
#[derive(Clone, Copy, Debug)]
pub struct Names<'n> {
    /// `{{.Name}}`.
    pub name: &'n str,
    /// `{{.Namespace}}`.
    pub namespace: &'n str,
    /// `{{.IngressDomain}}`, in hosts only.
    pub domain: Option<&'n str>,
    /// `{{.Labels.x}}` and `{{index .Labels "x"}}`.
    pub labels: &'n Annotations,
    /// `{{.Annotations.x}}` and `{{index .Annotations "x"}}`.
    pub annotations: &'n Annotations,
}

impl Names<'_> {
    /// The text with every placeholder replaced.
    ///
    /// # Errors
    /// The placeholder that means nothing, and those that do.
    pub fn fill(&self, text: &str) -> Result<String, String> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            filled.push_str(before);
            let Some((inner, behind)) = after.split_once("}}") else {
                return Err(format!("the placeholder `{{{{{after}` has no end `}}}}`"));
            };
            let value = self.value(inner.trim().trim_matches('-').trim()).ok_or_else(|| {
                format!(
                    "the placeholder `{{{{{inner}}}}}` means nothing; there are .Name, .Namespace, \
                     .Labels.KEY, .Annotations.KEY and index .Annotations \"KEY\""
                )
            })?;
            filled.push_str(value);
            rest = behind;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// A container with every placeholder in its texts replaced.
    ///
    /// # Errors
    /// As [`Names::fill`].
    pub fn fill_container(&self, container: &Container) -> Result<Container, String> {
        let mut fields = container.0.clone();
        for value in fields.values_mut() {
            self.fill_value(value)?;
        }
        Ok(Container(fields))
    }

    fn fill_value(&self, value: &mut Value) -> Result<(), String> {
        match value {
            Value::String(text) if text.contains("{{") => *text = self.fill(text)?,
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.fill_value(item))?,
            Value::Object(fields) => {
                fields.values_mut().try_for_each(|item| self.fill_value(item))?;
            }
            _ => {}
        }
        Ok(())
    }

    /// A key that is not there is an empty text, as in Go.
    fn value(&self, expression: &str) -> Option<&str> {
        if let Some(arguments) = expression.strip_prefix("index ") {
            let (map, key) = arguments.trim().split_once(char::is_whitespace)?;
            let key = key.trim().strip_prefix('"')?.strip_suffix('"')?;
            let map = self.map(map.strip_prefix('.')?)?;
            return Some(map.get(key).map_or("", String::as_str));
        }
        match expression {
            ".Name" => Some(self.name),
            ".Namespace" => Some(self.namespace),
            ".IngressDomain" => self.domain,
            _ => {
                let (map, key) = expression.strip_prefix('.')?.split_once('.')?;
                let map = self.map(map)?;
                let is_word =
                    !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_');
                is_word.then(|| map.get(key).map_or("", String::as_str))
            }
        }
    }

    fn map(&self, name: &str) -> Option<&Annotations> {
        match name {
            "Labels" => Some(self.labels),
            "Annotations" => Some(self.annotations),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Names;
    use crate::{Container, annotations::Annotations};

    #[test]
    fn placeholders_stand_for_what_the_service_is_called() {
        let labels: Annotations = [("team".to_owned(), "a".to_owned())].into();
        let annotations: Annotations = [("x.dev/y".to_owned(), "b".to_owned())].into();
        let domain = Some("example.com");
        let names = Names {
            name: "iris",
            namespace: "ml",
            domain,
            labels: &labels,
            annotations: &annotations,
        };
        let cases = [
            ("--model_name={{.Name}}", Ok("--model_name=iris")),
            ("{{ .Name }}-{{ .Namespace }}.{{ .IngressDomain }}", Ok("iris-ml.example.com")),
            ("{{.Labels.team}}{{.Labels.none}}", Ok("a")),
            ("{{ index .Annotations \"x.dev/y\" }}", Ok("b")),
            ("plain", Ok("plain")),
            ("{{.Other}}", Err("{{.Other}}")),
            ("{{ if .Name }}", Err("{{ if .Name }}")),
            ("{{.Name", Err("has no end")),
        ];
        for (text, expected) in cases {
            match (names.fill(text), expected) {
                (Ok(filled), Ok(expected)) => assert_eq!(filled, expected),
                (Err(error), Err(words)) => assert!(error.contains(words), "{error}"),
                (filled, _) => panic!("{text}: {filled:?}"),
            }
        }
        let container = json!({"args": ["--model_name={{.Name}}"], "env": [{"name": "A", "value": "{{.Namespace}}"}]});
        let container: Container = serde_json::from_value(container).unwrap();
        let filled = names.fill_container(&container).unwrap();
        assert_eq!(filled.args().collect::<Vec<_>>(), ["--model_name=iris"]);
        assert_eq!(filled.env_value("A"), Some("ml"));
    }
}
