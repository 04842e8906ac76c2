//! What every long-running role shares: telemetry, health, drain, error codes.
