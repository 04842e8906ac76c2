# Karpenter's controller: it may start, tag and end only what carries the tags of this cluster.
# The actions are those of Karpenter v1's own documentation.

locals {
  ec2          = "arn:${local.partition}:ec2:${local.region}"
  owned_tag    = "kubernetes.io/cluster/${var.cluster_name}"
  profiles_arn = "arn:${local.partition}:iam::${local.account}:instance-profile/*"

  karpenter_made = [for kind in ["fleet", "instance", "volume", "network-interface", "launch-template", "spot-instances-request"] : "${local.ec2}:*:${kind}/*"]
}

data "aws_iam_policy_document" "karpenter_compute" {
  statement {
    sid     = "StartFrom"
    actions = ["ec2:RunInstances", "ec2:CreateFleet"]
    resources = concat(
      ["${local.ec2}::image/*", "${local.ec2}::snapshot/*"],
      [for kind in ["security-group", "subnet", "capacity-reservation", "placement-group"] : "${local.ec2}:*:${kind}/*"],
    )
  }

  statement {
    sid       = "StartFromOwnTemplate"
    actions   = ["ec2:RunInstances", "ec2:CreateFleet"]
    resources = ["${local.ec2}:*:launch-template/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.owned_tag}"
      values   = ["owned"]
    }

    condition {
      test     = "StringLike"
      variable = "aws:ResourceTag/karpenter.sh/nodepool"
      values   = ["*"]
    }
  }

  statement {
    sid       = "StartTagged"
    actions   = ["ec2:RunInstances", "ec2:CreateFleet", "ec2:CreateLaunchTemplate"]
    resources = local.karpenter_made

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/${local.owned_tag}"
      values   = ["owned"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/eks:eks-cluster-name"
      values   = [var.cluster_name]
    }

    condition {
      test     = "StringLike"
      variable = "aws:RequestTag/karpenter.sh/nodepool"
      values   = ["*"]
    }
  }

  statement {
    sid       = "TagAtStart"
    actions   = ["ec2:CreateTags"]
    resources = local.karpenter_made

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/${local.owned_tag}"
      values   = ["owned"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/eks:eks-cluster-name"
      values   = [var.cluster_name]
    }

    condition {
      test     = "StringEquals"
      variable = "ec2:CreateAction"
      values   = ["RunInstances", "CreateFleet", "CreateLaunchTemplate"]
    }

    condition {
      test     = "StringLike"
      variable = "aws:RequestTag/karpenter.sh/nodepool"
      values   = ["*"]
    }
  }

  statement {
    sid       = "NameOwnInstances"
    actions   = ["ec2:CreateTags"]
    resources = ["${local.ec2}:*:instance/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.owned_tag}"
      values   = ["owned"]
    }

    condition {
      test     = "StringLike"
      variable = "aws:ResourceTag/karpenter.sh/nodepool"
      values   = ["*"]
    }

    condition {
      test     = "StringEqualsIfExists"
      variable = "aws:RequestTag/eks:eks-cluster-name"
      values   = [var.cluster_name]
    }

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "aws:TagKeys"
      values   = ["eks:eks-cluster-name", "karpenter.sh/nodeclaim", "Name"]
    }
  }

  statement {
    sid       = "EndOwn"
    actions   = ["ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"]
    resources = ["${local.ec2}:*:instance/*", "${local.ec2}:*:launch-template/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.owned_tag}"
      values   = ["owned"]
    }

    condition {
      test     = "StringLike"
      variable = "aws:ResourceTag/karpenter.sh/nodepool"
      values   = ["*"]
    }
  }
}

data "aws_iam_policy_document" "karpenter_discovery" {
  # EC2's describe actions know no resources; the region is what can be narrowed.
  statement {
    sid = "Describe"
    actions = [for what in [
      "CapacityReservations", "Images", "Instances", "InstanceStatus", "InstanceTypeOfferings", "InstanceTypes", "LaunchTemplates",
      "PlacementGroups", "SecurityGroups", "SpotPriceHistory", "Subnets",
    ] : "ec2:Describe${what}"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [local.region]
    }
  }

  statement {
    sid       = "ImageParameters"
    actions   = ["ssm:GetParameter"]
    resources = ["arn:${local.partition}:ssm:${local.region}::parameter/aws/service/*"]
  }

  statement {
    sid       = "Prices"
    actions   = ["pricing:GetProducts"]
    resources = ["*"]
  }

  statement {
    sid       = "Cluster"
    actions   = ["eks:DescribeCluster"]
    resources = [local.cluster_arn]
  }

  statement {
    sid       = "ZonalShift"
    actions   = ["arc-zonal-shift:GetManagedResource"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "arc-zonal-shift:ResourceIdentifier"
      values   = [local.cluster_arn]
    }
  }
}

data "aws_iam_policy_document" "karpenter_node_role" {
  statement {
    sid       = "PassNodeRole"
    actions   = ["iam:PassRole"]
    resources = ["arn:${local.partition}:iam::${local.account}:role/${local.node_role_name}"]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"]
    }
  }

  statement {
    sid       = "ReadProfiles"
    actions   = ["iam:GetInstanceProfile"]
    resources = [local.profiles_arn]
  }

  statement {
    sid       = "ListProfiles"
    actions   = ["iam:ListInstanceProfiles"]
    resources = ["*"]
  }

  dynamic "statement" {
    for_each = var.karpenter_instance_profile == "controller" ? {
      MakeProfile = { actions = ["iam:CreateInstanceProfile"], tags = ["Request"] }
      TagProfile  = { actions = ["iam:TagInstanceProfile"], tags = ["Request", "Resource"] }
      UseProfile  = { actions = ["iam:AddRoleToInstanceProfile", "iam:RemoveRoleFromInstanceProfile", "iam:DeleteInstanceProfile"], tags = ["Resource"] }
    } : {}

    content {
      sid       = statement.key
      actions   = statement.value.actions
      resources = [local.profiles_arn]

      dynamic "condition" {
        for_each = merge([for side in statement.value.tags : merge(
          {
            "aws:${side}Tag/${local.owned_tag}"             = ["StringEquals", "owned"]
            "aws:${side}Tag/topology.kubernetes.io/region"  = ["StringEquals", local.region]
            "aws:${side}Tag/karpenter.k8s.aws/ec2nodeclass" = ["StringLike", "*"]
          },
          side == "Request" ? { "aws:RequestTag/eks:eks-cluster-name" = ["StringEquals", var.cluster_name] } : {},
        )]...)

        content {
          test     = condition.value[0]
          variable = condition.key
          values   = [condition.value[1]]
        }
      }
    }
  }
}

data "aws_iam_policy_document" "karpenter_interruption" {
  statement {
    sid       = "ReadQueue"
    actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueUrl"]
    resources = [local.queue_arn]
  }
}
