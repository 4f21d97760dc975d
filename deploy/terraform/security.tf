# 规则与迁移清单 4.1.1 的表一致，不多不少：80、443 对所有人，22 只对管理地址，出方向全部放行。
locals {
  public_ports = {
    http  = { port = 80, description = "HTTP访问" }
    https = { port = 443, description = "HTTPS访问" }
  }
}

resource "alicloud_security_group" "mms" {
  security_group_name = "mms-production-sg"
  description         = "青绿氢能物料管理系统"
  vpc_id              = local.vpc_id
  security_group_type = "normal"
  inner_access_policy = "Accept"
  tags                = var.tags
}

resource "alicloud_security_group_rule" "public" {
  for_each = local.public_ports

  security_group_id = alicloud_security_group.mms.id
  type              = "ingress"
  ip_protocol       = "tcp"
  port_range        = "${each.value.port}/${each.value.port}"
  cidr_ip           = "0.0.0.0/0"
  policy            = "accept"
  priority          = 1
  description       = each.value.description
}

resource "alicloud_security_group_rule" "ssh" {
  for_each = toset(var.admin_cidrs)

  security_group_id = alicloud_security_group.mms.id
  type              = "ingress"
  ip_protocol       = "tcp"
  port_range        = "22/22"
  cidr_ip           = each.value
  policy            = "accept"
  priority          = 1
  description       = "SSH管理（限制IP）"
}

resource "alicloud_security_group_rule" "egress" {
  security_group_id = alicloud_security_group.mms.id
  type              = "egress"
  ip_protocol       = "all"
  port_range        = "-1/-1"
  cidr_ip           = "0.0.0.0/0"
  policy            = "accept"
  priority          = 1
  description       = "允许所有出站"
}
