#!/usr/bin/env bash
# One backup of the service in its container, and a JSON line about it for those who collect logs and raise alarms.
#   container-backup.sh [COMMAND…]    what makes the backup; else: docker exec mms-backend-prod /usr/local/bin/mms backup --gzip --keep 7,4,12
# Environment: MMS_SECOND: a second place for it, such as oss: (mms backup --second); of the service's unit, it stands in /etc/mms/backup.env.
# MMS_HOST_LOG (/var/log/mms/host.log; its folder must exist). The line is
#   {"time":"…Z","level":"info","event":"backup.done","host":"…","backup":"mms_backup_…","exit":0,"took_s":12}
# or level "error", event "backup.failed", with "error": the last words of the command. Ends with the code of the command; 74: the line
# could not be written.
set -euo pipefail

case ${1:-} in
-h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "$0"; exit 0 ;;
-*) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "$0" >&2; exit 64 ;;
esac
log=${MMS_HOST_LOG:-/var/log/mms/host.log}
[ $# -gt 0 ] || set -- docker exec mms-backend-prod /usr/local/bin/mms backup --gzip --keep 7,4,12 ${MMS_SECOND:+--second "$MMS_SECOND"}

# json TEXT: as the inside of a JSON string.
json() { printf '%s' "$1" | tr '\n\t' '  ' | tr -d '\000-\037\177' | sed 's/[\\"]/\\&/g'; }

output=$(mktemp)
trap 'rm -f "$output"' EXIT
began=$SECONDS code=0
"$@" >"$output" 2>&1 </dev/null || code=$?
cat "$output"

name=$(grep -o 'mms_backup_[0-9]\{8\}_[0-9]\{6\}' "$output" | tail -n 1 || true)
if [ "$code" = 0 ] && [ -z "$name" ]; then
    echo '命令没有说出备份的名称 / the command named no backup' | tee -a "$output"
    code=1
fi
level=info event=backup.done error=''
[ "$code" = 0 ] || { level=error event=backup.failed error=",\"error\":\"$(json "$(tail -n 3 "$output" | cut -c 1-400 | iconv -c -t UTF-8)")\""; }
printf '{"time":"%s","level":"%s","event":"%s","host":"%s","backup":"%s","exit":%d,"took_s":%d%s}\n' \
    "$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)" "$level" "$event" "$(json "$(hostname)")" "$name" "$code" "$((SECONDS - began))" "$error" >>"$log" ||
    { echo "写不了 / cannot write: $log" >&2; [ "$code" != 0 ] || code=74; }
exit "$code"
