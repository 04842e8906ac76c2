# A pipeline's two roles: one that reads everything and may lock and write plans' states, one that applies.

locals {
  ci        = var.ci == null ? toset([]) : toset(["this"])
  ci_issuer = trimprefix(try(var.ci.issuer, ""), "https://")
  ci_oidc   = var.ci == null ? "" : coalesce(var.ci.existing_oidc_arn, "arn:${data.aws_partition.this.partition}:iam::${var.account_id}:oidc-provider/${local.ci_issuer}")

  # Role → who may take it and with which policies of AWS's or the caller's.
  ci_roles = var.ci == null ? {} : {
    for name, role in {
      plan  = { subjects = var.ci.plan_subjects, policies = toset(["arn:${data.aws_partition.this.partition}:iam::aws:policy/ReadOnlyAccess"]) }
      apply = { subjects = var.ci.apply_subjects, policies = var.ci.apply_policy_arns }
    } : name => role if length(role.subjects) > 0
  }

  ci_attachments = merge([
    for name, role in local.ci_roles : { for policy in role.policies : "${name}:${policy}" => { role = name, policy = policy } }
  ]...)
}

resource "aws_iam_openid_connect_provider" "ci" {
  for_each = try(var.ci.existing_oidc_arn, null) == null ? local.ci : toset([])

  url            = var.ci.issuer
  client_id_list = [var.ci.audience]
}

data "aws_iam_policy_document" "ci_trust" {
  for_each = local.ci_roles

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [local.ci_oidc]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.ci_issuer}:aud"
      values   = [var.ci.audience]
    }

    condition {
      test     = "StringLike"
      variable = "${local.ci_issuer}:sub"
      values   = sort(each.value.subjects)
    }
  }
}

# Written out, because a policy document that names a key is not computed before the key is there, and so not checked.
locals {
  ci_state_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "FindStates", Effect = "Allow", Action = "s3:ListBucket", Resource = local.bucket_arn },
      {
        Sid      = "ReadAndWriteStates"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = ["${local.bucket_arn}/*.tfstate", "${local.bucket_arn}/*.tflock"]
      },
      # Only the lock may be deleted, never a state.
      { Sid = "Unlock", Effect = "Allow", Action = "s3:DeleteObject", Resource = "${local.bucket_arn}/*.tflock" },
      {
        Sid      = "UseKey"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
        Resource = aws_kms_key.state.arn
      },
    ]
  })
}

resource "aws_iam_role" "ci" {
  for_each = local.ci_roles

  name                 = "${var.stack}-ci-${each.key}"
  description          = "Pipelines that ${each.key} ${var.stack}"
  assume_role_policy   = data.aws_iam_policy_document.ci_trust[each.key].json
  max_session_duration = var.ci.session_hours * 3600

  depends_on = [aws_iam_openid_connect_provider.ci]
}

resource "aws_iam_role_policy" "ci" {
  for_each = local.ci_roles

  name   = "states"
  role   = aws_iam_role.ci[each.key].id
  policy = local.ci_state_policy
}

resource "aws_iam_role_policy_attachment" "ci" {
  for_each = local.ci_attachments

  role       = aws_iam_role.ci[each.value.role].name
  policy_arn = each.value.policy
}
