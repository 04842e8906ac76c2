output "cluster_name" {
  description = "Name of the cluster."
  value       = aws_eks_cluster.this.name
}

output "cluster_arn" {
  description = "ARN of the cluster."
  value       = aws_eks_cluster.this.arn
}

output "cluster_endpoint" {
  description = "URL of the API server."
  value       = aws_eks_cluster.this.endpoint
}

output "cluster_certificate_authority" {
  description = "Certificate of the API server's authority, base64."
  value       = aws_eks_cluster.this.certificate_authority[0].data
}

output "kubernetes_version" {
  description = "Kubernetes version of the control plane."
  value       = aws_eks_cluster.this.version
}

output "standard_support_until" {
  description = "Day on which the version leaves standard support; null when it was not announced as of the table in versions_table.tf."
  value       = local.version.standard_until
}

output "oidc_issuer" {
  description = "URL of the cluster's OIDC issuer."
  value       = aws_eks_cluster.this.identity[0].oidc[0].issuer
}

output "oidc_provider_arn" {
  description = "ARN of the issuer's IAM provider; null without `irsa`."
  value       = one([for provider in aws_iam_openid_connect_provider.this : provider.arn])
}

output "node_role_arn" {
  description = "ARN of the managed node groups' role."
  value       = aws_iam_role.node.arn
}

output "node_role_name" {
  description = "Name of the managed node groups' role."
  value       = aws_iam_role.node.name
}

output "node_security_group_id" {
  description = "Security group of nodes and pods: with Auto Mode the one EKS makes, else ours."
  value       = local.auto ? aws_eks_cluster.this.vpc_config[0].cluster_security_group_id : aws_security_group.node.id
}

output "cluster_security_group_id" {
  description = "Security group of the control plane's interfaces."
  value       = aws_security_group.cluster.id
}

output "log_group_name" {
  description = "Log group of the control plane."
  value       = aws_cloudwatch_log_group.control_plane.name
}

output "secrets_kms_key_arn" {
  description = "Key of Kubernetes Secrets."
  value       = local.secrets_kms_key_arn
}

output "ebs_kms_key_arn" {
  description = "Key of nodes' disks and of volumes."
  value       = aws_kms_key.this["ebs"].arn
}

output "logs_kms_key_arn" {
  description = "Key that CloudWatch Logs of this account and region may use."
  value       = aws_kms_key.this["logs"].arn

  # A log group can be given the key only once the key's policy lets CloudWatch use it.
  depends_on = [aws_kms_key_policy.this]
}

output "node_groups" {
  description = "Managed node groups: name → ARN."
  value       = { for name, group in aws_eks_node_group.this : name => group.arn }
}
