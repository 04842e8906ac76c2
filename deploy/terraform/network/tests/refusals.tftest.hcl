# What may not be written, each beside what may.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.this
  values = { account_id = "123456789012" }
}

override_data {
  target = data.aws_availability_zones.this
  values = {
    names    = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    zone_ids = ["euw1-az3", "euw1-az1", "euw1-az2"]
  }
}

variables {
  environment  = "dev"
  cluster_name = "longshore-dev"
}

run "names" {
  command = plan

  variables {
    stack        = "Longshore_"
    environment  = "prod"
    cluster_name = "-dev"
  }

  expect_failures = [var.stack, var.environment, var.cluster_name]
}

run "range_with_host_bits_and_unknown_words" {
  command = plan

  variables {
    cidr           = "10.0.1.0/16"
    nat            = "one"
    zone_count     = 1
    zones          = ["eu-west-1a", "Dublin"]
    instance_types = ["large"]
    flow_logs      = { retention_days = 31, traffic = "all" }
  }

  expect_failures = [var.cidr, var.nat, var.zone_count, var.zones, var.instance_types, var.flow_logs]
}

run "range_too_small" {
  command = plan

  variables {
    cidr = "10.0.0.0/24"
  }

  expect_failures = [var.cidr]
}

run "range_of_public_addresses" {
  command = plan

  variables {
    cidr = "8.8.0.0/16"
  }

  expect_failures = [var.cidr]
}

run "one_zone" {
  command = plan

  variables {
    zones = ["euw1-az1"]
  }

  expect_failures = [var.zones]
}

run "air_gapped_without_what_nodes_need" {
  command = plan

  variables {
    nat                 = "none"
    interface_endpoints = ["ecr.api", "ecr.dkr"]
  }

  expect_failures = [var.interface_endpoints]
}

run "endpoint_written_in_full" {
  command = plan

  variables {
    interface_endpoints = ["com.amazonaws.eu-west-1.sts"]
  }

  expect_failures = [var.interface_endpoints]
}

run "nat_zone_with_a_gateway_in_each" {
  command = plan

  variables {
    nat             = "per_az"
    single_nat_zone = "eu-west-1a"
  }

  expect_failures = [var.single_nat_zone]
}

run "smallest_allowed" {
  command = plan

  variables {
    zone_count = 2
    zones      = ["euw1-az1", "eu-west-1c"]
    cidr       = "192.168.0.0/18"
    flow_logs  = { traffic = "REJECT", retention_days = 1 }
  }

  assert {
    condition     = length(aws_subnet.private) == 2 && aws_flow_log.this["this"].traffic_type == "REJECT" && aws_cloudwatch_log_group.flow["this"].retention_in_days == 1
    error_message = "two zones, rejected traffic, one day"
  }
}
