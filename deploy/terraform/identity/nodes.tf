# The role of the nodes that Karpenter starts.

locals {
  node_role_name = "${var.cluster_name}-karpenter-node"

  node_policies = concat(
    ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly"],
    var.node_ssm ? ["AmazonSSMManagedInstanceCore"] : [],
  )
}

data "aws_iam_policy_document" "node_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "node" {
  count = var.controllers.karpenter ? 1 : 0

  name                 = local.node_role_name
  description          = "Nodes that Karpenter starts for cluster ${var.cluster_name}"
  assume_role_policy   = data.aws_iam_policy_document.node_trust.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy_attachment" "node" {
  for_each = var.controllers.karpenter ? toset(local.node_policies) : []

  role       = aws_iam_role.node[0].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/${each.value}"
}

resource "aws_iam_instance_profile" "node" {
  count = var.controllers.karpenter && var.karpenter_instance_profile == "terraform" ? 1 : 0

  name = local.node_role_name
  role = aws_iam_role.node[0].name
  tags = var.tags
}

resource "aws_eks_access_entry" "node" {
  count = var.controllers.karpenter && var.node_access_entry ? 1 : 0

  cluster_name  = var.cluster_name
  principal_arn = aws_iam_role.node[0].arn
  type          = "EC2_LINUX"
  tags          = var.tags
}
