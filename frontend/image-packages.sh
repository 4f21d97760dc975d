#!/bin/sh
# What is installed in the image in which this runs, one package a line: KIND NAME VERSION (kind: apk or deb).
set -eu
if [ -s /lib/apk/db/installed ]; then
    sed -n 's/^\([PV]\):/\1 /p' /lib/apk/db/installed | while read -r field value; do
        if [ "$field" = P ]; then name=$value; else echo "apk $name $value"; fi
    done
elif [ -s /usr/share/mms/packages ]; then
    cat /usr/share/mms/packages # made with the image, where there is no database of packages
else
    dpkg-query -W -f 'deb ${Package} ${Version}\n'
fi
