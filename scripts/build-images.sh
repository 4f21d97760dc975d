#!/usr/bin/env bash
# Builds the images mms-backend and mms-frontend of this commit, and prints a table of their sizes and times.
#   scripts/build-images.sh [--local] [--latest] [--no-cache]
#     --local     first makes the bases on this machine, from Debian's packages alone (root, mmdebstrap), where no registry is reached
#     --latest    gives them the tag latest as well; nothing that is deployed goes by it
#     --no-cache  builds every layer anew
# Tags: VERSION and VERSION-COMMIT (with -dirty, when something is not committed), behind MMS_REGISTRY if it is set ("registry.example/mms/").
# Environment: ENGINE (docker or podman), BASE_IMAGE, NODE_IMAGE, NGINX_IMAGE (other bases), DEBIAN_MIRROR,
#   VITE_API_BASE_URL, VITE_APP_TITLE (docs/operations.md). What is in each image goes to build-images/NAME.cdx.json (CycloneDX), the tag
#   to build-images/tag.
set -euo pipefail
# shellcheck source=scripts/setup.sh
. "$(dirname "$0")/setup.sh"
cd "$here"

usage() { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "$0"; }
local_bases='' tag_latest='' build_options=()
for option; do
    case $option in
    --local) local_bases=yes ;;
    --latest) tag_latest=yes ;;
    --no-cache) build_options+=(--no-cache) ;;
    --help | -h) usage; exit 0 ;;
    *) usage >&2; exit 64 ;;
    esac
done

engine=${ENGINE:-}
if [ -z "$engine" ]; then
    if docker info >/dev/null 2>&1; then engine=docker; else engine=podman; fi
fi
"$engine" info >/dev/null || { say "没有可用的容器引擎 / no container engine answers: $engine"; exit 1; }
[ "$engine" != podman ] || build_options+=(--format docker) # the other format has no HEALTHCHECK

out=$here/build-images
mkdir -p "$out" "$cache/images"
version=$(sed -n "s/^  version: '\(.*\)',$/\1/p" backend/meson.build)
commit=$(git rev-parse --short=12 HEAD)
[ -z "$(git status --porcelain)" ] || commit+=-dirty
created=$(TZ=UTC git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd)

have() { "$engine" image inspect "$1" >/dev/null 2>&1; }

# build NAME FOLDER [OPTION…]: its output to build-images/NAME.log, shown when it fails.
build() {
    local name=$1 folder=$2
    shift 2
    "$engine" build "${build_options[@]}" "$@" "$folder" >"$out/$name.log" 2>&1 || { tail -n 40 "$out/$name.log" >&2; return 1; }
}

# --- the bases of this machine ---

debian_archive() {
    local archive=$cache/images/debian.tar mirror=${DEBIAN_MIRROR:-} sources=() # without: mmdebstrap's own, with updates and security
    [ -z "$mirror" ] || sources=("deb $mirror/debian bookworm main" "deb $mirror/debian bookworm-updates main" "deb $mirror/debian-security bookworm-security main")
    # A week old at most: it has the security updates of its day.
    if [ ! -s "$archive" ] || [ -z "$(find "$archive" -mtime -7)" ]; then
        need_packages mmdebstrap
        mmdebstrap --variant=minbase --include=ca-certificates --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
            --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
            --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
            --customize-hook="upload scripts/images/apt-clean /etc/apt/apt.conf.d/clean" \
            bookworm "${archive%.tar}.new.tar" "${sources[@]}" >"$out/debian.log" 2>&1 || { tail -n 20 "$out/debian.log" >&2; return 1; }
        mv "${archive%.tar}.new.tar" "$archive"
    fi
    echo "$archive"
}

node_root() {
    local root=$1 node npm library
    need_node
    node=$(readlink -f "$(command -v node)")
    npm=$(readlink -f "$(command -v npm)") # …/npm/bin/npm-cli.js
    mkdir -p "$root/usr/bin" "$root/usr/lib/node_modules" "$root/etc/ssl/certs"
    cp "$node" "$root/usr/bin/node"
    cp -a "${npm%/bin/*}" "$root/usr/lib/node_modules/npm"
    ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/bin/npm"
    ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/bin/npx"
    # /lib is a link in the base: what stands there goes to /usr/lib.
    ldd "$node" | sed -n 's/.* => \(\/[^ ]*\) (0x.*/\1/p' | while read -r library; do
        mkdir -p "$root/usr$(dirname "${library#/usr}")"
        cp -L "$library" "$root/usr${library#/usr}"
    done
    cp -L "${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}" "$root/etc/ssl/certs/ca-certificates.crt"
}

local_debian() {
    have "$BASE_IMAGE" && return 0
    say "制作本地基础镜像 / making the local base: $BASE_IMAGE"
    local archive
    archive=$(debian_archive)
    "$engine" import --change 'CMD ["bash"]' "$archive" "$BASE_IMAGE" >/dev/null
}

local_nginx_and_node() {
    local folder
    have "$NGINX_IMAGE" || build nginx scripts/images -f scripts/images/nginx.Dockerfile -t "$NGINX_IMAGE" || return 1
    have "$NODE_IMAGE" && return 0
    folder=$(mktemp -d)
    local code=0
    { node_root "$folder/root" && build node "$folder" -f scripts/images/node.Dockerfile -t "$NODE_IMAGE"; } || code=1
    rm -rf "$folder"
    return "$code"
}

# --- the two images ---

# build_image NAME FOLDER [OPTION…]
build_image() {
    local name=$1 folder=$2 began=$SECONDS tag container tags=()
    shift 2
    for tag in "$version" "$version-$commit" ${tag_latest:+latest}; do tags+=(-t "${MMS_REGISTRY:-}$name:$tag"); done
    build "$name" "$folder" "${tags[@]}" --build-arg "VERSION=$version" --build-arg "REVISION=$commit" --build-arg "CREATED=$created" "$@"
    container=$("$engine" create "${MMS_REGISTRY:-}$name:$version-$commit")
    "$engine" cp "$container:/usr/share/mms/sbom.cdx.json" "$out/$name.cdx.json" >/dev/null
    "$engine" rm "$container" >/dev/null
    echo $((SECONDS - began)) >"$out/$name.seconds"
}

row() {
    local name=$1 reference=${MMS_REGISTRY:-}$1:$version-$commit bytes
    bytes=$("$engine" image inspect -f '{{.Size}}' "$reference")
    printf '| %s | %d.%d | %d | %d |\n' "$reference" $((bytes / 1000000)) $((bytes / 100000 % 10)) \
        "$(grep -c '"bom-ref"' "$out/$name.cdx.json")" "$(cat "$out/$name.seconds")"
}

if [ -n "$local_bases" ]; then
    BASE_IMAGE=localhost/mms-debian:bookworm NODE_IMAGE=localhost/mms-node:local NGINX_IMAGE=localhost/mms-nginx:local
    build_options+=(--network=host)
    local_debian
fi
given() { [ -z "${!1:-}" ] || printf -- '--build-arg\n%s=%s\n' "$1" "${!1}"; }
mapfile -t backend_options < <(given BASE_IMAGE)
mapfile -t frontend_options < <(given NODE_IMAGE; given NGINX_IMAGE; given VITE_API_BASE_URL; given VITE_APP_TITLE)
build_image mms-backend backend "${backend_options[@]}" & backend=$!
{ [ -z "$local_bases" ] || local_nginx_and_node; } && build_image mms-frontend frontend "${frontend_options[@]}" & frontend=$!
failed=0
wait "$backend" || failed=1
wait "$frontend" || failed=1
[ "$failed" = 0 ] || exit 1

echo "$version-$commit" >"$out/tag"
{
    echo '| image | MB | components | seconds |'
    echo '|---|---:|---:|---:|'
    row mms-backend
    row mms-frontend
} | tee "$out/images.md"
