# 个人版的命名空间与仓库已不能由 Terraform 建立（资源已废弃）：由人建立一次，见 README。
resource "alicloud_cr_ee_instance" "mms" {
  count = var.enable_acr_enterprise ? 1 : 0

  instance_name  = "mms-${var.suffix}"
  instance_type  = "Basic"
  payment_type   = "Subscription"
  period         = 1
  renewal_status = "ManualRenewal"
  image_scanner  = "ACR"
  tags           = var.tags
}

resource "alicloud_cr_ee_namespace" "mms" {
  count = var.enable_acr_enterprise ? 1 : 0

  instance_id        = alicloud_cr_ee_instance.mms[0].id
  name               = "mms"
  auto_create        = false
  default_visibility = "PRIVATE"
}

resource "alicloud_cr_ee_repo" "mms" {
  for_each = var.enable_acr_enterprise ? toset(["mms-backend", "mms-frontend"]) : toset([])

  instance_id      = alicloud_cr_ee_instance.mms[0].id
  namespace        = alicloud_cr_ee_namespace.mms[0].name
  name             = each.value
  summary          = "青绿氢能物料管理系统"
  repo_type        = "PRIVATE"
  tag_immutability = true
}

resource "alicloud_cr_vpc_endpoint_linked_vpc" "mms" {
  count = var.enable_acr_enterprise ? 1 : 0

  instance_id                      = alicloud_cr_ee_instance.mms[0].id
  vpc_id                           = local.vpc_id
  vswitch_id                       = local.vswitch_ids[0]
  module_name                      = "Registry"
  enable_create_dns_record_in_pvzt = true
}
