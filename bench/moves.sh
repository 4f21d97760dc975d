# Sourced by run: databases with many moves, and what the dashboard takes over them.

# make_moves NAME COUNT [BASE]: a copy of BASE (m1000) with COUNT approved documents of a line each over 300 days, on 800 materials: receipts of 2
# at 3 yuan and issues of 1, in turn. Figures and balances as the service would have them: mms verify says so.
make_moves() {
    note "making $2 moves"
    cp "$tmp/${3:-m1000}.db" "$tmp/$1.db"
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
UPDATE materials SET move_count = s.n, current_stock = s.stock, stock_value = s.stock * 3, last_moved_at = s.at FROM (SELECT material_id, COUNT(*) AS n, MAX(posted_at) AS at,
    SUM(CASE WHEN quantity = 2000000 THEN quantity ELSE -quantity END) AS stock FROM moves WHERE material_id > 200 GROUP BY material_id) AS s WHERE s.material_id = materials.id;
UPDATE materials SET recent_moves = s.n, recent_received = s.came, recent_issued = s.went FROM (SELECT material_id, COUNT(*) AS n,
    SUM(iif(stock_after > stock_before, quantity, 0)) AS came, SUM(iif(stock_after < stock_before, quantity, 0)) AS went FROM moves
    WHERE posted_at >= (SELECT from_at FROM recent_window) GROUP BY material_id) AS s WHERE s.material_id = materials.id;
INSERT INTO posted_quarters (quarter, kind, documents, quantity) SELECT at / 900000, iif(receipt, 'receipt', 'issue'), COUNT(*), SUM(iif(receipt, 2000000, 1000000))
    FROM t WHERE true GROUP BY 1, 2 ON CONFLICT (quarter, kind) DO UPDATE SET documents = documents + excluded.documents, quantity = quantity + excluded.quantity;
UPDATE change_counters SET materials = materials + 1, stock = stock + 1, documents = documents + 1;
COMMIT;
ANALYZE;
SQL
    DB_PATH=$tmp/$1.db "$build/mms" verify >"$tmp/verify.log" 2>&1 || { note "mms verify:"; cat "$tmp/verify.log" >&2; exit 1; }
}

approving=''
# approving_begins MS SECONDS: somebody approves a receipt every MS ms meanwhile, for at least SECONDS.
approving_begins() {
    local i
    rm -f "$tmp/approving"
    timeout 300 node bench/client.mjs approve-every "$1" $(($2 * 1000 / $1 + 1)) "$base" "$TOKEN" >"$tmp/approving" & approving=$!
    for ((i = 0; i < 1200; i++)); do
        grep -q ready "$tmp/approving" 2>/dev/null && return
        sleep 0.05
    done
    note "nothing is made to approve"
    exit 1
}
approving_ends() {
    [ -n "$approving" ] || return 0
    kill "$approving" 2>/dev/null || true
    wait "$approving" 2>/dev/null || true
    approving=''
}
# How many approvals there have been: each changes the stock once.
approvals_so_far() { sql "$tmp/$1.db" 'SELECT stock FROM change_counters'; }

# busy_dashboard NAME MS SECONDS [FIXED]: the dashboard's rate while that is so, and that of the fixed bodies when asked for; sets $rate,
# $fixed, $per_second (the approvals that there really were).
busy_dashboard() {
    local before
    approving_begins "$2" $(($3 * 2 + 2))
    before=$(approvals_so_far "$1")
    rate=$(load dashboard "$3")
    per_second=$(awk -v n=$(($(approvals_so_far "$1") - before)) -v s="$3" 'BEGIN { printf "%.0f", n / s }')
    fixed=''
    [ -z "${4:-}" ] || fixed=$(load fixed_dashboard "$3")
    approving_ends
}

# Serves that database, with its present answers as fixed bodies.
serve_dashboard() {
    local path n=0
    start_server "$tmp/$1.db"
    for path in stats materials-by-category transaction-trend low-stock-materials pending-transactions; do
        client save "$base" "$TOKEN" "/api/dashboard/$path" "$tmp/web/assets/dashboard$((n++)).json"
    done
    stop_server # the page's files are read at start
    start_server "$tmp/$1.db"
    load dashboard 1 >/dev/null
}

# dashboard_meanwhile WHAT NAME MS
dashboard_meanwhile() {
    local r ratios=() as=() bs=() seen=()
    for ((r = 0; r < rounds; r++)); do
        busy_dashboard "$2" "$3" "$seconds" fixed
        as+=("$rate"); bs+=("$fixed"); ratios+=("$(ratio "$rate" "$fixed")"); seen+=("$per_second")
    done
    row "$1, $(median "${seen[@]}") approvals a second" "GET /api/dashboard/…" "$(median "${ratios[@]}")" 0.3 least "$(median "${as[@]}")/s of $(median "${bs[@]}")/s fixed"
}

measure_dashboard() {
    local n r all=() ratios=() of changes=()
    for n in 10000 100000 1000000; do make_moves "v$n" "$n"; done
    serve_dashboard v1000000
    compare "dashboard at 1,000,000 moves, nothing changes" "GET /api/dashboard/…" dashboard fixed_dashboard 0.3
    dashboard_meanwhile "dashboard at 1,000,000 moves" v1000000 1000
    dashboard_meanwhile "dashboard at 1,000,000 moves" v1000000 10
    stop_server
    declare -A seen=()
    for ((r = 0; r < rounds; r++)); do
        of=()
        for n in 10000 100000 1000000; do
            start_server "$tmp/v$n.db"
            load dashboard 1 >/dev/null
            busy_dashboard "v$n" 10 "$seconds"
            stop_server
            of+=("$rate"); seen[$n]+="$rate "; changes+=("$per_second")
        done
        ratios+=("$(printf '%s\n' "${of[@]}" | sort -n | awk 'NR == 1 { low = $1 } { high = $1 } END { printf "%.2f", high / low }')")
    done
    # shellcheck disable=SC2086
    for n in 10000 100000 1000000; do all+=("$(median ${seen[$n]})"); done
    row "growth: dashboard, $(median "${changes[@]}") approvals a second, at 10,000 / 100,000 / 1,000,000 moves" "GET /api/dashboard/…" "$(median "${ratios[@]}")" 1.5 most "${all[0]} / ${all[1]} / ${all[2]}/s"
    rm -f "$tmp"/v*.db*
    # Some figures add up materials: as many of these as the lists have.
    make_moves wide 1000000 m100000
    serve_dashboard wide
    dashboard_meanwhile "the same with 100,000 materials" wide 1000
    stop_server
    rm -f "$tmp"/wide.db*
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
