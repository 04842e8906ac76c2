# The whole environment as its terraform.tfvars says, planned by the real provider; what it would ask AWS is answered here.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = module.network.data.aws_caller_identity.this
  values = { account_id = "123456789012" }
}

override_data {
  target = module.cluster.data.aws_caller_identity.this
  values = { account_id = "123456789012" }
}

override_data {
  target = module.data.data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = module.identity.data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = module.observability.data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = module.network.data.aws_availability_zones.this
  values = {
    names    = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    zone_ids = ["euw1-az3", "euw1-az1", "euw1-az2"]
  }
}

override_data {
  target = module.network.data.aws_ec2_instance_type_offerings.this
  values = { locations = ["euw1-az1", "euw1-az2", "euw1-az3"] }
}

override_data {
  target = module.cluster.data.aws_eks_addon_version.this
  values = { version = "v1.0.0-eksbuild.1" }
}

variables {
  account_id = "123456789012"
}

# What this environment's figures come to is held in tests/infra/terraform.d/figures.
run "as_written" {
  command = plan

  assert {
    condition     = output.kubeconfig_command == "aws eks update-kubeconfig --region eu-west-1 --name longshore-production"
    error_message = output.kubeconfig_command
  }

  assert {
    condition     = join(",", keys(output.helm_values)) == "model-reader" && module.identity.service_accounts["model-reader"].namespace == "longshore-serving" && module.identity.service_accounts["model-reader"].name == "model-reader"
    error_message = "the service account of the models gets the role: ${jsonencode(keys(output.helm_values))}"
  }
}
