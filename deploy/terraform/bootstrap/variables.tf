variable "stack" {
  description = "Name of the whole installation; the first part of every resource's name."
  type        = string
  default     = "longshore"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,17}[a-z0-9]$", var.stack))
    error_message = "Write stack as 3 to 19 lower-case letters, digits and hyphens that begin with a letter, for example \"longshore\"."
  }
}

variable "region" {
  description = "AWS region of the state bucket."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2,3}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "Write region as an AWS region, for example \"eu-west-1\"."
  }
}

variable "account_id" {
  description = "The only AWS account this may be applied to."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "Write account_id as the 12 digits of the AWS account, in quotes, for example \"123456789012\"."
  }
}

variable "commit" {
  description = "Commit this is applied from; it becomes a tag."
  type        = string
  default     = "unknown"

  validation {
    condition     = can(regex("^(unknown|[0-9a-f]{7,40})$", var.commit))
    error_message = "Write commit as 7 to 40 hexadecimal digits, for example the output of git rev-parse HEAD."
  }
}

variable "noncurrent_days" {
  description = "How many days an overwritten version of a state is kept."
  type        = number
  default     = 90

  validation {
    condition     = var.noncurrent_days >= 30 && var.noncurrent_days == floor(var.noncurrent_days)
    error_message = "Write noncurrent_days as a whole number from 30 up; an old state is the way back from a bad apply."
  }
}

variable "ci" {
  description = "Lets a pipeline plan and apply without stored keys, through its OIDC issuer: who may plan, who may apply (exact subjects, or with a * that is not their beginning), and the policies of the applying role. Null: no roles are made."
  type = object({
    issuer            = optional(string, "https://token.actions.githubusercontent.com")
    audience          = optional(string, "sts.amazonaws.com")
    plan_subjects     = set(string)
    apply_subjects    = optional(set(string), [])
    apply_policy_arns = optional(set(string), [])
    session_hours     = optional(number, 1)
    existing_oidc_arn = optional(string)
  })
  default = null

  validation {
    condition     = try(startswith(var.ci.issuer, "https://") && !endswith(var.ci.issuer, "/"), true)
    error_message = "Write ci.issuer as an https address without a slash at its end, for example \"https://token.actions.githubusercontent.com\"."
  }

  validation {
    condition     = try(length(var.ci.plan_subjects) > 0 && alltrue([for subject in setunion(var.ci.plan_subjects, var.ci.apply_subjects) : can(regex("^[^*?]{8,}", subject))]), true)
    error_message = "Write ci.plan_subjects and ci.apply_subjects with at least eight characters before any wildcard, for example \"repo:example/longshore:environment:production\"; \"*\" would let everybody in."
  }

  validation {
    condition     = try(length(var.ci.apply_subjects) == 0 || length(var.ci.apply_policy_arns) > 0, true)
    error_message = "Write ci.apply_policy_arns, the policies of the applying role, when ci.apply_subjects are given."
  }

  validation {
    condition     = try(var.ci.session_hours >= 1 && var.ci.session_hours <= 12, true)
    error_message = "Write ci.session_hours as a number from 1 to 12."
  }
}
