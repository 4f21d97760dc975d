# Sourced by run: mms backup of a database of about 1 GiB, against a plain copy of the same file.

# plain_copy: sets $plain, in ms.
plain_copy() {
    rm -f "$tmp/plain.db"
    local began
    began=$(date +%s%N)
    cp --reflink=never "$tmp/backed.db" "$tmp/plain.db"
    sync "$tmp/plain.db"
    plain=$((($(date +%s%N) - began) / 1000000))
    rm -f "$tmp/plain.db"
}

measure_backup() {
    local r n=${BENCH_BACKUP_MOVES:-3000000} slowed was is copied took copies=() slows=() a=() b=() wases=() ises=() tooks=() size
    make_moves backed "$n"
    start_server "$tmp/backed.db"
    size=$(stat -c %s "$tmp/backed.db" | awk '{ printf "%.2f", $1 / 1073741824 }')
    for ((r = 0; r < rounds; r++)); do
        plain_copy
        rm -rf "$tmp/backups"
        read -r slowed was is copied took < <(DB_PATH=$tmp/backed.db timeout 600 node bench/backup.mjs "$base" "$TOKEN" "$build/mms" "$tmp/backups")
        copies+=("$(ratio "$plain" "$copied")"); a+=("$copied"); b+=("$plain")
        slows+=("$slowed"); wases+=("$was"); ises+=("$is"); tooks+=("$took")
    done
    stop_server
    row "backup of a database of $size GiB: its copy, against a plain copy plus sync" "mms backup, step 1; cp, sync" "$(median "${copies[@]}")" 0.5 least \
        "$(median "${a[@]}") ms, plain $(median "${b[@]}") ms; with gzip, restoring and proof $(median "${tooks[@]}") s"
    row "a list meanwhile against before (backup)" "GET /api/materials?pageSize=20&page=…" "$(median "${slows[@]}")" 1.5 most \
        "median $(median "${wases[@]}") / $(median "${ises[@]}") µs"
    rm -rf "$tmp/backups"
}
