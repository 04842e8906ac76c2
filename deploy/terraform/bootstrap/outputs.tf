output "bucket" {
  description = "Name of the state bucket: give it to every environment as `terraform init -backend-config=bucket=…`."
  value       = aws_s3_bucket.state.id
}

output "region" {
  description = "Region of the state bucket: `terraform init -backend-config=region=…`."
  value       = var.region
}

output "kms_key_arn" {
  description = "Key that encrypts the states."
  value       = aws_kms_key.state.arn
}

output "ci_role_arns" {
  description = "Roles of pipelines: plan, apply → ARN; empty without `ci`."
  value       = { for name, role in aws_iam_role.ci : name => role.arn }
}
