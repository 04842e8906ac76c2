# Development: two zones, one NAT gateway, the API server also reachable from named ranges, nothing protected.

environment = "dev"

# IAM roles of the account whose holders administer the cluster.
administrators = ["longshore-administrator"]

deletion_protection = false

network = {
  cidr = "10.0.0.0/16"

  # Ids of zones in eu-west-1; those of another region: aws ec2 describe-availability-zones --region REGION
  zones = ["euw1-az1", "euw1-az2"]
  nat   = "single"

  flow_logs = { enabled = false }
}

cluster = {
  kubernetes_version = "1.35"

  # To be replaced by the range you work from; the one written here is nobody's.
  endpoint = { public = true, public_access_cidrs = ["203.0.113.0/24"] }

  system_nodes = { instance_types = ["t3.large"], min = 2, max = 4 }
}

# Service accounts: the one that models use (values.yaml), and the tracking server's own (longshore.yaml).
workloads = {
  longshore-tracking = { kind = "tracking", namespace = "longshore-system", prefixes = ["tracking/"] }
  model-reader       = { kind = "model_reader", prefixes = ["models/"] }
}

# Put in by hand: aws secretsmanager put-secret-value
secrets = {
  tracking-users = "basic_auth.ini of the tracking server: the first administrator and what users may do by default"
}

database = {
  instance_class = "db.t4g.medium"
  multi_az       = false
  backup_days    = 1
  final_snapshot = false
}

backup = { enabled = false }

observability = {
  log_retention_days = 7
  container_insights = false
  budget             = { amount = 400 }
}
