# Image repositories.

locals {
  repository_prefix = coalesce(var.repository_prefix, local.name)
}

resource "aws_ecr_repository" "this" {
  for_each = var.repositories

  name                 = "${local.repository_prefix}/${each.value}"
  image_tag_mutability = "IMMUTABLE"
  force_delete         = !local.protected && var.environment == "dev"
  tags                 = var.tags

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = aws_kms_key.this["artifacts"].arn
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  for_each = var.repositories

  repository = aws_ecr_repository.this[each.value].name
  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "untagged images go after ${var.repository_untagged_days} days"
      selection = {
        tagStatus   = "untagged"
        countType   = "sinceImagePushed"
        countUnit   = "days"
        countNumber = var.repository_untagged_days
      }
      action = { type = "expire" }
    }]
  })
}

data "aws_iam_policy_document" "repository" {
  statement {
    sid     = "Pull"
    actions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"]

    principals {
      type        = "AWS"
      identifiers = [for id in sort(var.repository_reader_account_ids) : "arn:${local.partition}:iam::${id}:root"]
    }
  }
}

resource "aws_ecr_repository_policy" "this" {
  for_each = length(var.repository_reader_account_ids) == 0 ? [] : var.repositories

  repository = aws_ecr_repository.this[each.value].name
  policy     = data.aws_iam_policy_document.repository.json
}
