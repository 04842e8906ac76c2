"""Moto as AWS, with the few calls that the Terraform roots need and moto has not.

usage: server.py PORT

Conditions in policies are worked out (conditions.py). Added, each as a plain store without behaviour of its own: EKS
add-ons, access entries and Pod Identity associations, AWS Backup's selections, who is told of a budget's notices.
Everything else is moto's.
"""

import json
import os
import re
import sys
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple

import conditions

ACCOUNT = "123456789012"
JSON = dict[str, Any]


class Missing(Exception):
    """What was asked for is not in the store."""


class Store:
    """What has been made, by its path below a cluster or a backup plan."""

    def __init__(self) -> None:
        """Begin empty."""
        self.items: dict[tuple[str, ...], JSON] = {}

    def get(self, *key: str) -> JSON:
        """Return one item; it must be there."""
        if key not in self.items:
            raise Missing("/".join(key))
        return self.items[key]

    def under(self, *prefix: str) -> list[JSON]:
        """Return the items directly below a path."""
        return [item for key, item in self.items.items() if key[:-1] == prefix]


STORE = Store()


def now() -> float:
    """Return the time as the JSON protocols write it."""
    return datetime.now(UTC).timestamp()


def arn(region: str, service: str, path: str) -> str:
    """Return the ARN of something in moto's account."""
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{path}"


def addon_versions(query: JSON) -> JSON:
    """Answer DescribeAddonVersions: one version, the default of whatever Kubernetes version is asked for."""
    name = query.get("addonName", ["any"])[0]
    kubernetes = query.get("kubernetesVersion", ["1.35"])[0]
    compatible = [{"clusterVersion": kubernetes, "defaultVersion": True, "platformVersions": ["*"]}]
    return {"addons": [{"addonName": name, "addonVersions": [{"addonVersion": "v1.0.0-eksbuild.1", "compatibilities": compatible}]}]}


def addons(method: str, cluster: str, name: str | None, body: JSON, region: str) -> JSON:
    """Answer the calls on a cluster's add-ons."""
    if method == "POST" and name is None:
        item = {
            "addonName": body["addonName"],
            "clusterName": cluster,
            "status": "ACTIVE",
            "addonVersion": body.get("addonVersion", "v1.0.0-eksbuild.1"),
            "addonArn": arn(region, "eks", f"addon/{cluster}/{body['addonName']}/{uuid.uuid4()}"),
            "createdAt": now(),
            "modifiedAt": now(),
            "tags": body.get("tags", {}),
            "health": {"issues": []},
            **{key: body[key] for key in ("configurationValues", "serviceAccountRoleArn") if key in body},
        }
        STORE.items[cluster, "addons", body["addonName"]] = item
        return {"addon": item}
    if name is None:
        return {"addons": [item["addonName"] for item in STORE.under(cluster, "addons")]}
    item = STORE.get(cluster, "addons", name)
    if method == "DELETE":
        del STORE.items[cluster, "addons", name]
    return {"addon": item}


def access_entries(method: str, cluster: str, principal: str | None, policy: tuple[str | None, bool], body: JSON, region: str) -> JSON:
    """Answer the calls on a cluster's access entries and on the policies bound to them."""
    if method == "POST" and principal is None:
        principal = body["principalArn"]
        item = {
            "clusterName": cluster,
            "principalArn": principal,
            "accessEntryArn": arn(region, "eks", f"access-entry/{cluster}/role/{ACCOUNT}/{principal.rsplit('/', 1)[-1]}/{uuid.uuid4()}"),
            "kubernetesGroups": body.get("kubernetesGroups", []),
            "type": body.get("type", "STANDARD"),
            "username": body.get("username", principal),
            "createdAt": now(),
            "modifiedAt": now(),
            "tags": body.get("tags", {}),
        }
        STORE.items[cluster, "access", principal] = item
        return {"accessEntry": item}
    if principal is None:
        return {"accessEntries": [item["principalArn"] for item in STORE.under(cluster, "access")]}
    item = STORE.get(cluster, "access", principal)
    name, policies = policy
    if policies and method == "POST":
        bound = {"policyArn": body["policyArn"], "accessScope": body["accessScope"], "associatedAt": now(), "modifiedAt": now()}
        STORE.items[cluster, "access", principal, body["policyArn"]] = bound
        return {"clusterName": cluster, "principalArn": principal, "associatedAccessPolicy": bound}
    if policies and method == "DELETE":
        STORE.items.pop((cluster, "access", principal, str(name)), None)
        return {}
    if policies:
        return {"clusterName": cluster, "principalArn": principal, "associatedAccessPolicies": STORE.under(cluster, "access", principal)}
    if method == "DELETE":
        for key in [key for key in STORE.items if key[:3] == (cluster, "access", principal)]:
            del STORE.items[key]
    return {"accessEntry": item}


def associations(method: str, cluster: str, name: str | None, body: JSON, region: str) -> JSON:
    """Answer the calls on a cluster's Pod Identity associations."""
    if method == "POST" and name is None:
        name = f"a-{uuid.uuid4().hex[:17]}"
        item = {
            "clusterName": cluster,
            "namespace": body["namespace"],
            "serviceAccount": body["serviceAccount"],
            "roleArn": body["roleArn"],
            "associationId": name,
            "associationArn": arn(region, "eks", f"podidentityassociation/{cluster}/{name}"),
            "tags": body.get("tags", {}),
        }
        STORE.items[cluster, "associations", name] = item
        return {"association": item}
    if name is None:
        return {"associations": STORE.under(cluster, "associations")}
    item = STORE.get(cluster, "associations", name)
    if method == "DELETE":
        del STORE.items[cluster, "associations", name]
    return {"association": item}


def selections(method: str, plan: str, name: str | None, body: JSON) -> JSON:
    """Answer the calls on a backup plan's selections."""
    if method == "PUT":
        name = str(uuid.uuid4())
        STORE.items[plan, "selections", name] = {
            "BackupSelection": body["BackupSelection"],
            "SelectionId": name,
            "BackupPlanId": plan,
            "CreationDate": now(),
        }
        return {"SelectionId": name, "BackupPlanId": plan, "CreationDate": now()}
    if name is None:
        found = STORE.under(plan, "selections")
        return {
            "BackupSelectionsList": [
                {"SelectionId": item["SelectionId"], "SelectionName": item["BackupSelection"]["SelectionName"]} for item in found
            ]
        }
    item = STORE.get(plan, "selections", name)
    if method == "DELETE":
        del STORE.items[plan, "selections", name]
    return item


def budgets(call: str, body: JSON) -> JSON | None:
    """Answer what moto has not of AWS Budgets: tags, and who is told of a notice. The budgets themselves stay moto's."""
    if call == "ListTagsForResource":
        return {"ResourceTags": []}
    if call in ("CreateNotification", "DescribeSubscribersForNotification"):
        notice = body["Notification"]
        key = (body["BudgetName"], f"{notice['NotificationType']} {float(notice['Threshold'])}")
        if call == "DescribeSubscribersForNotification":
            return STORE.get(*key)
        STORE.items[key] = {"Subscribers": body["Subscribers"]}
    return None


def answer(method: str, path: str, query: JSON, body: JSON, region: str) -> JSON | None:
    """Answer one call, or return nothing when it is moto's."""
    if path == "/addons/supported-versions":
        return addon_versions(query)
    if match := re.fullmatch(r"/clusters/([^/]+)/addons(?:/([^/]+))?(?:/update)?", path):
        return addons(method, match[1], match[2], body, region)
    if match := re.fullmatch(r"/clusters/([^/]+)/access-entries(?:/(arn:.+?)(?:(/access-policies)(?:/(arn:.+))?)?)?", path):
        return access_entries(method, match[1], match[2], (match[4], match[3] is not None), body, region)
    if match := re.fullmatch(r"/clusters/([^/]+)/pod-identity-associations(?:/([^/]+))?", path):
        return associations(method, match[1], match[2], body, region)
    if match := re.fullmatch(r"/backup/plans/([^/]+)/selections/?([^/]+)?", path):
        return selections(method, match[1], match[2], body)
    return None


class Application:
    """Moto's application behind the calls above."""

    def __init__(self) -> None:
        """Make moto's."""
        self.moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: JSON, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request, by ourselves or by moto."""
        path = environ.get("PATH_INFO", "")
        query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        self.note_conditions(environ, query)
        service, _, call = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
        if service != "AWSBudgetServiceGateway" and not path.startswith(("/clusters/", "/addons/", "/backup/plans/")):
            return self.moto(environ, start_response)
        raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(raw)
        body = json.loads(raw or b"{}")
        scope = re.search(r"Credential=[^/]+/\d+/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
        region = scope[1] if scope else "us-east-1"
        try:
            found = budgets(call, body) if call else answer(environ["REQUEST_METHOD"], path, query, body, region)
        except Missing as missing:
            return self.reply(start_response, "404 Not Found", {"message": f"{missing} is not there"}, "ResourceNotFoundException")
        if found is not None:
            return self.reply(start_response, "200 OK", found)
        return self.moto(environ, start_response)

    @staticmethod
    def note_conditions(environ: JSON, query: JSON) -> None:
        """Keep what policies' conditions ask about this request."""
        known = {"s3:prefix": query["prefix"][0]} if "prefix" in query else {}
        if encryption := environ.get("HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION"):
            known["s3:x-amz-server-side-encryption"] = encryption
        conditions.REQUEST.set(conditions.TLS | known)

    @staticmethod
    def reply(start_response: Callable[..., Any], status: str, body: JSON, error: str | None = None) -> Iterable[bytes]:
        """Write a JSON answer."""
        headers = [("Content-Type", "application/json")]
        if error:
            headers.append(("x-amzn-ErrorType", error))
        start_response(status, headers)
        return [json.dumps(body).encode()]


if __name__ == "__main__":
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    conditions.install()
    run_simple("127.0.0.1", int(sys.argv[1]), Application(), threaded=True, request_handler=MotoRequestHandler)
