locals {
  prepaid = var.instance_charge_type == "PrePaid"

  image_names = {
    alinux3    = "^aliyun_3_x64_20G_alibase_"
    debian12   = "^debian_12_[0-9]+_x64_20G_alibase_"
    ubuntu2204 = "^ubuntu_22_04_x64_20G_alibase_"
  }
}

data "alicloud_images" "system" {
  owners      = "system"
  name_regex  = local.image_names[var.os]
  most_recent = true
}

resource "alicloud_ecs_key_pair" "admin" {
  key_pair_name = "mms-admin-${var.suffix}"
  public_key    = var.public_key
  tags          = var.tags
}

resource "alicloud_ecs_auto_snapshot_policy" "daily" {
  auto_snapshot_policy_name = "mms-daily"
  repeat_weekdays           = ["1", "2", "3", "4", "5", "6", "7"]
  time_points               = ["4"] # 在每夜的 mms backup（2:30）之后
  retention_days            = var.snapshot_days
  tags                      = var.tags
}

resource "alicloud_instance" "mms" {
  count = var.instance_count

  instance_name                       = "mms-production-${count.index + 1}"
  instance_type                       = var.instance_type
  instance_charge_type                = var.instance_charge_type
  period                              = local.prepaid ? var.instance_period : null
  renewal_status                      = local.prepaid ? "AutoRenewal" : null # 否则到期即停机
  auto_renew_period                   = local.prepaid ? var.instance_period : null
  include_data_disks                  = false # 改为包年包月时，数据盘仍按量付费
  image_id                            = coalesce(var.image_id, data.alicloud_images.system.images[0].id)
  vswitch_id                          = local.vswitch_ids[count.index % length(local.vswitch_ids)]
  security_groups                     = [alicloud_security_group.mms.id]
  internet_max_bandwidth_out          = 0 # 公网地址是弹性的，见 network.tf
  key_name                            = alicloud_ecs_key_pair.admin.key_pair_name
  system_disk_category                = var.disk_category
  system_disk_size                    = var.system_disk_size
  system_disk_encrypted               = true
  system_disk_auto_snapshot_policy_id = alicloud_ecs_auto_snapshot_policy.daily.id
  security_enhancement_strategy       = "Active"
  http_endpoint                       = "enabled"
  http_tokens                         = "required" # 元数据只凭令牌读取
  # 只适用于按量付费；包年包月的到期前本就不能释放。
  deletion_protection = var.deletion_protection && !local.prepaid
  tags                = var.tags

  # 不含任何秘密：任何进程都能读到它。
  user_data = base64encode(templatefile("${path.module}/user-data.yaml", {
    region      = var.region
    account     = local.account
    identity    = local.log_identity
    disk_serial = trimprefix(alicloud_ecs_disk.data[count.index].id, "d-")
  }))

  lifecycle {
    # 新镜像、新的启动数据不应让运行着的服务器重建。
    ignore_changes = [image_id, user_data]

    precondition {
      condition     = var.instance_count == 1 || (var.enable_rds && var.enable_alb)
      error_message = "多于一台服务器时须启用 enable_rds 与 enable_alb。"
    }
    precondition {
      condition     = length(local.vswitch_ids) == length(var.zones)
      error_message = "vswitch_ids 须与 zones 一一对应。"
    }
    precondition {
      condition     = alltrue([for zone in var.zones : startswith(zone, var.region)])
      error_message = "zones 须是 region 中的可用区。"
    }
  }
}

# 数据盘独立于服务器：换服务器时数据还在。
resource "alicloud_ecs_disk" "data" {
  count = var.instance_count

  disk_name            = "mms-data-${count.index + 1}"
  zone_id              = var.zones[count.index % length(var.zones)]
  category             = var.disk_category
  size                 = var.data_disk_size
  encrypted            = true
  delete_with_instance = false
  payment_type         = "PayAsYouGo"
  tags                 = var.tags

  lifecycle {
    prevent_destroy = true
  }
}

resource "alicloud_ecs_disk_attachment" "data" {
  count = var.instance_count

  disk_id     = alicloud_ecs_disk.data[count.index].id
  instance_id = alicloud_instance.mms[count.index].id
}

resource "alicloud_ecs_auto_snapshot_policy_attachment" "data" {
  count = var.instance_count

  auto_snapshot_policy_id = alicloud_ecs_auto_snapshot_policy.daily.id
  disk_id                 = alicloud_ecs_disk.data[count.index].id
}
