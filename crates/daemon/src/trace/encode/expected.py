"""Prints `expected.hex`: the span of the test in `encode.rs`, written by the real library.

    pip install opentelemetry-proto==1.45.2 && python expected.py > expected.hex
"""

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

START = 1_700_000_000_123_456_789
VERSION = "0.1.0"

attributes = [
    KeyValue(key="longshore.model.name", value=AnyValue(string_value="wine")),
    KeyValue(key="longshore.rows", value=AnyValue(int_value=300)),
    KeyValue(key="longshore.decode.seconds", value=AnyValue(double_value=0.25)),
    KeyValue(key="negative", value=AnyValue(int_value=-2)),
]
span = Span(
    trace_id=bytes(range(1, 17)),
    span_id=b"\xa1" * 8,
    trace_state="vendor=1",
    parent_span_id=b"\xb2" * 8,
    name="POST /v1/models/{model}:predict",
    kind=Span.SPAN_KIND_SERVER,
    start_time_unix_nano=START,
    end_time_unix_nano=START + 1_500_000,
    attributes=attributes,
    status=Status(code=Status.STATUS_CODE_ERROR, message="the model failed on these rows"),
    flags=0x301,
)
resource = Resource(attributes=[KeyValue(key="service.name", value=AnyValue(string_value="wine-é"))])
scope = ScopeSpans(scope=InstrumentationScope(name="longshore", version=VERSION), spans=[span])
request = ExportTraceServiceRequest(resource_spans=[ResourceSpans(resource=resource, scope_spans=[scope])])
print(request.SerializeToString(deterministic=True).hex())
