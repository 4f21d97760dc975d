# Sourced by run: an import of materials, check and commit, against the bare loop with the INSERTs of the rows that it made.

measure_import() {
    local r n=${BENCH_IMPORTED:-20000} took ratios=() ours=() bare=()
    note "import of $n rows"
    for ((r = 0; r < rounds; r++)); do
        rm -f "$tmp/import.db"* "$tmp/bare.db"*
        start_server "$tmp/import.db"
        took=$(client import-materials "$base" "$TOKEN" "$n")
        stop_server
        DB_PATH=$tmp/import.db "$build/mms" verify >"$tmp/verify.log" 2>&1 || { note "mms verify:"; cat "$tmp/verify.log" >&2; exit 1; }
        DB_PATH=$tmp/bare.db "$build/mms" migrate >/dev/null
        ours+=("$took")
        bare+=("$("$build/same_rows" "$tmp/import.db" "$tmp/bare.db")")
        ratios+=("$(ratio "${bare[r]}" "$took")")
    done
    row "import of $n materials (.csv), check and commit, against the bare loop with the same INSERTs" "POST /api/imports/…/check, /commit; bench/same_rows.c" \
        "$(median "${ratios[@]}")" 0.25 least "$(median "${ours[@]}") ms, bare $(median "${bare[@]}") ms"
}
