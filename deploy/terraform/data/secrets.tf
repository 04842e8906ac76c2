# Places for secrets. A value is put in with `aws secretsmanager put-secret-value`, so that no state file holds it.

resource "aws_secretsmanager_secret" "this" {
  for_each = var.secrets

  name                    = "${var.stack}/${var.environment}/${each.key}"
  description             = each.value
  kms_key_id              = aws_kms_key.this["secrets"].arn
  recovery_window_in_days = local.production ? 30 : 7
  tags                    = var.tags
}
