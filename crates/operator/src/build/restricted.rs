//! What the Pod Security Standard `restricted` asks of containers that run our own image.

use longshore_kserve::Container;
use serde_json::{Value, json};

use super::container;

/// Sets it, unless the manifest says otherwise.
pub(super) fn container(container: &mut Container) {
    container::default_field(container, "securityContext", json!({}));
    let Some(Value::Object(context)) = container.0.get_mut("securityContext") else { return };
    let wanted = [
        ("allowPrivilegeEscalation", json!(false)),
        ("capabilities", json!({"drop": ["ALL"]})),
        ("readOnlyRootFilesystem", json!(true)),
        ("runAsNonRoot", json!(true)),
        ("seccompProfile", json!({"type": "RuntimeDefault"})),
    ];
    for (name, value) in wanted {
        context.entry(name).or_insert(value);
    }
}
