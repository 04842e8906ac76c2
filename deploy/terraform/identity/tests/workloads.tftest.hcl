# What a workload may do in S3, statement by statement.

provider "aws" {
  region                      = "ap-southeast-2"
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
  environment  = "staging"
  cluster_name = "longshore-staging"
  controllers  = { karpenter = false, load_balancer = false, external_secrets = false, ebs_csi = false, logs = false }
}

run "model_reader" {
  command = plan

  variables {
    workloads = {
      model-reader = {
        namespace       = "longshore-serving"
        service_account = "wine-model"
        kind            = "model_reader"
        access          = { models = { bucket_arn = "arn:aws:s3:::models", prefixes = ["models/", "shared/wine/"] } }
        kms_key_arns    = ["arn:aws:kms:ap-southeast-2:111122223333:key/one"]
      }
    }
  }

  assert {
    condition     = keys(aws_iam_role.this) == ["model-reader"] && keys(aws_iam_role_policy.this) == ["model-reader/models"]
    error_message = "nothing but the one role and its one policy"
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.this["model-reader/models"].policy) == {
      Version = "2012-10-17"
      Statement = [
        { Sid = "Objects", Effect = "Allow", Action = "s3:GetObject", Resource = ["arn:aws:s3:::models/shared/wine/*", "arn:aws:s3:::models/models/*"] },
        { Effect = "Allow", Action = "s3:ListBucket", Resource = "arn:aws:s3:::models", Condition = { StringLike = { "s3:prefix" = ["models/*", "shared/wine/*"] } } },
        {
          Sid = "Keys", Effect = "Allow", Action = "kms:Decrypt", Resource = "arn:aws:kms:ap-southeast-2:111122223333:key/one"
          Condition = {
            StringEquals = { "kms:ViaService" = "s3.ap-southeast-2.amazonaws.com" }
            StringLike   = { "kms:EncryptionContext:aws:s3:arn" = ["arn:aws:s3:::models", "arn:aws:s3:::models/models/*", "arn:aws:s3:::models/shared/wine/*"] }
          }
        },
      ]
    }
    error_message = "a reader gets its prefixes and their key, through S3 only"
  }
}

run "whole_bucket_without_key" {
  command = plan

  variables {
    workloads = {
      trainer = {
        namespace       = "training"
        service_account = "trainer"
        kind            = "model_writer"
        access          = { models = { bucket_arn = "arn:aws:s3:::models" } }
      }
    }
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.this["trainer/models"].policy).Statement == [
      { Sid = "Objects", Effect = "Allow", Action = ["s3:PutObject", "s3:ListMultipartUploadParts", "s3:GetObject", "s3:AbortMultipartUpload"], Resource = "arn:aws:s3:::models/*" },
      { Effect = "Allow", Action = "s3:ListBucket", Resource = "arn:aws:s3:::models" },
    ]
    error_message = "a writer of a whole bucket lists it without a condition, never deletes, and needs no key statement"
  }
}

run "tracking_in_two_buckets" {
  command = plan

  variables {
    workloads = {
      mlflow = {
        namespace       = "longshore-system"
        service_account = "mlflow"
        kind            = "tracking"
        access = {
          artifacts = { bucket_arn = "arn:aws:s3:::artifacts", prefixes = ["mlflow/"] }
          models    = { bucket_arn = "arn:aws:s3:::models", prefixes = ["&{aws:PrincipalTag/kubernetes-namespace}/"] }
        }
        kms_key_arns = ["arn:aws:kms:ap-southeast-2:111122223333:key/one", "arn:aws:kms:ap-southeast-2:111122223333:key/two"]
      }
    }
  }

  assert {
    condition     = toset(jsondecode(aws_iam_role_policy.this["mlflow/models"].policy).Statement[0].Action) == toset(["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"])
    error_message = "a tracking server also deletes objects"
  }

  assert {
    condition     = toset(jsondecode(aws_iam_role_policy.this["mlflow/models"].policy).Statement[0].Resource) == toset(["arn:aws:s3:::artifacts/mlflow/*", "arn:aws:s3:::models/$${aws:PrincipalTag/kubernetes-namespace}/*"])
    error_message = "a prefix may hold a session tag"
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.this["mlflow/models"].policy).Statement : statement.Resource if try(statement.Action == "s3:ListBucket", false)] == ["arn:aws:s3:::artifacts", "arn:aws:s3:::models"]
    error_message = "each bucket is listed by its own prefixes"
  }

  assert {
    condition     = toset(jsondecode(aws_iam_role_policy.this["mlflow/models"].policy).Statement[3].Action) == toset(["kms:Decrypt", "kms:GenerateDataKey"]) && length(jsondecode(aws_iam_role_policy.this["mlflow/models"].policy).Statement[3].Resource) == 2
    error_message = "a writer also makes data keys, with either key"
  }
}
