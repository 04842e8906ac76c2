//! Why a pod is not ready, as its status tells it.

use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus, Pod};
use longshore_kserve::status::FailureReason;
use longshore_platform::names;

/// What a container ends with that could not bring its model for now.
const TRY_AGAIN: i32 = names::TRY_AGAIN as i32;

/// Most characters of a container's last words.
const LONGEST: usize = 700;

/// What is wrong with a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The kind of failure.
    pub reason: FailureReason,
    /// What is wrong, and what to do.
    pub message: String,
    /// How the container ended.
    pub exit_code: Option<i32>,
    /// True when it may pass by itself: nobody has failed yet, or what failed is tried again.
    pub is_waiting: bool,
}

impl Trouble {
    fn new(reason: FailureReason, message: String) -> Self {
        Self { reason, message, exit_code: None, is_waiting: false }
    }
}

/// What is wrong with a pod that is not ready; nothing, while it starts as it should.
pub(crate) fn of(pod: &Pod) -> Option<Trouble> {
    let status = pod.status.as_ref()?;
    let initial = status.init_container_statuses.iter().flatten();
    let main = status.container_statuses.iter().flatten();
    let containers = initial.map(|it| (it, true)).chain(main.map(|it| (it, false)));
    let found =
        containers.filter_map(|(container, is_initial)| container_trouble(container, is_initial));
    found.into_iter().next().or_else(|| unscheduled(pod)).or_else(|| evicted(pod))
}

fn container_trouble(container: &ContainerStatus, is_initial: bool) -> Option<Trouble> {
    let name = &container.name;
    let state = container.state.as_ref();
    let ended = state.and_then(|state| state.terminated.as_ref());
    let last = container.last_state.as_ref().and_then(|state| state.terminated.as_ref());
    if let Some(waiting) = state.and_then(|state| state.waiting.as_ref()) {
        let reason = waiting.reason.as_deref().unwrap_or_default();
        let said = waiting.message.as_deref().unwrap_or_default();
        let message = match reason {
            "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" => {
                format!(
                    "the image `{}` of the container `{name}` cannot be pulled: {said}; correct its name, or name a Secret in `imagePullSecrets`",
                    container.image
                )
            }
            "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
                format!("the container `{name}` cannot be started: {said}")
            }
            _ => String::new(),
        };
        if !message.is_empty() {
            return Some(Trouble::new(FailureReason::RuntimeUnhealthy, message));
        }
    }
    let ended = ended.or(last).filter(|ended| ended.exit_code != 0)?;
    Some(end(name, ended, is_initial))
}

/// How a container ended that should not have.
fn end(name: &str, ended: &ContainerStateTerminated, is_initial: bool) -> Trouble {
    let code = ended.exit_code;
    let out_of_memory = ended.reason.as_deref() == Some("OOMKilled");
    let words = last_words(ended.message.as_deref().unwrap_or_default());
    let message = if out_of_memory {
        format!(
            "the container `{name}` needs more memory than its limit and was ended; raise `resources.limits.memory`"
        )
    } else if words.is_empty() {
        format!("the container `{name}` ended with code {code} and said nothing")
    } else if code == TRY_AGAIN {
        format!("the model cannot be fetched for now, and is tried again: {words}")
    } else if is_initial {
        format!("the model cannot be fetched: {words}")
    } else {
        format!("the container `{name}` ended with code {code}: {words}")
    };
    let reason = if out_of_memory && !is_initial {
        FailureReason::RuntimeUnhealthy
    } else {
        FailureReason::ModelLoadFailed
    };
    let is_waiting = code == TRY_AGAIN;
    Trouble { exit_code: Some(code), is_waiting, ..Trouble::new(reason, message) }
}

/// The last lines of what a container wrote, as far as they are short.
fn last_words(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut kept: Vec<&str> = Vec::new();
    let mut length = 0;
    for line in lines.iter().rev() {
        length += line.len();
        if !kept.is_empty() && (length > LONGEST || kept.len() == 3) {
            break;
        }
        kept.push(line);
    }
    kept.reverse();
    let joined = kept.join(" / ");
    match joined.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &joined[..end]),
        None => joined,
    }
}

fn unscheduled(pod: &Pod) -> Option<Trouble> {
    let conditions = pod.status.as_ref()?.conditions.as_deref()?;
    let condition =
        conditions.iter().find(|it| it.type_ == "PodScheduled" && it.status == "False")?;
    let said = condition.message.as_deref().unwrap_or("no node takes it");
    let said = said.trim_end_matches('.');
    let message = format!("the pod waits for a node: {said}; {}", where_it_fits(said));
    Some(Trouble { is_waiting: true, ..Trouble::new(FailureReason::RuntimeUnhealthy, message) })
}

/// What to do where no node takes a pod, by the scheduler's words.
fn where_it_fits(said: &str) -> &'static str {
    let cases = [
        ("persistentvolumeclaim", "make the claim, or correct `pvc://` in `storageUri`"),
        ("unbound", "see why the claim has no volume"),
        ("untolerated taint", "name the taint in `tolerations`, or give the cluster other nodes"),
        ("affinity/selector", "correct `nodeSelector` and `affinity`, or label a node"),
        ("topology spread", "loosen `topologySpreadConstraints`, or give the cluster more nodes"),
    ];
    let found = cases.iter().find(|(words, _)| said.contains(words));
    found.map_or("ask for less in `resources`, or give the cluster more nodes", |(_, what)| what)
}

/// Why pods cannot be made, in the API server's words and with what to do.
pub(crate) fn refused(said: &str) -> String {
    let cases = [
        (
            "violates PodSecurity",
            "set these in the container's `securityContext`, or use a namespace that lets it run without",
        ),
        ("exceeded quota", "ask for less in `resources`, or have the quota raised"),
        ("failed quota", "write what it says in `resources`"),
        ("usage per", "change `resources`, or have the LimitRange changed"),
        ("service account", "make the ServiceAccount, or correct `serviceAccountName`"),
        ("PriorityClass", "make it, or correct `priorityClassName`"),
        ("RuntimeClass", "make it, or correct `runtimeClassName`"),
    ];
    match cases.iter().find(|(words, _)| said.contains(words)) {
        Some((_, what)) => format!("{}; {what}", said.trim_end_matches('.')),
        None => said.to_owned(),
    }
}

/// What a pod that has a node still waits for before its containers are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mounting {
    /// Since when, in seconds since 1970.
    pub since: i64,
    /// The Secrets, ConfigMaps and claims that its volumes name.
    pub named: Vec<String>,
}

/// What a pod waits for that has a node and no sandbox yet.
pub(crate) fn mounting(pod: &Pod) -> Option<Mounting> {
    let status = pod.status.as_ref()?;
    let conditions = status.conditions.as_deref()?;
    let waits =
        conditions.iter().any(|it| it.type_ == "PodReadyToStartContainers" && it.status == "False");
    let since = status.start_time.as_ref().filter(|_| waits)?.0.as_second();
    let volumes = pod.spec.as_ref()?.volumes.iter().flatten();
    let named = volumes.filter_map(|volume| {
        let secret = volume.secret.as_ref().filter(|it| it.optional != Some(true));
        let map = volume.config_map.as_ref().filter(|it| it.optional != Some(true));
        let claim = volume.persistent_volume_claim.as_ref();
        secret
            .and_then(|it| it.secret_name.as_ref().map(|name| format!("the Secret `{name}`")))
            .or_else(|| map.map(|it| format!("the ConfigMap `{}`", it.name)))
            .or_else(|| claim.map(|it| format!("the claim `{}`", it.claim_name)))
    });
    let named: Vec<_> = named.collect();
    (!named.is_empty()).then_some(Mounting { since, named })
}

impl Mounting {
    /// What is told of it after a while: nothing is said of a moment.
    pub(crate) fn told(&self, now: i64) -> Option<Trouble> {
        const PATIENCE: i64 = 15;
        let message = format!(
            "the pod waits for its volumes: see that {} can be mounted; `kubectl describe pod` has the reason",
            self.named.join(" and ")
        );
        (now - self.since >= PATIENCE).then(|| Trouble {
            is_waiting: true,
            ..Trouble::new(FailureReason::RuntimeUnhealthy, message)
        })
    }
}

fn evicted(pod: &Pod) -> Option<Trouble> {
    let status = pod.status.as_ref()?;
    (status.phase.as_deref() == Some("Failed")).then(|| {
        let reason = status.reason.as_deref().unwrap_or("Failed");
        let said = status.message.as_deref().unwrap_or_default();
        Trouble::new(
            FailureReason::RuntimeUnhealthy,
            format!("the pod was ended ({reason}): {said}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use longshore_kserve::status::FailureReason;
    use serde_json::{Value, json};

    use super::{last_words, mounting, of, refused};

    fn trouble(status: &Value) -> Option<super::Trouble> {
        of(&serde_json::from_value(json!({"metadata": {}, "status": status})).unwrap())
    }

    fn container(state: &Value, last: &Value) -> Value {
        json!({
            "name": "kserve-container", "image": "i:1", "imageID": "", "ready": false,
            "restartCount": 0, "state": state, "lastState": last,
        })
    }

    #[test]
    fn each_trouble_is_told_with_what_to_do() {
        use FailureReason::{ModelLoadFailed, RuntimeUnhealthy};
        let waiting = |reason: &str| json!({"waiting": {"reason": reason, "message": "said"}});
        let ended = |reason: &str, message: &str| json!({"terminated": {"exitCode": 3, "reason": reason, "message": message}});
        let main =
            |state: Value, last: Value| json!({"containerStatuses": [container(&state, &last)]});
        let cases = [
            (main(waiting("ImagePullBackOff"), json!({})), RuntimeUnhealthy, "`i:1`", None),
            (
                main(waiting("CreateContainerConfigError"), json!({})),
                RuntimeUnhealthy,
                "cannot be started: said",
                None,
            ),
            (
                main(waiting("CrashLoopBackOff"), ended("Error", "a\nno such key")),
                ModelLoadFailed,
                "a / no such key",
                Some(3),
            ),
            (main(ended("OOMKilled", ""), json!({})), RuntimeUnhealthy, "limits.memory", Some(3)),
            (
                json!({"initContainerStatuses": [container(&ended("Error", "denied"), &json!({}))]}),
                ModelLoadFailed,
                "cannot be fetched: denied",
                Some(3),
            ),
            (
                json!({"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/2 nodes"}]}),
                RuntimeUnhealthy,
                "0/2 nodes",
                None,
            ),
            (
                json!({"phase": "Failed", "reason": "Evicted", "message": "disk"}),
                RuntimeUnhealthy,
                "(Evicted): disk",
                None,
            ),
        ];
        for (status, reason, words, exit_code) in cases {
            let found = trouble(&status).unwrap_or_else(|| panic!("{status}"));
            assert_eq!((found.reason, found.exit_code), (reason, exit_code), "{}", found.message);
            assert!(found.message.contains(words), "{}", found.message);
        }
        assert_eq!(trouble(&main(waiting("ContainerCreating"), json!({}))), None);
        assert_eq!(trouble(&main(json!({"running": {}}), json!({}))), None);
    }

    #[test]
    fn what_no_node_takes_is_told_with_what_to_change() {
        let cases = [
            ("0/2 nodes are available: 2 Insufficient cpu.", "ask for less in `resources`"),
            ("persistentvolumeclaim \"a\" not found.", "make the claim"),
            ("2 node(s) didn't match Pod's node affinity/selector.", "correct `nodeSelector`"),
            ("2 node(s) had untolerated taint {gpu: }.", "name the taint in `tolerations`"),
        ];
        for (said, words) in cases {
            let condition = json!({"type": "PodScheduled", "status": "False", "message": said});
            let found = trouble(&json!({"conditions": [condition]})).unwrap();
            assert!(found.is_waiting && found.message.contains(words), "{}", found.message);
        }
    }

    #[test]
    fn pods_that_cannot_be_made_are_told_with_what_to_change() {
        let cases = [
            ("violates PodSecurity \"restricted:latest\": seccompProfile", "`securityContext`"),
            ("exceeded quota: q, requested: pods=1", "have the quota raised"),
            ("error looking up service account ml/s3", "correct `serviceAccountName`"),
            ("maximum memory usage per Container is 64Mi", "LimitRange"),
        ];
        for (said, words) in cases {
            let told = refused(said);
            assert!(told.starts_with(said) && told.contains(words), "{told}");
        }
        assert_eq!(refused("a webhook says no"), "a webhook says no");
    }

    #[test]
    fn volumes_that_are_not_mounted_are_told_after_a_while() {
        let pod = |is_made: &str| {
            let condition = json!({"type": "PodReadyToStartContainers", "status": is_made});
            let volumes = json!([
                {"name": "a", "secret": {"secretName": "keys"}},
                {"name": "b", "secret": {"secretName": "more", "optional": true}},
                {"name": "c", "emptyDir": {}},
            ]);
            let value = json!({
                "metadata": {}, "spec": {"containers": [], "volumes": volumes},
                "status": {"startTime": "2026-01-01T00:00:00Z", "conditions": [condition]},
            });
            mounting(&serde_json::from_value(value).unwrap())
        };
        assert_eq!(pod("True"), None);
        let mounting = pod("False").unwrap();
        assert_eq!(mounting.named, ["the Secret `keys`"]);
        assert_eq!(mounting.told(mounting.since + 5), None);
        let told = mounting.told(mounting.since + 15).unwrap();
        assert!(
            told.is_waiting && told.message.contains("see that the Secret `keys` can be mounted")
        );
    }

    #[test]
    fn what_is_tried_again_has_not_failed() {
        let ended = |code| {
            let state = json!({"waiting": {"reason": "CrashLoopBackOff"}});
            let last = json!({"terminated": {"exitCode": code, "message": "no route to host"}});
            container(&state, &last)
        };
        for list in ["initContainerStatuses", "containerStatuses"] {
            let found = trouble(&json!({list: [ended(75)]})).unwrap();
            assert!(found.is_waiting, "{found:?}");
            assert!(found.message.ends_with("tried again: no route to host"), "{}", found.message);
            assert!(!trouble(&json!({list: [ended(1)]})).unwrap().is_waiting);
        }
    }

    #[test]
    fn last_words_are_short() {
        assert_eq!(last_words("1\n2\n3\n4\n\n"), "2 / 3 / 4");
        assert!(last_words(&"ä".repeat(2000)).chars().count() <= 701);
    }
}
