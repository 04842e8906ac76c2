# The state bucket and the pipeline's roles, planned by the real provider without calling anybody.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  account_id = "123456789012"
  region     = "eu-west-1"
}

run "bucket" {
  command = plan

  assert {
    condition     = aws_s3_bucket.state.bucket == "longshore-state-123456789012-eu-west-1" && aws_s3_bucket.state.force_destroy == false && aws_s3_bucket_versioning.state.versioning_configuration[0].status == "Enabled"
    error_message = "the bucket is versioned, named after account and region, and not emptied by force"
  }

  assert {
    condition     = [for rule in aws_s3_bucket_server_side_encryption_configuration.state.rule : rule.apply_server_side_encryption_by_default[0].sse_algorithm][0] == "aws:kms" && aws_kms_key.state.enable_key_rotation
    error_message = "states are encrypted with a key that is renewed"
  }

  assert {
    condition     = aws_s3_bucket_public_access_block.state.block_public_acls && aws_s3_bucket_public_access_block.state.block_public_policy && aws_s3_bucket_public_access_block.state.ignore_public_acls && aws_s3_bucket_public_access_block.state.restrict_public_buckets && aws_s3_bucket_ownership_controls.state.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "nothing in the bucket can be made public"
  }

  assert {
    condition = jsondecode(aws_s3_bucket_policy.state.policy).Statement[0] == {
      Sid       = "OnlyOverTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::longshore-state-123456789012-eu-west-1/*", "arn:aws:s3:::longshore-state-123456789012-eu-west-1"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }
    error_message = "requests without TLS are refused: ${aws_s3_bucket_policy.state.policy}"
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.state.rule[0].noncurrent_version_expiration[0].noncurrent_days == 90 && aws_s3_bucket_lifecycle_configuration.state.rule[0].abort_incomplete_multipart_upload[0].days_after_initiation == 7
    error_message = "overwritten states are kept for 90 days"
  }

  assert {
    condition     = length(aws_iam_role.ci) == 0 && length(aws_iam_openid_connect_provider.ci) == 0
    error_message = "no pipeline gets in unless asked for"
  }
}

run "pipeline" {
  command = plan

  variables {
    ci = {
      plan_subjects     = ["repo:example/longshore:pull_request", "repo:example/longshore:ref:refs/heads/*"]
      apply_subjects    = ["repo:example/longshore:environment:production"]
      apply_policy_arns = ["arn:aws:iam::aws:policy/AdministratorAccess"]
      session_hours     = 2
    }
  }

  assert {
    condition     = jsondecode(aws_iam_role.ci["apply"].assume_role_policy).Statement[0].Principal.Federated == "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" && jsondecode(aws_iam_role.ci["apply"].assume_role_policy).Statement[0].Action == "sts:AssumeRoleWithWebIdentity"
    error_message = "the issuer's tokens take the role: ${aws_iam_role.ci["apply"].assume_role_policy}"
  }

  assert {
    condition = jsondecode(aws_iam_role.ci["apply"].assume_role_policy).Statement[0].Condition == {
      StringEquals = { "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com" }
      StringLike   = { "token.actions.githubusercontent.com:sub" = "repo:example/longshore:environment:production" }
    }
    error_message = "audience and subject are both checked: ${aws_iam_role.ci["apply"].assume_role_policy}"
  }

  assert {
    condition     = toset(jsondecode(aws_iam_role.ci["plan"].assume_role_policy).Statement[0].Condition.StringLike["token.actions.githubusercontent.com:sub"]) == toset(["repo:example/longshore:pull_request", "repo:example/longshore:ref:refs/heads/*"]) && aws_iam_role.ci["plan"].max_session_duration == 7200
    error_message = "who plans is not who applies"
  }

  assert {
    condition     = sort([for attachment in aws_iam_role_policy_attachment.ci : "${attachment.role} ${attachment.policy_arn}"]) == tolist(["longshore-ci-apply arn:aws:iam::aws:policy/AdministratorAccess", "longshore-ci-plan arn:aws:iam::aws:policy/ReadOnlyAccess"])
    error_message = jsonencode([for attachment in aws_iam_role_policy_attachment.ci : "${attachment.role} ${attachment.policy_arn}"])
  }
}

run "pipeline_that_only_plans_with_an_issuer_that_is_there" {
  command = plan

  variables {
    ci = {
      issuer            = "https://git.example.com/oidc"
      audience          = "longshore"
      plan_subjects     = ["project_path:example/longshore:*"]
      existing_oidc_arn = "arn:aws:iam::123456789012:oidc-provider/git.example.com/oidc"
    }
  }

  assert {
    condition     = join(",", keys(aws_iam_role.ci)) == "plan" && length(aws_iam_openid_connect_provider.ci) == 0 && jsondecode(aws_iam_role.ci["plan"].assume_role_policy).Statement[0].Condition.StringEquals == { "git.example.com/oidc:aud" = "longshore" }
    error_message = "no applying role, no second issuer"
  }
}

# The states' policy names the key, whose ARN is known once it is made.
run "states_of_the_pipeline" {
  command = plan

  override_resource {
    target          = aws_kms_key.state
    override_during = plan
    values          = { arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
  }

  variables {
    ci = { plan_subjects = ["repo:example/longshore:pull_request"] }
  }

  assert {
    condition = {
      for statement in jsondecode(aws_iam_role_policy.ci["plan"].policy).Statement : statement.Sid => "${join(",", sort(flatten([statement.Action])))} on ${join(",", sort(flatten([statement.Resource])))}"
      } == {
      FindStates         = "s3:ListBucket on arn:aws:s3:::longshore-state-123456789012-eu-west-1"
      ReadAndWriteStates = "s3:GetObject,s3:PutObject on arn:aws:s3:::longshore-state-123456789012-eu-west-1/*.tflock,arn:aws:s3:::longshore-state-123456789012-eu-west-1/*.tfstate"
      Unlock             = "s3:DeleteObject on arn:aws:s3:::longshore-state-123456789012-eu-west-1/*.tflock"
      UseKey             = "kms:Decrypt,kms:DescribeKey,kms:GenerateDataKey on arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    }
    error_message = aws_iam_role_policy.ci["plan"].policy
  }
}

run "refusals" {
  command = plan

  variables {
    stack           = "L"
    region          = "Ireland"
    account_id      = "1234"
    commit          = "HEAD"
    noncurrent_days = 1
    ci              = { plan_subjects = ["*"] }
  }

  expect_failures = [var.stack, var.region, var.account_id, var.commit, var.noncurrent_days, var.ci]
}

run "apply_role_without_policies" {
  command = plan

  variables {
    ci = { plan_subjects = ["repo:example/longshore:*"], apply_subjects = ["repo:example/longshore:*"] }
  }

  expect_failures = [var.ci]
}

run "issuer_in_the_clear" {
  command = plan

  variables {
    ci = { issuer = "http://git.example.com", plan_subjects = ["repo:example/longshore:*"], session_hours = 1 }
  }

  expect_failures = [var.ci]
}

run "session_of_a_day" {
  command = plan

  variables {
    ci = { plan_subjects = ["repo:example/longshore:*"], session_hours = 24 }
  }

  expect_failures = [var.ci]
}
