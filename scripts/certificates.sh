#!/usr/bin/env bash
# Certificates of the nginx in front: had from an ACME authority, renewed, checked, and put in place without dropping a connection.
#   certificates.sh issue [--email ADDRESS] DOMAIN…   from an ACME authority, whose terms this agrees to; remembers the domains
#   certificates.sh renew                             the same again when it is due (fewer than MIN_DAYS + 10 days left); for a timer
#   certificates.sh install CERT KEY [DOMAIN…]        one that was bought: the two files of the format "Nginx"
#   certificates.sh check [DOMAIN…]                   what is in place: exit 1 when something about it is wrong
#   certificates.sh self-signed DOMAIN…               for trying; browsers warn of it, and check refuses it
# A pair takes its place when the key belongs to the certificate, the chain ends at a root that is trusted, all domains are in it, MIN_DAYS
# are left, and nginx takes it; else what was there stays, or is put back. Exit codes: 0 done, 1 not done, 64 wrong usage.
# MMS_TLS: folder of cert.pem and key.pem (nginx/ssl; without that /etc/nginx/ssl). MIN_DAYS: 30. MMS_TLS_CA: roots instead of the machine's.
# MMS_NGINX: container:NAME, host or none; by itself container:mms-nginx-prod when that runs, else the nginx of this machine when that runs.
# MMS_TLS_OWNER: whom the key belongs to (of a container, its user; in nginx/ssl 101, who that of docker-compose.prod.yml is). NGINX, NGINX_CONF: program and file of an nginx on this machine.
# MMS_TLS_CONNECT: where nginx is asked what it presents (127.0.0.1:443; none: nowhere).
# ACME_DIR: what certbot keeps (/etc/mms/acme). ACME_SERVER: another authority than Let's Encrypt. ACME_HTTP_PORT: of proofs without an nginx (80).
set -euo pipefail
umask 077

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=''
domains=() email='' cert='' key=''

say() { printf '%s\n' "$*"; }
fail() { printf 'certificates.sh: %s\n' "$*" >&2; exit 1; }
wrong_usage() { printf 'certificates.sh: %s\n' "$*" >&2; exit 64; }
usage() { sed -n '2,14s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }
clean_up() { [ -z "$work" ] || rm -rf "$work"; }
need() { command -v "$1" >/dev/null || fail "没有程序 $1，请安装（apt install $2） / there is no program $1: apt install $2"; }
whole_number() { case $2 in '' | *[!0-9]*) wrong_usage "$1 必须是整数 / $1 must be a whole number: $2" ;; esac; }

# --- where things are ---

find_places() {
    tls=${MMS_TLS:-}
    [ -n "$tls" ] || { [ -f "$here/nginx/ssl.conf" ] && tls=$here/nginx/ssl; } || tls=/etc/nginx/ssl
    acme=${ACME_DIR:-/etc/mms/acme} min_days=${MIN_DAYS:-30}
    whole_number MIN_DAYS "$min_days"
    connect=${MMS_TLS_CONNECT:-127.0.0.1:${MMS_HTTPS_PORT:-443}}
    [ -z "${MMS_TLS_CA:-}" ] || [ -r "$MMS_TLS_CA" ] || fail "MMS_TLS_CA：没有此文件 / there is no such file: $MMS_TLS_CA"
    [ -d "$tls" ] || fail "没有证书目录 $tls，请建立或设置 MMS_TLS / there is no folder $tls: make it, or set MMS_TLS"
    tls=$(cd "$tls" && pwd)
    work=$(mktemp -d "${TMPDIR:-/tmp}/mms-certificates.XXXXXX")
    trap clean_up EXIT
    trap 'exit 130' INT TERM HUP
    find_nginx
}

# One at a time, until this process ends.
lock() {
    exec 9>"$tls/.lock" || fail "不能写入 $tls / $tls cannot be written"
    flock -n 9 || fail "另一个 certificates.sh 正在处理 $tls / another certificates.sh is at work in $tls"
}

container_runs() { command -v docker >/dev/null && [ "$(docker inspect -f '{{.State.Running}}' "$1" 2>/dev/null)" = true ]; }
host_nginx() { "${NGINX:-nginx}" ${NGINX_CONF:+-c "$NGINX_CONF"} -e stderr "$@"; }
# By its own pid file: the one that a reload would reach. Its configuration is only read, since nginx tells of none while a certificate is damaged.
host_runs() {
    local file pid
    command -v "${NGINX:-nginx}" >/dev/null || return 1
    file=$(sed -n 's/^[[:space:]]*pid[[:space:]]\{1,\}\([^;]*\);.*/\1/p' "${NGINX_CONF:-/etc/nginx/nginx.conf}" 2>/dev/null | head -n 1)
    pid=$(cat "${file:-/run/nginx.pid}" 2>/dev/null) && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null
}
find_nginx() {
    nginx=${MMS_NGINX:-}
    case $nginx in
    container:?*) container_runs "${nginx#container:}" || fail "容器没有运行 / this container does not run: ${nginx#container:}" ;;
    host) command -v "${NGINX:-nginx}" >/dev/null || fail "没有程序 ${NGINX:-nginx} / there is no program ${NGINX:-nginx}" ;;
    none) ;;
    '') if container_runs mms-nginx-prod; then nginx=container:mms-nginx-prod; elif host_runs; then nginx=host; else nginx=none; fi ;;
    *) wrong_usage 'MMS_NGINX: container:NAME | host | none' ;;
    esac
}
# nginx_do ARGUMENT…: its program, where it runs.
nginx_do() {
    case $nginx in
    container:*) docker exec "${nginx#container:}" nginx -e stderr "$@" ;;
    host) host_nginx "$@" ;;
    esac
}
nginx_runs() { case $nginx in none) return 1 ;; host) host_runs ;; *) return 0 ;; esac; }

# --- what a pair is ---

days_left() {
    local end
    end=$(date -d "$(openssl x509 -in "$1" -noout -enddate | cut -d= -f2)" +%s)
    echo $(((end - $(date +%s)) / 86400))
}
# Every block of the file: OpenSSL itself would pass over one that is damaged, and read the next.
is_certificate() {
    local block
    rm -f "$work"/block.*
    awk -v to="$work/block." '/-----BEGIN /{ n++ } n { print > (to n) }' "$1"
    [ -e "$work/block.1" ] || return 1
    for block in "$work"/block.*; do openssl x509 -in "$block" -noout 2>/dev/null || return 1; done
}
print_of() { openssl x509 -in "$1" -noout -fingerprint -sha256 | cut -d= -f2; }
names_of() { openssl x509 -in "$1" -noout -ext subjectAltName 2>/dev/null | sed -n 's/^ *\(\(DNS\|IP Address\):.*\)/\1/p'; }
# Without subjectAltName nothing matches: browsers do not look at the common name.
has_name() {
    local kind=-checkhost
    [[ $2 =~ ^[0-9.]+$|: ]] && kind=-checkip
    [ -n "$(names_of "$1")" ] && openssl x509 -in "$1" -noout "$kind" "${2/#\*./any.}" | grep -q 'does match certificate'
}
is_self_signed() { openssl verify -CAfile "$1" -partial_chain "$1" >/dev/null 2>&1 && [ "$(openssl x509 -in "$1" -noout -subject_hash)" = "$(openssl x509 -in "$1" -noout -issuer_hash)" ]; }

# faults CERT KEY DOMAIN…: a line for each; none when the pair may be used. What is told of a pair that is no pair ends there.
faults() {
    local cert=$1 key=$2 name roots=() said
    shift 2
    [ -e "$cert" ] || { say "没有证书文件 / there is no certificate: $cert"; return; }
    [ -e "$key" ] || { say "没有密钥文件 / there is no key: $key"; return; }
    for name in "$cert" "$key"; do
        [ -r "$name" ] || { say "没有读取权限 / not readable: $name"; return; }
    done
    is_certificate "$cert" || { say "证书已损坏，或不是 PEM 格式 / damaged, or no PEM certificate: $cert"; return; }
    ! grep -q 'ENCRYPTED' "$key" || { say "密钥带有口令，nginx 无法使用；去掉口令：openssl pkey -in 旧 -out 新 / the key has a passphrase, with which nginx cannot start: openssl pkey -in OLD -out NEW"; return; }
    openssl pkey -in "$key" -noout -passin pass: 2>/dev/null || { say "密钥已损坏，或不是 PEM 格式 / damaged, or no PEM key: $key"; return; }
    [ "$(openssl x509 -in "$cert" -noout -pubkey)" = "$(openssl pkey -in "$key" -pubout -passin pass:)" ] ||
        say "密钥与证书不匹配 / the key does not belong to the certificate"
    for name in "$@"; do
        has_name "$cert" "$name" || say "证书不含域名 $name（含有：$(names_of "$cert")） / $name is not in the certificate"
    done
    openssl x509 -in "$cert" -noout -checkend 0 >/dev/null ||
        { say "证书已过期：$(openssl x509 -in "$cert" -noout -enddate | cut -d= -f2) / the certificate has expired"; return; }
    openssl x509 -in "$cert" -noout -checkend $((min_days * 86400)) >/dev/null ||
        say "证书只剩 $(days_left "$cert") 天，少于 $min_days 天 / only $(days_left "$cert") days are left, fewer than $min_days"
    [ -z "${MMS_TLS_CA:-}" ] || roots=(-no-CAfile -no-CApath -no-CAstore -CAfile "$MMS_TLS_CA")
    if [ -z "${MMS_TLS_CA:-}" ] && is_self_signed "$cert"; then
        say '证书是自签名的，仅供试用 / self-signed: for trying only'
    elif ! said=$(openssl verify "${roots[@]}" -purpose sslserver -untrusted "$cert" "$cert" 2>&1); then
        say "证书链不能通向受信任的根（中间证书应附在证书文件中）：$(grep '^error' <<<"$said" | head -n 1) / the chain does not end at a trusted root; what is between belongs into the file"
    fi
}

# Those given; else those remembered. Never none: a certificate for somebody else is worth nothing.
choose_domains() {
    [ ${#domains[@]} -gt 0 ] || { [ ! -s "$tls/domains" ] || mapfile -t domains <"$tls/domains"; }
    [ ${#domains[@]} -gt 0 ] || wrong_usage "请给出域名：尚未记录过 / name the domains: none were remembered yet"
    local name
    for name in "${domains[@]}"; do
        [[ $name =~ ^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$ ]] || wrong_usage "不是域名 / not a domain: $name"
    done
}
remember_domains() {
    printf '%s\n' "${domains[@]}" >"$tls/.domains"
    mv "$tls/.domains" "$tls/domains"
}

# --- putting a pair in place ---
# cert.pem and key.pem lead through the link `current` to a folder in pairs/, so that both change in one step.

owner_of_key() {
    local name=''
    case $nginx in container:*) name=$(docker inspect -f '{{.Config.User}}' "${nginx#container:}") ;; esac
    [ -n "$name" ] || [ ! -e "$tls/key.pem" ] || name=$(stat -L -c '%u:%g' "$tls/key.pem")
    # The first one, before docker-compose.prod.yml is started: its nginx is this user.
    [ -n "$name" ] || [ "$nginx" != none ] || [ "$tls" != "$here/nginx/ssl" ] || name=101:101
    echo "${MMS_TLS_OWNER:-$name}"
}
# lead LINK TARGET: in one step, whatever was there.
lead() {
    ln -s "$2" "$tls/.link"
    mv -T "$tls/.link" "$tls/$1"
}
# copy_pair CERT KEY: into a folder of its own; prints its name.
copy_pair() {
    local name owner
    owner=$(owner_of_key)
    mkdir -p "$tls/pairs"
    chmod 755 "$tls/pairs"
    name=pairs/$(basename "$(mktemp -d "$tls/pairs/$(date -u +%Y%m%d-%H%M%S)-XXXX")")
    cp "$1" "$tls/$name/cert.pem"
    cp "$2" "$tls/$name/key.pem"
    chmod 755 "$tls/$name"
    chmod 644 "$tls/$name/cert.pem"
    chmod 600 "$tls/$name/key.pem"
    [ -z "$owner" ] || [ "$(id -u)" != 0 ] || chown "$owner" "$tls/$name/cert.pem" "$tls/$name/key.pem"
    sync "$tls/$name/cert.pem" "$tls/$name/key.pem" "$tls/$name"
    echo "$name"
}
# Files that an operator laid there become a pair among the others; their content stays the same throughout.
adopt_files() {
    [ ! -L "$tls/cert.pem" ] || [ ! -L "$tls/key.pem" ] || return 0
    [ -f "$tls/cert.pem" ] && [ -f "$tls/key.pem" ] || return 0
    lead current "$(copy_pair "$tls/cert.pem" "$tls/key.pem")"
    lead cert.pem current/cert.pem
    lead key.pem current/key.pem
}
# One alone is none, and may be all there is of a key: it is kept under another name.
set_aside() {
    local name
    for name in cert.pem key.pem; do
        [ ! -f "$tls/$name" ] || [ -L "$tls/$name" ] || mv "$tls/$name" "$tls/$name.before"
    done
}
# put_back BEFORE NEW: BEFORE is empty when there was no pair.
put_back() {
    local name
    if [ -n "$1" ]; then
        lead current "$1"
    else
        rm -f "$tls/current" "$tls/cert.pem" "$tls/key.pem"
        for name in cert.pem key.pem; do
            [ ! -f "$tls/$name.before" ] || mv "$tls/$name.before" "$tls/$name"
        done
    fi
    rm -rf "${tls:?}/$2"
}
# The three newest stay, and what is in use.
forget_old() {
    local name kept
    kept=$(readlink "$tls/current")
    find "$tls/pairs" -mindepth 1 -maxdepth 1 -type d -printf '%T@ pairs/%f\n' | sort -rn | tail -n +4 | while read -r _ name; do
        [ "$name" = "$kept" ] || rm -rf "${tls:?}/$name"
    done
}

# What nginx presents to somebody who asks for the first of the domains: its fingerprint.
presented() {
    timeout 10 openssl s_client -connect "$connect" -servername "${domains[0]#\*.}" </dev/null 2>/dev/null | openssl x509 2>/dev/null >"$work/presented" &&
        print_of "$work/presented"
}
# A reload that nginx has taken is seen at the next connection; workers that are busy end when their requests have.
reload() {
    local wanted=$1 found='' end
    nginx_do -s reload >"$work/reload" 2>&1 || { cat "$work/reload" >&2; return 1; }
    [ "$connect" != none ] || { say "已重新加载 nginx，未核对它出示的证书 / nginx was reloaded; what it presents was not looked at"; return 0; }
    end=$((SECONDS + 30))
    while [ $SECONDS -lt $end ]; do
        found=$(presented) || found=''
        [ "$found" != "$wanted" ] || { say "已重新加载 nginx，它已出示新证书 / nginx was reloaded and presents the new certificate"; return 0; }
        sleep 0.5
    done
    if [ -z "$found" ]; then
        say "已重新加载 nginx；$connect 无法连接，未核对它出示的证书（MMS_TLS_CONNECT） / nginx was reloaded; $connect cannot be reached to see what it presents"
        return 0
    fi
    echo "nginx（$connect）仍出示旧证书 / nginx at $connect still presents another certificate" >&2
    return 1
}

# put_in_place CERT KEY: after the faults were looked for.
put_in_place() {
    local before new wanted
    wanted=$(print_of "$1")
    if [ -e "$tls/cert.pem" ] && cmp -s "$1" "$tls/cert.pem" && cmp -s "$2" "$tls/key.pem"; then
        say "已在使用此证书 / this certificate is in place already"
        if nginx_runs && [ "$connect" != none ] && [ "$(presented)" != "$wanted" ]; then reload "$wanted" || fail 'nginx 未采用它 / nginx does not use it'; fi
        return 0
    fi
    adopt_files
    before=$(readlink "$tls/current" || true)
    new=$(copy_pair "$1" "$2")
    set_aside
    lead current "$new"
    lead cert.pem current/cert.pem
    lead key.pem current/key.pem
    if [ "$nginx" != none ] && ! nginx_do -t >"$work/test" 2>&1; then
        put_back "$before" "$new"
        cat "$work/test" >&2
        fail "nginx 不接受新证书或其配置，已恢复原来的证书 / nginx refuses it, or its own configuration; what was there before is back"
    fi
    if nginx_runs; then
        reload "$wanted" || {
            put_back "$before" "$new"
            [ -z "$before" ] || nginx_do -s reload >/dev/null 2>&1 || true
            fail "已恢复原来的证书 / what was there before is back"
        }
    else
        say "nginx 没有运行，下次启动时使用新证书 / nginx does not run; it uses the new certificate when it starts"
    fi
    forget_old
    say "证书已就位，剩余 $(days_left "$tls/cert.pem") 天 / in place, with $(days_left "$tls/cert.pem") days left: $tls/cert.pem"
}

refuse_faults() {
    local found
    found=$(faults "$@")
    [ -z "$found" ] || { printf '%s\n' "$found" >&2; fail "未更换证书 / nothing was changed"; }
}

# --- the authority ---

# What it asks for is laid where nginx (ssl.conf) shows it, so that port 80 stays with nginx; without an nginx certbot answers there itself.
obtain() {
    local how=() name
    need certbot certbot
    install -d -m 700 "$acme" || fail "不能建立目录 $acme（ACME_DIR） / the folder $acme cannot be made"
    if nginx_runs; then
        install -d -m 755 "$tls/acme" "$work/web" "$work/web/.well-known"
        ln -s "$tls/acme" "$work/web/.well-known/acme-challenge"
        how=(--webroot --webroot-path "$work/web")
    else
        how=(--standalone --http-01-port "${ACME_HTTP_PORT:-80}")
    fi
    [ -z "${ACME_SERVER:-}" ] || how+=(--server "$ACME_SERVER")
    if [ -n "$email" ]; then how+=(--email "$email"); else how+=(--register-unsafely-without-email); fi
    for name in "${domains[@]}"; do
        case $name in \**) wrong_usage "泛域名须用 DNS 验证，请另行申请后用 install 安装 / wildcards need a proof by DNS: install one that was had elsewhere: $name" ;; esac
        how+=(--domain "$name")
    done
    say "向 ACME 机构申请 / asking the authority: ${domains[*]}"
    (umask 022 && certbot certonly --non-interactive --agree-tos --cert-name mms --renew-with-new-domains --config-dir "$acme" --work-dir "$acme/work" --logs-dir "$acme/log" \
        "$@" "${how[@]}") >"$work/certbot" 2>&1 9>&- || {
        grep -v -E '^(Saving debug log|Ask for help|See the logfile| *$)' "$work/certbot" | tail -n 20 >&2
        fail "证书机构没有签发，现有证书不变（$acme/log） / the authority gave none; what is in place stays as it is"
    }
}
# live/mms is certbot's; a new one there that could not be put in place before is tried first.
fresh_enough() { [ -z "$(min_days=$((min_days + 10)) faults "$acme/live/mms/fullchain.pem" "$acme/live/mms/privkey.pem" "${domains[@]}")" ]; }
from_authority() {
    if fresh_enough; then
        say "使用已签发的证书 / using one that was issued before: $acme/live/mms"
    else
        obtain --force-renewal
    fi
    refuse_faults "$acme/live/mms/fullchain.pem" "$acme/live/mms/privkey.pem" "${domains[@]}"
    put_in_place "$acme/live/mms/fullchain.pem" "$acme/live/mms/privkey.pem"
}

# --- the commands ---

do_issue() {
    lock
    choose_domains
    from_authority
    remember_domains
}
do_renew() {
    lock
    [ -s "$tls/domains" ] || fail "尚未用 issue 或 install 安装过证书 / no certificate was issued or installed yet: certificates.sh issue DOMAIN…"
    choose_domains
    local found
    found=$(min_days=$((min_days + 10)) faults "$tls/cert.pem" "$tls/key.pem" "${domains[@]}")
    if [ -z "$found" ]; then
        say "尚未到期，剩余 $(days_left "$tls/cert.pem") 天 / not due, $(days_left "$tls/cert.pem") days left"
        # One that nginx has not read yet is told to it.
        put_in_place "$tls/cert.pem" "$tls/key.pem" >/dev/null
        return 0
    fi
    [ -d "$acme/live/mms" ] || { printf '%s\n' "$found" >&2; fail "证书不是由 issue 申请的，请购买后用 install 更换 / it was not had by issue: buy a new one, and install it"; }
    printf '%s\n' "$found"
    from_authority
}
do_install() {
    lock
    choose_domains
    refuse_faults "$cert" "$key" "${domains[@]}"
    put_in_place "$cert" "$key"
    remember_domains
}
do_self_signed() {
    local names='' name
    lock
    choose_domains
    for name in "${domains[@]}"; do
        if [[ $name =~ ^[0-9.]+$|: ]]; then names+=,IP:$name; else names+=,DNS:$name; fi
    done
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 -subj "/CN=${domains[0]}" -addext "subjectAltName=${names#,}" \
        -keyout "$work/key.pem" -out "$work/cert.pem" 2>"$work/openssl" || { cat "$work/openssl" >&2; fail '未能生成 / it could not be made'; }
    put_in_place "$work/cert.pem" "$work/key.pem"
    remember_domains
    say '自签名证书仅供试用，浏览器会警告 / self-signed, for trying only: browsers warn of it'
}
do_check() {
    local found mode
    choose_domains
    found=$(faults "$tls/cert.pem" "$tls/key.pem" "${domains[@]}")
    if [ -e "$tls/key.pem" ]; then
        mode=$(stat -L -c %a "$tls/key.pem")
        [ $((0$mode & 077)) = 0 ] || found+=${found:+$'\n'}"密钥可被他人读取（$mode），应为 600 / the key can be read by others ($mode): chmod 600"
    fi
    if [ -r "$tls/cert.pem" ] && is_certificate "$tls/cert.pem"; then
        say "证书 / certificate: $tls/cert.pem"
        say "域名 / names:       $(names_of "$tls/cert.pem")"
        say "签发 / issuer:      $(openssl x509 -in "$tls/cert.pem" -noout -issuer -nameopt utf8,sep_comma_plus_space | cut -d= -f2-)"
        say "到期 / ends:        $(openssl x509 -in "$tls/cert.pem" -noout -enddate | cut -d= -f2)（剩余 $(days_left "$tls/cert.pem") 天 / days left）"
        if ! nginx_runs || [ "$connect" = none ]; then
            say 'nginx:              未核对 / not looked at'
        elif [ "$(presented)" = "$(print_of "$tls/cert.pem")" ]; then
            say "nginx:              出示此证书 / presents it ($connect)"
        else
            found+=${found:+$'\n'}"nginx（$connect）没有出示此证书，请运行 renew 或重新加载 / nginx at $connect does not present it: reload it"
        fi
    fi
    [ -z "$found" ] || { printf '%s\n' "$found" >&2; exit 1; }
    say '正常 / well'
}

command=${1:-}
[ $# = 0 ] || shift
case $command in
-h | --help) usage; exit 0 ;;
issue)
    [ "${1:-}" != --email ] || { email=${2:-}; [ -n "$email" ] || wrong_usage '--email ADDRESS'; shift 2; }
    [ $# -gt 0 ] || wrong_usage 'issue [--email ADDRESS] DOMAIN…' ;;
install) [ $# -ge 2 ] || wrong_usage 'install CERT KEY [DOMAIN…]'; cert=$1 key=$2; shift 2 ;;
self-signed) [ $# -gt 0 ] || wrong_usage 'self-signed DOMAIN…' ;;
renew) [ $# = 0 ] || wrong_usage 'renew' ;;
check) ;;
*) usage >&2; exit 64 ;;
esac
domains=("$@")
need openssl openssl
find_places
case $command in
issue) do_issue ;;
renew) do_renew ;;
install) do_install ;;
check) do_check ;;
self-signed) do_self_signed ;;
esac
