# 高可用：两个可用区各一台服务器，ALB 在前，RDS 主备在后，文件在多可用区的 OSS。
terraform {
  required_version = ">= 1.5"

  required_providers {
    alicloud = {
      source  = "aliyun/alicloud"
      version = "~> 1.280"
    }
  }

  # bucket、region、tablestore_endpoint、tablestore_table 由 -backend-config 给出（../../README.md）。
  backend "oss" {
    prefix  = "mms"
    key     = "terraform.tfstate"
    encrypt = true
    acl     = "private"
  }
}

provider "alicloud" {
  region = var.region
}

variable "region" {
  description = "区域。"
  type        = string
  default     = "cn-hangzhou"
}

variable "suffix" {
  description = "全网唯一名称的后缀，如公司的缩写。"
  type        = string
}

variable "admin_cidrs" {
  description = "允许 SSH 的管理地址。"
  type        = list(string)
}

variable "public_key" {
  description = "管理员的 SSH 公钥。"
  type        = string
}

variable "domain" {
  description = "已备案的域名。"
  type        = string
}

variable "hosts" {
  description = "解析记录的主机名；其中任何一个都不能已有别的用途，否则两处会轮流得到访问。"
  type        = list(string)
  default     = ["api", "www"]
}

variable "zones" {
  description = "两个可用区；不给出则用区域的 j 与 k。"
  type        = list(string)
  default     = null
}

variable "enable_kms" {
  description = "KMS 实例，每月约千元；不要时密钥写在两台相同的 .env 里。"
  type        = bool
  default     = true
}

variable "enable_acr_enterprise" {
  description = "企业版镜像仓库；不要时用个人版，或经 ssh 传送镜像。"
  type        = bool
  default     = true
}

variable "certificate_id" {
  description = "证书服务中证书的编号，如 12345678-cn-hangzhou。"
  type        = string
}

variable "contacts" {
  description = "告警联系人。"
  type = map(object({
    mail  = string
    phone = optional(string)
  }))
}

variable "deletion_protection" {
  description = "删除保护；只在拆除之前关闭。"
  type        = bool
  default     = true
}

module "mms" {
  source = "../.."

  region                = var.region
  zones                 = var.zones != null ? var.zones : ["${var.region}-j", "${var.region}-k"]
  suffix                = var.suffix
  admin_cidrs           = var.admin_cidrs
  public_key            = var.public_key
  domain                = var.domain
  hosts                 = var.hosts
  certificate_id        = var.certificate_id
  contacts              = var.contacts
  instance_count        = 2
  instance_type         = "ecs.c7.large"
  disk_category         = "cloud_essd"
  bucket_redundancy     = "ZRS"
  enable_alb            = true
  enable_rds            = true
  enable_kms            = var.enable_kms
  enable_acr_enterprise = var.enable_acr_enterprise

  deletion_protection = var.deletion_protection
}

output "addresses" {
  description = "服务器的公网地址，仅用于管理。"
  value       = module.mms.addresses
}

output "alb_dns_name" {
  description = "ALB 的域名。"
  value       = module.mms.alb_dns_name
}

output "trusted_proxies" {
  description = "写入 nginx/trusted-proxies.conf 的网段。"
  value       = module.mms.trusted_proxies
}

output "database_host" {
  description = "RDS 的内网地址。"
  value       = module.mms.database_host
}

output "registry" {
  description = "镜像仓库。"
  value       = module.mms.registry
}

output "instance_ids" {
  description = "服务器的编号。"
  value       = module.mms.instance_ids
}

output "environment" {
  description = "写入 .env 的设置。"
  value       = module.mms.environment
}

output "site" {
  description = "站点的域名。"
  value       = module.mms.site
}

output "log_project" {
  description = "日志项目。"
  value       = module.mms.log_project
}
