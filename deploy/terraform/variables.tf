# ---- 名称与位置

variable "region" {
  description = "区域，如 cn-hangzhou；与提供商的区域相同。"
  type        = string
  default     = "cn-hangzhou"

  validation {
    condition     = can(regex("^[a-z]{2}-[a-z]+(-[0-9]+)?$", var.region))
    error_message = "区域写作 cn-hangzhou 这样的编号。"
  }
}

variable "zones" {
  description = "可用区，每个一台交换机；ALB 至少需要两个。"
  type        = list(string)

  validation {
    condition     = length(var.zones) >= 1 && length(var.zones) == length(distinct(var.zones))
    error_message = "至少给出一个可用区，且不重复。"
  }
}

variable "suffix" {
  description = "加在全网唯一的名称之后（OSS 存储空间、SLS 项目），如公司的缩写。"
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$", var.suffix))
    error_message = "后缀为 1 至 22 个小写字母、数字或连字符，首尾不是连字符。"
  }
}

variable "tags" {
  description = "加在所有资源上的标签。"
  type        = map(string)
  default     = { app = "mms", env = "prod" }
}

variable "deletion_protection" {
  description = "服务器、地址、ALB、RDS 与 KMS 密钥的删除保护；只在拆除之前关闭。"
  type        = bool
  default     = true
}

# ---- 网络

variable "vpc_id" {
  description = "已有的专有网络；不给出则新建。给出时 vswitch_ids 也须给出。"
  type        = string
  default     = null
}

variable "vswitch_ids" {
  description = "已有的交换机，与 zones 一一对应；仅与 vpc_id 一起使用。"
  type        = list(string)
  default     = []
}

variable "vpc_cidr" {
  description = "新建专有网络的网段。"
  type        = string
  default     = "10.20.0.0/16"

  validation {
    condition     = can(cidrsubnet(var.vpc_cidr, 8, 0)) && can(regex("^(10|172\\.(1[6-9]|2[0-9]|3[01])|192\\.168)\\..*/(8|9|1[0-9]|20)$", var.vpc_cidr))
    error_message = "须为私有网段，前缀为 8 至 20：每台交换机再分 8 位，而交换机的前缀不能长于 29，并要给 ALB 留出 8 个地址。"
  }
}

variable "admin_cidrs" {
  description = "允许 SSH 的管理地址，如 203.0.113.7/32。没有默认值：22 端口从不向所有人开放。"
  type        = list(string)

  validation {
    condition     = length(var.admin_cidrs) >= 1 && alltrue([for cidr in var.admin_cidrs : can(cidrhost(cidr, 0)) && can(regex("^[0-9.]+/(2[4-9]|3[0-2])$", cidr))])
    error_message = "至少给出一个 IPv4 网段，前缀为 24 至 32。"
  }
}

# ---- ECS

variable "instance_count" {
  description = "服务器台数；多于一台时须启用 enable_rds 与 enable_alb（SQLite 只能由一台使用）。"
  type        = number
  default     = 1

  validation {
    condition     = var.instance_count >= 1 && var.instance_count <= 4 && floor(var.instance_count) == var.instance_count
    error_message = "台数为 1 至 4。"
  }
}

variable "instance_type" {
  description = "规格；large 为 2 核 4G。经济型 e 最便宜，通用算力型 u1 与计算型 c 性能稳定。"
  type        = string
  default     = "ecs.u1-c1m2.large"

  validation {
    condition     = can(regex("^ecs\\.(e-c1m2|u1-c1m2|c[6-9][a-z]*)\\.(large|xlarge|2xlarge)$", var.instance_type))
    error_message = "须为 CPU 与内存 1:2 的规格：ecs.e-c1m2.large、ecs.u1-c1m2.large、ecs.c7.large 或更大。"
  }
}

variable "instance_charge_type" {
  description = "PostPaid 按量付费；PrePaid 包年包月，约省一半。"
  type        = string
  default     = "PostPaid"

  validation {
    condition     = contains(["PostPaid", "PrePaid"], var.instance_charge_type)
    error_message = "只能是 PostPaid 或 PrePaid。"
  }
}

variable "instance_period" {
  description = "包年包月的月数，到期自动按此续费；仅在 PrePaid 时起作用。"
  type        = number
  default     = 12

  validation {
    condition     = contains([1, 2, 3, 6, 12], var.instance_period)
    error_message = "月数为 1、2、3、6 或 12。"
  }
}

variable "os" {
  description = "操作系统：alinux3、debian12 或 ubuntu2204；scripts/bootstrap-ecs.sh 支持这三种。"
  type        = string
  default     = "alinux3"

  validation {
    condition     = contains(["alinux3", "debian12", "ubuntu2204"], var.os)
    error_message = "只能是 alinux3、debian12 或 ubuntu2204。"
  }
}

variable "image_id" {
  description = "指定镜像编号；不给出则用该系统最新的公共镜像。"
  type        = string
  default     = null
}

variable "public_key" {
  description = "管理员的 SSH 公钥（一行）。私钥不经过 Terraform。"
  type        = string

  validation {
    condition     = can(regex("^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+=* ?[^\n]*$", var.public_key))
    error_message = "须为一行 OpenSSH 公钥，如 ssh-ed25519 AAAA… 。"
  }
}

variable "system_disk_size" {
  description = "系统盘大小（GiB）。"
  type        = number
  default     = 40

  validation {
    condition     = var.system_disk_size >= 20 && var.system_disk_size <= 500 && floor(var.system_disk_size) == var.system_disk_size
    error_message = "系统盘为 20 至 500 GiB，整数。"
  }
}

variable "data_disk_size" {
  description = "数据盘大小（GiB），挂载于 /data，与服务器分开保存。"
  type        = number
  default     = 40

  validation {
    condition     = var.data_disk_size >= 20 && var.data_disk_size <= 2000 && floor(var.data_disk_size) == var.data_disk_size
    error_message = "数据盘为 20 至 2000 GiB，整数。"
  }
}

variable "disk_category" {
  description = "云盘类型。"
  type        = string
  default     = "cloud_essd_entry"

  validation {
    condition     = contains(["cloud_essd_entry", "cloud_essd", "cloud_auto"], var.disk_category)
    error_message = "只能是 cloud_essd_entry、cloud_essd 或 cloud_auto。"
  }
}

variable "snapshot_days" {
  description = "自动快照保留天数。快照不能代替 mms backup。"
  type        = number
  default     = 7

  validation {
    condition     = var.snapshot_days >= 1 && var.snapshot_days <= 365 && floor(var.snapshot_days) == var.snapshot_days
    error_message = "保留 1 至 365 天，整数。"
  }
}

variable "bandwidth" {
  description = "公网带宽上限（Mbit/s）。"
  type        = number
  default     = 5

  validation {
    condition     = var.bandwidth >= 1 && var.bandwidth <= 200 && floor(var.bandwidth) == var.bandwidth
    error_message = "带宽为 1 至 200 Mbit/s，整数。"
  }
}

variable "bandwidth_charge_type" {
  description = "PayByTraffic 按流量，PayByBandwidth 按固定带宽；以后更改会换地址。"
  type        = string
  default     = "PayByTraffic"

  validation {
    condition     = contains(["PayByTraffic", "PayByBandwidth"], var.bandwidth_charge_type)
    error_message = "只能是 PayByTraffic 或 PayByBandwidth。"
  }
}

# ---- OSS

variable "bucket_name" {
  description = "存储空间的名称；默认 mms-uploads-后缀（名称全网唯一，mms-uploads 早已有主）。"
  type        = string
  default     = null

  validation {
    condition     = var.bucket_name == null || can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket_name))
    error_message = "3 至 63 个小写字母、数字或连字符，首尾不是连字符。"
  }
}

variable "bucket_redundancy" {
  description = "LRS 同一可用区，ZRS 多可用区；建立后不能更改。"
  type        = string
  default     = "LRS"

  validation {
    condition     = contains(["LRS", "ZRS"], var.bucket_redundancy)
    error_message = "只能是 LRS 或 ZRS。"
  }
}

# ---- 可选项（默认都关闭：默认方案每月不超过 400 元）

variable "enable_kms" {
  description = "建立 KMS 实例与密钥凭据；实例每月约千元。"
  type        = bool
  default     = false
}

variable "kms_secret_name" {
  description = "KMS 凭据的名称；服务的 KMS_SECRET_NAME。"
  type        = string
  default     = "mms-jwt-secret"

  validation {
    condition     = can(regex("^[A-Za-z0-9_/+=.@-]{1,64}$", var.kms_secret_name))
    error_message = "1 至 64 个字母、数字或 _/+=.@- 。"
  }
}

variable "enable_acr_enterprise" {
  description = "订购企业版镜像仓库。个人版免费，由人建立一次（README），不经 Terraform。"
  type        = bool
  default     = false
}

variable "registry" {
  description = "个人版镜像仓库的地址与命名空间，如 crpi-xxxx.cn-hangzhou.personal.cr.aliyuncs.com/mms/；企业版自动得出。"
  type        = string
  default     = ""

  validation {
    condition     = var.registry == "" || can(regex("^[a-z0-9.-]+/[a-z0-9_/-]+/$", var.registry))
    error_message = "写作 主机/命名空间/ ，以斜线结尾。"
  }
}

variable "enable_alb" {
  description = "建立应用型负载均衡；需要至少两个可用区与一张证书。"
  type        = bool
  default     = false
}

variable "enable_rds" {
  description = "建立 RDS PostgreSQL；达到 mms assess 的阈值，或需要多台服务器时。"
  type        = bool
  default     = false
}

variable "rds_instance_type" {
  description = "RDS 规格。"
  type        = string
  default     = "pg.n2.2c.2m"
}

variable "rds_category" {
  description = "Basic 单机，HighAvailability 主备。"
  type        = string
  default     = "HighAvailability"

  validation {
    condition     = contains(["Basic", "HighAvailability"], var.rds_category)
    error_message = "只能是 Basic 或 HighAvailability。"
  }
}

variable "rds_storage" {
  description = "RDS 存储（GiB）。"
  type        = number
  default     = 50

  validation {
    condition     = var.rds_storage >= 20 && var.rds_storage <= 2000 && floor(var.rds_storage) == var.rds_storage
    error_message = "存储为 20 至 2000 GiB，整数。"
  }
}

# ---- 域名与证书

variable "domain" {
  description = "已备案、由本账号云解析管理的域名，如 example.com；不给出则不建解析记录。"
  type        = string
  default     = null

  validation {
    condition     = var.domain == null || can(regex("^([a-z0-9-]+\\.)+[a-z]{2,}$", var.domain))
    error_message = "写作 example.com 这样的域名。"
  }
}

variable "hosts" {
  description = "解析记录的主机名；第一个用于站点监控。"
  type        = list(string)
  default     = ["api", "www"]

  validation {
    condition     = length(var.hosts) >= 1 && alltrue([for host in var.hosts : can(regex("^(@|[a-z0-9-]+)$", host))])
    error_message = "主机名为小写字母、数字、连字符，或 @。"
  }
}

variable "certificate_id" {
  description = "证书服务中已有证书的编号，如 12345678-cn-hangzhou；私钥因此不进入状态。"
  type        = string
  default     = null

  validation {
    condition     = var.certificate_id == null || can(regex("^[0-9]+-[a-z0-9-]+$", var.certificate_id))
    error_message = "写作 编号-区域。"
  }
}

variable "certificate_pem" {
  description = "要上传的证书链（PEM）；私钥会写入状态，优先用 certificate_id。"
  type        = string
  default     = null
}

variable "certificate_key" {
  description = "上传证书的私钥（PEM）。"
  type        = string
  default     = null
  sensitive   = true
}

# ---- 监控与日志

variable "contacts" {
  description = "告警联系人：姓名 = { mail, phone }。邮箱须由本人点击确认邮件后才生效。"
  type = map(object({
    mail  = string
    phone = optional(string)
  }))

  validation {
    condition     = length(var.contacts) >= 1 && alltrue([for one in var.contacts : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", one.mail)) && (one.phone == null || can(regex("^[+0-9-]{6,20}$", one.phone)))])
    error_message = "至少一位联系人，每位都有邮箱；手机号（可不给）只含数字、+、-。"
  }
}

variable "install_monitor_agent" {
  description = "为此账号今后新建的每台 ECS 自动安装云监控插件；影响整个账号。内存与磁盘告警需要插件。"
  type        = bool
  default     = false
}

variable "enable_sls" {
  description = "建立日志项目、采集与告警。"
  type        = bool
  default     = true
}

variable "log_project_name" {
  description = "日志项目的名称；默认 mms-logs-后缀（同一区域内全网唯一）。"
  type        = string
  default     = null

  validation {
    condition     = var.log_project_name == null || can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.log_project_name))
    error_message = "3 至 63 个小写字母、数字或连字符，首尾不是连字符。"
  }
}

variable "log_retention_days" {
  description = "日志保留天数；《网络安全法》要求网络日志不少于六个月。"
  type        = number
  default     = 180

  validation {
    condition     = var.log_retention_days >= 180 && var.log_retention_days <= 3000 && floor(var.log_retention_days) == var.log_retention_days
    error_message = "保留 180 至 3000 天，整数。"
  }
}

variable "sls_action_policy" {
  description = "SLS 行动策略的标识，决定日志告警通知谁；在控制台建立一次（deploy/logtail/README.md）。"
  type        = string
  default     = "mms-oncall"
}
