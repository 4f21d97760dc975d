#!/usr/bin/env bash
# The part of scripts/deploy.sh that runs on the host, from its standard input: nothing has to be installed there for it.
#   host.sh deploy|rollback DIR KEY=VALUE…
# DIR has docker-compose.prod.yml, nginx/ and .env. It keeps deploy.log (who, what, when, how it ended), deploy.lock, and deploy.previous.
# shellcheck disable=SC2015,SC2317   # steps are called by their names
set -Eeuo pipefail
trap '' PIPE # whoever watches may go; what was begun is brought to an end
exec 3>&1   # where what is said goes, also when it is cut off in a step whose own output goes elsewhere

BACKEND=mms-backend-prod FRONTEND=mms-frontend-prod NGINX=mms-nginx-prod
OLD_BACKEND=mms-backend-old OLD_FRONTEND=mms-frontend-old TRIAL=mms-deploy-trial
HEALTHY_WITHIN_S=180
CLOCK_MAX_S=30

action=$1 dir=$2
shift 2
tag='' backend_id='' frontend_id='' who='' now='' dry='' part=''
for pair; do
    case $pair in
    tag=*) tag=${pair#*=} ;; backend_id=*) backend_id=${pair#*=} ;; frontend_id=*) frontend_id=${pair#*=} ;;
    who=*) who=${pair#*=} ;; now=*) now=${pair#*=} ;; dry=*) dry=${pair#*=} ;; part=*) part=${pair#*=} ;; wait=*) HEALTHY_WITHIN_S=${pair#*=} ;;
    *) echo "unknown: $pair" >&2; exit 64 ;;
    esac
done

say() { printf '%s\n' "$*" 2>/dev/null || true; }
fail() { say "失败 / FAILED: $*"; exit 1; }
note() { [ -n "$dry" ] || printf '%s %s %s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$who" "$tag" "$*" >>"$dir/deploy.log"; }
# step TEXT COMMAND…: one that changes something; a dry run only says it.
step() {
    local text=$1
    shift
    if [ -n "$dry" ]; then
        say "将执行 / would: $text"
    else
        say "· $text"
        "$@"
    fi
}

# The last value that a name has in .env; nothing of it is run.
setting() {
    local value
    value=$(sed -n "s/^$1=//p" "$dir/.env" | tail -n 1)
    value=${value%$'\r'}
    case $value in \"*\" | \'*\') value=${value:1:${#value}-2} ;; esac
    printf '%s' "${value:-${2:-}}"
}
if docker compose version >/dev/null 2>&1; then compose_command=(docker compose); else compose_command=(docker-compose); fi
compose() { (cd "$dir" && "${compose_command[@]}" -f docker-compose.prod.yml "$@") </dev/null; }

exists() { docker inspect "$1" >/dev/null 2>&1; }
is_running() { [ "$(docker inspect -f '{{.State.Running}}' "$1" 2>/dev/null)" = true ]; }
image_of() { docker inspect -f '{{.Image}}' "$1" 2>/dev/null || true; }
health_of() { docker inspect -f '{{.State.Health.Status}}' "$1" 2>/dev/null || true; }
service_of() { docker inspect -f '{{index .Config.Labels "com.docker.compose.service"}}' "$1"; }
side_of() { case $(service_of "$1") in *-b) echo b ;; *) echo a ;; esac; }
asks() { docker exec "$1" /usr/local/bin/mms health >/dev/null 2>&1; }

# until_true TEXT CONTAINER COMMAND…: within HEALTHY_WITHIN_S, as long as the container runs.
until_true() {
    local text=$1 container=$2 end=$((SECONDS + HEALTHY_WITHIN_S))
    shift 2
    until "$@"; do
        if ! is_running "$container" || [ "$SECONDS" -ge "$end" ] || [ "$(docker inspect -f '{{.RestartCount}}' "$container")" != 0 ]; then
            docker logs --tail 20 "$container" 2>&1 | sed 's/^/    /' || true
            say "$text: $container"
            return 1
        fi
        sleep 0.2
    done
}
waits_or_serves() {
    local code=0
    docker exec "$1" /usr/local/bin/mms health >/dev/null 2>&1 || code=$?
    [ "$code" = 0 ] || [ "$code" = 75 ]
}
is_healthy() { [ "$(health_of "$1")" = healthy ]; }

# ---------------------------------------------------------------- checks

check_host() {
    local name bytes free
    [ -n "$tag" ] && [ "$tag" != latest ] || fail "部署必须指明版本，绝不用 latest / a deployment names its version, never latest"
    for name in docker curl flock sed awk; do command -v "$name" >/dev/null || fail "主机缺少 $name / the host has no $name"; done
    docker info >/dev/null 2>&1 || fail '容器引擎没有应答 / the container engine does not answer'
    "${compose_command[@]}" version >/dev/null 2>&1 || fail '主机缺少 docker compose / the host has no docker compose'
    for name in docker-compose.prod.yml nginx/nginx.conf nginx/ssl.conf nginx/side .env; do
        [ -e "$dir/$name" ] || fail "主机上缺少 $dir/$name / it is missing on the host"
    done
    grep -q 'backend-b:' "$dir/docker-compose.prod.yml" || fail "$dir/docker-compose.prod.yml 过旧：请先更新它 / is too old: bring it up to date first"
    [ -w "$dir" ] && [ -w "$dir/nginx/side" ] && [ -w "$dir/.env" ] || fail "$dir 不可写 / cannot be written"
    bytes=$(awk -v a="$(date +%s)" -v b="${now:-$(date +%s)}" 'BEGIN { d = a - b; print d < 0 ? -d : d }')
    [ "$bytes" -le "$CLOCK_MAX_S" ] || fail "主机时钟相差 $bytes 秒（最多 $CLOCK_MAX_S 秒）/ the clock of the host is $bytes s off (at most $CLOCK_MAX_S)"
    # Room for the backup with its proof, the copy for the trial, and the snapshot: five times the database, and half a gigabyte.
    data=$(setting MMS_DATA /data/mms) backup=$(setting MMS_BACKUP /backup)
    bytes=$(du -sk "$data/db" 2>/dev/null | cut -f1 || true)
    for name in "$data/db" "$backup"; do
        [ -d "$name" ] || fail "文件夹不存在 / there is no folder $name"
        free=$(df -Pk "$name" | awk 'NR == 2 { print $4 }')
        [ "$free" -ge $((5 * ${bytes:-0} + 524288)) ] || fail "磁盘空间不足：$name 剩余 $((free / 1024)) MB / not enough room"
    done
    [ -z "$part" ] && [ "$action" = deploy ] || say "主机检查通过 / the host is as it should be: $(hostname), $dir"
}

# The images that were meant, by their digests, whatever the tag says.
check_images() {
    local half wanted found
    registry=$(setting MMS_REGISTRY)
    for half in backend frontend; do
        wanted=$backend_id
        [ "$half" = backend ] || wanted=$frontend_id
        found=$(docker image inspect -f '{{.Id}}' "${registry}mms-$half:$tag" 2>/dev/null) || found=''
        [ -n "$found" ] || [ -z "$dry" ] || found=$wanted # it would have been brought
        [ -n "$found" ] || fail "主机上没有镜像 ${registry}mms-$half:$tag / the host has no such image"
        [ -z "$wanted" ] || [ "$wanted" = "$found" ] || fail "镜像 mms-$half:$tag 的摘要不符 / the digest of the image is another: $found, not $wanted"
        if [ "$half" = backend ]; then backend_id=$found; else frontend_id=$found; fi
    done
}

check_settings() {
    MMS_VERSION=$tag compose run --rm --no-deps -T "$1" check-config >"$work/config" 2>&1 && return 0
    sed 's/^/    /' "$work/config"
    fail '主机上的设置不能用 / the settings on the host are not acceptable'
}

# ---------------------------------------------------------------- trial on a copy

# Open, whatever AGE_RECIPIENT says: the trial on a copy has no key.
make_backup() {
    docker exec -e AGE_RECIPIENT= "$BACKEND" /usr/local/bin/mms backup >"$work/backup" 2>&1 || { sed 's/^/    /' "$work/backup"; fail '备份失败 / the backup failed'; }
    backup_name=$(grep -o 'mms_backup_[0-9_]*[0-9]' "$work/backup" | tail -n 1)
    [ -n "$backup_name" ] || fail '备份没有名称 / the backup has no name'
    say "  $backup_name"
    [ -z "$(setting AGE_RECIPIENT)" ] || say '  未加密（试运行需要读取）；不再需要时请删除 / not encrypted, as the trial has to read it; remove it when it is not needed any more'
}

end_trial() {
    docker rm -fv "$TRIAL" >/dev/null 2>&1 || true
    docker volume rm -f "$TRIAL" >/dev/null 2>&1 || true
    docker network rm "$TRIAL" >/dev/null 2>&1 || true
}

value() { grep -o "\"$1\":\"\{0,1\}[^\",}]*" | sed -n '1s/^[^:]*:"\{0,1\}//p'; }
# call TOKEN METHOD PATH [BODY]: what the trial answers; its token goes by standard input, not into the list of processes.
call() {
    local token=$1 method=$2 path=$3 body=${4:-}
    printf 'header = "Authorization: Bearer %s"\n' "$token" |
        curl -fsS --max-time 30 -K - -X "$method" -H 'Content-Type: application/json' ${body:+-d "$body"} "$place/api$path"
}
# somebody NAME ROLE: a new account of the trial, signed in; prints its token.
somebody() {
    local name=$1 role=$2 first second
    first=A1$(random) second=B2$(random)
    printf '%s\n' "$first" | docker exec -i "$TRIAL" /usr/local/bin/mms user add "$name" "$role" >/dev/null
    call "$(call '' POST /auth/login "{\"username\":\"$name\",\"password\":\"$first\"}" | value accessToken)" \
        POST /auth/change-password "{\"currentPassword\":\"$first\",\"newPassword\":\"$second\"}" >/dev/null
    call '' POST /auth/login "{\"username\":\"$name\",\"password\":\"$second\"}" | value accessToken
}
random() { head -c 18 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

# Signs in, makes a material and a receipt, has it approved by somebody else, sees the stock, and lets `mms verify` prove the books.
probe_trial() {
    local mark keeper manager material document stock
    mark=deploy$(random | head -c 8)
    place=http://$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$TRIAL"):3000
    keeper=$(somebody "$mark-k" inventory_manager)
    manager=$(somebody "$mark-m" system_admin)
    [ -n "$keeper" ] && [ -n "$manager" ] || { say '登录失败 / signing in failed'; return 1; }
    material=$(call "$keeper" POST /materials "{\"material_code\":\"$mark\",\"material_name\":\"$mark\",\"category\":\"chemical\",\"unit\":\"kg\"}" | value id)
    document=$(call "$keeper" POST /inventory "{\"transactionType\":\"in\",\"materialId\":$material,\"quantity\":\"12.5\"}" | value id)
    call "$keeper" GET '/inventory?limit=5' | grep "\"id\":$document\b" >/dev/null || { say '单据不在列表中 / the document is not in the list'; return 1; }
    call "$manager" PUT "/inventory/$document/approve" '{"action":"approve"}' >/dev/null
    stock=$(call "$keeper" GET "/materials/$material" | value current_stock)
    [ "$stock" = 12.5 ] || { say "库存不符 / the stock is another: $stock"; return 1; }
    docker exec "$TRIAL" /usr/local/bin/mms verify >"$work/verify" 2>&1 || { tail -n 20 "$work/verify"; return 1; }
}

# The new version on a copy of the data, restored from the backup just made: brought to its schema, healthy, and used.
try_on_copy() {
    local image=${registry}mms-backend:$tag secret
    secret=$(random)$(random)
    end_trial
    docker network create "$TRIAL" >/dev/null
    docker volume create "$TRIAL" >/dev/null
    docker run --rm --network none -v "$backup:/backup:ro" -v "$TRIAL:/data" -e UPLOAD_DIR=/data/uploads -e DB_TAKEOVER_WAIT=0 \
        "$image" restore "/backup/$backup_name.json" >"$work/restore" 2>&1 </dev/null || { sed 's/^/    /' "$work/restore"; fail '新版本不能使用数据的副本 / the new version cannot use a copy of the data'; }
    docker run -d --name "$TRIAL" --network "$TRIAL" --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --memory "$(setting MMS_MEMORY 1g)" \
        --health-interval 1s -v "$TRIAL:/data" -e UPLOAD_DIR=/data/uploads -e "JWT_SECRET=$secret" "$image" serve >/dev/null
    until_true '试运行不健康 / the trial is not healthy' "$TRIAL" asks "$TRIAL" || fail '试运行没有成功，正在运行的一切都没有改变 / the trial failed; nothing that runs was changed'
    probe_trial || fail '试用没有成功，正在运行的一切都没有改变 / using the trial failed; nothing that runs was changed'
    tell_schema
    end_trial
}

# What can be taken back afterwards and what cannot is said before anything that runs is touched.
tell_schema() {
    local now after
    now=$(schema_of "$BACKEND")
    after=$(schema_of "$TRIAL")
    [ -n "$now" ] && [ -n "$after" ] || fail '不能得知数据库结构的版本 / the version of the schema could not be told'
    [ "$now" != "$after" ] || return 0
    schema_changes=yes
    say "注意：此版本改变数据库结构（$now → $after）/ mind: this version changes the schema"
    if on_postgres; then
        say '  PostgreSQL 没有快照：迁移之后原版本不能再启动，因此不自动退回；请先用 pg_dump 留一份
  PostgreSQL has no snapshot: once it has migrated, the version of before cannot be started any more, so nothing is taken back by itself; have a pg_dump first'
    else
        say '  开始服务后若试用失败：其间无人写入，则恢复升级前的快照并自动退回；有人写入，则写入的数据保留，新版本留着，由人决定
  Should it fail after it has served: back by itself with the snapshot when nobody has written since; else what was written is kept, and the new version stays'
    fi
}
# Beside the service; what is of that version already stays as it is.
schema_of() { docker exec "$1" /usr/local/bin/mms migrate 2>/dev/null | sed -n 's/.*, schema version \([0-9]*\)$/\1/p' || true; }
on_postgres() { [ -n "$(setting DATABASE_URL)" ]; }

# ---------------------------------------------------------------- beside, switch, end

phase=nothing new='' snapshots='' schema_changes='' served=''
list_snapshots() { find "$data/db" -maxdepth 1 -name 'mms.db.before-*' ! -name '*-wal' ! -name '*-shm' 2>/dev/null | sort; }

# name_of SIDE: what its containers' names end with. Only one side has those that everybody knows.
name_of() { if [ "$1" = "$new" ]; then echo prod; else echo spare; fi; }
compose_up() { MMS_VERSION=$tag MMS_SIDE_A=1 MMS_SIDE_B=1 MMS_NAME_A=$(name_of a) MMS_NAME_B=$(name_of b) compose up -d --no-deps "$1" >"$work/up" 2>&1 || { sed 's/^/    /' "$work/up"; return 1; }; }
start_beside() {
    local suffix=''
    [ "$new" = a ] || suffix=-b
    phase=beside
    docker rename "$BACKEND" "$OLD_BACKEND"
    docker rename "$FRONTEND" "$OLD_FRONTEND"
    # The page first: as long as it is not well, the new service has not touched a database that both may use (PostgreSQL).
    compose_up "frontend$suffix" || return 1
    [ "$(image_of "$FRONTEND")" = "$frontend_id" ] || { say '启动的不是所要的镜像 / what was started is another image'; return 1; }
    until_true '新的页面不健康 / the new page is not healthy' "$FRONTEND" is_healthy "$FRONTEND"
    compose_up "backend$suffix" || return 1
    [ "$(image_of "$BACKEND")" = "$backend_id" ] || { say '启动的不是所要的镜像 / what was started is another image'; return 1; }
    until_true '新的后端没有启动 / the new service has not started' "$BACKEND" waits_or_serves "$BACKEND"
}

point_to() {
    if [ "$1" = b ]; then touch "$dir/nginx/side/b"; else rm -f "$dir/nginx/side/b"; fi
}

switch_over() {
    phase=switched
    point_to "$new"
    sleep 0.5 # what was on its way to the old one is there
}

end_old() {
    phase=ended
    snapshots=$(list_snapshots)
    docker stop -t 15 "$OLD_BACKEND" >/dev/null
}

take_over() {
    until_true '新的后端没有接管 / the new service has not taken over' "$BACKEND" asks "$BACKEND"
    served=yes
}

# From outside, as users come: through nginx.
probe_site() {
    local port tries site
    port=$(setting MMS_HTTPS_PORT 443) site=https://127.0.0.1:$port
    for ((tries = 0; tries < 20; tries++)); do
        if curl -kfsS --max-time 10 "$site/api/health" 2>/dev/null | grep '"status":"ok"' >/dev/null && curl -kfsS --max-time 10 "$site/" 2>/dev/null | grep '<div id="app"' >/dev/null; then return 0; fi
        sleep 0.5
    done
    say "经过 nginx 的试用没有成功 / what comes through nginx is not as it should be: $site"
    return 1
}

# put NAME VALUE: in .env, in one step; everything else stays as it is.
put() {
    { grep -v "^$1=" "$dir/.env" || true; printf '%s=%s\n' "$1" "$2"; } >"$dir/.env.new"
    chmod --reference="$dir/.env" "$dir/.env.new"
    chown --reference="$dir/.env" "$dir/.env.new" 2>/dev/null || true
    mv "$dir/.env.new" "$dir/.env"
}
# remember SIDE: it is what docker-compose starts from here on.
remember() {
    local before new=$1
    before=$(setting MMS_VERSION)
    put MMS_VERSION "$tag"
    put MMS_SIDE_A "$([ "$1" = a ] && echo 1 || echo 0)"
    put MMS_SIDE_B "$([ "$1" = b ] && echo 1 || echo 0)"
    put MMS_NAME_A "$(name_of a)"
    put MMS_NAME_B "$(name_of b)"
    [ -z "$before" ] || [ "$before" = "$tag" ] || printf '%s\n' "$before" >"$dir/deploy.previous"
}

finish() {
    phase=over
    remember "$new"
    docker stop -t 15 "$OLD_FRONTEND" >/dev/null
    docker rm -v "$OLD_BACKEND" "$OLD_FRONTEND" >/dev/null
}

# ---------------------------------------------------------------- back

# The schema is another, and the old program cannot read it: what it was before lies beside. Only when nobody was told of anything that
# is not in it.
put_back_snapshot() {
    local snapshot=$1 file kept
    kept=$data/db/mms.db.failed-$(date -u +%Y%m%d_%H%M%S)
    for file in '' -wal -shm; do [ ! -e "$data/db/mms.db$file" ] || mv "$data/db/mms.db$file" "$kept$file"; done
    cp -p "$snapshot" "$data/db/mms.db.back"
    chown --reference="$snapshot" "$data/db/mms.db.back"
    sync "$data/db/mms.db.back"
    mv "$data/db/mms.db.back" "$data/db/mms.db"
    say "  数据库恢复为升级前的快照 / the database is the snapshot from before: ${snapshot##*/}; $kept"
}
has_served() { [ -n "$served" ] || docker logs "$BACKEND" 2>&1 | grep '"event":"server.started"' >/dev/null; }

# head_of IMAGE FILE: the last row of the operation log in that database, with its hash.
head_of() { docker run --rm --network none -v "$data/db:/data" -e "DB_PATH=/data/$2" "$1" audit verify 2>/dev/null </dev/null | sed -n 's/^head  //p'; }
# Somebody was told that a change was made: a request that changes and was answered well. Without a log of requests nobody can know.
has_acknowledged() {
    local lines
    lines=$(docker logs "$BACKEND" 2>&1 | grep -E '"event":"(server.started|http.request)"') || return 0
    grep -E '"method":"(POST|PUT|PATCH|DELETE)",.*"status":[23]' <<<"$lines" >/dev/null
}
# nothing_written SNAPSHOT: since then, as far as anybody was told; the new service is ended for it, so that it stays so.
nothing_written() {
    local before
    ! has_acknowledged || return 1
    docker stop -t 15 "$BACKEND" >/dev/null
    before=$(head_of "$(image_of "$OLD_BACKEND")" "${1##*/}")
    [ -s "$1-wal" ] || rm -f "$1-wal" "$1-shm" # what reading has left beside it
    [ -n "$before" ] && [ "$before" = "$(head_of "$backend_id" mms.db)" ] && ! has_acknowledged
}

# leave_as_is WHY: the new version stays, as what docker-compose starts as well.
leave_as_is() {
    is_running "$BACKEND" || docker start "$BACKEND" >/dev/null
    remember "$new"
    note "FAILED after $1; it was left as it is"
}

go_back() {
    local snapshot='' old=a
    [ "$new" = a ] && old=b
    say '退回原版本 / going back to what was there'
    if [ "$phase" = ended ]; then
        snapshot=$(comm -13 <(printf '%s\n' "$snapshots") <(list_snapshots) | tail -n 1)
        if on_postgres && [ -n "$schema_changes" ] && has_served; then
            say '新版本已改变 PostgreSQL 的结构并开始服务，原版本不能在其上启动，因此不自动退回
The new version has changed the schema in PostgreSQL and served: the version of before cannot run on it, so nothing is taken back by itself'
            leave_as_is 'the new version had changed the schema in PostgreSQL and served'
            return 0
        fi
        if [ -n "$snapshot" ] && has_served && ! nothing_written "$snapshot"; then
            say "新版本已改变数据库结构并开始服务，此后写入的数据不能丢，因此不自动退回；快照：$snapshot
The new version has changed the schema and served: what was written since must not be lost, so nothing is taken back by itself. Snapshot: $snapshot"
            leave_as_is 'the new version had changed the schema and served'
            return 0
        fi
        if [ -n "$snapshot" ]; then
            docker stop -t 15 "$BACKEND" >/dev/null
            put_back_snapshot "$snapshot"
        fi
        docker start "$OLD_BACKEND" >/dev/null # waits for the database, should the new one have it
        if ! until_true '原后端没有启动 / the old service has not started' "$OLD_BACKEND" waits_or_serves "$OLD_BACKEND"; then
            say "原版本不能启动，一切保持现状 / what was there cannot be started; everything is left as it is: $BACKEND, $OLD_BACKEND"
            note 'FAILED, and what was there before cannot be started; both are left as they are'
            return 1
        fi
    elif on_postgres && [ -n "$schema_changes" ] && [ -z "$(schema_of "$OLD_BACKEND")" ]; then # it knows no newer one
        say '  PostgreSQL 的结构已改变：原版本继续服务，但重新启动会被拒绝，请尽快部署修好的新版本
  The schema in PostgreSQL is the new one already: the version of before goes on, but would not start again; deploy a mended new one soon'
        note 'the schema in PostgreSQL is the new one already; the version of before goes on, but would not start again'
    fi
    [ "$phase" = beside ] || { point_to "$old"; sleep 0.5; }
    ! service_is "$BACKEND" "$new" || docker stop -t 15 "$BACKEND" >/dev/null 2>&1 || true
    ! service_is "$BACKEND" "$new" || docker rm -fv "$BACKEND" >/dev/null
    ! service_is "$FRONTEND" "$new" || docker rm -fv "$FRONTEND" >/dev/null
    ! exists "$OLD_BACKEND" || docker rename "$OLD_BACKEND" "$BACKEND"
    ! exists "$OLD_FRONTEND" || docker rename "$OLD_FRONTEND" "$FRONTEND"
    is_running "$BACKEND" || docker start "$BACKEND" >/dev/null
    is_running "$FRONTEND" || docker start "$FRONTEND" >/dev/null
    until_true '原版本不健康 / what was there is not healthy' "$BACKEND" asks "$BACKEND" || { note 'FAILED, and what was there is not healthy'; return 1; }
    say "已退回，服务正常 / back again and well: $(image_of "$BACKEND")"
    note 'FAILED; what was there before serves again'
}
service_is() { exists "$1" && [ "$(side_of "$1")" = "$2" ]; }

on_exit() {
    local code=$?
    trap - EXIT ERR
    trap '' INT TERM HUP
    exec >&3
    set +e
    end_trial_quietly
    if [ "$code" != 0 ]; then
        case $phase in
        beside | switched | ended) go_back ;;
        nothing) [ -z "$work" ] || note "FAILED before anything was changed" ;;
        esac
    fi
    [ -z "$work" ] || rm -rf "$work"
    exit "$code"
}
end_trial_quietly() { [ -n "$dry" ] || ! docker inspect "$TRIAL" >/dev/null 2>&1 || end_trial; }

# An earlier one was cut off in the middle (the power, kill -9): to where one can begin.
recover() {
    exists "$OLD_BACKEND" || exists "$OLD_FRONTEND" || return 0
    say '上次部署没有完成，先恢复 / an earlier deployment was not finished: mending that first'
    if ! exists "$OLD_BACKEND"; then # it was about to be finished
        docker rm -fv "$OLD_FRONTEND" >/dev/null
    elif exists "$BACKEND" && ! is_running "$OLD_BACKEND" && asks "$BACKEND"; then
        point_to "$(side_of "$BACKEND")"
        docker rm -fv "$OLD_BACKEND" >/dev/null
        ! exists "$OLD_FRONTEND" || docker rm -fv "$OLD_FRONTEND" >/dev/null
    else
        new=a
        [ "$(side_of "$OLD_BACKEND")" = b ] || new=b
        phase=switched
        is_running "$OLD_BACKEND" || docker start "$OLD_BACKEND" >/dev/null
        go_back || fail '未能恢复 / it could not be mended'
        phase=nothing new=''
    fi
}

# ---------------------------------------------------------------- all of it

first_time() {
    say '首次部署 / the first deployment'
    step '检查设置 / check the settings with the new version' check_settings backend
    step "启动后端、页面与 nginx / start the service, the page and nginx: $tag" start_first
    [ -n "$dry" ] || say "完成 / done: $tag"
}
start_first() {
    point_to a
    MMS_VERSION=$tag MMS_SIDE_A=1 MMS_SIDE_B=0 MMS_NAME_A=prod MMS_NAME_B=spare compose up -d --no-deps backend frontend nginx >"$work/up" 2>&1 || { sed 's/^/    /' "$work/up"; fail '未能启动 / it could not be started'; }
    if until_true '后端不健康 / the service is not healthy' "$BACKEND" asks "$BACKEND" && until_true '页面不健康 / the page is not healthy' "$FRONTEND" is_healthy "$FRONTEND" && probe_site; then
        remember a
        note 'deployed, for the first time'
        return 0
    fi
    docker rm -fv "$BACKEND" "$FRONTEND" >/dev/null 2>&1 || true
    fail '首次启动没有成功，容器已移除，数据保留 / the first start failed; the containers are gone, the data stay'
}

check_nginx() {
    is_running "$NGINX" || { step '启动 nginx / start nginx' start_nginx; return 0; }
    docker inspect -f '{{range .Mounts}}{{println .Destination}}{{end}}' "$NGINX" | grep -x /etc/nginx/side >/dev/null ||
        fail "nginx 的配置过旧：请先运行 / nginx is of an older configuration; first run: ${compose_command[*]} -f docker-compose.prod.yml up -d --no-deps nginx"
}
start_nginx() { compose up -d --no-deps nginx >/dev/null 2>&1; }

deploy() {
    local old began=$SECONDS suffix=''
    exists "$BACKEND" && exists "$FRONTEND" || { first_time; return 0; }
    old=$(side_of "$BACKEND")
    new=a
    [ "$old" = b ] || { new=b suffix=-b; }
    if [ "$(image_of "$BACKEND")" = "$backend_id" ] && [ "$(image_of "$FRONTEND")" = "$frontend_id" ] && asks "$BACKEND" && is_healthy "$FRONTEND"; then
        [ -n "$dry" ] || { point_to "$old"; remember "$old"; }
        say "已是此版本，无需部署 / this version is deployed already: $tag"
        return 0
    fi
    asks "$BACKEND" || say '注意：正在运行的后端不健康 / mind: the service that runs is not healthy'
    check_nginx
    [ -n "$dry" ] || point_to "$old"
    step '用新版本检查设置 / check the settings with the new version' check_settings "backend$suffix"
    step '备份并验证 / back up, and prove the backup' make_backup
    step '在数据副本上试运行：迁移、健康、登录、入库、审批、核对 / try the new version on a copy of the data: migrate, health, sign in, receipt, approval, books' try_on_copy
    step "在旧容器旁启动新容器（$new 侧）/ start the new containers beside the old ones (side $new)" start_beside
    step 'nginx 切换到新容器 / switch nginx over' switch_over
    step '旧后端处理完已有请求后结束 / the old service finishes what it has, and ends' end_old
    step '新后端接管数据库（需要时先留快照再迁移）/ the new service takes over the database (with a snapshot before a migration)' take_over
    step '经过 nginx 试用 / try it through nginx' probe_site
    step '记录版本，移除旧容器 / remember the version, remove the old containers' finish
    [ -n "$dry" ] || { note "deployed in $((SECONDS - began)) s"; say "完成 / done: $tag ($((SECONDS - began)) s)"; }
}

main() {
    work=''
    [ -d "$dir" ] || fail "主机上没有文件夹 $dir / the host has no folder $dir"
    if [ "$action" = rollback ] && [ -z "$tag" ]; then
        tag=$(cat "$dir/deploy.previous" 2>/dev/null) || fail '没有更早的版本可退回 / there is no earlier version to go back to'
    fi
    check_host
    [ "$part" != before-images ] || exit 0
    if [ -z "$dry" ]; then
        exec 9>>"$dir/deploy.lock"
        flock -n 9 || fail "另一次部署正在进行 / another deployment is under way: $(tail -n 1 "$dir/deploy.lock")"
        printf '%s %s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$who" "$tag" >"$dir/deploy.lock"
    fi
    work=$(mktemp -d)
    trap on_exit EXIT
    trap 'exit 130' INT TERM HUP
    [ -n "$dry" ] || recover
    check_images
    deploy
}

# In one piece, so that all of this has been read before anything is begun.
{
    main </dev/null
    exit
}
