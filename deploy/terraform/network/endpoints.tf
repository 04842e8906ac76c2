# Ways to AWS services that do not cross the internet: S3 always (it costs nothing), others when listed.

locals {
  # `data.aws_region.name` is deprecated in provider 6 and `region` is new there; the id means the same in both.
  region = data.aws_region.this.id
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${local.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [for table in aws_route_table.private : table.id]

  tags = merge(var.tags, { Name = "${local.name}-s3" })
}

resource "aws_security_group" "endpoints" {
  for_each = length(var.interface_endpoints) > 0 ? toset(["this"]) : toset([])

  name        = "${local.name}-endpoints"
  description = "HTTPS from the VPC to the interface endpoints of AWS services"
  vpc_id      = aws_vpc.this.id

  tags = merge(var.tags, { Name = "${local.name}-endpoints" })
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  for_each = aws_security_group.endpoints

  security_group_id = each.value.id
  description       = "HTTPS from anywhere in the VPC"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = var.cidr

  tags = var.tags
}

resource "aws_vpc_endpoint" "interface" {
  for_each = var.interface_endpoints

  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${local.region}.${each.value}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [for subnet in aws_subnet.private : subnet.id]
  security_group_ids  = [for group in aws_security_group.endpoints : group.id]

  tags = merge(var.tags, { Name = "${local.name}-${each.value}" })
}
