#!/usr/bin/env bash
# Builds the Debian package mms_VERSION_ARCHITECTURE.deb of this tree: the program, its page, units, tools and documents.
#   scripts/build-deb.sh [--version VERSION] [FOLDER]      to this folder (build-deb); the version is the program's
# MMS_MAINTAINER: "Name <address>" in the package. Two builds of one commit on one machine give the same bytes. apt install ./mms_*.deb
set -euo pipefail
# shellcheck source=scripts/setup.sh
. "$(dirname "$0")/setup.sh"
cd "$here"

version='' out=''
while [ $# -gt 0 ]; do
    case $1 in
    --version) [ $# -ge 2 ] || { sed -n '2,4s/^# \{0,1\}//p' "$0" >&2; exit 64; }; version=$2; shift 2 ;;
    -h | --help) sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) sed -n '2,4s/^# \{0,1\}//p' "$0" >&2; exit 64 ;;
    *) [ -z "$out" ] || { sed -n '2,4s/^# \{0,1\}//p' "$0" >&2; exit 64; }; out=$1; shift ;;
    esac
done
version=${version:-$(sed -n "s/^  version: '\(.*\)',$/\1/p" backend/meson.build)} out=${out:-$here/build-deb}
[[ $version =~ ^[0-9][A-Za-z0-9.+~]*$ ]] || { say "不是版本号 / no version: $version"; exit 64; }
maintainer=${MMS_MAINTAINER:-MMS <mms@localhost>}

need_packages "${build_packages[@]}" "${deb_packages[@]}"
build_program build
build_page
mkdir -p "$out"
work=$(mktemp -d "$out/.work.XXXXXX")
trap 'rm -rf "$work"' EXIT
umask 022
export SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || date +%s)
architecture=$(dpkg --print-architecture)
root=$work/root

# --- what goes where ---

install -D -m 755 build/mms "$root/usr/bin/mms"
strip --strip-unneeded --remove-section=.comment --remove-section=.note "$root/usr/bin/mms"
install -d "$root/usr/lib/mms" "$root/usr/share/mms"
install -m 755 scripts/{backup-sqlite,certificates,env-encrypt,env-decrypt,migrate-to-postgresql}.sh "$root/usr/lib/mms"
cp -r frontend/dist "$root/usr/share/mms/web"
rm -f "$root/usr/share/mms/web/.mms-sum"
install -m 644 deploy/debian/mms.env.in "$root/usr/share/mms/mms.env.in"
install -D -m 644 -t "$root/lib/systemd/system" deploy/mms.service deploy/mms-{backup,continuous-check,certificates}.{service,timer}
install -D -m 644 deploy/debian/certificates.env "$root/etc/mms/certificates.env"
doc=$root/usr/share/doc/mms
install -D -m 644 -t "$doc" docs/operations.md docs/api.md THIRD_PARTY.md
install -D -m 644 -t "$doc/examples" nginx/nginx.conf nginx/ssl.conf nginx/trusted-proxies.conf deploy/mms-{backup,certificates}.cron
install -m 644 .env.example "$doc/examples/env.example"
{
    printf 'MMS, 青绿氢能物料管理系统\n\nWhat is in it of others, and under which licences: THIRD_PARTY.md beside this file.\nThe data for Chinese characters:\n\n'
    cat licenses/unicode-data.txt
} >"$doc/copyright"
{
    printf 'mms (%s) bookworm; urgency=medium\n\n  * The state of the source at this version.\n\n' "$version"
    printf ' -- %s  %s\n' "$maintainer" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")"
} | gzip -9n >"$doc/changelog.gz"

find "$root" -type d -exec chmod 755 {} +
find "$root" -type f ! -perm -u+x -exec chmod 644 {} +

# --- what it needs, and what it says of itself ---

mkdir -p "$work/debian" "$root/DEBIAN"
printf 'Source: mms\n\nPackage: mms\nArchitecture: any\n' >"$work/debian/control"
libraries=$(cd "$work" && dpkg-shlibdeps -O -e root/usr/bin/mms 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
[ -n "$libraries" ] || { say 'dpkg-shlibdeps 没有结果 / dpkg-shlibdeps found nothing'; exit 1; }
size=$(du -k -s --apparent-size "$root" | cut -f1)
awk -v version="$version" -v architecture="$architecture" -v maintainer="$maintainer" -v size="$size" -v libraries="$libraries" '
    { gsub(/@VERSION@/, version); gsub(/@ARCHITECTURE@/, architecture); gsub(/@MAINTAINER@/, maintainer); gsub(/@SIZE@/, size); gsub(/@SHLIBS@/, libraries); print }
' deploy/debian/control.in >"$root/DEBIAN/control"
install -m 644 deploy/debian/conffiles "$root/DEBIAN/conffiles"
install -m 755 deploy/debian/{postinst,prerm,postrm} "$root/DEBIAN"
(cd "$root" && find . -path ./DEBIAN -prune -o -type f ! -path './etc/*' -printf '%P\0' | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
chmod 644 "$root/DEBIAN/md5sums"

package=$out/mms_${version}_$architecture.deb
dpkg-deb --root-owner-group -Zxz --build "$root" "$work/mms.deb" >/dev/null
mv "$work/mms.deb" "$package"
echo "$package"
