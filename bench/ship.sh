# Sourced by run: durable approvals while the continuous backup ships them, open and sealed, against without, in turn.

# wait_for_base: until the first copy of the database is whole, so that it is not measured with the rest.
wait_for_base() {
    local i
    for ((i = 0; i < 1200; i++)); do
        compgen -G "$BACKUP_CONTINUOUS_DIR/mms_chain_*/base_*.json" >/dev/null && return 0
        sleep 0.05
    done
    note "no base was shipped"; exit 1
}

# landing: the median of ms from the moment that a segment tells (all that was committed before is in it) until it is on the disk, and the most.
landing() {
    local file told all=()
    for file in "$tmp"/shipped/mms_chain_*/*.seg; do
        told=$(od -An -tu8 --endian=big -j24 -N8 "$file")
        all+=("$(($(stat -c %.Y "$file" | awk '{ printf "%.0f", $1 * 1000 }') - told))")
    done
    echo "$(median "${all[@]}") $(printf '%s\n' "${all[@]}" | sort -n | tail -n 1) ${#all[@]}"
}

# ship_round HOW [OPTION…]: approvals while they are shipped; adds to ships_HOW, bases_HOW and landings_HOW. OPTION: for the restoring.
ship_round() {
    local how=$1 approved found
    shift
    local -n rates=ships_$how begun=bases_$how lands=landings_$how
    rm -rf "$tmp/shipped"; mkdir "$tmp/shipped"
    export BACKUP_CONTINUOUS_DIR=$tmp/shipped BACKUP_CONTINUOUS_SECONDS=1
    fresh_copy; approvals "$tmp/copy.db" "$documents"; rates+=("$rate")
    approved=$done_count
    begun+=("$(sed -n 's/.*"ship.base".*"took_ms":\([0-9]*\).*/\1/p' "$tmp/server.log" | head -n 1)")
    lands+=("$(landing)")
    if grep -q '"ship.gap"' "$tmp/server.log"; then note "there was a gap"; exit 1; fi
    # All of it has arrived.
    DB_PATH=$tmp/brought.db UPLOAD_DIR=$tmp/brought "$build/mms" restore --continuous "$@" >"$tmp/restore.log" 2>&1 || { cat "$tmp/restore.log" >&2; exit 1; }
    found=$(sql "$tmp/brought.db" "SELECT count(*) FROM documents WHERE kind = 'issue' AND status = 'approved'")
    [ "$found" -eq "$approved" ] || { note "$approved approved, $found shipped"; exit 1; }
    rm -rf "$tmp/brought.db"* "$tmp/brought"
    unset BACKUP_CONTINUOUS_DIR BACKUP_CONTINUOUS_SECONDS
}

# ship_rows HOW WHAT COMMAND: what came of it.
ship_rows() {
    local -n rates=ships_$1 begun=bases_$1 lands=landings_$1
    local r ratios=()
    for ((r = 0; r < rounds; r++)); do ratios+=("$(ratio "${rates[r]}" "${without[r]}")"); done
    row "durable approvals while they are shipped$2, against without" "$3; PUT /api/inventory/…/approve" \
        "$(median "${ratios[@]}")" 0.8 least "$(median "${rates[@]}")/s, without $(median "${without[@]}")/s; the first copy, $bytes MiB, took $(median "${begun[@]}") ms"
    row "a segment$2: from its moment to the disk (ms)" "$3" "$(printf '%s\n' "${lands[@]}" | awk '{ print $1 }' | sort -n | tail -n 1)" 1000 most \
        "median of each round, the slowest round; at most $(printf '%s\n' "${lands[@]}" | awk '{ print $2 }' | sort -n | tail -n 1) ms, $(printf '%s\n' "${lands[@]}" | awk '{ n += $3 } END { print n }') segments"
}

measure_ship() {
    note "continuous backup"
    local r bytes without=() ships_open=() bases_open=() landings_open=() ships_sealed=() bases_sealed=() landings_sealed=()
    make_pending m10000
    rm -f "$tmp/age.key"
    age-keygen -o "$tmp/age.key" 2>/dev/null || { note "age is not installed"; exit 1; }
    for ((r = 0; r < rounds; r++)); do
        fresh_copy; approvals "$tmp/copy.db" "$documents"; without+=("$rate")
        ship_round open
        AGE_RECIPIENT=$(age-keygen -y "$tmp/age.key")
        export AGE_RECIPIENT
        ship_round sealed --age-key "$tmp/age.key"
        unset AGE_RECIPIENT
    done
    bytes=$(($(stat -c %s "$tmp/copy.db") / 1048576))
    ship_rows open '' BACKUP_CONTINUOUS_DIR
    ship_rows sealed ', sealed' 'BACKUP_CONTINUOUS_DIR, AGE_RECIPIENT'
}
