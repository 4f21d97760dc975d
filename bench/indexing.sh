# Sourced by run: how much postings are slowed while materials are put into the index of the search.

renaming=''
renaming_ends() {
    [ -n "$renaming" ] || return 0
    kill "$renaming" 2>/dev/null || true
    wait "$renaming" 2>/dev/null || true
    renaming=''
}

# postings [MS]: approvals a second on a fresh copy, with a material renamed every MS ms meanwhile; sets $rate, $renamed.
postings() {
    fresh_copy
    start_server "$tmp/copy.db"
    FIRST=$(sql "$tmp/copy.db" "SELECT min(id) FROM documents WHERE status = 'pending'")
    export FIRST COUNT=$documents
    if [ -n "${1:-}" ]; then
        timeout 300 node bench/client.mjs rename-every "$1" "$base" "$TOKEN" & renaming=$!
        sleep 0.5
    fi
    load approve "$seconds" >/dev/null
    renaming_ends
    stop_server
    rate=$(sql "$tmp/copy.db" "SELECT count(*) * 1000 / max(1, max(approved_at) - min(approved_at)) FROM documents WHERE kind = 'issue' AND status = 'approved'")
    renamed=$(sql "$tmp/copy.db" "SELECT count(*) / ($seconds + 0.5) FROM materials WHERE material_name LIKE '改名%'")
}

measure_indexing() {
    local r ratios=() alone=() together=() seen=()
    make_pending m10000
    for ((r = 0; r < rounds; r++)); do
        postings; alone+=("$rate")
        postings 10; together+=("$rate"); seen+=("${renamed%.*}")
        ratios+=("$(ratio "${alone[r]}" "$rate")")
    done
    row "search: postings slowed while $(median "${seen[@]}") materials a second are indexed" "PUT /api/inventory/…/approve, PUT /api/materials/…" \
        "$(median "${ratios[@]}")" 1.3 most "$(median "${alone[@]}")/s alone, $(median "${together[@]}")/s"
    DB_PATH=$tmp/copy.db "$build/mms" verify >"$tmp/verify.log" 2>&1 || { note "mms verify:"; cat "$tmp/verify.log" >&2; exit 1; }
}
