# Sourced by run: how much postings are slowed while materials are put into the index of the search.

changing=''
changing_ends() {
    [ -n "$changing" ] || return 0
    kill "$changing" 2>/dev/null || true
    wait "$changing" 2>/dev/null || true
    changing=''
}

# postings [MS FIELD]: approvals a second on a fresh copy, with this field of a material changed every MS ms meanwhile; sets $rate,
# $changed (a second).
postings() {
    fresh_copy
    start_server "$tmp/copy.db"
    FIRST=$(sql "$tmp/copy.db" "SELECT min(id) FROM documents WHERE status = 'pending'")
    export FIRST COUNT=$documents
    if [ -n "${1:-}" ]; then
        timeout 300 node bench/client.mjs change-every "$1" "$2" "$base" "$TOKEN" & changing=$!
        sleep 0.5
    fi
    load approve "$seconds" >/dev/null
    changing_ends
    stop_server
    rate=$(sql "$tmp/copy.db" "SELECT count(*) * 1000 / max(1, max(approved_at) - min(approved_at)) FROM documents WHERE kind = 'issue' AND status = 'approved'")
    changed=$(sql "$tmp/copy.db" "SELECT count(*) / ($seconds + 0.5) FROM materials WHERE material_name LIKE '改过的%' OR description LIKE '改过的%'")
}

# The same number of changes that the index has nothing to do with tells what of the slowness is the index.
measure_indexing() {
    local r ratios=() of_index=() alone=() unindexed=() together=() seen=()
    make_pending m10000
    for ((r = 0; r < rounds; r++)); do
        postings; alone+=("$rate")
        postings 10 description; unindexed+=("$rate")
        postings 10 materialName; together+=("$rate"); seen+=("${changed%.*}")
        ratios+=("$(ratio "${alone[r]}" "$rate")")
        of_index+=("$(ratio "${unindexed[r]}" "$rate")")
    done
    row "search: postings slowed while $(median "${seen[@]}") materials a second are indexed" "PUT /api/inventory/…/approve, PUT /api/materials/…" \
        "$(median "${ratios[@]}")" 1.3 most "$(median "${alone[@]}")/s alone, $(median "${together[@]}")/s"
    row "search: … against the same changes of what is not indexed" "the same, with another field" \
        "$(median "${of_index[@]}")" 1.3 most "$(median "${unindexed[@]}")/s"
    DB_PATH=$tmp/copy.db "$build/mms" verify >"$tmp/verify.log" 2>&1 || { note "mms verify:"; cat "$tmp/verify.log" >&2; exit 1; }
}
