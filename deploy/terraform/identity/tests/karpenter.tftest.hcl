# Karpenter: scoped by tags, and every part of its interruption queue.

provider "aws" {
  region                      = "us-east-1"
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
  environment  = "production"
  cluster_name = "longshore-production"
}

run "controller" {
  command = plan

  assert {
    condition     = toset([for key in keys(aws_iam_role_policy.this) : key if startswith(key, "karpenter/")]) == toset(["karpenter/compute", "karpenter/discovery", "karpenter/node-role", "karpenter/interruption"])
    error_message = "Karpenter has four policies"
  }

  assert {
    condition = alltrue([for statement in jsondecode(aws_iam_role_policy.this["karpenter/compute"].policy).Statement :
      anytrue([
        statement.Sid == "StartFrom",
        try(statement.Condition.StringEquals["aws:RequestTag/kubernetes.io/cluster/longshore-production"] == "owned", false),
        try(statement.Condition.StringEquals["aws:ResourceTag/kubernetes.io/cluster/longshore-production"] == "owned", false),
    ])])
    error_message = "whatever changes something must be bound to the tag of this cluster"
  }

  assert {
    condition = alltrue([for statement in jsondecode(aws_iam_role_policy.this["karpenter/compute"].policy).Statement :
      statement.Sid == "StartFrom" || anytrue([for test, pairs in try(statement.Condition, {}) : anytrue([for key, value in pairs : endswith(key, "Tag/karpenter.sh/nodepool") && test == "StringLike"])])
    ])
    error_message = "and to a node pool"
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.this["karpenter/compute"].policy).Statement : toset(flatten([statement.Action])) if statement.Sid == "EndOwn"] == [
      toset(["ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"])
    ]
    error_message = "it ends instances and launch templates"
  }

  assert {
    condition     = !anytrue([for statement in jsondecode(aws_iam_role_policy.this["karpenter/compute"].policy).Statement : contains(flatten([statement.Resource]), "*")])
    error_message = "no statement that changes something is for every resource"
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.this["karpenter/discovery"].policy).Statement[0].Condition == { StringEquals = { "aws:RequestedRegion" = "us-east-1" } } && alltrue([for action in jsondecode(aws_iam_role_policy.this["karpenter/discovery"].policy).Statement[0].Action : startswith(action, "ec2:Describe")])
    error_message = "it only describes, and in its region"
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.this["karpenter/node-role"].policy).Statement[0] == {
      Sid       = "PassNodeRole", Effect = "Allow", Action = "iam:PassRole", Resource = "arn:aws:iam::111122223333:role/longshore-production-karpenter-node"
      Condition = { StringEquals = { "iam:PassedToService" = ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"] } }
    }
    error_message = "it passes the node role and no other, to EC2 only"
  }

  assert {
    condition = {
      for statement in jsondecode(aws_iam_role_policy.this["karpenter/node-role"].policy).Statement : statement.Sid => statement.Condition if contains(["MakeProfile", "TagProfile", "UseProfile"], statement.Sid)
      } == {
      MakeProfile = {
        StringEquals = {
          "aws:RequestTag/kubernetes.io/cluster/longshore-production" = "owned"
          "aws:RequestTag/topology.kubernetes.io/region"              = "us-east-1"
          "aws:RequestTag/eks:eks-cluster-name"                       = "longshore-production"
        }
        StringLike = { "aws:RequestTag/karpenter.k8s.aws/ec2nodeclass" = "*" }
      }
      TagProfile = {
        StringEquals = {
          "aws:RequestTag/kubernetes.io/cluster/longshore-production"  = "owned"
          "aws:RequestTag/topology.kubernetes.io/region"               = "us-east-1"
          "aws:RequestTag/eks:eks-cluster-name"                        = "longshore-production"
          "aws:ResourceTag/kubernetes.io/cluster/longshore-production" = "owned"
          "aws:ResourceTag/topology.kubernetes.io/region"              = "us-east-1"
        }
        StringLike = {
          "aws:RequestTag/karpenter.k8s.aws/ec2nodeclass"  = "*"
          "aws:ResourceTag/karpenter.k8s.aws/ec2nodeclass" = "*"
        }
      }
      UseProfile = {
        StringEquals = {
          "aws:ResourceTag/kubernetes.io/cluster/longshore-production" = "owned"
          "aws:ResourceTag/topology.kubernetes.io/region"              = "us-east-1"
        }
        StringLike = { "aws:ResourceTag/karpenter.k8s.aws/ec2nodeclass" = "*" }
      }
    }
    error_message = "instance profiles are bound to cluster, region and node class"
  }

  assert {
    condition     = alltrue([for policy in values(aws_iam_role_policy.this) : length(jsonencode(jsondecode(policy.policy))) <= 6144])
    error_message = "each policy must stay below the size of a managed policy"
  }

  assert {
    condition     = alltrue([for role in keys(aws_iam_role.this) : sum(concat([0], [for policy in values(local.policies) : length(jsonencode(jsondecode(policy.document))) if policy.role == role])) <= 10240])
    error_message = "a role's policies together must fit in 10,240 characters"
  }
}

run "queue" {
  command = plan

  assert {
    condition     = aws_sqs_queue.interruption[0].name == "longshore-production-interruption" && aws_sqs_queue.interruption[0].sqs_managed_sse_enabled && aws_sqs_queue.interruption[0].message_retention_seconds == 300
    error_message = "the queue is encrypted and forgets in five minutes"
  }

  assert {
    condition = jsondecode(data.aws_iam_policy_document.queue.json).Statement[0] == {
      Sid       = "Events", Effect = "Allow", Action = "sqs:SendMessage", Resource = "arn:aws:sqs:us-east-1:111122223333:longshore-production-interruption"
      Principal = { Service = "events.amazonaws.com" }
      Condition = { ArnEquals = { "aws:SourceArn" = [for name in ["health", "rebalance", "reservation", "spot", "state"] : "arn:aws:events:us-east-1:111122223333:rule/longshore-production-${name}"] } }
    }
    error_message = "only our own rules may send"
  }

  assert {
    condition     = jsondecode(data.aws_iam_policy_document.queue.json).Statement[1].Effect == "Deny" && jsondecode(data.aws_iam_policy_document.queue.json).Statement[1].Condition == { Bool = { "aws:SecureTransport" = "false" } }
    error_message = "and only by TLS"
  }

  assert {
    condition = { for name, rule in aws_cloudwatch_event_rule.interruption : name => jsondecode(rule.event_pattern) } == {
      health      = { source = ["aws.health"], "detail-type" = ["AWS Health Event"] }
      spot        = { source = ["aws.ec2"], "detail-type" = ["EC2 Spot Instance Interruption Warning"] }
      rebalance   = { source = ["aws.ec2"], "detail-type" = ["EC2 Instance Rebalance Recommendation"] }
      state       = { source = ["aws.ec2"], "detail-type" = ["EC2 Instance State-change Notification"] }
      reservation = { source = ["aws.ec2"], "detail-type" = ["EC2 Capacity Reservation Instance Interruption Warning"] }
    }
    error_message = "five kinds of event reach the queue"
  }

  assert {
    condition     = keys(aws_cloudwatch_event_target.interruption) == keys(aws_cloudwatch_event_rule.interruption)
    error_message = "each rule has its target"
  }
}

run "nodes" {
  command = plan

  assert {
    condition     = toset([for attachment in values(aws_iam_role_policy_attachment.node) : basename(attachment.policy_arn)]) == toset(["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly"])
    error_message = "nodes join, network and pull, no more"
  }

  assert {
    condition     = jsondecode(aws_iam_role.node[0].assume_role_policy).Statement[0].Principal == { Service = "ec2.amazonaws.com" }
    error_message = "EC2 takes the node role"
  }

  assert {
    condition     = aws_eks_access_entry.node[0].type == "EC2_LINUX" && aws_eks_access_entry.node[0].cluster_name == "longshore-production"
    error_message = "the nodes need an access entry"
  }

  assert {
    condition     = length(aws_iam_instance_profile.node) == 0
    error_message = "Karpenter makes its own instance profiles by default"
  }
}

run "fixed_instance_profile" {
  command = plan

  variables {
    karpenter_instance_profile = "terraform"
    node_access_entry          = false
    node_ssm                   = true
  }

  assert {
    condition     = aws_iam_instance_profile.node[0].name == "longshore-production-karpenter-node"
    error_message = "the profile is ours"
  }

  assert {
    condition     = toset([for statement in jsondecode(aws_iam_role_policy.this["karpenter/node-role"].policy).Statement : statement.Sid]) == toset(["PassNodeRole", "ReadProfiles", "ListProfiles"])
    error_message = "then Karpenter may not change profiles"
  }

  assert {
    condition     = length(aws_eks_access_entry.node) == 0 && contains(keys(aws_iam_role_policy_attachment.node), "AmazonSSMManagedInstanceCore")
    error_message = "no access entry, Session Manager on"
  }
}

run "off" {
  command = plan

  variables {
    controllers = { karpenter = false }
  }

  assert {
    condition = (
      output.karpenter == null && !contains(keys(aws_iam_role.this), "karpenter") && length(aws_iam_role.node) == 0 && length(aws_iam_role_policy_attachment.node) == 0 && length(aws_eks_access_entry.node) == 0
      && length(aws_sqs_queue.interruption) == 0 && length(aws_sqs_queue_policy.interruption) == 0 && length(aws_cloudwatch_event_rule.interruption) == 0 && length(aws_cloudwatch_event_target.interruption) == 0
    )
    error_message = "nothing of Karpenter is left when it is off"
  }
}
