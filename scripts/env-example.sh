#!/usr/bin/env bash
# Writes .env.example: the settings as the program itself tells them, and what the compose files ask for besides.
#   scripts/env-example.sh [PROGRAM]     (default build/mms)
set -euo pipefail
cd "$(dirname "$0")/.."
case ${1:-} in -*) sed -n '2,3s/^# \{0,1\}//p' scripts/env-example.sh; [[ $1 =~ ^(-h|--help)$ ]] && exit 0; exit 64 ;; esac
settings=$("${1:-build/mms}" check-config --example) # before the file is opened: a program that cannot say it leaves what was there
{
    printf '%s\n' "$settings"
    cat <<'COMPOSE'

# ---- docker-compose.prod.yml ----
# 在容器中固定不变，不必设置 / fixed within the containers, not to be set:
#   NODE_ENV PORT HOST DB_PATH DB_TAKEOVER_WAIT UPLOAD_DIR BACKUP_DIR LOG_DIR WEB_DIR TRUSTED_PROXIES

# 要运行的版本（镜像标签，绝不用 latest），见 scripts/build-images.sh 的输出
# The version to run: a tag of the images, never latest; scripts/build-images.sh prints it
MMS_VERSION=

# 正在提供服务的一侧（a 或 b）及两侧容器名称的结尾，由 scripts/deploy.sh 写入
# The side that is in use, a or b, and what the names of each side's containers end with; scripts/deploy.sh writes them
#MMS_SIDE_A=1
#MMS_SIDE_B=0
#MMS_NAME_A=prod
#MMS_NAME_B=spare

# 镜像仓库，以 / 结尾；留空则使用本机构建的镜像
# Where the images come from, with a slash at the end; empty: those built on this machine
# registry.cn-hangzhou.aliyuncs.com/your-namespace/
#MMS_REGISTRY=

# 数据目录，其中 db 与 uploads 须属于用户 1001
# Folder of the data; its folders db and uploads must belong to user 1001
#MMS_DATA=/data/mms

# 备份目录，须属于用户 1001；最好在另一块磁盘上
# Folder of backups; must belong to user 1001, and is best on another disk
#MMS_BACKUP=/backup

# 密钥与 CA 证书目录，用户 1001 可读，容器内为 /run/secrets：JWT_SECRET_FILE、KMS_CA_FILE、OSS_CA_FILE 按容器内的路径写
# Folder of secrets and authorities, readable for user 1001; /run/secrets within the container, as JWT_SECRET_FILE, KMS_CA_FILE and OSS_CA_FILE name it
#MMS_SECRETS=./secrets

# 主机上的 age 程序（/usr/bin/age），设置 AGE_RECIPIENT 时需要；默认不提供
# The host's program age (/usr/bin/age), which AGE_RECIPIENT needs; by default there is none within the container
#MMS_AGE=/dev/null

# 证书目录：cert.pem（含中间证书）与 key.pem，用户 101 可读
# Folder of cert.pem (with what is between it and the root) and key.pem, readable for user 101
#MMS_TLS=./nginx/ssl

# 后端的内存与处理器上限（不能多于本机的处理器）
# What the service may have of memory and processors (no more than the machine has)
#MMS_MEMORY=1g
#MMS_CPUS=2

# 对外的端口
# Ports that are open to the world
#MMS_HTTP_PORT=80
#MMS_HTTPS_PORT=443

# 容器之间的网段；后端信任其中的反向代理
# The network between the containers; the service trusts the proxies in it
#MMS_SUBNET=172.30.250.0/24

# TLS 之前的 nginx 镜像（1.22 或更新）
# The image of the nginx that ends TLS (1.22 or newer)
#MMS_NGINX_IMAGE=nginx:1.28.0-alpine-slim

# ---- docker-compose.dev.yml ----
# 基础镜像与构建时的网络
# Bases, and the network at build time
#BASE_IMAGE=debian:bookworm-20251229-slim
#NODE_IMAGE=node:22.23.1-bookworm-slim
#NGINX_IMAGE=nginx:1.28.0-alpine-slim
#MMS_BUILD_NETWORK=default

# 本机端口
# Ports on this machine
#MMS_DEV_PORT=3000
#MMS_DEV_WEB_PORT=80
COMPOSE
} >.env.example
