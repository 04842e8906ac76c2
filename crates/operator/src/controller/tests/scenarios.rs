use longshore_kserve::status::{
    ConditionStatus::{False, True, Unknown},
    ConditionType, FailureReason,
    TransitionStatus::{BlockedByFailedLoad, InProgress, InvalidSpec, UpToDate},
};
use serde_json::json;

use super::{Cluster, World, model, number, shown};
use crate::{
    cluster::{Replica, Trouble},
    controller::queue::Next,
};

/// A service whose first revision is ready.
async fn served(more: &serde_json::Value) -> World {
    let world = World::new(model("s3://m/1", more)).await;
    world.settle().await;
    world.ready(&world.latest());
    world.settle().await;
    world
}

#[tokio::test]
async fn a_new_service_is_ready_once_its_replicas_and_every_gateway_are() {
    let world = World::new(model("s3://m/1", &json!({}))).await;
    let asked = world.settle().await;
    let revision = world.latest();
    let made = ["services iris", "services iris-predictor", &format!("services {revision}")];
    for made in made {
        assert!(asked.contains(&format!("PATCH {made}")), "{made}: {asked:?}");
    }
    assert!(asked.contains(&format!("POST deployments {revision}")), "{asked:?}");
    assert_eq!((shown(&world), &*world.traffic()), ((Unknown, InProgress), ""));
    assert_eq!(world.status().url, None, "where nothing answers there is no URL");
    // gateways do not know of it yet
    world.ready(&revision);
    *world.api.lag.lock().unwrap() = 1;
    world.look().await;
    assert_eq!((shown(&world), &*world.traffic()), ((Unknown, UpToDate), "1:100"));
    assert!(matches!(world.look().await, Next::After(delay) if delay.as_secs() < 3));
    assert_eq!(world.condition(ConditionType::IngressReady).0, Unknown);
    *world.api.lag.lock().unwrap() = 0;
    world.settle().await;
    assert_eq!(shown(&world).0, True);
    assert_eq!(world.status().url.as_deref(), Some("http://iris.ml.example.com"));
    // nothing changes: nothing is written
    let told = world.api.told.lock().unwrap().len();
    assert!(world.settle().await.is_empty());
    assert_eq!(world.api.told.lock().unwrap().len(), told);
}

#[tokio::test]
async fn pods_are_ready_before_their_deployment_has_counted_them() {
    let world = World::new(model("s3://m/1", &json!({}))).await;
    world.settle().await;
    let revision = world.latest();
    let replica = |is_ready| Replica {
        name: "x".into(),
        revision: revision.clone(),
        is_ready,
        ..Replica::default()
    };
    world.api.cluster.replicas.put(&world.key, "x", replica(false));
    world.settle().await;
    assert_eq!(shown(&world), (Unknown, InProgress));
    world.api.cluster.replicas.put(&world.key, "x", replica(true));
    world.settle().await;
    assert_eq!((shown(&world), &*world.traffic()), ((True, UpToDate), "1:100"));
}

#[tokio::test]
async fn what_keda_scales_has_a_scaled_object_as_long_as_it_is_to() {
    let metric = json!({"type": "External", "external": {
        "metric": {"backend": "prometheus", "serverAddress": "http://p", "query": "up"},
        "target": {"type": "Value", "value": "5"},
    }});
    let spec = model("s3://m/1", &json!({"autoScaling": {"metrics": [metric]}}));
    let class = json!({"serving.kserve.io/autoscalerClass": "keda"});
    let world = World::new(spec.clone()).await;
    world.put(&spec, &class);
    let asked = world.settle().await;
    assert!(!asked.iter().any(|it| it.contains("scaledobjects")), "{asked:?}");
    assert!(world.condition(ConditionType::NotHonoured).1.contains("the cluster had no KEDA"));
    let cluster = Cluster { has_keda: true, ..Cluster::default() };
    let world = World::within(cluster, spec.clone()).await;
    world.put(&spec, &class);
    let mut asked = world.settle().await;
    world.ready(&world.latest());
    asked.extend(world.settle().await);
    assert!(asked.contains(&"PATCH scaledobjects iris-predictor".to_owned()), "{asked:?}");
    assert_eq!(world.condition(ConditionType::NotHonoured).1, "");
    world.put(&model("s3://m/1", &json!({})), &json!({}));
    let asked = world.settle().await;
    assert!(asked.contains(&"DELETE scaledobjects iris-predictor".to_owned()), "{asked:?}");
}

#[tokio::test]
async fn what_is_deleted_loses_the_finalizer_that_kserve_left() {
    let world = World::new(model("s3://m/1", &json!({}))).await;
    let mut object = (*world.api.cluster.service(&world.key).unwrap()).clone();
    object.metadata.finalizers = Some(vec!["inferenceservice.finalizers".into(), "other".into()]);
    world.api.cluster.services.put(&world.key, "iris", object.clone());
    let asked = world.settle().await;
    assert!(!asked.contains(&"PATCH inferenceservices iris".to_owned()), "{asked:?}");
    let now = serde_json::from_value(json!("2026-01-01T00:00:00Z")).unwrap();
    object.metadata.deletion_timestamp = Some(now);
    world.api.cluster.services.put(&world.key, "iris", object.clone());
    world.look().await;
    let asked = std::mem::take(&mut *world.api.asked.lock().unwrap());
    assert_eq!(asked, ["PATCH inferenceservices iris"]);
    object.metadata.finalizers = Some(vec!["other".into()]);
    world.api.cluster.services.put(&world.key, "iris", object);
    world.look().await;
    assert!(world.api.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_labels_of_a_service_are_on_what_serves_it() {
    let labels = json!({"labels": {"team": "a", "app": "mine"}});
    let world = served(&labels).await;
    let first = world.latest();
    world.put(&model("s3://m/2", &labels), &json!({}));
    world.settle().await;
    world.ready(&world.latest());
    let asked = world.settle().await;
    assert!(asked.contains(&format!("PATCH deployments {first}")), "{asked:?}");
    let lines = asked.iter().filter(|it| it.contains(&first)).count();
    assert_eq!(lines, 2, "scaled and unlabelled once: {asked:?}");
}

#[tokio::test]
async fn a_change_takes_over_once_it_is_ready_and_the_old_revision_sleeps() {
    let world = served(&json!({"minReplicas": 2})).await;
    let first = world.latest();
    world.put(&model("s3://m/2", &json!({"minReplicas": 2})), &json!({}));
    world.settle().await;
    assert_eq!((shown(&world), &*world.traffic()), ((Unknown, InProgress), "1:100"));
    // as many first replicas as serve, and not ready with fewer
    let second = world.latest();
    world.deployed(&second, |it| {
        assert_eq!(it.wanted, 2);
        it.ready = 1;
    });
    world.settle().await;
    assert_eq!(world.traffic(), "1:100");
    world.ready(&second);
    let asked = world.settle().await;
    assert_eq!((shown(&world), &*world.traffic()), ((True, UpToDate), "2:100"));
    assert_eq!(asked.last(), Some(&format!("PATCH deployments {first} scale")), "{asked:?}");
}

#[tokio::test]
async fn the_old_revision_stays_awake_until_every_gateway_has_left_it() {
    let world = served(&json!({})).await;
    let first = world.latest();
    world.put(&model("s3://m/2", &json!({})), &json!({}));
    world.settle().await;
    world.ready(&world.latest());
    *world.api.lag.lock().unwrap() = 100;
    for _ in 0..5 {
        world.look().await;
    }
    let asked = std::mem::take(&mut *world.api.asked.lock().unwrap());
    assert!(!asked.iter().any(|it| it.contains("scale")), "{asked:?}");
    *world.api.lag.lock().unwrap() = 0;
    let asked = world.settle().await;
    assert!(asked.contains(&format!("PATCH deployments {first} scale")), "{asked:?}");
}

#[tokio::test]
async fn a_version_that_does_not_load_never_takes_requests_and_says_why() {
    let world = served(&json!({})).await;
    world.put(&model("s3://m/none", &json!({})), &json!({}));
    world.settle().await;
    let trouble = Trouble {
        reason: FailureReason::ModelLoadFailed,
        message: "no such key".into(),
        exit_code: Some(1),
        is_waiting: false,
    };
    world.troubled(&world.latest(), trouble);
    world.settle().await;
    assert_eq!((shown(&world), &*world.traffic()), ((False, BlockedByFailedLoad), "1:100"));
    assert!(world.condition(ConditionType::Ready).1.contains("no such key"));
    let failure = world.status().model_status.unwrap().last_failure_info.unwrap();
    assert_eq!((failure.exit_code, failure.message.as_deref()), (Some(1), Some("no such key")));
}

#[tokio::test]
async fn a_canary_is_promoted_and_taken_back() {
    let world = served(&json!({})).await;
    let first = world.latest();
    let canary = |percent: i64| model("s3://m/2", &json!({"canaryTrafficPercent": percent}));
    world.put(&canary(10), &json!({}));
    world.settle().await;
    world.ready(&world.latest());
    world.settle().await;
    assert_eq!((shown(&world).0, &*world.traffic()), (True, "2:10 1:90"));
    world.put(&canary(100), &json!({}));
    world.settle().await;
    assert_eq!(world.traffic(), "2:100");
    let asleep =
        |world: &World| world.api.cluster.deployments.get(&world.key, &first).unwrap().wanted == 0;
    assert!(asleep(&world));
    // back: the first one wakes before it gets anything, and is not put to sleep meanwhile
    world.put(&canary(0), &json!({}));
    world.settle().await;
    assert!(!asleep(&world));
    assert_eq!((shown(&world).0, &*world.traffic()), (Unknown, "2:100"));
    world.ready(&first);
    world.settle().await;
    assert_eq!((shown(&world).0, &*world.traffic()), (True, "2:0 1:100"));
}

#[tokio::test]
async fn revisions_that_never_served_do_not_pile_up() {
    let world = World::new(model("s3://m/0", &json!({}))).await;
    world.settle().await;
    for version in 1..12 {
        world.put(&model(&format!("s3://m/{version}"), &json!({})), &json!({}));
        world.settle().await;
    }
    let left = world.api.cluster.deployments.of(&world.key);
    let awake: Vec<_> = left.iter().filter(|it| it.wanted > 0).map(|it| number(&it.name)).collect();
    assert_eq!((left.len(), &*awake), (6, &["12"][..]), "the latest and five to go back to");
}

#[tokio::test]
async fn a_service_is_stopped_and_goes_on_with_the_revision_that_it_had() {
    let world = served(&json!({})).await;
    let revision = world.latest();
    let stop = json!({"serving.kserve.io/stop": "true"});
    world.put(&model("s3://m/1", &json!({})), &stop);
    world.settle().await;
    assert!(world.api.cluster.deployments.of(&world.key).is_empty());
    assert_eq!((shown(&world).0, &*world.traffic()), (False, ""));
    assert_eq!(world.condition(ConditionType::Stopped).0, True);
    assert!(world.targets.all().is_empty(), "there is nothing to scale");
    world.put(&model("s3://m/1", &json!({})), &json!({}));
    world.settle().await;
    assert_eq!(world.latest(), revision);
    assert_eq!((shown(&world).0, &*world.traffic()), (Unknown, ""), "it has to be ready again");
    world.ready(&revision);
    world.settle().await;
    assert_eq!(shown(&world).0, True);
    assert_eq!(world.condition(ConditionType::Stopped).0, Unknown, "nothing is said of it");
}

#[tokio::test]
async fn the_canaries_of_a_stopped_service_are_told_to_be_stopped_as_long_as_it_has_some() {
    let world = served(&json!({})).await;
    let stop = json!({"serving.kserve.io/stop": "true"});
    let alone = model("s3://m/1", &json!({}));
    let mut two = alone.clone();
    let canary = model("s3://m/2", &json!({"name": "v2"}))["predictor"].take();
    two["canary"] = json!([{"trafficPercent": 20, "predictor": canary}]);
    world.put(&two, &json!({}));
    world.settle().await;
    world.put(&two, &stop);
    world.settle().await;
    let (canaries, told) = world.condition(ConditionType::CanaryPredictorReady);
    assert_eq!(canaries, False);
    assert!(told.contains("stopped by its annotation"), "{told}");
    world.put(&alone, &stop);
    world.settle().await;
    assert_eq!(world.condition(ConditionType::CanaryPredictorReady).0, Unknown, "it has none");
}

#[tokio::test]
async fn a_manifest_that_cannot_be_served_is_told_and_what_serves_goes_on() {
    let world = served(&json!({})).await;
    let cases = [
        (json!({"predictor": {"minReplicas": "two"}}), json!({}), "cannot be read"),
        (
            json!({"predictor": {"model": {"modelFormat": {"name": "sklaern"}, "storageUri": "s3://a"}}}),
            json!({}),
            "sklaern",
        ),
        (
            model("s3://m/1", &json!({})),
            json!({"autoscaling.knative.dev/window": "1s"}),
            "autoscaling.knative.dev/window",
        ),
        (
            model("s3://m/1", &json!({})),
            json!({"longshore.dev/auth": "password"}),
            "longshore.dev/auth",
        ),
    ];
    for (spec, annotations, words) in cases {
        world.put(&spec, &annotations);
        let asked = world.settle().await;
        assert_eq!(shown(&world), (False, InvalidSpec), "{words}");
        assert!(world.condition(ConditionType::Ready).1.contains(words), "{words}");
        assert_eq!(world.traffic(), "1:100");
        assert_eq!(asked, ["PATCH inferenceservices iris status"], "{words}");
    }
    world.put(&model("s3://m/1", &json!({})), &json!({}));
    world.settle().await;
    assert_eq!(shown(&world), (True, UpToDate), "mended");
}

#[tokio::test]
async fn what_the_api_server_refuses_is_told_and_tried_again() {
    let world = World::new(model("s3://m/1", &json!({}))).await;
    let refuse = |code: u16, words: &str| {
        let refusal = [("POST deployments".to_owned(), (code, words.to_owned()))];
        *world.api.refuses.lock().unwrap() = refusal.into();
    };
    refuse(403, "exceeded quota: pods");
    assert_eq!(world.look().await, Next::Retry);
    assert_eq!(shown(&world).0, False);
    assert!(world.condition(ConditionType::Ready).1.contains("exceeded quota: pods"));
    // another operator was faster: the same name is the same revision
    refuse(409, "already exists");
    assert_ne!(world.look().await, Next::Retry);
    // a server that is away passes
    refuse(503, "away");
    let other = World::new(model("s3://m/1", &json!({}))).await;
    *other.api.refuses.lock().unwrap() = world.api.refuses.lock().unwrap().clone();
    assert_eq!(other.look().await, Next::Retry);
    other.api.refuses.lock().unwrap().clear();
    other.settle().await;
    assert_eq!(number(&other.latest()), "1");
}

#[tokio::test]
async fn a_service_whose_names_are_refused_is_told_so() {
    let world = World::new(model("s3://m/1", &json!({}))).await;
    let refusal = ("PATCH services iris".to_owned(), (403, "exceeded quota: services".to_owned()));
    *world.api.refuses.lock().unwrap() = [refusal].into();
    assert_eq!(world.look().await, Next::Retry);
    assert_eq!(shown(&world).0, False);
    assert!(world.condition(ConditionType::Ready).1.contains("exceeded quota: services"));
    world.api.refuses.lock().unwrap().clear();
    world.settle().await;
    assert!(!world.condition(ConditionType::Ready).1.contains("exceeded quota"));
}

#[tokio::test]
async fn watches_that_are_late_lead_to_no_second_revision() {
    let world = World::new(model("s3://m/1", &json!({}))).await;
    world.look().await;
    world.api.asked.lock().unwrap().clear();
    let revision = world.latest();
    // the watch does not show the Deployment yet
    let hidden = world.api.cluster.deployments.get(&world.key, &revision).unwrap();
    world.api.cluster.deployments.remove(&world.key, &revision);
    let made = world.settle().await;
    assert!(!made.iter().any(|it| it.starts_with("POST")), "{made:?}");
    world.api.cluster.deployments.put(&world.key, &revision, (*hidden).clone());
    world.settle().await;
    // it is deleted by somebody: the same one is made again
    world.api.cluster.deployments.remove(&world.key, &revision);
    let made = world.settle().await;
    assert!(made.contains(&format!("POST deployments {revision}")), "{made:?}");
}

#[tokio::test]
async fn the_autoscaler_is_told_what_it_keeps() {
    let world = World::new(model("s3://m/1", &json!({"minReplicas": 0}))).await;
    world.settle().await;
    let targets = |world: &World| {
        let all = world.targets.all();
        let found = all.iter().find(|(service, _)| *service == world.key);
        let targets = found.map(|(_, targets)| targets.to_vec()).unwrap_or_default();
        let shown = targets
            .iter()
            .map(|it| (number(&it.revision).to_owned(), it.is_reachable, it.has_been_ready));
        shown.collect::<Vec<_>>()
    };
    assert_eq!(targets(&world), [("1".to_owned(), true, false)]);
    world.ready(&world.latest());
    world.settle().await;
    assert_eq!(targets(&world), [("1".to_owned(), true, true)]);
    // it sleeps, and is still ready: it answers once it is asked
    world.deployed(&world.latest(), |it| (it.wanted, it.ready) = (0, 0));
    world.settle().await;
    assert_eq!(shown(&world), (True, UpToDate));
    world.deployed(&world.latest(), |it| it.wanted = 1);
    world.settle().await;
    assert_eq!(shown(&world).0, True, "waking is no failure");
    world.api.cluster.services.remove(&world.key, "iris");
    world.look().await;
    assert_eq!(targets(&world), []);
}

#[tokio::test]
async fn services_of_another_class_are_left_alone() {
    let world = World::new(model("s3://m/1", &json!({}))).await;
    world.put(&model("s3://m/1", &json!({})), &json!({"longshore.dev/class": "other"}));
    assert!(world.settle().await.is_empty());
}
