# Every variable refuses what cannot be right.

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

run "stack" {
  command = plan

  variables {
    stack = "Long Shore"
  }

  expect_failures = [var.stack]
}

run "environment" {
  command = plan

  variables {
    environment = "prod"
  }

  expect_failures = [var.environment]
}

run "tags" {
  command = plan

  variables {
    tags = { "aws:x" = "y" }
  }

  expect_failures = [var.tags]
}

run "cluster_name" {
  command = plan

  variables {
    cluster_name = "a-name-that-leaves-no-room-for-roles"
  }

  expect_failures = [var.cluster_name]
}

run "mode" {
  command = plan

  variables {
    mode = "kiam"
  }

  expect_failures = [var.mode]
}

run "irsa_without_provider" {
  command = plan

  variables {
    mode = "irsa"
  }

  expect_failures = [var.mode]
}

run "oidc_provider_arn" {
  command = plan

  variables {
    oidc_provider_arn = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"
  }

  expect_failures = [var.oidc_provider_arn]
}

run "oidc_issuer" {
  command = plan

  variables {
    oidc_issuer = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"
  }

  expect_failures = [var.oidc_issuer]
}

run "permissions_boundary_arn" {
  command = plan

  variables {
    permissions_boundary_arn = "boundary"
  }

  expect_failures = [var.permissions_boundary_arn]
}

run "workload_name" {
  command = plan

  variables {
    workloads = { Reader = { namespace = "serving", service_account = "a", kind = "model_reader", access = { m = { bucket_arn = "arn:aws:s3:::models", prefixes = ["models/"] } }, kms_key_arns = [] } }
  }

  expect_failures = [var.workloads]
}

run "workload_called_like_a_controller" {
  command = plan

  variables {
    workloads = { karpenter = { namespace = "serving", service_account = "a", kind = "model_reader", access = { m = { bucket_arn = "arn:aws:s3:::models", prefixes = ["models/"] } }, kms_key_arns = [] } }
  }

  expect_failures = [var.workloads]
}

run "workload_kind" {
  command = plan

  variables {
    workloads = { reader = { namespace = "serving", service_account = "a", kind = "admin", access = { m = { bucket_arn = "arn:aws:s3:::models", prefixes = ["models/"] } }, kms_key_arns = [] } }
  }

  expect_failures = [var.workloads]
}

run "workload_namespace_pattern" {
  command = plan

  variables {
    workloads = { reader = { namespace = "*", service_account = "a", kind = "model_reader", access = { m = { bucket_arn = "arn:aws:s3:::models", prefixes = ["models/"] } }, kms_key_arns = [] } }
  }

  expect_failures = [var.workloads]
}

run "workload_service_account_pattern" {
  command = plan

  variables {
    workloads = { reader = { namespace = "serving", service_account = "wine-*", kind = "model_reader", access = { m = { bucket_arn = "arn:aws:s3:::models", prefixes = ["models/"] } }, kms_key_arns = [] } }
  }

  expect_failures = [var.workloads]
}

run "workload_without_bucket" {
  command = plan

  variables {
    workloads = { reader = { namespace = "serving", service_account = "a", kind = "model_reader" } }
  }

  expect_failures = [var.workloads]
}

run "workload_bucket_with_path" {
  command = plan

  variables {
    workloads = { reader = { namespace = "serving", service_account = "a", kind = "model_reader", access = { m = { bucket_arn = "arn:aws:s3:::models/wine", prefixes = ["models/"] } }, kms_key_arns = [] } }
  }

  expect_failures = [var.workloads]
}

run "workload_every_bucket" {
  command = plan

  variables {
    workloads = { reader = { namespace = "serving", service_account = "a", kind = "model_reader", access = { m = { bucket_arn = "arn:aws:s3:::*", prefixes = ["models/"] } }, kms_key_arns = [] } }
  }

  expect_failures = [var.workloads]
}

run "workload_prefix_with_leading_slash" {
  command = plan

  variables {
    workloads = { reader = { namespace = "serving", service_account = "a", kind = "model_reader", access = { m = { bucket_arn = "arn:aws:s3:::models", prefixes = ["/models/"] } }, kms_key_arns = [] } }
  }

  expect_failures = [var.workloads]
}

run "workload_prefix_without_slash" {
  command = plan

  variables {
    workloads = { reader = { namespace = "serving", service_account = "a", kind = "model_reader", access = { m = { bucket_arn = "arn:aws:s3:::models", prefixes = ["models"] } }, kms_key_arns = [] } }
  }

  expect_failures = [var.workloads]
}

run "workload_prefix_pattern" {
  command = plan

  variables {
    workloads = { reader = { namespace = "serving", service_account = "a", kind = "model_reader", access = { m = { bucket_arn = "arn:aws:s3:::models", prefixes = ["mod*/"] } }, kms_key_arns = [] } }
  }

  expect_failures = [var.workloads]
}

run "workload_no_prefix" {
  command = plan

  variables {
    workloads = { reader = { namespace = "serving", service_account = "a", kind = "model_reader", access = { m = { bucket_arn = "arn:aws:s3:::models", prefixes = [] } }, kms_key_arns = [] } }
  }

  expect_failures = [var.workloads]
}

run "workload_key_alias" {
  command = plan

  variables {
    workloads = { reader = { namespace = "serving", service_account = "a", kind = "model_reader", access = { m = { bucket_arn = "arn:aws:s3:::models", prefixes = ["models/"] } }, kms_key_arns = ["arn:aws:kms:eu-west-1:111122223333:alias/one"] } }
  }

  expect_failures = [var.workloads]
}

run "session_tag_with_irsa" {
  command = plan

  variables {
    mode              = "irsa"
    oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/o.example/id/A"
    oidc_issuer       = "https://o.example/id/A"
    workloads         = { reader = { namespace = "serving", service_account = "a", kind = "model_reader", access = { m = { bucket_arn = "arn:aws:s3:::models", prefixes = ["&{aws:PrincipalTag/kubernetes-namespace}/"] } }, kms_key_arns = [] } }
  }

  expect_failures = [var.workloads]
}

run "waf_without_load_balancer" {
  command = plan

  variables {
    controllers = { load_balancer = false, waf = true }
  }

  expect_failures = [var.controllers]
}

run "prometheus_without_workspace" {
  command = plan

  variables {
    controllers = { prometheus = true }
  }

  expect_failures = [var.controllers]
}

run "service_accounts_key" {
  command = plan

  variables {
    service_accounts = { istio = { namespace = "istio-system", name = "istiod" } }
  }

  expect_failures = [var.service_accounts]
}

run "service_accounts_pattern" {
  command = plan

  variables {
    service_accounts = { logs = { namespace = "*", name = "fluent-bit" } }
  }

  expect_failures = [var.service_accounts]
}

run "karpenter_instance_profile" {
  command = plan

  variables {
    karpenter_instance_profile = "mine"
  }

  expect_failures = [var.karpenter_instance_profile]
}

run "secret_prefix" {
  command = plan

  variables {
    secrets = { prefix = "longshore" }
  }

  expect_failures = [var.secrets]
}

run "secret_arns" {
  command = plan

  variables {
    secrets = { secret_arns = ["arn:aws:secretsmanager:eu-west-1:111122223333:secret:*"] }
  }

  expect_failures = [var.secrets]
}

run "secret_keys" {
  command = plan

  variables {
    secrets = { kms_key_arns = ["arn:aws:kms:eu-west-1:111122223333:alias/one"] }
  }

  expect_failures = [var.secrets]
}

run "ebs_kms_key_arns" {
  command = plan

  variables {
    ebs_kms_key_arns = ["arn:aws:kms:eu-west-1:111122223333:alias/one"]
  }

  expect_failures = [var.ebs_kms_key_arns]
}

run "log_group_arns" {
  command = plan

  variables {
    log_group_arns = ["arn:aws:logs:eu-west-1:111122223333:log-group:/one:*"]
  }

  expect_failures = [var.log_group_arns]
}

run "prometheus_workspace_arns" {
  command = plan

  variables {
    prometheus_workspace_arns = ["ws-1"]
  }

  expect_failures = [var.prometheus_workspace_arns]
}
