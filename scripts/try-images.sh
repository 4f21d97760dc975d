#!/usr/bin/env bash
# Starts the two images as one tries them on a machine of one's own, and uses them: health, page, sign-in, a receipt.
#   scripts/try-images.sh [--keep]      the images: scripts/build-images.sh --latest
# ENGINE (docker or podman), TAG (latest), MMS_PORT (3000) and WEB_PORT (80) say otherwise. Everything goes again but with --keep;
# the data are in ./data of the folder that one stands in, and that folder goes with the rest unless it was there before.
set -euo pipefail
usage() { sed -n '2,5s/^# \{0,1\}//p' "$0"; }
case $* in '' | --keep) ;; --help | -h) usage; exit 0 ;; *) usage >&2; exit 64 ;; esac
here=$(cd "$(dirname "$0")/.." && pwd)
keep=${1:-} engine=${ENGINE:-docker} tag=${TAG:-latest} port=${MMS_PORT:-3000} web_port=${WEB_PORT:-80}
told() { printf '%-8s %s\n' "$1" "$2"; }
fail() { told FAILED "$1"; exit 1; }

made_data=''
finish() {
    [ -z "$keep" ] || return 0
    "$engine" rm -f mms-backend mms-frontend >/dev/null 2>&1 || true
    [ -z "$made_data" ] || rm -rf ./data
}
trap finish EXIT

# The service is not root: its folder must be its own.
if [ ! -d data ]; then
    made_data=yes
    install -d -o 1001 -g 1001 -m 750 data
fi

# 启动后端容器 / the service
"$engine" run -d \
  --name mms-backend \
  -p "$port:3000" \
  -e NODE_ENV=development \
  -e JWT_SECRET=test-secret-key \
  -v "$(pwd)/data:/data" \
  "mms-backend:$tag" >/dev/null

# 启动前端容器 / the page. Docker lets anybody listen on port 80 of a container, podman wants to be asked.
port_80=()
[ "$engine" != podman ] || port_80=(--sysctl net.ipv4.ip_unprivileged_port_start=0)
"$engine" run -d \
  --name mms-frontend \
  -p "$web_port:80" \
  "${port_80[@]}" \
  "mms-frontend:$tag" >/dev/null
told ok '容器启动成功 / the containers have started'

healthy() {
    local name=$1 tries
    for ((tries = 0; tries < 60; tries++)); do
        if [ "$engine" = podman ]; then # nothing runs its checks by itself
            "$engine" healthcheck run "$name" >/dev/null 2>&1 && return 0
        else
            [ "$("$engine" inspect -f '{{.State.Health.Status}}' "$name")" != healthy ] || return 0
        fi
        sleep 1
    done
    "$engine" logs "$name" >&2
    fail "健康检查未通过 / not healthy: $name"
}
healthy mms-backend
healthy mms-frontend
told ok '健康检查通过 / both are healthy'

base=http://127.0.0.1:$port
curl -fsS "$base/api/health" | grep -q '"status":"ok"' || fail "$base/api/health"
curl -fsS "http://127.0.0.1:$web_port/" | grep -q '<div id="app"' || fail 'the page'

value() { grep -o "\"$1\":\"\{0,1\}[^\",}]*" | head -n 1 | sed 's/^[^:]*:"\{0,1\}//'; }
call() {
    local method=$1 path=$2 body=$3
    curl -fsS -X "$method" -H 'Content-Type: application/json' -H "Authorization: Bearer $token" -d "$body" "$base/api$path"
}
token=''
password=$("$engine" logs mms-backend 2>&1 | sed -n 's/.*one-time password: //p')
token=$(call POST /auth/login "{\"username\":\"admin\",\"password\":\"$password\"}" | value accessToken)
[ -n "$token" ] || fail '登录 / sign-in'
material=$(call POST /materials '{"material_code":"TRY-001","material_name":"容器试运行","category":"chemical","unit":"kg"}' | value id)
document=$(call POST /inventory "{\"transactionType\":\"in\",\"materialId\":$material,\"quantity\":\"12.5\"}" | value id)
[ -n "$document" ] || fail '入库单 / the receipt'
told ok '功能测试通过：登录、物料、入库单 / sign-in, a material, a receipt'

"$engine" stop -t 10 mms-backend mms-frontend >/dev/null
code=$("$engine" inspect -f '{{.State.ExitCode}}' mms-backend)
[ "$code" = 0 ] || fail "停止 / the service ended with $code"
told ok '正常停止 / the service has ended by itself'

# Which images these were, for mms doctor (pre.tried).
mkdir -p "$here/build-images"
"$engine" image inspect -f '{{.Id}}' "mms-backend:$tag" "mms-frontend:$tag" >"$here/build-images/tried"
