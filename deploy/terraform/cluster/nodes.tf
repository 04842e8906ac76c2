# Managed node groups: the system group always (but with Auto Mode), further ones when `compute` is `managed`.

data "aws_default_tags" "this" {}

locals {
  # Groups carry their name in the same labels as the pools that Karpenter makes.
  system_group = {
    system = {
      instance_types = var.system_nodes.instance_types
      min            = var.system_nodes.min
      max            = var.system_nodes.max
      desired        = coalesce(var.system_nodes.desired, var.system_nodes.min)
      capacity       = "ON_DEMAND"
      disk_gb        = var.system_nodes.disk_gb
      labels         = {}
      taints         = { for key in ["CriticalAddonsOnly"] : key => { value = "true", effect = "NO_SCHEDULE" } if var.system_nodes.dedicated }
    }
  }
  further_groups = {
    for name, group in var.node_groups : name => merge(group, { desired = coalesce(group.desired, group.min) })
  }
  node_groups = local.auto ? {} : merge(local.further_groups, local.system_group)

  # Graviton families have a g right after their generation (m7g, t4g, c7gn); g, gr and p are the families with NVIDIA GPUs.
  ami_types = {
    for name, group in local.node_groups : name => join("_", [
      "AL2023",
      can(regex("^[a-z]+[0-9]+g", group.instance_types[0])) ? "ARM_64" : "x86_64",
      can(regex("^(g|gr|p)[0-9]", group.instance_types[0])) ? "NVIDIA" : "STANDARD",
    ])
  }

  # With prefix delegation a node carries more pods than its interfaces have addresses, but the kubelet must be told.
  user_data = <<-EOT
    MIME-Version: 1.0
    Content-Type: multipart/mixed; boundary="LONGSHORE"

    --LONGSHORE
    Content-Type: application/node.eks.aws

    apiVersion: node.eks.aws/v1alpha1
    kind: NodeConfig
    spec:
      kubelet:
        config:
          maxPods: ${var.system_nodes.max_pods}

    --LONGSHORE--
  EOT
}

resource "aws_launch_template" "node" {
  for_each = local.node_groups

  name                   = "${var.name}-${each.key}"
  description            = "Nodes of the group ${each.key} of ${var.name}"
  update_default_version = true
  vpc_security_group_ids = [aws_security_group.node.id]
  user_data              = base64encode(local.user_data)

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_type           = "gp3"
      volume_size           = each.value.disk_gb
      encrypted             = true
      kms_key_id            = aws_kms_key.this["ebs"].arn
      delete_on_termination = true
    }
  }

  # One hop keeps pods from the node's role: a pod is one hop further away than the node.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "disabled"
  }

  dynamic "tag_specifications" {
    for_each = toset(["instance", "volume", "network-interface"])

    content {
      resource_type = tag_specifications.value
      tags          = merge(data.aws_default_tags.this.tags, var.tags, { Name = "${var.name}-${each.key}" })
    }
  }

  tags = var.tags

  depends_on = [aws_kms_key_policy.this]
}

resource "aws_eks_node_group" "this" {
  for_each = local.node_groups

  cluster_name    = aws_eks_cluster.this.name
  node_group_name = each.key
  node_role_arn   = aws_iam_role.node.arn
  version         = aws_eks_cluster.this.version
  subnet_ids      = [for zone in sort(keys(var.private_subnet_ids)) : var.private_subnet_ids[zone]]
  ami_type        = local.ami_types[each.key]
  instance_types  = each.value.instance_types
  capacity_type   = each.value.capacity
  labels          = merge({ workload = each.key, "longshore.dev/pool" = each.key }, each.value.labels)

  launch_template {
    id      = aws_launch_template.node[each.key].id
    version = aws_launch_template.node[each.key].latest_version
  }

  scaling_config {
    min_size     = each.value.min
    max_size     = each.value.max
    desired_size = each.value.desired
  }

  update_config {
    max_unavailable_percentage = var.system_nodes.max_unavailable_percentage
  }

  dynamic "taint" {
    for_each = each.value.taints

    content {
      key    = taint.key
      value  = taint.value.value
      effect = taint.value.effect
    }
  }

  tags = var.tags

  # The size of the day is not the plan's business.
  lifecycle {
    ignore_changes = [scaling_config[0].desired_size]
  }

  depends_on = [
    aws_eks_addon.before_nodes,
    aws_iam_role_policy_attachment.node,
    aws_vpc_security_group_egress_rule.cluster_to_nodes,
    aws_vpc_security_group_egress_rule.node_anywhere,
    aws_vpc_security_group_ingress_rule.cluster_from_nodes,
    aws_vpc_security_group_ingress_rule.node_from_cluster,
    aws_vpc_security_group_ingress_rule.node_from_nodes,
  ]
}
