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

run "first_of_each" {
  command = plan

  variables {
    # stack
    stack = "Long Shore"
    # environment
    environment = "prod"
    # tags
    tags = { "aws:x" = "y" }
    # cluster name
    cluster_name = "a-name-that-leaves-no-room-for-roles"
    # mode
    mode = "kiam"
    # permissions boundary arn
    permissions_boundary_arn = "boundary"
    # waf without load balancer
    controllers = { load_balancer = false, waf = true }
    # service accounts key
    service_accounts = { istio = { namespace = "istio-system", name = "istiod" } }
    # karpenter instance profile
    karpenter_instance_profile = "mine"
    # secret prefix
    secrets = { prefix = "longshore" }
    # ebs kms key arns
    ebs_kms_key_arns = ["arn:aws:kms:eu-west-1:111122223333:alias/one"]
    # log group arns
    log_group_arns = ["arn:aws:logs:eu-west-1:111122223333:log-group:/one:*"]
  }

  expect_failures = [var.stack, var.environment, var.tags, var.cluster_name, var.mode, var.permissions_boundary_arn, var.controllers, var.service_accounts, var.karpenter_instance_profile, var.secrets, var.ebs_kms_key_arns, var.log_group_arns]
}

run "second_of_each" {
  command = plan

  variables {
    # irsa without provider
    mode = "irsa"
    # prometheus without workspace
    controllers = { prometheus = true }
    # service accounts pattern
    service_accounts = { logs = { namespace = "*", name = "fluent-bit" } }
    # secret arns
    secrets = { secret_arns = ["arn:aws:secretsmanager:eu-west-1:111122223333:secret:*"] }
  }

  expect_failures = [var.mode, var.controllers, var.service_accounts, var.secrets]
}

run "third_of_each" {
  command = plan

  variables {
    # oidc provider arn
    oidc_provider_arn = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"
    # oidc issuer
    oidc_issuer = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"
    # secret keys
    secrets = { kms_key_arns = ["arn:aws:kms:eu-west-1:111122223333:alias/one"] }
    # prometheus workspace arns
    prometheus_workspace_arns = ["ws-1"]
  }

  expect_failures = [var.oidc_provider_arn, var.oidc_issuer, var.secrets, var.prometheus_workspace_arns]
}

run "fourth_of_each" {
  command = plan

  variables {
    # workload name
    workloads = { Reader = { namespace = "serving", service_account = "a", kind = "model_reader", access = { m = { bucket_arn = "arn:aws:s3:::models", prefixes = ["models/"] } }, kms_key_arns = [] } }
  }

  expect_failures = [var.workloads]
}

run "fifth_of_each" {
  command = plan

  variables {
    # workload called like a controller
    workloads = { karpenter = { namespace = "serving", service_account = "a", kind = "model_reader", access = { m = { bucket_arn = "arn:aws:s3:::models", prefixes = ["models/"] } }, kms_key_arns = [] } }
  }

  expect_failures = [var.workloads]
}

run "sixth_of_each" {
  command = plan

  variables {
    # workload kind
    workloads = { reader = { namespace = "serving", service_account = "a", kind = "admin", access = { m = { bucket_arn = "arn:aws:s3:::models", prefixes = ["models/"] } }, kms_key_arns = [] } }
  }

  expect_failures = [var.workloads]
}

run "seventh_of_each" {
  command = plan

  variables {
    # workload namespace pattern
    workloads = { reader = { namespace = "*", service_account = "a", kind = "model_reader", access = { m = { bucket_arn = "arn:aws:s3:::models", prefixes = ["models/"] } }, kms_key_arns = [] } }
  }

  expect_failures = [var.workloads]
}

run "eighth_of_each" {
  command = plan

  variables {
    # workload service account pattern
    workloads = { reader = { namespace = "serving", service_account = "wine-*", kind = "model_reader", access = { m = { bucket_arn = "arn:aws:s3:::models", prefixes = ["models/"] } }, kms_key_arns = [] } }
  }

  expect_failures = [var.workloads]
}

run "ninth_of_each" {
  command = plan

  variables {
    # workload without bucket
    workloads = { reader = { namespace = "serving", service_account = "a", kind = "model_reader" } }
  }

  expect_failures = [var.workloads]
}

run "tenth_of_each" {
  command = plan

  variables {
    # workload bucket with path
    workloads = { reader = { namespace = "serving", service_account = "a", kind = "model_reader", access = { m = { bucket_arn = "arn:aws:s3:::models/wine", prefixes = ["models/"] } }, kms_key_arns = [] } }
  }

  expect_failures = [var.workloads]
}

run "eleventh_of_each" {
  command = plan

  variables {
    # workload every bucket
    workloads = { reader = { namespace = "serving", service_account = "a", kind = "model_reader", access = { m = { bucket_arn = "arn:aws:s3:::*", prefixes = ["models/"] } }, kms_key_arns = [] } }
  }

  expect_failures = [var.workloads]
}

run "twelfth_of_each" {
  command = plan

  variables {
    # workload prefix with leading slash
    workloads = { reader = { namespace = "serving", service_account = "a", kind = "model_reader", access = { m = { bucket_arn = "arn:aws:s3:::models", prefixes = ["/models/"] } }, kms_key_arns = [] } }
  }

  expect_failures = [var.workloads]
}

run "thirteenth_of_each" {
  command = plan

  variables {
    # workload prefix without slash
    workloads = { reader = { namespace = "serving", service_account = "a", kind = "model_reader", access = { m = { bucket_arn = "arn:aws:s3:::models", prefixes = ["models"] } }, kms_key_arns = [] } }
  }

  expect_failures = [var.workloads]
}

run "fourteenth_of_each" {
  command = plan

  variables {
    # workload prefix pattern
    workloads = { reader = { namespace = "serving", service_account = "a", kind = "model_reader", access = { m = { bucket_arn = "arn:aws:s3:::models", prefixes = ["mod*/"] } }, kms_key_arns = [] } }
  }

  expect_failures = [var.workloads]
}

run "fifteenth_of_each" {
  command = plan

  variables {
    # workload no prefix
    workloads = { reader = { namespace = "serving", service_account = "a", kind = "model_reader", access = { m = { bucket_arn = "arn:aws:s3:::models", prefixes = [] } }, kms_key_arns = [] } }
  }

  expect_failures = [var.workloads]
}

run "sixteenth_of_each" {
  command = plan

  variables {
    # workload key alias
    workloads = { reader = { namespace = "serving", service_account = "a", kind = "model_reader", access = { m = { bucket_arn = "arn:aws:s3:::models", prefixes = ["models/"] } }, kms_key_arns = ["arn:aws:kms:eu-west-1:111122223333:alias/one"] } }
  }

  expect_failures = [var.workloads]
}

run "seventeenth_of_each" {
  command = plan

  variables {
    # session tag with irsa
    mode              = "irsa"
    oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/o.example/id/A"
    oidc_issuer       = "https://o.example/id/A"
    workloads         = { reader = { namespace = "serving", service_account = "a", kind = "model_reader", access = { m = { bucket_arn = "arn:aws:s3:::models", prefixes = ["&{aws:PrincipalTag/kubernetes-namespace}/"] } }, kms_key_arns = [] } }
  }

  expect_failures = [var.workloads]
}

run "alertmanager_without_topic" {
  command = plan

  variables {
    controllers = { alertmanager = true }
  }

  expect_failures = [var.controllers]
}

run "topic_by_alias" {
  command = plan

  variables {
    alert_topic = { arn = "arn:aws:sns:eu-west-1:111122223333:alerts", kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:alias/alerts" }
  }

  expect_failures = [var.alert_topic]
}
