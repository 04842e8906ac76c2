# Add-ons in the order that works: what gives nodes a network before them, what runs on nodes after them. CoreDNS without
# a node waits twenty minutes and then fails the apply.

locals {
  # Auto Mode has these built in.
  auto_addons = ["aws-ebs-csi-driver", "coredns", "eks-pod-identity-agent", "kube-proxy", "vpc-cni"]
  addons      = local.auto ? setsubtract(var.addons, local.auto_addons) : var.addons

  before_nodes = setintersection(local.addons, ["kube-proxy", "vpc-cni"])
  after_nodes  = setsubtract(local.addons, local.before_nodes)

  addon_configuration = {
    # EKS enforces network policies only when the CNI's agent is switched on.
    vpc-cni = jsonencode({
      enableNetworkPolicy = "true"
      env                 = { ENABLE_PREFIX_DELEGATION = "true", WARM_PREFIX_TARGET = "1" }
    })
    # Dedicated system nodes carry the taint that most platform software tolerates; this one has to be told.
    metrics-server = jsonencode({
      tolerations = [{ key = "CriticalAddonsOnly", operator = "Exists" }]
    })
  }
}

data "aws_eks_addon_version" "this" {
  for_each = setsubtract(local.addons, keys(var.addon_versions))

  addon_name         = each.value
  kubernetes_version = var.kubernetes_version
}

locals {
  addon_versions = merge({ for name, addon in data.aws_eks_addon_version.this : name => addon.version }, var.addon_versions)
}

resource "aws_eks_addon" "before_nodes" {
  for_each = local.before_nodes

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.value
  addon_version               = local.addon_versions[each.value]
  configuration_values        = lookup(local.addon_configuration, each.value, null)
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"

  tags = var.tags
}

# An add-on that starts without its role fails its checks: whoever gives a role here holds the add-on back until it is there.
resource "terraform_data" "addon_roles" {
  input = var.addon_roles
}

resource "aws_eks_addon" "after_nodes" {
  for_each = local.after_nodes

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.value
  addon_version               = local.addon_versions[each.value]
  configuration_values        = lookup(local.addon_configuration, each.value, null)
  service_account_role_arn    = var.irsa ? lookup(var.addon_roles, each.value, null) : null
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"

  tags = var.tags

  depends_on = [aws_eks_node_group.this, terraform_data.addon_roles]
}
