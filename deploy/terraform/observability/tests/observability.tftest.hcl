# Logs, alarms, budget, switches.

provider "aws" {
  region                      = "eu-west-1"
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
  environment  = "dev"
  cluster_name = "longshore-dev"
}

run "dev" {
  command = plan

  assert {
    condition = { for kind, group in aws_cloudwatch_log_group.cluster : group.name => group.retention_in_days } == {
      "/aws/containerinsights/longshore-dev/application" = 7
      "/aws/containerinsights/longshore-dev/dataplane"   = 7
      "/aws/containerinsights/longshore-dev/host"        = 7
    }
    error_message = "dev keeps its logs for a week"
  }

  assert {
    condition     = length(aws_eks_addon.container_insights) == 0 && !output.container_insights && length(aws_prometheus_workspace.this) == 0 && output.amp == null
    error_message = "Container Insights and managed Prometheus are off in dev"
  }

  assert {
    condition     = length(aws_budgets_budget.this) == 0 && length(output.alarm_names) == 0 && length(aws_sns_topic_subscription.email) == 0 && length(aws_sns_topic_subscription.https) == 0
    error_message = "nothing is watched that was not named"
  }

  assert {
    condition     = aws_kms_key.this.enable_key_rotation && [for statement in jsondecode(aws_kms_key.this.policy).Statement : statement.Sid] == ["Account", "Logs", "Alerts"]
    error_message = "the key is rotated and open to logs and alerts"
  }

  assert {
    condition     = jsondecode(aws_kms_key.this.policy).Statement[1].Condition == { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/containerinsights/longshore-dev/*" } }
    error_message = "for this cluster's logs only"
  }
}

run "staging" {
  command = plan

  variables {
    environment = "staging"
  }

  assert {
    condition     = alltrue([for group in values(aws_cloudwatch_log_group.cluster) : group.retention_in_days == 14]) && keys(aws_cloudwatch_log_group.cluster) == ["application", "dataplane", "host", "performance"]
    error_message = "staging keeps its logs for two weeks, those of Container Insights too"
  }

  assert {
    condition     = aws_eks_addon.container_insights[0].addon_name == "amazon-cloudwatch-observability" && aws_eks_addon.container_insights[0].cluster_name == "longshore-dev"
    error_message = "Container Insights is on"
  }
}

run "production" {
  command = plan

  variables {
    environment                = "production"
    cluster_name               = "longshore-production"
    container_insights_version = "v4.1.0-eksbuild.1"
    prometheus_workspace       = true
    alert_emails               = ["oncall@example.com"]
    alert_endpoints            = ["https://events.example.com/hook"]
    alert_publisher_role_arns  = ["arn:aws:iam::111122223333:role/alertmanager"]
    interruption_queue_name    = "longshore-production-interruption"
    nat_gateway_ids            = { eu-west-1a = "nat-a", eu-west-1b = "nat-b" }
    database                   = { identifier = "longshore-production", storage_gb = 50 }
    budget                     = { amount = 1200 }
  }

  assert {
    condition     = alltrue([for group in values(aws_cloudwatch_log_group.cluster) : group.retention_in_days == 30]) && aws_eks_addon.container_insights[0].addon_version == "v4.1.0-eksbuild.1"
    error_message = "production keeps its logs for 30 days"
  }

  assert {
    condition     = aws_prometheus_workspace.this[0].alias == "longshore-production"
    error_message = "the workspace is made"
  }

  assert {
    condition     = [for subscription in concat(values(aws_sns_topic_subscription.email), values(aws_sns_topic_subscription.https)) : [subscription.protocol, subscription.endpoint]] == [["email", "oncall@example.com"], ["https", "https://events.example.com/hook"]]
    error_message = "alerts reach mail and web hook"
  }

  assert {
    condition = jsondecode(data.aws_iam_policy_document.topic.json).Statement == [
      {
        Sid       = "Services", Effect = "Allow", Action = "sns:Publish", Resource = "arn:aws:sns:eu-west-1:111122223333:longshore-production-alerts"
        Principal = { Service = ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"] }, Condition = { StringEquals = { "aws:SourceAccount" = "111122223333" } }
      },
      { Sid = "Publishers", Effect = "Allow", Action = "sns:Publish", Resource = "arn:aws:sns:eu-west-1:111122223333:longshore-production-alerts", Principal = { AWS = "arn:aws:iam::111122223333:role/alertmanager" } },
      { Sid = "OnlyTls", Effect = "Deny", Action = "sns:Publish", Resource = "arn:aws:sns:eu-west-1:111122223333:longshore-production-alerts", Principal = "*", Condition = { Bool = { "aws:SecureTransport" = "false" } } },
    ]
    error_message = "only this account's services and the named role publish, by TLS"
  }

  assert {
    condition = output.alarm_names == tolist([
      "longshore-production-database-connections", "longshore-production-database-cpu", "longshore-production-database-memory", "longshore-production-database-storage",
      "longshore-production-interruption-queue", "longshore-production-nat-ports-eu-west-1a", "longshore-production-nat-ports-eu-west-1b",
    ])
    error_message = "seven alarms"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.database["database-storage"].threshold == 8053063680 && aws_cloudwatch_metric_alarm.database["database-storage"].comparison_operator == "LessThanThreshold"
    error_message = "the disk's alarm is at 15 % of 50 GB"
  }

  assert {
    condition     = alltrue([for alarm in values(aws_cloudwatch_metric_alarm.database) : alarm.dimensions == tomap({ DBInstanceIdentifier = "longshore-production" })]) && aws_cloudwatch_metric_alarm.nat["eu-west-1b"].dimensions == tomap({ NatGatewayId = "nat-b" })
    error_message = "each alarm watches its own"
  }

  assert {
    condition = toset([for notice in aws_budgets_budget.this[0].notification : "${notice.notification_type} ${notice.threshold} ${notice.comparison_operator}"]) == toset([
      "ACTUAL 50 GREATER_THAN", "ACTUAL 80 GREATER_THAN", "ACTUAL 100 GREATER_THAN", "FORECASTED 100 GREATER_THAN",
    ])
    error_message = "notices go out at 50, 80 and 100 % of the cost and at 100 % of the forecast"
  }

  assert {
    condition     = aws_budgets_budget.this[0].limit_amount == "1200" && aws_budgets_budget.this[0].limit_unit == "USD" && [for filter in aws_budgets_budget.this[0].cost_filter : "${filter.name} ${join(" ", filter.values)}"] == ["TagKeyValue user:longshore:env$production"]
    error_message = "the budget counts what carries this environment's tag"
  }
}

run "budget_of_the_account" {
  command = plan

  variables {
    log_retention_days = 90
    container_insights = true
    budget             = { amount = 250.5, currency = "EUR", actual = [90], forecast = [], tagged_only = false }
  }

  assert {
    condition     = aws_budgets_budget.this[0].limit_amount == "250.5" && aws_budgets_budget.this[0].limit_unit == "EUR" && length(local.budget_tags) == 0 && length(aws_budgets_budget.this[0].notification) == 1
    error_message = "a budget can count the whole account"
  }

  assert {
    condition     = alltrue([for group in values(aws_cloudwatch_log_group.cluster) : group.retention_in_days == 90]) && length(aws_eks_addon.container_insights) == 1
    error_message = "retention and Container Insights can be chosen"
  }
}
