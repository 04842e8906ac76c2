output "vpc_id" {
  description = "Id of the VPC."
  value       = aws_vpc.this.id
}

output "vpc_cidr" {
  description = "IPv4 range of the VPC."
  value       = aws_vpc.this.cidr_block
}

output "zones" {
  description = "The zones used: name → id."
  value       = local.zones
}

output "private_subnet_ids" {
  description = "Subnets of nodes and pods: zone name → id."
  value       = { for name, subnet in aws_subnet.private : name => subnet.id }
}

output "public_subnet_ids" {
  description = "Subnets of load balancers and NAT gateways: zone name → id."
  value       = { for name, subnet in aws_subnet.public : name => subnet.id }
}

output "database_subnet_ids" {
  description = "Subnets of databases: zone name → id."
  value       = { for name, subnet in aws_subnet.database : name => subnet.id }
}

output "control_plane_subnet_ids" {
  description = "Subnets of the control plane's interfaces: zone name → id."
  value       = { for name, subnet in aws_subnet.control_plane : name => subnet.id }
}

output "private_route_table_ids" {
  description = "Route tables of the private subnets: zone name → id."
  value       = { for name, table in aws_route_table.private : name => table.id }
}

output "nat_gateway_ids" {
  description = "NAT gateways: zone name → id; empty without NAT."
  value       = { for name, gateway in aws_nat_gateway.this : name => gateway.id }
}

output "nat_public_ips" {
  description = "Addresses from which private subnets are seen on the internet: zone name → address."
  value       = { for name, address in aws_eip.nat : name => address.public_ip }
}

output "s3_endpoint_id" {
  description = "Id of the gateway endpoint of S3."
  value       = aws_vpc_endpoint.s3.id
}

output "flow_log_group_name" {
  description = "Log group of the flow logs; null when they are off."
  value       = one([for group in aws_cloudwatch_log_group.flow : group.name])
}
