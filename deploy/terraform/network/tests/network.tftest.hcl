# The real provider plans (so every document and default is the real one) but calls nobody: what it would ask AWS is
# answered here.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.this
  values = { account_id = "123456789012" }
}

# Letters and ids of zones do not agree in most accounts, and do not here.
override_data {
  target = data.aws_availability_zones.this
  values = {
    names    = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    zone_ids = ["euw1-az3", "euw1-az1", "euw1-az2"]
  }
}

variables {
  environment  = "staging"
  cluster_name = "longshore-staging"
}

run "divides_the_range_by_zone_number" {
  command = plan

  assert {
    condition     = output.zones == { "eu-west-1a" = "euw1-az3", "eu-west-1b" = "euw1-az1", "eu-west-1c" = "euw1-az2" }
    error_message = "zones: ${jsonencode(output.zones)}"
  }

  assert {
    condition     = { for zone, subnet in aws_subnet.private : zone => subnet.cidr_block } == { "eu-west-1a" = "10.0.64.0/19", "eu-west-1b" = "10.0.0.0/19", "eu-west-1c" = "10.0.32.0/19" }
    error_message = "private: ${jsonencode({ for zone, subnet in aws_subnet.private : zone => subnet.cidr_block })}"
  }

  assert {
    condition     = { for zone, subnet in aws_subnet.public : zone => subnet.cidr_block } == { "eu-west-1a" = "10.0.194.0/24", "eu-west-1b" = "10.0.192.0/24", "eu-west-1c" = "10.0.193.0/24" }
    error_message = "public: ${jsonencode({ for zone, subnet in aws_subnet.public : zone => subnet.cidr_block })}"
  }

  assert {
    condition     = { for zone, subnet in aws_subnet.database : zone => subnet.cidr_block } == { "eu-west-1a" = "10.0.202.0/24", "eu-west-1b" = "10.0.200.0/24", "eu-west-1c" = "10.0.201.0/24" }
    error_message = "database: ${jsonencode({ for zone, subnet in aws_subnet.database : zone => subnet.cidr_block })}"
  }

  assert {
    condition     = { for zone, subnet in aws_subnet.control_plane : zone => subnet.cidr_block } == { "eu-west-1a" = "10.0.208.32/28", "eu-west-1b" = "10.0.208.0/28", "eu-west-1c" = "10.0.208.16/28" }
    error_message = "control plane: ${jsonencode({ for zone, subnet in aws_subnet.control_plane : zone => subnet.cidr_block })}"
  }

  assert {
    condition = alltrue([
      for subnet in aws_subnet.private : subnet.tags["kubernetes.io/role/internal-elb"] == "1" && subnet.tags["karpenter.sh/discovery"] == "longshore-staging" && !contains(keys(subnet.tags), "kubernetes.io/role/elb")
    ])
    error_message = "private subnets carry the tags of internal load balancers and of Karpenter, and no others' tags"
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.public : subnet.tags["kubernetes.io/role/elb"] == "1" && !contains(keys(subnet.tags), "karpenter.sh/discovery") && !subnet.map_public_ip_on_launch])
    error_message = "public subnets carry the tag of load balancers only and give no addresses away"
  }

  assert {
    condition     = alltrue([for subnet in concat(values(aws_subnet.database), values(aws_subnet.control_plane)) : join(",", keys(subnet.tags)) == "Name"])
    error_message = "database and control plane subnets are found by no controller"
  }

  # One NAT gateway, in the first of the zones, serves every private table.
  assert {
    condition     = join(",", keys(aws_nat_gateway.this)) == "eu-west-1a" && length(aws_route.private) == 3 && length(aws_route_table.private) == 3
    error_message = "nat: ${jsonencode(keys(aws_nat_gateway.this))}"
  }

  assert {
    condition     = aws_vpc_endpoint.s3.service_name == "com.amazonaws.eu-west-1.s3" && aws_vpc_endpoint.s3.vpc_endpoint_type == "Gateway" && length(aws_vpc_endpoint.interface) == 0 && length(aws_security_group.endpoints) == 0
    error_message = "S3 has a gateway endpoint, others are off"
  }

  assert {
    condition     = aws_cloudwatch_log_group.flow["this"].retention_in_days == 30 && aws_flow_log.this["this"].traffic_type == "ALL"
    error_message = "flow logs are kept for 30 days"
  }

  assert {
    condition     = jsondecode(data.aws_iam_policy_document.flow_trust.json).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "only this account's flow logs may take the role: ${data.aws_iam_policy_document.flow_trust.json}"
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.flow["this"].policy).Statement : [statement.Action, statement.Resource]
      ] == [
      [["logs:PutLogEvents", "logs:DescribeLogStreams", "logs:CreateLogStream"], "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/vpc/longshore-staging/flow:*"],
      ["logs:DescribeLogGroups", "arn:aws:logs:eu-west-1:123456789012:log-group:*"],
    ]
    error_message = "flow log policy: ${aws_iam_role_policy.flow["this"].policy}"
  }
}

run "one_nat_gateway_a_zone" {
  command = plan

  override_resource {
    target          = aws_nat_gateway.this["eu-west-1a"]
    override_during = plan
    values          = { id = "nat-0a" }
  }

  override_resource {
    target          = aws_nat_gateway.this["eu-west-1b"]
    override_during = plan
    values          = { id = "nat-0b" }
  }

  override_resource {
    target          = aws_nat_gateway.this["eu-west-1c"]
    override_during = plan
    values          = { id = "nat-0c" }
  }

  variables {
    nat = "per_az"
  }

  assert {
    condition     = join(",", keys(aws_nat_gateway.this)) == "eu-west-1a,eu-west-1b,eu-west-1c" && length(aws_eip.nat) == 3 && length(aws_route.private) == 3
    error_message = "nat: ${jsonencode(keys(aws_nat_gateway.this))}"
  }

  assert {
    condition     = { for zone, route in aws_route.private : zone => route.nat_gateway_id } == { "eu-west-1a" = "nat-0a", "eu-west-1b" = "nat-0b", "eu-west-1c" = "nat-0c" }
    error_message = "each zone goes out through its own gateway: ${jsonencode({ for zone, route in aws_route.private : zone => route.nat_gateway_id })}"
  }
}

run "single_nat_gateway_where_it_is_wanted" {
  command = plan

  override_resource {
    target          = aws_nat_gateway.this["eu-west-1c"]
    override_during = plan
    values          = { id = "nat-0c" }
  }

  variables {
    single_nat_zone = "euw1-az2"
  }

  assert {
    condition     = join(",", keys(aws_nat_gateway.this)) == "eu-west-1c"
    error_message = "nat: ${jsonencode(keys(aws_nat_gateway.this))}"
  }

  assert {
    condition     = join(",", [for route in aws_route.private : route.nat_gateway_id]) == "nat-0c,nat-0c,nat-0c"
    error_message = "every zone goes out through the one gateway: ${jsonencode({ for zone, route in aws_route.private : zone => route.nat_gateway_id })}"
  }
}

run "no_nat_but_endpoints" {
  command = plan

  variables {
    nat                 = "none"
    interface_endpoints = ["ec2", "ecr.api", "ecr.dkr", "eks", "eks-auth", "logs", "sts"]
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 0 && length(aws_eip.nat) == 0 && length(aws_route.private) == 0 && length(aws_route_table.private) == 3
    error_message = "no NAT gateway, no address, no route out"
  }

  assert {
    condition     = join(",", keys(aws_vpc_endpoint.interface)) == "ec2,ecr.api,ecr.dkr,eks,eks-auth,logs,sts" && alltrue([for endpoint in aws_vpc_endpoint.interface : endpoint.private_dns_enabled && endpoint.vpc_endpoint_type == "Interface"])
    error_message = "endpoints: ${jsonencode(keys(aws_vpc_endpoint.interface))}"
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.endpoints["this"].cidr_ipv4 == "10.0.0.0/16" && aws_vpc_security_group_ingress_rule.endpoints["this"].from_port == 443
    error_message = "endpoints answer HTTPS from the VPC only"
  }
}

# A zone that goes leaves the others' ranges and keys as they were.
run "chosen_zones_by_id_and_by_name" {
  command = plan

  variables {
    zones     = ["euw1-az2", "eu-west-1a"]
    flow_logs = { enabled = false }
  }

  assert {
    condition     = { for zone, subnet in aws_subnet.private : zone => subnet.cidr_block } == { "eu-west-1a" = "10.0.64.0/19", "eu-west-1c" = "10.0.32.0/19" }
    error_message = "private: ${jsonencode({ for zone, subnet in aws_subnet.private : zone => subnet.cidr_block })}"
  }

  assert {
    condition     = length(aws_flow_log.this) == 0 && length(aws_cloudwatch_log_group.flow) == 0 && length(aws_iam_role.flow) == 0 && output.flow_log_group_name == null
    error_message = "flow logs are off with all they need"
  }
}

run "smaller_range" {
  command = plan

  variables {
    cidr       = "172.20.64.0/18"
    zone_count = 2
  }

  assert {
    condition     = { for zone, subnet in aws_subnet.private : zone => subnet.cidr_block } == { "eu-west-1b" = "172.20.64.0/21", "eu-west-1c" = "172.20.72.0/21" }
    error_message = "private: ${jsonencode({ for zone, subnet in aws_subnet.private : zone => subnet.cidr_block })}"
  }

  assert {
    condition     = { for zone, subnet in aws_subnet.control_plane : zone => subnet.cidr_block } == { "eu-west-1b" = "172.20.116.0/28", "eu-west-1c" = "172.20.116.16/28" }
    error_message = "control plane: ${jsonencode({ for zone, subnet in aws_subnet.control_plane : zone => subnet.cidr_block })}"
  }
}

run "leaves_out_the_zone_that_eks_refuses" {
  command = plan

  override_data {
    target = data.aws_availability_zones.this
    values = {
      names    = ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d", "us-east-1e", "us-east-1f"]
      zone_ids = ["use1-az3", "use1-az4", "use1-az6", "use1-az1", "use1-az2", "use1-az5"]
    }
  }

  variables {
    zone_count = 5
  }

  assert {
    condition     = join(",", values(output.zones)) == "use1-az4,use1-az6,use1-az1,use1-az2,use1-az5" && !contains(keys(output.zones), "us-east-1a")
    error_message = "zones: ${jsonencode(output.zones)}"
  }

  assert {
    condition     = aws_subnet.private["us-east-1c"].cidr_block == "10.0.160.0/19" && aws_subnet.public["us-east-1c"].cidr_block == "10.0.197.0/24"
    error_message = "the sixth zone has the sixth ranges"
  }
}

run "leaves_out_zones_without_an_instance_type" {
  command = plan

  override_data {
    target = data.aws_ec2_instance_type_offerings.this["m7i.xlarge"]
    values = { locations = ["euw1-az1", "euw1-az2", "euw1-az3"] }
  }

  override_data {
    target = data.aws_ec2_instance_type_offerings.this["g6.xlarge"]
    values = { locations = ["euw1-az2", "euw1-az3"] }
  }

  variables {
    instance_types = ["m7i.xlarge", "g6.xlarge"]
    zone_count     = 2
  }

  assert {
    condition     = output.zones == { "eu-west-1a" = "euw1-az3", "eu-west-1c" = "euw1-az2" }
    error_message = "zones: ${jsonencode(output.zones)}"
  }

  assert {
    condition     = data.aws_ec2_instance_type_offerings.this["g6.xlarge"].location_type == "availability-zone-id"
    error_message = "offerings are asked for by zone id"
  }
}

run "too_few_zones_offer_the_type" {
  command = plan

  override_data {
    target = data.aws_ec2_instance_type_offerings.this["p5.48xlarge"]
    values = { locations = ["euw1-az2"] }
  }

  variables {
    instance_types = ["p5.48xlarge"]
    zone_count     = 2
  }

  expect_failures = [terraform_data.zones]
}

run "chosen_zone_that_eks_refuses" {
  command = plan

  override_data {
    target = data.aws_availability_zones.this
    values = {
      names    = ["us-east-1a", "us-east-1b", "us-east-1c"]
      zone_ids = ["use1-az3", "use1-az4", "use1-az6"]
    }
  }

  variables {
    zones = ["us-east-1a", "us-east-1b"]
  }

  expect_failures = [terraform_data.zones]
}

run "nat_zone_that_is_not_used" {
  command = plan

  variables {
    single_nat_zone = "eu-west-1z"
  }

  expect_failures = [terraform_data.zones]
}

run "every_subnet_has_the_table_of_its_kind" {
  command = plan

  override_resource {
    target          = aws_route_table.public
    override_during = plan
    values          = { id = "rtb-public" }
  }

  override_resource {
    target          = aws_route_table.database
    override_during = plan
    values          = { id = "rtb-database" }
  }

  override_resource {
    target          = aws_route_table.private["eu-west-1a"]
    override_during = plan
    values          = { id = "rtb-private-a" }
  }

  override_resource {
    target          = aws_route_table.private["eu-west-1b"]
    override_during = plan
    values          = { id = "rtb-private-b" }
  }

  override_resource {
    target          = aws_route_table.private["eu-west-1c"]
    override_during = plan
    values          = { id = "rtb-private-c" }
  }

  assert {
    condition     = aws_route.public.route_table_id == "rtb-public" && aws_route.public.destination_cidr_block == "0.0.0.0/0" && join(",", [for route in aws_route.private : route.route_table_id]) == "rtb-private-a,rtb-private-b,rtb-private-c"
    error_message = "ways out are in the public and the private tables only"
  }

  assert {
    condition     = join(",", [for association in aws_route_table_association.database : association.route_table_id]) == "rtb-database,rtb-database,rtb-database" && join(",", [for association in aws_route_table_association.public : association.route_table_id]) == "rtb-public,rtb-public,rtb-public"
    error_message = "database subnets have no way out, public ones have the gateway's"
  }

  assert {
    condition     = join(",", [for association in aws_route_table_association.private : association.route_table_id]) == "rtb-private-a,rtb-private-b,rtb-private-c" && join(",", [for association in aws_route_table_association.control_plane : association.route_table_id]) == "rtb-private-a,rtb-private-b,rtb-private-c"
    error_message = "nodes and the control plane's interfaces have their zone's table"
  }

  assert {
    condition     = toset(aws_vpc_endpoint.s3.route_table_ids) == toset(["rtb-private-a", "rtb-private-b", "rtb-private-c"])
    error_message = "every private table leads to S3 without NAT"
  }
}
