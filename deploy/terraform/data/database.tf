# PostgreSQL for the tracking server.

locals {
  database_on         = var.database.enabled
  backup_days         = coalesce(var.database.backup_days, var.environment == "dev" ? 1 : 7)
  multi_az            = coalesce(var.database.multi_az, local.production)
  monitoring          = coalesce(var.database.monitoring_seconds, local.production ? 60 : 0)
  database_protected  = coalesce(var.database.deletion_protection, local.protected)
  final_snapshot_name = coalesce(var.database.final_snapshot_name, "${local.name}-final")
}

resource "aws_db_subnet_group" "this" {
  count = local.database_on ? 1 : 0

  name        = local.name
  description = "Database subnets of ${local.name}"
  subnet_ids  = values(var.database_subnet_ids)
  tags        = var.tags
}

# No egress rule: a database begins no connection.
resource "aws_security_group" "database" {
  count = local.database_on ? 1 : 0

  name        = "${local.name}-database"
  description = "Database of ${local.name}: PostgreSQL from the workloads only"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = "${local.name}-database" })
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  for_each = local.database_on ? var.workload_security_group_ids : {}

  security_group_id            = aws_security_group.database[0].id
  description                  = "PostgreSQL from ${each.key}"
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
  tags                         = var.tags
}

resource "aws_db_parameter_group" "this" {
  count = local.database_on ? 1 : 0

  name        = "${local.name}-postgres${var.database.major_version}"
  family      = "postgres${var.database.major_version}"
  description = "PostgreSQL ${var.database.major_version} of ${local.name}"
  tags        = var.tags

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  parameter {
    name  = "log_min_duration_statement"
    value = "1000"
  }

  parameter {
    name  = "log_connections"
    value = "1"
  }

  lifecycle {
    create_before_destroy = true
  }
}

# Made before the database, which would make them without a retention.
resource "aws_cloudwatch_log_group" "database" {
  for_each = local.database_on ? toset(["postgresql", "upgrade"]) : []

  name              = "/aws/rds/instance/${local.name}/${each.value}"
  retention_in_days = var.database.log_days
  kms_key_id        = aws_kms_key.this["database"].arn
  tags              = var.tags
}

data "aws_iam_policy_document" "monitoring_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["monitoring.rds.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role" "monitoring" {
  count = local.database_on && local.monitoring > 0 ? 1 : 0

  name               = "${local.name}-database-monitoring"
  description        = "Enhanced monitoring of the database of ${local.name}"
  assume_role_policy = data.aws_iam_policy_document.monitoring_trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  count = local.database_on && local.monitoring > 0 ? 1 : 0

  role       = aws_iam_role.monitoring[0].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}

resource "aws_db_instance" "this" {
  count = local.database_on ? 1 : 0

  identifier     = local.name
  engine         = "postgres"
  engine_version = tostring(var.database.major_version)
  instance_class = var.database.instance_class

  storage_type          = "gp3"
  allocated_storage     = var.database.storage_gb
  max_allocated_storage = var.database.max_storage_gb
  storage_encrypted     = true
  kms_key_id            = aws_kms_key.this["database"].arn

  db_name                       = var.database.name
  username                      = var.database.username
  manage_master_user_password   = true
  master_user_secret_kms_key_id = aws_kms_key.this["secrets"].key_id

  multi_az               = local.multi_az
  db_subnet_group_name   = aws_db_subnet_group.this[0].name
  vpc_security_group_ids = [aws_security_group.database[0].id]
  publicly_accessible    = false
  parameter_group_name   = aws_db_parameter_group.this[0].name

  # Automated backups end before AWS Backup begins at 02:00.
  backup_retention_period   = local.backup_days
  backup_window             = "00:30-01:30"
  maintenance_window        = "sun:03:30-sun:04:30"
  copy_tags_to_snapshot     = true
  delete_automated_backups  = !local.database_protected
  deletion_protection       = local.database_protected
  skip_final_snapshot       = !var.database.final_snapshot
  final_snapshot_identifier = var.database.final_snapshot ? local.final_snapshot_name : null

  auto_minor_version_upgrade = true
  apply_immediately          = !local.production

  performance_insights_enabled          = true
  performance_insights_kms_key_id       = aws_kms_key.this["database"].arn
  performance_insights_retention_period = 7
  monitoring_interval                   = local.monitoring
  monitoring_role_arn                   = one(aws_iam_role.monitoring[*].arn)
  enabled_cloudwatch_logs_exports       = ["postgresql", "upgrade"]

  tags = merge(var.tags, local.backup_tags)

  depends_on = [aws_cloudwatch_log_group.database, aws_iam_role_policy_attachment.monitoring]
}
