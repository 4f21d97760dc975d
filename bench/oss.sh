# shellcheck shell=bash disable=SC2154
# Sourced by run: files in object storage, against bare curl, and everybody else while it is away.

measure_oss() {
    note "object storage"
    need_packages curl
    local up_growth up_ratio up_ours up_bare down_growth down_ratio down_ours down_bare outage was is
    # Its own settings, not those of the other parts.
    read -r up_growth up_ratio up_ours up_bare down_growth down_ratio down_ours down_bare outage was is < <(
        env -u DB_PATH -u WEB_DIR -u UPLOAD_DIR timeout 900 node bench/oss.mjs "$build/mms" "$rounds")
    [ -n "${is:-}" ] || { note "object storage could not be measured"; exit 1; }
    row "100 MiB into object storage: memory beyond that for 1 KiB (MiB)" "mms files migrate --to oss; VmHWM" "$up_growth" 16 most "$up_ours MiB/s"
    row "… throughput against a bare curl" "mms files migrate --to oss; curl -T" "$up_ratio" 0.5 least "$up_ours MiB/s of $up_bare MiB/s"
    row "100 MiB from object storage through the service: memory (MiB)" "GET /api/jobs/…/file; VmHWM of mms serve" "$down_growth" 16 most "$down_ours MiB/s"
    row "… throughput against a bare curl" "GET /api/jobs/…/file; curl" "$down_ratio" 0.5 least "$down_ours MiB/s of $down_bare MiB/s"
    row "a list while object storage is away and pictures are sent to it, against before" "GET /api/materials?pageSize=20&page=…" "$outage" 1.25 most "median $was / $is µs"
}
