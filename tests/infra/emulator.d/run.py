"""Applies the bootstrap root and the production root to the emulator, looks at what was made, and destroys it again.

usage: run.py REPOSITORY PORT     (tests/infra/emulator starts it, with the emulator running)
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import botocore.exceptions

REGION = "eu-west-1"
ACCOUNT = "123456789012"
NAME = "longshore-production"
STATE_KEY = "production/terraform.tfstate"
LOCK_KEY = STATE_KEY + ".tflock"
FAILED: list[str] = []


def client(service: str, **keys: Any) -> Any:
    """Make a client of the emulator."""
    return boto3.client(service, region_name=REGION, **keys)


def check(what: str, condition: object) -> None:
    """Print a line for one thing looked at, and remember it when it is wrong."""
    print(f"{'PASS' if condition else 'FAIL'} {what}", flush=True)
    if not condition:
        FAILED.append(what)


class Root:
    """One folder that Terraform is run in."""

    def __init__(self, folder: Path) -> None:
        """Take a folder."""
        self.folder = folder

    def run(self, *arguments: str, fails: bool = False) -> str:
        """Run Terraform, print how long it took, and return what it wrote; end the test when it does not end as it should."""
        begun = time.monotonic()
        done = subprocess.run(
            ["terraform", *arguments], cwd=self.folder, env=os.environ | {"TF_CLI_ARGS": "-no-color"}, capture_output=True, text=True, check=False, timeout=900
        )
        written = done.stdout + done.stderr
        print(f"     {time.monotonic() - begun:5.1f} s  {self.folder.name}: terraform {' '.join(arguments)}", flush=True)
        if (done.returncode != 0) != fails:
            print(written[-6000:])
            sys.exit(f"`terraform {arguments[0]}` in `{self.folder.name}` ended with {done.returncode}")
        return done.stdout if not fails else re.sub(r"\s*\n[│\s]*", " ", written)


def summary(written: str) -> list[int]:
    """Return the numbers of Terraform's last summary line."""
    lines = [line for line in written.splitlines() if re.match(r"(Plan|Apply complete|Destroy complete)", line)]
    return [int(number) for number in re.findall(r"\d+", lines[-1])] if lines else []


def exists(bucket: str, key: str) -> bool:
    """Tell whether an object is there."""
    try:
        client("s3").head_object(Bucket=bucket, Key=key)
    except botocore.exceptions.ClientError:
        return False
    return True


def refused(call: Callable[..., Any], **arguments: Any) -> bool:
    """Tell whether a call is refused for lack of rights."""
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException", "403", "Forbidden")
    return False


class Background(threading.Thread):
    """Terraform at work while something else is looked at."""

    def __init__(self, root: Root, *arguments: str) -> None:
        """Begin."""
        super().__init__()
        self.root, self.arguments = root, arguments
        self.written = ""
        self.failure: BaseException | None = None
        self.start()

    def run(self) -> None:
        """Work; a failure is kept for whoever waits."""
        try:
            self.written = self.root.run(*self.arguments)
        except BaseException as failure:
            self.failure = failure

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until something can be seen, or the work has ended."""
        while self.is_alive() and not condition():
            time.sleep(0.2)

    def result(self) -> str:
        """Wait for the end and return what was written."""
        self.join()
        if self.failure:
            raise self.failure
        return self.written


def encrypted(bucket: str) -> bool:
    """Tell whether a bucket is there and encrypted with a key of KMS by default."""
    try:
        rules = client("s3").get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    except botocore.exceptions.ClientError:
        return False
    return rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"


def look_at_state_bucket(bucket: str) -> None:
    """Look at the bucket of the states."""
    s3 = client("s3")
    check("the state bucket is versioned", s3.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled")
    check("states are encrypted with a key of ours", encrypted(bucket))
    check("the state bucket is closed to the public", all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()))


def wrong_variables(root: Root) -> None:
    """Give wrong variables, to the root and to the modules, and look at the sentences that refuse them."""
    for cases in (
        {"region=Ireland": "Write region as an AWS region, for example"},
        {
            'network={nat="many"}': "Write nat as",
            "database={backup_days=3}": "Write `database.backup_days` as 7 or more in production.",
            'workloads={reader={prefixes=["models"]}}': "without a slash at its beginning, with one at its end",
        },
    ):
        written = root.run("plan", "-lock=false", *[f"-var={variable}" for variable in cases], fails=True)
        for variable, sentence in cases.items():
            check(f"-var '{variable}' is refused: “{sentence} …”", sentence in written)


def apply(root: Root, bucket: str) -> int:
    """Apply the plan; while that holds the lock, try another. Return how many resources were made."""
    work = Background(root, "apply", "plan")
    work.wait_for(lambda: exists(bucket, LOCK_KEY))
    check("the lock lies beside the state while it is applied", exists(bucket, LOCK_KEY))
    second = root.run("apply", "-auto-approve", "-lock-timeout=0s", fails=True)
    check("a second apply is refused while the state is locked", "Error acquiring the state lock" in second)
    written = work.result()
    check("the lock is gone after the apply", not exists(bucket, LOCK_KEY))
    return summary(written)[0]


def look_at_network(outputs: dict[str, Any]) -> None:
    """Look at VPC, subnets and NAT gateways."""
    ec2 = client("ec2")
    vpc = outputs["network"]["vpc_id"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    zones = {subnet["AvailabilityZone"] for subnet in subnets}
    check(f"VPC with {len(subnets)} subnets: four kinds in each of three zones", len(zones) == 3 and len(subnets) == 12)
    nats = [nat for nat in ec2.describe_nat_gateways(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NatGateways"] if nat["State"] == "available"]
    homes = {subnet["SubnetId"]: subnet["AvailabilityZone"] for subnet in subnets}
    check("one NAT gateway in each zone", {homes[nat["SubnetId"]] for nat in nats} == zones and len(nats) == 3)
    tags = {tag["Key"]: tag["Value"] for tag in ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Tags"]}
    wanted = {"longshore:stack": "longshore", "longshore:env": "production", "longshore:layer": "network", "longshore:commit": "0123abc"}
    check("the VPC carries the stack's tags", wanted.items() <= tags.items())
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}])["SecurityGroups"]
    check("the default security group is empty", not groups[0]["IpPermissions"] and not groups[0]["IpPermissionsEgress"])


def look_at_cluster() -> None:
    """Look at the cluster, its nodes, its add-ons and who may use it."""
    eks = client("eks")
    cluster = eks.describe_cluster(name=NAME)["cluster"]
    access = cluster["resourcesVpcConfig"]
    check(f"cluster {cluster['version']}, reached from inside the VPC only", not access["endpointPublicAccess"] and access["endpointPrivateAccess"])
    check("Secrets are encrypted with a key of ours", cluster["encryptionConfig"][0]["provider"]["keyArn"].startswith(f"arn:aws:kms:{REGION}:{ACCOUNT}:key/"))
    groups = eks.list_nodegroups(clusterName=NAME)["nodegroups"]
    sizes = [eks.describe_nodegroup(clusterName=NAME, nodegroupName=name)["nodegroup"]["scalingConfig"] for name in groups]
    check("system nodes: 3 to 10", [(size["minSize"], size["maxSize"]) for size in sizes] == [(3, 10)])
    check("seven add-ons", len(eks.list_addons(clusterName=NAME)["addons"]) == 7)
    entries = eks.list_access_entries(clusterName=NAME)["accessEntries"]
    check("access entries of the administrators and of Karpenter's nodes", {entry.rsplit("/", 1)[1] for entry in entries} == {"longshore-administrator", f"{NAME}-karpenter-node"})
    bound = eks.list_pod_identity_associations(clusterName=NAME)["associations"]
    check(f"{len(bound)} service accounts are bound to their roles", {"model-reader", "karpenter"} <= {entry["serviceAccount"] for entry in bound})


def look_at_data(outputs: dict[str, Any]) -> None:
    """Look at bucket, database, repositories, keys and backups."""
    s3 = client("s3")
    bucket = outputs["artifacts_bucket"]["name"]
    check("the artifacts bucket is versioned", s3.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled")
    rule = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    check("and encrypted with a key of ours", rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms" and rule["BucketKeyEnabled"])
    check("and closed to the public", all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()))
    rules = {rule["ID"]: rule for rule in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]}
    days = rules["noncurrent"]["NoncurrentVersionExpiration"]["NoncurrentDays"], rules["multipart"]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]
    check("old versions go after 90 days, unfinished uploads after 7", days == (90, 7))

    database = client("rds").describe_db_instances(DBInstanceIdentifier=NAME)["DBInstances"][0]
    check(f"PostgreSQL {database['EngineVersion']} on {database['DBInstanceClass']}, Multi-AZ, encrypted", database["MultiAZ"] and database["StorageEncrypted"])
    check("a week of backups, not reachable from outside", database["BackupRetentionPeriod"] == 7 and not database["PubliclyAccessible"])
    check("its password is in Secrets Manager", outputs["database"]["secret_arn"].startswith(f"arn:aws:secretsmanager:{REGION}:"))
    group = client("ec2").describe_security_groups(GroupIds=[outputs["database"]["security_group_id"]])["SecurityGroups"][0]
    sources = [(rule["FromPort"], len(rule["UserIdGroupPairs"]), rule["IpRanges"]) for rule in group["IpPermissions"]]
    check("only the nodes' security group may connect to it", sources == [(5432, 1, [])])

    repositories = client("ecr").describe_repositories()["repositories"]
    check("image tags are immutable, images scanned", all(r["imageTagMutability"] == "IMMUTABLE" and r["imageScanningConfiguration"]["scanOnPush"] for r in repositories))

    kms = client("kms")
    aliases = [alias for alias in kms.list_aliases()["Aliases"] if alias["AliasName"].startswith("alias/longshore-")]
    check(f"{len(aliases)} keys, all rotated every year", len(aliases) >= 8 and all(kms.get_key_rotation_status(KeyId=alias["TargetKeyId"])["KeyRotationEnabled"] for alias in aliases))

    backup = client("backup")
    plans = [backup.get_backup_plan(BackupPlanId=plan["BackupPlanId"])["BackupPlan"] for plan in backup.list_backup_plans()["BackupPlansList"]]
    daily = [(rule["ScheduleExpression"], rule["Lifecycle"]["DeleteAfterDays"]) for plan in plans for rule in plan["Rules"]]
    check("backups at 02:00 UTC, kept for 90 days", daily == [("cron(0 2 * * ? *)", 90)])


def look_at_the_rest(outputs: dict[str, Any]) -> None:
    """Look at logs, alarms, budget and Karpenter's queue."""
    groups = client("logs").describe_log_groups()["logGroups"]
    check(f"{len(groups)} log groups, all with an end of 30 days", len(groups) >= 8 and all(group.get("retentionInDays") == 30 for group in groups))
    alarms = client("cloudwatch").describe_alarms()["MetricAlarms"]
    check(f"{len(alarms)} alarms that reach the topic", len(alarms) == 8 and all(alarm["AlarmActions"] == [outputs["alerts_topic_arn"]] for alarm in alarms))
    notices = client("budgets").describe_notifications_for_budget(AccountId=ACCOUNT, BudgetName=NAME)["Notifications"]
    check("budget notices on cost and forecast", {notice["NotificationType"] for notice in notices} == {"ACTUAL", "FORECASTED"} and len(notices) == 4)
    events, sqs = client("events"), client("sqs")
    targets = {rule["Name"]: [target["Arn"] for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]] for rule in events.list_rules()["Rules"]}
    url = sqs.get_queue_url(QueueName=outputs["karpenter"]["queue_name"])["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    check("five event rules send to Karpenter's queue", len(targets) == 5 and all(arns == [queue] for arns in targets.values()))


def look_at_the_reader(outputs: dict[str, Any], switch: Callable[[bool], None]) -> None:
    """Use the reader's role with IAM and signatures enforced."""
    bucket, admin = outputs["artifacts_bucket"]["name"], client("s3")
    admin.put_object(Bucket=bucket, Key="models/wine/1/MLmodel", Body=b"flavors: {}")
    admin.put_object(Bucket=bucket, Key="mlflow/private", Body=b"x")
    session = client("sts").assume_role(RoleArn=outputs["role_arns"]["model-reader"], RoleSessionName="test")["Credentials"]
    keys = {"aws_access_key_id": session["AccessKeyId"], "aws_secret_access_key": session["SecretAccessKey"], "aws_session_token": session["SessionToken"]}
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


def guide(folder: Path, commands: str, **variables: str) -> str:
    """Run commands of docs/guides/restore.md as a reader does, and return what they wrote."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "TF_CLI_ARGS": "-no-color", "AWS_PAGER": ""} | variables
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode != 0:
        print(done.stdout[-2000:], done.stderr[-2000:])
        sys.exit(f"commands of the restore guide ended with {done.returncode}: {commands}")
    return done.stdout


# The same commands are in docs/guides/restore.md; tests/infra/guides compares them.
FIND_VERSIONS = """
aws s3api list-object-versions --bucket "$BUCKET" --prefix "$KEY" --query '[Versions, DeleteMarkers][][].[LastModified, VersionId, IsLatest]' --output text
"""
BRING_BACK = """
aws s3api copy-object --bucket "$BUCKET" --key "$KEY" --copy-source "$BUCKET/$KEY?versionId=$VERSION"
aws s3api head-object --bucket "$BUCKET" --key "$KEY"
"""
RESTORE_STATE = """
aws s3api list-object-versions --bucket "$STATE" --prefix production/terraform.tfstate --query 'Versions[].[LastModified, VersionId, Size]' --output text
aws s3api get-object --bucket "$STATE" --key production/terraform.tfstate --version-id "$VERSION" restored.tfstate
terraform -chdir=deploy/environments/production state pull >replaced.tfstate
terraform -chdir=deploy/environments/production state push -force "$PWD/restored.tfstate"
terraform -chdir=deploy/environments/production state list
"""
LIFT_PROTECTION = """
terraform -chdir=deploy/environments/production state rm 'module.data.terraform_data.guard["artifacts"]' 'module.cluster.terraform_data.lock["on"]'
"""


def versions(bucket: str, key: str) -> list[str]:
    """Return the ids of an object's versions, newest first."""
    found = client("s3").list_object_versions(Bucket=bucket, Prefix=key).get("Versions", [])
    return [version["VersionId"] for version in found if version["Key"] == key]


def restore_a_model(folder: Path, bucket: str) -> None:
    """Overwrite and delete a model, and bring its first version back."""
    s3, key = client("s3"), "models/wine/1/MLmodel"
    first = versions(bucket, key)[0]
    s3.put_object(Bucket=bucket, Key=key, Body=b"broken")
    s3.delete_object(Bucket=bucket, Key=key)
    found = guide(folder, FIND_VERSIONS, BUCKET=bucket, KEY=key)
    guide(folder, BRING_BACK, BUCKET=bucket, KEY=key, VERSION=first)
    check("an overwritten and deleted model comes back from its versions", first in found and s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"flavors: {}")


def restore_the_state(folder: Path, bucket: str) -> None:
    """Lose something from the state, and bring the version before back."""
    before = versions(bucket, STATE_KEY)[0]
    guide(folder, LIFT_PROTECTION)
    listed = guide(folder, RESTORE_STATE, STATE=bucket, VERSION=before)
    check("a state comes back from its versions", 'terraform_data.guard["artifacts"]' in listed)


def empty(bucket: str) -> None:
    """Delete every version of every object of a bucket."""
    s3 = client("s3")
    found = s3.list_object_versions(Bucket=bucket)
    for item in found.get("Versions", []) + found.get("DeleteMarkers", []):
        s3.delete_object(Bucket=bucket, Key=item["Key"], VersionId=item["VersionId"])


def destroy(root: Root, outputs: dict[str, Any], variables: list[str]) -> int:
    """Destroy everything: first it is refused, then the protection is lifted. Return how many resources went."""
    check("`terraform destroy` is refused in production", "Instance cannot be destroyed" in root.run("plan", "-destroy", *variables, fails=True))
    guide(root.folder.parents[2], LIFT_PROTECTION)
    empty(outputs["artifacts_bucket"]["name"])
    return summary(root.run("destroy", "-auto-approve", *variables, "-var=deletion_protection=false"))[0]


def look_at_what_is_left(bucket: str) -> None:
    """Look for anything of the environment that is still there."""
    ec2 = client("ec2")
    ours = [{"Name": "tag:longshore:env", "Values": ["production"]}]
    left = {
        "clusters": client("eks").list_clusters()["clusters"],
        "databases": client("rds").describe_db_instances()["DBInstances"],
        "repositories": client("ecr").describe_repositories()["repositories"],
        "queues": client("sqs").list_queues().get("QueueUrls", []),
        "rules": client("events").list_rules()["Rules"],
        "roles": [role["RoleName"] for role in client("iam").list_roles()["Roles"] if role["RoleName"].startswith("longshore-")],
        "log groups": client("logs").describe_log_groups()["logGroups"],
        "alarms": client("cloudwatch").describe_alarms()["MetricAlarms"],
        "topics": client("sns").list_topics()["Topics"],
        "buckets": [item["Name"] for item in client("s3").list_buckets()["Buckets"] if item["Name"] != bucket],
        "vaults": client("backup").list_backup_vaults()["BackupVaultList"],
        "VPCs": ec2.describe_vpcs(Filters=ours)["Vpcs"],
        "addresses": ec2.describe_addresses(Filters=ours)["Addresses"],
        "NAT gateways": [nat for nat in ec2.describe_nat_gateways(Filters=ours)["NatGateways"] if nat["State"] not in ("deleted", "deleting")],
        "endpoints": [endpoint for endpoint in ec2.describe_vpc_endpoints(Filters=ours)["VpcEndpoints"] if endpoint["State"] != "deleted"],
        "launch templates": ec2.describe_launch_templates(Filters=ours)["LaunchTemplates"],
        "aliases of keys": [a["AliasName"] for a in client("kms").list_aliases()["Aliases"] if a["AliasName"].startswith("alias/longshore-production")],
    }
    check(f"nothing is left of {', '.join(left)}", not any(left.values()))
    for kind, items in left.items():
        if items:
            print(f"     left of {kind}: {items}")
    snapshots = client("rds").describe_db_snapshots()["DBSnapshots"]
    check("the database's last snapshot is kept", [snapshot["DBSnapshotIdentifier"] for snapshot in snapshots if snapshot["SnapshotType"] == "manual"] == [f"{NAME}-final"])
    check("the lock is gone", not exists(bucket, LOCK_KEY))
    kept = versions(bucket, STATE_KEY)
    check(f"{len(kept)} versions of the state are kept", len(kept) >= 4)


def main() -> None:
    """Do all of it."""
    begun = time.monotonic()
    repository, port = Path(sys.argv[1]), int(sys.argv[2])

    def switch(enforce: bool) -> None:
        """Turn IAM's enforcement on or off."""
        count = b"0" if enforce else b"inf"
        request = urllib.request.Request(f"http://127.0.0.1:{port}/moto-api/reset-auth", count, {"Content-Type": "text/plain"}, method="POST")
        urllib.request.urlopen(request).read()

    with tempfile.TemporaryDirectory() as temporary:
        deploy = Path(temporary) / "deploy"
        shutil.copytree(repository / "deploy", deploy, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.tfplan"))
        first = Root(deploy / "terraform" / "bootstrap")
        first.run("init")
        work = Background(first, "apply", "-auto-approve", f"-var=region={REGION}", f"-var=account_id={ACCOUNT}")
        bucket = f"longshore-state-{ACCOUNT}-{REGION}"
        # The provider waits a minute for lifecycle rules to settle; states can be kept before that.
        work.wait_for(lambda: encrypted(bucket))
        root = Root(deploy / "environments" / "production")
        root.run("init", f"-backend-config=bucket={bucket}", f"-backend-config=region={REGION}")
        wrong_variables(root)
        # The database's own protection would take a change of the instance, and another minute and a half, to lift.
        variables = ["-var=database={deletion_protection=false}", "-var=commit=0123abc"]
        planned = summary(root.run("plan", "-out=plan", *variables))
        check(f"bootstrap made {summary(work.result())[0]} resources", json.loads(first.run("output", "-json"))["bucket"]["value"] == bucket)
        look_at_state_bucket(bucket)
        made = apply(root, bucket)
        check(f"production was applied as it stands: {made} resources", made == planned[0] > 150)
        outputs = {name: output["value"] for name, output in json.loads(root.run("output", "-json")).items()}
        look_at_network(outputs)
        look_at_cluster()
        look_at_data(outputs)
        look_at_the_rest(outputs)
        look_at_the_reader(outputs, switch)
        restore_a_model(Path(temporary), outputs["artifacts_bucket"]["name"])
        restore_the_state(Path(temporary), bucket)
        gone = destroy(root, outputs, variables)
        check(f"{gone} resources were destroyed", gone > 150)
        look_at_what_is_left(bucket)
    print(f"{'FAIL' if FAILED else 'PASS'} emulator: {made} resources applied and {gone} destroyed, {time.monotonic() - begun:.0f} s in all")
    if FAILED:
        sys.exit("\n".join(["not as it should be:", *FAILED]))


if __name__ == "__main__":
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    # In place of what account.yaml leaves to the owner of an account.
    os.environ.update(TF_VAR_account_id=ACCOUNT, TF_VAR_region=REGION)
    main()
