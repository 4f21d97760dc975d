# 没有 ALB：A 记录指向弹性公网地址；有 ALB：CNAME，因为它的地址会变。
resource "alicloud_alidns_record" "mms" {
  for_each = var.domain == null ? toset([]) : toset(var.hosts)

  domain_name = var.domain
  rr          = each.value
  type        = var.enable_alb ? "CNAME" : "A"
  value       = var.enable_alb ? one(alicloud_alb_load_balancer.mms[*].dns_name) : alicloud_eip_address.mms[0].ip_address
  ttl         = 600
  remark      = "青绿氢能物料管理系统"
}

locals {
  site = var.domain == null ? null : (var.hosts[0] == "@" ? var.domain : "${var.hosts[0]}.${var.domain}")
}
