# The database, by environment.

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
  environment                 = "dev"
  vpc_id                      = "vpc-0123456789abcdef0"
  database_subnet_ids         = { eu-west-1a = "subnet-a", eu-west-1b = "subnet-b" }
  workload_security_group_ids = { nodes = "sg-0123456789abcdef0" }
}

run "dev" {
  command = plan

  assert {
    condition = {
      class   = aws_db_instance.this[0].instance_class, version = aws_db_instance.this[0].engine_version, storage = aws_db_instance.this[0].storage_type
      multi   = aws_db_instance.this[0].multi_az, days = aws_db_instance.this[0].backup_retention_period, protected = aws_db_instance.this[0].deletion_protection
      skip    = aws_db_instance.this[0].skip_final_snapshot, snapshot = aws_db_instance.this[0].final_snapshot_identifier
      monitor = aws_db_instance.this[0].monitoring_interval, at_once = aws_db_instance.this[0].apply_immediately
      } == {
      class = "db.t4g.medium", version = "17", storage = "gp3", multi = false, days = 1, protected = false, skip = false, snapshot = "longshore-dev-final", monitor = 0, at_once = true
    }
    error_message = "a dev database is single, with one day of backups"
  }

  assert {
    condition = (
      aws_db_instance.this[0].storage_encrypted && !aws_db_instance.this[0].publicly_accessible && aws_db_instance.this[0].manage_master_user_password && aws_db_instance.this[0].password == null
      && aws_db_instance.this[0].performance_insights_enabled && aws_db_instance.this[0].copy_tags_to_snapshot && aws_db_instance.this[0].auto_minor_version_upgrade
    )
    error_message = "encrypted, private, with a password that Terraform never sees"
  }

  assert {
    condition     = { for parameter in aws_db_parameter_group.this[0].parameter : parameter.name => parameter.value }["rds.force_ssl"] == "1" && aws_db_parameter_group.this[0].family == "postgres17"
    error_message = "a connection without TLS is refused"
  }

  assert {
    condition     = toset(aws_db_subnet_group.this[0].subnet_ids) == toset(["subnet-a", "subnet-b"])
    error_message = "it lives in the database subnets"
  }

  assert {
    condition = { for name, rule in aws_vpc_security_group_ingress_rule.database : name => jsonencode([rule.referenced_security_group_id, rule.cidr_ipv4, rule.ip_protocol, rule.from_port, rule.to_port]) } == {
      nodes = jsonencode(["sg-0123456789abcdef0", null, "tcp", 5432, 5432])
    }
    error_message = "only the workloads' group may connect"
  }

  assert {
    condition     = { for name, group in aws_cloudwatch_log_group.database : group.name => group.retention_in_days } == { "/aws/rds/instance/longshore-dev/postgresql" = 30, "/aws/rds/instance/longshore-dev/upgrade" = 30 }
    error_message = "its logs end after 30 days"
  }

  assert {
    condition     = length(aws_iam_role.monitoring) == 0 && length(aws_iam_role_policy_attachment.monitoring) == 0
    error_message = "enhanced monitoring is off in dev"
  }

  assert {
    condition     = aws_db_instance.this[0].tags == tomap({ "longshore:backup" = "daily", "longshore:stack" = "longshore", "longshore:env" = "dev" })
    error_message = "AWS Backup finds it by its tags"
  }
}

run "staging" {
  command = plan

  variables {
    environment = "staging"
  }

  assert {
    condition     = !aws_db_instance.this[0].multi_az && aws_db_instance.this[0].backup_retention_period == 7 && !aws_db_instance.this[0].deletion_protection
    error_message = "staging is single with a week of backups"
  }
}

run "production" {
  command = plan

  variables {
    environment = "production"
  }

  assert {
    condition = (
      aws_db_instance.this[0].multi_az && aws_db_instance.this[0].backup_retention_period == 7 && aws_db_instance.this[0].deletion_protection && !aws_db_instance.this[0].delete_automated_backups
      && !aws_db_instance.this[0].apply_immediately && aws_db_instance.this[0].monitoring_interval == 60
    )
    error_message = "production is Multi-AZ, keeps a week of backups, resists deletion and changes in its window"
  }

  assert {
    condition     = jsondecode(aws_iam_role.monitoring[0].assume_role_policy).Statement[0].Principal == { Service = "monitoring.rds.amazonaws.com" } && length(aws_iam_role_policy_attachment.monitoring) == 1
    error_message = "enhanced monitoring has its role"
  }
}

run "as_the_seed_asks" {
  command = plan

  variables {
    environment = "production"
    database    = { instance_class = "db.t3.medium", backup_days = 14, storage_gb = 50, max_storage_gb = 200, major_version = 16, final_snapshot_name = "before-the-move", monitoring_seconds = 0 }
  }

  assert {
    condition     = aws_db_instance.this[0].instance_class == "db.t3.medium" && aws_db_instance.this[0].backup_retention_period == 14 && aws_db_instance.this[0].allocated_storage == 50 && aws_db_instance.this[0].max_allocated_storage == 200
    error_message = "another class, other sizes"
  }

  assert {
    condition     = aws_db_parameter_group.this[0].family == "postgres16" && aws_db_instance.this[0].engine_version == "16" && aws_db_instance.this[0].final_snapshot_identifier == "before-the-move" && length(aws_iam_role.monitoring) == 0
    error_message = "the parameter group follows the version"
  }
}

run "protection_of_the_database_alone" {
  command = plan

  variables {
    environment = "production"
    database    = { deletion_protection = false, multi_az = false, final_snapshot = false }
  }

  assert {
    condition     = !aws_db_instance.this[0].deletion_protection && !aws_db_instance.this[0].multi_az && aws_db_instance.this[0].skip_final_snapshot && aws_db_instance.this[0].final_snapshot_identifier == null && keys(terraform_data.guard) == ["artifacts"]
    error_message = "the database's protection can be lifted while the bucket stays guarded"
  }
}

run "off" {
  command = plan

  variables {
    database            = { enabled = false }
    database_subnet_ids = {}
  }

  assert {
    condition = (
      output.database == null && length(aws_db_instance.this) == 0 && length(aws_db_subnet_group.this) == 0 && length(aws_security_group.database) == 0 && length(aws_db_parameter_group.this) == 0
      && length(aws_cloudwatch_log_group.database) == 0 && length(aws_vpc_security_group_ingress_rule.database) == 0
    )
    error_message = "nothing of the database is left when it is off"
  }
}
