/* GET /api/admin/metrics: what /metrics tells a monitor, for the administrator's page, of this instance since it was started. */
#include "app/app.h"
#include "app/metrics.h"
#include "base/histogram.h"
#include "domain/reply.h"

/* [{up_to, count}]: each count alone, not with those below it. up_to is null above all bounds. */
static void write_histogram(struct json_writer *w, const char *name, const struct histogram *h)
{
    jw_name(w, name);
    jw_array(w);
    for (size_t i = 0;; i++) {
        jw_object(w);
        jw_name(w, "up_to");
        if (h->bounds[i])
            jw_int(w, h->bounds[i]);
        else
            jw_null(w);
        jw_member_int(w, "count", atomic_load(&h->counts[i]));
        jw_object_end(w);
        if (!h->bounds[i])
            break;
    }
    jw_array_end(w);
}

static void write_lanes(struct json_writer *w, const struct metrics *m)
{
    jw_name(w, "lanes");
    jw_array(w);
    for (int lane = 0; lane < METRICS_LANES; lane++) {
        const char *name;
        const struct histogram *took = metrics_took(m, lane, &name);
        jw_object(w);
        jw_member_text(w, "name", name);
        write_histogram(w, "took", took);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static void write_queue(struct json_writer *w, const char *name, int64_t length, const struct histogram *wait)
{
    jw_object(w);
    jw_member_text(w, "name", name);
    jw_member_int(w, "length", length);
    write_histogram(w, "wait", wait);
    jw_object_end(w);
}

static void write_queues(struct json_writer *w, const struct http_server *server, const struct db_writer_stats *writer)
{
    struct http_queue queues[HTTP_QUEUES_MAX];
    size_t count = http_queues(server, queues);
    jw_name(w, "queues");
    jw_array(w);
    write_queue(w, "writer", writer->queue_length, writer->wait);
    for (size_t i = 0; i < count; i++)
        write_queue(w, queues[i].name, (int64_t)queues[i].length, queues[i].wait);
    jw_array_end(w);
}

static void write_writer(struct json_writer *w, const struct db_writer_stats *s)
{
    jw_name(w, "writer");
    jw_object(w);
    jw_member_int(w, "jobs", s->jobs);
    jw_member_int(w, "failed_jobs", s->failed_jobs);
    jw_member_int(w, "commits", s->commits);
    jw_name(w, "log_bytes");
    if (s->log_bytes >= 0)
        jw_int(w, s->log_bytes);
    else
        jw_null(w);
    write_histogram(w, "group", s->group);
    write_histogram(w, "commit", s->commit);
    jw_object_end(w);
}

static enum rc get_metrics(struct call *call)
{
    const struct app *app = call->app;
    struct http_server *server = http_server_of(call->http);
    struct db_writer_stats writer;
    db_writer_stats(app->writer, &writer);
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    jw_member_int(&w, "uptime", (call->ctx.now_ms - app->started_ms) / 1000);
    jw_member_int(&w, "memory_bytes", health_resident_bytes());
    jw_member_int(&w, "connections", (int64_t)http_connections(server));
    jw_member_int(&w, "streams", (int64_t)http_streams(server));
    write_lanes(&w, app->metrics);
    write_queues(&w, server, &writer);
    write_writer(&w, &writer);
    jw_object_end(&w);
    return reply_end(call, &w);
}

static const struct answer_part bar_parts[] = {{"up_to", .nullable = true}, {"count"}, {0}};
static const struct answer_part lane_parts[] = {{"name", PART_TEXT}, {"took", PART_ARRAY, .parts = bar_parts}, {0}};
static const struct answer_part queue_parts[] = {{"name", PART_TEXT}, {"length"}, {"wait", PART_ARRAY, .parts = bar_parts}, {0}};
static const struct answer_part writer_parts[] = {
    {"jobs"}, {"failed_jobs"}, {"commits"}, {"log_bytes", .nullable = true}, {"group", PART_ARRAY, .parts = bar_parts},
    {"commit", PART_ARRAY, .parts = bar_parts}, {0}};

static const struct route metrics_routes[] = {
    ROUTE("GET", "/api/admin/metrics", LANE_READ, PERM_DATABASE_READ, NULL, get_metrics, "运行指标，供管理员查看",
          .parts = PARTS({"uptime"}, {"memory_bytes"}, {"connections"}, {"streams"}, {"lanes", PART_ARRAY, .parts = lane_parts},
                         {"queues", PART_ARRAY, .parts = queue_parts}, {"writer", PART_OBJECT, .parts = writer_parts})),
};
const struct module metrics_api_module = MODULE("admin-metrics", "运行指标", metrics_routes);
