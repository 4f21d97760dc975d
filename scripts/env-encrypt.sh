#!/usr/bin/env bash
# Encrypts an environment file with age or ansible-vault, edits one, or gives it another key. The plain text is written to no disk.
#   env-encrypt.sh --age RECIPIENT [--age …] TO [FROM]   for these public keys of age (age-keygen makes a pair)
#   env-encrypt.sh --age-file RECIPIENTS TO [FROM]       for those in a file
#   env-encrypt.sh --vault TO [FROM]                     with the password in ANSIBLE_VAULT_PASSWORD_FILE
#   env-encrypt.sh --edit --age … FILE, --edit --vault FILE      in $EDITOR, on a file system that is in memory
#   env-encrypt.sh --rotate --age … FILE                 decrypted with the key of now, encrypted for these
#   env-encrypt.sh --rotate --vault-file PASSWORD FILE   … or with the password in this file
# FROM: a file, or standard input when there is none; remove the file afterwards (it may stay readable on its disk). TO is replaced in one step.
# To decrypt: AGE_IDENTITY_FILE, ANSIBLE_VAULT_PASSWORD_FILE; with them, what was encrypted is decrypted again and compared before TO is replaced.
# Exit codes: 0 done, 1 not done, and TO is as it was; 64 wrong usage.
set -euo pipefail
umask 077

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work='' made=''
recipients=() kind='' action=encrypt password=${ANSIBLE_VAULT_PASSWORD_FILE:-}

fail() { printf 'env-encrypt.sh: %s\n' "$*" >&2; exit 1; }
usage() { sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }
wrong_usage() { usage >&2; exit 64; }
need() { command -v "$1" >/dev/null || fail "没有程序 $1，请安装（apt install $2） / there is no program $1: apt install $2"; }
clean_up() {
    [ -z "$work" ] || rm -rf "$work"
    [ -z "$made" ] || rm -f "$made"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

choose() {
    [ -z "$kind" ] || [ "$kind" = "$1" ] || wrong_usage
    kind=$1
}
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) usage; exit 0 ;;
    --age | --age-file)
        [ $# -ge 2 ] || wrong_usage
        choose age
        if [ "$1" = --age ]; then recipients+=(--recipient "$2"); else recipients+=(--recipients-file "$2"); fi
        shift 2 ;;
    --vault) choose vault; shift ;;
    --vault-file) [ $# -ge 2 ] || wrong_usage; choose vault; password=$2; shift 2 ;;
    --edit | --rotate) [ "$action" = encrypt ] || wrong_usage; action=${1#--}; shift ;;
    -*) wrong_usage ;;
    *) break ;;
    esac
done
to=${1:-} from=${2:-}
if [ -z "$kind" ] || [ -z "$to" ] || [ $# -gt 2 ]; then wrong_usage; fi
[ "$action" = encrypt ] || [ $# = 1 ] || wrong_usage
case $kind in
age) need age age ;;
vault)
    need ansible-vault ansible-core
    [ -n "$password" ] || fail '请设置 ANSIBLE_VAULT_PASSWORD_FILE 为口令文件 / ANSIBLE_VAULT_PASSWORD_FILE must name the file of the password'
    [ -r "$password" ] || fail "口令文件无法读取 / the file of the password cannot be read: $password" ;;
esac
[ -d "$(dirname "$to")" ] || fail "没有目录 / there is no folder: $(dirname "$to")"

# In memory, and gone with this process.
[ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ] || fail '/dev/shm 不是内存文件系统 / /dev/shm is not in memory'
work=$(mktemp -d /dev/shm/mms-env.XXXXXX)
plain=$work/mms.env

encrypt() {
    case $kind in
    age) age --encrypt --armor "${recipients[@]}" ;;
    vault) ANSIBLE_VAULT_PASSWORD_FILE=$password ansible-vault encrypt --output - ;;
    esac
}
decrypted_sum() { ANSIBLE_VAULT_PASSWORD_FILE=$password "$here/env-decrypt.sh" "$made" | sha256sum; }
# The key of what is rotated to need not be here; else one that is named has to fit.
prove() {
    local said
    if [ "$kind" = age ] && [ -z "${AGE_IDENTITY_FILE:-}" ]; then
        echo '未设置 AGE_IDENTITY_FILE，未试解密 / without AGE_IDENTITY_FILE it was not decrypted for a try' >&2
    elif said=$(decrypted_sum 2>"$work/why"); then
        [ "$said" = "$(sha256sum <"$plain")" ] || fail "解密后与原文不同，$to 不变 / decrypted it is something else; $to is as it was"
    elif [ "$action" = rotate ] && [ "$kind" = age ]; then
        echo 'AGE_IDENTITY_FILE 中没有新密钥，未试解密 / AGE_IDENTITY_FILE does not hold the new key: it was not decrypted for a try' >&2
    else
        cat "$work/why" >&2
        fail "加密后未能用现有密钥解密，$to 不变 / it could not be decrypted with the key at hand; $to is as it was"
    fi
}
# What is in `plain`, encrypted, in the place of TO.
put() {
    made=$(mktemp "$to.XXXXXX")
    encrypt <"$plain" >"$made" || fail "未能加密，$to 不变 / it could not be encrypted; $to is as it was"
    prove
    sync "$made"
    mv "$made" "$to"
    made=''
    echo "已加密 / encrypted: $to" >&2
}
take_apart() {
    [ -f "$to" ] || fail "没有此文件 / there is no such file: $to"
    "$here/env-decrypt.sh" "$to" | cat >"$plain"
}
# What mms would say about it; told, and no reason to lose what was written.
look_through() {
    local mms=${MMS:-$here/../build/mms}
    [ -x "$mms" ] || mms=$(command -v mms) || return 0
    env -i "$mms" check-config --env-file "$plain" >/dev/null || echo '注意：以上设置有误，文件仍已保存 / the settings above are at fault; the file is kept nevertheless' >&2
}

case $action in
encrypt)
    [ -z "$from" ] || [ -r "$from" ] || fail "无法读取 / cannot be read: $from"
    cat ${from:+"$from"} >"$plain"
    [ -s "$plain" ] || fail "没有内容，$to 不变 / there is nothing to encrypt; $to is as it was"
    ;;
rotate) take_apart ;;
edit)
    take_apart
    encrypt <"$plain" >/dev/null || fail "未能加密，$to 不变 / it could not be encrypted; $to is as it was" # before anybody has typed anything
    before=$(sha256sum <"$plain")
    (cd "$work" && sh -c "${VISUAL:-${EDITOR:-vi}} \"\$1\"" sh "$plain") || fail "编辑器未正常结束，$to 不变 / the editor failed; $to is as it was"
    [ "$(sha256sum <"$plain")" != "$before" ] || { echo '没有改动 / nothing was changed' >&2; exit 0; }
    ;;
esac
look_through
put
