# Sourced by run: how smoothly long pages scroll in a browser, against an empty page.

measure_scrolling() {
    local r name late empty median slowest fps web=$tmp/page of
    declare -A all=() told=()
    note "scrolling"
    need_packages chromium
    build_page
    # The page as it is served, and beside it one with nothing in it.
    cp -r frontend/dist "$web"
    echo '<!doctype html><title>empty</title><body><div></div><script src="empty.js"></script>' >"$web/assets/empty.html"
    echo "document.querySelector('div').style.height = '20000px'" >"$web/assets/empty.js"
    for ((r = 0; r < rounds; r++)); do
        rm -f "$tmp/scrolled.db"*
        cp "$tmp/m100000.db" "$tmp/scrolled.db"
        WEB_DIR=$web start_server "$tmp/scrolled.db"
        while read -r name late empty median slowest fps; do
            all[$name]+="$late "
            told[$name]="$fps frames a second, median $median ms, the slowest $slowest ms; empty page $empty ms"
        done < <(BENCH_PASSWORD=$password timeout 600 node bench/scrolling.mjs "$base" "$seconds")
        stop_server
    done
    [ -n "${all[entry]:-}" ] || { note "no frames were measured"; exit 1; }
    of="frames over twice the median of an empty page's, of all"
    # shellcheck disable=SC2086
    {
        row "scrolling 200 rows of 100,000 materials: $of" "/materials?pageSize=200; requestAnimationFrame" "$(median ${all[list]})" 0.05 most "${told[list]}"
        row "scrolling a document of 500 lines: $of" "/documents/…" "$(median ${all[document]})" 0.05 most "${told[document]}"
        row "scrolling a draft of 500 lines that is being written: $of" "/documents/new/in?draft=…" "$(median ${all[entry]})" 0.05 most "${told[entry]}"
    }
}
