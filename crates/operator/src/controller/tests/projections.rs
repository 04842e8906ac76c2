//! Components shown as Knative's Services.

use serde_json::json;

use super::{World, model};

/// What was asked of the API server about projections.
async fn asked(world: &World) -> Vec<String> {
    let asked = world.settle().await.into_iter();
    asked.filter(|line| line.contains("projections")).collect()
}

#[tokio::test]
async fn a_component_is_shown_as_knatives_service_while_it_runs() {
    let mut world = World::new(model("s3://models/a", &json!({}))).await;
    assert_eq!(asked(&world).await, [""; 0], "nothing is shown unless it is asked for");
    world.controller.projects = true;
    assert_eq!(asked(&world).await, ["PATCH projections iris-predictor"]);
    let scaled = model("s3://models/a", &json!({"scaleMetric": "rps", "scaleTarget": 5}));
    world.put(&scaled, &json!({}));
    assert_eq!(asked(&world).await, ["PATCH projections iris-predictor"]);
    world.put(&scaled, &json!({"serving.kserve.io/stop": "true"}));
    assert_eq!(asked(&world).await, ["DELETE projections iris-predictor"]);
}
