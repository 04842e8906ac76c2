# Keys of the cluster's own: Kubernetes Secrets, the disks of nodes and volumes, logs. AWS renews their material every year.

locals {
  keys = merge(
    var.secrets_kms_key_arn == null ? { secrets = "Kubernetes Secrets of ${var.name}" } : {},
    { ebs = "Disks of nodes and volumes of ${var.name}", logs = "Logs of ${var.name}" },
  )
}

resource "aws_kms_key" "this" {
  for_each = local.keys

  description             = each.value
  enable_key_rotation     = true
  deletion_window_in_days = 30

  tags = merge(var.tags, { Name = "${var.name}-${each.key}" })
}

resource "aws_kms_alias" "this" {
  for_each = local.keys

  name          = "alias/${var.name}-${each.key}"
  target_key_id = aws_kms_key.this[each.key].key_id
}

data "aws_iam_policy_document" "key" {
  for_each = local.keys

  # The account's IAM policies decide, as in every key that AWS makes; without it nobody could ever change the key.
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account_id}:root"]
    }
  }

  # Scaling groups, Karpenter and the storage driver reach the key through EC2 only, as with the key AWS manages for EBS.
  dynamic "statement" {
    for_each = each.key == "ebs" ? ["ebs"] : []

    content {
      sid       = "Disks"
      actions   = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = ["*"]
      }

      condition {
        test     = "StringEquals"
        variable = "kms:CallerAccount"
        values   = [local.account_id]
      }

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["ec2.${local.region}.amazonaws.com"]
      }
    }
  }

  dynamic "statement" {
    for_each = each.key == "logs" ? ["logs"] : []

    content {
      sid       = "Logs"
      actions   = ["kms:Decrypt", "kms:Describe*", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = ["logs.${local.region}.amazonaws.com"]
      }

      condition {
        test     = "ArnLike"
        variable = "kms:EncryptionContext:aws:logs:arn"
        values   = ["arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:*"]
      }
    }
  }
}

resource "aws_kms_key_policy" "this" {
  for_each = local.keys

  key_id = aws_kms_key.this[each.key].key_id
  policy = data.aws_iam_policy_document.key[each.key].json
}
