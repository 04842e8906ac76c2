# Who may take a role: one service account of one namespace of one cluster, by either way.

locals {
  issuer = var.oidc_issuer == null ? "" : trimprefix(var.oidc_issuer, "https://")

  # Pod Identity sends these as session tags, so the trust policy can demand them.
  session_tags = {
    for name, identity in local.identities : name => {
      eks-cluster-arn            = local.cluster_arn
      kubernetes-namespace       = identity.namespace
      kubernetes-service-account = identity.service_account
    }
  }
}

data "aws_iam_policy_document" "trust" {
  for_each = local.identities

  dynamic "statement" {
    for_each = var.mode == "pod_identity" ? ["pod_identity"] : []

    content {
      actions = ["sts:AssumeRole", "sts:TagSession"]

      principals {
        type        = "Service"
        identifiers = ["pods.eks.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [local.account]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = [local.cluster_arn]
      }

      dynamic "condition" {
        for_each = local.session_tags[each.key]

        content {
          test     = "StringEquals"
          variable = "aws:RequestTag/${condition.key}"
          values   = [condition.value]
        }
      }
    }
  }

  dynamic "statement" {
    for_each = var.mode == "irsa" ? ["irsa"] : []

    content {
      actions = ["sts:AssumeRoleWithWebIdentity"]

      principals {
        type        = "Federated"
        identifiers = [var.oidc_provider_arn]
      }

      condition {
        test     = "StringEquals"
        variable = "${local.issuer}:sub"
        values   = ["system:serviceaccount:${each.value.namespace}:${each.value.service_account}"]
      }

      condition {
        test     = "StringEquals"
        variable = "${local.issuer}:aud"
        values   = ["sts.amazonaws.com"]
      }
    }
  }
}
