# 采集什么、字段、查询与告警写在 deploy/logtail/ 的 JSON 里；程序确实写这些字段，由测试核对。
locals {
  log_project  = coalesce(var.log_project_name, "mms-logs-${var.suffix}")
  log_identity = "mms-prod"
  log_endpoint = "${var.region}-intranet.log.aliyuncs.com"

  logtail    = "${path.module}/../logtail"
  logstores  = { for name, one in jsondecode(file("${local.logtail}/logstores.json")) : name => one if var.enable_sls }
  pipelines  = { for name, one in jsondecode(file("${local.logtail}/pipelines.json")) : name => one if var.enable_sls }
  log_alerts = { for name, one in jsondecode(file("${local.logtail}/alerts.json")) : name => one if var.enable_sls }
}

resource "alicloud_log_project" "mms" {
  count = var.enable_sls ? 1 : 0

  project_name = local.log_project
  description  = "青绿氢能物料管理系统"
  tags         = var.tags
}

resource "alicloud_log_store" "mms" {
  for_each = local.logstores

  project_name          = alicloud_log_project.mms[0].project_name
  logstore_name         = each.key
  retention_period      = var.log_retention_days
  hot_ttl               = 30
  shard_count           = 1
  auto_split            = true
  max_split_shard_count = 4
  append_meta           = true
}

resource "alicloud_log_store_index" "mms" {
  for_each = local.logstores

  project  = alicloud_log_project.mms[0].project_name
  logstore = alicloud_log_store.mms[each.key].logstore_name

  full_text {
    case_sensitive  = false
    include_chinese = true
    token           = local.log_tokens
  }

  dynamic "field_search" {
    for_each = each.value.fields
    content {
      name             = field_search.key
      type             = field_search.value
      enable_analytics = true
      token            = field_search.value == "text" ? local.log_tokens : null
      include_chinese  = field_search.value == "text"
    }
  }
}

locals {
  log_tokens = " ,'\";=()[]{}?@&<>/:\n\t\r"
}

# 机器组按自定义标识：更换或增加服务器时不用改。
resource "alicloud_sls_machine_group" "mms" {
  count = var.enable_sls ? 1 : 0

  project_name          = alicloud_log_project.mms[0].project_name
  group_name            = "mms-production"
  machine_identify_type = "userdefined"
  machine_list          = [local.log_identity]

  depends_on = [alicloud_log_store.mms]
}

# 嵌套的值写作 JSON 文本，提供商会还原为对象。
resource "alicloud_sls_logtail_pipeline_config" "mms" {
  for_each = local.pipelines

  project     = alicloud_log_project.mms[0].project_name
  config_name = each.key
  inputs      = [for input in each.value.inputs : { for key, value in input : key => try(tostring(value), jsonencode(value)) }]
  processors  = [for step in each.value.processors : { for key, value in step : key => try(tostring(value), jsonencode(value)) }]
  flushers = [{
    Type          = "flusher_sls"
    Logstore      = alicloud_log_store.mms[each.value.logstore].logstore_name
    Region        = var.region
    Endpoint      = local.log_endpoint
    TelemetryType = "logs"
  }]
}

resource "alicloud_logtail_attachment" "mms" {
  for_each = local.pipelines

  project             = alicloud_log_project.mms[0].project_name
  logtail_config_name = alicloud_sls_logtail_pipeline_config.mms[each.key].config_name
  machine_group_name  = alicloud_sls_machine_group.mms[0].group_name
}

resource "alicloud_sls_alert" "mms" {
  for_each = local.log_alerts

  project_name = alicloud_log_project.mms[0].project_name
  alert_name   = each.key
  display_name = each.value.title
  description  = each.value.description
  status       = "ENABLED"

  schedule {
    type           = "FixedRate"
    interval       = each.value.every
    time_zone      = "+0800"
    delay          = 10
    run_immdiately = true # 提供商的拼写
  }

  configuration {
    type          = "default"
    version       = "2.0"
    threshold     = each.value.times # 连续成立几次才告警
    no_data_fire  = each.value.fire_without_data
    send_resolved = true

    query_list {
      store_type     = "log"
      project        = alicloud_log_project.mms[0].project_name
      store          = alicloud_log_store.mms[each.value.logstore].logstore_name
      region         = var.region
      query          = each.value.query
      time_span_type = "Relative"
      start          = each.value.from
      end            = "now"
      power_sql_mode = "auto"
    }

    group_configuration {
      type = "no_group"
    }

    severity_configurations {
      severity = each.value.severity
      eval_condition {
        condition = each.value.condition
      }
    }

    policy_configuration {
      alert_policy_id  = "sls.builtin.dynamic"
      action_policy_id = var.sls_action_policy
      repeat_interval  = "1h"
    }

    annotations {
      key   = "title"
      value = each.value.title
    }
    annotations {
      key   = "desc"
      value = each.value.description
    }
  }

  depends_on = [alicloud_log_store_index.mms]
}
