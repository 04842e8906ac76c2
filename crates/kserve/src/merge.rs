//! What a service says laid over what its runtime says, as Kubernetes' strategic merge patch has it.

use serde_json::{Map, Value};

use crate::{Container, Pod};

/// The containers of a pod: the runtime's with the service's own laid over the one named `target`,
/// and the pod's other fields.
///
/// # Errors
/// When the runtime has no container `target`.
pub fn pods(runtime: &Pod, container: &Container, pod: &Pod, target: &str) -> Result<Pod, String> {
    let mut merged = Value::Object(runtime.0.clone());
    let mut over = pod.0.clone();
    let extra = over.remove("containers");
    apply(&mut merged, Value::Object(over));
    let Value::Object(mut fields) = merged else { return Ok(Pod::default()) };
    let containers = fields.entry("containers").or_insert_with(|| Value::Array(Vec::new()));
    let found = containers.as_array_mut().and_then(|containers| {
        containers.iter_mut().find(|it| it.get("name").is_some_and(|name| name == target))
    });
    let Some(found) = found else {
        return Err(format!("the runtime has no container `{target}`"));
    };
    *found = Value::Object(self::container(&Container(as_fields(found)), container).0);
    if let Some(extra) = extra {
        merge_list(containers, extra, "name");
    }
    Ok(Pod(fields))
}

/// A runtime's container with the service's own laid over it. Arguments follow one another.
pub fn container(runtime: &Container, over: &Container) -> Container {
    let mut over = over.0.clone();
    over.retain(|key, value| key != "name" || value != "");
    let args = [runtime.0.get("args"), over.get("args")];
    let args: Vec<Value> =
        args.into_iter().flatten().filter_map(Value::as_array).flatten().cloned().collect();
    over.remove("args");
    let mut merged = Value::Object(runtime.0.clone());
    apply(&mut merged, Value::Object(over));
    let mut fields = as_fields(&merged);
    if !args.is_empty() {
        fields.insert("args".into(), Value::Array(args));
    }
    Container(fields)
}

/// Fields laid over others: objects are merged, lists as those of a pod, and `null` takes a field away.
pub fn fields(base: &mut Value, over: Value) {
    apply(base, over);
}

fn as_fields(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// The field that tells the items of a list apart; other lists are replaced whole.
fn key_of(list: &str) -> Option<&'static str> {
    Some(match list {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "env"
        | "volumes"
        | "imagePullSecrets"
        | "resourceClaims" => "name",
        "volumeMounts" => "mountPath",
        "volumeDevices" => "devicePath",
        "ports" => "containerPort",
        "topologySpreadConstraints" => "topologyKey",
        "hostAliases" => "ip",
        _ => return None,
    })
}

fn apply(base: &mut Value, over: Value) {
    let (Value::Object(fields), Value::Object(over)) = (&mut *base, over) else { return };
    for (name, value) in over {
        match (fields.get_mut(&name), value) {
            (_, Value::Null) => {
                fields.remove(&name);
            }
            (Some(old @ Value::Object(_)), value @ Value::Object(_)) => apply(old, value),
            (Some(old @ Value::Array(_)), value @ Value::Array(_)) => match key_of(&name) {
                Some(key) => merge_list(old, value, key),
                None => *old = value,
            },
            (_, value) => {
                fields.insert(name, value);
            }
        }
    }
}

/// Items of the same key are merged where they stand; others follow.
fn merge_list(base: &mut Value, over: Value, key: &str) {
    let (Value::Array(items), Value::Array(over)) = (&mut *base, over) else { return };
    for item in over {
        let same = |old: &&mut Value| item.get(key).is_some() && old.get(key) == item.get(key);
        match items.iter_mut().find(same) {
            Some(old) => apply(old, item),
            None => items.push(item),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{container, pods};

    #[test]
    fn containers_are_merged_and_arguments_follow_one_another() {
        let runtime = json!({
            "name": "kserve-container", "image": "server:1", "args": ["--dir=/mnt/models"],
            "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}],
            "resources": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "1"}},
            "ports": [{"containerPort": 8080, "protocol": "TCP"}],
            "readinessProbe": {"httpGet": {"path": "/", "port": 8080}},
        });
        let over = json!({
            "name": "", "args": ["--verbose"], "env": [{"name": "B", "value": "2"}, {"name": "C", "value": "3"}],
            "resources": {"limits": {"cpu": "2"}}, "ports": [{"containerPort": 9000, "name": "h2c"}],
            "readinessProbe": null, "command": ["run"],
        });
        let expected = json!({
            "name": "kserve-container", "image": "server:1", "args": ["--dir=/mnt/models", "--verbose"],
            "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "C", "value": "3"}],
            "resources": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "2"}},
            "ports": [{"containerPort": 8080, "protocol": "TCP"}, {"containerPort": 9000, "name": "h2c"}],
            "command": ["run"],
        });
        let read = |value: Value| serde_json::from_value(value).unwrap();
        let merged = container(&read(runtime), &read(over));
        assert_eq!(serde_json::to_value(merged).unwrap(), expected);
    }

    #[test]
    fn pods_are_merged_around_the_container() {
        let read = |value: Value| serde_json::from_value(value).unwrap();
        let runtime = json!({
            "containers": [{"name": "kserve-container", "image": "a"}, {"name": "side", "image": "b"}],
            "nodeSelector": {"disk": "ssd"}, "tolerations": [{"key": "a"}],
        });
        let pod = json!({
            "serviceAccountName": "s3", "nodeSelector": {"zone": "a"}, "tolerations": [{"key": "b"}],
            "containers": [{"name": "transformer-container", "image": "c"}],
        });
        let over = serde_json::from_value(json!({"image": "d"})).unwrap();
        let merged = pods(&read(runtime), &over, &read(pod), "kserve-container").unwrap();
        let expected = json!({
            "containers": [
                {"name": "kserve-container", "image": "d"}, {"name": "side", "image": "b"},
                {"name": "transformer-container", "image": "c"},
            ],
            "nodeSelector": {"disk": "ssd", "zone": "a"}, "tolerations": [{"key": "b"}],
            "serviceAccountName": "s3",
        });
        assert_eq!(serde_json::to_value(merged).unwrap(), expected);
        let other =
            pods(&read(json!({"containers": []})), &over, &read(json!({})), "kserve-container");
        assert_eq!(other.unwrap_err(), "the runtime has no container `kserve-container`");
    }
}
