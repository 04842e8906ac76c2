# Staging: production's shape in three zones, with one NAT gateway and a single database.

environment = "staging"

# IAM roles of the account whose holders administer the cluster.
administrators = ["longshore-administrator"]

deletion_protection = false

network = {
  cidr = "10.0.0.0/16"

  # Ids of zones in eu-west-1; those of another region: aws ec2 describe-availability-zones --region REGION
  zones = ["euw1-az1", "euw1-az2", "euw1-az3"]
  nat   = "single"

  flow_logs = { enabled = true, traffic = "REJECT", retention_days = 14 }
}

cluster = {
  kubernetes_version = "1.35"

  # To be replaced by the range you work from; the one written here is nobody's.
  endpoint = { public = true, public_access_cidrs = ["203.0.113.0/24"] }

  system_nodes = { instance_types = ["m7i.large", "m6i.large", "m5.large"], min = 2, max = 4 }
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
  backup_days    = 7
}

backup = { enabled = true, keep_days = 30 }

observability = {
  log_retention_days = 14
  container_insights = false
  budget             = { amount = 800 }
}
