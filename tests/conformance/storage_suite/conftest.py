"""What every check shares: moto with users of different rights, models in it, and an MLflow server."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
import requests
from botocore.config import Config
from processes import EXAMPLES, free_port, moto
from proxy import Proxy

BUCKET = "models"
LARGE = 24 << 20


@dataclass
class Cloud:
    """moto with IAM enforced."""

    port: int
    users: dict[str, dict[str, str]]
    role: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str, user: str = "admin") -> object:
        keys = self.users[user]
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="eu-west-1",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
        )

    def enforce(self, after: int = 0) -> None:
        """Ask everybody who they are, after so many requests more: moto wants even STS's unsigned ones signed."""
        requests.post(f"{self.url}/moto-api/reset-auth", data=str(after), timeout=10).raise_for_status()

    def env(self, user: str = "reader", endpoint: str | None = None, **more: object) -> dict[str, object]:
        """The variables of somebody with static keys."""
        keys = self.users[user]
        return {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_REGION": "eu-west-1",
            "AWS_ENDPOINT_URL": endpoint or self.url,
        } | more


def policy(*statements: tuple[list[str], list[str]]) -> str:
    made = [{"Effect": "Allow", "Action": actions, "Resource": resources} for actions, resources in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": made})


READ = policy((["s3:GetObject"], [f"arn:aws:s3:::{BUCKET}/*"]), (["s3:ListBucket"], [f"arn:aws:s3:::{BUCKET}"]))
POLICIES = {
    "admin": policy((["s3:*", "sts:*", "iam:*"], ["*"])),
    "reader": READ,
    "lister": policy((["s3:ListBucket"], [f"arn:aws:s3:::{BUCKET}"])),
    "getter": policy((["s3:GetObject"], [f"arn:aws:s3:::{BUCKET}/*"])),
    "nobody": policy((["sts:GetCallerIdentity"], ["*"])),
}


def upload(client: object, folder: Path, prefix: str) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            client.put_object(Bucket=BUCKET, Key=f"{prefix}/{path.relative_to(folder)}", Body=path.read_bytes())


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    port = free_port()
    with moto(port):
        # until users exist, nobody is asked who they are
        free = {"endpoint_url": f"http://127.0.0.1:{port}", "region_name": "eu-west-1"}
        free |= {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        iam = boto3.client("iam", **free)
        users = {}
        for name, document in POLICIES.items():
            iam.create_user(UserName=name)
            iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
            made = iam.create_access_key(UserName=name)["AccessKey"]
            users[name] = {key: made[key] for key in ("AccessKeyId", "SecretAccessKey")}
        trust = json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Principal": {"Federated": "*"}, "Action": "sts:AssumeRoleWithWebIdentity"}],
            }
        )
        role = iam.create_role(RoleName="model-reader", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        iam.put_role_policy(RoleName="model-reader", PolicyName="own", PolicyDocument=READ)
        cloud = Cloud(port, users, role)
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        s3.create_bucket(Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        upload(s3, EXAMPLES / "wine/model", "wine")
        s3.put_object(Bucket=BUCKET, Key="files/wine.skops", Body=(EXAMPLES / "wine/model/model.skops").read_bytes())
        # a model with a large companion, so that there is something to interrupt
        upload(s3, EXAMPLES / "wine/model", "large")
        s3.put_object(Bucket=BUCKET, Key="large/weights.bin", Body=os.urandom(LARGE))
        cloud.enforce()
        yield cloud


@pytest.fixture
def proxy(cloud: Cloud) -> Iterator[Proxy]:
    with Proxy(cloud.port) as proxy:
        yield proxy


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"
