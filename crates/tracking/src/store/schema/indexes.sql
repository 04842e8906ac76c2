-- For the search of runs, newest first.
CREATE INDEX IF NOT EXISTS longshore_runs_recent ON runs (experiment_id, start_time DESC, run_uuid, lifecycle_stage);
-- For comparisons in filters. A row of an index of Postgres holds 2,704 bytes, so long values are cut.
CREATE INDEX IF NOT EXISTS longshore_latest_metrics_value ON latest_metrics ("key", is_nan, "value", run_uuid);
CREATE INDEX IF NOT EXISTS longshore_params_value ON params ("key", substr("value", 1, 100), run_uuid);
CREATE INDEX IF NOT EXISTS longshore_tags_value ON tags ("key", substr("value", 1, 100), run_uuid);
CREATE INDEX IF NOT EXISTS longshore_logged_model_metrics_value ON logged_model_metrics (metric_name, metric_value, model_id);
-- For the searches of models, newest first.
CREATE INDEX IF NOT EXISTS longshore_model_versions_recent ON model_versions (workspace, last_updated_time DESC, name, version DESC);
CREATE INDEX IF NOT EXISTS longshore_logged_models_recent ON logged_models (experiment_id, creation_timestamp_ms DESC, model_id);
-- For the filters of traces.
CREATE INDEX IF NOT EXISTS longshore_trace_info_status ON trace_info (experiment_id, status, timestamp_ms DESC);
CREATE INDEX IF NOT EXISTS longshore_trace_info_name ON trace_info (experiment_id, substr(trace_name, 1, 100));
CREATE INDEX IF NOT EXISTS longshore_trace_info_client_request ON trace_info (client_request_id);
CREATE INDEX IF NOT EXISTS longshore_trace_tags_value ON trace_tags ("key", substr("value", 1, 100), request_id);
CREATE INDEX IF NOT EXISTS longshore_trace_metadata_value ON trace_request_metadata ("key", substr("value", 1, 100), request_id);
CREATE INDEX IF NOT EXISTS longshore_assessments_value ON assessments (experiment_id, name, substr("value", 1, 100), trace_id);
