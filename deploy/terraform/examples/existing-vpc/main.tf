# 已有专有网络：只在其中增加服务器与云服务，网络不由这里管理。
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

variable "vpc_id" {
  description = "已有专有网络的编号。"
  type        = string
}

variable "vswitch_id" {
  description = "其中一台交换机的编号。"
  type        = string
}

variable "zone" {
  description = "这台交换机所在的可用区。"
  type        = string
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

  region      = var.region
  zones       = [var.zone]
  vpc_id      = var.vpc_id
  vswitch_ids = [var.vswitch_id]
  suffix      = var.suffix
  admin_cidrs = var.admin_cidrs
  public_key  = var.public_key
  domain      = var.domain
  hosts       = var.hosts
  contacts    = var.contacts
  os          = "debian12"

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
