//! The server over real sockets and in place.

#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests fail loudly")]

mod access;
mod announce;
mod batches;
mod binary;
mod cache;
mod calls;
mod client;
mod cloud_events;
#[cfg(feature = "arrow")]
mod columnar;
mod content_types;
mod demand;
mod dicts;
mod drain;
mod grpc;
mod http;
mod inputs;
mod lifecycle;
mod lines;
mod memory;
mod methods;
mod metrics;
mod model;
mod models;
mod pages;
mod protocols;
mod record;
mod shapes;
mod tensors;
mod triton;
mod warm_pool;
#[cfg(not(feature = "arrow"))]
mod without_arrow;
