"""Looks at what Terraform made, through AWS' own interfaces."""

from typing import Any

import botocore.exceptions

from tools import ACCOUNT, LOCK_KEY, NAME, REGION, STATE_KEY, check, client, exists, versions


def encrypted(bucket: str) -> bool:
    """Tell whether a bucket is there and encrypted with a key of KMS by default."""
    try:
        rules = client("s3").get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    except botocore.exceptions.ClientError:
        return False
    return rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"


def at_state_bucket(bucket: str) -> None:
    """Look at the bucket of the states."""
    s3 = client("s3")
    check("the state bucket is versioned", s3.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled")
    check("states are encrypted with a key of ours", encrypted(bucket))
    check("the state bucket is closed to the public", all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()))


def at_network(outputs: dict[str, Any]) -> None:
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
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}])[
        "SecurityGroups"
    ]
    check("the default security group is empty", not groups[0]["IpPermissions"] and not groups[0]["IpPermissionsEgress"])


def at_cluster() -> None:
    """Look at the cluster, its nodes, its add-ons and who may use it."""
    eks = client("eks")
    cluster = eks.describe_cluster(name=NAME)["cluster"]
    access = cluster["resourcesVpcConfig"]
    check(f"cluster {cluster['version']}, reached from inside the VPC only", not access["endpointPublicAccess"] and access["endpointPrivateAccess"])
    check(
        "Secrets are encrypted with a key of ours",
        cluster["encryptionConfig"][0]["provider"]["keyArn"].startswith(f"arn:aws:kms:{REGION}:{ACCOUNT}:key/"),
    )
    groups = eks.list_nodegroups(clusterName=NAME)["nodegroups"]
    sizes = [eks.describe_nodegroup(clusterName=NAME, nodegroupName=name)["nodegroup"]["scalingConfig"] for name in groups]
    check("system nodes: 3 to 10", [(size["minSize"], size["maxSize"]) for size in sizes] == [(3, 10)])
    check("seven add-ons", len(eks.list_addons(clusterName=NAME)["addons"]) == 7)
    entries = eks.list_access_entries(clusterName=NAME)["accessEntries"]
    check(
        "access entries of the administrators and of Karpenter's nodes",
        {entry.rsplit("/", 1)[1] for entry in entries} == {"longshore-administrator", f"{NAME}-karpenter-node"},
    )
    bound = eks.list_pod_identity_associations(clusterName=NAME)["associations"]
    check(f"{len(bound)} service accounts are bound to their roles", {"model-reader", "karpenter"} <= {entry["serviceAccount"] for entry in bound})


def at_data(outputs: dict[str, Any]) -> None:
    """Look at bucket, database, repositories, keys and backups."""
    s3 = client("s3")
    bucket = outputs["artifacts_bucket"]["name"]
    check("the artifacts bucket is versioned", s3.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled")
    rule = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    check("and encrypted with a key of ours", rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms" and rule["BucketKeyEnabled"])
    check("and closed to the public", all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()))
    rules = {rule["ID"]: rule for rule in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]}
    days = (
        rules["noncurrent"]["NoncurrentVersionExpiration"]["NoncurrentDays"],
        rules["multipart"]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"],
    )
    check("old versions go after 90 days, unfinished uploads after 7", days == (90, 7))

    database = client("rds").describe_db_instances(DBInstanceIdentifier=NAME)["DBInstances"][0]
    check(
        f"PostgreSQL {database['EngineVersion']} on {database['DBInstanceClass']}, Multi-AZ, encrypted",
        database["MultiAZ"] and database["StorageEncrypted"],
    )
    check("a week of backups, not reachable from outside", database["BackupRetentionPeriod"] == 7 and not database["PubliclyAccessible"])
    check("its password is in Secrets Manager", outputs["database"]["secret_arn"].startswith(f"arn:aws:secretsmanager:{REGION}:"))
    group = client("ec2").describe_security_groups(GroupIds=[outputs["database"]["security_group_id"]])["SecurityGroups"][0]
    sources = [(rule["FromPort"], len(rule["UserIdGroupPairs"]), rule["IpRanges"]) for rule in group["IpPermissions"]]
    check("only the nodes' security group may connect to it", sources == [(5432, 1, [])])

    repositories = client("ecr").describe_repositories()["repositories"]
    check(
        "image tags are immutable, images scanned",
        all(r["imageTagMutability"] == "IMMUTABLE" and r["imageScanningConfiguration"]["scanOnPush"] for r in repositories),
    )

    kms = client("kms")
    aliases = [alias for alias in kms.list_aliases()["Aliases"] if alias["AliasName"].startswith("alias/longshore-")]
    check(
        f"{len(aliases)} keys, all rotated every year",
        len(aliases) >= 8 and all(kms.get_key_rotation_status(KeyId=alias["TargetKeyId"])["KeyRotationEnabled"] for alias in aliases),
    )

    backup = client("backup")
    plans = [backup.get_backup_plan(BackupPlanId=plan["BackupPlanId"])["BackupPlan"] for plan in backup.list_backup_plans()["BackupPlansList"]]
    daily = [(rule["ScheduleExpression"], rule["Lifecycle"]["DeleteAfterDays"]) for plan in plans for rule in plan["Rules"]]
    check("backups at 02:00 UTC, kept for 90 days", daily == [("cron(0 2 * * ? *)", 90)])


def at_the_rest(outputs: dict[str, Any]) -> None:
    """Look at logs, alarms, budget and Karpenter's queue."""
    groups = client("logs").describe_log_groups()["logGroups"]
    check(f"{len(groups)} log groups, all with an end of 30 days", len(groups) >= 8 and all(group.get("retentionInDays") == 30 for group in groups))
    alarms = client("cloudwatch").describe_alarms()["MetricAlarms"]
    check(
        f"{len(alarms)} alarms that reach the topic",
        len(alarms) == 8 and all(alarm["AlarmActions"] == [outputs["alerts_topic_arn"]] for alarm in alarms),
    )
    notices = client("budgets").describe_notifications_for_budget(AccountId=ACCOUNT, BudgetName=NAME)["Notifications"]
    check("budget notices on cost and forecast", {notice["NotificationType"] for notice in notices} == {"ACTUAL", "FORECASTED"} and len(notices) == 4)
    events, sqs = client("events"), client("sqs")
    targets = {
        rule["Name"]: [target["Arn"] for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]] for rule in events.list_rules()["Rules"]
    }
    url = sqs.get_queue_url(QueueName=outputs["karpenter"]["queue_name"])["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    check("five event rules send to Karpenter's queue", len(targets) == 5 and all(arns == [queue] for arns in targets.values()))


def at_what_is_left(bucket: str) -> None:
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
        "aliases of keys": [
            a["AliasName"] for a in client("kms").list_aliases()["Aliases"] if a["AliasName"].startswith("alias/longshore-production")
        ],
    }
    check(f"nothing is left of {', '.join(left)}", not any(left.values()))
    for kind, items in left.items():
        if items:
            print(f"     left of {kind}: {items}")
    snapshots = client("rds").describe_db_snapshots()["DBSnapshots"]
    check(
        "the database's last snapshot is kept",
        [snapshot["DBSnapshotIdentifier"] for snapshot in snapshots if snapshot["SnapshotType"] == "manual"] == [f"{NAME}-final"],
    )
    check("the lock is gone", not exists(bucket, LOCK_KEY))
    kept = versions(bucket, STATE_KEY)
    check(f"{len(kept)} versions of the state are kept", len(kept) >= 4)
