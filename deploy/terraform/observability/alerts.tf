# Where alarms and budget notices go.

locals {
  topic_arn = "arn:${local.partition}:sns:${local.region}:${local.account}:${local.name}-alerts"

  # Several values of one filter are joined by "or", so only the environment's tag is filtered.
  budget_tags = var.budget.tagged_only ? [join("$", ["user:longshore:env", var.environment])] : []
}

resource "aws_sns_topic" "alerts" {
  name              = "${local.name}-alerts"
  kms_master_key_id = aws_kms_key.this.arn
  tags              = var.tags
}

data "aws_iam_policy_document" "topic" {
  statement {
    sid       = "Services"
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]

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

  dynamic "statement" {
    for_each = length(var.alert_publisher_role_arns) == 0 ? [] : [var.alert_publisher_role_arns]

    content {
      sid       = "Publishers"
      actions   = ["sns:Publish"]
      resources = [local.topic_arn]

      principals {
        type        = "AWS"
        identifiers = statement.value
      }
    }
  }

  statement {
    sid       = "OnlyTls"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sns_topic_policy" "alerts" {
  arn    = aws_sns_topic.alerts.arn
  policy = data.aws_iam_policy_document.topic.json
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.alert_emails

  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_sns_topic_subscription" "https" {
  for_each = var.alert_endpoints

  topic_arn              = aws_sns_topic.alerts.arn
  protocol               = "https"
  endpoint               = each.value
  endpoint_auto_confirms = true
}

resource "aws_budgets_budget" "this" {
  count = var.budget.amount == null ? 0 : 1

  name         = local.name
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = tostring(var.budget.amount)
  limit_unit   = var.budget.currency
  tags         = var.tags

  dynamic "cost_filter" {
    for_each = local.budget_tags

    content {
      name   = "TagKeyValue"
      values = [cost_filter.value]
    }
  }

  dynamic "notification" {
    for_each = concat(
      [for percent in var.budget.actual : { type = "ACTUAL", percent = percent }],
      [for percent in var.budget.forecast : { type = "FORECASTED", percent = percent }],
    )

    content {
      comparison_operator       = "GREATER_THAN"
      notification_type         = notification.value.type
      threshold                 = notification.value.percent
      threshold_type            = "PERCENTAGE"
      subscriber_sns_topic_arns = [aws_sns_topic.alerts.arn]
    }
  }

  # AWS Budgets tries the topic when a notice is made.
  depends_on = [aws_sns_topic_policy.alerts]
}
