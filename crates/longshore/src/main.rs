//! Takes a trained model to production.

fn main() {}
