# The control plane as it is without being told anything, and with what may be told.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true

  default_tags {
    tags = { "longshore:env" = "dev" }
  }
}

override_data {
  target = data.aws_caller_identity.this
  values = { account_id = "123456789012" }
}

override_data {
  target = data.aws_eks_addon_version.this
  values = { version = "v1.2.3-eksbuild.4" }
}

variables {
  environment              = "dev"
  name                     = "longshore-dev"
  today                    = "2026-11-21"
  vpc_id                   = "vpc-0123456789abcdef0"
  control_plane_subnet_ids = { "eu-west-1a" = "subnet-0a0", "eu-west-1b" = "subnet-0b0" }
  private_subnet_ids       = { "eu-west-1a" = "subnet-0a1", "eu-west-1b" = "subnet-0b1" }
}

run "defaults" {
  command = plan

  assert {
    condition     = aws_eks_cluster.this.version == "1.35" && aws_eks_cluster.this.upgrade_policy[0].support_type == "STANDARD" && aws_eks_cluster.this.bootstrap_self_managed_addons == false
    error_message = "version ${aws_eks_cluster.this.version}"
  }

  assert {
    condition     = aws_eks_cluster.this.access_config[0].authentication_mode == "API" && aws_eks_cluster.this.access_config[0].bootstrap_cluster_creator_admin_permissions == false && length(aws_eks_access_entry.this) == 0
    error_message = "people come in by access entries only"
  }

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_private_access && !aws_eks_cluster.this.vpc_config[0].endpoint_public_access && join(",", aws_eks_cluster.this.vpc_config[0].subnet_ids) == "subnet-0a0,subnet-0b0"
    error_message = "the API server answers in the VPC only, from the control plane's subnets"
  }

  assert {
    condition     = one(aws_eks_cluster.this.encryption_config[0].resources) == "secrets" && alltrue([for key in aws_kms_key.this : key.enable_key_rotation && key.deletion_window_in_days == 30]) && join(",", keys(aws_kms_key.this)) == "ebs,logs,secrets"
    error_message = "Secrets are encrypted with a key that is renewed"
  }

  assert {
    condition     = aws_cloudwatch_log_group.control_plane.name == "/aws/eks/longshore-dev/cluster" && aws_cloudwatch_log_group.control_plane.retention_in_days == 30 && join(",", sort(aws_eks_cluster.this.enabled_cluster_log_types)) == "api,audit,authenticator"
    error_message = "logs are kept for 30 days"
  }

  assert {
    condition     = length(aws_eks_cluster.this.compute_config) == 0 && length(aws_eks_cluster.this.storage_config) == 0 && length(aws_iam_openid_connect_provider.this) == 0 && output.oidc_provider_arn == null
    error_message = "no Auto Mode and no OIDC provider unless asked for"
  }

  assert {
    condition     = length(terraform_data.lock) == 1
    error_message = "the cluster is locked unless told otherwise"
  }

  assert {
    condition     = output.standard_support_until == "2027-03-27"
    error_message = "support until ${output.standard_support_until}"
  }

  # Who may take the roles and use the keys

  assert {
    condition     = jsondecode(aws_iam_role.cluster.assume_role_policy).Statement[0].Principal == { Service = "eks.amazonaws.com" } && jsondecode(aws_iam_role.cluster.assume_role_policy).Statement[0].Action == "sts:AssumeRole"
    error_message = "only EKS takes the control plane's role: ${aws_iam_role.cluster.assume_role_policy}"
  }

  assert {
    condition     = jsondecode(aws_iam_role.node.assume_role_policy).Statement[0].Principal == { Service = "ec2.amazonaws.com" } && length(jsondecode(aws_iam_role.node.assume_role_policy).Statement) == 1
    error_message = "only EC2 takes the nodes' role: ${aws_iam_role.node.assume_role_policy}"
  }

  assert {
    condition     = join(",", keys(aws_iam_role_policy_attachment.node)) == "AmazonEC2ContainerRegistryPullOnly,AmazonEKSWorkerNodePolicy,AmazonEKS_CNI_Policy,AmazonSSMManagedInstanceCore" && join(",", keys(aws_iam_role_policy_attachment.cluster)) == "AmazonEKSClusterPolicy"
    error_message = "nodes: ${join(",", keys(aws_iam_role_policy_attachment.node))}"
  }

  assert {
    condition = alltrue([
      for name, policy in aws_kms_key_policy.this : jsondecode(policy.policy).Statement[0].Principal.AWS == "arn:aws:iam::123456789012:root"
    ])
    error_message = "the account's IAM policies decide about every key"
  }

  assert {
    condition = jsondecode(aws_kms_key_policy.this["ebs"].policy).Statement[1].Condition.StringEquals == {
      "kms:CallerAccount" = "123456789012"
      "kms:ViaService"    = "ec2.eu-west-1.amazonaws.com"
    } && !contains(jsondecode(aws_kms_key_policy.this["ebs"].policy).Statement[1].Action, "kms:*")
    error_message = "the disks' key is used through EC2 only: ${aws_kms_key_policy.this["ebs"].policy}"
  }

  assert {
    condition     = jsondecode(aws_kms_key_policy.this["logs"].policy).Statement[1].Principal.Service == "logs.eu-west-1.amazonaws.com" && jsondecode(aws_kms_key_policy.this["logs"].policy).Statement[1].Condition.ArnLike["kms:EncryptionContext:aws:logs:arn"] == "arn:aws:logs:eu-west-1:123456789012:log-group:*"
    error_message = "the logs' key is used for this account's log groups only: ${aws_kms_key_policy.this["logs"].policy}"
  }

  assert {
    condition     = length(jsondecode(aws_kms_key_policy.this["secrets"].policy).Statement) == 1
    error_message = "the Secrets' key has no other users"
  }

  # Who may talk to whom

  assert {
    condition     = aws_vpc_security_group_ingress_rule.cluster_from_nodes.from_port == 443 && aws_vpc_security_group_ingress_rule.cluster_from_nodes.to_port == 443 && aws_vpc_security_group_ingress_rule.cluster_from_nodes.cidr_ipv4 == null
    error_message = "the API server is open to the nodes' group, not to addresses"
  }

  assert {
    condition     = join(",", sort([for rule in aws_vpc_security_group_ingress_rule.node_from_cluster : format("%05d", rule.from_port) if rule.from_port == rule.to_port && rule.cidr_ipv4 == null])) == "00443,04443,06443,08443,09443,10250,10251" && length(aws_vpc_security_group_egress_rule.cluster_to_nodes) == 7
    error_message = "the control plane reaches kubelets and webhooks, nothing else"
  }

  assert {
    condition     = aws_security_group.node.tags["karpenter.sh/discovery"] == "longshore-dev" && aws_security_group.node.tags["kubernetes.io/cluster/longshore-dev"] == "owned" && !contains(keys(aws_security_group.cluster.tags), "karpenter.sh/discovery")
    error_message = "Karpenter and the load balancer controller find the nodes' group"
  }
}

run "public_endpoint_and_people" {
  command = plan

  variables {
    endpoint = { public = true, public_access_cidrs = ["203.0.113.0/24"] }
    access_entries = {
      platform = { principal_arn = "arn:aws:iam::123456789012:role/platform", access = "cluster_admin" }
      data     = { principal_arn = "arn:aws:iam::123456789012:role/team/data", access = "edit", namespaces = ["longshore-serving"] }
      audit    = { principal_arn = "arn:aws:iam::123456789012:user/auditor", access = "view" }
    }
    deletion_protection = false
  }

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_public_access && aws_eks_cluster.this.vpc_config[0].endpoint_private_access && one(aws_eks_cluster.this.vpc_config[0].public_access_cidrs) == "203.0.113.0/24"
    error_message = "the API server answers the listed range and the VPC"
  }

  assert {
    condition = { for name, association in aws_eks_access_policy_association.this : name => "${basename(association.policy_arn)} ${association.access_scope[0].type} ${join(",", coalesce(association.access_scope[0].namespaces, []))}" } == {
      platform = "AmazonEKSClusterAdminPolicy cluster "
      data     = "AmazonEKSEditPolicy namespace longshore-serving"
      audit    = "AmazonEKSViewPolicy cluster "
    }
    error_message = jsonencode(aws_eks_access_policy_association.this)
  }

  assert {
    condition     = aws_eks_access_entry.this["data"].principal_arn == "arn:aws:iam::123456789012:role/team/data" && length(terraform_data.lock) == 0
    error_message = "entries carry their principals; the lock is off"
  }
}

run "own_key_for_secrets" {
  command = plan

  variables {
    secrets_kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  }

  assert {
    condition     = aws_eks_cluster.this.encryption_config[0].provider[0].key_arn == var.secrets_kms_key_arn && join(",", keys(aws_kms_key.this)) == "ebs,logs"
    error_message = "the given key is used and none is made"
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.cluster_secrets.policy).Statement[0].Resource == var.secrets_kms_key_arn && toset(jsondecode(aws_iam_role_policy.cluster_secrets.policy).Statement[0].Action) == toset(["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:ListGrants"])
    error_message = "the control plane may use this key alone: ${aws_iam_role_policy.cluster_secrets.policy}"
  }
}

run "web_identity" {
  command = plan

  variables {
    irsa        = true
    addon_roles = { aws-ebs-csi-driver = "arn:aws:iam::123456789012:role/ebs" }
  }

  assert {
    condition     = one(aws_iam_openid_connect_provider.this["this"].client_id_list) == "sts.amazonaws.com" && aws_eks_addon.after_nodes["aws-ebs-csi-driver"].service_account_role_arn == "arn:aws:iam::123456789012:role/ebs" && aws_eks_addon.after_nodes["coredns"].service_account_role_arn == null
    error_message = "the issuer is known to IAM and the add-on gets its role by it"
  }
}
