//! The contract of MLflow that the platform follows: the `MLmodel` file and the signature.
