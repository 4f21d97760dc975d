#!/bin/sh
# What the image of the page starts: its nginx.conf as the environment says (nginx-env.sh), and then nginx. Writes into /tmp only, so
# the file system may be read-only. The name server is the container's own, unless MMS_RESOLVER names one.
set -eu
if [ -z "${MMS_RESOLVER:-}" ]; then
    MMS_RESOLVER=$(sed -n 's/^nameserver[[:space:]]\{1,\}\([0-9A-Fa-f.:]*\).*/\1/p' /etc/resolv.conf | head -n 1)
    case $MMS_RESOLVER in *:*) MMS_RESOLVER="[$MMS_RESOLVER]" ;; esac
    export MMS_RESOLVER
fi
cp /etc/nginx/mms/site.conf /tmp/site.conf
sh /etc/nginx/mms/nginx-env.sh /tmp/site.conf
exec nginx -c /etc/nginx/mms/nginx.conf -e stderr -g 'daemon off;'
