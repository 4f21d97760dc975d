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
    node bench/materials.mjs 100000 backend/data/hydrogen-materials.csv | grep -v PRAGMA |
        PGPASSWORD=$pg_password psql -qX -v ON_ERROR_STOP=1 -h "$tmp/pg" -U mms -d bench
    pg "SELECT setval(pg_get_serial_sequence('materials', 'id'), 100000), setval(pg_get_serial_sequence('units', 'id'), 1000)" >/dev/null
    pg 'SET client_min_messages = error; ANALYZE'
    start_server "$pg_url"
    client opening "$base" "$TOKEN"
    stop_server
}

stop_postgres() { [ ! -d "$tmp/pg" ] || backend/tests/postgres/cluster stop "$tmp/pg"; }

# What the service asks for a page that it does not remember, from the server's own log, as a script for pgbench.
write_list_script() {
    pg "ALTER SYSTEM SET log_statement = 'all'" postgres
    pg "SELECT pg_reload_conf()" postgres >/dev/null
    start_server "$pg_url"
    client save "$base" "$TOKEN" "/api/materials?pageSize=20&category=chemical&cursor=5:$OLDEST" /dev/null
    : >"$tmp/pg/log"
    client save "$base" "$TOKEN" "/api/materials?pageSize=20&category=chemical&cursor=6:$NEWEST" /dev/null
    sleep 0.2
    stop_server
    client pg-script "$tmp/pg/log" "$OLDEST" "$NEWEST" >"$tmp/list.sql"
    pg "ALTER SYSTEM RESET log_statement" postgres
    pg "SELECT pg_reload_conf()" postgres >/dev/null
}

# pg_approvals COUNT: approves COUNT pending documents through the service; sets $rate.
pg_approvals() {
    start_server "$pg_url"
    FIRST=$(pg "SELECT min(id) FROM documents WHERE status = 'pending'")
    export FIRST COUNT=$1
    local last
    last=$(pg "SELECT COALESCE(max(approved_at), 0) FROM documents")
    load approve "$seconds" 64 >/dev/null
    stop_server
    rate=$(pg "SELECT count(*) * 1000 / greatest(1, max(approved_at) - min(approved_at)) FROM documents WHERE approved_at > $last")
}

measure_postgres() {
    note "PostgreSQL: 100,000 materials"
    local r a b as=() bs=() ratios=() approvals=() fixed=() shares=() i have=0
    start_postgres
    export FIRST=1 COUNT=100000 OLDEST NEWEST
    OLDEST=$(pg 'SELECT min(created_at) FROM materials')
    NEWEST=$(pg 'SELECT max(created_at) FROM materials')
    write_list_script
    start_server "$pg_url"
    load lists 1 >/dev/null
    for ((r = 0; r < rounds; r++)); do
        a=$(load lists "$seconds"); b=$(pgbench_rate 8 "$tmp/list.sql" -T "$seconds")
        as+=("$a"); bs+=("$b"); ratios+=("$(ratio "$a" "$b")")
    done
    row "PostgreSQL: list, another page each time, against pgbench" "GET …&cursor=…; pgbench -c 8" "$(median "${ratios[@]}")" 0.4 least "$(median "${as[@]}")/s of $(median "${bs[@]}")/s"
    note "PostgreSQL: making $((documents * 2)) pending issues"
    export FIRST=1 COUNT=$((documents * 2))
    for ((i = 0; i < 40 && have < documents * 2; i++)); do
        load create 3 >/dev/null
        have=$(client total "$base" "$TOKEN" '/api/inventory?status=pending&pageSize=1')
    done
    stop_server
    pg 'CREATE SEQUENCE bench_turn'
    for ((r = 0; r < rounds; r++)); do
        pg_approvals $((documents / rounds)); a=$rate
        pg "SELECT setval('bench_turn', (SELECT min(id) FROM documents WHERE status = 'pending'), false)" >/dev/null
        b=$(pgbench_rate 8 bench/pg_approve.sql -t $((documents / rounds / 16)))
        approvals+=("$a"); fixed+=("$b"); shares+=("$(ratio "$a" "$b")")
    done
    row "PostgreSQL: durable approvals against pgbench" "PUT /api/inventory/…/approve; pgbench -c 8 -f bench/pg_approve.sql" "$(median "${shares[@]}")" 0.4 least "$(median "${approvals[@]}")/s of $(median "${fixed[@]}")/s"
    stop_postgres
}
