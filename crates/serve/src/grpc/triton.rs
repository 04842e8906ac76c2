//! The messages of Triton's extensions: `ModelConfigResponse` and `ModelStatisticsResponse`.

use longshore_kserve::v2::{
    ConfigInput, ConfigOutput, InferenceStatistics, ModelConfig, ModelStatistics, Statistics, Total,
};

use crate::protobuf::Writer;

pub(super) fn config(reply: &mut Writer, config: &ModelConfig) {
    reply.message(1, |writer| {
        writer.text(1, &config.name);
        writer.text(2, &config.platform);
        let policy = config.version_policy.as_ref();
        if let Some(specific) = policy.and_then(|policy| policy.specific.as_ref()) {
            writer.message(3, |policy| {
                let versions = specific.versions.iter().copied();
                policy.message(3, |specific| specific.integers(1, versions));
            });
        }
        writer.integer(4, i64::from(config.max_batch_size));
        for ConfigInput { name, data_type, dims, optional } in &config.input {
            writer.message(5, |input| {
                input.text(1, name);
                input.integer(2, i64::from(data_type.number()));
                input.integers(4, dims.iter().copied());
                input.boolean(8, *optional);
            });
        }
        for ConfigOutput { name, data_type, dims } in &config.output {
            writer.message(6, |output| {
                output.text(1, name);
                output.integer(2, i64::from(data_type.number()));
                output.integers(3, dims.iter().copied());
            });
        }
        writer.text(17, &config.backend);
    });
}

pub(super) fn statistics(reply: &mut Writer, statistics: &Statistics) {
    for model in &statistics.model_stats {
        reply.message(1, |writer| self::model(writer, model));
    }
}

fn model(writer: &mut Writer, model: &ModelStatistics) {
    writer.text(1, &model.name);
    writer.text(2, &model.version);
    writer.integer(3, model.last_inference as i64);
    writer.integer(4, model.inference_count as i64);
    writer.integer(5, model.execution_count as i64);
    let InferenceStatistics {
        success,
        fail,
        queue,
        compute_input,
        compute_infer,
        compute_output,
        cache_hit,
        cache_miss,
    } = model.inference_stats;
    writer.message(6, |writer| {
        total(writer, 1, success);
        total(writer, 2, fail);
        total(writer, 3, queue);
        total(writer, 4, compute_input);
        total(writer, 5, compute_infer);
        total(writer, 6, compute_output);
        total(writer, 7, cache_hit);
        total(writer, 8, cache_miss);
    });
}

fn total(writer: &mut Writer, number: u32, total: Total) {
    writer.message(number, |writer| {
        writer.integer(1, total.count as i64);
        writer.integer(2, total.ns as i64);
    });
}
