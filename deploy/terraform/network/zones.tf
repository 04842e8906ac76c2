# Which zones: standard zones of the region, without those EKS refuses, that offer every instance type in use.

data "aws_region" "this" {}

data "aws_availability_zones" "this" {
  state = "available"

  filter {
    name   = "zone-type"
    values = ["availability-zone"]
  }

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required", "opted-in"]
  }
}

data "aws_ec2_instance_type_offerings" "this" {
  for_each = var.instance_types

  location_type = "availability-zone-id"

  filter {
    name   = "instance-type"
    values = [each.value]
  }
}

locals {
  # Zones in which EKS cannot place a control plane (AWS EKS user guide, "Subnet requirements for clusters").
  refused_zone_ids = ["use1-az3", "usw1-az2", "cac1-az3"]

  # Zone name by zone id. Everything below goes by id: letters are dealt out anew to every account.
  region_zones = zipmap(data.aws_availability_zones.this.zone_ids, data.aws_availability_zones.this.names)

  usable_zones = {
    for id, name in local.region_zones : id => name
    if !contains(local.refused_zone_ids, id) && alltrue([for offering in data.aws_ec2_instance_type_offerings.this : contains(offering.locations, id)])
  }

  wanted_ids = [for id in sort(keys(local.usable_zones)) : id if contains(var.zones, id) || contains(var.zones, local.usable_zones[id])]
  chosen_ids = length(var.zones) > 0 ? local.wanted_ids : slice(sort(keys(local.usable_zones)), 0, min(var.zone_count, length(local.usable_zones)))

  # The chosen zones: name → id. Names are the keys of every for_each.
  zones = { for id in local.chosen_ids : local.usable_zones[id] => id }

  # A zone's number is the last digit of its id, so its subnets' ranges depend on no other zone.
  zone_numbers = { for name, id in local.zones : name => tonumber(substr(id, -1, 1)) - 1 }

  nat_zone = coalesce(
    one([for name, id in local.zones : name if contains([name, id], coalesce(var.single_nat_zone, "-"))]),
    local.zones != {} ? keys(local.zones)[0] : "none",
  )
  nat_zones = {
    none   = toset([])
    single = toset([local.nat_zone])
    per_az = toset(keys(local.zones))
  }[var.nat]
}

resource "terraform_data" "zones" {
  input = local.zones

  lifecycle {
    precondition {
      condition     = length(local.zones) == (length(var.zones) > 0 ? length(var.zones) : var.zone_count)
      error_message = "Write zones (or a zone_count) that the region can give: of ${jsonencode(local.region_zones)} only ${jsonencode(keys(local.usable_zones))} offer ${length(var.instance_types) > 0 ? join(", ", var.instance_types) : "what is needed"} and are allowed for EKS."
    }

    precondition {
      condition     = alltrue([for number in values(local.zone_numbers) : number >= 0 && number <= 5])
      error_message = "Write zones whose id ends in a digit from 1 to 6: the VPC's range is divided for six zones."
    }

    precondition {
      condition     = var.single_nat_zone == null || contains(concat(keys(local.zones), values(local.zones)), coalesce(var.single_nat_zone, "-"))
      error_message = "Write single_nat_zone as one of the zones used: ${jsonencode(local.zones)}."
    }
  }
}
