# Who may talk to whom: nodes among themselves, nodes to the API server, the API server to kubelets and webhooks.

locals {
  # Ports on nodes and pods that the control plane calls.
  control_plane_ports = {
    kubelet            = 10250
    metrics_server     = 10251
    webhooks_https     = 443
    webhooks_4443      = 4443
    webhooks_6443      = 6443
    webhooks_karpenter = 8443
    webhooks_balancer  = 9443
  }
}

resource "aws_security_group" "cluster" {
  name        = "${var.name}-cluster"
  description = "The control plane of ${var.name}"
  vpc_id      = var.vpc_id

  tags = merge(var.tags, { Name = "${var.name}-cluster" })
}

resource "aws_security_group" "node" {
  name        = "${var.name}-node"
  description = "Nodes and pods of ${var.name}"
  vpc_id      = var.vpc_id

  tags = merge(var.tags, {
    Name                                = "${var.name}-node"
    "karpenter.sh/discovery"            = var.name
    "kubernetes.io/cluster/${var.name}" = "owned"
  })
}

resource "aws_vpc_security_group_ingress_rule" "cluster_from_nodes" {
  security_group_id            = aws_security_group.cluster.id
  description                  = "Nodes and pods to the API server"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  referenced_security_group_id = aws_security_group.node.id

  tags = var.tags
}

resource "aws_vpc_security_group_egress_rule" "cluster_to_nodes" {
  for_each = local.control_plane_ports

  security_group_id            = aws_security_group.cluster.id
  description                  = "The API server to ${each.key}"
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
  referenced_security_group_id = aws_security_group.node.id

  tags = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "node_from_cluster" {
  for_each = local.control_plane_ports

  security_group_id            = aws_security_group.node.id
  description                  = "The API server to ${each.key}"
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
  referenced_security_group_id = aws_security_group.cluster.id

  tags = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "node_from_nodes" {
  security_group_id            = aws_security_group.node.id
  description                  = "Nodes and pods among themselves; network policies narrow it"
  ip_protocol                  = "-1"
  referenced_security_group_id = aws_security_group.node.id

  tags = var.tags
}

resource "aws_vpc_security_group_egress_rule" "node_anywhere" {
  security_group_id = aws_security_group.node.id
  description       = "Nodes to registries, AWS and what pods call; network policies narrow it"
  ip_protocol       = "-1"
  cidr_ipv4         = "0.0.0.0/0"

  tags = var.tags
}
