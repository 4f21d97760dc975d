# Sourced by ./run and ./test: installs what is missing, builds what has changed. Quick when there is nothing to do.
# Needs Debian 12, a shell, apt and the npm registry; root or sudo only when something must be installed.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=$here/.cache
mkdir -p "$cache"

say() { printf '%s\n' "$*" >&2; }

# need_packages NAME…: Debian packages, installed when any is missing.
need_packages() {
    local missing=() name
    for name in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    local as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    say "安装 / installing: ${missing[*]}"
    "${as_root[@]}" apt-get update -qq >"$cache/apt.log" 2>&1 &&
        DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" \
            >>"$cache/apt.log" 2>&1 || { tail -n 20 "$cache/apt.log" >&2; return 1; }
}

build_packages=(gcc libc6-dev meson ninja-build pkg-config python3 libmicrohttpd-dev libsqlite3-dev libpq-dev libsodium-dev libgd-dev libxlsxwriter-dev libzip-dev
    libexpat1-dev libjwt-dev libcrypt-dev zlib1g-dev libcurl4-openssl-dev libssl-dev liblzma-dev unicode-data ca-certificates)
unit_packages=(libcmocka-dev libjson-c-dev)
test_packages=("${unit_packages[@]}" clang libclang-rt-14-dev sqlite3 postgresql-15 nginx chromium-headless-shell fonts-noto-cjk poppler-utils age openssl git shellcheck faketime)
image_packages=(age docker.io docker-compose docker-registry iptables mmdebstrap openssl curl)
deb_packages=(dpkg-dev binutils xz-utils git)
deb_test_packages=(lintian mmdebstrap strace shellcheck systemd-container openssl procps)
bootstrap_packages=(mmdebstrap iproute2 iptables nftables openssh-client shellcheck docker.io docker-compose)
environment_packages=(age ansible-core strace shellcheck)
certificate_packages=(certbot pebble openssl curl shellcheck)

node_is_new_enough() {
    command -v node >/dev/null && command -v npm >/dev/null &&
        node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'
}

# The page is built with node ≥ 20.19; Debian 12 has 18, so a newer one comes from the npm registry into .cache/node.
need_node() {
    [ -x "$cache/node/node_modules/node/bin/node" ] && PATH=$cache/node/node_modules/node/bin:$PATH
    node_is_new_enough && return 0
    command -v npm >/dev/null || need_packages nodejs npm || return 1
    say "安装 / installing: node 22"
    mkdir -p "$cache/node"
    (cd "$cache/node" && npm install --no-fund --no-audit --loglevel=error node@22 >"$cache/node.log" 2>&1) ||
        { tail -n 20 "$cache/node.log" >&2; return 1; }
    PATH=$cache/node/node_modules/node/bin:$PATH
    node_is_new_enough
}

# What meson looks at only when it configures: which files there are, and whether the libraries for unit tests are installed.
build_inputs() {
    (cd "$here/backend" && ls src/*/*.c tests/unit/*.c sql/*.sql; pkg-config --modversion cmocka json-c 2>/dev/null || true) | sha256sum | cut -c1-64
}

# configure_program FOLDER [MESON-OPTION…]: when what meson looks at has changed.
configure_program() {
    local folder=$1 inputs again=()
    shift
    inputs=$(build_inputs)
    if [ "$(cat "$folder/.mms-inputs" 2>/dev/null)" != "$inputs" ]; then
        [ ! -f "$folder/build.ninja" ] || again=(--reconfigure)
        meson setup "${again[@]}" "$@" "$folder" "$here/backend" >"$cache/meson.log" 2>&1 ||
            { tail -n 20 "$cache/meson.log" >&2; return 1; }
        echo "$inputs" >"$folder/.mms-inputs"
    fi
}

# build_program FOLDER [MESON-OPTION…]: the C program and its unit tests.
build_program() {
    local folder=$1
    configure_program "$@" || return 1
    ninja -C "$folder" >"$cache/ninja.log" 2>&1 || { grep -E 'error|warning|FAILED' "$cache/ninja.log" | head -n 30 >&2; return 1; }
}

# A sum over everything the page is made from.
page_sum() {
    (cd "$here/frontend" && find . \( -path ./node_modules -o -path ./dist \) -prune -o -type f -print0 | sort -z |
        xargs -0 sha256sum | sha256sum | cut -c1-64)
}

# need_npm_packages FOLDER: what its package-lock.json names.
need_npm_packages() {
    local folder=$here/$1 sum
    sum=$(sha256sum "$folder/package-lock.json" | cut -c1-64)
    [ "$(cat "$folder/node_modules/.mms-lock" 2>/dev/null)" = "$sum" ] && return 0
    need_node || return 1
    say "安装依赖 / installing packages: $1"
    (cd "$folder" && npm ci --no-fund --no-audit --loglevel=error >"$cache/npm.log" 2>&1) ||
        { tail -n 20 "$cache/npm.log" >&2; return 1; }
    echo "$sum" >"$folder/node_modules/.mms-lock"
}
need_page_packages() { need_npm_packages frontend; }

build_page() {
    local sum
    sum=$(page_sum)
    [ "$(cat "$here/frontend/dist/.mms-sum" 2>/dev/null)" = "$sum" ] && return 0
    need_node && need_page_packages || return 1
    say "构建页面 / building the page"
    (cd "$here/frontend" && npm run build >"$cache/page.log" 2>&1) || { tail -n 30 "$cache/page.log" >&2; return 1; }
    page_sum >"$here/frontend/dist/.mms-sum"
}
