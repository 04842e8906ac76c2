//! What every pod is to have, unless the manifest says otherwise.

use longshore_kserve::Container;
use longshore_platform::Scheme;
use serde_json::{Value, json};

use super::{Refusal, container, context::Context, draft::Draft, own};

/// Names that ports for gRPC begin with; Knative's is `h2c`.
const GRPC: [&str; 3] = ["h2c", "grpc", "http2"];

/// How a pod is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ports {
    pub http: u16,
    pub scheme: Scheme,
    pub grpc: Option<u16>,
    /// The path at which it says that it is ready.
    pub ready: Option<&'static str>,
}

/// Completes a pod, and says how it is asked.
pub(super) fn complete(context: &Context<'_>, draft: &mut Draft) -> Result<Ports, Refusal> {
    let answering_name = draft.answering()?.name().map(str::to_owned);
    let server_answers = answering_name.as_deref() == Some(&*draft.server);
    let ports = if draft.is_own && server_answers {
        of_own(draft.server()?)
    } else {
        of(draft.answering()?)
    };
    if draft.is_own {
        let port = own::port(draft.server()?).unwrap_or(own::PORT);
        own::complete(draft, port);
        announce(context, draft, server_answers);
    } else if let Some(port) = own::port(draft.server()?) {
        // beside a transformer, its flags alone say its port
        container::default_field(draft.server()?, "readinessProbe", connects(port));
    }
    let answering = draft.answering()?;
    let port = json!([{"containerPort": ports.http, "protocol": "TCP"}]);
    container::default_field(answering, "ports", port);
    container::default_field(answering, "readinessProbe", connects(ports.http));
    let own = draft.is_own.then(|| draft.server.clone());
    for it in draft.containers.iter_mut().chain(&mut draft.init_containers) {
        container::whole_amounts(it);
    }
    for it in &mut draft.containers {
        let port = if it.name() == answering_name.as_deref() { ports.http } else { of(it).http };
        container::complete_probes(it, port);
        container::default_env(it, "INFERENCE_SERVICE_NAME", context.service.name);
        container::default_field(it, "terminationMessagePolicy", "FallbackToLogsOnError");
        if it.name() != own.as_deref() {
            // requests still come until the gateways know that the replica goes
            let wait = json!({"preStop": {"sleep": {"seconds": own::DRAIN_DELAY}}});
            container::default_field(it, "lifecycle", wait);
        }
    }
    draft.complete();
    Ok(ports)
}

/// A server that says nothing of its readiness is ready when its port is open.
fn connects(port: u16) -> Value {
    json!({
        "tcpSocket": {"port": port}, "periodSeconds": 1, "timeoutSeconds": 1, "failureThreshold": 3,
    })
}

/// The port of our own server, which speaks every protocol on it.
fn of_own(server: &mut Container) -> Ports {
    let http = own::port(server).unwrap_or(own::PORT);
    if let Some(grpc) = of(server).grpc.filter(|port| *port != http) {
        // who asks the pod itself finds gRPC where the manifest says
        container::default_env(server, "LONGSHORE_GRPC_PORT", &grpc.to_string());
    }
    Ports { http, scheme: Scheme::Http, grpc: None, ready: Some(own::READY) }
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
        (None, Some(grpc)) => Ports { http: grpc, scheme: Scheme::H2c, grpc: None, ready: None },
        (http, grpc) => {
            Ports { http: http.unwrap_or(own::PORT), scheme: Scheme::Http, grpc, ready: None }
        }
    }
}

/// Where a replica of ours says to the gateways that it is ready, and as whom.
fn announce(context: &Context<'_>, draft: &mut Draft, answers: bool) {
    let Some(to) = context.settings.announce_to.as_deref().filter(|_| answers) else { return };
    let folder = "/var/run/secrets/longshore.dev/gateway";
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
        let http = |http, grpc| Ports { http, scheme: Scheme::Http, grpc, ready: None };
        assert_eq!(ports(json!([])), http(8080, None));
        assert_eq!(ports(json!([{"containerPort": 5000}])), http(5000, None));
        let both = json!([{"containerPort": 9000, "name": "h2c"}, {"containerPort": 8080, "name": "http1"}]);
        assert_eq!(ports(both), http(8080, Some(9000)));
        let grpc = Ports { http: 9000, scheme: Scheme::H2c, grpc: None, ready: None };
        assert_eq!(ports(json!([{"containerPort": 9000, "name": "grpc-port"}])), grpc);
        assert_eq!(
            ports(json!([{"containerPort": 99999}, {"containerPort": "x"}])),
            http(8080, None)
        );
    }
}
