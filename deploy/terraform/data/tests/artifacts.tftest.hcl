# Bucket and keys.

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

run "bucket" {
  command = plan

  assert {
    condition     = aws_s3_bucket.artifacts.bucket == "longshore-dev-artifacts-111122223333"
    error_message = "the bucket is named after stack, environment and account"
  }

  assert {
    condition     = aws_s3_bucket_versioning.artifacts.versioning_configuration[0].status == "Enabled"
    error_message = "versions are kept"
  }

  assert {
    condition     = alltrue([for rule in aws_s3_bucket_server_side_encryption_configuration.artifacts.rule : rule.bucket_key_enabled && rule.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"])
    error_message = "objects are encrypted with the key of the bucket"
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.artifacts.block_public_acls, aws_s3_bucket_public_access_block.artifacts.block_public_policy,
      aws_s3_bucket_public_access_block.artifacts.ignore_public_acls, aws_s3_bucket_public_access_block.artifacts.restrict_public_buckets,
    ])
    error_message = "nothing is public"
  }

  assert {
    condition     = aws_s3_bucket_ownership_controls.artifacts.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "access lists are off"
  }

  assert {
    condition = { for rule in aws_s3_bucket_lifecycle_configuration.artifacts.rule : rule.id => [
      rule.status, try(rule.noncurrent_version_expiration[0].noncurrent_days, 0), try(rule.abort_incomplete_multipart_upload[0].days_after_initiation, 0)
      ] } == {
      noncurrent = ["Enabled", 90, 0]
      multipart  = ["Enabled", 0, 7]
    }
    error_message = "old versions go after 90 days, unfinished uploads after 7"
  }

  assert {
    condition = jsondecode(data.aws_iam_policy_document.artifacts.json).Statement == [
      {
        Sid       = "OnlyTls", Effect = "Deny", Principal = "*", Action = "s3:*"
        Resource  = ["arn:aws:s3:::longshore-dev-artifacts-111122223333/*", "arn:aws:s3:::longshore-dev-artifacts-111122223333"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "OnlyNewTls", Effect = "Deny", Principal = "*", Action = "s3:*"
        Resource  = ["arn:aws:s3:::longshore-dev-artifacts-111122223333/*", "arn:aws:s3:::longshore-dev-artifacts-111122223333"]
        Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
      },
      {
        Sid      = "OnlyKms", Effect = "Deny", Principal = "*", Action = "s3:PutObject"
        Resource = "arn:aws:s3:::longshore-dev-artifacts-111122223333/*"
        Condition = {
          Null            = { "s3:x-amz-server-side-encryption" = "false" }
          StringNotEquals = { "s3:x-amz-server-side-encryption" = "aws:kms" }
        }
      },
    ]
    error_message = "the bucket's policy refuses plain HTTP, old TLS and other encryption, and allows nothing"
  }

  assert {
    condition     = aws_s3_bucket.artifacts.force_destroy && length(terraform_data.guard) == 0
    error_message = "a dev bucket can be destroyed with what is in it"
  }
}

run "production_is_guarded" {
  command = plan

  variables {
    environment = "production"
  }

  assert {
    condition     = !aws_s3_bucket.artifacts.force_destroy && keys(terraform_data.guard) == ["artifacts"]
    error_message = "a production bucket cannot be destroyed"
  }
}

run "protected_dev" {
  command = plan

  variables {
    deletion_protection = true
    artifacts           = { bucket_name = "models-of-mine", noncurrent_days = 30, multipart_days = 1 }
  }

  assert {
    condition     = !aws_s3_bucket.artifacts.force_destroy && keys(terraform_data.guard) == ["artifacts"] && aws_db_instance.this[0].deletion_protection
    error_message = "protection can be asked for anywhere"
  }

  assert {
    condition     = aws_s3_bucket.artifacts.bucket == "models-of-mine" && aws_s3_bucket_lifecycle_configuration.artifacts.rule[0].noncurrent_version_expiration[0].noncurrent_days == 30
    error_message = "name and days can be chosen"
  }
}

run "staging_keeps_what_is_in_it" {
  command = plan

  variables {
    environment = "staging"
  }

  assert {
    condition     = !aws_s3_bucket.artifacts.force_destroy && length(terraform_data.guard) == 0 && !aws_ecr_repository.this["longshore"].force_delete
    error_message = "a staging bucket is destroyed only when it is empty"
  }
}

run "keys" {
  command = plan

  assert {
    condition     = keys(aws_kms_key.this) == ["artifacts", "database", "secrets"] && alltrue([for key in values(aws_kms_key.this) : key.enable_key_rotation && key.deletion_window_in_days == 30])
    error_message = "three keys, all rotated, all slow to delete"
  }

  assert {
    condition     = [for alias in values(aws_kms_alias.this) : alias.name] == ["alias/longshore-dev-data-artifacts", "alias/longshore-dev-data-database", "alias/longshore-dev-data-secrets"]
    error_message = "each has its alias"
  }

  assert {
    condition = jsondecode(aws_kms_key.this["artifacts"].policy).Statement == [
      { Sid = "Account", Effect = "Allow", Action = "kms:*", Resource = "*", Principal = { AWS = "arn:aws:iam::111122223333:root" } },
    ]
    error_message = "the account's policies decide over a key"
  }

  assert {
    condition = jsondecode(aws_kms_key.this["database"].policy).Statement[1].Principal == { Service = "logs.eu-west-1.amazonaws.com" } && jsondecode(aws_kms_key.this["database"].policy).Statement[1].Condition == {
      ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/rds/instance/longshore-dev/*" }
    }
    error_message = "CloudWatch may use the database's key for the database's logs only"
  }
}
