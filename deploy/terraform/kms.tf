# 默认关闭：一个实例每月约千元，是整个方案的两三倍。便宜的办法见 docs/operations/aliyun.md。
resource "alicloud_kms_instance" "mms" {
  count = var.enable_kms ? 1 : 0

  instance_name   = "mms"
  product_version = "3"
  payment_type    = "PayAsYouGo"
  vpc_id          = local.vpc_id
  zone_ids        = slice(var.zones, 0, min(2, length(var.zones)))
  vswitch_ids     = [local.vswitch_ids[0]]
  tags            = var.tags

  lifecycle {
    precondition {
      condition     = length(var.zones) >= 2
      error_message = "KMS 实例需要两个可用区。"
    }
  }
}

resource "alicloud_kms_key" "mms" {
  count = var.enable_kms ? 1 : 0

  description            = "加密青绿氢能物料管理系统的凭据"
  dkms_instance_id       = alicloud_kms_instance.mms[0].id
  key_spec               = "Aliyun_AES_256"
  key_usage              = "ENCRYPT/DECRYPT"
  pending_window_in_days = 30
  deletion_protection    = var.deletion_protection ? "Enabled" : "Disabled"
  tags                   = var.tags
}

# 这里只占住名称：真正的值由 aliyun kms PutSecretValue 写入，不进入状态。
# 占位的值人人知道，所以短于 32 字节：程序在生产模式下既不用它签名，写入真正的值之后也不认它为上一个密钥。
resource "alicloud_kms_secret" "jwt" {
  count = var.enable_kms ? 1 : 0

  secret_name             = var.kms_secret_name
  description             = "JWT 签名密钥"
  secret_data             = "not-set"
  version_id              = "placeholder"
  secret_data_type        = "text"
  secret_type             = "Generic"
  dkms_instance_id        = alicloud_kms_instance.mms[0].id
  encryption_key_id       = alicloud_kms_key.mms[0].id
  recovery_window_in_days = 30
  tags                    = var.tags

  lifecycle {
    ignore_changes = [secret_data, version_id, version_stages]
  }
}
