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

run "first_of_each" {
  command = plan

  variables {
    # stack
    stack = "x"
    # environment
    environment = "prod"
    # tags
    tags = { "AWS:x" = "y" }
    # vpc id
    vpc_id = "main"
    # workload security group ids
    workload_security_group_ids = { nodes = "0.0.0.0/0" }
    # key deletion days
    key_deletion_days = 1
    # bucket name
    artifacts = { bucket_name = "My.Bucket" }
    # repositories
    repositories = ["Longshore"]
    # repository prefix
    repository_prefix = "longshore/"
    # repository untagged days
    repository_untagged_days = 0
    # repository reader account ids
    repository_reader_account_ids = ["*"]
    # backup schedule
    backup = { schedule = "0 2 * * *" }
    # secret name
    secrets = { "token-abc123" = "ends like a suffix" }
  }

  expect_failures = [var.stack, var.environment, var.tags, var.vpc_id, var.workload_security_group_ids, var.key_deletion_days, var.artifacts, var.repositories, var.repository_prefix, var.repository_untagged_days, var.repository_reader_account_ids, var.backup, var.secrets]
}

run "second_of_each" {
  command = plan

  variables {
    # one zone
    database_subnet_ids = { a = "subnet-1" }
    # noncurrent days
    artifacts = { noncurrent_days = 0 }
    # backup keep days
    backup = { keep_days = 0 }
  }

  expect_failures = [var.database_subnet_ids, var.artifacts, var.backup]
}

run "third_of_each" {
  command = plan

  variables {
    # multipart days
    artifacts = { multipart_days = 0.5 }
    # database name
    database = { name = "postgres" }
  }

  expect_failures = [var.artifacts, var.database]
}

run "fourth_of_each" {
  command = plan

  variables {
    # database username
    database = { username = "admin" }
  }

  expect_failures = [var.database]
}

run "fifth_of_each" {
  command = plan

  variables {
    # database version
    database = { major_version = 9 }
  }

  expect_failures = [var.database]
}

run "sixth_of_each" {
  command = plan

  variables {
    # database class
    database = { instance_class = "t3.medium" }
  }

  expect_failures = [var.database]
}

run "seventh_of_each" {
  command = plan

  variables {
    # database class for multi az
    database = { instance_class = "db.t4g.micro", multi_az = true }
  }

  expect_failures = [var.database]
}

run "eighth_of_each" {
  command = plan

  variables {
    # database storage
    database = { storage_gb = 5 }
  }

  expect_failures = [var.database]
}

run "ninth_of_each" {
  command = plan

  variables {
    # database max storage
    database = { storage_gb = 100, max_storage_gb = 100 }
  }

  expect_failures = [var.database]
}

run "tenth_of_each" {
  command = plan

  variables {
    # database no backups
    database = { backup_days = 0 }
  }

  expect_failures = [var.database]
}

run "eleventh_of_each" {
  command = plan

  variables {
    # database short backups in production
    environment = "production"
    database    = { backup_days = 3 }
  }

  expect_failures = [var.database]
}

run "twelfth_of_each" {
  command = plan

  variables {
    # database monitoring
    database = { monitoring_seconds = 7 }
  }

  expect_failures = [var.database]
}

run "thirteenth_of_each" {
  command = plan

  variables {
    # database log days
    database = { log_days = 31 }
  }

  expect_failures = [var.database]
}
