#!/usr/bin/env bash
# Backs MMS up while it runs, proves that the backup can be restored, and removes what is no longer kept. For cron and timers.
#   BACKUP_DIR=/backup DB_PATH=/data/mms.db scripts/backup-sqlite.sh [more options of mms backup]
# UPLOAD_DIR: the folder uploads beside DB_PATH. KEEP: 7,4,12 (days, weeks, months). SECOND_DIR: a copy there, too.
# AGE_RECIPIENT: encrypted for this public key of age. MMS: the program, build/mms or mms.
# Restore: mms restore BACKUP_DIR. docs/operations.md, "Backup", has the rest.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case ${1:-} in -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
mms=${MMS:-}
[ -n "$mms" ] || { [ -x "$here/build/mms" ] && mms=$here/build/mms; } || mms=$(command -v mms) ||
    { echo "找不到程序 mms，请设置 MMS / no program mms there: set MMS" >&2; exit 64; }
export BACKUP_DIR=${BACKUP_DIR:-/backup} DB_PATH=${DB_PATH:-/data/mms.db}
export UPLOAD_DIR=${UPLOAD_DIR:-$(dirname "$DB_PATH")/uploads}
options=(--gzip --keep "${KEEP:-7,4,12}")
[ -z "${SECOND_DIR:-}" ] || options+=(--second "$SECOND_DIR")
[ -z "${AGE_RECIPIENT:-}" ] || options+=(--age "$AGE_RECIPIENT")
exec "$mms" backup "${options[@]}" "$@"
