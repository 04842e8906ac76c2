# What a workload may do with models and artifacts in S3.

locals {
  object_actions = {
    model_reader = ["s3:GetObject"]
    model_writer = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    tracking     = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
  }

  key_actions = {
    model_reader = ["kms:Decrypt"]
    model_writer = ["kms:Decrypt", "kms:GenerateDataKey"]
    tracking     = ["kms:Decrypt", "kms:GenerateDataKey"]
  }
}

data "aws_iam_policy_document" "workload" {
  for_each = var.workloads

  statement {
    sid       = "Objects"
    actions   = local.object_actions[each.value.kind]
    resources = flatten([for bucket in values(each.value.access) : [for prefix in bucket.prefixes : "${bucket.bucket_arn}/${prefix}*"]])
  }

  # Without the right to list, S3 answers 403 instead of 404 for a key that is not there.
  dynamic "statement" {
    for_each = each.value.access

    content {
      actions   = ["s3:ListBucket"]
      resources = [statement.value.bucket_arn]

      dynamic "condition" {
        for_each = contains(statement.value.prefixes, "") ? [] : [statement.value.prefixes]

        content {
          test     = "StringLike"
          variable = "s3:prefix"
          values   = [for prefix in condition.value : "${prefix}*"]
        }
      }
    }
  }

  # A bucket with bucket keys sends its own ARN as encryption context, one without sends the object's.
  dynamic "statement" {
    for_each = length(each.value.kms_key_arns) == 0 ? [] : [each.value.kms_key_arns]

    content {
      sid       = "Keys"
      actions   = local.key_actions[each.value.kind]
      resources = statement.value

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${local.region}.${local.dns_suffix}"]
      }

      condition {
        test     = "StringLike"
        variable = "kms:EncryptionContext:aws:s3:arn"
        values = flatten([for bucket in values(each.value.access) : concat(
          [bucket.bucket_arn],
          [for prefix in bucket.prefixes : "${bucket.bucket_arn}/${prefix}*"],
        )])
      }
    }
  }
}
