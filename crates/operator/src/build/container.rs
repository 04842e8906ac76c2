//! What is set in containers, unless the manifest sets it.

use std::collections::BTreeSet;

use longshore_kserve::Container;
use serde_json::{Value, json};

/// Sets a field, unless it is set.
pub(super) fn default_field(container: &mut Container, name: &str, value: impl Into<Value>) {
    container.0.entry(name).or_insert_with(|| value.into());
}

/// Sets a variable to a value, unless it is set.
pub(super) fn default_env(container: &mut Container, name: &str, value: &str) {
    default_variable(container, json!({"name": name, "value": value}));
}

/// Adds a variable, unless there is one of its name.
pub(super) fn default_variable(container: &mut Container, variable: Value) {
    let Some(name) = variable.get("name").and_then(Value::as_str) else { return };
    if !container.env().any(|it| it == name) {
        push(container, "env", variable);
    }
}

/// Adds a mount, unless one of its path is there. True when it was added.
pub(super) fn mount(container: &mut Container, mount: Value) -> bool {
    let path =
        mount.get("mountPath").and_then(Value::as_str).map(|path| path.trim_end_matches('/'));
    let is_there = items(container, "volumeMounts").iter().any(|it| {
        let other = it.get("mountPath").and_then(Value::as_str);
        other.map(|path| path.trim_end_matches('/')) == path
    });
    if !is_there {
        push(container, "volumeMounts", mount);
    }
    !is_there
}

/// True when something is mounted in this folder, or below it.
pub(super) fn is_mounted(container: &Container, folder: &str) -> bool {
    let mut paths =
        items(container, "volumeMounts").iter().filter_map(|it| it.get("mountPath")?.as_str());
    paths.any(|path| {
        path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// Lets probes that say no port ask this one, as Knative does.
pub(super) fn complete_probes(container: &mut Container, port: u16) {
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        for action in ["httpGet", "tcpSocket"] {
            let found = container.0.get_mut(probe).and_then(|probe| probe.get_mut(action));
            let Some(Value::Object(fields)) = found else { continue };
            if fields.get("port").is_none_or(|port| *port == 0) {
                fields.insert("port".into(), port.into());
            }
        }
    }
}

/// Writes amounts such as `cpu: 0.5` as the texts that server-side apply wants.
pub(super) fn whole_amounts(container: &mut Container) {
    let Some(resources) = container.0.get_mut("resources") else { return };
    for kind in ["limits", "requests"] {
        let Some(Value::Object(amounts)) = resources.get_mut(kind) else { continue };
        for amount in amounts.values_mut() {
            if amount.is_f64() {
                *amount = amount.to_string().into();
            }
        }
    }
}

/// True when the container is limited to a number of GPUs.
pub(super) fn has_gpu(container: &Container) -> bool {
    /// Extended resources of GPUs begin so.
    const GPU: [&str; 2] = ["nvidia.com/gpu", "nvidia.com/mig-"];
    let limits = container.0.get("resources").and_then(|it| it.get("limits"));
    let mut names = limits.and_then(Value::as_object).into_iter().flat_map(|it| it.keys());
    names.any(|name| GPU.iter().any(|prefix| name.starts_with(prefix)))
}

/// Appends an item to a list.
pub(super) fn push(container: &mut Container, list: &str, item: Value) {
    let list = container.0.entry(list).or_insert_with(|| Value::Array(Vec::new()));
    match list {
        Value::Array(items) => items.push(item),
        other => *other = Value::Array(vec![item]),
    }
}

/// Keeps the last of several items of one key, as the kubelet does: server-side apply refuses them.
pub(super) fn once_each(container: &mut Container) {
    let keys = [
        ("env", ["name", "name"]),
        ("volumeMounts", ["mountPath", "mountPath"]),
        ("ports", ["containerPort", "protocol"]),
    ];
    for (list, key) in keys {
        let Some(Value::Array(items)) = container.0.get_mut(list) else { continue };
        let mut seen = BTreeSet::new();
        items.reverse();
        items.retain(|item| seen.insert(key.map(|field| text(item, field))));
        items.reverse();
    }
}

/// A field as a text; a port's protocol is TCP unless it says so.
fn text(item: &Value, field: &str) -> String {
    match item.get(field) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None if field == "protocol" => "TCP".to_owned(),
        None => String::new(),
    }
}

/// The items of a list.
pub(super) fn items<'c>(container: &'c Container, list: &str) -> &'c [Value] {
    container.0.get(list).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// True when an argument begins as this flag does, as KServe asks before it adds the flag.
pub(super) fn has_flag(container: &Container, flag: &str) -> bool {
    container.args().any(|arg| arg.starts_with(flag))
}

/// The value of the last flag of one of these names, written `--name=value` or `--name value`.
pub(super) fn flag<'c>(container: &'c Container, names: &[&str]) -> Option<&'c str> {
    let args: Vec<_> = container.args().collect();
    let at = |(at, arg): (usize, &&'c str)| {
        let arg: &'c str = arg;
        if names.contains(&arg) {
            return args.get(at + 1).copied();
        }
        let (name, value) = arg.split_once('=')?;
        names.contains(&name).then_some(value)
    };
    args.iter().enumerate().filter_map(at).next_back()
}

#[cfg(test)]
mod tests {
    use longshore_kserve::Container;
    use serde_json::json;

    use super::{complete_probes, flag, once_each, whole_amounts};

    #[test]
    fn probes_and_amounts_are_completed() {
        let container = json!({
            "resources": {"limits": {"cpu": 0.5, "memory": "1Gi"}, "requests": {"cpu": 1}},
            "livenessProbe": {"httpGet": {"path": "/"}},
            "readinessProbe": {"tcpSocket": {"port": 9000}},
            "startupProbe": {"exec": {"command": ["a"]}},
        });
        let mut container: Container = serde_json::from_value(container).unwrap();
        whole_amounts(&mut container);
        complete_probes(&mut container, 8080);
        let expected = json!({
            "resources": {"limits": {"cpu": "0.5", "memory": "1Gi"}, "requests": {"cpu": 1}},
            "livenessProbe": {"httpGet": {"path": "/", "port": 8080}},
            "readinessProbe": {"tcpSocket": {"port": 9000}},
            "startupProbe": {"exec": {"command": ["a"]}},
        });
        assert_eq!(serde_json::to_value(container).unwrap(), expected);
    }

    #[test]
    fn of_several_items_of_a_key_the_last_stays() {
        let container = json!({
            "env": [{"name": "A", "value": "1"}, {"name": "B"}, {"name": "A", "value": "2"}],
            "ports": [
                {"containerPort": 1}, {"containerPort": 1, "protocol": "TCP", "name": "a"},
                {"containerPort": 1, "protocol": "UDP"},
            ],
        });
        let mut container: Container = serde_json::from_value(container).unwrap();
        once_each(&mut container);
        let expected = json!({
            "env": [{"name": "B"}, {"name": "A", "value": "2"}],
            "ports": [
                {"containerPort": 1, "protocol": "TCP", "name": "a"},
                {"containerPort": 1, "protocol": "UDP"},
            ],
        });
        assert_eq!(serde_json::to_value(container).unwrap(), expected);
    }

    #[test]
    fn the_last_flag_of_a_name_counts() {
        let args =
            |args: &[&str]| -> Container { serde_json::from_value(json!({"args": args})).unwrap() };
        let names = ["--port", "--http_port"];
        let last = args(&["--port=1", "--http_port", "2", "--other=3"]);
        assert_eq!(flag(&last, &names), Some("2"));
        assert_eq!(flag(&args(&["--port"]), &names), None);
        assert_eq!(flag(&args(&["--portal=1"]), &names), None);
    }
}
