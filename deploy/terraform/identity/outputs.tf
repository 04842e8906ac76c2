output "role_arns" {
  description = "ARN of each role, by the workload's or controller's name; known when the role has its policies and its association."
  value       = { for name, role in aws_iam_role.this : name => role.arn }

  # An add-on that waits for its role must find it bound and with its rights, or its pods never become ready.
  depends_on = [aws_eks_pod_identity_association.this, aws_iam_role_policy.this, aws_iam_role_policy_attachment.this]
}

output "service_accounts" {
  description = "Service account of each role: namespace, name, role ARN and the annotations its manifest needs (only with IRSA)."
  value = {
    for name, identity in local.identities : name => {
      namespace   = identity.namespace
      name        = identity.service_account
      role_arn    = aws_iam_role.this[name].arn
      annotations = var.mode == "irsa" ? { "eks.amazonaws.com/role-arn" = aws_iam_role.this[name].arn } : {}
    }
  }
}

output "karpenter" {
  description = "What Karpenter's chart and its EC2NodeClasses need, or null when Karpenter is off."
  value = var.controllers.karpenter ? {
    controller_role_arn   = aws_iam_role.this["karpenter"].arn
    queue_name            = aws_sqs_queue.interruption[0].name
    queue_arn             = aws_sqs_queue.interruption[0].arn
    node_role_name        = aws_iam_role.node[0].name
    node_role_arn         = aws_iam_role.node[0].arn
    instance_profile_name = one(aws_iam_instance_profile.node[*].name)
  } : null
}

output "secret_prefix" {
  description = "Beginning of the names of the secrets that external-secrets may read."
  value       = local.secret_prefix
}
