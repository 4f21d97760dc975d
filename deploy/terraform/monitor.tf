# 清单 5.2.2。内存与磁盘的数据来自服务器上的云监控插件。
locals {
  instance_dimensions = jsonencode([for instance in alicloud_instance.mms : { instanceId = instance.id }])

  # 超过阈值，连续三次（每次一分钟）。
  thresholds = {
    cpu    = { name = "MMS CPU使用率", metric = "CPUUtilization", threshold = 80 }
    memory = { name = "MMS 内存使用率", metric = "memory_usedutilization", threshold = 85 }
    disk   = { name = "MMS 磁盘使用率", metric = "diskusage_utilization", threshold = 90 }
  }
  # 异常：比上周同一时刻多出一倍；以及接近所购带宽（bit/s）。
  traffic = {
    in  = { name = "MMS 网络入流量", metric = "VPC_PublicIP_InternetInRate" }
    out = { name = "MMS 网络出流量", metric = "VPC_PublicIP_InternetOutRate" }
  }
  bandwidth_alarm = var.bandwidth * 1000000 * 0.8
}

resource "alicloud_cms_alarm_contact" "person" {
  for_each = var.contacts

  alarm_contact_name = each.key
  describe           = "青绿氢能物料管理系统"
  channels_mail      = each.value.mail
  channels_sms       = each.value.phone
  lang               = "zh-cn"

  lifecycle {
    # 本人确认之前，邮箱与手机号不会出现在查询结果中。
    ignore_changes = [channels_mail, channels_sms]
  }
}

resource "alicloud_cms_alarm_contact_group" "mms" {
  alarm_contact_group_name = "MMS值班"
  describe                 = "青绿氢能物料管理系统"
  contacts                 = [for person in alicloud_cms_alarm_contact.person : person.alarm_contact_name]
}

resource "alicloud_cms_monitor_group" "mms" {
  monitor_group_name = "MMS生产环境"
  contact_groups     = [alicloud_cms_alarm_contact_group.mms.alarm_contact_group_name]
  tags               = var.tags
}

resource "alicloud_cms_monitor_group_instances" "mms" {
  group_id = alicloud_cms_monitor_group.mms.id

  dynamic "instances" {
    for_each = alicloud_instance.mms
    content {
      instance_id   = instances.value.id
      instance_name = instances.value.instance_name
      region_id     = var.region
      category      = "ecs"
    }
  }
}

resource "alicloud_cms_alarm" "threshold" {
  for_each = local.thresholds

  name               = "${each.value.name} > ${each.value.threshold}%"
  project            = "acs_ecs_dashboard"
  metric             = each.value.metric
  metric_dimensions  = local.instance_dimensions
  period             = 60
  silence_time       = 3600
  effective_interval = "00:00-23:59"
  contact_groups     = [alicloud_cms_alarm_contact_group.mms.alarm_contact_group_name]
  tags               = var.tags

  escalations_critical {
    comparison_operator = ">"
    statistics          = "Average"
    threshold           = tostring(each.value.threshold)
    times               = 3
  }
}

resource "alicloud_cms_alarm" "unusual_traffic" {
  for_each = local.traffic

  name              = "${each.value.name}异常"
  project           = "acs_ecs_dashboard"
  metric            = each.value.metric
  metric_dimensions = local.instance_dimensions
  period            = 300
  silence_time      = 3600
  contact_groups    = [alicloud_cms_alarm_contact_group.mms.alarm_contact_group_name]
  tags              = var.tags

  escalations_warn {
    comparison_operator = "GreaterThanLastWeek"
    statistics          = "Average"
    threshold           = "100"
    times               = 3
  }
}

resource "alicloud_cms_alarm" "full_traffic" {
  for_each = local.traffic

  name              = "${each.value.name}接近带宽上限"
  project           = "acs_ecs_dashboard"
  metric            = each.value.metric
  metric_dimensions = local.instance_dimensions
  period            = 60
  silence_time      = 3600
  contact_groups    = [alicloud_cms_alarm_contact_group.mms.alarm_contact_group_name]
  tags              = var.tags

  escalations_warn {
    comparison_operator = ">"
    statistics          = "Average"
    threshold           = tostring(local.bandwidth_alarm)
    times               = 5
  }
}

# 从外面看：不依赖服务器自己。按探测次数计费：三个探测点每五分钟一次，每月约 26,000 次；每分钟一次是五倍。
resource "alicloud_cms_site_monitor" "health" {
  count = local.site == null ? 0 : 1

  task_name = "mms-health"
  task_type = "HTTP"
  address   = "https://${local.site}/api/health"
  interval  = "5"

  option_json {
    http_method = "get"
    timeout     = 5000
  }
}

resource "alicloud_cms_event_rule" "ecs" {
  rule_name    = "mms-ecs-critical"
  group_id     = alicloud_cms_monitor_group.mms.id
  description  = "服务器因系统故障重启、磁盘出错等"
  silence_time = 3600
  status       = "ENABLED"

  event_pattern {
    product    = "ecs"
    level_list = ["CRITICAL"]
  }

  contact_parameters {
    contact_parameters_id = "1"
    contact_group_name    = alicloud_cms_alarm_contact_group.mms.alarm_contact_group_name
    level                 = "2"
  }
}

resource "alicloud_cloud_monitor_service_agent_config" "agent" {
  count = var.install_monitor_agent ? 1 : 0

  enable_install_agent_new_ecs = true
}
