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
  description = "Environment the data belongs to: dev, staging or production. It decides the defaults below."
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

variable "deletion_protection" {
  description = "Whether artifacts and database resist `terraform destroy`; null means only in production. Lifting it is described in the restore guide."
  type        = bool
  default     = null
}

variable "vpc_id" {
  description = "VPC of the database."
  type        = string

  validation {
    condition     = can(regex("^vpc-[0-9a-f]+$", var.vpc_id))
    error_message = "Write `vpc_id` as the id of a VPC, such as \"vpc-0123456789abcdef0\"."
  }
}

variable "database_subnet_ids" {
  description = "Subnets of the database, by availability zone; RDS wants two zones even for a single instance."
  type        = map(string)

  validation {
    condition     = !var.database.enabled || length(var.database_subnet_ids) >= 2
    error_message = "Give `database_subnet_ids` of at least two availability zones, or turn the database off with `database.enabled = false`."
  }
}

variable "workload_security_group_ids" {
  description = "Security groups that may connect to the database, by a name of your choice (the nodes')."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for id in values(var.workload_security_group_ids) : can(regex("^sg-[0-9a-f]+$", id))])
    error_message = "Write the values of `workload_security_group_ids` as ids of security groups, such as \"sg-0123456789abcdef0\"."
  }
}

variable "key_deletion_days" {
  description = "Days a key waits before it is deleted; in that time its deletion can be taken back."
  type        = number
  default     = 30

  validation {
    condition     = var.key_deletion_days >= 7 && var.key_deletion_days <= 30 && floor(var.key_deletion_days) == var.key_deletion_days
    error_message = "Write `key_deletion_days` as a whole number from 7 to 30."
  }
}

variable "artifacts" {
  description = <<-EOT
    The bucket of models and artifacts: its name (null: "<stack>-<environment>-artifacts-<account>"), after how many days replaced and deleted versions go,
    and after how many an unfinished upload is dropped.
  EOT
  type = object({
    bucket_name     = optional(string)
    noncurrent_days = optional(number, 90)
    multipart_days  = optional(number, 7)
  })
  default = {}

  validation {
    condition     = var.artifacts.bucket_name == null || can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.artifacts.bucket_name))
    error_message = "Write `artifacts.bucket_name` as 3 to 63 lower-case letters, digits or hyphens (a dot breaks TLS to the bucket's host name)."
  }

  validation {
    condition     = var.artifacts.noncurrent_days >= 1 && floor(var.artifacts.noncurrent_days) == var.artifacts.noncurrent_days
    error_message = "Write `artifacts.noncurrent_days` as a whole number of days, 1 or more."
  }

  validation {
    condition     = var.artifacts.multipart_days >= 1 && floor(var.artifacts.multipart_days) == var.artifacts.multipart_days
    error_message = "Write `artifacts.multipart_days` as a whole number of days, 1 or more."
  }
}

variable "database" {
  description = <<-EOT
    The PostgreSQL database of the tracking server. Null means by environment: `multi_az` only in production, `backup_days` 1 in dev and 7 elsewhere,
    `monitoring_seconds` (enhanced monitoring) 60 in production and off elsewhere, `deletion_protection` as the variable of that name.
    `final_snapshot_name` must be new when the database is destroyed; null means "<identifier>-final". `log_days` is the retention of its logs.
  EOT
  type = object({
    enabled             = optional(bool, true)
    name                = optional(string, "mlflow")
    username            = optional(string, "longshore")
    major_version       = optional(number, 17)
    instance_class      = optional(string, "db.t4g.medium")
    storage_gb          = optional(number, 20)
    max_storage_gb      = optional(number, 100)
    multi_az            = optional(bool)
    backup_days         = optional(number)
    deletion_protection = optional(bool)
    final_snapshot      = optional(bool, true)
    final_snapshot_name = optional(string)
    monitoring_seconds  = optional(number)
    log_days            = optional(number, 30)
  })
  default = {}

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,62}$", var.database.name)) && !contains(["postgres", "template0", "template1", "rdsadmin"], var.database.name)
    error_message = "Write `database.name` as lower-case letters, digits or underscores, beginning with a letter, and not as one of PostgreSQL's own databases."
  }

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,62}$", var.database.username)) && !contains(["admin", "postgres", "rdsadmin"], var.database.username)
    error_message = "Write `database.username` as lower-case letters, digits or underscores, beginning with a letter, and not as \"admin\", \"postgres\" or \"rdsadmin\"."
  }

  validation {
    condition     = contains([15, 16, 17], var.database.major_version)
    error_message = "Write `database.major_version` as 15, 16 or 17."
  }

  validation {
    condition     = can(regex("^db\\.[a-z0-9]+\\.[a-z0-9]+$", var.database.instance_class))
    error_message = "Write `database.instance_class` as a class of RDS, such as \"db.t4g.medium\"."
  }

  validation {
    condition     = !can(regex("\\.(micro|small)$", var.database.instance_class)) || !coalesce(var.database.multi_az, var.environment == "production")
    error_message = "Write `database.instance_class` as \"db.t4g.medium\" or larger for a Multi-AZ database: micro and small classes run out of memory under a tracking server."
  }

  validation {
    condition     = var.database.storage_gb >= 20 && var.database.storage_gb <= 65536 && floor(var.database.storage_gb) == var.database.storage_gb
    error_message = "Write `database.storage_gb` as a whole number from 20 to 65536 (gp3 begins at 20 GB)."
  }

  validation {
    condition     = var.database.max_storage_gb >= ceil(var.database.storage_gb * 1.1)
    error_message = "Write `database.max_storage_gb` at least a tenth above `database.storage_gb`: RDS grows the disk no less."
  }

  validation {
    condition     = var.database.backup_days == null || try(var.database.backup_days >= 1 && var.database.backup_days <= 35 && floor(var.database.backup_days) == var.database.backup_days, false)
    error_message = "Write `database.backup_days` as a whole number from 1 to 35; 0 would turn restoring to a point in time off."
  }

  validation {
    condition     = var.environment != "production" || try(var.database.backup_days >= 7, true)
    error_message = "Write `database.backup_days` as 7 or more in production."
  }

  validation {
    condition     = var.database.monitoring_seconds == null || try(contains([0, 1, 5, 10, 15, 30, 60], var.database.monitoring_seconds), false)
    error_message = "Write `database.monitoring_seconds` as 0, 1, 5, 10, 15, 30 or 60."
  }

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365], var.database.log_days)
    error_message = "Write `database.log_days` as a retention CloudWatch knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180 or 365."
  }
}

variable "repositories" {
  description = "Names of the ECR repositories; each becomes \"<repository_prefix>/<name>\"."
  type        = set(string)
  default     = ["longshore"]

  validation {
    condition     = alltrue([for name in var.repositories : can(regex("^[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*$", name))])
    error_message = "Write the names in `repositories` in lower case, with single dots, hyphens, underscores or slashes inside, such as \"longshore\"."
  }
}

variable "repository_prefix" {
  description = "What the repositories' names begin with; null means \"<stack>-<environment>\". One registry for several environments has one prefix and is made by one of them."
  type        = string
  default     = null

  validation {
    condition     = var.repository_prefix == null || can(regex("^[a-z0-9]+([._/-][a-z0-9]+)*$", var.repository_prefix))
    error_message = "Write `repository_prefix` in lower case without a slash at its end, such as \"longshore\"."
  }
}

variable "repository_untagged_days" {
  description = "After how many days an image without a tag goes."
  type        = number
  default     = 14

  validation {
    condition     = var.repository_untagged_days >= 1 && floor(var.repository_untagged_days) == var.repository_untagged_days
    error_message = "Write `repository_untagged_days` as a whole number of days, 1 or more."
  }
}

variable "repository_reader_account_ids" {
  description = "Other AWS accounts that may pull from the repositories (the accounts of later environments)."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.repository_reader_account_ids : can(regex("^[0-9]{12}$", id))])
    error_message = "Write `repository_reader_account_ids` as account numbers of 12 digits."
  }
}

variable "backup" {
  description = <<-EOT
    AWS Backup of everything tagged `longshore:backup = daily` with this stack and environment (the database, and volumes whose storage class sets the tag).
    Null means by environment: `enabled` except in dev, `keep_days` 7 in dev, 30 in staging, 90 in production, `lock` (nobody may delete a recovery point early) only in production.
  EOT
  type = object({
    enabled   = optional(bool)
    schedule  = optional(string, "cron(0 2 * * ? *)")
    keep_days = optional(number)
    lock      = optional(bool)
  })
  default = {}

  validation {
    condition     = can(regex("^cron\\(\\S+ \\S+ \\S+ \\S+ \\S+ \\S+\\)$", var.backup.schedule))
    error_message = "Write `backup.schedule` as a cron expression of six fields in UTC, such as \"cron(0 2 * * ? *)\" for 02:00 every day."
  }

  validation {
    condition     = var.backup.keep_days == null || try(var.backup.keep_days >= 1 && var.backup.keep_days <= 36500 && floor(var.backup.keep_days) == var.backup.keep_days, false)
    error_message = "Write `backup.keep_days` as a whole number of days from 1 to 36500."
  }
}

variable "secrets" {
  description = "Secrets to make without a value, by name, with what each is for; each becomes \"<stack>/<environment>/<name>\". Its value is put in by hand and is never in the state."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.secrets) : can(regex("^[A-Za-z0-9_+=.@-]+(/[A-Za-z0-9_+=.@-]+)*$", name)) && !can(regex("-[A-Za-z0-9]{6}$", name))])
    error_message = "Name the entries of `secrets` with letters, digits and _+=.@-/ and not with a hyphen and six characters at the end, which Secrets Manager confuses with its own suffix."
  }
}
