# What may not be written. A run holds several wrong values, each in a variable of its own; every one must be refused.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true

  default_tags {
    tags = { "longshore:env" = "dev" }
  }
}

override_data {
  target = data.aws_caller_identity.this
  values = { account_id = "123456789012" }
}

override_data {
  target = data.aws_eks_addon_version.this
  values = { version = "v1.2.3-eksbuild.4" }
}

variables {
  environment              = "dev"
  name                     = "longshore-dev"
  today                    = "2026-11-21"
  vpc_id                   = "vpc-0123456789abcdef0"
  control_plane_subnet_ids = { "eu-west-1a" = "subnet-0a0", "eu-west-1b" = "subnet-0b0" }
  private_subnet_ids       = { "eu-west-1a" = "subnet-0a1", "eu-west-1b" = "subnet-0b1" }
}

run "names_and_words" {
  command = plan

  variables {
    # names and words
    name         = "longshore_dev"
    environment  = "test"
    support_type = "standard"
    compute      = "fargate"
    today        = "tomorrow"

    # one zone
    control_plane_subnet_ids = { a = "subnet-0a0" }
    private_subnet_ids       = { a = "subnet-0a1" }

    # principal that is a session
    access_entries = { x = { principal_arn = "arn:aws:sts::123456789012:assumed-role/a/b", access = "view" } }

    # keys logs addons
    secrets_kms_key_arn = "alias/mine"
    log_types           = ["everything"]
    log_retention_days  = 31
    addons              = ["vpc-cni", "istio"]

    # system nodes of two architectures
    system_nodes = { instance_types = ["m7i.large", "m7g.large"] }
  }

  expect_failures = [var.name, var.environment, var.support_type, var.compute, var.today, var.control_plane_subnet_ids, var.private_subnet_ids, var.access_entries, var.secrets_kms_key_arn, var.log_types, var.log_retention_days, var.addons, var.system_nodes]
}

run "public_endpoint_in_production" {
  command = plan

  variables {
    # public endpoint in production
    environment = "production"
    endpoint    = { public = true, public_access_cidrs = ["203.0.113.0/24"] }
  }

  expect_failures = [var.endpoint]
}

run "unlocked_production" {
  command = plan

  variables {
    # unlocked production
    environment         = "production"
    deletion_protection = false
  }

  expect_failures = [var.deletion_protection]
}

run "public_endpoint_for_nobody" {
  command = plan

  variables {
    # public endpoint for nobody
    endpoint = { public = true }

    # access that does not exist
    access_entries = { x = { principal_arn = "arn:aws:iam::123456789012:role/a", access = "root" } }

    # version without build
    addon_versions = { coredns = "1.11.4" }

    # one system node
    system_nodes = { min = 1 }

    # groups beside karpenter
    node_groups = { general = { instance_types = ["m5.large"], max = 2 } }
  }

  expect_failures = [var.endpoint, var.access_entries, var.addon_versions, var.system_nodes, var.node_groups]
}

run "public_endpoint_for_everybody" {
  command = plan

  variables {
    # public endpoint for everybody
    endpoint = { public = true, public_access_cidrs = ["0.0.0.0/0"] }

    # cluster admin of a namespace
    access_entries = { x = { principal_arn = "arn:aws:iam::123456789012:role/a", access = "cluster_admin", namespaces = ["default"] } }

    # desired out of bounds
    system_nodes = { min = 2, max = 3, desired = 4 }
  }

  expect_failures = [var.endpoint, var.access_entries, var.system_nodes]
}

run "public_endpoint_for_everybody_in_halves" {
  command = plan

  variables {
    # public endpoint for everybody in halves
    endpoint = { public = true, public_access_cidrs = ["0.0.0.0/1", "128.0.0.0/1"] }

    # small disk
    system_nodes = { disk_gb = 8 }
  }

  expect_failures = [var.endpoint, var.system_nodes]
}

run "ranges_without_endpoint" {
  command = plan

  variables {
    # ranges without endpoint
    endpoint = { public_access_cidrs = ["203.0.113.0/24"] }

    # too many pods
    system_nodes = { max_pods = 500 }
  }

  expect_failures = [var.endpoint, var.system_nodes]
}

run "versions_and_roles_of_what_is_not_installed" {
  command = plan

  variables {
    # versions and roles of what is not installed
    addons         = ["vpc-cni"]
    addon_versions = { coredns = "v1.11.4-eksbuild.2" }
    addon_roles    = { aws-ebs-csi-driver = "arn:aws:iam::123456789012:role/ebs" }
  }

  expect_failures = [var.addon_versions, var.addon_roles]
}

run "role_for_what_auto_mode_brings" {
  command = plan

  variables {
    # role for what auto mode brings
    compute     = "auto"
    addon_roles = { aws-ebs-csi-driver = "arn:aws:iam::123456789012:role/ebs" }
  }

  expect_failures = [var.addon_roles]
}

run "instance_type_without_size" {
  command = plan

  variables {
    # instance type without size
    system_nodes = { instance_types = ["m5"] }
  }

  expect_failures = [var.system_nodes]
}

run "group_called_system" {
  command = plan

  variables {
    # group called system
    compute     = "managed"
    node_groups = { system = { instance_types = ["m5.large"], max = 2 } }
  }

  expect_failures = [var.node_groups]
}

run "group_with_wrong_capacity" {
  command = plan

  variables {
    # group with wrong capacity
    compute     = "managed"
    node_groups = { a = { instance_types = ["m5.large"], max = 2, capacity = "spot" } }
  }

  expect_failures = [var.node_groups]
}

run "group_with_wrong_taint" {
  command = plan

  variables {
    # group with wrong taint
    compute     = "managed"
    node_groups = { a = { instance_types = ["m5.large"], max = 2, taints = { x = { effect = "NoSchedule" } } } }
  }

  expect_failures = [var.node_groups]
}

run "group_of_two_architectures" {
  command = plan

  variables {
    # group of two architectures
    compute     = "managed"
    node_groups = { a = { instance_types = ["m5.large", "m7g.large"], max = 2 } }
  }

  expect_failures = [var.node_groups]
}
