#!/usr/bin/env bash
# Makes a new server (Alibaba Cloud Linux 3, Debian 12, Ubuntu 22.04; x86_64) one that scripts/deploy.sh can use. As root, from a checkout
# of this repository (or of its scripts/, deploy/, nginx/, docker-compose.prod.yml and .env.example). Run again, it changes only what is not so.
#   scripts/bootstrap-ecs.sh [OPTION…]
#     --key FILE           public keys that may sign in as the deploying user; else those of who runs this (root, or the user of sudo)
#     --user NAME          the deploying user (mms): user 1001, as the service in its container is, so that both own the data
#     --dir DIR            the folder of the deployment (/srv/mms)
#     --data-disk DEVICE   a disk for /data: made ext4 when it is empty, never when it holds anything
#     --region, --account, --log-identity    of the log agent (mms-prod); without region and account, or with --no-agent, it is left out
#     --certificates       also the timer that renews certificates (scripts/certificates.sh issue … comes first)
#     --no-firewall        leaves the packet filter alone
#     --no-ssh             leaves the settings of sshd alone
#     --dry-run            says what it would do, changes nothing
# /etc/mms/bootstrap.env (from the server's user data) may give region, account, log identity and data disk; options go first.
# sshd is only changed once a key is in place for who runs this and for the deploying user, after sshd itself has found the new settings good; and the
# packet filter only when the port of this very session stays open.
# Exit: 0 done; 1 something is missing or was not done, with what is the matter; 64 wrong usage. The last line counts the changes.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

usage() { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; }
say() { printf '%s\n' "$*"; }
fail() { printf '失败 / FAILED: %s\n' "$*" >&2; exit 1; }

readonly RUN_ID=1001 NGINX_ID=101 LIB=/usr/lib/mms LOG=/var/log/mms UNITS=/etc/systemd/system
key_file='' user=mms dir=/srv/mms disk='' region='' account='' identity='' agent=yes certificates='' firewall=yes ssh=yes dry=''
while [ $# -gt 0 ]; do
    case $1 in
    --key | --user | --dir | --data-disk | --region | --account | --log-identity) [ $# -ge 2 ] || { usage >&2; exit 64; } ;;&
    --key) key_file=$2; shift ;;
    --user) user=$2; shift ;;
    --dir) dir=$2; shift ;;
    --data-disk) disk=$2; shift ;;
    --region) region=$2; shift ;;
    --account) account=$2; shift ;;
    --log-identity) identity=$2; shift ;;
    --no-agent) agent='' ;;
    --certificates) certificates=yes ;;
    --no-firewall) firewall='' ;;
    --no-ssh) ssh='' ;;
    --dry-run) dry=yes ;;
    --help | -h) usage; exit 0 ;;
    *) usage >&2; exit 64 ;;
    esac
    shift
done

# given NAME: a value of /etc/mms/bootstrap.env; nothing of it is run.
given() { sed -n "s/^$1=//p" /etc/mms/bootstrap.env 2>/dev/null | tail -n 1 || true; }
region=${region:-$(given MMS_REGION)} account=${account:-$(given MMS_ACCOUNT_ID)} identity=${identity:-$(given MMS_LOG_IDENTITY)}
disk=${disk:-$(given MMS_DATA_DISK)} identity=${identity:-mms-prod}
[[ $user =~ ^[a-z_][a-z0-9_-]{0,31}$ && $user != root ]] || fail "不是用户名 / this is no user name: $user"
[[ $dir =~ ^/[A-Za-z0-9._/-]+$ ]] || fail "文件夹须为绝对路径 / the folder is an absolute path: $dir"
[[ -z $region || $region =~ ^[a-z]{2}-[a-z0-9-]+$ ]] || fail "不是区域编号 / this is no region: $region"
[[ -z $account || $account =~ ^[0-9]{5,20}$ ]] || fail "不是账号编号 / this is no account: $account"
[[ $identity =~ ^[A-Za-z0-9._-]{1,64}$ ]] || fail "不是机器组标识 / this is no identity of a machine group: $identity"
[[ -z $disk || $disk =~ ^/dev/[A-Za-z0-9._/-]+$ ]] || fail "不是磁盘 / this is no disk: $disk"

# ---------------------------------------------------------------- what all steps use

admin=${SUDO_USER:-root} # who works here now
changes=0 problems=()
# change TEXT COMMAND…: one that changes something; a dry run only says it.
change() {
    local text=$1
    shift
    changes=$((changes + 1))
    if [ -n "$dry" ]; then
        say "将执行 / would: $text"
    else
        say "· $text"
        "$@"
    fi
}
problem() { problems+=("$*"); say "注意 / MIND: $*"; }

# file PATH MODE [OWNER:GROUP] <TEXT: the file is so; `wrote` is set when it was not. Never at the end of a pipe: the count would be lost.
wrote=''
file() {
    local path=$1 mode=$2 owner=${3:-0:0} text
    text=$(cat; printf x)
    text=${text%x} wrote=''
    if [ -f "$path" ] && printf '%s' "$text" | cmp -s - "$path" && [ "$(stat -c '%a %u:%g' "$path")" = "${mode#0} $owner" ]; then return 0; fi
    change "写入 / write $path" write_file "$path" "$mode" "$owner" "$text"
    [ -n "$dry" ] || wrote=yes
}
write_file() {
    local new
    mkdir -p "$(dirname "$1")"
    new=$(mktemp "$(dirname "$1")/.mms.XXXXXX")
    printf '%s' "$4" >"$new"
    chmod "$2" "$new"
    chown "$3" "$new"
    mv "$new" "$1"
}
# folder PATH MODE OWNER:GROUP
folder() {
    if [ -d "$1" ] && [ "$(stat -c '%a %u:%g' "$1")" = "${2#0} $3" ]; then return 0; fi
    change "目录 / folder $1 ($2 $3)" make_folder "$@"
}
make_folder() { mkdir -p "$1"; chmod "$2" "$1"; chown "$3" "$1"; }

has_systemd() { [ -d /run/systemd/system ]; }
# service NAME: started now and at every start of the machine.
service() {
    if ! systemctl is-enabled -q "$1" 2>/dev/null; then change "开机启动 / enable $1" systemctl -q enable "$1"; fi
    if has_systemd && ! systemctl is-active -q "$1"; then change "启动 / start $1" systemctl start "$1"; fi
}
reload_units() { ! has_systemd || systemctl daemon-reload; }

# ---------------------------------------------------------------- the machine

find_system() {
    local os=/etc/os-release
    # What a dry run would do on another system: the file of that one.
    [ -z "$dry" ] || os=${OS_RELEASE:-$os}
    [ -r "$os" ] || fail "读不到 / cannot read $os"
    system=$(sed -n 's/^ID=//p' "$os" | tr -d \"):$(sed -n 's/^VERSION_ID=//p' "$os" | tr -d \" | cut -d. -f1)
    case $system in
    alinux:3) packages=(docker-ce docker-ce-cli containerd.io docker-compose-plugin nftables logrotate chrony curl util-linux openssh-server e2fsprogs) clock=chronyd sshd=sshd ;;
    debian:12) packages=(docker.io docker-compose nftables logrotate chrony curl ca-certificates util-linux openssh-server e2fsprogs) clock=chrony sshd=ssh ;;
    ubuntu:22) packages=(docker.io docker-compose-v2 nftables logrotate chrony curl ca-certificates util-linux openssh-server e2fsprogs) clock=chrony sshd=ssh ;;
    *) fail "不支持的系统 / this system is not supported: $system（Alibaba Cloud Linux 3、Debian 12、Ubuntu 22.04）" ;;
    esac
    [ "$(uname -m)" = x86_64 ] || fail "镜像只有 x86_64 的 / the images are for x86_64: $(uname -m)"
    [ -n "$dry" ] || [ "$(id -u)" = 0 ] || fail '需要 root / this wants root'
    for name in docker-compose.prod.yml .env.example nginx/nginx.conf nginx/ssl.conf nginx/trusted-proxies.conf scripts/certificates.sh scripts/container-backup.sh deploy/mms-container-backup.service; do
        [ -r "$here/$name" ] || fail "此处缺少 / it is missing here: $here/$name"
    done
    say "系统 / system: $system"
    [ "$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)" -ge 3400 ] || problem '内存少于 4 GB / there is less memory than 4 GB'
}

installed() {
    case $system in
    alinux:*) rpm -q "$1" >/dev/null 2>&1 ;;
    *) [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ] ;;
    esac
}
install_packages() {
    case $system in
    alinux:*) dnf -y -q install "$@" ;;
    *) update_lists && DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 install --no-install-recommends "$@" ;;
    esac
}
# A new server updates itself once it has started; whoever comes then waits, ten minutes at most.
update_lists() {
    local told i
    for ((i = 0; i < 120; i++)); do
        if told=$(LC_ALL=C apt-get -q update 2>&1); then return 0; fi
        [[ $told == *'Could not get lock'* ]] || break
        [ "$i" != 0 ] || say '另一个程序正在更新软件包，等待 / another program is updating packages: waiting'
        sleep 5
    done
    printf '%s\n' "$told" >&2
    return 1
}
step_packages() {
    local name missing=()
    if [ "$system" = alinux:3 ]; then
        # The release of the vendor's mirror that this system's packages are compatible with.
        file /etc/yum.repos.d/docker-ce.repo 0644 <<'END'
[docker-ce-stable]
name=Docker CE Stable
baseurl=https://mirrors.aliyun.com/docker-ce/linux/centos/8/$basearch/stable
enabled=1
gpgcheck=1
gpgkey=https://mirrors.aliyun.com/docker-ce/linux/centos/gpg
END
    fi
    for name in "${packages[@]}"; do installed "$name" || missing+=("$name"); done
    [ ${#missing[@]} = 0 ] || change "安装 / install ${missing[*]}" install_packages "${missing[@]}"
    service "$clock"
}

# A disk that holds nothing becomes /data; one that holds a file system is only mounted.
step_disk() {
    local device places kind uuid size
    [ -n "$disk" ] || { [ -d /data ] || say '没有给出数据盘，/data 在系统盘上 / no data disk was given: /data is on the system disk'; return 0; }
    device=$(readlink -f "$disk")
    if [ ! -b "$device" ]; then
        [ -n "$dry" ] || fail "没有此磁盘 / there is no such disk: $disk" # or all would be on the system's disk
        problem "没有此磁盘 / there is no such disk: $disk"
        return 0
    fi
    places=$(findmnt -rno TARGET -S "$device" || true)
    [ "$places" != /data ] || return 0
    [ -z "$(lsblk -nro NAME "$device" | sed 1d)" ] || fail "磁盘有分区，不会使用 / the disk has partitions and is not used: $disk"
    [ -z "$places" ] || fail "磁盘已挂载在别处 / the disk is mounted elsewhere: $disk"
    [ -z "$(ls -A /data 2>/dev/null)" ] || fail "/data 已有内容，不会在上面挂载 / there is something in /data already: nothing is mounted over it"
    kind=$(blkid -p -o value -s TYPE "$device" 2>/dev/null || true)
    if [ -z "$kind" ]; then
        # Nothing that is known, and zeros at both ends.
        size=$(blockdev --getsize64 "$device")
        { cmp -s -n 1048576 "$device" /dev/zero && cmp -s -n 1048576 -i "$((size - 1048576)):0" "$device" /dev/zero; } || fail "磁盘不是空的，不会格式化 / the disk is not empty and is not formatted: $disk"
        change "格式化 / make ext4 on $device" mkfs.ext4 -q -L mms-data "$device"
    elif [ "$kind" != ext4 ] && [ "$kind" != xfs ]; then
        fail "磁盘上是 $kind，不会使用 / the disk holds $kind and is not used: $disk"
    fi
    [ -z "$dry" ] || { say "将执行 / would: 挂载 / mount $device /data"; return 0; }
    uuid=$(blkid -p -o value -s UUID "$device")
    grep -q "^UUID=$uuid /data " /etc/fstab || change "写入 / write /etc/fstab: /data" add_mount "$uuid"
    mkdir -p /data
    change "挂载 / mount /data" mount -U "$uuid" /data
}
# Without its disk the machine still starts, but the engine does not: no service then begins an empty database. The line of a disk that was
# replaced goes: of two for one place, the first counts at the next start.
add_mount() {
    local others
    others=$(sed '\|^UUID=[^ ]* /data auto defaults,noatime,nofail 0 2$|d' /etc/fstab 2>/dev/null || true)
    write_file /etc/fstab 0644 0:0 "${others:+$others$'\n'}UUID=$1 /data auto defaults,noatime,nofail 0 2"$'\n'
    reload_units
}

step_engine() {
    local restart=''
    if [ -e /etc/docker/daemon.json ] && ! grep -q '"max-size"' /etc/docker/daemon.json; then
        problem '/etc/docker/daemon.json 已有其他设置，请手工加入日志轮换 / has settings of its own: add log rotation by hand'
    elif [ ! -e /etc/docker/daemon.json ]; then
        file /etc/docker/daemon.json 0644 <<'END'
{
  "log-driver": "json-file",
  "log-opts": { "max-size": "10m", "max-file": "3" },
  "live-restore": true
}
END
        restart=$wrote
        # Docker 23 and newer can look at its settings without starting.
        if [ -z "$dry" ] && [[ $(dockerd --help 2>&1) == *--validate* ]] && ! dockerd --validate --config-file /etc/docker/daemon.json >/dev/null 2>&1; then
            rm /etc/docker/daemon.json
            fail '容器引擎不接受 daemon.json / the engine does not accept daemon.json'
        fi
    fi
    if [ -n "$disk" ]; then
        file $UNITS/docker.service.d/mms.conf 0644 <<'END'
[Unit]
RequiresMountsFor=/data
END
        [ -z "$wrote" ] || reload_units
    fi
    if [ -n "$restart" ] && has_systemd && systemctl is-active -q docker; then change '重启容器引擎 / restart the engine' systemctl restart docker; fi
    service docker
}

# ---------------------------------------------------------------- who deploys, and where

keys_of() { sed -n '/^[[:space:]]*\(#\|$\)/d;p' "$1" 2>/dev/null || true; }
home_of() { getent passwd "$1" | cut -d: -f6; }
are_keys() { [ -n "$1" ] && printf '%s\n' "$1" | ssh-keygen -l -f /dev/stdin >/dev/null 2>&1; }

make_user() {
    getent group "$RUN_ID" >/dev/null || groupadd --gid "$RUN_ID" "$user"
    useradd --uid "$RUN_ID" --gid "$RUN_ID" --create-home --shell /bin/bash "$user"
}
step_user() {
    local there keys
    there=$(getent passwd "$RUN_ID" | cut -d: -f1 || true)
    if [ -n "$there" ] && [ "$there" != "$user" ]; then fail "编号 $RUN_ID 已属于 $there：用 --user $there，或换一台机器 / user $RUN_ID is $there: --user $there, or another machine"; fi
    if [ -z "$there" ]; then
        ! getent passwd "$user" >/dev/null || fail "$user 已有别的编号 / $user has another number: $(id -u "$user")"
        change "建立用户 / make the user $user ($RUN_ID)" make_user
    fi
    if [[ " $(id -nG "$user" 2>/dev/null) " != *' docker '* ]]; then change "$user 可以使用容器引擎 / may use the engine" usermod -aG docker "$user"; fi

    [ -z "$key_file" ] || [ -r "$key_file" ] || fail "读不到 / cannot read $key_file"
    keys=$(keys_of "${key_file:-$(home_of "$admin")/.ssh/authorized_keys}")
    if [ -z "$keys" ]; then
        [ -n "$key_file" ] || { problem "$user 没有公钥，不能登录：--key FILE / has no key and cannot sign in: --key FILE"; return 0; }
        fail "没有公钥 / there is no key in $key_file"
    fi
    ! grep -q 'PRIVATE KEY' <<<"$keys" || fail "这是私钥，要的是公钥（.pub）/ this is a private key; the public one (.pub) is wanted: $key_file"
    if command -v ssh-keygen >/dev/null; then are_keys "$keys" || fail "不是公钥 / these are no public keys: ${key_file:-$admin}"; fi
    add_keys "$keys"
}
add_keys() {
    local home line place more=''
    home=$(home_of "$user")
    home=${home:-/home/$user} # a dry run has not made the user
    place=$home/.ssh/authorized_keys
    folder "$home/.ssh" 0700 "$RUN_ID:$RUN_ID"
    while IFS= read -r line; do
        grep -qxF -- "$line" "$place" 2>/dev/null || more+=$line$'\n'
    done <<<"$1"
    file "$place" 0600 "$RUN_ID:$RUN_ID" < <(cat "$place" 2>/dev/null || true; printf '%s' "$more")
}

step_folders() {
    local backup
    folder /data 0755 0:0
    folder /data/mms 0755 0:0
    folder /data/mms/db 0750 "$RUN_ID:$RUN_ID"
    folder /data/mms/uploads 0750 "$RUN_ID:$RUN_ID"
    folder /backup 0750 "$RUN_ID:$RUN_ID"
    folder "$LOG" 0755 0:0
    folder "$dir" 0750 "$RUN_ID:$RUN_ID"
    for backup in nginx nginx/side; do folder "$dir/$backup" 0755 "$RUN_ID:$RUN_ID"; done
    folder "$dir/nginx/ssl" 0755 "$RUN_ID:$RUN_ID"
    folder "$dir/secrets" 0700 "$RUN_ID:$RUN_ID"
}

# What the deployment needs in its folder. Files that are there and differ belong to whoever changed them.
step_project() {
    local name text
    for name in docker-compose.prod.yml nginx/nginx.conf nginx/ssl.conf nginx/trusted-proxies.conf; do
        if [ ! -e "$dir/$name" ]; then
            file "$dir/$name" 0644 "$RUN_ID:$RUN_ID" <"$here/$name"
        elif ! cmp -s "$here/$name" "$dir/$name"; then
            say "保留已改动的 / kept, since it was changed: $dir/$name"
        fi
    done
    if [ ! -e "$dir/.env" ]; then
        text=$(sed "s|^JWT_SECRET=\$|JWT_SECRET=$(head -c 48 /dev/urandom | base64 -w 0)|" "$here/.env.example")
        grep -q '^JWT_SECRET=.' <<<"$text" || fail "$here/.env.example 没有 JWT_SECRET / has no JWT_SECRET"
        file "$dir/.env" 0600 "$RUN_ID:$RUN_ID" <<<"$text"
    fi
    [ -e "$dir/nginx/ssl/cert.pem" ] || say "还没有证书 / there is no certificate yet: $LIB/certificates.sh issue|install …"
}

# ---------------------------------------------------------------- what goes on by itself

step_timers() {
    local name units=''
    for name in container-backup certificates; do
        file "$LIB/$name.sh" 0755 <"$here/scripts/$name.sh"
        file "$UNITS/mms-$name.service" 0644 <"$here/deploy/mms-$name.service"
        units=$units$wrote
        file "$UNITS/mms-$name.timer" 0644 <"$here/deploy/mms-$name.timer"
        units=$units$wrote
    done
    [ -e /etc/mms/certificates.env ] || file /etc/mms/certificates.env 0644 < <(printf 'MMS_TLS=%s/nginx/ssl\nMMS_TLS_OWNER=%s\n' "$dir" "$NGINX_ID")
    file /etc/logrotate.d/mms 0644 <<END
$LOG/*.log {
    weekly
    size 10M
    rotate 8
    missingok
    notifempty
    compress
    delaycompress
}
END
    [ -z "$units" ] || reload_units
    service mms-container-backup.timer
    [ -z "$certificates" ] || service mms-certificates.timer
}

# The agent takes its settings from SLS; the machine only says whose it is and which group it belongs to (deploy/logtail).
step_agent() {
    [ -n "$agent" ] || return 0
    if [ -z "$region" ] || [ -z "$account" ]; then
        say '没有给出区域与账号，不安装日志采集器 / without region and account the log agent is left out'
        return 0
    fi
    file "/etc/ilogtail/users/$account" 0644 </dev/null
    file /etc/ilogtail/user_defined_id 0644 <<<"$identity"
    if [ ! -x /etc/init.d/loongcollectord ] && [ ! -x /etc/init.d/ilogtaild ]; then
        change "安装日志采集器 / install the log agent ($region)" install_agent || problem '日志采集器没有安装，请稍后再运行一次 / the log agent was not installed: run this again later'
    fi
    [ -d /usr/local/cloudmonitor ] || say '没有云监控插件：内存与磁盘告警需要它，在控制台“主机监控”中安装 / there is no CloudMonitor agent: memory and disk alarms want it'
}
install_agent() {
    local script code=0
    script=$(mktemp)
    curl -fsS --proto '=https' --retry 3 --max-time 120 -o "$script" "https://aliyun-observability-release-$region.oss-$region.aliyuncs.com/loongcollector/linux64/latest/loongcollector.sh" &&
        sh "$script" install "$region" || code=$?
    rm -f "$script"
    return "$code"
}

# ---------------------------------------------------------------- who may come in

# Debian's sshd wants it to be there, also for looking at its settings.
mkdir_for_sshd() { [ -n "$dry" ] || mkdir -p /run/sshd; }
sshd_program() { PATH=$PATH:/usr/sbin command -v sshd; }
# The ports of sshd, and that of this session.
ssh_ports() {
    local session=${SSH_CONNECTION:-}
    { "$(sshd_program)" -T 2>/dev/null | sed -n 's/^port //p'; printf '%s\n' "${session##* }"; } | grep -E '^[0-9]+$' | sort -un | paste -sd,
}

# A table of our own: the rules of the engine and of others stay as they are. Ports that containers publish are the engine's business.
firewall_rules() {
    cat <<END
# Who may reach this machine: ssh, http, https. Made by bootstrap-ecs.sh; loaded by mms-firewall.service.
table inet mms
delete table inet mms
table inet mms {
    chain input {
        type filter hook input priority 10; policy drop;
        ct state established,related accept
        ct state invalid drop
        iifname "lo" accept
        meta l4proto { icmp, ipv6-icmp } accept
        udp dport { 68, 546 } accept
        tcp dport { $1, 80, 443 } accept
    }
}
END
}
step_firewall() {
    local ports rules loaded
    [ -n "$firewall" ] || return 0
    mkdir_for_sshd
    ports=$(ssh_ports || true)
    [ -z "$dry" ] || ports=${ports:-22}
    [ -n "$ports" ] || fail '不知道 sshd 的端口，不设置防火墙 / the port of sshd is not known: no packet filter is set'
    rules=$(firewall_rules "$ports")
    [ -n "$dry" ] || nft -c -f - <<<"$rules" || fail '防火墙规则不被接受，没有改动 / the rules of the packet filter are not accepted; nothing was changed'
    file /etc/mms/firewall.nft 0644 <<<"$rules"
    loaded=$wrote
    file $UNITS/mms-firewall.service 0644 <<'END'
[Unit]
Description=MMS: packet filter (ssh, http, https)
Before=network-pre.target
Wants=network-pre.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f /etc/mms/firewall.nft
ExecReload=/usr/sbin/nft -f /etc/mms/firewall.nft
ExecStop=/usr/sbin/nft delete table inet mms

[Install]
WantedBy=multi-user.target
END
    [ -z "$wrote" ] || reload_units
    if [ -n "$loaded" ] && has_systemd && systemctl is-active -q mms-firewall.service; then change '重新载入防火墙 / load the packet filter anew' systemctl reload mms-firewall.service; fi
    service mms-firewall.service
}

readonly BEGIN='# BEGIN mms (bootstrap-ecs.sh)' END='# END mms'
# At the top, since the first value of a setting is the one that counts, and since the sshd of Alibaba Cloud Linux 3 knows no Include.
hardened() {
    cat <<END
$BEGIN
PermitRootLogin prohibit-password
PasswordAuthentication no
ChallengeResponseAuthentication no
PermitEmptyPasswords no
MaxAuthTries 4
LoginGraceTime 30
ClientAliveInterval 60
X11Forwarding no
$END
END
    sed "/^$BEGIN\$/,/^$END\$/d" "$1"
}
step_ssh() {
    local config=/etc/ssh/sshd_config new home name told
    [ -n "$ssh" ] || return 0
    if [ -n "$dry" ] && [ ! -e "$config" ]; then say '将执行 / would: 只许公钥登录 / sign in with keys only'; changes=$((changes + 1)); return 0; fi
    for name in "$admin" "$user"; do
        home=$(home_of "$name")
        if [ -z "$(keys_of "$home/.ssh/authorized_keys")" ]; then
            [ -z "$dry" ] || [ "$name" != "$user" ] || continue
            problem "$name 没有公钥：不改动 sshd，免得无人能登录 / $name has no key: sshd is left as it is, lest nobody can sign in"
            return 0
        fi
    done
    if [ "$(hardened "$config")" = "$(cat "$config")" ]; then return 0; fi
    [ -z "$dry" ] || { change '只许公钥登录 / sign in with keys only' true; return 0; }
    new=$(mktemp /etc/ssh/.sshd_config.XXXXXX)
    hardened "$config" >"$new"
    chmod --reference="$config" "$new"
    mkdir_for_sshd
    told=$("$(sshd_program)" -T -f "$new") || told=''
    if [[ $told != *$'\npasswordauthentication no\n'* || $told != *$'\npubkeyauthentication yes\n'* ]]; then
        rm -f "$new"
        fail 'sshd 不接受新的设置，原来的保持不变 / sshd does not accept the new settings; what was there stays'
    fi
    change '只许公钥登录 / sign in with keys only' put_sshd "$config" "$new"
}
put_sshd() {
    [ -e "$1.before-mms" ] || cp -p "$1" "$1.before-mms"
    mv "$2" "$1"
    ! has_systemd || systemctl reload "$sshd" # who is signed in stays so
}

# ---------------------------------------------------------------- all of it

find_system
for step in packages disk engine user folders project timers agent firewall ssh; do
    say "== $step"
    "step_$step"
done
say "下一步 / next: scripts/deploy.sh --load $user@$(hostname)   ($dir/.env)"
if [ ${#problems[@]} -gt 0 ]; then printf '未完成 / not done: %s\n' "${problems[@]}"; fi
if [ -n "$dry" ]; then say "将有 $changes 项改变 / $changes changes would be made"; else say "$changes 项改变 / $changes changes"; fi
[ ${#problems[@]} = 0 ]
