# Kubernetes versions against the calendar.

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

run "supported" {
  command = plan

  variables {
    kubernetes_version = "1.36"
  }

  assert {
    condition     = aws_eks_cluster.this.version == "1.36" && aws_eks_node_group.this["system"].version == "1.36" && output.standard_support_until == null
    error_message = "an unannounced end is unknown, not past"
  }
}

run "ends_soon" {
  command = plan

  variables {
    kubernetes_version = "1.34"
  }

  expect_failures = [check.kubernetes_version]
}

run "sixty_one_days_left" {
  command = plan

  variables {
    today = "2027-01-25"
  }

  assert {
    condition     = aws_eks_cluster.this.version == "1.35"
    error_message = "no warning yet"
  }
}

run "sixty_days_left" {
  command = plan

  variables {
    today = "2027-01-26"
  }

  expect_failures = [check.kubernetes_version]
}

run "last_day_is_over" {
  command = plan

  variables {
    kubernetes_version = "1.34"
    today              = "2026-12-02"
  }

  expect_failures = [aws_eks_cluster.this, check.kubernetes_version]
}

run "extended_support_is_a_choice" {
  command = plan

  variables {
    kubernetes_version = "1.34"
    today              = "2026-12-03"
    support_type       = "EXTENDED"
  }

  expect_failures = [check.kubernetes_version]
}

run "extended_support_ends_too" {
  command = plan

  variables {
    kubernetes_version = "1.34"
    today              = "2027-12-02"
    support_type       = "EXTENDED"
  }

  expect_failures = [aws_eks_cluster.this, check.kubernetes_version]
}

run "the_seeds_versions" {
  command = plan

  variables {
    kubernetes_version = "1.30"
  }

  expect_failures = [var.kubernetes_version]
}

run "the_day_of_the_plan" {
  command = plan

  variables {
    kubernetes_version = "1.36"
    today              = null
  }

  assert {
    condition     = length(regexall("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", local.today)) == 1
    error_message = "today is ${local.today}"
  }
}
