# The other controllers: external-secrets, the EBS CSI driver, log shippers, Prometheus, Alertmanager.

locals {
  secret_prefix = coalesce(var.secrets.prefix, "${var.stack}/${var.environment}/")

  secret_arns = concat(["arn:${local.partition}:secretsmanager:${local.region}:${local.account}:secret:${local.secret_prefix}*"], sort(var.secrets.secret_arns))

  log_group_arns = length(var.log_group_arns) > 0 ? sort(var.log_group_arns) : ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/containerinsights/${var.cluster_name}/*"]
}

data "aws_iam_policy_document" "external_secrets" {
  statement {
    sid       = "Read"
    actions   = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
    resources = local.secret_arns
  }

  dynamic "statement" {
    for_each = length(var.secrets.kms_key_arns) == 0 ? [] : [var.secrets.kms_key_arns]

    content {
      sid       = "Keys"
      actions   = ["kms:Decrypt"]
      resources = statement.value

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["secretsmanager.${local.region}.${local.dns_suffix}"]
      }

      condition {
        test     = "StringLike"
        variable = "kms:EncryptionContext:SecretARN"
        values   = local.secret_arns
      }
    }
  }
}

# Volumes and snapshots come with AWS' managed policy, which is tied to the driver's tag; keys of our own do not.
data "aws_iam_policy_document" "ebs_csi" {
  statement {
    sid       = "Use"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
    resources = var.ebs_kms_key_arns

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["ec2.${local.region}.${local.dns_suffix}"]
    }
  }

  statement {
    sid       = "Grant"
    actions   = ["kms:CreateGrant"]
    resources = var.ebs_kms_key_arns

    condition {
      test     = "Bool"
      variable = "kms:GrantIsForAWSResource"
      values   = ["true"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["ec2.${local.region}.${local.dns_suffix}"]
    }
  }
}

# Groups are made by Terraform with a retention, so a shipper may not make one (it would keep its logs for ever).
data "aws_iam_policy_document" "logs" {
  statement {
    sid       = "Write"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = flatten([for arn in local.log_group_arns : [arn, "${arn}:log-stream:*"]])
  }
}

data "aws_iam_policy_document" "container_insights" {
  statement {
    sid       = "Metrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["ContainerInsights", "ContainerInsights/Prometheus"]
    }
  }

  statement {
    sid       = "Describe"
    actions   = ["ec2:DescribeTags", "ec2:DescribeVolumes"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [local.region]
    }
  }
}

data "aws_iam_policy_document" "prometheus" {
  statement {
    sid       = "Write"
    actions   = ["aps:RemoteWrite", "aps:QueryMetrics", "aps:GetSeries", "aps:GetLabels", "aps:GetMetricMetadata"]
    resources = length(var.prometheus_workspace_arns) > 0 ? var.prometheus_workspace_arns : ["arn:${local.partition}:aps:${local.region}:${local.account}:workspace/none"]
  }
}

data "aws_iam_policy_document" "alertmanager" {
  statement {
    sid       = "Publish"
    actions   = ["sns:Publish"]
    resources = [var.alert_topic == null ? "arn:${local.partition}:sns:${local.region}:${local.account}:none" : var.alert_topic.arn]
  }

  # Whoever publishes to an encrypted topic encrypts with its key.
  dynamic "statement" {
    for_each = var.alert_topic == null ? [] : [var.alert_topic.kms_key_arn]

    content {
      sid       = "Key"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["sns.${local.region}.${local.dns_suffix}"]
      }
    }
  }
}
