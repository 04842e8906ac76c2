//! What every pod is to have, unless the manifest says otherwise.

use longshore_kserve::Container;
use longshore_platform::Scheme;
use serde_json::{Value, json};

use super::{Refusal, container, context::Context, draft::Draft, own};

/// The port of containers that name none.
const PORT: u16 = 8080;

/// Names that ports for gRPC begin with; Knative's is `h2c`.
const GRPC: [&str; 3] = ["h2c", "grpc", "http2"];

/// How a pod is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ports {
    pub http: u16,
    pub scheme: Scheme,
    pub grpc: Option<u16>,
}

/// Completes a pod, and says how it is asked.
pub(super) fn complete(context: &Context<'_>, draft: &mut Draft) -> Result<Ports, Refusal> {
    let answers = draft.answering()?.name().map(str::to_owned);
    let is_own = draft.is_own && answers.as_deref() == Some(&*draft.server);
    let ports = if is_own { of_own(draft.server()?) } else { of(draft.answering()?) };
    if draft.is_own {
        let port = own::port(draft.server()?).unwrap_or(PORT);
        own::complete(draft, port);
        announce(context, draft, is_own);
    }
    let answering = draft.answering()?;
    container::default_field(
        answering,
        "ports",
        json!([{"containerPort": ports.http, "protocol": "TCP"}]),
    );
    let connects = json!({
        "tcpSocket": {"port": ports.http}, "periodSeconds": 1, "timeoutSeconds": 1, "failureThreshold": 3,
    });
    container::default_field(answering, "readinessProbe", connects);
    let service = context.service.name;
    for it in &mut draft.containers {
        container::default_env(it, "INFERENCE_SERVICE_NAME", service);
        container::default_field(it, "terminationMessagePolicy", "FallbackToLogsOnError");
    }
    let is_ours = |it: &Container| draft.is_own && it.name() == Some(&*draft.server);
    let others: Vec<_> = draft
        .containers
        .iter()
        .filter(|it| !is_ours(it))
        .filter_map(Container::name)
        .map(str::to_owned)
        .collect();
    for it in &mut draft.containers {
        if it.name().is_some_and(|name| others.iter().any(|other| other == name)) {
            // requests still come until the gateways know that the replica goes
            let wait = json!({"preStop": {"sleep": {"seconds": own::DRAIN_DELAY}}});
            container::default_field(it, "lifecycle", wait);
        }
    }
    draft.default_field("automountServiceAccountToken", false);
    draft.default_field("enableServiceLinks", false);
    draft.default_field("terminationGracePeriodSeconds", own::GRACE + 2 * own::DRAIN_DELAY);
    Ok(ports)
}

/// The port of our own server, which speaks every protocol on it.
fn of_own(server: &mut Container) -> Ports {
    let http = own::port(server).unwrap_or(PORT);
    if let Some(grpc) = of(server).grpc.filter(|port| *port != http) {
        // who asks the pod itself finds gRPC where the manifest says
        container::default_env(server, "LONGSHORE_GRPC_PORT", &grpc.to_string());
    }
    Ports { http, scheme: Scheme::Http, grpc: None }
}

/// The ports of a container: those named for gRPC, and the first of the others.
fn of(container: &Container) -> Ports {
    let (mut http, mut grpc) = (None, None);
    for port in container::items(container, "ports") {
        let number = port.get("containerPort").and_then(Value::as_u64);
        let Some(number) = number.and_then(|number| u16::try_from(number).ok()) else { continue };
        let name = port.get("name").and_then(Value::as_str).unwrap_or_default();
        let kind = if GRPC.iter().any(|it| name.starts_with(it)) { &mut grpc } else { &mut http };
        kind.get_or_insert(number);
    }
    match (http, grpc) {
        (None, Some(grpc)) => Ports { http: grpc, scheme: Scheme::H2c, grpc: None },
        (http, grpc) => Ports { http: http.unwrap_or(PORT), scheme: Scheme::Http, grpc },
    }
}

/// Where a replica of ours says to the gateways that it is ready, and as whom.
fn announce(context: &Context<'_>, draft: &mut Draft, answers: bool) {
    let Some(to) = context.settings.announce_to.as_deref().filter(|_| answers) else { return };
    let folder = "/var/run/secrets/longshore/gateway";
    let name = draft.server.clone();
    let Ok(server) = draft.server() else { return };
    container::default_env(server, "LONGSHORE_ANNOUNCE_TO", to);
    let field = |path: &str| json!({"fieldRef": {"fieldPath": path}});
    let fields = [
        (
            "LONGSHORE_REVISION",
            format!("metadata.labels['{}']", longshore_platform::names::REVISION),
        ),
        ("LONGSHORE_POD_IP", "status.podIP".to_owned()),
    ];
    for (variable, path) in fields {
        container::default_variable(server, json!({"name": variable, "valueFrom": field(&path)}));
    }
    container::default_env(server, "LONGSHORE_ANNOUNCE_TOKEN_FILE", &format!("{folder}/token"));
    let mount = json!({"name": "gateway-token", "mountPath": folder, "readOnly": true});
    let all = draft.containers.iter_mut();
    all.filter(|it| it.name() == Some(&*name)).for_each(|it| {
        container::mount(it, mount.clone());
    });
    let token = json!({"serviceAccountToken": {
        "audience": "longshore-gateway", "expirationSeconds": 3600, "path": "token",
    }});
    draft.add_volume("gateway-token", ("projected", json!({"sources": [token]})));
}

#[cfg(test)]
mod tests {
    use longshore_platform::Scheme;
    use serde_json::{Value, json};

    use super::{Ports, of};

    #[test]
    fn ports_are_told_apart_by_their_names() {
        let ports = |ports: Value| of(&serde_json::from_value(json!({"ports": ports})).unwrap());
        let http = |http, grpc| Ports { http, scheme: Scheme::Http, grpc };
        assert_eq!(ports(json!([])), http(8080, None));
        assert_eq!(ports(json!([{"containerPort": 5000}])), http(5000, None));
        let both = json!([{"containerPort": 9000, "name": "h2c"}, {"containerPort": 8080, "name": "http1"}]);
        assert_eq!(ports(both), http(8080, Some(9000)));
        let grpc = Ports { http: 9000, scheme: Scheme::H2c, grpc: None };
        assert_eq!(ports(json!([{"containerPort": 9000, "name": "grpc-port"}])), grpc);
        assert_eq!(
            ports(json!([{"containerPort": 99999}, {"containerPort": "x"}])),
            http(8080, None)
        );
    }
}
