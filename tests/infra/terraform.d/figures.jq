# What an environment's plan comes to: the figures by which one environment differs from another.
# Input: the messages of `terraform test -json -verbose`.
map(select(.type == "test_plan"))[0].test_plan.resource_changes
| map(select(.mode == "managed") | {type, address, after: .change.after})
| def of($type): map(select(.type == $type).after);
  def one($type): of($type)[0];
{
  "zones with private subnets": (map(select(.address | startswith("module.network.aws_subnet.private")).after | "\(.availability_zone) \(.cidr_block)") | sort),
  "NAT gateways": (of("aws_nat_gateway") | length),
  "flow logs": (of("aws_flow_log") | map(.traffic_type)),
  "Kubernetes": (one("aws_eks_cluster") | "\(.version) \(.upgrade_policy[0].support_type)"),
  "API server": (one("aws_eks_cluster").vpc_config[0] | {private: .endpoint_private_access, public: .endpoint_public_access, ranges: .public_access_cidrs}),
  "control plane logs": ([map(select(.address == "module.cluster.aws_cloudwatch_log_group.control_plane"))[0].after.retention_in_days, one("aws_eks_cluster").enabled_cluster_log_types]),
  "nodes": (of("aws_eks_node_group") | map("\(.node_group_name): \(.instance_types | join(", ")), \(.scaling_config[0].min_size)-\(.scaling_config[0].max_size), \(.capacity_type), \(.ami_type)")),
  "disks": (of("aws_launch_template") | map(.block_device_mappings[0].ebs[0] | "\(.volume_size) GB \(.volume_type), encrypted \(.encrypted)")),
  "add-ons": (of("aws_eks_addon") | map(.addon_name) | sort),
  "administrators": (of("aws_eks_access_policy_association") | map("\(.principal_arn) \(.policy_arn | split("/") | last)")),
  "lock": (map(select(.address | startswith("module.cluster.terraform_data.lock"))) | length),
  "database": (one("aws_db_instance") | "\(.engine) \(.engine_version), \(.instance_class), \(.allocated_storage) GB \(.storage_type), encrypted \(.storage_encrypted)"),
  "database in two zones": one("aws_db_instance").multi_az,
  "database backups, days": one("aws_db_instance").backup_retention_period,
  "database locked": one("aws_db_instance").deletion_protection,
  "final snapshot": (one("aws_db_instance").skip_final_snapshot | not),
  "backup plan": (of("aws_backup_plan") | map(.rule[0] | "\(.schedule), \(.lifecycle[0].delete_after) days")),
  "bucket emptied by destroy": one("aws_s3_bucket").force_destroy,
  "service accounts": (of("aws_eks_pod_identity_association") | map("\(.namespace)/\(.service_account)") | sort),
  "alarms": (of("aws_cloudwatch_metric_alarm") | length),
  "log retention, days": (map(select(.address | startswith("module.observability.aws_cloudwatch_log_group")).after.retention_in_days) | unique),
  "budget": (of("aws_budgets_budget") | map("\(.limit_amount) \(.limit_unit)")),
  "keys renewed": (of("aws_kms_key") | map(.enable_key_rotation) | all)
}
