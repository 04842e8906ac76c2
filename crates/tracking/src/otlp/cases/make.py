"""Writes what MLflow 3.17 makes of spans: `translate.json` (attributes in, attributes out) and `spans.json` (requests
of OTLP, what is kept of each span and how it is printed). Run it in an environment with `mlflow` and `opentelemetry-proto`.
"""

import base64
import json
from pathlib import Path

from google.protobuf.json_format import MessageToDict, ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from mlflow.entities.span import LazySpan, Span
from mlflow.tracing.otel.translation import translate_span_when_storing
from mlflow.tracing.utils import TraceJSONEncoder
from mlflow.utils.proto_json_utils import message_to_json

HERE = Path(__file__).parent
TRACE, ROOT, CHILD = "0102030405060708090a0b0c0d0e0f10", "00000000000000a1", "00000000000000b2"


def any_value(value):
    match value:
        case None:
            return {}
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case str():
            return {"stringValue": value}
        case list():
            return {"arrayValue": {"values": [any_value(it) for it in value]}}
        case dict():
            return {"kvlistValue": {"values": attributes(value)}}


def attributes(pairs):
    return [{"key": key, "value": any_value(value)} for key, value in pairs.items()]


def request(spans, resource=None):
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": attributes(resource or {})},
                "scopeSpans": [{"spans": spans}],
            }
        ]
    }


def span(pairs, **more):
    return {
        "traceId": TRACE,
        "spanId": ROOT,
        "name": "step",
        "startTimeUnixNano": "1700000000000000001",
        "endTimeUnixNano": "1700000001000000002",
        "attributes": attributes(pairs),
    } | more


def parsed(body):
    body = json.loads(json.dumps(body))
    for resource in body["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for it in scope["spans"]:
                for place in [it, *it.get("links", [])]:
                    for key in ("traceId", "spanId", "parentSpanId"):
                        if key in place:
                            place[key] = base64.b64encode(bytes.fromhex(place[key])).decode()
    message = ParseDict(body, ExportTraceServiceRequest())
    for resource in message.resource_spans:
        for scope in resource.scope_spans:
            for it in scope.spans:
                yield Span.from_otel_proto(it, resource=resource.resource)


SPANS = [
    request(
        [
            span(
                {
                    "mlflow.spanInputs": {"z": 1, "a": [True, None, 1.5, "ä"]},
                    "mlflow.spanOutputs": "42",
                    "mlflow.spanType": "LLM",
                    "n": 7,
                    "empty": [],
                    "nothing": {},
                    "text": 'a "quoted"\n\b text',
                },
                status={"code": 2, "message": "it broke"},
                events=[
                    {
                        "name": "exception",
                        "timeUnixNano": "1700000000500000000",
                        "attributes": attributes({"exception.type": "E", "at": 3}),
                    }
                ],
                links=[
                    {
                        "traceId": "f" * 32,
                        "spanId": "00000000000000c3",
                        "attributes": attributes({"why": "retry"}),
                    },
                    {"traceId": "1".rjust(32, "0"), "spanId": "2".rjust(16, "0")},
                ],
            ),
            span({}, spanId=CHILD, parentSpanId=ROOT, name="child", status={"code": 1}),
        ],
        {"service.name": "app", "telemetry.sdk.name": "x"},
    ),
]

OPENAI = [{"role": "user", "content": "hello"}]
TRANSLATIONS = [
    ({"openinference.span.kind": "LLM", "input.value": "q", "output.value": {"a": 1}, "llm.model_name": "m", "llm.provider": "p", "llm.token_count.prompt": 3, "llm.token_count.completion": 4, "llm.token_count.prompt_details.cache_read": 1}, []),
    ({"openinference.span.kind": "SOMETHING", "gen_ai.operation.name": "chat", "gen_ai.request.model": "m1", "gen_ai.response.model": "m2", "gen_ai.provider.name": "openai", "gen_ai.input.messages": OPENAI, "gen_ai.output.messages": OPENAI, "gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 6, "gen_ai.usage.cache_creation.input_tokens": 2, "gen_ai.tool.definitions": [{"name": "t"}]}, []),
    ({"mlflow.spanType": "UNKNOWN", "gen_ai.operation.name": "execute_tool", "gen_ai.tool.call.arguments": '{"x": 1}', "gen_ai.tool.call.result": "ok"}, []),
    ({"mlflow.spanType": "AGENT", "mlflow.spanInputs": '{"model": "gpt-x"}', "gen_ai.operation.name": "chat"}, []),
    ({"traceloop.span.kind": "workflow", "traceloop.entity.input": "{}", "gen_ai.prompt.0.content": "why", "gen_ai.completion.12.content": "so", "gen_ai.system": "anthropic", "gen_ai.usage.prompt_tokens": "10", "llm.usage.total_tokens": 12}, []),
    ({"gcp.vertex.agent.llm_request": {"q": 1}, "gcp.vertex.agent.llm_response": {"r": 2}}, []),
    ({"ai.operationId": "ai.generateText", "ai.prompt": '{"p": 1}', "ai.response.text": "done"}, []),
    ({"ai.operationId": "ai.generateText.doGenerate", "ai.prompt.messages": json.dumps(OPENAI), "ai.prompt.tools": ['{"name": "t"}'], "ai.response.text": "done", "ai.response.id": "1"}, []),
    ({"voltagent.operation_id": "o", "entity.type": "agent", "agent.messages": OPENAI, "output": "x", "usage.prompt_tokens": 1, "usage.completion_tokens": 2, "usage.total_tokens": 3}, []),
    ({"voltagent.operation_id": "o", "span.type": "memory", "entity.type": "agent", "input": "i"}, []),
    ({"lk.agent_name": "a", "lk.user_input": "hi", "lk.response.text": "ho"}, []),
    ({"lk.function_tool.name": "f"}, [("gen_ai.system.message", {"content": "be nice"}), ("gen_ai.user.message", {"content": '[{"type": "text"}]'}), ("gen_ai.choice", {"content": "yes", "role": "assistant"})]),
    ({"lmnr.span.type": "EXECUTOR", "lmnr.span.input": [1], "lmnr.span.output": [2], "gen_ai.system": "openai"}, []),
    ({"langfuse.observation.type": "generation", "langfuse.observation.input": "a", "langfuse.observation.output": "b"}, []),
    ({"gen_ai.agent.name": "gemini-cli", "gen_ai.operation.name": "llm_call", "gen_ai.input.messages": [{"role": "user", "parts": [{"text": "a"}]}], "gen_ai.output.messages": [{"role": "model", "parts": [{"text": "b"}]}, {"role": "model", "parts": [{"text": "c"}]}]}, []),
    ({"gen_ai.agent.name": "gemini-cli", "gen_ai.operation.name": "user_prompt", "gen_ai.input.messages": "plain"}, []),
    ({"span.type": "claude_code.llm_request", "input_tokens": 3, "output_tokens": 4, "cache_read_tokens": 5, "cache_creation_tokens": "6", "new_context": "ctx", "response.model_output": "out"}, []),
    ({"span.type": "tool", "tool_input": "<REDACTED>", "full_command": "ls", "file_path": "a"}, [("tool.output", {"output": "<REDACTED>", "content": "text"})]),
    ({"span.type": "interaction", "user_prompt": "<REDACTED>", "new_context": "ctx"}, []),
    ({"gen_ai.operation.name": "chat"}, [("gen_ai.content.prompt", {"gen_ai.prompt": "p"}), ("gen_ai.content.completion", {"gen_ai.completion": "c"})]),
    ({"mlflow.chat.tokenUsage": '{"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}', "mlflow.llm.cost": '{"input_cost": 0.5}', "k": "1"}, []),
    ({"mlflow.spanOutputs": {"model": "from-output"}}, []),
]


def kept(it):
    return json.dumps(translate_span_when_storing(it), cls=TraceJSONEncoder, ensure_ascii=False)


def main():
    spans = []
    for body in SPANS:
        made = []
        for it in parsed(body):
            content = kept(it)
            stored = LazySpan.from_stored_content(content)
            made.append({
                "content": content,
                "message": json.loads(message_to_json(stored.to_otel_proto())),
                "trace_id": it.trace_id,
                "span_id": it.span_id,
                "parent_id": it.parent_id,
            })
        spans.append({"request": body, "spans": made})
    (HERE / "spans.json").write_text(json.dumps(spans, indent=1, ensure_ascii=False) + "\n")
    cases = []
    for pairs, events in TRANSLATIONS:
        events = [{"name": name, "timeUnixNano": "1", "attributes": attributes(it)} for name, it in events]
        body = request([span(pairs, events=events)])
        [it] = parsed(body)
        cases.append({"request": body, "attributes": json.loads(kept(it))["attributes"]})
    (HERE / "translate.json").write_text(json.dumps(cases, indent=1, ensure_ascii=False) + "\n")


main()
