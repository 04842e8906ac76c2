"""Uses what Terraform made: the reader's role under enforced rights, and what the restore guide says."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools import ACCOUNT, REGION, STATE_KEY, check, client, guide, refused, versions

# The same commands are in docs/guides/restore.md; tests/infra/guides compares them.
FIND_VERSIONS = r"""
aws s3api list-object-versions --bucket "$BUCKET" --prefix "$KEY" \
  --query '[Versions, DeleteMarkers][][].[LastModified, VersionId, IsLatest]' --output text
"""
BRING_BACK = """
aws s3api copy-object --bucket "$BUCKET" --key "$KEY" --copy-source "$BUCKET/$KEY?versionId=$VERSION"
aws s3api head-object --bucket "$BUCKET" --key "$KEY"
"""
RESTORE_STATE = r"""
aws s3api list-object-versions --bucket "$STATE" --prefix production/terraform.tfstate \
  --query 'Versions[].[LastModified, VersionId, Size]' --output text
aws s3api get-object --bucket "$STATE" --key production/terraform.tfstate --version-id "$VERSION" restored.tfstate
terraform -chdir=deploy/environments/production state pull >replaced.tfstate
terraform -chdir=deploy/environments/production state push -force "$PWD/restored.tfstate"
terraform -chdir=deploy/environments/production state list
"""
LIFT_PROTECTION = """
terraform -chdir=deploy/environments/production state rm 'module.data.terraform_data.guard["artifacts"]' 'module.cluster.terraform_data.lock["on"]'
"""


def the_reader(outputs: dict[str, Any], switch: Callable[[bool], None]) -> None:
    """Use the reader's role with IAM and signatures enforced."""
    bucket, admin = outputs["artifacts_bucket"]["name"], client("s3")
    admin.put_object(Bucket=bucket, Key="models/wine/1/MLmodel", Body=b"flavors: {}")
    admin.put_object(Bucket=bucket, Key="mlflow/private", Body=b"x")
    session = client("sts").assume_role(RoleArn=outputs["role_arns"]["model-reader"], RoleSessionName="test")["Credentials"]
    keys = {
        "aws_access_key_id": session["AccessKeyId"],
        "aws_secret_access_key": session["SecretAccessKey"],
        "aws_session_token": session["SessionToken"],
    }
    reader = client("s3", **keys)
    switch(True)
    try:
        check("the reader's role reads a model", reader.get_object(Bucket=bucket, Key="models/wine/1/MLmodel")["Body"].read() == b"flavors: {}")
        check("and lists its prefix", reader.list_objects_v2(Bucket=bucket, Prefix="models/wine/")["KeyCount"] == 1)
        check("it may not read beside its prefix", refused(reader.get_object, Bucket=bucket, Key="mlflow/private"))
        check("nor list the whole bucket", refused(reader.list_objects_v2, Bucket=bucket))
        check("nor list another prefix", refused(reader.list_objects_v2, Bucket=bucket, Prefix="mlflow/"))
        check("nor write", refused(reader.put_object, Bucket=bucket, Key="models/wine/1/MLmodel", Body=b"x"))
        check("nor delete", refused(reader.delete_object, Bucket=bucket, Key="models/wine/1/MLmodel"))
        check("nor read the states", refused(reader.get_object, Bucket=f"longshore-state-{ACCOUNT}-{REGION}", Key=STATE_KEY))
        check("nor call another service", refused(client("secretsmanager", **keys).list_secrets))
    finally:
        switch(False)


def empty(bucket: str) -> None:
    """Delete every version of every object of a bucket."""
    s3 = client("s3")
    found = s3.list_object_versions(Bucket=bucket)
    for item in found.get("Versions", []) + found.get("DeleteMarkers", []):
        s3.delete_object(Bucket=bucket, Key=item["Key"], VersionId=item["VersionId"])


def restore_a_model(folder: Path, bucket: str) -> None:
    """Overwrite and delete a model, and bring its first version back."""
    s3, key = client("s3"), "models/wine/1/MLmodel"
    first = versions(bucket, key)[0]
    s3.put_object(Bucket=bucket, Key=key, Body=b"broken")
    s3.delete_object(Bucket=bucket, Key=key)
    found = guide(folder, FIND_VERSIONS, BUCKET=bucket, KEY=key)
    guide(folder, BRING_BACK, BUCKET=bucket, KEY=key, VERSION=first)
    check(
        "an overwritten and deleted model comes back from its versions",
        first in found and s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"flavors: {}",
    )


def restore_the_state(folder: Path, bucket: str) -> None:
    """Lose something from the state, and bring the version before back."""
    before = versions(bucket, STATE_KEY)[0]
    guide(folder, LIFT_PROTECTION)
    listed = guide(folder, RESTORE_STATE, STATE=bucket, VERSION=before)
    check("a state comes back from its versions", 'terraform_data.guard["artifacts"]' in listed)
