# 状态存放处：一个加密、私有、有版本的存储空间。先在本机执行一次，它自己的状态留在本机（不含秘密）。
# 锁用表格存储（Tablestore）：在控制台建立一次，见 ../README.md。
terraform {
  required_version = ">= 1.5"

  required_providers {
    alicloud = {
      source  = "aliyun/alicloud"
      version = "~> 1.280"
    }
  }
}

variable "region" {
  description = "区域。"
  type        = string
  default     = "cn-hangzhou"
}

variable "suffix" {
  description = "加在全网唯一的名称之后。"
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$", var.suffix))
    error_message = "后缀为 1 至 22 个小写字母、数字或连字符，首尾不是连字符。"
  }
}

provider "alicloud" {
  region = var.region
}

resource "alicloud_oss_bucket" "state" {
  bucket          = "mms-terraform-state-${var.suffix}"
  redundancy_type = "ZRS"
  force_destroy   = false

  lifecycle_rule {
    id      = "versions"
    prefix  = ""
    enabled = true

    noncurrent_version_expiration {
      days = 365
    }
  }

  lifecycle {
    prevent_destroy = true
    ignore_changes  = [policy, versioning, server_side_encryption_rule]
  }
}

resource "alicloud_oss_bucket_acl" "state" {
  bucket = alicloud_oss_bucket.state.bucket
  acl    = "private"
}

resource "alicloud_oss_bucket_public_access_block" "state" {
  bucket              = alicloud_oss_bucket.state.bucket
  block_public_access = true
}

resource "alicloud_oss_bucket_versioning" "state" {
  bucket = alicloud_oss_bucket.state.bucket
  status = "Enabled"
}

resource "alicloud_oss_bucket_server_side_encryption" "state" {
  bucket        = alicloud_oss_bucket.state.bucket
  sse_algorithm = "AES256"
}

output "backend" {
  description = "terraform init 的 -backend-config。"
  value = {
    bucket = alicloud_oss_bucket.state.bucket
    region = var.region
    prefix = "mms"
  }
}
