# Daily recovery points of what is tagged for it. S3 is not among them: there old versions do that work.

locals {
  backup_on   = coalesce(var.backup.enabled, var.environment != "dev")
  backup_keep = coalesce(var.backup.keep_days, { dev = 7, staging = 30, production = 90 }[var.environment])
  backup_lock = coalesce(var.backup.lock, local.production)

  # What a plan selects must not depend on the provider's default tags being set.
  backup_tags = {
    "longshore:backup" = "daily"
    "longshore:stack"  = var.stack
    "longshore:env"    = var.environment
  }
}

resource "aws_backup_vault" "this" {
  count = local.backup_on ? 1 : 0

  name          = local.name
  kms_key_arn   = aws_kms_key.this["database"].arn
  force_destroy = !local.protected && var.environment == "dev"
  tags          = var.tags
}

# Governance mode: an account's administrator can still take the lock off.
resource "aws_backup_vault_lock_configuration" "this" {
  count = local.backup_on && local.backup_lock ? 1 : 0

  backup_vault_name  = aws_backup_vault.this[0].name
  min_retention_days = local.backup_keep
}

resource "aws_backup_plan" "this" {
  count = local.backup_on ? 1 : 0

  name = local.name
  tags = var.tags

  rule {
    rule_name           = "daily"
    target_vault_name   = aws_backup_vault.this[0].name
    schedule            = var.backup.schedule
    start_window        = 60
    completion_window   = 360
    recovery_point_tags = { for key, value in local.backup_tags : key => value if key != "longshore:backup" }

    lifecycle {
      delete_after = local.backup_keep
    }
  }
}

resource "aws_backup_selection" "this" {
  count = local.backup_on ? 1 : 0

  name         = local.name
  plan_id      = aws_backup_plan.this[0].id
  iam_role_arn = aws_iam_role.backup[0].arn
  resources    = ["*"]

  condition {
    dynamic "string_equals" {
      for_each = local.backup_tags

      content {
        key   = "aws:ResourceTag/${string_equals.key}"
        value = string_equals.value
      }
    }
  }
}

data "aws_iam_policy_document" "backup_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["backup.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role" "backup" {
  count = local.backup_on ? 1 : 0

  name               = "${local.name}-backup"
  description        = "AWS Backup of ${local.name}"
  assume_role_policy = data.aws_iam_policy_document.backup_trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy_attachment" "backup" {
  for_each = local.backup_on ? toset(["AWSBackupServiceRolePolicyForBackup", "AWSBackupServiceRolePolicyForRestores"]) : []

  role       = aws_iam_role.backup[0].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/${each.value}"
}
