# 本目录是一个模块：提供商的区域与状态存放处由使用它的目录决定（examples/）。
terraform {
  required_version = ">= 1.5"

  required_providers {
    alicloud = {
      source  = "aliyun/alicloud"
      version = "~> 1.280"
    }
  }
}
