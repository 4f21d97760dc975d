#!/usr/bin/env bash
# Moves MMS from its SQLite file into PostgreSQL: the checklist's six steps around `mms migrate-to-postgres`.
#   TARGET_URL=postgresql://user:password@host/name DB_PATH=/srv/mms/mms.db scripts/migrate-to-postgresql.sh [--dry-run | --verify-only] [--while-serving]
# TARGET_URL (an empty database) is handed on through standard input, so that no list of processes shows the password.
# MMS: the program, build/mms by default. The service stays stopped, or with --while-serving read-only, until the last step.
# May be ended at any moment and run again. docs/operations.md says when to move, and how to switch and switch back.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
mms=${MMS:-$here/build/mms}
usage() { sed -n '2,6s/^# \{0,1\}//p' "$0"; }
wrong() { usage >&2; exit 64; }
case ${1:-} in --help | -h) usage; exit 0 ;; esac
[ -n "${TARGET_URL:-}" ] || wrong
[ -x "$mms" ] || { echo "找不到程序 / no program there: $mms" >&2; exit 64; }
url=$TARGET_URL
unset TARGET_URL DATABASE_URL
only=''
for option; do
    case $option in
    --dry-run | --verify-only) only=yes ;;
    --while-serving) ;;
    *) wrong ;;
    esac
done

step() { printf '\n== %s\n' "$*"; }
step "1/6 目标数据库 / the target: $(printf '%s' "$url" | sed -E 's#^([a-z]+://)([^/?#]*@)?([^?#]*).*#\1\3#')"
step "2/6 表结构 · 3/6 读出 · 4/6 载入、约束与序列 · 5/6 核对 / schema, read, load, constraints and sequences, proof"
printf '%s\n' "$url" | "$mms" migrate-to-postgres --to - "$@"
[ -z "$only" ] || exit 0
step "5/6 账目与日志链 / ledger and log in the target"
DATABASE_URL=$url "$mms" verify
DATABASE_URL=$url "$mms" audit verify
step "6/6 切换 / the switch"
cat <<TEXT
以 DATABASE_URL 指向新库启动 mms serve；保留原来的 SQLite 文件，直到不再需要退回。
Start mms serve with DATABASE_URL set to the new database. Keep the SQLite file until there is no going back.
退回 / back: DATABASE_URL=… mms migrate-to-sqlite --to NEW.db  (docs/operations.md)
TEXT
