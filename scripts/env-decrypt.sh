#!/usr/bin/env bash
# Decrypts an environment file that env-encrypt.sh has made, for whoever reads it from a pipe. The plain text is written to no disk.
#   env-decrypt.sh FILE | COMMAND                  to a pipe; to a file or a terminal it is refused
#   env-decrypt.sh --to-terminal FILE              to be read by a person
#   env-decrypt.sh --run FILE COMMAND [ARGUMENT…]  starts the command with these variables; what the environment says already goes first
# `mms serve --env-file FILE` decrypts by itself and needs none of this; compose does: env-decrypt.sh --run .env.age docker-compose -f … up -d
# The key: AGE_IDENTITY_FILE (age), ANSIBLE_VAULT_PASSWORD_FILE (ansible-vault). Exit codes: 0 done, 1 not done, 64 wrong usage.
set -euo pipefail
umask 077

# What the environment says, before this script has names of its own; what the file says comes into force when it is at its end.
declare -A given=()
pairs=()
for name in $(compgen -e); do [ -z "${!name}" ] || given[$name]=yes; done

fail() { printf 'env-decrypt.sh: %s\n' "$*" >&2; exit 1; }
usage() { sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }
need() { command -v "$1" >/dev/null || fail "没有程序 $1，请安装（apt install $2） / there is no program $1: apt install $2"; }
# key_file NAME: what this variable names, which must be there.
key_file() {
    [ -n "${!1:-}" ] || fail "$file 已加密，请设置 $1 为密钥文件 / $file is encrypted: $1 must name the file of the key"
    [ -r "${!1}" ] || fail "$1：密钥文件无法读取 / the file of the key cannot be read: ${!1}"
}

kind_of() {
    local first=''
    IFS= LC_ALL=C read -r -n 40 first <"$file" 2>/dev/null || true
    case $first in
    age-encryption.org/* | '-----BEGIN AGE ENCRYPTED FILE-----'*) echo age ;;
    \$ANSIBLE_VAULT\;*) echo vault ;;
    *) fail "$file 未加密，或不是 age、ansible-vault 的文件 / not encrypted, or not by age or ansible-vault: $file" ;;
    esac
}
decrypt() {
    case $kind in
    age) age --decrypt --identity "$AGE_IDENTITY_FILE" <"$file" ;;
    vault) ansible-vault decrypt --output - <"$file" ;;
    esac
}
# Whole and undamaged, before the first byte of it goes to anybody.
prove() { decrypt >/dev/null || fail "$file 未能解密：密钥不对，或文件已损坏 / another key, or a damaged file: $file"; }

# The spelling of base/env_text.h: NAME=plain, NAME='as it stands', NAME="with \" \\ \$ \`".
take_line() {
    local line=$1 name value rest
    line=${line#"${line%%[! $'\t']*}"}
    line=${line%"${line##*[! $'\t\r']}"}
    case $line in '' | '#'*) return 0 ;; esac
    name=${line%%=*} value=${line#*=}
    [[ $line == *=* && $name =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || return 1
    if [[ $value =~ ^\'([^\']*)\'$ ]]; then
        value=${BASH_REMATCH[1]}
    elif [[ $value =~ ^\"(([^\"\\\$\`]|\\[\"\\\$\`])*)\"$ ]]; then
        rest=${BASH_REMATCH[1]} value=''
        while [[ $rest == *\\* ]]; do
            value+=${rest%%\\*}
            rest=${rest#*\\}
            value+=${rest:0:1} rest=${rest:1}
        done
        value+=$rest
    else
        [[ $value =~ ^[^[:space:]\'\"\\\$\`#]*$ ]] || return 1
    fi
    [ -n "${given[$name]:-}" ] || pairs+=("$name=$value")
}
run_with() {
    local line number=0
    while IFS= read -r line || [ -n "$line" ]; do
        number=$((number + 1))
        take_line "$line" || fail "$file 第 $number 行不是 名称=值（含空格或特殊字符的值须用单引号括起） / line $number is no NAME=VALUE; values with spaces or special characters want single quotes"
    done < <(decrypt)
    local env_decrypt_left=${#pairs[@]}
    set -- "${pairs[@]}" "$@"
    unset pairs given # an array of that name would stay one
    while [ "$env_decrypt_left" -gt 0 ]; do
        export -- "${1?}"
        shift
        env_decrypt_left=$((env_decrypt_left - 1))
    done
    exec "$@"
}

mode=pipe
case ${1:-} in
-h | --help) usage; exit 0 ;;
--to-terminal) mode=terminal; shift ;;
--run) mode=run; shift ;;
esac
file=${1:-}
case $file in '' | -*) usage >&2; exit 64 ;; esac
shift
case $mode in run) [ $# -gt 0 ] || { usage >&2; exit 64; } ;; *) [ $# = 0 ] || { usage >&2; exit 64; } ;; esac
[ -f "$file" ] || fail "没有此文件 / there is no such file: $file"
[ -r "$file" ] || fail "无法读取 / cannot be read: $file"
[ $mode != pipe ] || [ -p /dev/stdout ] || [ -S /dev/stdout ] ||
    fail '明文只写入管道；要显示在终端请用 --to-terminal / the plain text goes to a pipe only; --to-terminal shows it'
[ $mode != terminal ] || [ -t 1 ] || [ -p /dev/stdout ] || [ -S /dev/stdout ] || fail '标准输出不是终端 / standard output is no terminal'
kind=$(kind_of)
case $kind in
age) need age age; key_file AGE_IDENTITY_FILE ;;
vault) need ansible-vault ansible-core; key_file ANSIBLE_VAULT_PASSWORD_FILE ;;
esac
prove
case $mode in
run) run_with "$@" ;;
*) decrypt ;;
esac
