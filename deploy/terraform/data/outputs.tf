output "artifacts_bucket" {
  description = "Name and ARN of the bucket of models and artifacts."
  value = {
    name = aws_s3_bucket.artifacts.bucket
    arn  = aws_s3_bucket.artifacts.arn
  }
}

output "database" {
  description = "The database: where it listens, its name, the secret with its password, its security group; null when it is off."
  value = local.database_on ? {
    identifier        = aws_db_instance.this[0].identifier
    arn               = aws_db_instance.this[0].arn
    endpoint          = aws_db_instance.this[0].endpoint
    address           = aws_db_instance.this[0].address
    port              = aws_db_instance.this[0].port
    name              = aws_db_instance.this[0].db_name
    secret_arn        = try(aws_db_instance.this[0].master_user_secret[0].secret_arn, null)
    security_group_id = aws_security_group.database[0].id
  } : null
}

output "ecr_repository_urls" {
  description = "Address of each image repository, by name."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.repository_url }
}

output "kms_key_arns" {
  description = "ARNs of the keys: artifacts, database, secrets."
  value       = { for name, key in aws_kms_key.this : name => key.arn }
}

output "backup_vault" {
  description = "Name and ARN of the vault of AWS Backup, or null when backups are off."
  value = local.backup_on ? {
    name = aws_backup_vault.this[0].name
    arn  = aws_backup_vault.this[0].arn
  } : null
}

output "secret_arns" {
  description = "ARN of each secret made, by name."
  value       = { for name, secret in aws_secretsmanager_secret.this : name => secret.arn }
}
