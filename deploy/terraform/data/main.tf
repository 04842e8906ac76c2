# What must outlive a cluster: artifacts, database, images, backups, secrets, and the keys they are encrypted with.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id
  name       = "${var.stack}-${var.environment}"
  production = var.environment == "production"
  protected  = coalesce(var.deletion_protection, local.production)

  keys = {
    artifacts = "Models, artifacts and images of ${local.name}"
    database  = "Database, its logs and its backups of ${local.name}"
    secrets   = "Secrets of ${local.name}"
  }
}

data "aws_iam_policy_document" "key" {
  for_each = local.keys

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

  dynamic "statement" {
    for_each = each.key == "database" ? ["logs"] : []

    content {
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
        values   = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/rds/instance/${local.name}/*"]
      }
    }
  }
}

resource "aws_kms_key" "this" {
  for_each = local.keys

  description             = each.value
  enable_key_rotation     = true
  deletion_window_in_days = var.key_deletion_days
  policy                  = data.aws_iam_policy_document.key[each.key].json
  tags                    = var.tags
}

resource "aws_kms_alias" "this" {
  for_each = local.keys

  name          = "alias/${local.name}-data-${each.key}"
  target_key_id = aws_kms_key.this[each.key].key_id
}

# `prevent_destroy` cannot depend on a variable, but a resource that holds it can: nothing a guard depends on is destroyed before the guard is.
resource "terraform_data" "guard" {
  for_each = local.protected ? {
    artifacts = aws_s3_bucket.artifacts.id
  } : {}

  triggers_replace = each.value

  lifecycle {
    prevent_destroy = true
  }
}
