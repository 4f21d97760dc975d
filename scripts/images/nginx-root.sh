#!/bin/sh
# nginx-root.sh ROOT: Debian's nginx with its libraries and busybox, laid out as in nginx's own images (user 101, /usr/share/nginx/html),
# with the notices and the list of its packages.
set -eu
root=$1
mkdir -p "$root/bin" "$root/tmp" "$root/run" "$root/etc/nginx/conf.d" "$root/usr/share/nginx/html" "$root/var/lib/nginx" "$root/var/log/nginx" \
    "$root/usr/lib" "$root/usr/lib64" "$root/usr/sbin" "$root/usr/share/mms" "$root/etc/ssl/certs"
ln -s usr/lib "$root/lib"
ln -s usr/lib64 "$root/lib64"
chmod 1777 "$root/tmp"

copy() { mkdir -p "$root$(dirname "$1")" && cp -L "$1" "$root$1"; }
files="/usr/sbin/nginx $(ldd /usr/sbin/nginx | sed -n 's/.*[[:space:]]\(\/[^ ]*\) (0x.*/\1/p')"
for file in $files; do copy "$file"; done
copy /etc/nginx/mime.types
copy /etc/ssl/certs/ca-certificates.crt
copy /bin/busybox
for tool in $(/bin/busybox --list); do [ -e "$root/bin/$tool" ] || ln -s busybox "$root/bin/$tool"; done

printf 'root:x:0:0:root:/:/bin/sh\nnginx:x:101:101:nginx:/:/sbin/nologin\n' >"$root/etc/passwd"
printf 'root:x:0:\nnginx:x:101:\n' >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"

# dpkg knows a file by the name it came with, before /lib became a link.
for file in $files /bin/busybox; do
    real=$(readlink -f "$file")
    dpkg-query -S "$real" "${real#/usr}" 2>/dev/null | head -n 1 | cut -d: -f1
done | sort -u >/tmp/names
echo ca-certificates >>/tmp/names
while read -r name; do
    dpkg-query -W -f 'deb ${Package} ${Version}\n' "$name"
    copy "/usr/share/doc/$name/copyright"
done </tmp/names >"$root/usr/share/mms/packages"
