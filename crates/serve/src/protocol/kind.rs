/// The protocol of a request; metrics differ by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    V1,
    V2,
    Mlflow,
    Grpc,
}

impl Protocol {
    pub(crate) const ALL: [Self; 4] = [Self::V1, Self::V2, Self::Mlflow, Self::Grpc];

    /// The label in metrics and logs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
            Self::Mlflow => "mlflow",
            Self::Grpc => "grpc",
        }
    }
}
