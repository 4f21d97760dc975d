# Sourced by run: mms migrate-to-postgres against COPY by psql of the same rows.

move_sql() { PGPASSWORD=$pg_password psql -qAtX -v ON_ERROR_STOP=1 -h "$tmp/pg" -U mms "$@"; }
move_dump() { PGPASSWORD=$pg_password "$pgbin/pg_dump" -h "$tmp/pg" -U mms "$@"; }
fresh_target() {
    move_sql -d postgres -c "SET client_min_messages = error" -c "DROP DATABASE IF EXISTS $1 WITH (FORCE)" -c "CREATE DATABASE $1 TEMPLATE template0"
}

# moved: moves $tmp/moves.db into an empty database; sets $move_copy (the copying alone) and $move_whole, in ms, and $move_rows.
moved() {
    local began
    fresh_target moved
    began=$(date +%s%N)
    echo "postgresql://mms:$pg_password@/moved?host=$tmp/pg" | DB_PATH=$tmp/moves.db "$build/mms" migrate-to-postgres --to - >"$tmp/move.log" 2>&1 ||
        { cat "$tmp/move.log" >&2; exit 1; }
    move_whole=$((($(date +%s%N) - began) / 1000000))
    move_copy=$(awk '/^2 copy/ { print int($(NF - 1) * 1000) }' "$tmp/move.log")
    move_rows=$(awk '/^2 copy/ { print $5 }' "$tmp/move.log")
}

# What psql needs for the same: the rows of each table as a file, tables without anything, and then all that belongs to them.
write_copies() {
    local table
    mkdir -p "$tmp/rows"
    move_dump --section=pre-data -d moved >"$tmp/pre.sql"
    move_dump --section=post-data -d moved >"$tmp/post.sql"
    echo 'BEGIN;' >"$tmp/copy.sql"
    for table in $(move_sql -d moved -c "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"); do
        move_sql -d moved -c "COPY $table TO STDOUT" >"$tmp/rows/$table"
        echo "\\copy $table FROM '$tmp/rows/$table'" >>"$tmp/copy.sql"
    done
    echo 'COMMIT;' >>"$tmp/copy.sql"
}

# bare: sets $bare_copy (COPY alone, into tables without keys) and $bare_whole (with the schema, keys and constraints), in ms.
bare() {
    local began copying copied
    fresh_target bare
    began=$(date +%s%N)
    move_sql -d bare -f "$tmp/pre.sql" >/dev/null
    copying=$(date +%s%N)
    move_sql -d bare -f "$tmp/copy.sql" >/dev/null
    copied=$(date +%s%N)
    move_sql -d bare -f "$tmp/post.sql" >/dev/null
    bare_copy=$(((copied - copying) / 1000000))
    bare_whole=$((($(date +%s%N) - began) / 1000000))
}

measure_move() {
    local r n=${BENCH_MOVES:-200000} copies=() wholes=() a=() b=() c=() d=()
    make_moves moves "$n"
    chmod 711 "$tmp"
    backend/tests/postgres/cluster start "$tmp/pg"
    pg_password=$(cat "$tmp/pg/password")
    moved
    write_copies
    for ((r = 0; r < rounds; r++)); do
        moved
        bare
        copies+=("$(ratio "$bare_copy" "$move_copy")"); a+=("$move_copy"); b+=("$bare_copy")
        wholes+=("$(ratio "$bare_whole" "$move_whole")"); c+=("$move_whole"); d+=("$bare_whole")
    done
    note "  $move_rows rows"
    row "move of $n moves: copying, against a bare COPY of the same rows" "mms migrate-to-postgres, step 2; psql \\copy" \
        "$(median "${copies[@]}")" 0.4 least "$(median "${a[@]}") ms, bare $(median "${b[@]}") ms"
    row "the whole of it with proof, against COPY, keys and constraints" "mms migrate-to-postgres; psql pre-data, \\copy, post-data" \
        "$(median "${wholes[@]}")" 0.4 least "$(median "${c[@]}") ms, bare $(median "${d[@]}") ms"
    DATABASE_URL="postgresql://mms:$pg_password@/moved?host=$tmp/pg" "$build/mms" verify >"$tmp/verify.log" 2>&1 ||
        { note "mms verify:"; cat "$tmp/verify.log" >&2; exit 1; }
    stop_postgres
}
