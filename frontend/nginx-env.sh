#!/bin/sh
# Puts what the environment says into nginx.conf:  nginx-env.sh [FILE]   (default /etc/nginx/conf.d/default.conf)
#   MMS_UPSTREAM    where the service is, HOST:PORT                                    (backend:3000)
#   MMS_RESOLVER    who finds its name: the address of a name server                   (127.0.0.11)
#   MMS_LISTEN      the port, or ADDRESS:PORT                                          (80)
#   MMS_ROOT        the folder of the built page                                       (/usr/share/nginx/html)
#   MMS_API_ORIGIN  the origin of the API, for a page built with VITE_API_BASE_URL     (none)
# In /docker-entrypoint.d of the image of nginx it runs by itself before nginx starts.
set -eu
file=${1:-/etc/nginx/conf.d/default.conf}

# put NAME PATTERN VALUE: what would not be a value of nginx's configuration is refused.
expressions=''
put() {
    case $3 in
    '' | *[!A-Za-z0-9._:/\[\]-]*) echo "nginx-env.sh: $1=$3 cannot be used" >&2; exit 64 ;;
    esac
    expressions="$expressions
$2"
}
[ -z "${MMS_UPSTREAM:-}" ] || put MMS_UPSTREAM "s#^    set .mms_service [^;]*;#    set \$mms_service $MMS_UPSTREAM;#" "$MMS_UPSTREAM"
[ -z "${MMS_RESOLVER:-}" ] || put MMS_RESOLVER "s#^    resolver [^ ]*#    resolver $MMS_RESOLVER#" "$MMS_RESOLVER"
[ -z "${MMS_LISTEN:-}" ] || put MMS_LISTEN "s#^    listen [^;]*;#    listen $MMS_LISTEN;#" "$MMS_LISTEN"
[ -z "${MMS_ROOT:-}" ] || put MMS_ROOT "s#^    root [^;]*;#    root $MMS_ROOT;#" "$MMS_ROOT"
[ -z "${MMS_API_ORIGIN:-}" ] || put MMS_API_ORIGIN "s#img-src 'self' data: blob:[^;]*; connect-src 'self'[^;]*; object#img-src 'self' data: blob: $MMS_API_ORIGIN; connect-src 'self' $MMS_API_ORIGIN; object#" "$MMS_API_ORIGIN"

changed=$(sed "$expressions" "$file")
printf '%s\n' "$changed" >"$file"
