#!/usr/bin/env bash
# Deploys one version to one or several hosts, without a request that is lost; goes back by itself when anything fails.
#   scripts/deploy.sh [OPTION…] HOST…
#     HOST           local (this machine), or what ssh takes: user@host
#     --dir DIR      the folder there with docker-compose.prod.yml, nginx/ and .env (/srv/mms)
#     --version TAG  the images' tag; else that of this commit (scripts/build-images.sh). Never latest
#     --load         brings the images over without a registry; else they are pushed to MMS_REGISTRY and pulled there
#     --force        although something is not committed, or ./test was not all green for this commit
#     --rollback     to the version that was deployed before, by the same steps (with --version: to that one)
#     --dry-run      looks at everything, prints each step, changes nothing
# Environment: DEPLOY_SSH (ssh), with its options; MMS_REGISTRY ("registry.example/mms/"); MMS_PUSH_REGISTRY, the same registry's address from
# here, where the host reaches it by another (a private network's); MMS_DEPLOY_WAIT, how many seconds a container may take to be well (180).
# Exit: 0 done on every host; 1 not, with what is the matter, and what was there goes on; 64 wrong usage. Who deployed what is in DIR/deploy.log on the host. docs/operations.md says more.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)

usage() { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "$0"; }
say() { printf '%s\n' "$*"; }
fail() { printf '失败 / FAILED: %s\n' "$*" >&2; exit 1; }

dir=/srv/mms tag='' load='' force='' dry='' action=deploy hosts=()
while [ $# -gt 0 ]; do
    case $1 in
    --dir | --version) [ $# -ge 2 ] || { usage >&2; exit 64; } ;;&
    --dir) dir=$2; shift ;;
    --version) tag=$2; shift ;;
    --load) load=yes ;;
    --force) force=yes ;;
    --dry-run) dry=yes ;;
    --rollback) action=rollback ;;
    --help | -h) usage; exit 0 ;;
    -*) usage >&2; exit 64 ;;
    *) hosts+=("$1") ;;
    esac
    shift
done
[ ${#hosts[@]} -gt 0 ] || { usage >&2; exit 64; }
[[ $dir =~ ^/[A-Za-z0-9._/-]*$ ]] || fail "文件夹须为绝对路径 / the folder is an absolute path: $dir"
[ -z "$tag" ] || [[ $tag =~ ^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$ ]] || fail "不是镜像标签 / this is no tag: $tag"
[ "$tag" != latest ] || fail '部署必须指明版本，绝不用 latest / a deployment names its version, never latest'
read -ra ssh_command <<<"${DEPLOY_SSH:-ssh}"
registry=${MMS_REGISTRY:-} push_to=${MMS_PUSH_REGISTRY:-${MMS_REGISTRY:-}}
who=$(id -un)@$(hostname)
wait=${MMS_DEPLOY_WAIT:-180}
[[ $wait =~ ^[1-9][0-9]{0,4}$ ]] || fail "MMS_DEPLOY_WAIT 须为秒数 / is a number of seconds: $wait"

# on HOST COMMAND…: there, with our standard input.
on() {
    local host=$1
    shift
    if [ "$host" = local ]; then "$@"; else "${ssh_command[@]}" -- "$host" "$(printf '%q ' "$@")"; fi
}
# at HOST ACTION [KEY=VALUE…]: the host's part.
at() {
    local host=$1 act=$2
    shift 2
    on "$host" bash -s -- "$act" "$dir" "who=$who" "now=$(date +%s)" "dry=$dry" "wait=$wait" "$@" <"$here/scripts/deploy/host.sh"
}

# ---------------------------------------------------------------- here

check_tree() {
    [ -z "$force" ] || return 0
    cd "$here"
    [ -z "$(git status --porcelain)" ] || fail '有未提交的改动（--force 可忽略）/ something is not committed (--force goes on)'
    [ "$(cat .cache/green 2>/dev/null)" = "$(git rev-parse HEAD)" ] || fail '此提交尚未通过 ./test 的全部检查（--force 可忽略）/ ./test was not all green for this commit (--force goes on)'
    [[ $tag == *-"$(git rev-parse --short=12 HEAD)" ]] || fail "镜像 $tag 不是此提交的，请先运行 scripts/build-images.sh / the images are not of this commit: build them first"
}
image_id() { docker image inspect -f '{{.Id}}' "$registry$1:$tag" 2>/dev/null || true; }

# bring HOST: both images, if it does not have these very ones.
bring() {
    local host=$1 name to id digest missing=()
    for name in mms-backend mms-frontend; do
        id=$(image_id "$name")
        [ "$(on "$host" docker image inspect -f '{{.Id}}' "$registry$name:$tag" 2>/dev/null </dev/null)" = "$id" ] || missing+=("$registry$name:$tag")
    done
    [ ${#missing[@]} -gt 0 ] || { say "镜像已在主机上 / the images are there: $tag"; return 0; }
    if [ -n "$dry" ]; then
        say "将执行 / would: $([ -n "$load" ] && echo '直接传送 / send' || echo '推送并拉取 / push and pull') ${missing[*]}"
    elif [ -n "$load" ]; then
        say "· 传送镜像 / sending ${missing[*]}"
        docker save "${missing[@]}" | on "$host" docker load >/dev/null || fail '传送失败 / sending them failed'
    else
        [ -n "$registry" ] || fail '没有设置 MMS_REGISTRY：请设置它，或用 --load / MMS_REGISTRY is not set: set it, or use --load'
        for name in "${missing[@]}"; do
            say "· 推送并拉取 / pushing and pulling $name"
            to=$push_to${name#"$registry"}
            [ "$to" = "$name" ] || docker tag "$name" "$to" || return 1
            digest=$(docker push "$to" | sed -n 's/.*digest: \(sha256:[0-9a-f]\{64\}\).*/\1/p') || digest=''
            [ -n "$digest" ] || fail "推送失败 / the push failed: $to"
            # By the digest: what the tag means in the registry by then is of no account.
            on "$host" docker pull -q "${name%:*}@$digest" >/dev/null </dev/null || fail "主机拉取失败 / the host could not pull: ${name%:*}@$digest"
            on "$host" docker tag "${name%:*}@$digest" "$name" </dev/null || return 1
        done
    fi
}

deploy_to() {
    local host=$1
    say "== $host"
    at "$host" "$action" "tag=$tag" part=before-images || return 1
    bring "$host" || return 1
    at "$host" "$action" "tag=$tag" "backend_id=$(image_id mms-backend)" "frontend_id=$(image_id mms-frontend)"
}

if [ "$action" = rollback ]; then
    for host in "${hosts[@]}"; do
        say "== $host"
        at "$host" rollback "tag=$tag" || exit 1
    done
    exit 0
fi
[ -n "$tag" ] || tag=$(cat "$here/build-images/tag" 2>/dev/null) || fail '没有镜像：请先运行 scripts/build-images.sh / there are no images: scripts/build-images.sh makes them'
check_tree
for name in mms-backend mms-frontend; do
    [ -n "$(image_id "$name")" ] || fail "本机没有镜像 / this machine has no image $registry$name:$tag"
done
# One after the other: what fails on the first does not come to the second.
for host in "${hosts[@]}"; do
    deploy_to "$host" || exit 1
done
