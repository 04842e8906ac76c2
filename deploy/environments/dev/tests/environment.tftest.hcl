# The whole environment as its terraform.tfvars says, planned by the real provider; what it would ask AWS is answered here.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = module.network.data.aws_caller_identity.this
  values = { account_id = "123456789012" }
}

override_data {
  target = module.cluster.data.aws_caller_identity.this
  values = { account_id = "123456789012" }
}

override_data {
  target = module.data.data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = module.identity.data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = module.observability.data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = module.network.data.aws_availability_zones.this
  values = {
    names    = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    zone_ids = ["euw1-az3", "euw1-az1", "euw1-az2"]
  }
}

override_data {
  target = module.network.data.aws_ec2_instance_type_offerings.this
  values = { locations = ["euw1-az1", "euw1-az2", "euw1-az3"] }
}

override_data {
  target = module.cluster.data.aws_eks_addon_version.this
  values = { version = "v1.0.0-eksbuild.1" }
}

variables {
  account_id = "123456789012"
}

# What this environment's figures come to is held in tests/infra/terraform.d/figures.
run "as_written" {
  command = plan

  assert {
    condition     = output.kubeconfig_command == "aws eks update-kubeconfig --region eu-west-1 --name longshore-dev"
    error_message = output.kubeconfig_command
  }

  assert {
    condition     = join(",", keys(output.helm_values)) == "model-reader" && module.identity.service_accounts["model-reader"].namespace == "longshore-serving" && module.identity.service_accounts["model-reader"].name == "model-reader"
    error_message = "the service account of the models gets the role: ${jsonencode(keys(output.helm_values))}"
  }
}

run "irsa_managed_groups_no_database" {
  command = plan

  variables {
    identity_mode = "irsa"
    database      = { enabled = false }
    backup        = { enabled = false }
    access        = { readers = { role = "team/readers", access = "view", namespaces = ["longshore-serving"] } }

    cluster = {
      compute      = "managed"
      system_nodes = { instance_types = ["m7g.large"], min = 2, max = 3 }
      node_groups  = { general = { instance_types = ["m7g.xlarge"], max = 5 } }
      addons       = ["vpc-cni", "kube-proxy", "coredns"]
    }
  }

  assert {
    condition     = output.karpenter == null && output.database == null && join(",", sort(keys(module.cluster.node_groups))) == "general,system"
    error_message = "no Karpenter, no database, two groups"
  }

  assert {
    condition     = !contains(keys(module.identity.service_accounts), "ebs-csi") && !contains(keys(module.identity.service_accounts), "karpenter") && contains(keys(module.identity.service_accounts), "load-balancer")
    error_message = "roles are made for what is installed: ${jsonencode(keys(module.identity.service_accounts))}"
  }
}

run "auto_mode_managed_prometheus_no_nat" {
  command = plan

  variables {
    cluster = {
      compute      = "auto"
      system_nodes = { instance_types = ["m7i.large"], min = 2, max = 3 }
    }
    network = {
      nat                 = "none"
      zone_count          = 2
      interface_endpoints = ["ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "logs", "sts"]
    }
    observability = { container_insights = true, prometheus_workspace = true, alert_emails = ["oncall@example.com"] }
  }

  assert {
    condition     = length(module.cluster.node_groups) == 0 && output.karpenter == null && length(output.network.nat_public_ips) == 0 && output.prometheus != null
    error_message = "Auto Mode's nodes, no way out, a Prometheus workspace"
  }

  assert {
    condition     = contains(keys(module.identity.service_accounts), "prometheus") && contains(keys(module.identity.service_accounts), "container-insights") && !contains(keys(module.identity.service_accounts), "load-balancer")
    error_message = "roles are made for what is installed: ${jsonencode(keys(module.identity.service_accounts))}"
  }
}

run "refusals" {
  command = plan

  variables {
    environment    = "production"
    region         = "Ireland"
    account_id     = "1234"
    commit         = "main"
    administrators = ["arn:aws:iam::123456789012:role/admin"]
  }

  expect_failures = [var.environment, var.region, var.account_id, var.commit, var.administrators]
}

run "account_that_nobody_wrote_down" {
  command = plan

  variables {
    account_id = null
  }

  expect_failures = [var.account_id]
}
