"""Credentials that are not in the environment: web identity, Pod Identity, the instance's role."""

from __future__ import annotations

import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from agents import Agent, Metadata, PodIdentity
from check_s3 import fails
from conftest import Cloud
from processes import EXAMPLES, Longshore
from proxy import Proxy


@pytest.fixture(scope="session")
def session(cloud: Cloud) -> dict[str, str]:
    """Temporary keys of the role."""
    cloud.enforce(after=1)
    made = cloud.client("sts").assume_role_with_web_identity(RoleArn=cloud.role, RoleSessionName="session", WebIdentityToken="a.web.token")
    made = made["Credentials"]
    cloud.enforce()
    return {"AccessKeyId": made["AccessKeyId"], "SecretAccessKey": made["SecretAccessKey"], "Token": made["SessionToken"]}


def place(cloud: Cloud) -> dict[str, object]:
    return {"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL_S3": cloud.url}


def test_a_web_identity_is_exchanged_for_the_role(cloud: Cloud, cache: Path, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a.web.token\n")
    env = place(cloud) | {"AWS_ENDPOINT_URL_STS": cloud.url, "AWS_ROLE_ARN": cloud.role, "AWS_WEB_IDENTITY_TOKEN_FILE": token}
    cloud.enforce(after=1)
    with Longshore("wine=s3://models/wine", "--cache-dir", cache, **env) as server:
        assert server.ready().predict().ok


def test_a_web_identity_that_may_not_read_names_its_role(cloud: Cloud, cache: Path, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a.web.token")
    env = place(cloud) | {"AWS_ENDPOINT_URL_STS": cloud.url, "AWS_ROLE_ARN": cloud.role, "AWS_WEB_IDENTITY_TOKEN_FILE": token}
    cloud.enforce(after=1)
    words = fails(cache, "s3://artifacts/wine", **env)
    assert "web identity (IRSA)" in words and "model-reader" in words and "`s3:ListBucket` on `arn:aws:s3:::artifacts`" in words


def test_a_missing_token_file_is_named(cloud: Cloud, cache: Path) -> None:
    env = place(cloud) | {"AWS_ENDPOINT_URL_STS": cloud.url, "AWS_ROLE_ARN": cloud.role, "AWS_WEB_IDENTITY_TOKEN_FILE": "/no/such/token"}
    assert "/no/such/token" in fails(cache, "s3://models/wine", **env)


def test_pod_identity_and_a_token_that_is_replaced(cloud: Cloud, cache: Path, tmp_path: Path, session: dict[str, str]) -> None:
    token = tmp_path / "token"
    token.write_text("first")
    with PodIdentity(session, "first", 4) as agent:
        env = place(cloud) | {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{agent.url}/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token,
        }
        with Longshore("wine=s3://models/wine", "--cache-dir", cache, "--poll", "1", **env) as server:
            assert server.ready().predict().ok
            first = len(agent.asked)
            assert first == 1, "one exchange serves every connection"
            agent.token = "second"
            token.write_text("second")
            server.wait_for(lambda: agent.asked[-1][2].get("authorization") == "second", 15)
            checked = server.metric("longshore_storage_last_check_timestamp_seconds", model="wine")
            server.wait_for(lambda: server.metric("longshore_storage_last_check_timestamp_seconds", model="wine") > checked, 10)
            assert "stays at" not in server.log


def test_pod_identity_that_refuses_says_what_to_do(cloud: Cloud, cache: Path, tmp_path: Path, session: dict[str, str]) -> None:
    token = tmp_path / "token"
    token.write_text("old")
    with PodIdentity(session, "new", 60) as agent:
        env = place(cloud) | {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{agent.url}/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token,
        }
        words = fails(cache, "s3://models/wine", **env)
    assert "Pod Identity" in words and "service account" in words and "token has expired" in words


def test_the_instances_role_by_its_second_version(cloud: Cloud, cache: Path, session: dict[str, str]) -> None:
    with Metadata(session) as agent:
        env = place(cloud) | {"AWS_EC2_METADATA_SERVICE_ENDPOINT": agent.url, "AWS_EC2_METADATA_DISABLED": "false"}
        with Longshore("wine=s3://models/wine", "--cache-dir", cache, **env) as server:
            assert server.ready().predict().ok
        words = fails(cache, "s3://artifacts/wine", **env)
    assert "IMDSv2" in words and "model-reader" in words


def test_a_session_that_has_ended_says_so(cloud: Cloud, cache: Path, session: dict[str, str]) -> None:
    class Refusing(Agent):
        def answer(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
            return 400, "<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"

    with Refusing() as storage:
        env = {
            "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
            "AWS_SESSION_TOKEN": session["Token"],
            "AWS_ENDPOINT_URL": storage.url,
        }
        words = fails(cache, "s3://models/wine", **env)
        assert len(storage.asked) <= 2
    assert "temporary keys" in words and "has expired" in words and session["AccessKeyId"] in words
    assert session["Token"] not in words


def test_a_wrong_clock_is_taken_from_the_storage(cache: Path) -> None:
    class Ahead(Agent):
        """A storage whose clock is an hour ahead, and which minds."""

        def answer(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
            signed = time.mktime(time.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ")) - time.timezone
            if abs(signed - (time.time() + 3600)) > 900:
                return 403, "<Error><Code>RequestTimeTooSkewed</Code><Message>The difference is too large.</Message></Error>"
            return 200, "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>" if "list-type" in path else ""

    before = BaseHTTPRequestHandler.date_time_string
    BaseHTTPRequestHandler.date_time_string = lambda self, timestamp=None: formatdate(time.time() + 3600, usegmt=True)
    try:
        with Ahead() as storage:
            env = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": storage.url}
            words = fails(cache, "s3://models/wine", **env)
    finally:
        BaseHTTPRequestHandler.date_time_string = before
    assert "clock differs" in words and "RequestTimeTooSkewed" not in words


def test_a_public_bucket_is_asked_without_a_signature(cloud: Cloud, cache: Path, proxy: Proxy) -> None:
    s3 = cloud.client("s3")
    body = (EXAMPLES / "wine/model/model.skops").read_bytes()
    s3.put_object(Bucket="models", Key="public/wine.skops", Body=body, ACL="public-read")
    cloud.enforce(after=1000)
    try:
        env = {"AWS_ENDPOINT_URL": proxy.url, "AWS_REGION": "eu-west-1"}
        with Longshore("wine=s3://models/public/wine.skops", "--cache-dir", cache, "--s3-anonymous", **env) as server:
            assert server.ready().predict().ok
        assert "nobody (`--s3-anonymous`)" in fails(cache, "s3://models/files/wine.skops", **env, LONGSHORE_S3_ANONYMOUS="true")
    finally:
        cloud.enforce()
    assert proxy.signed == 0
