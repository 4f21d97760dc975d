#!/usr/bin/env bash
# Copies all uploaded files from UPLOAD_DIR into object storage (OSS), verified one by one: `mms files migrate --to oss`.
#   UPLOAD_DIR=/srv/mms/uploads OSS_BUCKET=… OSS_REGION=cn-hangzhou [OSS_ENDPOINT=…] [OSS_ACCESS_KEY_ID=… OSS_ACCESS_KEY_SECRET=…]
#   scripts/migrate-files-to-oss.sh [--parallel N] [--report FILE] [--delete-source] [--env-file FILE]
# May be ended at any moment and run again: what is there already is left. The source stays; --delete-source, once the service runs with
# UPLOAD_BACKEND=oss, proves all of it a second time and only then deletes. MMS: the program, build/mms by default. Back: mms files migrate --to local
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
mms=${MMS:-$here/build/mms}
case ${1:-} in
-h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
[ -x "$mms" ] || { echo "找不到程序 / no program there: $mms" >&2; exit 64; }
exec "$mms" files migrate --to oss "$@"
