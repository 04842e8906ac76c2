//! What differs between two pod templates, in lines for people.

use std::collections::BTreeSet;

use serde_json::Value;

/// The flags of our own server that name a model.
const MODEL_FLAGS: [&str; 2] = ["--model_dir=", "--model-dir="];

/// What changed from one pod template to another, a line each; empty when nothing did. A variable that
/// looks like a secret is told by its name alone.
pub(super) fn between(old: &Value, new: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    compare("", old, new, &mut lines);
    lines
}

fn compare(path: &str, old: &Value, new: &Value, lines: &mut Vec<String>) {
    if old == new || path.ends_with("longshore.dev/revision") {
        return;
    }
    match (old, new) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<_> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let path = join(path, key);
                let of = |map: &serde_json::Map<String, Value>| map.get(key).cloned();
                compare(&path, &of(a).unwrap_or_default(), &of(b).unwrap_or_default(), lines);
            }
        }
        _ if is_named(old) && is_named(new) => {
            let names: BTreeSet<_> = items(old).chain(items(new)).filter_map(name).collect();
            for name in names {
                let of = |list| items(list).find(|item| self::name(item) == Some(name));
                named(path, name, of(old), of(new), lines);
            }
        }
        _ if path.ends_with("args") || path.ends_with("command") => words(path, old, new, lines),
        _ => lines.push(format!("{path}: {} → {}", shown(old), shown(new))),
    }
}

/// One item of a list that is told apart by names.
fn named(
    path: &str,
    name: &str,
    old: Option<&Value>,
    new: Option<&Value>,
    lines: &mut Vec<String>,
) {
    let own = match path.rsplit('.').next() {
        Some("containers" | "initContainers") => name.to_owned(),
        _ => format!("{path} {name}"),
    };
    if path.ends_with("env") {
        let value = |variable: Option<&Value>| variable.map(|it| variable_value(name, it));
        match (value(old), value(new)) {
            (Some(old), Some(new)) if old != new => lines.push(format!("{own}: {old} → {new}")),
            (Some(_), Some(_)) if old != new => lines.push(format!("{own}: changed")),
            (None, Some(new)) => lines.push(format!("{own}: added, {new}")),
            (Some(_), None) => lines.push(format!("{own}: removed")),
            _ => {}
        }
        return;
    }
    match (old, new) {
        (Some(old), Some(new)) => compare(&own, old, new, lines),
        (None, Some(_)) => lines.push(format!("{own}: added")),
        (Some(_), None) => lines.push(format!("{own}: removed")),
        (None, None) => {}
    }
}

/// What is shown of a variable.
fn variable_value(name: &str, variable: &Value) -> String {
    let secret = ["KEY", "SECRET", "TOKEN", "PASSWORD", "CREDENTIAL"];
    let is_secret = secret.iter().any(|word| name.to_ascii_uppercase().contains(word));
    match variable.get("valueFrom").and_then(Value::as_object).and_then(|from| from.iter().next()) {
        Some((kind, from)) => {
            let of = |field: &str| from.get(field).and_then(Value::as_str).unwrap_or("?");
            match kind.as_str() {
                "secretKeyRef" => format!("key `{}` of the Secret `{}`", of("key"), of("name")),
                "configMapKeyRef" => {
                    format!("key `{}` of the ConfigMap `{}`", of("key"), of("name"))
                }
                _ => kind.clone(),
            }
        }
        None if is_secret => "(not shown)".into(),
        None => shown(variable.get("value").unwrap_or(&Value::Null)),
    }
}

/// Arguments that came and went; a model's location is told as what it is.
fn words(path: &str, old: &Value, new: &Value, lines: &mut Vec<String>) {
    let texts = |list: &Value| -> Vec<String> {
        items(list).filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (old, new) = (texts(old), texts(new));
    let model = |args: &[String]| {
        let is_model = |arg: &String| {
            MODEL_FLAGS.iter().find_map(|flag| arg.strip_prefix(flag)).map(str::to_owned)
        };
        args.iter().find_map(is_model)
    };
    let is_flag = |arg: &str| MODEL_FLAGS.iter().any(|flag| arg.starts_with(flag));
    if let (Some(a), Some(b)) = (model(&old), model(&new))
        && a != b
    {
        lines.push(format!("model: {a} → {b}"));
    }
    let told = |from: &[String], to: &[String], sign: &str, lines: &mut Vec<String>| {
        let gone = from.iter().filter(|arg| !to.contains(arg) && !is_flag(arg));
        lines.extend(gone.map(|arg| format!("{path}: {sign}{arg}")));
    };
    let count = lines.len();
    told(&old, &new, "-", lines);
    told(&new, &old, "+", lines);
    if lines.len() == count && model(&old) == model(&new) {
        lines.push(format!("{path}: {} → {}", old.join(" "), new.join(" ")));
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn name(item: &Value) -> Option<&str> {
    item.get("name")?.as_str()
}

/// True for a list whose items have names, and for what is absent or empty.
fn is_named(list: &Value) -> bool {
    match list {
        Value::Null => true,
        Value::Array(items) => items.iter().all(|item| name(item).is_some()),
        _ => false,
    }
}

fn join(path: &str, key: &str) -> String {
    match path {
        // every pod has a `spec`: it says nothing
        "" if key == "spec" => String::new(),
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".into(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::between;

    fn pod(args: &[&str], env: &Value, image: &str) -> Value {
        json!({"metadata": {"labels": {"app": "isvc.iris", "longshore.dev/revision": image}},
            "spec": {"containers": [{"name": "kserve-container", "image": image, "args": args,
                "env": env}]}})
    }

    #[test]
    fn what_changed_is_told_by_its_name() {
        let old = pod(&["serve", "--model_dir=s3://m/1", "--port=8080"], &json!([]), "a:1");
        let new = pod(&["serve", "--model_dir=s3://m/2", "--threads=2"], &json!([]), "a:2");
        assert_eq!(
            between(&old, &new),
            [
                "model: s3://m/1 → s3://m/2",
                "kserve-container.args: --port=8080".replace("args: ", "args: -").as_str(),
                "kserve-container.args: +--threads=2",
                "kserve-container.image: a:1 → a:2",
            ]
        );
        assert_eq!(between(&old, &old), Vec::<String>::new());
    }

    #[test]
    fn secrets_are_told_by_name_alone() {
        let of = |env: Value| pod(&[], &env, "a");
        let key = |name: &str| json!({"valueFrom": {"secretKeyRef": {"name": name, "key": "k"}}});
        let mut from_old = key("old");
        from_old["name"] = json!("AWS_ACCESS_KEY_ID");
        let mut from_new = key("new");
        from_new["name"] = json!("AWS_ACCESS_KEY_ID");
        let old = of(
            json!([{"name": "MY_TOKEN", "value": "abc"}, {"name": "LOG", "value": "info"}, from_old]),
        );
        let new = of(
            json!([{"name": "MY_TOKEN", "value": "xyz"}, {"name": "LOG", "value": "debug"}, from_new,
            {"name": "MORE", "value": "1"}]),
        );
        assert_eq!(
            between(&old, &new),
            [
                "kserve-container.env AWS_ACCESS_KEY_ID: key `k` of the Secret `old` → key `k` of the Secret `new`",
                "kserve-container.env LOG: info → debug",
                "kserve-container.env MORE: added, 1",
                "kserve-container.env MY_TOKEN: changed",
            ]
        );
    }

    #[test]
    fn anything_else_is_told_by_its_path() {
        let mut old = pod(&["a", "b"], &json!([]), "a");
        let mut new = pod(&["b", "a"], &json!([]), "a");
        old["spec"]["nodeSelector"] = json!({"disk": "ssd"});
        new["spec"]["volumes"] = json!([{"name": "tmp", "emptyDir": {}}]);
        assert_eq!(
            between(&old, &new),
            [
                "kserve-container.args: a b → b a",
                "nodeSelector: {\"disk\":\"ssd\"} → none",
                "volumes tmp: added",
            ]
        );
    }
}
