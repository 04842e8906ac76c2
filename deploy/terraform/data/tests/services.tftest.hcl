# Repositories, backups and secrets.

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

run "repositories" {
  command = plan

  variables {
    repositories = ["longshore", "trainers/wine"]
  }

  assert {
    condition     = { for name, repository in aws_ecr_repository.this : name => repository.name } == { longshore = "longshore-dev/longshore", "trainers/wine" = "longshore-dev/trainers/wine" }
    error_message = "repositories are named after stack and environment"
  }

  assert {
    condition     = alltrue([for repository in values(aws_ecr_repository.this) : repository.image_tag_mutability == "IMMUTABLE" && repository.image_scanning_configuration[0].scan_on_push && repository.encryption_configuration[0].encryption_type == "KMS"])
    error_message = "tags stay, images are scanned, layers are encrypted with our key"
  }

  assert {
    condition = alltrue([for policy in values(aws_ecr_lifecycle_policy.this) : jsondecode(policy.policy).rules == [{
      rulePriority = 1, description = "untagged images go after 14 days", action = { type = "expire" }
      selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 14 }
    }]])
    error_message = "untagged images go after 14 days"
  }

  assert {
    condition     = length(aws_ecr_repository_policy.this) == 0 && aws_ecr_repository.this["longshore"].force_delete
    error_message = "nobody else may pull, and a dev repository can be destroyed"
  }
}

run "one_registry_for_all" {
  command = plan

  variables {
    environment                   = "production"
    repository_prefix             = "longshore"
    repository_untagged_days      = 3
    repository_reader_account_ids = ["444455556666", "222233334444"]
  }

  assert {
    condition     = aws_ecr_repository.this["longshore"].name == "longshore/longshore" && !aws_ecr_repository.this["longshore"].force_delete
    error_message = "the prefix can be the stack's"
  }

  assert {
    condition = (
      toset(jsondecode(aws_ecr_repository_policy.this["longshore"].policy).Statement[0].Principal.AWS) == toset(["arn:aws:iam::222233334444:root", "arn:aws:iam::444455556666:root"])
      && !strcontains(aws_ecr_repository_policy.this["longshore"].policy, "Put") && !strcontains(aws_ecr_repository_policy.this["longshore"].policy, "Upload\"")
    )
    error_message = "the other accounts pull and do not push"
  }

  assert {
    condition     = jsondecode(aws_ecr_lifecycle_policy.this["longshore"].policy).rules[0].selection.countNumber == 3
    error_message = "the days can be chosen"
  }
}

run "no_backups_in_dev" {
  command = plan

  assert {
    condition     = output.backup_vault == null && length(aws_backup_vault.this) == 0 && length(aws_backup_plan.this) == 0 && length(aws_backup_selection.this) == 0 && length(aws_iam_role.backup) == 0 && length(aws_iam_role_policy_attachment.backup) == 0
    error_message = "dev has no backup plan"
  }
}

run "backups_in_staging" {
  command = plan

  variables {
    environment = "staging"
  }

  assert {
    condition     = [for rule in aws_backup_plan.this[0].rule : [rule.schedule, rule.lifecycle[0].delete_after]] == [["cron(0 2 * * ? *)", 30]]
    error_message = "at 02:00 UTC, kept for 30 days"
  }

  assert {
    condition = { for pair in flatten([for condition in aws_backup_selection.this[0].condition : condition.string_equals]) : pair.key => pair.value } == {
      "aws:ResourceTag/longshore:backup" = "daily", "aws:ResourceTag/longshore:stack" = "longshore", "aws:ResourceTag/longshore:env" = "staging"
    }
    error_message = "only what is tagged daily in this environment"
  }

  assert {
    condition     = length(aws_backup_vault_lock_configuration.this) == 0 && !aws_backup_vault.this[0].force_destroy
    error_message = "no lock, but no destroying of a full vault either"
  }
}

run "backups_in_production" {
  command = plan

  variables {
    environment = "production"
  }

  assert {
    condition     = [for rule in aws_backup_plan.this[0].rule : [rule.schedule, rule.lifecycle[0].delete_after]] == [["cron(0 2 * * ? *)", 90]] && aws_backup_vault_lock_configuration.this[0].min_retention_days == 90
    error_message = "kept for 90 days, and locked for as long"
  }

  assert {
    condition     = toset([for attachment in values(aws_iam_role_policy_attachment.backup) : basename(attachment.policy_arn)]) == toset(["AWSBackupServiceRolePolicyForBackup", "AWSBackupServiceRolePolicyForRestores"])
    error_message = "the role backs up and restores"
  }
}

run "backups_asked_for" {
  command = plan

  variables {
    backup = { enabled = true, schedule = "cron(30 4 ? * SUN *)", lock = true }
  }

  assert {
    condition     = [for rule in aws_backup_plan.this[0].rule : [rule.schedule, rule.lifecycle[0].delete_after]] == [["cron(30 4 ? * SUN *)", 7]] && length(aws_backup_vault_lock_configuration.this) == 1
    error_message = "dev can have backups, for 7 days"
  }
}

run "secrets" {
  command = plan

  variables {
    secrets = { "mlflow/token" = "Token of the tracking server" }
  }

  assert {
    condition     = aws_secretsmanager_secret.this["mlflow/token"].name == "longshore/dev/mlflow/token" && aws_secretsmanager_secret.this["mlflow/token"].description == "Token of the tracking server" && aws_secretsmanager_secret.this["mlflow/token"].recovery_window_in_days == 7
    error_message = "a secret is a place without a value, under the prefix that external-secrets reads"
  }
}

run "secrets_in_production" {
  command = plan

  variables {
    environment = "production"
    secrets     = { token = "Token of the tracking server" }
  }

  assert {
    condition     = aws_secretsmanager_secret.this["token"].recovery_window_in_days == 30
    error_message = "a deleted secret can be had back for 30 days"
  }
}
