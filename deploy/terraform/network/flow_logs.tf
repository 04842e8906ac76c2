# The record of what talked to what: to a log group with an end date, written by a role that can write nowhere else.

data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

locals {
  flow_log       = var.flow_logs.enabled ? toset(["this"]) : toset([])
  log_group_name = "/aws/vpc/${local.name}/flow"
  log_group_arn  = "arn:${data.aws_partition.this.partition}:logs:${local.region}:${data.aws_caller_identity.this.account_id}:log-group:${local.log_group_name}"
}

resource "aws_cloudwatch_log_group" "flow" {
  for_each = local.flow_log

  name              = local.log_group_name
  retention_in_days = var.flow_logs.retention_days
  kms_key_id        = var.flow_logs.kms_key_arn

  tags = var.tags
}

data "aws_iam_policy_document" "flow_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["vpc-flow-logs.amazonaws.com"]
    }

    # Without it the service could be made to write for another account (the confused deputy).
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

data "aws_iam_policy_document" "flow" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
    resources = ["${local.log_group_arn}:*"]
  }

  # This action knows no narrower resource than every group.
  statement {
    actions   = ["logs:DescribeLogGroups"]
    resources = ["arn:${data.aws_partition.this.partition}:logs:${local.region}:${data.aws_caller_identity.this.account_id}:log-group:*"]
  }
}

resource "aws_iam_role" "flow" {
  for_each = local.flow_log

  name               = "${local.name}-flow-logs"
  description        = "Lets VPC flow logs of ${local.name} write to their log group"
  assume_role_policy = data.aws_iam_policy_document.flow_trust.json

  tags = var.tags
}

resource "aws_iam_role_policy" "flow" {
  for_each = local.flow_log

  name   = "write-flow-logs"
  role   = aws_iam_role.flow[each.key].id
  policy = data.aws_iam_policy_document.flow.json
}

resource "aws_flow_log" "this" {
  for_each = local.flow_log

  vpc_id                   = aws_vpc.this.id
  traffic_type             = var.flow_logs.traffic
  log_destination_type     = "cloud-watch-logs"
  log_destination          = aws_cloudwatch_log_group.flow[each.key].arn
  iam_role_arn             = aws_iam_role.flow[each.key].arn
  max_aggregation_interval = 600

  tags = merge(var.tags, { Name = local.name })
}
