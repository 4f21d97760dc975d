# shellcheck shell=bash disable=SC2154
# Sourced by run: the service in its container against outside, in turn: the same program file, the same database on the same disk, the limits
# and the log of docker-compose.prod.yml. $way, when it is set, tells start_server how: host (the machine's network), bridge (at its address on
# a network, as nginx reaches it), published (a port of 127.0.0.1, as in development).

container=mms-bench own_engine='' made_image='' way=''

container_engine() {
    need_packages "${image_packages[@]}"
    if ! docker info >/dev/null 2>&1; then
        local reason
        reason=$(backend/tests/images/engine why-not) || { note "container: $reason"; exit 1; }
        backend/tests/images/engine start "$tmp/engine"
        own_engine=$tmp/engine
        export DOCKER_HOST=unix://$own_engine/docker.sock
    fi
    docker image inspect "mms-backend:$(cat build-images/tag 2>/dev/null)" >/dev/null 2>&1 || scripts/build-images.sh --local >&2
    # With the very file that runs outside; its libraries are the image's.
    mkdir -p "$tmp/image"
    cp "$build/mms" "$tmp/image/mms"
    printf 'FROM mms-backend:%s\nCOPY mms /usr/local/bin/mms\n' "$(cat build-images/tag)" >"$tmp/image/Dockerfile"
    docker build -q -t "$container" "$tmp/image" >/dev/null
    made_image=yes
}
container_ends() {
    remove_groups
    [ -z "$own_engine" ] || { backend/tests/images/engine stop "$own_engine"; own_engine=''; return 0; }
    [ -n "$made_image" ] || return 0
    docker rm -f "$container" >/dev/null 2>&1 || true
    docker rmi -f "$container" >/dev/null 2>&1 || true
    made_image=''
}

# create_container DATABASE: its folder becomes the container's; sets $port to the port that it listens on, 0 for any.
create_container() {
    local options=() host=0.0.0.0 name
    case $way in
    host) options=(--network host) host=127.0.0.1 port=0 ;;
    bridge) port=3000 ;;
    published) options=(-p 127.0.0.1::3000) port=3000 ;;
    esac
    for name in NODE_ENV LOG_LEVEL JWT_SECRET JWT_EXPIRES_IN ADMIN_INITIAL_PASSWORD; do options+=(-e "$name"); done
    chown -R 1001:1001 "$(dirname "$1")"
    chmod 755 "$tmp"
    # shellcheck disable=SC2086 # CONTAINER_OPTIONS: more of them, to look for what costs
    docker create --name "$container" "${options[@]}" -e "HOST=$host" -e "PORT=$port" -e "DB_PATH=/data/$(basename "$1")" -e WEB_DIR=/web -v "$tmp/web:/web:ro" -v "$(dirname "$1"):/data" \
        --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges:true --memory 1g --cpus 2 --pids-limit 256 \
        --log-driver json-file --log-opt max-size=10m --log-opt max-file=3 ${CONTAINER_OPTIONS:-} "$container" serve >/dev/null
}

# in_groups COMMAND…: in control groups of its own with the limits of the container, as a service manager starts it; replaces this shell.
# What the groups themselves cost is no matter of containers.
groups=()
make_groups() {
    local controller folder
    if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
        groups=(/sys/fs/cgroup/mms-bench)
        mkdir "${groups[0]}"
        echo '200000 100000' >"${groups[0]}/cpu.max" && echo 1073741824 >"${groups[0]}/memory.max" && echo 256 >"${groups[0]}/pids.max" || true
        return
    fi
    for controller in cpu memory pids; do
        folder=/sys/fs/cgroup/$controller/mms-bench
        mkdir "$folder"
        groups+=("$folder")
    done
    echo 200000 >/sys/fs/cgroup/cpu/mms-bench/cpu.cfs_quota_us && echo 1073741824 >/sys/fs/cgroup/memory/mms-bench/memory.limit_in_bytes &&
        echo 256 >/sys/fs/cgroup/pids/mms-bench/pids.max || true
}
remove_groups() {
    [ ${#groups[@]} = 0 ] || rmdir "${groups[@]}" || true
    groups=()
}
in_groups() {
    local folder
    for folder in "${groups[@]}"; do echo "$BASHPID" >"$folder/cgroup.procs"; done
    exec "$@"
}

# start_container DATABASE: as start_server.
start_container() {
    local i port
    create_container "$1"
    docker start "$container" >/dev/null
    for ((i = 0; i < 600; i++)); do
        port=$(docker logs "$container" 2>&1 | sed -n '/"server.started"/s/.*"port":\([0-9]*\).*/\1/p')
        [ -z "$port" ] || break
        [ "$(docker inspect -f '{{.State.Running}}' "$container")" = true ] || break
        sleep 0.05
    done
    [ -n "$port" ] || { note "the container does not start:"; docker logs "$container" >&2; exit 1; }
    case $way in
    host) base=http://127.0.0.1:$port ;;
    bridge) base=http://$(docker inspect -f '{{.NetworkSettings.IPAddress}}' "$container"):$port ;;
    published) base=http://$(docker port "$container" 3000/tcp) ;;
    esac
    TOKEN=$(client login "$base" "$password")
    export TOKEN
}
stop_container() {
    docker stop -t 15 "$container" >/dev/null 2>&1 || true
    docker rm -f "$container" >/dev/null 2>&1 || true
}

# The processor's time that the service has taken, in hundredths of a second.
service_ticks() {
    local pid=$server
    [ -z "$way" ] || pid=$(docker inspect -f '{{.State.Pid}}' "$container")
    awk '{ print $14 + $15 }' "/proc/$pid/stat"
}

# in_container WHAT COMMAND MEASURE…: MEASURE sets $rate, and $cost, the service's processor time for it in µs; outside and each way in turn.
in_container() {
    local what=$1 command=$2 r outside ways=(host bridge published)
    shift 2
    declare -A by_way=() rates=() costs=()
    for ((r = 0; r < rounds; r++)); do
        way=''; "$@"; outside=$rate; rates[outside]+="$rate "; costs[outside]+="$cost "
        for way in "${ways[@]}"; do
            "$@"
            by_way[$way]+="$(ratio "$rate" "$outside") "; rates[$way]+="$rate "; costs[$way]+="$cost "
        done
    done
    way=''
    # shellcheck disable=SC2086
    for r in "${ways[@]}"; do
        row "in its container, $(way_text "$r"), against outside: $what" "$command" "$(median ${by_way[$r]})" 0.9 least "$(median ${rates[$r]})/s$(cost_text ${costs[$r]}), outside $(median ${rates[outside]})/s$(cost_text ${costs[outside]})"
    done
}
cost_text() { [ "$1" = - ] || echo " ($(median "$@") µs of a processor each)"; }
way_text() { case $1 in host) echo "the machine's network" ;; bridge) echo 'at its address, as nginx reaches it' ;; published) echo 'a published port' ;; esac; }

read_lists() {
    start_server "$tmp/container/m10000.db"
    load "$1" 1 >/dev/null
    local before
    before=$(service_ticks)
    rate=$(load "$1" "$seconds")
    cost=$(awk -v t="$(($(service_ticks) - before))" -v n="$((rate * seconds))" 'BEGIN { printf "%.0f", n ? t * 10000 / n : 0 }')
    stop_server
}
approve_anew() {
    rm -f "$tmp/container"/copy.db*
    cp "$tmp/pending.db" "$tmp/container/copy.db"
    sync "$tmp/container/copy.db"
    approvals "$tmp/container/copy.db" "$documents"
    cost=-
}

# From `docker start` to the first healthy answer, in seconds, and the memory that it then has at rest, in MiB: the medians of five.
measure_container_start() {
    local i began port times=() sizes=()
    way=bridge
    for ((i = 0; i < 5; i++)); do
        create_container "$tmp/container/m10000.db"
        began=$(date +%s%N)
        docker start "$container" >/dev/null
        base=http://$(docker inspect -f '{{.NetworkSettings.IPAddress}}' "$container"):$port
        timeout 30 bash -c 'until curl -fs -o /dev/null "$1/api/health"; do sleep 0.01; done' - "$base"
        times+=("$(($(date +%s%N) - began))")
        sleep 3
        sizes+=("$(awk '/^VmRSS:/ { print $2 * 1024 }' "/proc/$(docker inspect -f '{{.State.Pid}}' "$container")/status")")
        stop_container
    done
    way=''
    row "in its container: start to first healthy answer (s)" "docker start; GET /api/health" "$(ratio "$(median "${times[@]}")" 1000000000)" 1 most "10,000 materials"
    row "in its container: memory at rest (MiB)" "VmRSS of mms serve" "$(ratio "$(median "${sizes[@]}")" 1048576)" 32 most "10,000 materials"
}

measure_container() {
    note "in its container"
    container_engine
    mkdir -p "$tmp/container"
    cp "$tmp/m10000.db" "$tmp/container/"
    look_at m10000 10000
    measure_container_start
    make_groups
    starter=in_groups
    in_container "lists, another page each time" "GET …&cursor=…" read_lists lists
    in_container "the same list" "GET /api/materials?category=chemical&pageSize=20&page=1" read_lists list
    make_pending m10000
    in_container "durable approvals" "PUT /api/inventory/…/approve" approve_anew
    starter=''
    remove_groups
    container_ends
}
