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
    stack = "x"
    # environment
    environment = "prod"
    # tags
    tags = { "aws:x" = "y" }
    # cluster name
    cluster_name = "-"
    # log retention days
    log_retention_days = 31
    # container insights version
    container_insights_version = "latest"
    # alert emails
    alert_emails = ["oncall"]
    # alert endpoints
    alert_endpoints = ["http://example.com/hook"]
    # alert publisher role arns
    alert_publisher_role_arns = ["*"]
    # budget amount
    budget = { amount = 0 }
  }

  expect_failures = [var.stack, var.environment, var.tags, var.cluster_name, var.log_retention_days, var.container_insights_version, var.alert_emails, var.alert_endpoints, var.alert_publisher_role_arns, var.budget]
}

run "second_of_each" {
  command = plan

  variables {
    # budget currency
    budget = { amount = 10, currency = "$" }
    # database identifier
    database = { identifier = "Not An Identifier" }
  }

  expect_failures = [var.budget, var.database]
}

run "third_of_each" {
  command = plan

  variables {
    # budget percentage
    budget = { amount = 10, actual = [0] }
    # database percentages
    database = { identifier = "longshore-dev", cpu_percent = 101 }
  }

  expect_failures = [var.budget, var.database]
}

run "fourth_of_each" {
  command = plan

  variables {
    # budget without notice
    budget = { amount = 10, actual = [], forecast = [] }
    # database numbers
    database = { identifier = "longshore-dev", free_memory_mb = 0 }
  }

  expect_failures = [var.budget, var.database]
}

run "fifth_of_each" {
  command = plan

  variables {
    # budget too many notices
    budget = { amount = 10, actual = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100], forecast = [100] }
  }

  expect_failures = [var.budget]
}
