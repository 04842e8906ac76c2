# Who may take a role. Plan only: the policies are the provider's own, nothing is called.

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
  workloads = {
    model-reader = {
      namespace       = "longshore-serving"
      service_account = "wine-model"
      kind            = "model_reader"
      access          = { models = { bucket_arn = "arn:aws:s3:::models", prefixes = ["models/"] } }
    }
  }
}

run "pod_identity" {
  command = plan

  assert {
    condition = alltrue([for role in values(aws_iam_role.this) : jsondecode(role.assume_role_policy).Statement[0].Principal == { Service = "pods.eks.amazonaws.com" } &&
    toset(jsondecode(role.assume_role_policy).Statement[0].Action) == toset(["sts:AssumeRole", "sts:TagSession"])])
    error_message = "every role must be taken by EKS Pod Identity, with session tags"
  }

  assert {
    condition = jsondecode(aws_iam_role.this["model-reader"].assume_role_policy).Statement[0].Condition == {
      StringEquals = {
        "aws:SourceAccount"                         = "111122223333"
        "aws:RequestTag/eks-cluster-arn"            = "arn:aws:eks:eu-west-1:111122223333:cluster/longshore-dev"
        "aws:RequestTag/kubernetes-namespace"       = "longshore-serving"
        "aws:RequestTag/kubernetes-service-account" = "wine-model"
      }
      ArnEquals = { "aws:SourceArn" = "arn:aws:eks:eu-west-1:111122223333:cluster/longshore-dev" }
    }
    error_message = "only this service account of this cluster may take the role"
  }

  assert {
    condition     = alltrue([for role in values(aws_iam_role.this) : length(jsondecode(role.assume_role_policy).Statement) == 1])
    error_message = "a role has one way in"
  }

  assert {
    condition = { for name, association in aws_eks_pod_identity_association.this : name => "${association.namespace}/${association.service_account}" } == {
      model-reader     = "longshore-serving/wine-model"
      karpenter        = "kube-system/karpenter"
      load-balancer    = "kube-system/aws-load-balancer-controller"
      external-secrets = "external-secrets/external-secrets"
      ebs-csi          = "kube-system/ebs-csi-controller-sa"
      logs             = "monitoring/fluent-bit"
    }
    error_message = "each role needs its association"
  }

  assert {
    condition     = alltrue([for account in values(output.service_accounts) : length(account.annotations) == 0])
    error_message = "Pod Identity needs no annotation"
  }
}

run "irsa" {
  command = plan

  variables {
    mode              = "irsa"
    oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC"
    oidc_issuer       = "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC"
  }

  assert {
    condition = jsondecode(aws_iam_role.this["model-reader"].assume_role_policy).Statement == [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC" }
      Condition = { StringEquals = {
        "oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub" = "system:serviceaccount:longshore-serving:wine-model"
        "oidc.eks.eu-west-1.amazonaws.com/id/ABC:aud" = "sts.amazonaws.com"
      } }
    }]
    error_message = "the trust policy must check the token's subject and its audience"
  }

  assert {
    condition = alltrue([for role in values(aws_iam_role.this) : toset(keys(jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals)) == toset([
      "oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub", "oidc.eks.eu-west-1.amazonaws.com/id/ABC:aud",
    ])])
    error_message = "every role must check both"
  }

  assert {
    condition     = length(aws_eks_pod_identity_association.this) == 0
    error_message = "IRSA makes no association"
  }
}

run "another_partition" {
  command = plan

  providers = { aws = aws.china }

  assert {
    condition     = jsondecode(aws_iam_role.this["model-reader"].assume_role_policy).Statement[0].Condition.ArnEquals == { "aws:SourceArn" = "arn:aws-cn:eks:cn-north-1:111122223333:cluster/longshore-dev" }
    error_message = "ARNs must follow the partition"
  }

  assert {
    condition     = alltrue([for attachment in values(aws_iam_role_policy_attachment.node) : startswith(attachment.policy_arn, "arn:aws-cn:iam::aws:policy/")])
    error_message = "managed policies must follow the partition"
  }
}

provider "aws" {
  alias                       = "china"
  region                      = "cn-north-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  skip_region_validation      = true
}

run "boundary_and_names" {
  command = plan

  variables {
    permissions_boundary_arn = "arn:aws:iam::111122223333:policy/boundary"
    service_accounts         = { logs = { namespace = "logging", name = "shipper" } }
    tags                     = { team = "ml" }
  }

  assert {
    condition     = alltrue([for role in concat(values(aws_iam_role.this), aws_iam_role.node) : role.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary" && role.tags.team == "ml"])
    error_message = "every role carries the boundary and the tags"
  }

  assert {
    condition     = alltrue([for role in concat(values(aws_iam_role.this), aws_iam_role.node) : startswith(role.name, "longshore-dev-") && length(role.name) <= 64])
    error_message = "roles are named after the cluster, in 64 characters"
  }

  assert {
    condition     = aws_eks_pod_identity_association.this["logs"].namespace == "logging" && aws_eks_pod_identity_association.this["logs"].service_account == "shipper"
    error_message = "a controller's service account can be another"
  }
}
