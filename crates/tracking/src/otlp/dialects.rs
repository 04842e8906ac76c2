//! How makers of spans name what MLflow wants to know: attributes by convention. The names are those of the
//! conventions' own documents; their order is MLflow's, because the first that says something counts.

/// What a convention calls things.
pub(super) struct Dialect {
    /// The attributes that say what kind of step a span is, and what MLflow calls each kind.
    pub(super) kind: &'static [&'static str],
    pub(super) kinds: &'static [(&'static str, &'static str)],
    /// What went in and came out.
    pub(super) inputs: &'static [&'static str],
    pub(super) outputs: &'static [&'static str],
    /// Tokens that went in, came out, both; that were read from a cache and written to it.
    pub(super) tokens: [&'static [&'static str]; 5],
    /// The model.
    pub(super) models: &'static [&'static str],
    /// Who runs the model.
    pub(super) provider: Option<&'static str>,
}

const NOTHING: Dialect = Dialect {
    kind: &[],
    kinds: &[],
    inputs: &[],
    outputs: &[],
    tokens: [&[]; 5],
    models: &[],
    provider: None,
};

/// <https://github.com/Arize-ai/openinference>
pub(super) const OPEN_INFERENCE: Dialect = Dialect {
    kind: &["openinference.span.kind"],
    kinds: &[
        ("TOOL", "TOOL"),
        ("CHAIN", "CHAIN"),
        ("LLM", "LLM"),
        ("RETRIEVER", "RETRIEVER"),
        ("EMBEDDING", "EMBEDDING"),
        ("AGENT", "AGENT"),
        ("RERANKER", "RERANKER"),
        ("UNKNOWN", "UNKNOWN"),
        ("GUARDRAIL", "GUARDRAIL"),
        ("EVALUATOR", "EVALUATOR"),
    ],
    inputs: &["input.value"],
    outputs: &["output.value"],
    tokens: [
        &["llm.token_count.prompt"],
        &["llm.token_count.completion"],
        &["llm.token_count.total"],
        &["llm.token_count.prompt_details.cache_read"],
        &["llm.token_count.prompt_details.cache_write"],
    ],
    models: &[
        "llm.response.model_name",
        "llm.model_name",
        "llm.request.model_name",
        "embedding.model_name",
    ],
    provider: Some("llm.provider"),
};

/// <https://opentelemetry.io/docs/specs/semconv/gen-ai/>
pub(super) const GEN_AI: Dialect = Dialect {
    kind: &["gen_ai.operation.name"],
    kinds: &[
        ("chat", "CHAT_MODEL"),
        ("create_agent", "AGENT"),
        ("embeddings", "EMBEDDING"),
        ("execute_tool", "TOOL"),
        ("generate_content", "LLM"),
        ("invoke_agent", "AGENT"),
        ("text_completion", "LLM"),
        ("response", "LLM"),
    ],
    inputs: &["gen_ai.input.messages", "gen_ai.tool.call.arguments"],
    outputs: &["gen_ai.output.messages", "gen_ai.tool.call.result"],
    tokens: [
        &["gen_ai.usage.input_tokens"],
        &["gen_ai.usage.output_tokens"],
        &[],
        &["gen_ai.usage.cache_read.input_tokens"],
        &["gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens"],
    ],
    models: &["gen_ai.response.model", "gen_ai.request.model"],
    provider: Some("gen_ai.provider.name"),
};

/// <https://github.com/traceloop/openllmetry>
pub(super) const TRACELOOP: Dialect = Dialect {
    kind: &["traceloop.span.kind"],
    kinds: &[
        ("workflow", "WORKFLOW"),
        ("task", "TASK"),
        ("agent", "AGENT"),
        ("tool", "TOOL"),
        ("unknown", "UNKNOWN"),
    ],
    // a `#` stands for digits
    inputs: &[
        "traceloop.entity.input",
        "gen_ai.prompt.#.content",
        "gen_ai.completion.#.tool_calls.#.arguments",
    ],
    outputs: &["traceloop.entity.output", "gen_ai.completion.#.content"],
    tokens: [
        &["gen_ai.usage.prompt_tokens"],
        &["gen_ai.usage.completion_tokens"],
        &["llm.usage.total_tokens"],
        &[],
        &[],
    ],
    provider: Some("gen_ai.system"),
    ..NOTHING
};

/// <https://github.com/google/adk-python>
pub(super) const GOOGLE_ADK: Dialect = Dialect {
    inputs: &["gcp.vertex.agent.llm_request", "gcp.vertex.agent.tool_call_args"],
    outputs: &["gcp.vertex.agent.llm_response", "gcp.vertex.agent.tool_response"],
    ..NOTHING
};

/// <https://ai-sdk.dev/docs/ai-sdk-core/telemetry>
pub(super) const VERCEL: Dialect = Dialect {
    kind: &["ai.operationId"],
    kinds: &[
        ("ai.generateText", "LLM"),
        ("ai.generateText.doGenerate", "LLM"),
        ("ai.toolCall", "TOOL"),
        ("ai.streamText", "LLM"),
        ("ai.streamText.doStream", "LLM"),
        ("ai.generateObject", "LLM"),
        ("ai.generateObject.doGenerate", "LLM"),
        ("ai.streamObject", "LLM"),
        ("ai.streamObject.doStream", "LLM"),
        ("ai.embed", "EMBEDDING"),
        ("ai.embed.doEmbed", "EMBEDDING"),
        ("ai.embedMany", "EMBEDDING"),
    ],
    inputs: &["ai.prompt", "ai.toolCall.args", "ai.value", "ai.values"],
    outputs: &[
        "ai.response.text",
        "ai.toolCall.result",
        "ai.response.object",
        "ai.embedding",
        "ai.embeddings",
    ],
    ..NOTHING
};

/// <https://voltagent.dev/docs>. A child has the `entity.type` of its parent, so that `span.type` comes first.
pub(super) const VOLT_AGENT: Dialect = Dialect {
    kind: &["span.type", "entity.type"],
    kinds: &[("agent", "AGENT"), ("llm", "LLM"), ("tool", "TOOL"), ("memory", "MEMORY")],
    inputs: &["agent.messages", "llm.messages", "input"],
    outputs: &["output"],
    tokens: [
        &["usage.prompt_tokens", "llm.usage.prompt_tokens"],
        &["usage.completion_tokens", "llm.usage.completion_tokens"],
        &["usage.total_tokens", "llm.usage.total_tokens"],
        &[],
        &[],
    ],
    ..NOTHING
};

/// <https://docs.livekit.io/agents/observability/>
pub(super) const LIVE_KIT: Dialect = Dialect {
    inputs: &["lk.user_input", "lk.user_transcript", "lk.chat_ctx", "lk.input_text"],
    outputs: &["lk.response.text", "lk.response.function_calls"],
    ..NOTHING
};

/// <https://docs.lmnr.ai>
pub(super) const LAMINAR: Dialect = Dialect {
    kind: &["lmnr.span.type"],
    kinds: &[
        ("LLM", "LLM"),
        ("TOOL", "TOOL"),
        ("DEFAULT", "CHAIN"),
        ("PIPELINE", "CHAIN"),
        ("EXECUTOR", "AGENT"),
        ("EVALUATOR", "EVALUATOR"),
        ("HUMAN_EVALUATOR", "EVALUATOR"),
        ("EVALUATION", "EVALUATOR"),
        ("CACHED", "LLM"),
    ],
    inputs: &["lmnr.span.input"],
    outputs: &["lmnr.span.output"],
    ..NOTHING
};

/// <https://langfuse.com/integrations/native/opentelemetry>
pub(super) const LANGFUSE: Dialect = Dialect {
    kind: &["langfuse.observation.type"],
    kinds: &[
        ("generation", "LLM"),
        ("embedding", "EMBEDDING"),
        ("tool", "TOOL"),
        ("retriever", "RETRIEVER"),
        ("agent", "AGENT"),
        ("chain", "CHAIN"),
        ("evaluator", "EVALUATOR"),
        ("guardrail", "GUARDRAIL"),
        ("span", "UNKNOWN"),
    ],
    inputs: &["langfuse.observation.input"],
    outputs: &["langfuse.observation.output"],
    ..NOTHING
};
