# The other controllers' policies.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "111122223333" }
}

variables {
  environment  = "dev"
  cluster_name = "longshore-dev"
}

run "load_balancer" {
  command = plan

  assert {
    condition = alltrue(flatten([for name in ["security-groups", "load-balancers"] : [
      for statement in jsondecode(aws_iam_role_policy.this["load-balancer/${name}"].policy).Statement : anytrue([
        statement.Sid == "MakeIn",
        try(statement.Condition.StringEquals["aws:RequestTag/elbv2.k8s.aws/cluster"] == "longshore-dev", false),
        try(statement.Condition.StringEquals["aws:ResourceTag/elbv2.k8s.aws/cluster"] == "longshore-dev", false),
        try(statement.Condition.StringEquals["aws:ResourceTag/kubernetes.io/cluster/longshore-dev"] == ["shared", "owned"], false),
        try(toset(statement.Condition.StringEquals["aws:ResourceTag/kubernetes.io/cluster/longshore-dev"]) == toset(["owned", "shared"]), false),
      ])
    ]]))
    error_message = "it makes only what carries this cluster's tag, and changes only that"
  }

  assert {
    condition = alltrue(flatten([for name in ["security-groups", "load-balancers"] : [
      for statement in jsondecode(aws_iam_role_policy.this["load-balancer/${name}"].policy).Statement :
      statement.Condition["ForAllValues:StringNotEquals"] == { "aws:TagKeys" = "elbv2.k8s.aws/cluster" } if statement.Sid == "TagOwn"
    ]]))
    error_message = "it cannot take its own tag off, nor put it on what is another's"
  }

  assert {
    condition     = alltrue([for action in jsondecode(aws_iam_role_policy.this["load-balancer/discovery"].policy).Statement[0].Action : can(regex(":(Describe|List|Get)", action))])
    error_message = "what it may do everywhere is to read"
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.this["load-balancer/discovery"].policy).Statement[1].Condition == { StringEquals = { "iam:AWSServiceName" = "elasticloadbalancing.amazonaws.com" } }
    error_message = "it may make the service-linked role of load balancing only"
  }

  assert {
    condition     = !contains(keys(aws_iam_role_policy.this), "load-balancer/waf") && !strcontains(join("", [for policy in values(aws_iam_role_policy.this) : policy.policy]), "waf")
    error_message = "web ACLs are off by default"
  }
}

run "load_balancer_with_waf" {
  command = plan

  variables {
    controllers = { waf = true }
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.this["load-balancer/waf"].policy).Statement[0].Condition == { StringEquals = { "aws:ResourceTag/elbv2.k8s.aws/cluster" = "longshore-dev" } }
    error_message = "it binds web ACLs to its own load balancers"
  }
}

run "external_secrets" {
  command = plan

  variables {
    secrets = {
      secret_arns  = ["arn:aws:secretsmanager:eu-west-1:111122223333:secret:rds!db-1-abcdef"]
      kms_key_arns = ["arn:aws:kms:eu-west-1:111122223333:key/secrets"]
    }
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.this["external-secrets/read"].policy).Statement == [
      {
        Sid      = "Read", Effect = "Allow", Action = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
        Resource = ["arn:aws:secretsmanager:eu-west-1:111122223333:secret:rds!db-1-abcdef", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:longshore/dev/*"]
      },
      {
        Sid = "Keys", Effect = "Allow", Action = "kms:Decrypt", Resource = "arn:aws:kms:eu-west-1:111122223333:key/secrets"
        Condition = {
          StringEquals = { "kms:ViaService" = "secretsmanager.eu-west-1.amazonaws.com" }
          StringLike   = { "kms:EncryptionContext:SecretARN" = ["arn:aws:secretsmanager:eu-west-1:111122223333:secret:longshore/dev/*", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:rds!db-1-abcdef"] }
        }
      },
    ]
    error_message = "it reads this environment's secrets and the named ones, and neither lists nor writes"
  }

  assert {
    condition     = output.secret_prefix == "longshore/dev/"
    error_message = "the prefix is that of stack and environment"
  }
}

run "external_secrets_prefix" {
  command = plan

  variables {
    secrets = { prefix = "team/" }
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.this["external-secrets/read"].policy).Statement[0].Resource == "arn:aws:secretsmanager:eu-west-1:111122223333:secret:team/*" && length(jsondecode(aws_iam_role_policy.this["external-secrets/read"].policy).Statement) == 1
    error_message = "another prefix, and no key statement without a key"
  }
}

run "ebs_csi" {
  command = plan

  variables {
    ebs_kms_key_arns = ["arn:aws:kms:eu-west-1:111122223333:key/ebs"]
  }

  assert {
    condition     = aws_iam_role_policy_attachment.this["ebs-csi/AmazonEBSCSIDriverPolicy"].policy_arn == "arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy"
    error_message = "the driver has AWS' policy for it"
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_role_policy.this["ebs-csi/keys"].policy).Statement : statement.Resource == "arn:aws:kms:eu-west-1:111122223333:key/ebs" && statement.Condition.StringEquals == { "kms:ViaService" = "ec2.eu-west-1.amazonaws.com" }])
    error_message = "the key is used through EC2 only"
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.this["ebs-csi/keys"].policy).Statement : statement.Condition.Bool if statement.Action == "kms:CreateGrant"] == [{ "kms:GrantIsForAWSResource" = "true" }]
    error_message = "grants are for AWS services only"
  }
}

run "ebs_csi_with_the_default_key" {
  command = plan

  assert {
    condition     = !contains(keys(aws_iam_role_policy.this), "ebs-csi/keys")
    error_message = "the account's default key needs no policy"
  }
}

run "logs" {
  command = plan

  assert {
    condition     = toset(jsondecode(aws_iam_role_policy.this["logs/write"].policy).Statement[0].Resource) == toset(["arn:aws:logs:eu-west-1:111122223333:log-group:/aws/containerinsights/longshore-dev/*", "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/containerinsights/longshore-dev/*:log-stream:*"])
    error_message = "it writes into this cluster's groups"
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.this["logs/write"].policy, "CreateLogGroup") && !strcontains(aws_iam_role_policy.this["logs/write"].policy, "PutRetentionPolicy")
    error_message = "it may not make groups"
  }
}

run "everything" {
  command = plan

  variables {
    controllers               = { container_insights = true, prometheus = true, alertmanager = true, waf = true }
    log_group_arns            = ["arn:aws:logs:eu-west-1:111122223333:log-group:/one"]
    prometheus_workspace_arns = ["arn:aws:aps:eu-west-1:111122223333:workspace/ws-1"]
    alert_topic               = { arn = "arn:aws:sns:eu-west-1:111122223333:alerts", kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/alerts" }
  }

  assert {
    condition     = toset(jsondecode(aws_iam_role_policy.this["container-insights/logs"].policy).Statement[0].Resource) == toset(["arn:aws:logs:eu-west-1:111122223333:log-group:/one", "arn:aws:logs:eu-west-1:111122223333:log-group:/one:log-stream:*"])
    error_message = "the agent writes into the groups named"
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.this["container-insights/metrics"].policy).Statement[0].Condition == { StringEquals = { "cloudwatch:namespace" = ["ContainerInsights", "ContainerInsights/Prometheus"] } }
    error_message = "metrics go into Container Insights' namespaces only"
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.this["prometheus/write"].policy).Statement[0].Resource == "arn:aws:aps:eu-west-1:111122223333:workspace/ws-1"
    error_message = "Prometheus writes into its workspace only"
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.this["alertmanager/publish"].policy).Statement == [
      { Sid = "Publish", Effect = "Allow", Action = "sns:Publish", Resource = "arn:aws:sns:eu-west-1:111122223333:alerts" },
      {
        Sid       = "Key", Effect = "Allow", Action = ["kms:GenerateDataKey", "kms:Decrypt"], Resource = "arn:aws:kms:eu-west-1:111122223333:key/alerts",
        Condition = { StringEquals = { "kms:ViaService" = "sns.eu-west-1.amazonaws.com" } }
      },
    ]
    error_message = "Alertmanager publishes to its topic and encrypts for it, nothing else"
  }

  assert {
    condition     = aws_eks_pod_identity_association.this["alertmanager"].namespace == "monitoring" && aws_eks_pod_identity_association.this["alertmanager"].service_account == "alertmanager"
    error_message = "Alertmanager's service account is the one that Argo CD makes"
  }

  assert {
    condition     = length(aws_iam_role.this) == 8 && length(aws_eks_pod_identity_association.this) == 8
    error_message = "all eight controllers have a role"
  }

  assert {
    condition = alltrue(flatten([for policy in values(aws_iam_role_policy.this) : [for statement in jsondecode(policy.policy).Statement : [for action in flatten([statement.Action]) :
      action != "*" && !endswith(action, ":*") && (!contains(flatten([statement.Resource]), "*") || can(regex(":(Describe|List|Get)", action)) || try(statement.Condition != null, false))
    ]]]))
    error_message = "no policy allows a whole service, and none changes every resource without a condition"
  }
}
