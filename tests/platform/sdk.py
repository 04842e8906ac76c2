"""What people do with KServe's own Python SDK, each step checked.

usage: sdk.py NAMESPACE GATEWAY DOMAIN ANSWERS
"""

import asyncio
import json
import pathlib
import sys
import time

import numpy as np
from kserve import (
    InferenceGRPCClient,
    InferenceRESTClient,
    InferInput,
    InferRequest,
    KServeClient,
    RESTConfig,
    V1beta1InferenceService,
    V1beta1InferenceServiceSpec,
    V1beta1ModelFormat,
    V1beta1ModelSpec,
    V1beta1PredictorSpec,
    constants,
)
from kubernetes.client import V1ObjectMeta, V1ResourceRequirements

namespace, gateway, domain, known = *sys.argv[1:4], json.loads(pathlib.Path(sys.argv[4]).read_text())
NAME = "sdk-iris"
host = f"{NAME}.{namespace}.{domain}"
rows, answers = known["rows"], known["answers"]


def service(version: str, percent: int | None = None) -> V1beta1InferenceService:
    """The service as the SDK's examples build it: the model's container has the name that the SDK gives it, the empty one."""
    model = V1beta1ModelSpec(
        name="",
        model_format=V1beta1ModelFormat(name="sklearn"),
        storage_uri=f"s3://models/iris/{version}",
        resources=V1ResourceRequirements(requests={"cpu": "50m", "memory": "64Mi"}, limits={"cpu": "500m", "memory": "256Mi"}),
    )
    predictor = V1beta1PredictorSpec(min_replicas=1, canary_traffic_percent=percent, model=model)
    return V1beta1InferenceService(
        api_version=constants.KSERVE_GROUP + "/v1beta1",
        kind="InferenceService",
        metadata=V1ObjectMeta(name=NAME, namespace=namespace),
        spec=V1beta1InferenceServiceSpec(predictor=predictor),
    )


async def by_rest() -> list[int]:
    client = InferenceRESTClient(RESTConfig(protocol="v1", retries=0))
    reply = await client.infer(f"http://{gateway}", {"instances": rows}, headers={"host": host}, model_name=NAME)
    return reply["predictions"]


async def by_grpc() -> list[int]:
    client = InferenceGRPCClient(url=f"{gateway}:80", channel_args=[("grpc.default_authority", host)], retries=0)
    tensor = InferInput(name="input-0", shape=[3, 4], datatype="FP64")
    tensor.set_data_from_numpy(np.array(rows), binary_data=False)
    reply = await client.infer(InferRequest(model_name=NAME, infer_inputs=[tensor]))
    return [int(value) for value in reply.outputs[0].as_numpy()]


def expect(what: str, seen: object, wanted: object) -> None:
    if seen != wanted:
        sys.exit(f"{what}: {seen}, wanted {wanted}")


client = KServeClient()
begun = time.monotonic()
client.create(service("v1"))
client.wait_isvc_ready(NAME, namespace=namespace, timeout_seconds=60, polling_interval=1)
ready = time.monotonic() - begun
expect("REST", asyncio.run(by_rest()), answers["v1"])
expect("gRPC", asyncio.run(by_grpc()), answers["v1"])
client.patch(NAME, service("v2", 10), namespace=namespace)
client.wait_isvc_ready(NAME, namespace=namespace, timeout_seconds=60, polling_interval=1)
traffic = client.get(NAME, namespace=namespace)["status"]["components"]["predictor"]["traffic"]
expect("the shares", sorted(part["percent"] for part in traffic), [10, 90])
expect("tags", [part.get("tag") for part in traffic if part["percent"] == 90], ["prev"])
client.delete(NAME, namespace=namespace)
print(f"created and ready after {ready:.1f} s, REST and gRPC answer, a patch made a canary of 10 % with the tag `prev` on the rest, deleted")
