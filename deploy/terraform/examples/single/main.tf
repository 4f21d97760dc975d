# 单机：一台服务器，SQLite，nginx 直接对外。每月约 300 至 400 元，不含带宽。
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
  description = "已备案的域名；没有则不建解析记录。"
  type        = string
  default     = null
}

variable "hosts" {
  description = "解析记录的主机名；其中任何一个都不能已有别的用途，否则两处会轮流得到访问。"
  type        = list(string)
  default     = ["api", "www"]
}

variable "zone" {
  description = "可用区；不给出则用区域的 j。"
  type        = string
  default     = null
}

variable "os" {
  description = "操作系统：alinux3、debian12 或 ubuntu2204。"
  type        = string
  default     = "alinux3"
}

variable "instance_charge_type" {
  description = "PostPaid 按量付费；PrePaid 包年包月（备案须有一台三个月以上的）。"
  type        = string
  default     = "PostPaid"
}

variable "instance_period" {
  description = "包年包月的月数，到期自动按此续费。"
  type        = number
  default     = 12
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

  region               = var.region
  zones                = [coalesce(var.zone, "${var.region}-j")]
  suffix               = var.suffix
  admin_cidrs          = var.admin_cidrs
  public_key           = var.public_key
  domain               = var.domain
  hosts                = var.hosts
  contacts             = var.contacts
  os                   = var.os
  instance_type        = "ecs.e-c1m2.large"
  instance_charge_type = var.instance_charge_type
  instance_period      = var.instance_period

  deletion_protection = var.deletion_protection
}

output "addresses" {
  description = "服务器的公网地址。"
  value       = module.mms.addresses
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
