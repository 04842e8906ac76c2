# AWS Load Balancer Controller: everything it makes carries `elbv2.k8s.aws/cluster`, and it may change only what carries it with this cluster's name.
# That includes listeners and rules, so its feature gate ListenerRulesTagging (on by default) stays on.

locals {
  elb             = "arn:${local.partition}:elasticloadbalancing:${local.region}:${local.account}"
  elb_tag         = "elbv2.k8s.aws/cluster"
  load_balancers  = ["${local.elb}:loadbalancer/app/*", "${local.elb}:loadbalancer/net/*"]
  target_groups   = ["${local.elb}:targetgroup/*"]
  listeners       = [for kind in ["listener/app/*", "listener/net/*", "listener-rule/app/*", "listener-rule/net/*"] : "${local.elb}:${kind}"]
  security_groups = ["${local.ec2}:${local.account}:security-group/*"]
}

data "aws_iam_policy_document" "load_balancer_discovery" {
  statement {
    sid = "Describe"
    actions = concat(
      [for what in [
        "AccountAttributes", "Addresses", "AvailabilityZones", "Instances", "InternetGateways", "IpamPools", "NetworkInterfaces", "RouteTables",
        "SecurityGroups", "Subnets", "Tags", "VpcPeeringConnections", "Vpcs",
      ] : "ec2:Describe${what}"],
      ["ec2:GetSecurityGroupsForVpc"],
      [for what in [
        "CapacityReservation", "ListenerAttributes", "ListenerCertificates", "Listeners", "LoadBalancerAttributes", "LoadBalancers", "Rules", "SSLPolicies",
        "Tags", "TargetGroupAttributes", "TargetGroups", "TargetHealth", "TrustStores",
      ] : "elasticloadbalancing:Describe${what}"],
      ["acm:ListCertificates", "acm:DescribeCertificate", "iam:ListServerCertificates", "iam:GetServerCertificate"],
    )
    resources = ["*"]
  }

  statement {
    sid       = "ServiceLinkedRole"
    actions   = ["iam:CreateServiceLinkedRole"]
    resources = ["arn:${local.partition}:iam::${local.account}:role/aws-service-role/elasticloadbalancing.amazonaws.com/*"]

    condition {
      test     = "StringEquals"
      variable = "iam:AWSServiceName"
      values   = ["elasticloadbalancing.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "load_balancer_security_groups" {
  statement {
    sid       = "MakeIn"
    actions   = ["ec2:CreateSecurityGroup"]
    resources = ["${local.ec2}:${local.account}:vpc/*"]
  }

  statement {
    sid       = "MakeTagged"
    actions   = ["ec2:CreateSecurityGroup"]
    resources = local.security_groups

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/${local.elb_tag}"
      values   = [var.cluster_name]
    }
  }

  statement {
    sid       = "TagAtMaking"
    actions   = ["ec2:CreateTags"]
    resources = local.security_groups

    condition {
      test     = "StringEquals"
      variable = "ec2:CreateAction"
      values   = ["CreateSecurityGroup"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/${local.elb_tag}"
      values   = [var.cluster_name]
    }
  }

  statement {
    sid       = "TagOwn"
    actions   = ["ec2:CreateTags", "ec2:DeleteTags"]
    resources = local.security_groups

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.elb_tag}"
      values   = [var.cluster_name]
    }

    # The tag that makes it ours can neither be set nor taken off afterwards.
    condition {
      test     = "ForAllValues:StringNotEquals"
      variable = "aws:TagKeys"
      values   = [local.elb_tag]
    }
  }

  statement {
    sid       = "ChangeOwn"
    actions   = ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress", "ec2:DeleteSecurityGroup"]
    resources = local.security_groups

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.elb_tag}"
      values   = [var.cluster_name]
    }
  }

  # Nodes' and the cluster's groups: the controller lets its load balancers in.
  statement {
    sid       = "OpenNodes"
    actions   = ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"]
    resources = local.security_groups

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.owned_tag}"
      values   = ["owned", "shared"]
    }
  }
}

data "aws_iam_policy_document" "load_balancer_load_balancers" {
  statement {
    sid       = "MakeTagged"
    actions   = ["elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"]
    resources = concat(local.load_balancers, local.target_groups)

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/${local.elb_tag}"
      values   = [var.cluster_name]
    }
  }

  statement {
    sid       = "TagAtMaking"
    actions   = ["elasticloadbalancing:AddTags"]
    resources = concat(local.load_balancers, local.target_groups, local.listeners)

    condition {
      test     = "StringEquals"
      variable = "elasticloadbalancing:CreateAction"
      values   = ["CreateLoadBalancer", "CreateTargetGroup", "CreateListener", "CreateRule"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/${local.elb_tag}"
      values   = [var.cluster_name]
    }
  }

  statement {
    sid       = "TagOwn"
    actions   = ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"]
    resources = concat(local.load_balancers, local.target_groups, local.listeners)

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.elb_tag}"
      values   = [var.cluster_name]
    }

    condition {
      test     = "ForAllValues:StringNotEquals"
      variable = "aws:TagKeys"
      values   = [local.elb_tag]
    }
  }

  statement {
    sid = "ChangeOwn"
    actions = [for what in [
      "AddListenerCertificates", "CreateListener", "CreateRule", "DeleteListener", "DeleteLoadBalancer", "DeleteRule", "DeleteTargetGroup", "DeregisterTargets",
      "ModifyCapacityReservation", "ModifyIpPools", "ModifyListener", "ModifyListenerAttributes", "ModifyLoadBalancerAttributes", "ModifyRule", "ModifyTargetGroup",
      "ModifyTargetGroupAttributes", "RegisterTargets", "RemoveListenerCertificates", "SetIpAddressType", "SetRulePriorities", "SetSecurityGroups", "SetSubnets",
    ] : "elasticloadbalancing:${what}"]
    resources = concat(local.load_balancers, local.target_groups, local.listeners)

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.elb_tag}"
      values   = [var.cluster_name]
    }
  }
}

data "aws_iam_policy_document" "load_balancer_waf" {
  statement {
    sid       = "BindOwn"
    actions   = ["elasticloadbalancing:SetWebAcl"]
    resources = local.load_balancers

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/${local.elb_tag}"
      values   = [var.cluster_name]
    }
  }

  statement {
    sid       = "WebAcls"
    actions   = ["wafv2:GetWebACL", "wafv2:GetWebACLForResource", "wafv2:AssociateWebACL", "wafv2:DisassociateWebACL"]
    resources = ["arn:${local.partition}:wafv2:${local.region}:${local.account}:regional/webacl/*/*", "${local.elb}:loadbalancer/app/*"]
  }
}
