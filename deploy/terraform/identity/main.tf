# One role for each service account that calls AWS: bound by EKS Pod Identity, or by IRSA where `mode` says so.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id
  dns_suffix = data.aws_partition.current.dns_suffix

  cluster_arn = "arn:${local.partition}:eks:${local.region}:${local.account}:cluster/${var.cluster_name}"

  controllers = {
    karpenter = {
      on              = var.controllers.karpenter
      service_account = { namespace = "kube-system", name = "karpenter" }
      managed         = []
      policies = {
        compute      = data.aws_iam_policy_document.karpenter_compute.json
        discovery    = data.aws_iam_policy_document.karpenter_discovery.json
        node-role    = data.aws_iam_policy_document.karpenter_node_role.json
        interruption = data.aws_iam_policy_document.karpenter_interruption.json
      }
    }
    load-balancer = {
      on              = var.controllers.load_balancer
      service_account = { namespace = "kube-system", name = "aws-load-balancer-controller" }
      managed         = []
      policies = merge(
        {
          discovery       = data.aws_iam_policy_document.load_balancer_discovery.json
          security-groups = data.aws_iam_policy_document.load_balancer_security_groups.json
          load-balancers  = data.aws_iam_policy_document.load_balancer_load_balancers.json
        },
        var.controllers.waf ? { waf = data.aws_iam_policy_document.load_balancer_waf.json } : {},
      )
    }
    external-secrets = {
      on              = var.controllers.external_secrets
      service_account = { namespace = "external-secrets", name = "external-secrets" }
      managed         = []
      policies        = { read = data.aws_iam_policy_document.external_secrets.json }
    }
    ebs-csi = {
      on              = var.controllers.ebs_csi
      service_account = { namespace = "kube-system", name = "ebs-csi-controller-sa" }
      managed         = ["service-role/AmazonEBSCSIDriverPolicy"]
      policies        = length(var.ebs_kms_key_arns) == 0 ? {} : { keys = data.aws_iam_policy_document.ebs_csi.json }
    }
    logs = {
      on              = var.controllers.logs
      service_account = { namespace = "monitoring", name = "fluent-bit" }
      managed         = []
      policies        = { write = data.aws_iam_policy_document.logs.json }
    }
    container-insights = {
      on              = var.controllers.container_insights
      service_account = { namespace = "amazon-cloudwatch", name = "cloudwatch-agent" }
      managed         = []
      policies = {
        logs    = data.aws_iam_policy_document.logs.json
        metrics = data.aws_iam_policy_document.container_insights.json
      }
    }
    alertmanager = {
      on              = var.controllers.alertmanager
      service_account = { namespace = "monitoring", name = "alertmanager" }
      managed         = []
      policies        = { publish = data.aws_iam_policy_document.alertmanager.json }
    }
    prometheus = {
      on              = var.controllers.prometheus
      service_account = { namespace = "monitoring", name = "prometheus" }
      managed         = []
      policies        = { write = data.aws_iam_policy_document.prometheus.json }
    }
  }

  identities = merge(
    {
      for name, controller in local.controllers : name => {
        namespace       = try(var.service_accounts[name].namespace, controller.service_account.namespace)
        service_account = try(var.service_accounts[name].name, controller.service_account.name)
        managed         = controller.managed
        policies        = controller.policies
      } if controller.on
    },
    {
      for name, workload in var.workloads : name => {
        namespace       = workload.namespace
        service_account = workload.service_account
        managed         = []
        policies        = { models = data.aws_iam_policy_document.workload[name].json }
      }
    },
  )

  policies = merge([
    for name, identity in local.identities : { for policy, document in identity.policies : "${name}/${policy}" => { role = name, name = policy, document = document } }
  ]...)

  managed_policies = merge([
    for name, identity in local.identities : { for policy in identity.managed : "${name}/${basename(policy)}" => { role = name, policy = policy } }
  ]...)
}

resource "aws_iam_role" "this" {
  for_each = local.identities

  name                 = "${var.cluster_name}-${each.key}"
  description          = "Service account ${each.value.namespace}/${each.value.service_account} of cluster ${var.cluster_name}"
  assume_role_policy   = data.aws_iam_policy_document.trust[each.key].json
  max_session_duration = 3600
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "this" {
  for_each = local.policies

  name   = each.value.name
  role   = aws_iam_role.this[each.value.role].name
  policy = each.value.document
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = local.managed_policies

  role       = aws_iam_role.this[each.value.role].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/${each.value.policy}"
}

resource "aws_eks_pod_identity_association" "this" {
  for_each = var.mode == "pod_identity" ? local.identities : {}

  cluster_name    = var.cluster_name
  namespace       = each.value.namespace
  service_account = each.value.service_account
  role_arn        = aws_iam_role.this[each.key].arn
  tags            = var.tags
}
