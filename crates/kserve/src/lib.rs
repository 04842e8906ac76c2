//! The contract of KServe that the platform follows: the V1 and V2 wire types.
//!
//! Types and names only. The server's hot path reads requests and writes replies without them;
//! clients, tests and the cold routes use them.

pub mod v1;
pub mod v2;
