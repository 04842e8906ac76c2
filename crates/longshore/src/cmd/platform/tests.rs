use std::path::PathBuf;

use serde_json::{Value, json};

use super::{
    apply,
    fake::{Answer, Asked, cluster, iris, list, no_object, refusal},
    get,
    promote::{self, Verdict},
};
use crate::cli::{ApplyArgs, ClusterArgs, GetArgs, PromoteArgs};

const SERVICES: &str = "/apis/serving.kserve.io/v1beta1/namespaces/ml/inferenceservices";

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

fn cluster_args() -> ClusterArgs {
    ClusterArgs { kubeconfig: None, context: None, namespace: None }
}

fn at(method: &str, rest: &str) -> &'static str {
    format!("{method} {SERVICES}{rest}").leak()
}

/// What `longshore get` prints, or its error.
fn listed(what: &[&str], answers: Vec<Answer>) -> Result<String, String> {
    let what = what.iter().map(|word| (*word).to_owned()).collect();
    let args = GetArgs { what, all_namespaces: false, output: None, cluster: cluster_args() };
    let got = block_on(async { get::run(&cluster(answers).0, &args).await });
    got.map_err(|error| format!("{error:#}"))
}

#[test]
fn services_are_listed_although_deployments_may_not_be_seen() {
    let deployment = json!({"metadata": {"name": "d", "namespace": "ml", "labels": {
        "serving.kserve.io/inferenceservice": "iris", "longshore.dev/revision": "iris-predictor-00002-bbbbb"}},
        "spec": {"replicas": 3, "selector": {}, "template": {}}, "status": {"readyReplicas": 2}});
    let deployments = "GET /apis/apps/v1/namespaces/ml/deployments";
    let services = (at("GET", "?"), 200, list(&[iris()]));
    let text =
        listed(&[], vec![services.clone(), (deployments, 200, list(&[deployment]))]).unwrap();
    assert!(
        text.contains("iris  yes    http://iris.ml.example.com  #2 10% · #1 90%  2/3"),
        "{text}"
    );
    let forbidden = refusal(403, "Forbidden", "may not");
    let text = listed(&[], vec![services, (deployments, 403, forbidden)]).unwrap();
    assert!(text.contains("#1 90%  -         ?"), "{text}");
}

#[test]
fn a_list_comes_page_by_page() {
    let mut first = list(&[iris()]);
    first["metadata"]["continue"] = json!("next");
    let mut other = iris();
    other["metadata"]["name"] = json!("wine");
    let answers = vec![
        (at("GET", "?&limit=500&continue=next"), 200, list(&[other])),
        (at("GET", "?"), 200, first),
    ];
    let text = listed(&[], answers).unwrap();
    assert!(text.contains("\niris ") && text.contains("\nwine "), "{text}");
}

#[test]
fn what_the_cluster_refuses_is_told_with_a_way_out() {
    let unknown = (at("GET", "/irs"), 404, no_object("irs"));
    let services = (at("GET", "?"), 200, list(&[iris()]));
    let told = listed(&["irs"], vec![unknown, services]).unwrap_err();
    assert!(told.ends_with("did you mean `iris`?"), "{told}");
    let told = listed(&[], Vec::new()).unwrap_err();
    assert!(told.contains("install the chart `longshore`"), "{told}");
    let told =
        listed(&[], vec![(at("GET", "?"), 403, refusal(403, "Forbidden", "no"))]).unwrap_err();
    assert!(told.starts_with("may not list InferenceServices in the namespace `ml`"), "{told}");
    let told = listed(&[], vec![(at("GET", "?"), 401, refusal(401, "Unauthorized", "no"))]);
    assert!(told.unwrap_err().contains("does not know who asks"));
}

/// What `longshore rollout promote` does, and what it asked.
fn promote(answer: Answer) -> (Result<(), String>, Vec<Asked>) {
    let args = PromoteArgs { name: "iris".into(), canary: None, cluster: cluster_args() };
    let (done, asked) = block_on(async {
        let (cluster, asked) = cluster(vec![(at("GET", "/iris"), 200, iris()), answer]);
        let done = promote::run(&cluster, &args, Verdict::Promote).await;
        let asked = asked.lock().unwrap().clone();
        (done, asked)
    });
    (done.map_err(|error| format!("{error:#}")), asked)
}

#[test]
fn a_promotion_is_written_over_what_was_read_only() {
    let (done, asked) = promote((at("PATCH", "/iris"), 200, iris()));
    done.unwrap();
    let patch = asked.last().unwrap();
    assert!(patch.line.contains("fieldManager=longshore-cli"), "{}", patch.line);
    let metadata = json!({"resourceVersion": "7"});
    let spec = json!({"predictor": {"canaryTrafficPercent": null}});
    assert_eq!(patch.body, json!({"metadata": metadata, "spec": spec}));
    let (done, _) = promote((at("PATCH", "/iris"), 409, refusal(409, "Conflict", "changed")));
    assert!(done.unwrap_err().contains("somebody has changed `iris` just now"));
}

/// What `longshore apply` does with a manifest of `iris`, and what it asked.
fn applied(spec: &Value, answers: Vec<Answer>) -> (Result<(), String>, Vec<Asked>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("iris.yaml");
    let mut manifest = iris();
    manifest["spec"] = spec.clone();
    std::fs::write(&file, manifest.to_string()).unwrap();
    let files: Vec<PathBuf> = vec![file];
    let cluster_args = cluster_args();
    let args = ApplyArgs { files, force_conflicts: false, dry_run: false, cluster: cluster_args };
    let (done, asked) = block_on(async {
        let (cluster, asked) = cluster(answers);
        let done = apply::apply(&cluster, &args).await;
        let asked = asked.lock().unwrap().clone();
        (done, asked)
    });
    (done.map_err(|error| format!("{error:#}")), asked)
}

fn kinds() -> Answer {
    let kind = json!({"name": "inferenceservices", "singularName": "inferenceservice",
        "namespaced": true, "kind": "InferenceService", "verbs": ["get", "patch"]});
    let list = json!({"kind": "APIResourceList", "groupVersion": "serving.kserve.io/v1beta1",
        "resources": [kind]});
    ("GET /apis/serving.kserve.io/v1beta1", 200, list)
}

#[test]
fn a_manifest_is_checked_before_anything_is_asked() {
    let wrong = json!({"predictor": {"sklaern": {"storageUri": "s3://models/iris"}}});
    let (done, asked) = applied(&wrong, Vec::new());
    let told = done.unwrap_err();
    assert!(
        told.contains("spec.predictor.sklaern: there is no such field; did you mean `sklearn`?")
    );
    assert!(asked.is_empty(), "{asked:?}");
}

#[test]
fn a_manifest_is_applied_on_the_server() {
    let spec = json!({"predictor": {"sklearn": {"storageUri": "s3://models/iris"}}});
    let read = (at("GET", "/iris"), 200, iris());
    let (done, asked) =
        applied(&spec, vec![read.clone(), (at("PATCH", "/iris"), 200, iris()), kinds()]);
    done.unwrap();
    let patch = asked.last().unwrap();
    assert!(patch.line.contains("fieldManager=longshore-cli"), "{}", patch.line);
    assert_eq!(patch.body["spec"], spec);
    assert_eq!(patch.body["metadata"].get("resourceVersion"), None);
    let conflict = refusal(409, "Conflict", "conflict with \"kubectl\": .spec.predictor");
    let (done, _) = applied(&spec, vec![read, (at("PATCH", "/iris"), 409, conflict), kinds()]);
    let told = done.unwrap_err();
    assert!(told.contains("kubectl") && told.contains("--force-conflicts"), "{told}");
    let (done, _) = applied(&spec, Vec::new());
    assert!(done.unwrap_err().contains("does not know the kind `InferenceService`"));
}
