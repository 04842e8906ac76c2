/// What goes wrong in the operator.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A trace for the autoscaler cannot be replayed.
    #[error("not a trace of load: {0}")]
    Trace(String),
}
