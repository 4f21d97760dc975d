# 标准版：服务器上的 nginx 只在 443 端口提供服务（80 端口转到 https），基础版不能用 HTTPS 做健康检查。
resource "alicloud_alb_load_balancer" "mms" {
  count = var.enable_alb ? 1 : 0

  load_balancer_name     = "mms-alb"
  load_balancer_edition  = "Standard"
  address_type           = "Internet"
  address_allocated_mode = "Dynamic"
  vpc_id                 = local.vpc_id
  tags                   = var.tags

  load_balancer_billing_config {
    pay_type = "PayAsYouGo"
  }

  deletion_protection_config {
    enabled = var.deletion_protection
  }

  dynamic "zone_mappings" {
    for_each = zipmap(var.zones, local.vswitch_ids)
    content {
      zone_id    = zone_mappings.key
      vswitch_id = zone_mappings.value
    }
  }

  lifecycle {
    precondition {
      condition     = length(var.zones) >= 2
      error_message = "ALB 至少需要两个可用区。"
    }
    precondition {
      condition     = local.certificate_id != null
      error_message = "ALB 需要证书：给出 certificate_id，或 certificate_pem 与 certificate_key。"
    }
  }
}

resource "alicloud_alb_server_group" "mms" {
  count = var.enable_alb ? 1 : 0

  server_group_name = "mms-servers"
  vpc_id            = local.vpc_id
  protocol          = "HTTPS"
  scheduler         = "Wrr"
  tags              = var.tags

  # 清单 4.3.1：/api/health，间隔 5 秒，超时 3 秒，2 次为健康，3 次为不健康。
  health_check_config {
    health_check_enabled      = true
    health_check_protocol     = "HTTPS"
    health_check_method       = "GET"
    health_check_path         = "/api/health"
    health_check_codes        = ["http_2xx"]
    health_check_connect_port = 0
    health_check_http_version = "HTTP1.1"
    health_check_interval     = 5
    health_check_timeout      = 3
    healthy_threshold         = 2
    unhealthy_threshold       = 3
  }

  connection_drain_config {
    connection_drain_enabled = true
    connection_drain_timeout = 30
  }

  dynamic "servers" {
    for_each = alicloud_instance.mms
    content {
      server_id   = servers.value.id
      server_type = "Ecs"
      port        = 443
      weight      = 100 # 默认的 0 得不到任何请求
      description = servers.value.instance_name
    }
  }
}

resource "alicloud_alb_listener" "https" {
  count = var.enable_alb ? 1 : 0

  load_balancer_id     = alicloud_alb_load_balancer.mms[0].id
  listener_description = "https"
  listener_protocol    = "HTTPS"
  listener_port        = 443
  security_policy_id   = "tls_cipher_policy_1_2_strict_with_1_3"
  http2_enabled        = true
  idle_timeout         = 60
  request_timeout      = 120
  tags                 = var.tags

  certificates {
    certificate_id = local.certificate_id
  }

  default_actions {
    type = "ForwardGroup"
    forward_group_config {
      server_group_tuples {
        server_group_id = alicloud_alb_server_group.mms[0].id
      }
    }
  }

  x_forwarded_for_config {
    x_forwarded_for_enabled       = true
    x_forwarded_for_proto_enabled = true
  }
}

resource "alicloud_alb_listener" "http" {
  count = var.enable_alb ? 1 : 0

  load_balancer_id     = alicloud_alb_load_balancer.mms[0].id
  listener_description = "http"
  listener_protocol    = "HTTP"
  listener_port        = 80
  tags                 = var.tags

  # 监听的默认动作只能是转发；转到 https 的是下面的规则。
  default_actions {
    type = "ForwardGroup"
    forward_group_config {
      server_group_tuples {
        server_group_id = alicloud_alb_server_group.mms[0].id
      }
    }
  }
}

resource "alicloud_alb_rule" "redirect" {
  count = var.enable_alb ? 1 : 0

  listener_id = alicloud_alb_listener.http[0].id
  rule_name   = "to-https"
  priority    = 1

  rule_conditions {
    type = "Path"
    path_config {
      values = ["/*"]
    }
  }

  rule_actions {
    order = 1
    type  = "Redirect"
    redirect_config {
      protocol  = "HTTPS"
      port      = "443"
      http_code = "301"
    }
  }

  depends_on = [alicloud_alb_listener.https]
}
