/* GET /api/health (checklist, task 5.2.1): a read of a real table, and a write that the writer must answer within two seconds.
 * Object storage is told of and counts for nothing: while it is away the service does all the rest, and another instance has it no better.
 * The answer is not in the envelope: monitors read it as the checklist gives it. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/app.h"
#include "files/files.h"

#define WRITER_ANSWERS_WITHIN_MS 2000

static const struct sql BEAT = {"heartbeat.write", "UPDATE heartbeat SET beat_at = $1 WHERE id = 1"};
static const struct sql READ_BACK = {"heartbeat.read", "SELECT COUNT(*) AS n FROM heartbeat WHERE id = 1"};

static enum rc beat(struct db *db, void *arg)
{
    return db_exec(db, &BEAT, DB_ARGS(DB_I(*(const int64_t *)arg)), NULL);
}

/* Its connection may have gone while it was idle: once more, on a new one. */
static bool reader_answers(struct call *call)
{
    struct ctx *c = &call->ctx;
    int64_t rows = 0;
    for (int tries = 0; tries < 2; tries++)
        if (app_use_reader(call->app, c) && ctx_number(c, &READ_BACK, DB_NO_ARGS, &rows) == RC_OK)
            return rows == 1;
    return false;
}

static bool writer_answers(struct call *call)
{
    int64_t *now = malloc(sizeof *now); /* outlives this request when the writer does not answer in time */
    if (!now)
        abort();
    *now = call->ctx.now_ms;
    return db_run_tx_within(call->app->writer, beat, now, free, WRITER_ANSWERS_WITHIN_MS) == RC_OK;
}

int64_t health_resident_bytes(void)
{
    long long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f)
        return 0;
    if (fscanf(f, "%*s %lld", &pages) != 1)
        pages = 0;
    fclose(f);
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

static int64_t mebibytes(size_t bytes)
{
    return (int64_t)((bytes + 524288) / 1048576);
}

static void write_memory(struct json_writer *w)
{
    struct mallinfo2 heap = mallinfo2();
    jw_name(w, "memory");
    jw_object(w);
    jw_member_int(w, "rss", mebibytes((size_t)health_resident_bytes()));
    jw_member_int(w, "heapTotal", mebibytes(heap.arena + heap.hblkhd));
    jw_member_int(w, "heapUsed", mebibytes(heap.uordblks + heap.hblkhd));
    jw_object_end(w);
}

static void write_storage(struct json_writer *w, const struct files *files)
{
    struct files_state s;
    if (files_state(files, &s))
        jw_member_text(w, "objectStorage", s.is_away ? "away" : "asked");
}

static enum rc get_health(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct http_response *r = &call->http->response;
    bool good = reader_answers(call) && writer_answers(call);
    char text[CLOCK_TEXT_MAX];
    struct json_writer w;
    buf_reset(&r->body);
    r->status = good ? 200 : 503;
    jw_init(&w, &r->body, false);
    jw_object(&w);
    jw_member_text(&w, "status", good ? "ok" : "degraded");
    jw_name(&w, "timestamp");
    jw_text_n(&w, text, clock_print_iso(c->now_ms, text));
    jw_member_int(&w, "uptime", (c->now_ms - call->app->started_ms) / 1000);
    jw_member_text(&w, "version", MMS_VERSION);
    jw_name(&w, "checks");
    jw_object(&w);
    jw_member_text(&w, "database", good ? "ok" : "error");
    write_memory(&w);
    write_storage(&w, call->app->files);
    jw_object_end(&w);
    jw_object_end(&w);
    if (!good)
        http_set_header(call->http, "Retry-After", "5");
    return RC_OK;
}

static const struct answer_part memory_parts[] = {{"rss"}, {"heapTotal"}, {"heapUsed"}, {0}};
static const struct answer_part check_parts[] = {
    {"database", PART_TEXT}, {"memory", PART_OBJECT, .parts = memory_parts}, {"objectStorage", PART_TEXT, .optional = true}, {0}};
static const struct answer_part health_parts[] = {
    {"status", PART_TEXT}, {"timestamp", PART_TEXT}, {"uptime"}, {"version", PART_TEXT},
    {"checks", PART_OBJECT, .parts = check_parts}, {0}};

static const struct route health_routes[] = {
    ROUTE("GET", "/api/health", LANE_PROBE, PERM_OPEN, NULL, get_health, "健康检查", .bare = true, .parts = health_parts),
};
const struct module health_module = MODULE("health", "运行状态", health_routes);
