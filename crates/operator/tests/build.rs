//! What a manifest becomes: each `tests/build/NAME.yaml` holds InferenceServices and what
//! stands around them, and `NAME.json` has their plans. `UPDATE_EXPECT=1` writes the plans anew.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what reads a case may fail loudly")]

use std::{collections::BTreeMap, fs, path::Path};

use longshore_kserve::{
    InferenceServiceSpec,
    address::Hosts,
    annotations::{Annotations, DeploymentMode},
    defaults,
    select::Runtime,
    validate,
};
use longshore_operator::build::{
    Account, Plan, PoolObjects, PoolSettings, Refusal, Secret, Service, Settings, StorageContainer,
    Surroundings, Workload, plan, pool,
};
use serde_json::{Value, json};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/build");

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The service's UID.
const UID: &str = "00000000-0000-0000-0000-000000000001";

/// The gateway's name in the cluster.
const GATEWAY: &str = "longshore-gateway.longshore-system.svc.cluster.local";

/// The file of runtimes that every case has around it.
const RUNTIMES: &str = "runtimes.yaml";

#[test]
fn manifests_become_these_objects() {
    let mut cases = 0;
    for entry in fs::read_dir(FOLDER).unwrap() {
        let path = entry.unwrap().path();
        let is_case = path.extension().is_some_and(|it| it == "yaml");
        if !is_case || path.ends_with(RUNTIMES) {
            continue;
        }
        expect(&outcome(&path), &path.with_extension("json"));
        cases += 1;
    }
    assert!(cases > 0, "{FOLDER} has no cases");
}

#[test]
fn the_pool_of_a_namespace_is_these_objects() {
    let secret = Secret {
        name: "s3".into(),
        keys: ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(str::to_owned).into(),
        ..Secret::default()
    };
    let account = Account { secrets: vec![secret], ..Account::default() };
    let accounts = [("default".to_owned(), account)].into();
    let settings = Case {
        settings: Some(json!({"storageEnv": {"AWS_REGION": "eu-central-1"}})),
        ..Case::default()
    };
    let resources = json!({"requests": {"cpu": "100m"}, "limits": {"cpu": 2}});
    let resources = serde_json::from_value(resources).unwrap();
    let ingress = vec![json!({"from": [{"podSelector": {"matchLabels": {"app": "gateway"}}}]})];
    let wanted =
        PoolSettings { resources, replicas: 2, ingress: Some(ingress), ..PoolSettings::default() };
    let PoolObjects { deployment, service, policy } =
        pool("ml", &accounts, &settings.settings(), &wanted).unwrap();
    expect(&json!([deployment, service, policy]), &Path::new(FOLDER).join("pool.json"));
}

#[test]
fn manifests_that_are_right_are_served_or_told_what_is_missing() {
    let mut case = Case { runtimes: runtimes_of_the_chart(), ..Case::default() };
    let text = fs::read_to_string(Path::new(REPOSITORY).join("tests/platform/right.yaml")).unwrap();
    let right: Vec<Value> = serde_saphyr::from_str(&text).unwrap();
    let texts = |value: &Value| -> Vec<String> {
        let texts = value.as_array().into_iter().flatten();
        texts.map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    for it in &right {
        case.services = vec![json!({
            "metadata": {"name": "iris", "annotations": it["annotations"], "labels": it["labels"]},
            "spec": it["spec"],
        })];
        let plan = case.plan(&case.services[0]);
        let is = &it["is"];
        assert_eq!(plan["faults"], Value::Null, "{is}");
        let refused = plan["refused"]["message"].as_str().unwrap_or_default();
        match it["refused"].as_str() {
            Some(words) => assert!(refused.contains(words), "{is}: {refused}"),
            None => assert_eq!(refused, "", "{is}"),
        }
        let (told, words) = (texts(&plan["notHonoured"]), texts(&it["notes"]));
        assert_eq!(told.len(), words.len(), "{is}: {told:?}");
        for word in &words {
            assert!(told.iter().any(|told| told.contains(word)), "{is}: {told:?}");
        }
    }
    assert!(right.len() > 50);
}

/// The runtimes that the chart makes, as far as they are chosen by.
fn runtimes_of_the_chart() -> Vec<Runtime> {
    let path = "deploy/helm/longshore/templates/_runtimes.tpl";
    let text = fs::read_to_string(Path::new(REPOSITORY).join(path)).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("{{"));
    let table: Value = serde_saphyr::from_str(&lines.collect::<Vec<_>>().join("\n")).unwrap();
    let runtimes = table.as_object().unwrap().iter().map(|(name, runtime)| {
        let formats = runtime["formats"].as_object().unwrap().iter().flat_map(|(format, it)| {
            let versions = it["versions"].as_array().unwrap().iter();
            versions.map(move |version| {
                json!({
                    "name": format,
                    "version": version,
                    "autoSelect": runtime["named"] != true,
                    "priority": it["priority"],
                })
            })
        });
        let server =
            json!({"name": "kserve-container", "image": "i:1", "args": ["--model_dir=/mnt/models"]});
        let spec = json!({
            "supportedModelFormats": formats.collect::<Vec<_>>(),
            "protocolVersions": runtime["protocols"],
            "containers": [server],
        });
        let own = [("serving.kserve.io/server-type", "longshore"), ("longshore.dev/fetches-models", "true")];
        Runtime {
            name: name.clone(),
            is_cluster_wide: true,
            created: "2026-01-01T00:00:00Z".into(),
            annotations: own.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            spec: serde_json::from_value(spec).unwrap(),
        }
    });
    runtimes.collect()
}

/// Holds a value to the committed file.
fn expect(value: &Value, path: &Path) {
    let mut text = String::new();
    printed(value, 0, &mut text);
    text.push('\n');
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(path, &text).unwrap();
    }
    let committed = fs::read_to_string(path).unwrap_or_default();
    let path = path.display();
    assert!(
        committed == text,
        "{path} is not what comes of it; run with UPDATE_EXPECT=1, and read what changed"
    );
}

/// Everything that the manifests of a case say.
#[derive(Default)]
struct Case {
    services: Vec<Value>,
    runtimes: Vec<Runtime>,
    storage_containers: Vec<StorageContainer>,
    accounts: BTreeMap<String, (Annotations, Vec<String>)>,
    secrets: BTreeMap<String, Secret>,
    settings: Option<Value>,
}

fn outcome(path: &Path) -> Value {
    let mut case = Case::default();
    for path in [path, &path.with_file_name(RUNTIMES)] {
        let text = fs::read_to_string(path).unwrap();
        let documents: Vec<Value> = serde_saphyr::from_multiple(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for document in documents {
            case.add(document);
        }
    }
    let services = case.services.iter();
    let plans = services.map(|service| {
        let name = service["metadata"]["name"].as_str().unwrap();
        (name.to_owned(), case.plan(service))
    });
    Value::Object(plans.collect())
}

fn texts(value: &Value) -> Annotations {
    serde_json::from_value(value.clone()).unwrap_or_default()
}

impl Case {
    fn add(&mut self, document: Value) {
        let (metadata, spec) = (&document["metadata"], &document["spec"]);
        let name = metadata["name"].as_str().unwrap_or_default().to_owned();
        let annotations = texts(&metadata["annotations"]);
        match document["kind"].as_str().unwrap() {
            "InferenceService" => self.services.push(document),
            "Settings" => self.settings = Some(document),
            kind @ ("ServingRuntime" | "ClusterServingRuntime") => self.runtimes.push(Runtime {
                name,
                is_cluster_wide: kind == "ClusterServingRuntime",
                created: metadata["creationTimestamp"].as_str().unwrap().to_owned(),
                annotations,
                spec: serde_json::from_value(spec.clone()).unwrap(),
            }),
            "ClusterStorageContainer" => self.storage_containers.push(StorageContainer {
                name,
                spec: serde_json::from_value(spec.clone()).unwrap(),
            }),
            "ServiceAccount" => {
                let secrets = document["secrets"].as_array().into_iter().flatten();
                let secrets = secrets.map(|it| it["name"].as_str().unwrap().to_owned());
                self.accounts.insert(name, (annotations, secrets.collect()));
            }
            "Secret" => {
                let keys = document["stringData"].as_object().unwrap().keys().cloned().collect();
                self.secrets.insert(name.clone(), Secret { name, annotations, keys });
            }
            other => panic!("{other}"),
        }
    }

    fn plan(&self, service: &Value) -> Value {
        let metadata = &service["metadata"];
        let name = metadata["name"].as_str().unwrap();
        let mut annotations = texts(&metadata["annotations"]);
        let spec = serde_json::from_value::<InferenceServiceSpec>(service["spec"].clone());
        let mut spec = spec.unwrap_or_else(|error| panic!("{name}: {error}"));
        defaults::complete(&mut annotations, &mut spec);
        let faults = validate::validate(name, &annotations, &spec);
        if !faults.is_empty() {
            return json!({"faults": faults.iter().map(ToString::to_string).collect::<Vec<_>>()});
        }
        let labels = texts(&metadata["labels"]);
        let service = Service {
            name,
            namespace: "ml",
            uid: UID,
            labels: &labels,
            annotations: &annotations,
            mode: None,
            spec: &spec,
        };
        let accounts = service.accounts().into_iter().filter_map(|name| {
            let (annotations, names) = self.accounts.get(&name)?;
            let secrets = names.iter().filter_map(|name| self.secrets.get(name)).cloned().collect();
            Some((name, Account { annotations: annotations.clone(), secrets }))
        });
        let accounts = accounts.collect();
        let around = Surroundings {
            runtimes: &self.runtimes.iter().collect::<Vec<_>>(),
            storage_containers: &self.storage_containers.iter().collect::<Vec<_>>(),
            accounts: &accounts,
            storage_secret: self.secrets.get(service.storage_secret()),
            has_keda: self.has_keda(),
        };
        match plan(&service, &around, &self.settings()) {
            Ok(plan) => shown(&plan),
            Err(Refusal { reason, message }) => {
                json!({"refused": {"reason": format!("{reason:?}"), "message": message}})
            }
        }
    }

    fn has_keda(&self) -> bool {
        self.settings.as_ref().is_some_and(|own| own["hasKeda"] == true)
    }

    fn settings(&self) -> Settings {
        let own = self.settings.clone().unwrap_or_default();
        Settings {
            hosts: Hosts::default(),
            image: "registry.test/longshore:1".into(),
            gateway_host: GATEWAY.into(),
            announce_to: own["announceTo"].as_str().map(str::to_owned),
            storage_env: texts(&own["storageEnv"]),
            default_mode: DeploymentMode::Knative,
        }
    }
}

/// A plan, without what is the same in all objects of a service once it has been looked at.
fn shown(plan: &Plan) -> Value {
    let components = plan.components.iter();
    let components: BTreeMap<_, _> = components
        .map(|(component, it)| (component.name(), json!([it.url, it.host, it.address])))
        .collect();
    let service = |service: &Value| {
        assert_eq!(service["spec"]["type"], "ExternalName");
        assert_eq!(service["spec"]["externalName"], GATEWAY);
        assert_eq!(service["spec"]["ports"][0]["port"], 80);
        owned(service)["metadata"]["name"].clone()
    };
    json!({
        "mode": plan.mode.name(),
        "runtime": plan.runtime.as_ref().map(|it| (&it.name, it.is_cluster_wide)),
        "url": plan.url,
        "address": plan.address,
        "components": components,
        "isStopped": plan.is_stopped,
        "notHonoured": plan.not_honoured,
        "services": plan.services.iter().map(service).collect::<Vec<_>>(),
        "workloads": plan.workloads.iter().map(workload).collect::<Vec<_>>(),
    })
}

fn workload(workload: &Workload) -> Value {
    let name = workload.revision_name(1);
    assert_eq!(workload.revision_number(&name), Some(1));
    let mut service = owned(&workload.revision_service(&name));
    let facts = service["metadata"]["annotations"]["longshore.dev/revision-facts"].take();
    service["metadata"]["annotations"] = serde_json::from_str(facts.as_str().unwrap()).unwrap();
    let projection = workload.knative_service();
    let mut shown = json!({
        "replicas": [workload.min_replicas, workload.max_replicas],
        "scaler": format!("{:?}", workload.scaler),
        "canary": workload.canary,
        "percent": workload.percent,
        "deployment": owned(&workload.deployment(&name, Some(1))),
        "service": {
            "metadata": service["metadata"],
            "ports": service["spec"]["ports"],
            "selector": service["spec"]["selector"],
        },
        "podAutoscaler": workload.pod_autoscaler(&name).as_ref().map(owned),
        "knative": owned(&projection)["spec"]["template"]["metadata"]["annotations"],
    });
    if let Some(scaled) = workload.scaled_object(&name) {
        shown["scaledObject"] = owned(&scaled);
    }
    shown
}

/// An object without its owner, which is the service.
fn owned(object: &Value) -> Value {
    let mut object = object.clone();
    let owners = object["metadata"]["ownerReferences"].take();
    assert_eq!(owners[0]["kind"], "InferenceService");
    assert_eq!((&owners[0]["uid"], &owners[0]["controller"]), (&json!(UID), &json!(true)));
    assert_eq!(owners.as_array().unwrap().len(), 1);
    let metadata = object["metadata"].as_object_mut().unwrap();
    metadata.remove("ownerReferences");
    assert_eq!(metadata.remove("namespace").unwrap(), "ml");
    object
}

/// A value as people read it: what fits into a line is on one.
fn printed(value: &Value, indent: usize, out: &mut String) {
    let line = value.to_string();
    let is_short = line.len() + indent <= 120;
    let pad = " ".repeat(indent + 2);
    match value {
        Value::Object(fields) if !is_short => {
            out.push_str("{\n");
            for (at, (name, value)) in fields.iter().enumerate() {
                out.push_str(&pad);
                out.push_str(&json!(name).to_string());
                out.push_str(": ");
                printed(value, indent + 2, out);
                out.push_str(if at + 1 < fields.len() { ",\n" } else { "\n" });
            }
            out.push_str(&pad[2..]);
            out.push('}');
        }
        Value::Array(items) if !is_short => {
            out.push_str("[\n");
            for (at, item) in items.iter().enumerate() {
                out.push_str(&pad);
                printed(item, indent + 2, out);
                out.push_str(if at + 1 < items.len() { ",\n" } else { "\n" });
            }
            out.push_str(&pad[2..]);
            out.push(']');
        }
        _ => out.push_str(&line),
    }
}
