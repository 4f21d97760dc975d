# 只在给出 certificate_pem 与 certificate_key 时上传；私钥随之进入状态。
resource "alicloud_ssl_certificates_service_certificate" "mms" {
  count = var.certificate_pem == null ? 0 : 1

  certificate_name = "mms-${substr(sha256(var.certificate_pem), 0, 12)}"
  cert             = var.certificate_pem
  key              = var.certificate_key

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = var.certificate_key != null
      error_message = "certificate_pem 须与 certificate_key 一起给出。"
    }
  }
}

locals {
  # 监听要的是“编号-证书服务的区域”，与 ALB 所在区域无关。
  certificate_id = var.certificate_id != null ? var.certificate_id : one([for one in alicloud_ssl_certificates_service_certificate.mms : "${one.id}-cn-hangzhou"])
}
