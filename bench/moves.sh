# Sourced by run: databases with many moves, and what the dashboard takes over them.

# make_moves NAME COUNT: a copy of m1000 with COUNT approved documents of a line each over 300 days, on 800 materials: receipts of 2
# at 3 yuan and issues of 1, in turn. Figures and balances as the service would have them: mms verify says so.
make_moves() {
    note "making $2 moves"
    cp "$tmp/m1000.db" "$tmp/$1.db"
    sqlite3 -bail "$tmp/$1.db" <<SQL
.param set :n $2
CREATE TEMP TABLE t AS SELECT value AS i, 200 + value % 800 + 1 AS material, value / 800 + 1 AS seq, (value / 800) % 2 = 0 AS receipt,
    CAST(strftime('%s', 'now') AS INTEGER) * 1000 - 300 * 86400000 + value * (300 * 86400000 / :n) AS at FROM generate_series(0, :n - 1);
CREATE TEMP TABLE base AS SELECT (SELECT COALESCE(MAX(id), 0) FROM documents) AS d, (SELECT COALESCE(MAX(id), 0) FROM document_lines) AS l,
    (SELECT id FROM locations WHERE kind = 'supplier') AS supplier, (SELECT id FROM locations WHERE kind = 'consumption') AS consumption,
    (SELECT id FROM locations WHERE is_real = 1 ORDER BY id LIMIT 1) AS store;
BEGIN;
INSERT INTO documents (id, number, kind, purpose, line_count, applicant_id, created_at, updated_at)
    SELECT d + i + 1, printf('%s20200101-%07d', iif(receipt, 'IN', 'OUT'), i + 1), iif(receipt, 'receipt', 'issue'),
    iif(receipt, 'purchase', 'production'), 1, 1, at, at FROM t, base;
INSERT INTO document_numbers (prefix, day, last) SELECT iif(receipt, 'IN', 'OUT'), 18262, COUNT(*) FROM t GROUP BY receipt;
INSERT INTO document_lines (id, document_id, line_no, material_id, quantity) SELECT l + i + 1, d + i + 1, 1, material, iif(receipt, 2000000, 1000000) FROM t, base;
UPDATE documents SET status = 'approved', approver_id = 1, approved_at = created_at WHERE status = 'pending';
INSERT INTO moves (document_id, line_id, material_id, lot_id, from_location_id, to_location_id, quantity, seq, stock_before, stock_after, value, posted_at, posted_by)
    SELECT d + i + 1, l + i + 1, material, (SELECT id FROM lots WHERE material_id = material), iif(receipt, supplier, store), iif(receipt, store, consumption),
    iif(receipt, 2000000, 1000000), seq, (seq / 2 * 2 - (seq - 1) / 2) * 1000000, ((seq + 1) / 2 * 2 - seq / 2) * 1000000,
    iif(receipt, 6000000, 3000000), at, 1 FROM t, base;
INSERT INTO balances (material_id, lot_id, location_id, is_real, quantity)
    SELECT material_id, lot_id, place, place = store, SUM(quantity) FROM (SELECT material_id, lot_id, to_location_id AS place, quantity FROM moves
    UNION ALL SELECT material_id, lot_id, from_location_id, -quantity FROM moves), base WHERE material_id > 200 GROUP BY material_id, lot_id, place;
UPDATE materials SET move_count = s.n, current_stock = s.stock, stock_value = s.stock * 3 FROM (SELECT material_id, COUNT(*) AS n,
    SUM(CASE WHEN quantity = 2000000 THEN quantity ELSE -quantity END) AS stock FROM moves WHERE material_id > 200 GROUP BY material_id) AS s WHERE s.material_id = materials.id;
INSERT INTO posted_quarters (quarter, kind, documents, quantity) SELECT at / 900000, iif(receipt, 'receipt', 'issue'), COUNT(*), SUM(iif(receipt, 2000000, 1000000))
    FROM t WHERE true GROUP BY 1, 2 ON CONFLICT (quarter, kind) DO UPDATE SET documents = documents + excluded.documents, quantity = quantity + excluded.quantity;
UPDATE change_counters SET materials = materials + 1, stock = stock + 1, documents = documents + 1;
COMMIT;
ANALYZE;
SQL
    DB_PATH=$tmp/$1.db "$build/mms" verify >"$tmp/verify.log" 2>&1 || { note "mms verify:"; cat "$tmp/verify.log" >&2; exit 1; }
}

# approving_begins, approving_ends: somebody approves a receipt every 10 ms meanwhile.
approving_begins() { timeout 120 node bench/client.mjs approve-every 10 "$base" "$TOKEN" & approving=$!; sleep 0.3; }
approving_ends() { kill "$approving" 2>/dev/null || true; wait "$approving" 2>/dev/null || true; }

measure_dashboard() {
    local n path r rate busy bodies=0 busies=() busyof=() all=() ratios=() of
    for n in 10000 100000 1000000; do make_moves "v$n" "$n"; done
    start_server "$tmp/v1000000.db"
    for path in stats materials-by-category transaction-trend low-stock-materials pending-transactions; do
        client save "$base" "$TOKEN" "/api/dashboard/$path" "$tmp/web/assets/dashboard$((bodies++)).json"
    done
    stop_server
    start_server "$tmp/v1000000.db"
    load dashboard 1 >/dev/null
    compare "dashboard at 1,000,000 moves, its five figures in turn" "GET /api/dashboard/…" dashboard fixed_dashboard 0.3
    for ((r = 0; r < rounds; r++)); do
        approving_begins
        busy=$(load dashboard "$seconds")
        rate=$(load fixed_dashboard "$seconds")
        approving_ends
        busies+=("$(ratio "$busy" "$rate")"); busyof+=("$busy")
    done
    row "the same while a receipt is approved every 10 ms" "GET /api/dashboard/…" "$(median "${busies[@]}")" 0.3 least "$(median "${busyof[@]}")/s"
    stop_server
    declare -A seen=()
    for ((r = 0; r < rounds; r++)); do
        of=()
        for n in 10000 100000 1000000; do
            start_server "$tmp/v$n.db"
            approving_begins
            load dashboard 1 >/dev/null
            rate=$(load dashboard 2)
            approving_ends
            stop_server
            of+=("$rate"); seen[$n]+="$rate "
        done
        ratios+=("$(printf '%s\n' "${of[@]}" | sort -n | awk 'NR == 1 { low = $1 } { high = $1 } END { printf "%.2f", high / low }')")
    done
    # shellcheck disable=SC2086
    for n in 10000 100000 1000000; do all+=("$(median ${seen[$n]})"); done
    row "growth: dashboard, approvals meanwhile, at 10,000 / 100,000 / 1,000,000 moves" "GET /api/dashboard/…" "$(median "${ratios[@]}")" 1.5 most "${all[0]} / ${all[1]} / ${all[2]}/s"
    rm -f "$tmp"/v*.db*
}

measure_streams() {
    note "500 event streams"
    cp "$tmp/m1000.db" "$tmp/streams.db"
    start_server "$tmp/streams.db"
    local each reached
    read -r each reached < <(client streams "$base" "$TOKEN" "$server" 500)
    row "an open event stream, of 500 (KiB)" "GET /api/notifications/stream; VmRSS" "$each" 40 most "one approval reaches all within $reached ms"
    stop_server
}
