use longshore_kserve::status::{
    ConditionStatus::{False, True, Unknown},
    ConditionType,
    TransitionStatus::{BlockedByFailedLoad, InProgress, UpToDate},
};
use longshore_platform::{PoolReadiness, PoolState};
use serde_json::{Value, json};

use super::{World, number, shown};
use crate::{
    autoscaler::Target,
    cluster::{Key, POOL, Replica},
    controller::queue::Next,
};

/// A model on our own server that may sleep.
fn model(uri: &str) -> Value {
    let model = json!({"modelFormat": {"name": "xgboost"}, "storageUri": uri});
    json!({"predictor": {"minReplicas": 0, "model": model}})
}

fn says(world: &World, state: PoolState, message: &str) {
    *world.api.pooled.lock().unwrap() = PoolReadiness { state, message: message.into() };
}

/// A look at the pool; gives what was asked.
async fn keep_pool(world: &World) -> Vec<String> {
    let next = world.controller.look(&Key::new("ml", POOL)).await;
    assert_ne!(next, Next::Retry);
    std::mem::take(&mut *world.api.asked.lock().unwrap())
}

/// The pool has a replica, which its Deployment does not count yet.
fn pool_is_ready(world: &World) {
    let replica = Replica { name: "longshore-pool-x".into(), is_ready: true, ..Replica::default() };
    world.api.cluster.pool_replicas.put(&Key::new("ml", POOL), "longshore-pool-x", replica);
}

fn wanted(world: &World, revision: &str) -> u32 {
    world.api.cluster.deployments.get(&world.key, revision).unwrap().wanted
}

#[tokio::test]
async fn a_model_that_sleeps_is_ready_once_the_pool_answers_for_it() {
    let world = World::new(model("s3://m/1")).await;
    world.settle().await;
    let first = world.latest();
    // Kubernetes finds a Deployment without replicas complete at once
    world.deployed(&first, |it| it.is_complete = true);
    world.settle().await;
    assert_eq!((wanted(&world, &first), shown(&world)), (0, (Unknown, InProgress)));
    assert!(world.condition(ConditionType::PredictorReady).1.contains("warm pool"));
    let made = keep_pool(&world).await;
    assert_eq!(
        made,
        [
            "PATCH networkpolicies longshore-pool-ingress",
            "PATCH services longshore-pool",
            "PATCH deployments longshore-pool",
        ]
    );
    assert!(keep_pool(&world).await.is_empty(), "nothing has changed");
    pool_is_ready(&world);
    world.settle().await;
    assert!(world.condition(ConditionType::PredictorReady).1.contains("it loads"));
    says(&world, PoolState::Ready, "");
    world.settle().await;
    assert_eq!((shown(&world), &*world.traffic()), ((True, UpToDate), "1:100"));
    assert_eq!(wanted(&world, &first), 0);
    let targets = world.targets.all();
    let is_known = |it: &Target| it.revision == first && it.has_been_ready;
    assert!(targets.iter().any(|(_, targets)| targets.iter().any(is_known)), "{targets:?}");
    // a second one gets nothing before the pool has answered for it
    says(&world, PoolState::Failed, "no such object");
    world.put(&model("s3://m/2"), &json!({}));
    world.settle().await;
    let second = world.latest();
    world.deployed(&second, |it| it.is_complete = true);
    world.settle().await;
    assert_eq!((number(&second), &*world.traffic()), ("2", "1:100"));
    assert_eq!((shown(&world).1, wanted(&world, &second)), (BlockedByFailedLoad, 0));
    let (is_ready, message) = world.condition(ConditionType::PredictorReady);
    assert_eq!(is_ready, False);
    assert!(message.contains("no such object"), "{message}");
    says(&world, PoolState::Ready, "");
    world.settle().await;
    assert_eq!((shown(&world), &*world.traffic()), ((True, UpToDate), "2:100"));
}

#[tokio::test]
async fn a_pool_goes_with_the_last_service_that_may_use_it() {
    let world = World::new(model("s3://m/1")).await;
    world.settle().await;
    keep_pool(&world).await;
    let cases = [
        (model("s3://m/1"), json!({"longshore.dev/warm-pool": "false"})),
        (model("pvc://claim/1"), json!({})),
    ];
    for (spec, annotations) in cases {
        world.put(&spec, &annotations);
        world.settle().await;
        let gone = keep_pool(&world).await;
        assert_eq!(
            gone,
            [
                "DELETE deployments longshore-pool",
                "DELETE services longshore-pool",
                "DELETE networkpolicies longshore-pool-ingress",
            ]
        );
        world.put(&model("s3://m/1"), &json!({}));
        world.settle().await;
        assert_eq!(keep_pool(&world).await.len(), 3, "it comes back");
    }
    world.api.cluster.services.remove(&world.key, "iris");
    world.look().await;
    assert_eq!(keep_pool(&world).await.len(), 3);
    assert!(keep_pool(&world).await.is_empty());
}

#[tokio::test]
async fn a_namespace_may_want_no_pool() {
    let world = World::new(model("s3://m/1")).await;
    *world.api.namespace.lock().unwrap() = json!({"longshore.dev/warm-pool": "false"});
    world.settle().await;
    assert_eq!(wanted(&world, &world.latest()), 1);
    assert!(keep_pool(&world).await.is_empty());
}

#[tokio::test]
async fn who_asks_for_first_replicas_gets_them() {
    let world = World::new(model("s3://m/1")).await;
    world.put(&model("s3://m/1"), &json!({"autoscaling.knative.dev/initial-scale": "2"}));
    world.settle().await;
    assert_eq!(wanted(&world, &world.latest()), 2);
}

#[tokio::test]
async fn what_a_pool_does_not_answer_for_in_time_gets_a_replica_of_its_own() {
    let world = World::new(model("s3://m/1")).await;
    world.settle().await;
    let revision = world.latest();
    world.deployed(&revision, |it| (it.is_complete, it.created) = (true, 0));
    world.settle().await;
    assert_eq!((wanted(&world, &revision), shown(&world).0), (1, Unknown));
    world.ready(&revision);
    world.settle().await;
    assert_eq!(shown(&world), (True, UpToDate));
}
