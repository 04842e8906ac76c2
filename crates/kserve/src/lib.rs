//! The contract of KServe that the platform follows: the V1 and V2 wire types.
//!
//! Types and names only, for the server and for clients alike. Requests for predictions and their
//! replies have none: the server reads and writes them without steps between.

pub mod v1;
pub mod v2;
