//! What a version has done, as Triton's statistics count it.

use std::{
    sync::atomic::Ordering::Relaxed,
    time::{Duration, UNIX_EPOCH},
};

use longshore_kserve::v2::{InferenceStatistics, ModelStatistics, Total};

use super::{ANSWERED, CLASSES, FAILED, ModelMetrics, Shard};

impl ModelMetrics {
    /// What was counted until now, of a version of a model.
    pub(crate) fn statistics(&self, name: &str, version: &str) -> ModelStatistics {
        let sum = |counter: fn(&Shard) -> &std::sync::atomic::AtomicU64| self.sum(counter);
        let class = |class: usize| -> u64 {
            let shards = self.shards.iter().flat_map(|shard| &shard.requests);
            shards.filter_map(|classes| classes.get(class)).map(|c| c.load(Relaxed)).sum()
        };
        let answered = class(0);
        // a stream has no part of its own for each of these
        let parted = answered.saturating_sub(sum(|shard| &shard.streams[ANSWERED]));
        // a request that is answered with kept outputs is not computed
        let hits = sum(|shard| &shard.hits);
        let computed = parted.saturating_sub(hits);
        // each request that shares a run has the time of the whole run
        let ran = computed + sum(|shard| &shard.stream_runs);
        ModelStatistics {
            name: name.to_owned(),
            version: version.to_owned(),
            last_inference: self.last_inference(),
            inference_count: sum(|shard| &shard.rows),
            execution_count: sum(|shard| &shard.executions),
            inference_stats: InferenceStatistics {
                success: Total { count: answered, ns: sum(|shard| &shard.nanos[ANSWERED]) },
                fail: Total {
                    count: (1..CLASSES.len()).map(class).sum(),
                    ns: sum(|shard| &shard.nanos[FAILED]),
                },
                queue: Total { count: parted, ns: sum(|shard| &shard.queue_nanos) },
                compute_input: Total { count: computed, ns: sum(|shard| &shard.input_nanos) },
                compute_infer: Total { count: ran, ns: sum(|shard| &shard.run_nanos) },
                compute_output: Total { count: computed, ns: sum(|shard| &shard.output_nanos) },
                cache_hit: Total { count: hits, ns: sum(|shard| &shard.hit_nanos) },
                cache_miss: Total {
                    count: sum(|shard| &shard.misses),
                    ns: sum(|shard| &shard.miss_nanos),
                },
            },
            batch_stats: Vec::new(),
        }
    }

    /// When it answered last, in milliseconds since 1970; 0 when it never has.
    fn last_inference(&self) -> u64 {
        let last = self.shards.iter().map(|shard| shard.last.load(Relaxed)).max().unwrap_or(0);
        if last == 0 {
            return 0;
        }
        let (_, since) = self.begun;
        let since = since.duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from((since + Duration::from_nanos(last)).as_millis()).unwrap_or(u64::MAX)
    }
}
