# The control plane, who may use it, its log and the lock against deleting it.

data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

data "aws_region" "this" {}

locals {
  partition  = data.aws_partition.this.partition
  account_id = data.aws_caller_identity.this.account_id
  region     = data.aws_region.this.id
  auto       = var.compute == "auto"

  secrets_kms_key_arn = var.secrets_kms_key_arn == null ? aws_kms_key.this["secrets"].arn : var.secrets_kms_key_arn

  access_policies = {
    cluster_admin = "AmazonEKSClusterAdminPolicy"
    admin         = "AmazonEKSAdminPolicy"
    edit          = "AmazonEKSEditPolicy"
    view          = "AmazonEKSViewPolicy"
  }
}

# Made before the cluster: EKS would make it itself, with logs that never expire.
resource "aws_cloudwatch_log_group" "control_plane" {
  name              = "/aws/eks/${var.name}/cluster"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.this["logs"].arn

  tags = var.tags

  depends_on = [aws_kms_key_policy.this]
}

resource "aws_eks_cluster" "this" {
  name                          = var.name
  version                       = var.kubernetes_version
  role_arn                      = aws_iam_role.cluster.arn
  enabled_cluster_log_types     = sort(var.log_types)
  bootstrap_self_managed_addons = false

  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = false
  }

  vpc_config {
    subnet_ids              = [for zone in sort(keys(var.control_plane_subnet_ids)) : var.control_plane_subnet_ids[zone]]
    security_group_ids      = [aws_security_group.cluster.id]
    endpoint_private_access = true
    endpoint_public_access  = var.endpoint.public
    public_access_cidrs     = var.endpoint.public ? var.endpoint.public_access_cidrs : null
  }

  encryption_config {
    resources = ["secrets"]

    provider {
      key_arn = local.secrets_kms_key_arn
    }
  }

  upgrade_policy {
    support_type = var.support_type
  }

  # The three blocks of Auto Mode are switched together or EKS refuses them.
  dynamic "compute_config" {
    for_each = local.auto ? ["on"] : []

    content {
      enabled       = true
      node_pools    = ["general-purpose", "system"]
      node_role_arn = aws_iam_role.node.arn
    }
  }

  dynamic "storage_config" {
    for_each = local.auto ? ["on"] : []

    content {
      block_storage {
        enabled = true
      }
    }
  }

  kubernetes_network_config {
    ip_family = "ipv4"

    dynamic "elastic_load_balancing" {
      for_each = local.auto ? ["on"] : []

      content {
        enabled = true
      }
    }
  }

  tags = var.tags

  lifecycle {
    precondition {
      condition     = !local.out_standard || (var.support_type == "EXTENDED" && !local.out_extended)
      error_message = "Write kubernetes_version as a version in standard support, such as ${local.newest_version}: ${var.kubernetes_version} left it on ${coalesce(local.version.standard_until, "an unknown day")}${local.out_extended ? " and extended support too" : "; to keep it for up to a year at six times the price, write support_type as \"EXTENDED\""}."
    }
  }

  depends_on = [
    aws_cloudwatch_log_group.control_plane,
    aws_iam_role_policy_attachment.cluster,
    aws_iam_role_policy.cluster_secrets,
  ]
}

resource "aws_eks_access_entry" "this" {
  for_each = var.access_entries

  cluster_name  = aws_eks_cluster.this.name
  principal_arn = each.value.principal_arn
  type          = "STANDARD"

  tags = var.tags
}

resource "aws_eks_access_policy_association" "this" {
  for_each = var.access_entries

  cluster_name  = aws_eks_cluster.this.name
  principal_arn = each.value.principal_arn
  policy_arn    = "arn:${local.partition}:eks::aws:cluster-access-policy/${local.access_policies[each.value.access]}"

  access_scope {
    type       = length(each.value.namespaces) > 0 ? "namespace" : "cluster"
    namespaces = length(each.value.namespaces) > 0 ? each.value.namespaces : null
  }

  depends_on = [aws_eks_access_entry.this]
}

resource "aws_iam_openid_connect_provider" "this" {
  for_each = var.irsa ? toset(["this"]) : toset([])

  url            = aws_eks_cluster.this.identity[0].oidc[0].issuer
  client_id_list = ["sts.amazonaws.com"]

  tags = merge(var.tags, { Name = var.name })
}

# The cluster's own protection came with provider 6, so a lock that cannot be destroyed stands in for it: a plan that
# destroys it, or that replaces the cluster and with it the lock, is refused before anything happens.
resource "terraform_data" "lock" {
  for_each = var.deletion_protection ? toset(["on"]) : toset([])

  input = aws_eks_cluster.this.name

  triggers_replace = [aws_eks_cluster.this.arn]

  lifecycle {
    prevent_destroy = true
  }
}
