# Production: three zones that do not depend on one another, the API server inside the VPC only, everything protected.

environment = "production"

# IAM roles of the account whose holders administer the cluster.
administrators = ["longshore-administrator"]

deletion_protection = true

network = {
  cidr = "10.0.0.0/16"

  # Ids of zones in eu-west-1; those of another region: aws ec2 describe-availability-zones --region REGION
  zones = ["euw1-az1", "euw1-az2", "euw1-az3"]
  nat   = "per_az"

  flow_logs = { enabled = true, traffic = "ALL", retention_days = 30 }
}

cluster = {
  kubernetes_version = "1.35"

  endpoint = { public = false }

  system_nodes = { instance_types = ["m7i.xlarge", "m6i.xlarge", "m5.xlarge"], min = 3, max = 10 }
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
  multi_az       = true
  backup_days    = 7
}

backup = { enabled = true, keep_days = 90 }

observability = {
  log_retention_days = 30
  container_insights = true
  budget             = { amount = 1500 }
}
