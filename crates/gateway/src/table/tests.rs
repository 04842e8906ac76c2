use std::net::SocketAddr;

use longshore_kserve::Component;
use serde_json::json;

use super::*;
use crate::service::Target;

fn service(value: serde_json::Value) -> description::Service {
    serde_json::from_value(value).unwrap()
}

fn iris() -> serde_json::Value {
    json!({
        "namespace": "ml", "name": "iris", "at": ["http://iris.ml.example.com"],
        "components": {"predictor": {"at": ["http://iris-predictor.ml.example.com"], "traffic": [
            {"revision": "iris-predictor-00001-aaaaa", "percent": 90, "at": ["http://prev-iris-predictor.ml.example.com"]},
            {"revision": "iris-predictor-00002-bbbbb", "percent": 10},
        ]}},
    })
}

fn endpoint(text: &str) -> Endpoint {
    Endpoint { address: text.parse::<SocketAddr>().unwrap(), grpc: None }
}

fn facts() -> Facts {
    Facts { service: "iris".into(), component: "predictor".into(), port: 8080, ..Facts::default() }
}

fn found(table: &Table, host: &str, path: &str) -> Option<String> {
    let Found { service, target, prefix } = table.find(host, path)?;
    let target = match target {
        Target::Service => "service".to_owned(),
        Target::Component(component) => component.name().to_owned(),
        Target::Revision(revision) => revision.name().to_owned(),
    };
    Some(format!("{}/{} {target} {}", service.namespace, service.name, &path[prefix..]))
}

#[test]
fn a_service_answers_at_its_hosts_and_at_its_names_in_the_cluster() {
    let table = Table::new("cluster.local");
    assert_eq!(table.set_service(&service(iris())).unwrap(), Vec::<String>::new());
    for host in [
        "iris.ml.example.com",
        "IRIS.ml.example.com:8080",
        "iris.ml",
        "iris.ml.svc",
        "iris.ml.svc.cluster.local.",
    ] {
        let found = found(&table, host, "/v1/models");
        assert_eq!(found.as_deref(), Some("ml/iris service /v1/models"), "{host}");
    }
    for host in ["iris-predictor.ml.example.com", "iris-predictor.ml", "iris-predictor.ml.svc:80"] {
        let found = found(&table, host, "/");
        assert_eq!(found.as_deref(), Some("ml/iris predictor /"), "{host}");
    }
    let tagged = found(&table, "prev-iris-predictor.ml.example.com", "/");
    assert_eq!(tagged.as_deref(), Some("ml/iris iris-predictor-00001-aaaaa /"));
    for host in ["iris", "iris.other", "other.ml.example.com", "iris.ml.svc.other.domain", ""] {
        assert_eq!(found(&table, host, "/"), None, "{host}");
    }
}

#[test]
fn a_path_is_a_route_up_to_a_slash_and_is_not_handed_on() {
    let table = Table::new("cluster.local");
    for name in ["iris", "iris2"] {
        let at = format!("http://example.com/serving/ml/{name}");
        let described = json!({"namespace": "ml", "name": name, "at": [at]});
        table.set_service(&service(described)).unwrap();
    }
    let at = |path| found(&table, "example.com", path);
    assert_eq!(at("/serving/ml/iris/v2/x").as_deref(), Some("ml/iris service /v2/x"));
    assert_eq!(at("/serving/ml/iris").as_deref(), Some("ml/iris service "));
    assert_eq!(at("/serving/ml/iris2/").as_deref(), Some("ml/iris2 service /"));
    for path in ["/", "/serving/ml", "/serving/ml/iris3", "/serving/ml/irisx/", "serving/ml/iris"] {
        assert_eq!(at(path), None, "{path}");
    }
    table.remove_service("ml", "iris");
    assert_eq!(found(&table, "example.com", "/serving/ml/iris"), None);
    assert!(found(&table, "example.com", "/serving/ml/iris2").is_some());
}

#[test]
fn a_host_has_one_owner_and_goes_to_the_next_when_that_leaves() {
    let table = Table::new("cluster.local");
    let claim = |namespace: &str| {
        let at = "shared.example.com";
        service(json!({"namespace": namespace, "name": "iris", "at": [at]}))
    };
    assert!(table.set_service(&claim("a")).unwrap().is_empty());
    assert_eq!(table.set_service(&claim("b")).unwrap(), ["shared.example.com"]);
    assert!(table.set_service(&claim("a")).unwrap().is_empty());
    let owner = |table: &Table| found(table, "shared.example.com", "");
    assert_eq!(owner(&table).as_deref(), Some("a/iris service "));
    table.remove_service("a", "iris");
    assert_eq!(owner(&table).as_deref(), Some("b/iris service "));
}

#[test]
fn a_name_of_another_namespace_is_refused_and_nothing_changes() {
    let table = Table::new("cluster.local");
    let theft = json!({"namespace": "evil", "name": "iris", "at": ["iris.ml.svc.cluster.local"]});
    let refused = table.set_service(&service(theft)).unwrap_err().to_string();
    assert!(refused.contains("another namespace"), "{refused}");
    let mut wrong = iris();
    wrong["components"]["predictor"]["traffic"][0]["percent"] = json!(95);
    let refused = table.set_service(&service(wrong)).unwrap_err().to_string();
    assert_eq!(
        refused,
        "the shares of the predictor of `ml/iris` make 105 percent; let them make 100"
    );
    assert!(
        table.routes("ml", "iris").is_none()
            && table.revision("ml", "iris-predictor-00001-aaaaa").is_none()
    );
}

#[test]
fn a_revision_outlives_changes_of_its_service_and_goes_with_the_last_that_names_it() {
    let table = Table::new("cluster.local");
    let (one, two) = ("iris-predictor-00001-aaaaa", "iris-predictor-00002-bbbbb");
    table.set_service(&service(iris())).unwrap();
    let before = table.revision("ml", one).unwrap();
    table.set_facts("ml", one, facts());
    table.set_replicas("ml", one, vec![endpoint("10.0.0.1:8080"), endpoint("10.0.0.2:8080")]);
    let mut promoted = iris();
    promoted["components"]["predictor"]["traffic"] = json!([{"revision": two, "percent": 100}]);
    table.set_service(&service(promoted)).unwrap();
    let after = table.revision("ml", one).unwrap();
    assert!(Arc::ptr_eq(&before, &after));
    let routes = table.routes("ml", "iris").unwrap();
    assert_eq!(routes.revisions.len(), 1);
    assert_eq!((routes.revisions[0].revision.as_str(), routes.revisions[0].percent), (two, 100));
    table.remove_revision("ml", one);
    assert!(table.revision("ml", one).is_none() && table.revision("ml", two).is_some());
    table.remove_service("ml", "iris");
    assert!(table.revision("ml", two).is_none());
}

#[test]
fn a_file_takes_the_place_of_all_that_was() {
    let table = Table::new("cluster.local");
    table.set_service(&service(iris())).unwrap();
    let text = json!({
        "services": [{"namespace": "ml", "name": "wine", "components": {"predictor": {"traffic": [
            {"revision": "wine-predictor-00001-aaaaa", "percent": 100}]}}}],
        "revisions": [{"namespace": "ml", "name": "wine-predictor-00001-aaaaa",
            "facts": facts(), "replicas": [{"address": "10.0.0.1:8080"}]}],
    });
    table.replace(serde_json::from_value(text).unwrap()).unwrap();
    assert!(table.routes("ml", "iris").is_none());
    assert!(table.revision("ml", "iris-predictor-00001-aaaaa").is_none());
    let routes = table.routes("ml", "wine").unwrap();
    assert_eq!(routes.hosts, ["wine-predictor.ml.svc", "wine.ml.svc"]);
    assert_eq!(routes.revisions[0].replicas, 1);
    assert_eq!(table.load().revisions.len(), 0, "nobody asked");
}

#[test]
fn shares_are_those_of_the_component() {
    let table = Table::new("cluster.local");
    table.set_service(&service(iris())).unwrap();
    let Found { service, .. } = table.find("iris.ml", "/").unwrap();
    let percents: Vec<_> =
        service.shares(Component::Predictor).unwrap().iter().map(|it| it.percent).collect();
    assert_eq!(percents, [90, 10]);
    assert!(service.shares(Component::Explainer).is_none());
}
