# What an environment may be told. The modules refuse wrong values with a sentence that says what to write; here are the
# shapes, and what no module sees.

variable "stack" {
  description = "Name of the whole installation; the first part of every resource's name."
  type        = string
  default     = "longshore"
}

variable "environment" {
  description = "Which of the three environments this is; the name of this folder."
  type        = string

  validation {
    condition     = var.environment == basename(abspath(path.root))
    error_message = "Write environment as \"${basename(abspath(path.root))}\", the name of this folder; another environment's figures belong in its own folder."
  }
}

variable "region" {
  description = "AWS region; null: what account.yaml in this folder says."
  type        = string
  default     = null

  validation {
    condition     = can(regex("^[a-z]{2,3}(-[a-z]+)+-[0-9]$", coalesce(var.region, local.account.region)))
    error_message = "Write region in account.yaml as an AWS region, for example \"eu-west-1\"; it is \"${coalesce(var.region, local.account.region)}\"."
  }
}

variable "account_id" {
  description = "The only AWS account this may be applied to; null: what account.yaml in this folder says."
  type        = string
  default     = null

  validation {
    condition     = can(regex("^[0-9]{12}$", coalesce(var.account_id, local.account.accountId)))
    error_message = "Write accountId in account.yaml as the 12 digits of the AWS account, in quotes, for example \"123456789012\"; it is \"${coalesce(var.account_id, local.account.accountId)}\"."
  }
}

variable "commit" {
  description = "Commit this is applied from; it becomes a tag. Give it as -var commit=$(git rev-parse HEAD)."
  type        = string
  default     = "unknown"

  validation {
    condition     = can(regex("^(unknown|[0-9a-f]{7,40})$", var.commit))
    error_message = "Write commit as 7 to 40 hexadecimal digits, for example the output of git rev-parse HEAD."
  }
}

variable "deletion_protection" {
  description = "Whether cluster, database and artifacts are locked against being destroyed."
  type        = bool
}

variable "network" {
  description = "Inputs of the module `network`."
  type = object({
    cidr                = optional(string, "10.0.0.0/16")
    zones               = optional(set(string), [])
    zone_count          = optional(number, 3)
    nat                 = string
    single_nat_zone     = optional(string)
    interface_endpoints = optional(set(string), [])
    flow_logs = optional(object({
      enabled        = optional(bool)
      retention_days = optional(number)
      traffic        = optional(string)
    }), {})
  })
}

variable "cluster" {
  description = "Inputs of the module `cluster`; what is left out has the module's default."
  type = object({
    kubernetes_version = optional(string, "1.35")
    support_type       = optional(string, "STANDARD")
    endpoint = optional(object({
      public              = optional(bool)
      public_access_cidrs = optional(set(string))
    }), {})
    log_types          = optional(set(string), ["api", "audit", "authenticator"])
    log_retention_days = optional(number, 30)
    compute            = optional(string, "karpenter")
    system_nodes = object({
      instance_types             = list(string)
      min                        = number
      max                        = number
      desired                    = optional(number)
      disk_gb                    = optional(number)
      max_unavailable_percentage = optional(number)
      max_pods                   = optional(number)
      dedicated                  = optional(bool)
    })
    node_groups = optional(map(object({
      instance_types = list(string)
      min            = optional(number)
      max            = number
      desired        = optional(number)
      capacity       = optional(string)
      disk_gb        = optional(number)
      labels         = optional(map(string))
      taints = optional(map(object({
        value  = optional(string)
        effect = optional(string)
      })))
    })), {})
    addons         = optional(set(string), ["aws-ebs-csi-driver", "coredns", "eks-pod-identity-agent", "kube-proxy", "metrics-server", "vpc-cni"])
    addon_versions = optional(map(string), {})
  })
}

variable "administrators" {
  description = "IAM roles of this account (by name, with their path) whose holders administer the cluster."
  type        = set(string)

  validation {
    condition     = alltrue([for role in var.administrators : can(regex("^[A-Za-z0-9_+=,.@/-]{1,128}$", role)) && !startswith(role, "arn:")])
    error_message = "Write administrators as names of IAM roles of this account, for example [\"longshore-administrator\"], not as ARNs."
  }
}

variable "access" {
  description = "Further people: a name of your choice → IAM role of this account, what it may do (admin, edit, view), and in which namespaces."
  type = map(object({
    role       = string
    access     = string
    namespaces = optional(set(string), [])
  }))
  default = {}
}

variable "identity_mode" {
  description = "How pods get their AWS roles: `pod_identity`, or `irsa` for what Pod Identity does not reach."
  type        = string
  default     = "pod_identity"
}

variable "workloads" {
  description = "What reads (model_reader), writes (model_writer) or tracks (tracking) models in the artifacts bucket: name → namespace, service account (null: the name), kind and prefixes."
  type = map(object({
    namespace       = optional(string, "longshore-serving")
    service_account = optional(string)
    kind            = optional(string, "model_reader")
    prefixes        = optional(set(string), ["models/"])
  }))
  default = {}
}

variable "artifacts" {
  description = "The bucket of models; what is left out has the default of the module `data`."
  type = object({
    bucket_name     = optional(string)
    noncurrent_days = optional(number)
    multipart_days  = optional(number)
  })
  default = {}
}

variable "database" {
  description = "The PostgreSQL database of a tracking server; what is left out has the default of the module `data`."
  type = object({
    enabled             = optional(bool, true)
    instance_class      = optional(string)
    major_version       = optional(number)
    storage_gb          = optional(number, 20)
    max_storage_gb      = optional(number)
    multi_az            = optional(bool)
    backup_days         = optional(number)
    deletion_protection = optional(bool)
    final_snapshot      = optional(bool)
    final_snapshot_name = optional(string)
    monitoring_seconds  = optional(number)
    log_days            = optional(number)
  })
}

variable "repositories" {
  description = "Image repositories to make. Where environments share an account, only one of them makes them."
  type        = set(string)
  default     = ["longshore"]
}

variable "repository_reader_account_ids" {
  description = "Other accounts that may pull from the repositories."
  type        = set(string)
  default     = []
}

variable "backup" {
  description = "AWS Backup; what is left out has the default of the module `data`."
  type = object({
    enabled   = optional(bool)
    schedule  = optional(string)
    keep_days = optional(number)
    lock      = optional(bool)
  })
}

variable "secrets" {
  description = "Empty secrets to make: name → what it is for. Values are put in by hand."
  type        = map(string)
  default     = {}
}

variable "observability" {
  description = "Inputs of the module `observability`."
  type = object({
    log_retention_days   = optional(number)
    container_insights   = bool
    prometheus_workspace = optional(bool, false)
    alert_emails         = optional(set(string), [])
    alert_endpoints      = optional(set(string), [])
    budget = optional(object({
      amount      = optional(number)
      currency    = optional(string)
      actual      = optional(set(number))
      forecast    = optional(set(number))
      tagged_only = optional(bool)
    }), {})
  })
}
