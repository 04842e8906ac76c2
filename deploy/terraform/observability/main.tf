# Logs, alarms, budget and, where wanted, managed metrics.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id
  name      = "${var.stack}-${var.environment}"

  retention = coalesce(var.log_retention_days, { dev = 7, staging = 14, production = 30 }[var.environment])
  insights  = coalesce(var.container_insights, var.environment != "dev")

  log_prefix = "/aws/containerinsights/${var.cluster_name}"
  log_groups = toset(concat(["application", "dataplane", "host"], local.insights ? ["performance"] : []))
}

data "aws_iam_policy_document" "key" {
  # The account's own IAM policies decide who may use and manage the key.
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }

  statement {
    sid       = "Logs"
    actions   = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${local.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${local.log_prefix}/*"]
    }
  }

  # Services that publish to the encrypted topic encrypt with its key.
  statement {
    sid       = "Alerts"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_kms_key" "this" {
  description             = "Logs and alerts of ${local.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key.json
  tags                    = var.tags
}

resource "aws_kms_alias" "this" {
  name          = "alias/${local.name}-observability"
  target_key_id = aws_kms_key.this.key_id
}

# Made before anything writes into them: a group that a shipper makes keeps its logs for ever.
resource "aws_cloudwatch_log_group" "cluster" {
  for_each = local.log_groups

  name              = "${local.log_prefix}/${each.value}"
  retention_in_days = local.retention
  kms_key_id        = aws_kms_key.this.arn
  tags              = var.tags
}

# Its pods get their role by the association the identity module makes for `container_insights`.
resource "aws_eks_addon" "container_insights" {
  count = local.insights ? 1 : 0

  cluster_name                = var.cluster_name
  addon_name                  = "amazon-cloudwatch-observability"
  addon_version               = var.container_insights_version
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"
  tags                        = var.tags

  depends_on = [aws_cloudwatch_log_group.cluster]
}

# Managed Grafana is not made here: it wants IAM Identity Center, which belongs to the organisation. It reads this workspace as a data source.
resource "aws_prometheus_workspace" "this" {
  count = var.prometheus_workspace ? 1 : 0

  alias       = local.name
  kms_key_arn = aws_kms_key.this.arn
  tags        = var.tags
}
