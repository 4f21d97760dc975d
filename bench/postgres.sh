# Sourced by run: the service on PostgreSQL against pgbench with the same statements.

pgbin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
pg() { PGPASSWORD=$pg_password psql -qAtX -v ON_ERROR_STOP=1 -h "$tmp/pg" -U "${2:-mms}" -d bench -c "$1"; }
# pgbench_rate CLIENTS SCRIPT [OPTION…]: transactions per second.
pgbench_rate() {
    local clients=$1 script=$2
    shift 2
    PGPASSWORD=$pg_password "$pgbin/pgbench" -n -M prepared -c "$clients" -j 1 -f "$script" "$@" -h "$tmp/pg" -U mms bench 2>"$tmp/pgbench.err" |
        awk '/^tps =/ { print int($3) }' || { cat "$tmp/pgbench.err" >&2; exit 1; }
}

start_postgres() {
    chmod 711 "$tmp"
    backend/tests/postgres/cluster start "$tmp/pg"
    pg_password=$(cat "$tmp/pg/password")
    PGPASSWORD=$pg_password psql -qX -h "$tmp/pg" -U mms -d postgres -c 'CREATE DATABASE bench TEMPLATE template0'
    pg_url="postgresql://mms:$pg_password@/bench?host=$tmp/pg"
    start_server "$pg_url"
    stop_server
    # In one transaction, the trigger would change one row of figures as often as there are materials: counted once instead.
    pg 'ALTER TABLE materials DISABLE TRIGGER material_figures_follow'
    node bench/materials.mjs "$pg_materials" backend/data/hydrogen-materials.csv | grep -v PRAGMA |
        PGPASSWORD=$pg_password psql -qX -v ON_ERROR_STOP=1 -h "$tmp/pg" -U mms -d bench
    pg "INSERT INTO material_figures SELECT category, status, COUNT(*), COUNT(*) FILTER (WHERE min_stock > 0 AND current_stock <= min_stock),
        SUM(current_stock / 1000000), SUM(current_stock % 1000000), SUM(stock_value / 1000000), SUM(stock_value % 1000000) FROM materials GROUP BY 1, 2"
    pg "INSERT INTO unit_figures SELECT category, status, unit_id, COUNT(*), SUM(current_stock / 1000000), SUM(current_stock % 1000000)
        FROM materials GROUP BY 1, 2, 3"
    pg 'ALTER TABLE materials ENABLE TRIGGER material_figures_follow'
    pg "SELECT setval(pg_get_serial_sequence('materials', 'id'), $pg_materials), setval(pg_get_serial_sequence('units', 'id'), 1000)" >/dev/null
    DATABASE_URL=$pg_url "$build/mms" migrate >/dev/null # indexes them for the search
    pg 'SET client_min_messages = error; ANALYZE'
    start_server "$pg_url"
    client opening "$base" "$TOKEN"
    stop_server
}

stop_postgres() { [ ! -d "$tmp/pg" ] || backend/tests/postgres/cluster stop "$tmp/pg"; }

log_statements() { # all, or none as before
    if [ "$1" = all ]; then pg "ALTER SYSTEM SET log_statement = 'all'" postgres; else pg "ALTER SYSTEM RESET log_statement" postgres; fi
    pg "SELECT pg_reload_conf()" postgres >/dev/null
    sleep 0.3
}

# pg_script WHAT NAME COMMAND…: a script for pgbench, $tmp/NAME.sql, out of what COMMAND makes the service send (pg_script.mjs).
pg_script() {
    local what=$1 name=$2
    shift 2
    : >"$tmp/pg/log"
    "$@"
    sleep 0.3
    node bench/pg_script.mjs "$what" "$tmp/pg/log" "$OLDEST" "$NEWEST" >"$tmp/$name.sql"
}

write_scripts() {
    log_statements all
    start_server "$pg_url"
    pg_script page first client save "$base" "$TOKEN" "/api/materials?category=chemical&pageSize=20&page=1" /dev/null
    pg_script cursor pages client save "$base" "$TOKEN" "/api/materials?pageSize=20&category=chemical&cursor=6:$NEWEST" /dev/null
    pg_script approval approval client approve-issue "$base" "$TOKEN"
    stop_server
    log_statements none
}

# pg_compare WHAT COMMAND MODE SCRIPT: the service's rate against that of pgbench with as many connections as the service reads with.
pg_compare() {
    local r a b as=() bs=() ratios=()
    for ((r = 0; r < rounds; r++)); do
        a=$(load "$3" "$seconds"); b=$(pgbench_rate 8 "$tmp/$4.sql" -T "$seconds")
        as+=("$a"); bs+=("$b"); ratios+=("$(ratio "$a" "$b")")
    done
    row "$1" "$2; pgbench -M prepared -c 8" "$(median "${ratios[@]}")" 0.4 least "$(median "${as[@]}")/s of $(median "${bs[@]}")/s"
}

# The first document that nobody has decided, nor any after it.
first_pending() { pg "SELECT COALESCE(max(id), 0) + 1 FROM documents WHERE status <> 'pending'"; }

# pg_approvals COUNT: approves at most COUNT pending documents through the service; sets $rate.
pg_approvals() {
    start_server "$pg_url"
    FIRST=$(first_pending)
    export FIRST COUNT=$1
    load approve "$seconds" 64 >/dev/null
    stop_server
    rate=$(pg "SELECT count(*) * 1000 / greatest(1, max(approved_at) - min(approved_at)) FROM documents WHERE id >= $FIRST AND status = 'approved'")
}

# pgbench_approvals CLIENTS COUNT: the same number of pending documents by each of CLIENTS, COUNT together; sets $rate.
pgbench_approvals() {
    rate=$(pgbench_rate "$1" "$tmp/approval.sql" -t $(($2 / $1)) -D first="$(first_pending)" -D clients="$1" -D turn=0)
}

measure_postgres() {
    note "PostgreSQL: $pg_materials materials"
    local r i a have=0 part=$((documents / rounds)) approvals=() by64=() by8=() shares64=() shares8=()
    start_postgres
    export FIRST=1 COUNT=100000 OLDEST NEWEST
    OLDEST=$(pg 'SELECT min(created_at) FROM materials')
    NEWEST=$(pg 'SELECT max(created_at) FROM materials')
    write_scripts
    start_server "$pg_url"
    load lists 1 >/dev/null
    pg_compare "PostgreSQL: list, the same page, against pgbench" "GET /api/materials?category=chemical&pageSize=20&page=1" list first
    pg_compare "PostgreSQL: list, another page each time, against pgbench" "GET …&cursor=…" lists pages
    note "PostgreSQL: making $((documents * 2)) pending issues"
    export FIRST=1 COUNT=$((documents * 2))
    for ((i = 0; i < 60 && have < documents * 2; i++)); do
        load create 3 >/dev/null
        have=$(client total "$base" "$TOKEN" '/api/inventory?status=pending&pageSize=1')
    done
    stop_server
    for ((r = 0; r < rounds; r++)); do
        pg_approvals "$part"; a=$rate; approvals+=("$a")
        pgbench_approvals 64 $((part / 4)); by64+=("$rate"); shares64+=("$(ratio "$a" "$rate")")
        pgbench_approvals 8 $((part / 4)); by8+=("$rate"); shares8+=("$(ratio "$a" "$rate")")
    done
    row "PostgreSQL: durable approvals against pgbench, 64 connections each" "PUT /api/inventory/…/approve; pgbench -M prepared -c 64" \
        "$(median "${shares64[@]}")" 0.4 least "$(median "${approvals[@]}")/s of $(median "${by64[@]}")/s"
    row "PostgreSQL: durable approvals against pgbench with 8" "PUT /api/inventory/…/approve; pgbench -M prepared -c 8" \
        "$(median "${shares8[@]}")" 0.4 least "$(median "${approvals[@]}")/s of $(median "${by8[@]}")/s"
    # What either side approved is there, and adds up.
    DATABASE_URL=$pg_url "$build/mms" verify >"$tmp/verify.log" 2>&1 || { note "mms verify:"; cat "$tmp/verify.log" >&2; exit 1; }
    stop_postgres
}
