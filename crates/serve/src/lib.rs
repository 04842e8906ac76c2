//! The inference server: models in, V1, V2 and MLflow's scoring protocol out.
