# Sourced by run: durable approvals while the continuous backup ships them, against without, in turn.

# wait_for_base: until the first copy of the database is whole, so that it is not measured with the rest.
wait_for_base() {
    local i
    for ((i = 0; i < 1200; i++)); do
        compgen -G "$BACKUP_CONTINUOUS_DIR/mms_chain_*/base_*.json" >/dev/null && return 0
        sleep 0.05
    done
    note "no base was shipped"; exit 1
}

measure_ship() {
    note "continuous backup"
    local r ratios=() with=() without=() bases=() bytes approved found
    make_pending m10000
    for ((r = 0; r < rounds; r++)); do
        fresh_copy; approvals "$tmp/copy.db" "$documents"; without+=("$rate")
        rm -rf "$tmp/shipped"; mkdir "$tmp/shipped"
        export BACKUP_CONTINUOUS_DIR=$tmp/shipped BACKUP_CONTINUOUS_SECONDS=1
        fresh_copy; approvals "$tmp/copy.db" "$documents"; with+=("$rate")
        approved=$done_count
        ratios+=("$(ratio "${with[-1]}" "${without[-1]}")")
        bases+=("$(sed -n 's/.*"ship.base".*"took_ms":\([0-9]*\).*/\1/p' "$tmp/server.log" | head -n 1)")
        if grep -q '"ship.gap"' "$tmp/server.log"; then note "there was a gap"; exit 1; fi
        # All of it has arrived.
        DB_PATH=$tmp/brought.db UPLOAD_DIR=$tmp/brought "$build/mms" restore --continuous >"$tmp/restore.log" 2>&1 || { cat "$tmp/restore.log" >&2; exit 1; }
        found=$(sql "$tmp/brought.db" "SELECT count(*) FROM documents WHERE kind = 'issue' AND status = 'approved'")
        [ "$found" -eq "$approved" ] || { note "$approved approved, $found shipped"; exit 1; }
        rm -rf "$tmp/brought.db"* "$tmp/brought"
        unset BACKUP_CONTINUOUS_DIR BACKUP_CONTINUOUS_SECONDS
    done
    bytes=$(($(stat -c %s "$tmp/copy.db") / 1048576))
    row "durable approvals while they are shipped, against without" "BACKUP_CONTINUOUS_DIR; PUT /api/inventory/…/approve" \
        "$(median "${ratios[@]}")" 0.8 least "$(median "${with[@]}")/s, without $(median "${without[@]}")/s; the first copy, $bytes MiB, took $(median "${bases[@]}") ms"
}
