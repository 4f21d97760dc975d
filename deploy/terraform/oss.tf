locals {
  bucket = coalesce(var.bucket_name, "mms-uploads-${var.suffix}")
}

# 生命周期规则没有单独的资源，只能写在这里。
resource "alicloud_oss_bucket" "uploads" {
  bucket          = local.bucket
  storage_class   = "Standard"
  redundancy_type = var.bucket_redundancy
  force_destroy   = false
  tags            = var.tags

  # 前缀为空的规则与下面各条重叠，但动作不同。
  lifecycle_rule_allow_same_action_overlap = true

  lifecycle_rule {
    id      = "versions"
    prefix  = ""
    enabled = true

    noncurrent_version_expiration {
      days = 30
    }
    expiration {
      expired_object_delete_marker = true
    }
    abort_multipart_upload {
      days = 3
    }
  }

  lifecycle_rule {
    id      = "exports"
    prefix  = "exports/"
    enabled = true

    expiration {
      days = 7
    }
  }

  lifecycle_rule {
    id      = "backup"
    prefix  = "backup/"
    enabled = true

    transitions {
      days          = 30
      storage_class = "IA"
    }
    expiration {
      days = 400 # mms backup --keep 7,4,12 保留至十二个月
    }
  }

  lifecycle_rule {
    id      = "doctor"
    prefix  = "_doctor/"
    enabled = true

    expiration {
      days = 1
    }
  }

  lifecycle {
    prevent_destroy = true
    # 这些由下面各自的资源管理。
    ignore_changes = [policy, versioning, server_side_encryption_rule]
  }
}

resource "alicloud_oss_bucket_acl" "uploads" {
  bucket = alicloud_oss_bucket.uploads.bucket
  acl    = "private"
}

resource "alicloud_oss_bucket_public_access_block" "uploads" {
  bucket              = alicloud_oss_bucket.uploads.bucket
  block_public_access = true
}

resource "alicloud_oss_bucket_versioning" "uploads" {
  bucket = alicloud_oss_bucket.uploads.bucket
  status = "Enabled"
}

resource "alicloud_oss_bucket_server_side_encryption" "uploads" {
  bucket        = alicloud_oss_bucket.uploads.bucket
  sse_algorithm = "AES256"
}

resource "alicloud_oss_bucket_https_config" "uploads" {
  bucket       = alicloud_oss_bucket.uploads.bucket
  enable       = true
  tls_versions = ["TLSv1.2", "TLSv1.3"]
}

resource "alicloud_oss_bucket_policy" "uploads" {
  bucket = alicloud_oss_bucket.uploads.bucket
  policy = templatefile("${path.module}/policies/bucket-https.json", { bucket = local.bucket, account = local.account })

  depends_on = [alicloud_oss_bucket_public_access_block.uploads]
}
