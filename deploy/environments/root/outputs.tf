output "helm_values" {
  description = "Values of the chart deploy/helm/model for each workload that reads models: identity, region, service account; and where its models are."
  value = {
    for name, workload in local.workloads : name => {
      aws = {
        identity = local.irsa ? "irsa" : "podIdentity"
        roleArn  = local.irsa ? module.identity.role_arns[name] : ""
        region   = local.region
      }
      serviceAccount = { name = workload.service_account }
      image          = { repository = try(module.data.ecr_repository_urls["longshore"], "${local.account_id}.dkr.ecr.${local.region}.amazonaws.com/longshore") }
      models         = [for prefix in sort(var.workloads[name].prefixes) : "s3://${module.data.artifacts_bucket.name}/${prefix}"]
    } if workload.kind == "model_reader"
  }
}

output "cluster" {
  description = "The cluster: name, address, version and the end of the version's standard support."
  value = {
    name                   = module.cluster.cluster_name
    endpoint               = module.cluster.cluster_endpoint
    kubernetes_version     = module.cluster.kubernetes_version
    standard_support_until = module.cluster.standard_support_until
  }
}

output "kubeconfig_command" {
  description = "Command that writes the cluster into the kubeconfig of an administrator."
  value       = "aws eks update-kubeconfig --region ${local.region} --name ${module.cluster.cluster_name}"
}

output "network" {
  description = "The VPC, its zones (name → id) and the addresses it has on the internet."
  value = {
    vpc_id         = module.network.vpc_id
    zones          = module.network.zones
    nat_public_ips = module.network.nat_public_ips
  }
}

output "role_arns" {
  description = "IAM roles of service accounts: name → ARN."
  value       = module.identity.role_arns
}

output "karpenter" {
  description = "What Karpenter's chart and its EC2NodeClasses need; null without Karpenter."
  value       = module.identity.karpenter
}

output "artifacts_bucket" {
  description = "Name and ARN of the bucket of models."
  value       = module.data.artifacts_bucket
}

output "database" {
  description = "The database of the tracking server and the secret with its password; null when there is none."
  value       = module.data.database
}

output "repositories" {
  description = "Image repositories: name → address."
  value       = module.data.ecr_repository_urls
}

output "alerts_topic_arn" {
  description = "SNS topic of alarms and budget notices."
  value       = module.observability.sns_topic_arn
}

output "log_groups" {
  description = "Log groups: control plane, flow logs and the cluster's, by kind."
  value = merge(module.observability.log_group_names, {
    control_plane = module.cluster.log_group_name
    flow          = module.network.flow_log_group_name
  })
}

output "prometheus" {
  description = "Workspace of Amazon Managed Service for Prometheus; null without one."
  value       = module.observability.amp
}
