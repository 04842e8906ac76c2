# Nodes and add-ons under each kind of compute.

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

run "karpenter" {
  command = plan

  variables {
    addon_roles = { aws-ebs-csi-driver = "arn:aws:iam::123456789012:role/ebs" }
  }

  assert {
    condition     = join(",", keys(aws_eks_node_group.this)) == "system" && aws_eks_node_group.this["system"].ami_type == "AL2023_x86_64_STANDARD" && aws_eks_node_group.this["system"].capacity_type == "ON_DEMAND" && length(aws_eks_node_group.this["system"].taint) == 0
    error_message = "one system group on Amazon Linux 2023"
  }

  assert {
    condition     = aws_eks_node_group.this["system"].scaling_config[0].min_size == 2 && aws_eks_node_group.this["system"].scaling_config[0].desired_size == 2 && aws_eks_node_group.this["system"].scaling_config[0].max_size == 4 && aws_eks_node_group.this["system"].update_config[0].max_unavailable_percentage == 33
    error_message = "two to four nodes, a third replaced at a time"
  }

  assert {
    condition     = aws_eks_node_group.this["system"].labels == tomap({ workload = "system", "longshore.dev/pool" = "system" })
    error_message = "labels: ${jsonencode(aws_eks_node_group.this["system"].labels)}"
  }

  assert {
    condition     = aws_launch_template.node["system"].metadata_options[0].http_tokens == "required" && aws_launch_template.node["system"].metadata_options[0].http_put_response_hop_limit == 1
    error_message = "pods do not reach the node's credentials"
  }

  assert {
    condition     = aws_launch_template.node["system"].block_device_mappings[0].ebs[0].volume_type == "gp3" && aws_launch_template.node["system"].block_device_mappings[0].ebs[0].volume_size == 50 && tobool(aws_launch_template.node["system"].block_device_mappings[0].ebs[0].encrypted)
    error_message = "50 GB of encrypted gp3"
  }

  assert {
    condition     = strcontains(base64decode(aws_launch_template.node["system"].user_data), "maxPods: 110") && startswith(base64decode(aws_launch_template.node["system"].user_data), "MIME-Version: 1.0\n")
    error_message = base64decode(aws_launch_template.node["system"].user_data)
  }

  assert {
    condition     = join(",", sort([for block in aws_launch_template.node["system"].tag_specifications : block.resource_type])) == "instance,network-interface,volume" && alltrue([for block in aws_launch_template.node["system"].tag_specifications : block.tags["longshore:env"] == "dev"])
    error_message = "instances and disks carry the default tags, which a launch template does not hand on by itself"
  }

  assert {
    condition     = join(",", keys(aws_eks_addon.before_nodes)) == "kube-proxy,vpc-cni" && join(",", keys(aws_eks_addon.after_nodes)) == "aws-ebs-csi-driver,coredns,eks-pod-identity-agent,metrics-server"
    error_message = "add-ons before and after the nodes"
  }

  assert {
    condition     = jsondecode(aws_eks_addon.before_nodes["vpc-cni"].configuration_values) == { enableNetworkPolicy = "true", env = { ENABLE_PREFIX_DELEGATION = "true", WARM_PREFIX_TARGET = "1" } }
    error_message = "the CNI enforces network policies and gives out prefixes"
  }

  assert {
    condition     = alltrue([for addon in merge(aws_eks_addon.before_nodes, aws_eks_addon.after_nodes) : addon.addon_version == "v1.2.3-eksbuild.4" && addon.service_account_role_arn == null])
    error_message = "versions are the defaults of the Kubernetes version; roles come by Pod Identity"
  }

  assert {
    condition     = jsondecode(aws_eks_addon.after_nodes["metrics-server"].configuration_values).tolerations[0] == { key = "CriticalAddonsOnly", operator = "Exists" }
    error_message = "metrics-server runs on dedicated system nodes too"
  }
}

run "dedicated_graviton_nodes_and_held_versions" {
  command = plan

  variables {
    system_nodes   = { instance_types = ["m7g.large", "t4g.large"], min = 3, max = 10, desired = 4, dedicated = true, disk_gb = 80, max_pods = 60, max_unavailable_percentage = 50 }
    addons         = ["vpc-cni", "coredns"]
    addon_versions = { vpc-cni = "v1.20.4-eksbuild.2" }
  }

  assert {
    condition     = aws_eks_node_group.this["system"].ami_type == "AL2023_ARM_64_STANDARD" && [for taint in aws_eks_node_group.this["system"].taint : "${taint.key}=${taint.value}:${taint.effect}"][0] == "CriticalAddonsOnly=true:NO_SCHEDULE"
    error_message = "Graviton's image; the taint of dedicated nodes"
  }

  assert {
    condition     = aws_eks_node_group.this["system"].scaling_config[0].desired_size == 4 && aws_launch_template.node["system"].block_device_mappings[0].ebs[0].volume_size == 80 && strcontains(base64decode(aws_launch_template.node["system"].user_data), "maxPods: 60") && aws_eks_node_group.this["system"].update_config[0].max_unavailable_percentage == 50
    error_message = "sizes as told"
  }

  assert {
    condition     = aws_eks_addon.before_nodes["vpc-cni"].addon_version == "v1.20.4-eksbuild.2" && aws_eks_addon.after_nodes["coredns"].addon_version == "v1.2.3-eksbuild.4" && length(aws_eks_addon.before_nodes) == 1 && length(aws_eks_addon.after_nodes) == 1 && join(",", keys(data.aws_eks_addon_version.this)) == "coredns"
    error_message = "a held version is not asked for"
  }
}

run "managed" {
  command = plan

  variables {
    compute = "managed"
    node_groups = {
      general  = { instance_types = ["m7i.xlarge", "m5.xlarge"], min = 1, max = 10 }
      training = { instance_types = ["c5.4xlarge"], max = 4, capacity = "SPOT", disk_gb = 200, labels = { team = "data" }, taints = { workload = { value = "training" } } }
      gpu      = { instance_types = ["g4dn.xlarge", "g5.xlarge"], max = 2, desired = 1 }
      arm      = { instance_types = ["c7gn.large"], max = 2 }
    }
  }

  assert {
    condition     = join(",", keys(aws_eks_node_group.this)) == "arm,general,gpu,system,training" && { for name, group in aws_eks_node_group.this : name => group.scaling_config[0].desired_size } == { arm = 0, general = 1, gpu = 1, system = 2, training = 0 }
    error_message = "groups: ${jsonencode(keys(aws_eks_node_group.this))}"
  }

  assert {
    condition     = aws_eks_node_group.this["training"].capacity_type == "SPOT" && aws_eks_node_group.this["training"].labels == tomap({ workload = "training", "longshore.dev/pool" = "training", team = "data" }) && [for taint in aws_eks_node_group.this["training"].taint : "${taint.key}=${taint.value}:${taint.effect}"][0] == "workload=training:NO_SCHEDULE" && aws_launch_template.node["training"].block_device_mappings[0].ebs[0].volume_size == 200
    error_message = "training runs on spot, apart from the rest"
  }

  assert {
    condition     = { for name, group in aws_eks_node_group.this : name => group.ami_type if name != "system" } == { arm = "AL2023_ARM_64_STANDARD", general = "AL2023_x86_64_STANDARD", gpu = "AL2023_x86_64_NVIDIA", training = "AL2023_x86_64_STANDARD" }
    error_message = jsonencode({ for name, group in aws_eks_node_group.this : name => group.ami_type })
  }
}

run "auto" {
  command = plan

  variables {
    compute = "auto"
  }

  assert {
    condition     = aws_eks_cluster.this.compute_config[0].enabled && toset(aws_eks_cluster.this.compute_config[0].node_pools) == toset(["general-purpose", "system"]) && aws_eks_cluster.this.storage_config[0].block_storage[0].enabled && aws_eks_cluster.this.kubernetes_network_config[0].elastic_load_balancing[0].enabled
    error_message = "Auto Mode's three switches are on together"
  }

  assert {
    condition     = length(aws_eks_node_group.this) == 0 && length(aws_launch_template.node) == 0 && length(aws_eks_addon.before_nodes) == 0 && join(",", keys(aws_eks_addon.after_nodes)) == "metrics-server"
    error_message = "Auto Mode brings its own nodes and add-ons"
  }

  assert {
    condition     = length(aws_iam_role_policy_attachment.cluster) == 5 && join(",", keys(aws_iam_role_policy_attachment.node)) == "AmazonEC2ContainerRegistryPullOnly,AmazonEKSWorkerNodeMinimalPolicy" && toset(jsondecode(aws_iam_role.cluster.assume_role_policy).Statement[0].Action) == toset(["sts:AssumeRole", "sts:TagSession"])
    error_message = "Auto Mode's policies"
  }
}

# Data lets in the group that nodes really have.
run "group_of_the_nodes" {
  command = plan

  override_resource {
    target          = aws_security_group.node
    override_during = plan
    values          = { id = "sg-ours" }
  }

  assert {
    condition     = output.node_security_group_id == "sg-ours" && toset(aws_launch_template.node["system"].vpc_security_group_ids) == toset(["sg-ours"])
    error_message = "group: ${output.node_security_group_id}"
  }
}

run "group_of_auto_mode_nodes" {
  command = plan

  override_resource {
    target          = aws_eks_cluster.this
    override_during = plan
    values = {
      vpc_config            = { cluster_security_group_id = "sg-of-eks" }
      certificate_authority = [{ data = "" }]
      identity              = [{ oidc = [{ issuer = "https://oidc.example.com" }] }]
    }
  }

  variables {
    compute = "auto"
  }

  assert {
    condition     = output.node_security_group_id == "sg-of-eks"
    error_message = "group: ${output.node_security_group_id}"
  }
}
