use super::{
    Any,
    any::{quote, unique},
};

/// Attributes in the order that they came in. Each value is JSON text, as MLflow keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attributes(Vec<(String, String)>);

impl Attributes {
    /// From values, each of which becomes JSON text.
    pub(super) fn of(pairs: Vec<(String, Any)>) -> Self {
        Self(unique(pairs).into_iter().map(|(key, value)| (key, value.dump())).collect())
    }

    /// The JSON text of an attribute.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(it, _)| it == key).map(|(_, text)| text.as_str())
    }

    /// The value of an attribute. What is no JSON is a text.
    pub(crate) fn value(&self, key: &str) -> Option<Any> {
        self.get(key).map(Any::parse_or_text)
    }

    /// The text that an attribute is.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        match self.value(key) {
            Some(Any::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The JSON text of an attribute that is more than empty.
    pub(crate) fn full(&self, key: &str) -> Option<&str> {
        self.get(key).filter(|text| Any::parse(text).is_none_or(|value| value.is_true()))
    }

    /// Sets an attribute to JSON text. One that is there keeps its place.
    pub(crate) fn set(&mut self, key: &str, text: String) {
        match self.0.iter_mut().find(|(it, _)| it == key) {
            Some((_, before)) => *before = text,
            None => self.0.push((key.to_owned(), text)),
        }
    }

    /// Sets an attribute that is not there.
    pub(crate) fn set_new(&mut self, key: &str, text: impl FnOnce(&Self) -> Option<String>) {
        if self.get(key).is_none()
            && let Some(text) = text(self)
        {
            self.0.push((key.to_owned(), text));
        }
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, text)| (key.as_str(), text.as_str()))
    }

    /// Takes one layer of JSON text off each value that has two: MLflow's own client writes the JSON text
    /// of a value as a text.
    pub(super) fn unwrap_texts(&mut self) {
        for (_, text) in &mut self.0 {
            if let Some(Any::Text(inner)) = Any::parse(text)
                && let Some(Any::Text(_) | Any::List(_) | Any::Map(_)) = Any::parse(&inner)
            {
                *text = inner;
            }
        }
    }

    /// Appends the JSON object of all.
    pub(super) fn write(&self, out: &mut String) {
        out.push('{');
        for (at, (key, text)) in self.0.iter().enumerate() {
            out.push_str(if at > 0 { ", " } else { "" });
            quote(key, out);
            out.push_str(": ");
            quote(text, out);
        }
        out.push('}');
    }
}

#[cfg(test)]
mod tests {
    use super::Attributes;

    #[test]
    fn a_text_of_json_loses_one_layer() {
        // sanitize_attributes of mlflow 3.17
        let cases = [
            (r#""\"LLM\"""#, r#""LLM""#),
            (r#""{\"a\": 1}""#, r#"{"a": 1}"#),
            (r#""1""#, r#""1""#),
            (r#""plain""#, r#""plain""#),
            ("3", "3"),
        ];
        for (given, wanted) in cases {
            let mut attributes = Attributes::default();
            attributes.set("k", given.to_owned());
            attributes.unwrap_texts();
            assert_eq!(attributes.get("k"), Some(wanted));
        }
    }
}
