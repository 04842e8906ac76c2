//! The way in: requests are routed by host and path to the replicas of InferenceServices, held while a
//! replica wakes, and counted for the autoscaler.
