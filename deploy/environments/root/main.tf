# One environment: the same wiring in dev, staging and production; terraform.tfvars is what differs.

provider "aws" {
  region              = local.region
  allowed_account_ids = [local.account_id]

  default_tags {
    tags = {
      "longshore:stack"  = var.stack
      "longshore:env"    = var.environment
      "longshore:layer"  = "environment"
      "longshore:commit" = var.commit
    }
  }
}

data "aws_partition" "this" {}

locals {
  # Account and region stand in one file, which Argo CD reads too.
  account    = yamldecode(file("${path.root}/account.yaml"))
  account_id = coalesce(var.account_id, local.account.accountId)
  region     = coalesce(var.region, local.account.region)

  name          = "${var.stack}-${var.environment}"
  irsa          = var.identity_mode == "irsa"
  node_types    = concat(var.cluster.system_nodes.instance_types, flatten([for group in coalesce(var.cluster.node_groups, {}) : group.instance_types]))
  ebs_csi       = contains(coalesce(var.cluster.addons, ["aws-ebs-csi-driver"]), "aws-ebs-csi-driver") && var.cluster.compute != "auto"
  role_arn      = "arn:${data.aws_partition.this.partition}:iam::${local.account_id}:role"
  prometheus_on = var.observability.prometheus_workspace

  # Every model reads its own prefixes of the artifacts bucket, nothing else.
  workloads = {
    for name, workload in var.workloads : name => {
      namespace       = workload.namespace
      service_account = coalesce(workload.service_account, name)
      kind            = workload.kind
      access          = { artifacts = { bucket_arn = module.data.artifacts_bucket.arn, prefixes = workload.prefixes } }
      kms_key_arns    = [module.data.kms_key_arns["artifacts"]]
    }
  }
}

module "network" {
  source = "../../terraform/network"

  stack               = var.stack
  environment         = var.environment
  cluster_name        = local.name
  cidr                = var.network.cidr
  zones               = var.network.zones
  zone_count          = var.network.zone_count
  instance_types      = local.node_types
  nat                 = var.network.nat
  single_nat_zone     = var.network.single_nat_zone
  interface_endpoints = var.network.interface_endpoints
  flow_logs           = merge(var.network.flow_logs, { kms_key_arn = module.cluster.logs_kms_key_arn })
  tags                = { "longshore:layer" = "network" }
}

module "cluster" {
  source = "../../terraform/cluster"

  name                     = local.name
  environment              = var.environment
  kubernetes_version       = var.cluster.kubernetes_version
  support_type             = var.cluster.support_type
  vpc_id                   = module.network.vpc_id
  control_plane_subnet_ids = module.network.control_plane_subnet_ids
  private_subnet_ids       = module.network.private_subnet_ids
  endpoint                 = var.cluster.endpoint
  log_types                = var.cluster.log_types
  log_retention_days       = var.cluster.log_retention_days
  compute                  = var.cluster.compute
  system_nodes             = var.cluster.system_nodes
  node_groups              = var.cluster.node_groups
  addons                   = var.cluster.addons
  addon_versions           = var.cluster.addon_versions
  addon_roles              = local.ebs_csi ? { aws-ebs-csi-driver = module.identity.role_arns["ebs-csi"] } : {}
  irsa                     = local.irsa
  deletion_protection      = var.deletion_protection
  tags                     = { "longshore:layer" = "cluster" }

  access_entries = merge(
    { for role in var.administrators : "administrator-${role}" => { principal_arn = "${local.role_arn}/${role}", access = "cluster_admin" } },
    { for name, entry in var.access : name => { principal_arn = "${local.role_arn}/${entry.role}", access = entry.access, namespaces = entry.namespaces } },
  )
}

module "data" {
  source = "../../terraform/data"

  stack                         = var.stack
  environment                   = var.environment
  vpc_id                        = module.network.vpc_id
  database_subnet_ids           = module.network.database_subnet_ids
  workload_security_group_ids   = { nodes = module.cluster.node_security_group_id }
  deletion_protection           = var.deletion_protection
  artifacts                     = var.artifacts
  database                      = var.database
  repositories                  = var.repositories
  repository_reader_account_ids = var.repository_reader_account_ids
  backup                        = var.backup
  secrets                       = var.secrets
  tags                          = { "longshore:layer" = "data" }
}

module "identity" {
  source = "../../terraform/identity"

  stack             = var.stack
  environment       = var.environment
  cluster_name      = module.cluster.cluster_name
  mode              = var.identity_mode
  oidc_provider_arn = module.cluster.oidc_provider_arn
  oidc_issuer       = local.irsa ? module.cluster.oidc_issuer : null
  workloads         = local.workloads
  ebs_kms_key_arns  = [module.cluster.ebs_kms_key_arn]
  log_group_arns    = values(module.observability.log_group_arns)
  tags              = { "longshore:layer" = "identity" }

  controllers = {
    karpenter          = var.cluster.compute == "karpenter"
    load_balancer      = var.cluster.compute != "auto"
    ebs_csi            = local.ebs_csi
    container_insights = var.observability.container_insights
    prometheus         = local.prometheus_on
    alertmanager       = true
  }

  secrets = {
    secret_arns  = var.database.enabled ? [module.data.database.secret_arn] : []
    kms_key_arns = [module.data.kms_key_arns["secrets"]]
  }

  prometheus_workspace_arns = local.prometheus_on ? [module.observability.amp.arn] : []
  alert_topic               = { arn = module.observability.sns_topic_arn, kms_key_arn = module.observability.kms_key_arn }
}

module "observability" {
  source = "../../terraform/observability"

  stack                   = var.stack
  environment             = var.environment
  cluster_name            = module.cluster.cluster_name
  log_retention_days      = var.observability.log_retention_days
  container_insights      = var.observability.container_insights
  prometheus_workspace    = local.prometheus_on
  alert_emails            = var.observability.alert_emails
  alert_endpoints         = var.observability.alert_endpoints
  budget                  = var.observability.budget
  database                = var.database.enabled ? { identifier = module.data.database.identifier, storage_gb = var.database.storage_gb } : null
  nat_gateway_ids         = module.network.nat_gateway_ids
  interruption_queue_name = var.cluster.compute == "karpenter" ? module.identity.karpenter.queue_name : null
  tags                    = { "longshore:layer" = "observability" }
}
