# Alarms on what the cluster cannot see of itself: the database, NAT, an interruption queue nobody reads.

locals {
  database_alarms = var.database == null ? {} : {
    database-cpu = {
      metric      = "CPUUtilization"
      statistic   = "Average"
      comparison  = "GreaterThanThreshold"
      threshold   = var.database.cpu_percent
      periods     = 3
      description = "Database ${var.database.identifier}: CPU above ${var.database.cpu_percent} % for 15 minutes. Look at Performance Insights for the statement, or take a larger class."
    }
    database-storage = {
      metric      = "FreeStorageSpace"
      statistic   = "Minimum"
      comparison  = "LessThanThreshold"
      threshold   = floor(var.database.storage_gb * 1073741824 * var.database.free_percent / 100)
      periods     = 1
      description = "Database ${var.database.identifier}: less than ${var.database.free_percent} % of ${var.database.storage_gb} GB free. RDS grows the disk below 10 %, up to max_storage_gb; see whether that is near."
    }
    database-memory = {
      metric      = "FreeableMemory"
      statistic   = "Average"
      comparison  = "LessThanThreshold"
      threshold   = var.database.free_memory_mb * 1048576
      periods     = 3
      description = "Database ${var.database.identifier}: less than ${var.database.free_memory_mb} MB of memory free for 15 minutes. Fewer connections, or a larger class."
    }
    database-connections = {
      metric      = "DatabaseConnections"
      statistic   = "Maximum"
      comparison  = "GreaterThanThreshold"
      threshold   = var.database.max_connections
      periods     = 1
      description = "Database ${var.database.identifier}: more than ${var.database.max_connections} connections. Look for a client without a pool."
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "database" {
  for_each = local.database_alarms

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/RDS"
  metric_name         = each.value.metric
  dimensions          = { DBInstanceIdentifier = var.database.identifier }
  statistic           = each.value.statistic
  period              = 300
  evaluation_periods  = each.value.periods
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  treat_missing_data  = "missing"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "nat" {
  for_each = var.nat_gateway_ids

  alarm_name          = "${local.name}-nat-ports-${each.key}"
  alarm_description   = "NAT gateway of ${each.key} had no port left for a new connection. Many connections to one address: pool them, or use an endpoint of the VPC."
  namespace           = "AWS/NATGateway"
  metric_name         = "ErrorPortAllocation"
  dimensions          = { NatGatewayId = each.value }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "interruption" {
  count = var.interruption_queue_name == null ? 0 : 1

  alarm_name          = "${local.name}-interruption-queue"
  alarm_description   = "Messages of ${var.interruption_queue_name} stay unread for over two minutes, which is all the notice a spot node gets: is Karpenter running?"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = var.interruption_queue_name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 120
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts.arn]
  ok_actions          = [aws_sns_topic.alerts.arn]
  tags                = var.tags
}
