variable "environment" {
  description = "Which of the three environments this is: dev, staging or production."
  type        = string

  validation {
    condition     = contains(["dev", "staging", "production"], var.environment)
    error_message = "Write environment as \"dev\", \"staging\" or \"production\"."
  }
}

variable "tags" {
  description = "Tags for every resource of this module, beside the provider's default tags."
  type        = map(string)
  default     = {}
}

variable "name" {
  description = "Name of the EKS cluster and the first part of the names of what belongs to it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.name))
    error_message = "Write name as 3 to 40 lower-case letters, digits and hyphens that begin with a letter, for example \"longshore-dev\"."
  }
}

variable "kubernetes_version" {
  description = "Kubernetes version of the control plane, and of nodes made from now on. One minor version up at a time."
  type        = string
  default     = "1.35"

  validation {
    condition     = contains(keys(local.versions), var.kubernetes_version)
    error_message = "Write kubernetes_version as one of ${join(", ", keys(local.versions))}; older versions are out of standard support and newer ones are not tested here (table as of ${local.versions_as_of})."
  }
}

variable "support_type" {
  description = "What happens when the version leaves standard support: STANDARD lets AWS upgrade the control plane, EXTENDED keeps it for up to a year at six times the price."
  type        = string
  default     = "STANDARD"

  validation {
    condition     = contains(["STANDARD", "EXTENDED"], var.support_type)
    error_message = "Write support_type as \"STANDARD\" or \"EXTENDED\"."
  }
}

variable "today" {
  description = "Date (YYYY-MM-DD) that versions' ends are held against; null: the day of the plan."
  type        = string
  default     = null

  validation {
    condition     = var.today == null || can(formatdate("YYYY", "${var.today}T00:00:00Z"))
    error_message = "Write today as a date such as \"2026-11-20\", or leave it out."
  }
}

variable "vpc_id" {
  description = "Id of the VPC."
  type        = string
}

variable "control_plane_subnet_ids" {
  description = "Subnets for the control plane's interfaces: zone name → id. EKS needs two zones."
  type        = map(string)

  validation {
    condition     = length(var.control_plane_subnet_ids) >= 2
    error_message = "Write control_plane_subnet_ids for at least two zones; EKS refuses one."
  }
}

variable "private_subnet_ids" {
  description = "Subnets for nodes and pods: zone name → id."
  type        = map(string)

  validation {
    condition     = length(var.private_subnet_ids) >= 2
    error_message = "Write private_subnet_ids for at least two zones; with one, a zone's failure is the service's."
  }
}

variable "endpoint" {
  description = "Whether the API server answers on the internet as well as inside the VPC (where it always does), and to which IPv4 ranges."
  type = object({
    public              = optional(bool, false)
    public_access_cidrs = optional(set(string), [])
  })
  default = {}

  validation {
    condition     = !(var.endpoint.public && var.environment == "production")
    error_message = "Write endpoint.public as false in production; reach the API server from inside the VPC: VPN, SSM port forwarding, or leave it to Argo CD."
  }

  validation {
    condition     = !var.endpoint.public || length(var.endpoint.public_access_cidrs) > 0
    error_message = "Write the ranges that may reach the public endpoint in endpoint.public_access_cidrs, for example [\"203.0.113.0/24\"]."
  }

  validation {
    condition     = var.endpoint.public || length(var.endpoint.public_access_cidrs) == 0
    error_message = "Leave endpoint.public_access_cidrs empty unless endpoint.public is true."
  }

  validation {
    condition     = alltrue([for range in var.endpoint.public_access_cidrs : can(cidrnetmask(range)) && try(tonumber(split("/", range)[1]) >= 8, false)])
    error_message = "Write each of endpoint.public_access_cidrs as an IPv4 range of /8 or less, for example \"203.0.113.0/24\"; 0.0.0.0/0 would open the API server to everybody."
  }
}

variable "access_entries" {
  description = "Who may use the Kubernetes API: a name of your choice → IAM principal, what it may do (cluster_admin, admin, edit or view) and, for the last three, in which namespaces (none: in all)."
  type = map(object({
    principal_arn = string
    access        = string
    namespaces    = optional(set(string), [])
  }))
  default = {}

  validation {
    condition     = alltrue([for entry in var.access_entries : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+$", entry.principal_arn))])
    error_message = "Write each principal_arn as the ARN of an IAM role or user, for example \"arn:aws:iam::123456789012:role/operator\"; the ARN of an assumed role is not one."
  }

  validation {
    condition     = alltrue([for entry in var.access_entries : contains(["cluster_admin", "admin", "edit", "view"], entry.access)])
    error_message = "Write access as \"cluster_admin\", \"admin\", \"edit\" or \"view\"."
  }

  validation {
    condition     = alltrue([for entry in var.access_entries : entry.access != "cluster_admin" || length(entry.namespaces) == 0])
    error_message = "Leave namespaces out for \"cluster_admin\", or write access as \"admin\": who administers the cluster is not held to namespaces."
  }
}

variable "secrets_kms_key_arn" {
  description = "KMS key that encrypts Kubernetes Secrets; null: a key is made."
  type        = string
  default     = null

  validation {
    condition     = var.secrets_kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.secrets_kms_key_arn))
    error_message = "Write secrets_kms_key_arn as the ARN of a KMS key (not of an alias), or leave it out."
  }
}

variable "log_types" {
  description = "Logs of the control plane that are kept."
  type        = set(string)
  default     = ["api", "audit", "authenticator"]

  validation {
    condition     = length(setsubtract(var.log_types, ["api", "audit", "authenticator", "controllerManager", "scheduler"])) == 0
    error_message = "Write log_types from \"api\", \"audit\", \"authenticator\", \"controllerManager\" and \"scheduler\"."
  }
}

variable "log_retention_days" {
  description = "How many days the control plane's logs are kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_days)
    error_message = "Write log_retention_days as a number of days that CloudWatch knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545 or 731."
  }
}

variable "compute" {
  description = "What runs the pods: `karpenter` (a small system group; Karpenter makes the rest), `managed` (the system group and `node_groups`) or `auto` (EKS Auto Mode, about 12 % on top of the instances' price)."
  type        = string
  default     = "karpenter"

  validation {
    condition     = contains(["karpenter", "managed", "auto"], var.compute)
    error_message = "Write compute as \"karpenter\", \"managed\" or \"auto\"."
  }
}

variable "system_nodes" {
  description = "The managed group that carries CoreDNS, Karpenter and the platform: sizes, instance types in order of preference, root disk, and whether it is `dedicated` (tainted `CriticalAddonsOnly`, so that nothing else lands there)."
  type = object({
    instance_types             = optional(list(string), ["m7i.large", "m6i.large", "m5.large"])
    min                        = optional(number, 2)
    max                        = optional(number, 4)
    desired                    = optional(number)
    disk_gb                    = optional(number, 50)
    max_unavailable_percentage = optional(number, 33)
    max_pods                   = optional(number, 110)
    dedicated                  = optional(bool, false)
  })
  default = {}

  validation {
    condition     = length(var.system_nodes.instance_types) > 0 && alltrue([for type in var.system_nodes.instance_types : can(regex("^[a-z][a-z0-9-]*\\.[a-z0-9-]+$", type))])
    error_message = "Write at least one of system_nodes.instance_types, each as family, full stop and size, for example \"m7i.large\"."
  }

  validation {
    condition     = length(distinct([for type in var.system_nodes.instance_types : can(regex("^[a-z]+[0-9]+g", type))])) == 1
    error_message = "Write system_nodes.instance_types of one architecture: all Graviton (such as \"m7g.large\") or none; one group has one image."
  }

  validation {
    condition     = var.system_nodes.min >= 2 && var.system_nodes.max >= var.system_nodes.min && try(var.system_nodes.desired >= var.system_nodes.min && var.system_nodes.desired <= var.system_nodes.max, true)
    error_message = "Write system_nodes with min at least 2 and min ≤ desired ≤ max; one node takes CoreDNS and Karpenter down with it."
  }

  validation {
    condition     = var.system_nodes.disk_gb >= 20 && var.system_nodes.disk_gb <= 16384
    error_message = "Write system_nodes.disk_gb as a number from 20 to 16384."
  }

  validation {
    condition     = var.system_nodes.max_unavailable_percentage >= 1 && var.system_nodes.max_unavailable_percentage <= 100 && var.system_nodes.max_pods >= 4 && var.system_nodes.max_pods <= 250
    error_message = "Write system_nodes.max_unavailable_percentage from 1 to 100 and system_nodes.max_pods from 4 to 250."
  }
}

variable "node_groups" {
  description = "Further managed groups when `compute` is `managed`: a name → instance types, sizes, ON_DEMAND or SPOT, labels and taints (key → value and effect)."
  type = map(object({
    instance_types = list(string)
    min            = optional(number, 0)
    max            = number
    desired        = optional(number)
    capacity       = optional(string, "ON_DEMAND")
    disk_gb        = optional(number, 50)
    labels         = optional(map(string), {})
    taints = optional(map(object({
      value  = optional(string)
      effect = optional(string, "NO_SCHEDULE")
    })), {})
  }))
  default = {}

  validation {
    condition     = var.compute == "managed" || length(var.node_groups) == 0
    error_message = "Leave node_groups empty unless compute is \"managed\"; with Karpenter, pools are manifests."
  }

  validation {
    condition     = alltrue([for group in var.node_groups : contains(["ON_DEMAND", "SPOT"], group.capacity) && group.min >= 0 && group.max >= 1 && group.max >= group.min && try(group.desired >= group.min && group.desired <= group.max, true)])
    error_message = "Write each of node_groups with capacity \"ON_DEMAND\" or \"SPOT\" and 0 ≤ min ≤ desired ≤ max."
  }

  validation {
    condition     = alltrue([for group in var.node_groups : length(group.instance_types) > 0 && length(distinct([for type in group.instance_types : can(regex("^[a-z]+[0-9]+g", type))])) == 1])
    error_message = "Write each of node_groups with instance types of one architecture: all Graviton or none."
  }

  validation {
    condition     = alltrue(flatten([for group in var.node_groups : [for taint in group.taints : contains(["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"], taint.effect)]]))
    error_message = "Write each taint's effect as \"NO_SCHEDULE\", \"NO_EXECUTE\" or \"PREFER_NO_SCHEDULE\"."
  }

  validation {
    condition     = alltrue([for name in keys(var.node_groups) : name != "system" && can(regex("^[a-z][a-z0-9-]{0,19}$", name))])
    error_message = "Write each name in node_groups as up to 20 lower-case letters, digits and hyphens; \"system\" is taken."
  }
}

variable "addons" {
  description = "EKS add-ons to install. Networking comes before the nodes, what needs nodes to run on after them; with `auto` only those Auto Mode does not bring are installed."
  type        = set(string)
  default     = ["aws-ebs-csi-driver", "coredns", "eks-pod-identity-agent", "kube-proxy", "metrics-server", "vpc-cni"]

  validation {
    condition     = length(setsubtract(var.addons, ["aws-ebs-csi-driver", "coredns", "eks-pod-identity-agent", "kube-proxy", "metrics-server", "vpc-cni"])) == 0
    error_message = "Write addons from \"aws-ebs-csi-driver\", \"coredns\", \"eks-pod-identity-agent\", \"kube-proxy\", \"metrics-server\" and \"vpc-cni\"; other software is an Argo CD application."
  }
}

variable "addon_versions" {
  description = "Versions of add-ons that are held: add-on → version. What is not named gets the default version of `kubernetes_version`."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.addon_versions), var.addons)) == 0 && alltrue([for version in values(var.addon_versions) : can(regex("^v[0-9]+\\.[0-9]+\\.[0-9]+-eksbuild\\.[0-9]+$", version))])
    error_message = "Write addon_versions only for what addons lists, each such as \"v1.20.4-eksbuild.2\"."
  }
}

variable "addon_roles" {
  description = "IAM roles of add-ons that call AWS: add-on → ARN. With `irsa` the add-on's service account is annotated with it; with Pod Identity the association is made elsewhere, and the add-on waits until the ARN is known."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.addon_roles), var.addons)) == 0
    error_message = "Write addon_roles only for what addons lists."
  }

  validation {
    condition     = var.compute != "auto" || length(var.addon_roles) == 0
    error_message = "Leave addon_roles empty when compute is \"auto\": Auto Mode brings its own storage driver."
  }
}

variable "irsa" {
  description = "Whether the cluster's OIDC issuer is made known to IAM, so that service accounts may take roles by web identity (IRSA), and add-ons get their roles that way instead of by Pod Identity."
  type        = bool
  default     = false
}

variable "deletion_protection" {
  description = "Whether a plan that would destroy or replace the cluster is refused. To destroy all the same, take the lock out of the state; the README says how."
  type        = bool
  default     = true

  validation {
    condition     = var.deletion_protection || var.environment != "production"
    error_message = "Write deletion_protection as true in production; to destroy it all the same, take the lock out of the state as the README says."
  }
}
