variable "stack" {
  description = "Name of the whole installation; the first part of every resource's name."
  type        = string
  default     = "longshore"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,17}[a-z0-9]$", var.stack))
    error_message = "Write stack as 3 to 19 lower-case letters, digits and hyphens that begin with a letter, for example \"longshore\"."
  }
}

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

variable "cluster_name" {
  description = "Name of the EKS cluster that will live here; the value of the tag by which Karpenter finds the private subnets."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$", var.cluster_name))
    error_message = "Write cluster_name as 1 to 100 letters, digits, hyphens and underscores that begin with a letter or digit, for example \"longshore-dev\"."
  }
}

variable "cidr" {
  description = "IPv4 range of the VPC, /16 to /18. Every kind of subnet gets its part of it by the number of its zone, so a zone can come or go without moving the others."
  type        = string
  default     = "10.0.0.0/16"

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && can(regex("/(16|17|18)$", var.cidr)) && try(cidrsubnet(var.cidr, 0, 0) == var.cidr, false)
    error_message = "Write cidr as the first address of a range between /16 and /18, for example \"10.0.0.0/16\"; less leaves too few addresses for pods."
  }

  validation {
    condition     = can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.|100\\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\\.)", var.cidr))
    error_message = "Write cidr inside a private range: 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10."
  }
}

variable "zone_count" {
  description = "How many availability zones to use when `zones` is empty: the first of the region's zones, by zone id, that offer every type of `instance_types`."
  type        = number
  default     = 3

  validation {
    condition     = contains([2, 3, 4, 5, 6], var.zone_count)
    error_message = "Write zone_count as a whole number from 2 to 6; EKS needs two zones."
  }
}

variable "zones" {
  description = "The availability zones to use, by id (`euw1-az1`, the same in every account) or by name (`eu-west-1a`, which differs between accounts). Empty: `zone_count` of them are chosen."
  type        = set(string)
  default     = []

  validation {
    condition     = length(var.zones) != 1 && length(var.zones) <= 6
    error_message = "Write two to six zones, or none to have them chosen; EKS needs two zones."
  }

  validation {
    condition     = alltrue([for zone in var.zones : can(regex("^[a-z]{2,3}(-[a-z]+)+-[0-9][a-z]$|^[a-z]{3,5}[0-9]-az[0-9]$", zone))])
    error_message = "Write each zone as an id such as \"euw1-az1\" or a name such as \"eu-west-1a\"."
  }
}

variable "instance_types" {
  description = "Instance types that must be offered in every zone that is used: those of the system nodes and of the node pools' first choices."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for type in var.instance_types : can(regex("^[a-z][a-z0-9-]*\\.[a-z0-9-]+$", type))])
    error_message = "Write each instance type as family, full stop and size, for example \"m7i.xlarge\"."
  }
}

variable "nat" {
  description = "How private subnets reach the internet: `single` (one NAT gateway), `per_az` (one a zone: no zone depends on another) or `none` (not at all; list `interface_endpoints`)."
  type        = string
  default     = "single"

  validation {
    condition     = contains(["single", "per_az", "none"], var.nat)
    error_message = "Write nat as \"single\", \"per_az\" or \"none\"."
  }
}

variable "single_nat_zone" {
  description = "Zone (name or id) of the one NAT gateway when `nat` is `single`; null: the first of the zones used."
  type        = string
  default     = null

  validation {
    condition     = var.single_nat_zone == null || var.nat == "single"
    error_message = "Leave single_nat_zone out unless nat is \"single\"."
  }
}

variable "interface_endpoints" {
  description = "AWS services reached inside the VPC instead of over NAT, by the last part of their endpoint's name. Without NAT, nodes need at least ec2, ecr.api, ecr.dkr, eks, eks-auth, sts and logs; the platform also wants elasticloadbalancing, secretsmanager, sqs, ssm and kms, and every image has to be in ECR."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for service in var.interface_endpoints : can(regex("^[a-z0-9][a-z0-9.-]*$", service)) && !startswith(service, "com.") && service != "s3"])
    error_message = "Write each interface endpoint as the service's short name, for example \"ecr.api\"; S3 has a gateway endpoint already."
  }

  validation {
    condition     = var.nat != "none" || length(setsubtract(["ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "logs", "sts"], var.interface_endpoints)) == 0
    error_message = "Write at least \"ec2\", \"ecr.api\", \"ecr.dkr\", \"eks\", \"eks-auth\", \"logs\" and \"sts\" in interface_endpoints when nat is \"none\"; nodes cannot join without them."
  }
}

variable "flow_logs" {
  description = "Whether the VPC's traffic is recorded in a log group, for how many days, and which traffic: ALL, ACCEPT or REJECT."
  type = object({
    enabled        = optional(bool, true)
    retention_days = optional(number, 30)
    traffic        = optional(string, "ALL")
    kms_key_arn    = optional(string)
  })
  default = {}

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.flow_logs.retention_days)
    error_message = "Write flow_logs.retention_days as a number of days that CloudWatch knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545 or 731."
  }

  validation {
    condition     = contains(["ALL", "ACCEPT", "REJECT"], var.flow_logs.traffic)
    error_message = "Write flow_logs.traffic as \"ALL\", \"ACCEPT\" or \"REJECT\"."
  }
}
