# Sourced by run: mms import-legacy against the bare loop with the INSERTs of the rows that it made.

# An old database with all kinds of dirt, and so many approved documents over two years, with their history and log.
make_old() { # COUNT
    node backend/tests/api/legacy.mjs "$tmp/old.db"
    sqlite3 -bail "$tmp/old.db" "BEGIN;
        WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 500)
        INSERT INTO materials (id, material_code, material_name, category, unit, current_stock, created_at)
            SELECT 1000 + i, 'M-' || i, '不锈钢管 ' || i, CASE i % 2 WHEN 0 THEN 'metal' ELSE 'chemical' END, 'kg', 1000, '2024-01-01 00:00:00' FROM s;
        WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < $1)
        INSERT INTO inventory_transactions (id, transaction_code, transaction_type, material_id, quantity, unit_price, total_amount, applicant_id, approver_id, status,
            created_at, updated_at, approved_at)
            SELECT 1000 + i, 'T' || i, CASE i % 3 WHEN 0 THEN 'out' ELSE 'in' END, 1001 + i % 500, 0.1 * (1 + i % 70), 3.5, 3.5 * 0.1 * (1 + i % 70), 3, 2, 'approved',
                datetime('2024-01-01', '+' || (i * 1000000 / $1) || ' minutes'), datetime('2024-01-01', '+' || (i * 1000000 / $1) || ' minutes'),
                strftime('%Y-%m-%dT%H:%M:%fZ', '2024-01-01', '+' || (i * 1000000 / $1) || ' minutes') FROM s;
        INSERT INTO stock_history (material_id, transaction_id, change_type, quantity_change, stock_before, stock_after, operator_id, created_at)
            SELECT material_id, id, transaction_type, CASE transaction_type WHEN 'in' THEN quantity ELSE -quantity END, 0, 0, 2, created_at
            FROM inventory_transactions WHERE id > 1000;
        INSERT INTO operation_logs (user_id, module, action, resource_type, resource_id, description, created_at)
            SELECT 2, 'inventory', 'approve', 'transaction', id, '批准出入库单', created_at FROM inventory_transactions WHERE id > 1000;
        COMMIT;"
}

# imported VARIABLE=PLACE: the whole command, in ms, and proof; sets $took.
imported() {
    local began
    began=$(date +%s%N)
    env "$1" "$build/mms" import-legacy "$tmp/old.db" --report "$tmp/old.md" >"$tmp/import.log" 2>&1 || { cat "$tmp/import.log" >&2; exit 1; }
    took=$((($(date +%s%N) - began) / 1000000))
    env "$1" "$build/mms" verify >"$tmp/verify.log" 2>&1 || { note "mms verify:"; cat "$tmp/verify.log" >&2; exit 1; }
}

# legacy_bare_postgres: the rows of database `new` by an INSERT each, by psql, without keys of other tables and triggers; sets $bare.
legacy_bare_postgres() {
    local began
    fresh_target bare
    DATABASE_URL="postgresql://mms:$pg_password@/bare?host=$tmp/pg" "$build/mms" migrate >/dev/null
    {
        echo 'SET session_replication_role = replica; BEGIN;'
        move_sql -d bare -c "SELECT 'TRUNCATE ' || string_agg(quote_ident(tablename), ', ') || ';' FROM pg_tables WHERE schemaname = 'public'"
        move_dump --data-only --inserts -d new 2>/dev/null
        echo 'COMMIT;'
    } >"$tmp/inserts.sql"
    began=$(date +%s%N)
    PGPASSWORD=$pg_password psql -qAtX -v ON_ERROR_STOP=1 -h "$tmp/pg" -U postgres -d bare -f "$tmp/inserts.sql" >/dev/null
    bare=$((($(date +%s%N) - began) / 1000000))
}

legacy_row() { # WHERE COMMAND RATIO IMPORT BARE
    row "legacy import of $n documents$1, against the bare loop with the same INSERTs" "$2" "$3" 0.2 least "$4 ms, bare $5 ms; $((n * 1000 / $4)) documents a second"
}

measure_legacy() {
    local r n=${BENCH_LEGACY:-10000} url ratios=() a=() b=() pg_ratios=() c=() d=()
    note "legacy import"
    make_old "$n"
    chmod 711 "$tmp"
    backend/tests/postgres/cluster start "$tmp/pg"
    pg_password=$(cat "$tmp/pg/password") url="postgresql://mms:$pg_password@/new?host=$tmp/pg"
    for ((r = 0; r < rounds; r++)); do
        rm -f "$tmp/new.db"* "$tmp/bare.db"*
        imported "DB_PATH=$tmp/new.db"; a+=("$took")
        DB_PATH=$tmp/bare.db "$build/mms" migrate >/dev/null
        b+=("$("$build/same_rows" "$tmp/new.db" "$tmp/bare.db")")
        ratios+=("$(ratio "${b[r]}" "$took")")
        fresh_target new
        imported "DATABASE_URL=$url"; c+=("$took")
        legacy_bare_postgres; d+=("$bare")
        pg_ratios+=("$(ratio "$bare" "$took")")
    done
    legacy_row '' 'mms import-legacy; bench/same_rows.c' "$(median "${ratios[@]}")" "$(median "${a[@]}")" "$(median "${b[@]}")"
    legacy_row ' into PostgreSQL' 'mms import-legacy; pg_dump --inserts, psql' "$(median "${pg_ratios[@]}")" "$(median "${c[@]}")" "$(median "${d[@]}")"
    stop_postgres
}
