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
  environment         = "dev"
  vpc_id              = "vpc-0123456789abcdef0"
  database_subnet_ids = { a = "subnet-1", b = "subnet-2" }
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
    tags = { "AWS:x" = "y" }
  }

  expect_failures = [var.tags]
}

run "vpc_id" {
  command = plan

  variables {
    vpc_id = "main"
  }

  expect_failures = [var.vpc_id]
}

run "one_zone" {
  command = plan

  variables {
    database_subnet_ids = { a = "subnet-1" }
  }

  expect_failures = [var.database_subnet_ids]
}

run "workload_security_group_ids" {
  command = plan

  variables {
    workload_security_group_ids = { nodes = "0.0.0.0/0" }
  }

  expect_failures = [var.workload_security_group_ids]
}

run "key_deletion_days" {
  command = plan

  variables {
    key_deletion_days = 1
  }

  expect_failures = [var.key_deletion_days]
}

run "bucket_name" {
  command = plan

  variables {
    artifacts = { bucket_name = "My.Bucket" }
  }

  expect_failures = [var.artifacts]
}

run "noncurrent_days" {
  command = plan

  variables {
    artifacts = { noncurrent_days = 0 }
  }

  expect_failures = [var.artifacts]
}

run "multipart_days" {
  command = plan

  variables {
    artifacts = { multipart_days = 0.5 }
  }

  expect_failures = [var.artifacts]
}

run "database_name" {
  command = plan

  variables {
    database = { name = "postgres" }
  }

  expect_failures = [var.database]
}

run "database_username" {
  command = plan

  variables {
    database = { username = "admin" }
  }

  expect_failures = [var.database]
}

run "database_version" {
  command = plan

  variables {
    database = { major_version = 9 }
  }

  expect_failures = [var.database]
}

run "database_class" {
  command = plan

  variables {
    database = { instance_class = "t3.medium" }
  }

  expect_failures = [var.database]
}

run "database_class_for_multi_az" {
  command = plan

  variables {
    database = { instance_class = "db.t4g.micro", multi_az = true }
  }

  expect_failures = [var.database]
}

run "database_storage" {
  command = plan

  variables {
    database = { storage_gb = 5 }
  }

  expect_failures = [var.database]
}

run "database_max_storage" {
  command = plan

  variables {
    database = { storage_gb = 100, max_storage_gb = 100 }
  }

  expect_failures = [var.database]
}

run "database_no_backups" {
  command = plan

  variables {
    database = { backup_days = 0 }
  }

  expect_failures = [var.database]
}

run "database_short_backups_in_production" {
  command = plan

  variables {
    environment = "production"
    database    = { backup_days = 3 }
  }

  expect_failures = [var.database]
}

run "database_monitoring" {
  command = plan

  variables {
    database = { monitoring_seconds = 7 }
  }

  expect_failures = [var.database]
}

run "database_log_days" {
  command = plan

  variables {
    database = { log_days = 31 }
  }

  expect_failures = [var.database]
}

run "repositories" {
  command = plan

  variables {
    repositories = ["Longshore"]
  }

  expect_failures = [var.repositories]
}

run "repository_prefix" {
  command = plan

  variables {
    repository_prefix = "longshore/"
  }

  expect_failures = [var.repository_prefix]
}

run "repository_untagged_days" {
  command = plan

  variables {
    repository_untagged_days = 0
  }

  expect_failures = [var.repository_untagged_days]
}

run "repository_reader_account_ids" {
  command = plan

  variables {
    repository_reader_account_ids = ["*"]
  }

  expect_failures = [var.repository_reader_account_ids]
}

run "backup_schedule" {
  command = plan

  variables {
    backup = { schedule = "0 2 * * *" }
  }

  expect_failures = [var.backup]
}

run "backup_keep_days" {
  command = plan

  variables {
    backup = { keep_days = 0 }
  }

  expect_failures = [var.backup]
}

run "secret_name" {
  command = plan

  variables {
    secrets = { "token-abc123" = "ends like a suffix" }
  }

  expect_failures = [var.secrets]
}
