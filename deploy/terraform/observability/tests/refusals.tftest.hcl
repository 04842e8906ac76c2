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
    stack = "x"
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
    cluster_name = "-"
  }

  expect_failures = [var.cluster_name]
}

run "log_retention_days" {
  command = plan

  variables {
    log_retention_days = 31
  }

  expect_failures = [var.log_retention_days]
}

run "container_insights_version" {
  command = plan

  variables {
    container_insights_version = "latest"
  }

  expect_failures = [var.container_insights_version]
}

run "alert_emails" {
  command = plan

  variables {
    alert_emails = ["oncall"]
  }

  expect_failures = [var.alert_emails]
}

run "alert_endpoints" {
  command = plan

  variables {
    alert_endpoints = ["http://example.com/hook"]
  }

  expect_failures = [var.alert_endpoints]
}

run "alert_publisher_role_arns" {
  command = plan

  variables {
    alert_publisher_role_arns = ["*"]
  }

  expect_failures = [var.alert_publisher_role_arns]
}

run "budget_amount" {
  command = plan

  variables {
    budget = { amount = 0 }
  }

  expect_failures = [var.budget]
}

run "budget_currency" {
  command = plan

  variables {
    budget = { amount = 10, currency = "$" }
  }

  expect_failures = [var.budget]
}

run "budget_percentage" {
  command = plan

  variables {
    budget = { amount = 10, actual = [0] }
  }

  expect_failures = [var.budget]
}

run "budget_without_notice" {
  command = plan

  variables {
    budget = { amount = 10, actual = [], forecast = [] }
  }

  expect_failures = [var.budget]
}

run "budget_too_many_notices" {
  command = plan

  variables {
    budget = { amount = 10, actual = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100], forecast = [100] }
  }

  expect_failures = [var.budget]
}

run "database_identifier" {
  command = plan

  variables {
    database = { identifier = "Not An Identifier" }
  }

  expect_failures = [var.database]
}

run "database_percentages" {
  command = plan

  variables {
    database = { identifier = "longshore-dev", cpu_percent = 101 }
  }

  expect_failures = [var.database]
}

run "database_numbers" {
  command = plan

  variables {
    database = { identifier = "longshore-dev", free_memory_mb = 0 }
  }

  expect_failures = [var.database]
}
