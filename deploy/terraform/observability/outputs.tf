output "log_group_names" {
  description = "Name of each log group of the cluster, by kind of log."
  value       = { for kind, group in aws_cloudwatch_log_group.cluster : kind => group.name }
}

output "log_group_arns" {
  description = "ARN of each log group of the cluster, by kind of log."
  value       = { for kind, group in aws_cloudwatch_log_group.cluster : kind => group.arn }
}

output "container_insights" {
  description = "Whether Container Insights is on."
  value       = local.insights
}

output "sns_topic_arn" {
  description = "Topic that alarms and budget notices go to."
  value       = aws_sns_topic.alerts.arn
}

output "amp" {
  description = "Workspace of Amazon Managed Service for Prometheus with its addresses to write to and to query, or null."
  value = var.prometheus_workspace ? {
    workspace_id     = aws_prometheus_workspace.this[0].id
    arn              = aws_prometheus_workspace.this[0].arn
    endpoint         = aws_prometheus_workspace.this[0].prometheus_endpoint
    remote_write_url = "${aws_prometheus_workspace.this[0].prometheus_endpoint}api/v1/remote_write"
    query_url        = "${aws_prometheus_workspace.this[0].prometheus_endpoint}api/v1/query"
  } : null
}

output "alarm_names" {
  description = "Names of all alarms."
  value = sort(concat(
    [for alarm in values(aws_cloudwatch_metric_alarm.database) : alarm.alarm_name],
    [for alarm in values(aws_cloudwatch_metric_alarm.nat) : alarm.alarm_name],
    aws_cloudwatch_metric_alarm.interruption[*].alarm_name,
  ))
}

output "kms_key_arn" {
  description = "ARN of the key of logs and alerts."
  value       = aws_kms_key.this.arn
}
