# 服务器上没有 AccessKey：程序经 ECS 角色得到短期凭证。
resource "alicloud_ram_role" "ecs" {
  role_name                   = "mms-ecs-role"
  description                 = "青绿氢能物料管理系统的服务器"
  assume_role_policy_document = file("${path.module}/policies/ecs-trust.json")
  max_session_duration        = 3600
  tags                        = var.tags
}

resource "alicloud_ram_policy" "oss" {
  policy_name     = "mms-oss"
  description     = "服务器读写自己的文件；备份只能写和读，不能删"
  rotate_strategy = "DeleteOldestNonDefaultVersionWhenLimitExceeded"
  policy_document = templatefile("${path.module}/policies/ecs-oss.json", { bucket = local.bucket })
}

resource "alicloud_ram_role_policy_attachment" "oss" {
  role_name   = alicloud_ram_role.ecs.role_name
  policy_name = alicloud_ram_policy.oss.policy_name
  policy_type = "Custom"
}

resource "alicloud_ram_policy" "kms" {
  count = var.enable_kms ? 1 : 0

  policy_name     = "mms-kms"
  description     = "服务器读取 JWT 密钥"
  rotate_strategy = "DeleteOldestNonDefaultVersionWhenLimitExceeded"
  policy_document = templatefile("${path.module}/policies/ecs-kms.json", {
    region  = var.region
    account = local.account
    secret  = var.kms_secret_name
    key     = alicloud_kms_key.mms[0].id
  })
}

resource "alicloud_ram_role_policy_attachment" "kms" {
  count = var.enable_kms ? 1 : 0

  role_name   = alicloud_ram_role.ecs.role_name
  policy_name = alicloud_ram_policy.kms[0].policy_name
  policy_type = "Custom"
}

resource "alicloud_ecs_ram_role_attachment" "ecs" {
  count = var.instance_count

  instance_id   = alicloud_instance.mms[count.index].id
  ram_role_name = alicloud_ram_role.ecs.role_name
}

# 给人或流水线的权限只建策略，不建用户：访问密钥因此不进入状态。
resource "alicloud_ram_policy" "acme" {
  count = var.domain == null ? 0 : 1

  policy_name     = "mms-acme"
  description     = "申请证书时改写域名的验证记录"
  rotate_strategy = "DeleteOldestNonDefaultVersionWhenLimitExceeded"
  policy_document = templatefile("${path.module}/policies/acme.json", { account = local.account, domain = var.domain })
}

resource "alicloud_ram_policy" "restore" {
  policy_name     = "mms-restore"
  description     = "恢复演练：只读备份"
  rotate_strategy = "DeleteOldestNonDefaultVersionWhenLimitExceeded"
  policy_document = templatefile("${path.module}/policies/restore.json", { bucket = local.bucket })
}

resource "alicloud_ram_policy" "migrate" {
  policy_name     = "mms-migrate"
  description     = "一次性迁移文件；迁移后解除"
  rotate_strategy = "DeleteOldestNonDefaultVersionWhenLimitExceeded"
  policy_document = templatefile("${path.module}/policies/migrate.json", { bucket = local.bucket })
}

resource "alicloud_ram_policy" "push" {
  count = var.enable_acr_enterprise ? 1 : 0

  policy_name     = "mms-push"
  description     = "推送镜像"
  rotate_strategy = "DeleteOldestNonDefaultVersionWhenLimitExceeded"
  policy_document = templatefile("${path.module}/policies/push.json", {
    region   = var.region
    account  = local.account
    instance = alicloud_cr_ee_instance.mms[0].id
  })
}
