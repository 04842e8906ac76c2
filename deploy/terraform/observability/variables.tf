variable "stack" {
  description = "Name of the whole installation; part of names and tags."
  type        = string
  default     = "longshore"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.stack))
    error_message = "Write `stack` as 3 to 20 lower-case letters, digits or hyphens, beginning with a letter and not ending with a hyphen, such as \"longshore\"."
  }
}

variable "environment" {
  description = "Environment that is watched: dev, staging or production. It decides the defaults below."
  type        = string

  validation {
    condition     = contains(["dev", "staging", "production"], var.environment)
    error_message = "Write `environment` as one of \"dev\", \"staging\" or \"production\"."
  }
}

variable "tags" {
  description = "Tags for every resource of this module, beside the provider's default tags."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:")])
    error_message = "Rename the keys of `tags` that begin with \"aws:\": AWS keeps that prefix for itself."
  }
}

variable "cluster_name" {
  description = "Name of the EKS cluster that is watched."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z][a-zA-Z0-9-]{0,31}$", var.cluster_name))
    error_message = "Write `cluster_name` as at most 32 letters, digits or hyphens, beginning with a letter, such as \"longshore-dev\"."
  }
}

variable "log_retention_days" {
  description = "Days the logs are kept; null means 7 in dev, 14 in staging, 30 in production."
  type        = number
  default     = null

  validation {
    condition     = var.log_retention_days == null || try(contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_days), false)
    error_message = "Write `log_retention_days` as a retention CloudWatch knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545 or 731."
  }
}

variable "container_insights" {
  description = "Whether to install the CloudWatch add-on with Container Insights, whose metrics are billed one by one; null means except in dev."
  type        = bool
  default     = null
}

variable "container_insights_version" {
  description = "Version of the add-on amazon-cloudwatch-observability, or null for the newest that fits the cluster."
  type        = string
  default     = null

  validation {
    condition     = var.container_insights_version == null || can(regex("^v[0-9]+\\.[0-9]+\\.[0-9]+-eksbuild\\.[0-9]+$", var.container_insights_version))
    error_message = "Write `container_insights_version` as a version of the add-on, such as \"v4.1.0-eksbuild.1\", or null."
  }
}

variable "prometheus_workspace" {
  description = "Whether to make a workspace of Amazon Managed Service for Prometheus, which replaces storage (not scraping) by the monitoring chart."
  type        = bool
  default     = false
}

variable "alert_emails" {
  description = "Addresses that get alarms and budget notices by mail; each must confirm the mail that AWS sends."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", address))])
    error_message = "Write `alert_emails` as mail addresses, such as \"oncall@example.com\"."
  }
}

variable "alert_endpoints" {
  description = "https:// addresses that get the same (PagerDuty, Opsgenie, a webhook of your own)."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alert_endpoints : can(regex("^https://[^/\\s]+", address))])
    error_message = "Write `alert_endpoints` as https:// addresses."
  }
}

variable "alert_publisher_role_arns" {
  description = "Roles that may publish to the alert topic (Alertmanager's), beside CloudWatch and Budgets."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.alert_publisher_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[^*]+$", arn))])
    error_message = "Write `alert_publisher_role_arns` as ARNs of roles."
  }
}

variable "budget" {
  description = <<-EOT
    Monthly budget of what carries this environment's tag, with the percentages at which a notice goes out: of the cost so far (`actual`) and of the month's forecast (`forecast`).
    `tagged_only` false counts the whole account: use it where the account holds one environment, or until the tags are active as cost allocation tags. `amount` null means no budget.
  EOT
  type = object({
    amount      = optional(number)
    currency    = optional(string, "USD")
    actual      = optional(set(number), [50, 80, 100])
    forecast    = optional(set(number), [100])
    tagged_only = optional(bool, true)
  })
  default = {}

  validation {
    condition     = var.budget.amount == null || try(var.budget.amount > 0, false)
    error_message = "Write `budget.amount` as a positive number, or null for no budget."
  }

  validation {
    condition     = can(regex("^[A-Z]{3}$", var.budget.currency))
    error_message = "Write `budget.currency` as a code of three capital letters, such as \"USD\"."
  }

  validation {
    condition     = alltrue([for percent in setunion(var.budget.actual, var.budget.forecast) : percent > 0 && percent <= 1000])
    error_message = "Write `budget.actual` and `budget.forecast` as percentages above 0 and up to 1000."
  }

  validation {
    condition     = length(var.budget.actual) + length(var.budget.forecast) <= 10 && (var.budget.amount == null || length(var.budget.actual) + length(var.budget.forecast) > 0)
    error_message = "Give `budget.actual` and `budget.forecast` together between 1 and 10 percentages: AWS sends at most 10 notices for a budget."
  }
}

variable "database" {
  description = "The database to watch (identifier and disk size of the data module), or null for none; the thresholds at which its alarms go off."
  type = object({
    identifier      = string
    storage_gb      = optional(number, 20)
    cpu_percent     = optional(number, 80)
    free_percent    = optional(number, 15)
    free_memory_mb  = optional(number, 256)
    max_connections = optional(number, 300)
  })
  default = null

  validation {
    condition     = var.database == null || try(can(regex("^[a-z][a-z0-9-]{0,62}$", var.database.identifier)), false)
    error_message = "Write `database.identifier` as the identifier of an RDS instance, such as \"longshore-production\"."
  }

  validation {
    condition     = var.database == null || try(var.database.cpu_percent > 0 && var.database.cpu_percent <= 100 && var.database.free_percent > 0 && var.database.free_percent < 100, false)
    error_message = "Write `database.cpu_percent` and `database.free_percent` as percentages between 0 and 100."
  }

  validation {
    condition     = var.database == null || try(var.database.storage_gb > 0 && var.database.free_memory_mb > 0 && var.database.max_connections > 0, false)
    error_message = "Write `database.storage_gb`, `database.free_memory_mb` and `database.max_connections` as positive numbers."
  }
}

variable "nat_gateway_ids" {
  description = "NAT gateways to watch for lack of ports, by availability zone."
  type        = map(string)
  default     = {}
}

variable "interruption_queue_name" {
  description = "Karpenter's interruption queue, watched for messages nobody reads; null for none."
  type        = string
  default     = null
}
