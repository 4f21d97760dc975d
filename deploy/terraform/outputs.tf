output "addresses" {
  description = "服务器的公网地址；scripts/deploy.sh 的目标。"
  value       = alicloud_eip_address.mms[*].ip_address
}

output "instance_ids" {
  description = "服务器的编号。"
  value       = alicloud_instance.mms[*].id
}

output "site" {
  description = "站点的域名。"
  value       = local.site
}

output "security_group_id" {
  description = "安全组 mms-production-sg。"
  value       = alicloud_security_group.mms.id
}

output "trusted_proxies" {
  description = "有 ALB 时写入 nginx/trusted-proxies.conf 的网段；用已有的专有网络时为空，自行写入其交换机的网段。"
  value       = var.enable_alb && local.own_vpc ? alicloud_vswitch.mms[*].cidr_block : []
}

output "alb_dns_name" {
  description = "ALB 的域名；没有则为 null。"
  value       = one(alicloud_alb_load_balancer.mms[*].dns_name)
}

output "registry" {
  description = "镜像仓库，.env 的 MMS_REGISTRY（服务器从专有网络拉取）。"
  value       = var.enable_acr_enterprise ? "mms-${var.suffix}-registry-vpc.${var.region}.cr.aliyuncs.com/mms/" : var.registry
}

# 写入 .env 的设置，都不是秘密。
output "environment" {
  description = "服务的设置。"
  value = {
    OSS_REGION      = var.region
    OSS_BUCKET      = alicloud_oss_bucket.uploads.bucket
    OSS_ENDPOINT    = "https://oss-${var.region}-internal.aliyuncs.com"
    KMS_ENDPOINT    = var.enable_kms ? "kms-vpc.${var.region}.aliyuncs.com" : ""
    KMS_SECRET_NAME = var.enable_kms ? var.kms_secret_name : ""
  }
}

output "ecs_role_name" {
  description = "服务器的角色。"
  value       = alicloud_ram_role.ecs.role_name
}

output "log_project" {
  description = "日志项目；没有启用则为 null。"
  value       = one(alicloud_log_project.mms[*].project_name)
}

output "database_host" {
  description = "RDS 的内网地址；DATABASE_URL=postgresql://mms:口令@此地址:5432/mms?sslmode=require"
  value       = one(alicloud_db_instance.mms[*].connection_string)
}
