# The VPC, its subnets in four kinds, and the way from each of them to the internet.
#
# How a /16 is divided (smaller ranges alike; n is the zone's number, 0 to 5):
#   private        eighth n             /19  nodes and pods
#   public         256th 192 + n        /24  load balancers, NAT gateways
#   database       256th 200 + n        /24  no way out
#   control plane  /28 n from 208/256   /28  the API server's interfaces

locals {
  name   = "${var.stack}-${var.environment}"
  prefix = tonumber(split("/", var.cidr)[1])

  private_cidrs       = { for name, number in local.zone_numbers : name => cidrsubnet(var.cidr, 3, number) }
  public_cidrs        = { for name, number in local.zone_numbers : name => cidrsubnet(var.cidr, 8, 192 + number) }
  database_cidrs      = { for name, number in local.zone_numbers : name => cidrsubnet(var.cidr, 8, 200 + number) }
  control_plane_cidrs = { for name, number in local.zone_numbers : name => cidrsubnet(cidrsubnet(var.cidr, 4, 13), 28 - local.prefix - 4, number) }
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = merge(var.tags, { Name = local.name })

  depends_on = [terraform_data.zones]
}

# A security group that allows nothing: what forgets to name its own group cannot talk to anything.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id

  tags = merge(var.tags, { Name = "${local.name}-default-empty" })
}

resource "aws_subnet" "private" {
  for_each = local.private_cidrs

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value

  tags = merge(var.tags, {
    Name                              = "${local.name}-private-${each.key}"
    "kubernetes.io/role/internal-elb" = "1"
    "karpenter.sh/discovery"          = var.cluster_name
  })
}

resource "aws_subnet" "public" {
  for_each = local.public_cidrs

  vpc_id                  = aws_vpc.this.id
  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false

  tags = merge(var.tags, {
    Name                     = "${local.name}-public-${each.key}"
    "kubernetes.io/role/elb" = "1"
  })
}

resource "aws_subnet" "database" {
  for_each = local.database_cidrs

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value

  tags = merge(var.tags, { Name = "${local.name}-database-${each.key}" })
}

resource "aws_subnet" "control_plane" {
  for_each = local.control_plane_cidrs

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value

  tags = merge(var.tags, { Name = "${local.name}-control-plane-${each.key}" })
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id

  tags = merge(var.tags, { Name = local.name })
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id

  tags = merge(var.tags, { Name = "${local.name}-public" })
}

resource "aws_route" "public" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

resource "aws_route_table_association" "public" {
  for_each = aws_subnet.public

  subnet_id      = each.value.id
  route_table_id = aws_route_table.public.id
}

resource "aws_eip" "nat" {
  for_each = local.nat_zones

  domain = "vpc"

  tags = merge(var.tags, { Name = "${local.name}-nat-${each.key}" })

  depends_on = [aws_internet_gateway.this]
}

resource "aws_nat_gateway" "this" {
  for_each = local.nat_zones

  allocation_id = aws_eip.nat[each.key].id
  subnet_id     = aws_subnet.public[each.key].id

  tags = merge(var.tags, { Name = "${local.name}-${each.key}" })

  depends_on = [aws_route.public]
}

# One table a zone, also with a single NAT gateway: going from one to one a zone changes routes and replaces nothing.
resource "aws_route_table" "private" {
  for_each = local.zones

  vpc_id = aws_vpc.this.id

  tags = merge(var.tags, { Name = "${local.name}-private-${each.key}" })
}

resource "aws_route" "private" {
  for_each = var.nat == "none" ? {} : local.zones

  route_table_id         = aws_route_table.private[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[var.nat == "per_az" ? each.key : local.nat_zone].id
}

resource "aws_route_table_association" "private" {
  for_each = local.zones

  subnet_id      = aws_subnet.private[each.key].id
  route_table_id = aws_route_table.private[each.key].id
}

resource "aws_route_table_association" "control_plane" {
  for_each = local.zones

  subnet_id      = aws_subnet.control_plane[each.key].id
  route_table_id = aws_route_table.private[each.key].id
}

# Databases answer inside the VPC and have no route out of it.
resource "aws_route_table" "database" {
  vpc_id = aws_vpc.this.id

  tags = merge(var.tags, { Name = "${local.name}-database" })
}

resource "aws_route_table_association" "database" {
  for_each = local.zones

  subnet_id      = aws_subnet.database[each.key].id
  route_table_id = aws_route_table.database.id
}
