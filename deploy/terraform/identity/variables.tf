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
  description = "Environment the roles belong to: dev, staging or production."
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
  description = "Name of the EKS cluster whose service accounts get roles. Roles are named after it."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z][a-zA-Z0-9-]{0,31}$", var.cluster_name))
    error_message = "Write `cluster_name` as at most 32 letters, digits or hyphens, beginning with a letter, such as \"longshore-dev\" (role names are made from it and hold 64 characters)."
  }
}

variable "mode" {
  description = "How a pod gets its role: \"pod_identity\" (EKS Pod Identity) or \"irsa\" (web identity through the cluster's OIDC provider)."
  type        = string
  default     = "pod_identity"

  validation {
    condition     = contains(["pod_identity", "irsa"], var.mode)
    error_message = "Write `mode` as \"pod_identity\" or \"irsa\"."
  }

  validation {
    condition     = var.mode != "irsa" || (var.oidc_provider_arn != null && var.oidc_issuer != null)
    error_message = "Give `oidc_provider_arn` and `oidc_issuer` with `mode` \"irsa\" (outputs of the cluster module with its OIDC provider on), or write `mode` as \"pod_identity\"."
  }
}

variable "oidc_provider_arn" {
  description = "ARN of the cluster's IAM OIDC provider; only for mode irsa."
  type        = string
  default     = null

  validation {
    condition     = var.oidc_provider_arn == null || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:oidc-provider/.+$", var.oidc_provider_arn))
    error_message = "Write `oidc_provider_arn` as the ARN of an IAM OIDC provider, such as \"arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC\"."
  }
}

variable "oidc_issuer" {
  description = "Issuer URL of the cluster's service account tokens, with https://; only for mode irsa."
  type        = string
  default     = null

  validation {
    condition     = var.oidc_issuer == null || can(regex("^https://[^/]+(/.*)?[^/]$", var.oidc_issuer))
    error_message = "Write `oidc_issuer` as the issuer's https:// address without a slash at its end."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of an IAM policy set as permissions boundary on every role, or null for none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:policy/.+$", var.permissions_boundary_arn))
    error_message = "Write `permissions_boundary_arn` as the ARN of an IAM policy, or null."
  }
}

variable "workloads" {
  description = <<-EOT
    Service accounts that get a role, by role name.
    `kind` says what it may do in the buckets of `access`: "model_reader" reads and lists, "model_writer" also writes, "tracking" also deletes (an MLflow server and its garbage collection).
    `access` maps a bucket's name of your choice to its ARN and to the prefixes allowed in it; a prefix ends with "/", and "" is the whole bucket.
    With Pod Identity a prefix may hold `&{aws:PrincipalTag/kubernetes-namespace}` and the other session tags.
    `kms_key_arns` are the keys the buckets are encrypted with.
  EOT
  type = map(object({
    namespace       = string
    service_account = string
    kind            = string
    access = optional(map(object({
      bucket_arn = string
      prefixes   = optional(set(string), [""])
    })), {})
    kms_key_arns = optional(list(string), [])
  }))
  default = {}

  validation {
    condition     = alltrue([for name in keys(var.workloads) : can(regex("^[a-z][a-z0-9-]{0,29}$", name))])
    error_message = "Name each entry of `workloads` with at most 30 lower-case letters, digits or hyphens, beginning with a letter, such as \"model-reader\"."
  }

  validation {
    condition     = length(setintersection(keys(var.workloads), ["karpenter", "karpenter-node", "load-balancer", "external-secrets", "ebs-csi", "logs", "container-insights", "prometheus", "alertmanager"])) == 0
    error_message = "Rename the entry of `workloads` that is called like one of the platform's controllers (karpenter, karpenter-node, load-balancer, external-secrets, ebs-csi, logs, container-insights, prometheus, alertmanager)."
  }

  validation {
    condition     = alltrue([for workload in values(var.workloads) : contains(["model_reader", "model_writer", "tracking"], workload.kind)])
    error_message = "Write `kind` of each workload as \"model_reader\", \"model_writer\" or \"tracking\"."
  }

  validation {
    condition = alltrue([for workload in values(var.workloads) :
      can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", workload.namespace)) && can(regex("^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$", workload.service_account))
    ])
    error_message = "Write `namespace` and `service_account` of each workload as exact Kubernetes names; patterns such as \"*\" are not accepted."
  }

  validation {
    condition     = alltrue([for workload in values(var.workloads) : length(workload.access) > 0])
    error_message = "Give each workload at least one entry in `access`: a role without a bucket is of no use."
  }

  validation {
    condition     = alltrue(flatten([for workload in values(var.workloads) : [for bucket in values(workload.access) : can(regex("^arn:[a-z-]+:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", bucket.bucket_arn))]]))
    error_message = "Write `bucket_arn` in `access` as the ARN of one bucket without a path, such as \"arn:aws:s3:::models\"; the path goes into `prefixes`."
  }

  validation {
    condition = alltrue(flatten([for workload in values(var.workloads) : [for bucket in values(workload.access) :
      length(bucket.prefixes) > 0 && alltrue([for prefix in bucket.prefixes : prefix == "" || can(regex("^[^/*?][^*?]*/$", prefix))])
    ]]))
    error_message = "Write each of `prefixes` without a slash at its beginning, with one at its end and without \"*\" or \"?\", such as \"models/\"; \"\" stands for the whole bucket."
  }

  validation {
    condition     = var.mode == "pod_identity" || !strcontains(jsonencode([for workload in values(var.workloads) : [for bucket in values(workload.access) : bucket.prefixes]]), "PrincipalTag")
    error_message = "Write `prefixes` without aws:PrincipalTag with `mode` \"irsa\": only Pod Identity sets session tags."
  }

  validation {
    condition     = alltrue(flatten([for workload in values(var.workloads) : [for arn in workload.kms_key_arns : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", arn))]]))
    error_message = "Write `kms_key_arns` of each workload as ARNs of keys (not aliases), such as \"arn:aws:kms:eu-west-1:111122223333:key/…\"."
  }
}

variable "controllers" {
  description = <<-EOT
    Platform controllers that get a role: Karpenter (with its node role and interruption queue), AWS Load Balancer Controller (with `waf` it may also bind web ACLs), external-secrets,
    the EBS CSI driver, Fluent Bit (`logs`), the CloudWatch agent (`container_insights`), Prometheus' remote write (`prometheus`) and Alertmanager's notices (`alertmanager`).
  EOT
  type = object({
    karpenter          = optional(bool, true)
    load_balancer      = optional(bool, true)
    waf                = optional(bool, false)
    external_secrets   = optional(bool, true)
    ebs_csi            = optional(bool, true)
    logs               = optional(bool, true)
    container_insights = optional(bool, false)
    prometheus         = optional(bool, false)
    alertmanager       = optional(bool, false)
  })
  default = {}

  validation {
    condition     = !var.controllers.waf || var.controllers.load_balancer
    error_message = "Set `controllers.load_balancer` to true with `controllers.waf`, or leave `waf` out."
  }

  validation {
    condition     = !var.controllers.prometheus || length(var.prometheus_workspace_arns) > 0
    error_message = "Give `prometheus_workspace_arns` with `controllers.prometheus`, or leave `prometheus` out."
  }

  validation {
    condition     = !var.controllers.alertmanager || var.alert_topic != null
    error_message = "Give `alert_topic` with `controllers.alertmanager`, or leave `alertmanager` out."
  }
}

variable "service_accounts" {
  description = "Namespace and name of the controllers' service accounts, where they differ from the defaults of their charts."
  type = map(object({
    namespace = string
    name      = string
  }))
  default = {}

  validation {
    condition     = length(setsubtract(keys(var.service_accounts), ["karpenter", "load-balancer", "external-secrets", "ebs-csi", "logs", "container-insights", "prometheus", "alertmanager"])) == 0
    error_message = "Use only karpenter, load-balancer, external-secrets, ebs-csi, logs, container-insights, prometheus and alertmanager as keys of `service_accounts`."
  }

  validation {
    condition = alltrue([for account in values(var.service_accounts) :
      can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", account.namespace)) && can(regex("^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$", account.name))
    ])
    error_message = "Write `namespace` and `name` of each of `service_accounts` as exact Kubernetes names; patterns such as \"*\" are not accepted."
  }
}

variable "karpenter_instance_profile" {
  description = "Who makes the nodes' instance profile: \"controller\" (EC2NodeClass names the role) or \"terraform\" (EC2NodeClass names the profile; Karpenter then may not touch instance profiles)."
  type        = string
  default     = "controller"

  validation {
    condition     = contains(["controller", "terraform"], var.karpenter_instance_profile)
    error_message = "Write `karpenter_instance_profile` as \"controller\" or \"terraform\"."
  }
}

variable "node_access_entry" {
  description = "Whether to let Karpenter's nodes join by an access entry of the cluster."
  type        = bool
  default     = true
}

variable "node_ssm" {
  description = "Whether people may open Session Manager shells on Karpenter's nodes."
  type        = bool
  default     = false
}

variable "secrets" {
  description = "What external-secrets may read: secrets whose name begins with `prefix` (null: \"<stack>/<environment>/\"), single secrets by ARN (a database's managed password), and the keys they are encrypted with."
  type = object({
    prefix       = optional(string)
    secret_arns  = optional(list(string), [])
    kms_key_arns = optional(list(string), [])
  })
  default = {}

  validation {
    condition     = var.secrets.prefix == null || can(regex("^[A-Za-z0-9_+=.@-][A-Za-z0-9/_+=.@-]*/$", var.secrets.prefix))
    error_message = "Write `secrets.prefix` with a slash at its end and without \"*\", such as \"longshore/dev/\"."
  }

  validation {
    condition     = alltrue([for arn in var.secrets.secret_arns : can(regex("^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[^*]+$", arn))])
    error_message = "Write `secrets.secret_arns` as whole ARNs of secrets without \"*\"."
  }

  validation {
    condition     = alltrue([for arn in var.secrets.kms_key_arns : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", arn))])
    error_message = "Write `secrets.kms_key_arns` as ARNs of keys (not aliases)."
  }
}

variable "ebs_kms_key_arns" {
  description = "Keys the EBS CSI driver may encrypt volumes with; none means the account's default key for EBS."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.ebs_kms_key_arns : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", arn))])
    error_message = "Write `ebs_kms_key_arns` as ARNs of keys (not aliases)."
  }
}

variable "log_group_arns" {
  description = "Log groups Fluent Bit and the CloudWatch agent may write into; none means those under /aws/containerinsights/<cluster>/."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.log_group_arns : can(regex("^arn:[a-z-]+:logs:[a-z0-9-]+:[0-9]{12}:log-group:[^*:]+$", arn))])
    error_message = "Write `log_group_arns` as ARNs of log groups without \":*\" at the end."
  }
}

variable "prometheus_workspace_arns" {
  description = "Workspaces of Amazon Managed Service for Prometheus that Prometheus may write to and query."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.prometheus_workspace_arns : can(regex("^arn:[a-z-]+:aps:[a-z0-9-]+:[0-9]{12}:workspace/[^*]+$", arn))])
    error_message = "Write `prometheus_workspace_arns` as ARNs of workspaces, such as \"arn:aws:aps:eu-west-1:111122223333:workspace/ws-…\"."
  }
}

variable "alert_topic" {
  description = "SNS topic that Alertmanager publishes to, and the key that encrypts it."
  type = object({
    arn         = string
    kms_key_arn = string
  })
  default = null

  validation {
    condition     = var.alert_topic == null || (can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[^*]+$", var.alert_topic.arn)) && can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.alert_topic.kms_key_arn)))
    error_message = "Write `alert_topic` as the ARNs of one SNS topic and of one key (not an alias)."
  }
}
