# 账号不在这里建立，口令因此不进入状态：见 docs/operations/aliyun.md。
resource "alicloud_db_instance" "mms" {
  count = var.enable_rds ? 1 : 0

  engine                   = "PostgreSQL"
  engine_version           = "16.0"
  instance_name            = "mms"
  instance_type            = var.rds_instance_type
  instance_storage         = var.rds_storage
  db_instance_storage_type = "cloud_essd"
  category                 = var.rds_category
  instance_charge_type     = "Postpaid"
  vswitch_id               = local.vswitch_ids[0]
  zone_id                  = var.zones[0]
  zone_id_slave_a          = var.rds_category == "HighAvailability" ? var.zones[min(1, length(var.zones) - 1)] : null
  security_ips             = alicloud_instance.mms[*].private_ip
  ssl_action               = "Open"
  storage_auto_scale       = "Enable"
  storage_threshold        = 10
  storage_upper_bound      = var.rds_storage * 2
  deletion_protection      = var.deletion_protection
  tags                     = var.tags

  lifecycle {
    prevent_destroy = true
  }
}

resource "alicloud_db_database" "mms" {
  count = var.enable_rds ? 1 : 0

  instance_id    = alicloud_db_instance.mms[0].id
  data_base_name = "mms"
  character_set  = "UTF8,C,en_US.utf8"
  description    = "青绿氢能物料管理系统"
}

resource "alicloud_db_backup_policy" "mms" {
  count = var.enable_rds ? 1 : 0

  instance_id                 = alicloud_db_instance.mms[0].id
  preferred_backup_period     = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
  preferred_backup_time       = "18:00Z-19:00Z" # 北京时间 2 至 3 时
  backup_retention_period     = 30
  enable_backup_log           = true
  log_backup_retention_period = 30
}
