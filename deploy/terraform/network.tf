data "alicloud_account" "current" {}

locals {
  account     = data.alicloud_account.current.id
  own_vpc     = var.vpc_id == null
  vpc_id      = local.own_vpc ? one(alicloud_vpc.mms[*].id) : var.vpc_id
  vswitch_ids = local.own_vpc ? alicloud_vswitch.mms[*].id : var.vswitch_ids
}

resource "alicloud_vpc" "mms" {
  count = local.own_vpc ? 1 : 0

  vpc_name   = "mms-vpc"
  cidr_block = var.vpc_cidr
  tags       = var.tags

  lifecycle {
    precondition {
      condition     = length(var.vswitch_ids) == 0
      error_message = "vswitch_ids 只与 vpc_id 一起使用。"
    }
  }
}

resource "alicloud_vswitch" "mms" {
  count = local.own_vpc ? length(var.zones) : 0

  vpc_id       = local.vpc_id
  zone_id      = var.zones[count.index]
  cidr_block   = cidrsubnet(var.vpc_cidr, 8, count.index)
  vswitch_name = "mms-vswitch-${count.index + 1}"
  tags         = var.tags
}

resource "alicloud_eip_address" "mms" {
  count = var.instance_count

  address_name         = "mms-eip-${count.index + 1}"
  bandwidth            = tostring(var.bandwidth)
  internet_charge_type = var.bandwidth_charge_type
  payment_type         = "PayAsYouGo"
  isp                  = "BGP"
  deletion_protection  = var.deletion_protection
  tags                 = var.tags
}

resource "alicloud_eip_association" "mms" {
  count = var.instance_count

  allocation_id = alicloud_eip_address.mms[count.index].id
  instance_id   = alicloud_instance.mms[count.index].id
}
