#!/usr/bin/env bash
# Makes a PostgreSQL data folder out of a base backup and the log that pg_receivewal has kept (docs/operations.md, "Continuous backup").
#   scripts/restore-postgresql.sh BASE WAL TARGET [UNTIL]
#     BASE    what pg_basebackup has written (plain format)
#     WAL     the folder of pg_receivewal: its last file, which ends with .partial, counts as well
#     TARGET  the new data folder: it must not be there. Start the server on it; it plays the log and then takes writes
#     UNTIL   to this moment and no further, such as '2026-11-29 14:30:00+00'
# Nothing is changed in BASE and WAL. Run it as the user of the server.
set -euo pipefail
case ${1:-} in -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
if [ $# -lt 3 ] || [ $# -gt 4 ]; then sed -n '3s/^# *//p' "$0" >&2; exit 64; fi
base=$1 wal=$(realpath -- "$2") target=$3 until=${4:-}

refuse() { printf 'restore-postgresql: %s\n' "$@" >&2; exit 74; }
[ -f "$base/backup_label" ] || refuse "$base 不是 pg_basebackup 的结果" "$base is not what pg_basebackup has written"
[ ! -e "$target" ] || refuse "$target 已存在" "$target is there already"
compgen -G "$wal/[0-9A-F]*" >/dev/null || refuse "$wal 中没有日志文件" "$wal holds no log"
case $wal$until in *[\'\\\"%]*) refuse "路径或时刻中不能有引号、反斜线和 %" "no quotes, backslashes or % in the path or the moment" ;; esac

cp -a -- "$base" "$target"
chmod 700 "$target"
{
    # A file that is still being received is as long as any other, with zeros behind what has come.
    printf "restore_command = 'cp \"%s/%%f\" \"%%p\" 2>/dev/null || cp \"%s/%%f.partial\" \"%%p\"'\n" "$wal" "$wal"
    printf "recovery_target_action = 'promote'\n"
    [ -z "$until" ] || printf "recovery_target_time = '%s'\n" "$until"
} >>"$target/postgresql.auto.conf"
touch "$target/recovery.signal"
printf '已准备 / ready: %s\n下一步 / next: pg_ctl -D %s start; mms verify\n' "$target" "$target"
