//! The contract of KServe that the platform follows: the V1 and V2 wire types.
