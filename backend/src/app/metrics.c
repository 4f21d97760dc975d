#include "app/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/app.h"
#include "app/secrets.h"
#include "base/histogram.h"
#include "crypto/token.h"
#include "db/ship.h"
#include "domain/reply.h"
#include "files/files.h"

/* Others are counted as 0. */
static const int statuses[] = {200, 201, 204, 206, 304, 400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503, 0};
#define STATUS_COUNT (sizeof statuses / sizeof *statuses)
#define LANE_COUNT METRICS_LANES
static const char *const lane_labels[LANE_COUNT] = {[LANE_READ] = "lane=\"read\"",
                                                    [LANE_WRITE] = "lane=\"write\"",
                                                    [LANE_SLOW] = "lane=\"slow\"",
                                                    [LANE_PROBE] = "lane=\"probe\""};

struct metrics {
    struct histogram took[LANE_COUNT];
    size_t route_count;
    atomic_llong requests[][STATUS_COUNT]; /* by route; the last row: none matched */
};

static size_t count_routes(void)
{
    size_t n = 0;
    for (size_t i = 0; i < module_count; i++)
        n += modules[i]->route_count;
    return n;
}

struct metrics *metrics_new(void)
{
    size_t routes = count_routes();
    struct metrics *m = calloc(1, sizeof *m + (routes + 1) * sizeof *m->requests);
    if (!m)
        abort();
    m->route_count = routes;
    for (int lane = 0; lane < LANE_COUNT; lane++)
        m->took[lane].bounds = histogram_us;
    return m;
}

void metrics_free(struct metrics *m)
{
    free(m);
}

/* ---------------------------------------------------------------- counting */

static size_t index_of(const struct metrics *m, const struct route *route)
{
    size_t before = 0;
    for (size_t i = 0; route && i < module_count; i++) {
        if (route >= modules[i]->routes && route < modules[i]->routes + modules[i]->route_count)
            return before + (size_t)(route - modules[i]->routes);
        before += modules[i]->route_count;
    }
    return m->route_count;
}

void metrics_count(struct metrics *m, const struct route *route, int status, int64_t took_us)
{
    size_t s = 0;
    while (s + 1 < STATUS_COUNT && statuses[s] != status)
        s++;
    atomic_fetch_add_explicit(&m->requests[index_of(m, route)][s], 1, memory_order_relaxed);
    if (route)
        histogram_add(&m->took[route->http.lane], took_us);
}

const struct histogram *metrics_took(const struct metrics *m, int lane, const char **name)
{
    static const char *const names[LANE_COUNT] = {[LANE_READ] = "read", [LANE_WRITE] = "write", [LANE_SLOW] = "slow", [LANE_PROBE] = "probe"};
    *name = names[lane];
    return &m->took[lane];
}

/* ---------------------------------------------------------------- telling */

static void family(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_fmt(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void figure(struct buf *out, const char *name, const char *type, const char *help, int64_t value)
{
    family(out, name, type, help);
    buf_fmt(out, "%s %lld\n", name, (long long)value);
}

static void put_seconds(struct buf *out, int64_t us)
{
    buf_fmt(out, "%lld.%06lld", (long long)(us / 1000000), (long long)(us % 1000000));
}

static void figure_seconds(struct buf *out, const char *name, const char *type, const char *help, int64_t us)
{
    family(out, name, type, help);
    buf_fmt(out, "%s ", name);
    put_seconds(out, us);
    buf_char(out, '\n');
}

/* One row of a histogram. label: `lane="read"`, or "". in_us: the values are µs and told in seconds. */
static void histogram(struct buf *out, const char *name, const char *label, const struct histogram *h, bool in_us)
{
    const char *comma = *label ? "," : "";
    long long seen = 0;
    for (size_t i = 0;; i++) {
        seen += atomic_load(&h->counts[i]);
        buf_fmt(out, "%s_bucket{%s%sle=\"", name, label, comma);
        if (!h->bounds[i])
            buf_str(out, "+Inf");
        else if (in_us)
            put_seconds(out, h->bounds[i]);
        else
            buf_int(out, h->bounds[i]);
        buf_fmt(out, "\"} %lld\n", seen);
        if (!h->bounds[i])
            break;
    }
    const char *open = *label ? "{" : "", *close = *label ? "}" : "";
    buf_fmt(out, "%s_count%s%s%s %lld\n%s_sum%s%s%s ", name, open, label, close, seen, name, open, label, close);
    if (in_us)
        put_seconds(out, atomic_load(&h->sum));
    else
        buf_int(out, atomic_load(&h->sum));
    buf_char(out, '\n');
}

static void tell_requests(struct buf *out, const struct metrics *m)
{
    size_t index = 0;
    family(out, "mms_http_requests_total", "counter", "Answered requests by route and status.");
    for (size_t i = 0; i <= module_count; i++) {
        size_t routes = i < module_count ? modules[i]->route_count : 1;
        for (size_t k = 0; k < routes; k++, index++)
            for (size_t s = 0; s < STATUS_COUNT; s++) {
                long long n = atomic_load(&m->requests[index][s]);
                const struct route *r = i < module_count ? &modules[i]->routes[k] : NULL;
                if (n)
                    buf_fmt(out, "mms_http_requests_total{method=\"%s\",route=\"%s\",status=\"%d\"} %lld\n",
                            r ? r->http.method : "", r ? r->http.path : "", statuses[s], n);
            }
    }
    family(out, "mms_http_request_duration_seconds", "histogram", "Time from the first byte of a request to its answer, by lane.");
    for (int lane = 0; lane < LANE_COUNT; lane++)
        histogram(out, "mms_http_request_duration_seconds", lane_labels[lane], &m->took[lane], true);
}

static void tell_queues(struct buf *out, const struct http_server *server, const struct db_writer_stats *writer)
{
    struct http_queue queues[HTTP_QUEUES_MAX];
    size_t count = http_queues(server, queues);
    family(out, "mms_queue_length", "gauge", "Requests that wait for a thread, by queue.");
    buf_fmt(out, "mms_queue_length{queue=\"writer\"} %lld\n", (long long)writer->queue_length);
    for (size_t i = 0; i < count; i++)
        buf_fmt(out, "mms_queue_length{queue=\"%s\"} %zu\n", queues[i].name, queues[i].length);
    family(out, "mms_queue_wait_seconds", "histogram", "How long they waited.");
    histogram(out, "mms_queue_wait_seconds", "queue=\"writer\"", writer->wait, true);
    for (size_t i = 0; i < count; i++) {
        char label[64];
        snprintf(label, sizeof label, "queue=\"%s\"", queues[i].name);
        histogram(out, "mms_queue_wait_seconds", label, queues[i].wait, true);
    }
}

static void tell_writer(struct buf *out, const struct db_writer_stats *s)
{
    figure(out, "mms_writer_jobs_total", "counter", "Writing requests that were run.", s->jobs);
    figure(out, "mms_writer_failed_jobs_total", "counter", "Of these, refused or failed: they changed nothing.", s->failed_jobs);
    figure(out, "mms_writer_commits_total", "counter", "Durable commits.", s->commits);
    family(out, "mms_writer_group_size", "histogram", "Requests that shared a commit.");
    histogram(out, "mms_writer_group_size", "", s->group, false);
    family(out, "mms_writer_commit_seconds", "histogram", "How long a commit took until it was durable.");
    histogram(out, "mms_writer_commit_seconds", "", s->commit, true);
    if (s->log_bytes >= 0)
        figure(out, "mms_database_log_bytes", "gauge", "Length of the write-ahead log (SQLite).", s->log_bytes);
}

/* Only with BACKUP_CONTINUOUS_DIR. */
static void tell_continuous(struct buf *out, struct db_writer *writer, int64_t now_ms)
{
    struct db_ship_state s;
    db_writer_ship_state(writer, &s);
    if (!s.on)
        return;
    figure(out, "mms_continuous_safe_timestamp_seconds", "gauge", "All that was committed before is in the continuous backup; 0: nothing yet.",
           s.safe_ms / 1000);
    figure(out, "mms_continuous_behind_seconds", "gauge", "For how long the continuous backup has not been complete.",
           s.safe_ms ? (now_ms - s.safe_ms) / 1000 : 0);
    figure(out, "mms_continuous_late", "gauge", "1: a lost disk would cost more than a minute.", s.late);
    figure(out, "mms_continuous_failing", "gauge", "1: its folder cannot be written.", s.failing);
    figure(out, "mms_continuous_failures_total", "counter", "Attempts to write to it that failed.", s.failures);
    figure(out, "mms_continuous_gaps_total", "counter", "Chains that ended, so that a new one had to begin with a copy of the database.", s.gaps);
    figure(out, "mms_continuous_written_bytes_total", "counter", "Bytes written to it.", s.bytes);
}

/* Only with UPLOAD_BACKEND=oss. */
static void tell_files(struct buf *out, const struct files *files)
{
    struct files_state s;
    if (!files_state(files, &s))
        return;
    figure(out, "mms_object_storage_away", "gauge", "1: it failed again and again, and is asked again only after a while.", s.is_away);
    figure(out, "mms_object_storage_outages_total", "counter", "How often that began.", s.outages);
}

/* Only where it can change while the service runs. */
static void tell_secrets(struct buf *out, struct secrets *secrets)
{
    struct secrets_state s;
    secrets_state(secrets, &s);
    if (strcmp(s.source, "environment") == 0)
        return;
    figure(out, "mms_secrets_valid", "gauge", "Secrets that tokens may be signed with; more than one while it changes.", (int64_t)s.valid);
    figure(out, "mms_secret_source_failing", "gauge", "1: the source of the secret could not be read again; what was read is used.", s.is_failing);
    figure(out, "mms_secret_source_failures_total", "counter", "Readings of it that failed.", s.failures);
}

static void tell_process(struct buf *out, const struct app *app, int64_t now_ms)
{
    struct timespec cpu = {0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    family(out, "mms_build_info", "gauge", "The version that runs.");
    buf_str(out, "mms_build_info{version=\"" MMS_VERSION "\"} 1\n");
    figure(out, "process_start_time_seconds", "gauge", "When the process started, since 1970.", app->started_ms / 1000);
    figure(out, "mms_uptime_seconds", "gauge", "For how long it has been running.", (now_ms - app->started_ms) / 1000);
    figure_seconds(out, "process_cpu_seconds_total", "counter", "Processor time used.",
                   (int64_t)cpu.tv_sec * 1000000 + cpu.tv_nsec / 1000);
    figure(out, "process_resident_memory_bytes", "gauge", "Memory held.", health_resident_bytes());
}

static void tell_all(struct buf *out, const struct app *app, struct http_server *server, int64_t now_ms)
{
    struct db_writer_stats writer;
    db_writer_stats(app->writer, &writer);
    tell_requests(out, app->metrics);
    tell_queues(out, server, &writer);
    tell_writer(out, &writer);
    tell_continuous(out, app->writer, now_ms);
    tell_secrets(out, app->secrets);
    tell_files(out, app->files);
    figure(out, "mms_open_connections", "gauge", "Open connections.", (int64_t)http_connections(server));
    figure(out, "mms_open_streams", "gauge", "Of these, event streams.", (int64_t)http_streams(server));
    tell_process(out, app, now_ms);
}

/* ---------------------------------------------------------------- the route */

/* Compared by their hashes, so that the time tells nothing of the token. */
static bool is_equal(const char *a, const char *b)
{
    char x[HASH_HEX_MAX], y[HASH_HEX_MAX];
    hash_hex(a, strlen(a), x);
    hash_hex(b, strlen(b), y);
    return strcmp(x, y) == 0;
}

static enum rc get_metrics(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct http_response *r = &call->http->response;
    const char *wanted = c->settings->metrics_token, *given = http_header(call->http, "Authorization");
    if (!wanted)
        return error_set(&c->err, RC_NOT_FOUND);
    if (!given || strncmp(given, "Bearer ", 7) != 0)
        return error_set(&c->err, RC_TOKEN_MISSING);
    if (!is_equal(wanted, given + 7))
        return error_set(&c->err, RC_TOKEN_INVALID);
    buf_reset(&r->body);
    tell_all(&r->body, call->app, http_server_of(call->http), c->now_ms);
    r->status = 200;
    r->content_type = "text/plain; version=0.0.4; charset=utf-8";
    return RC_OK;
}

static const struct route metrics_routes[] = {
    ROUTE("GET", "/metrics", LANE_PROBE, PERM_OPEN, NULL, get_metrics,
          "运行指标（Prometheus 文本格式）；需设置 METRICS_TOKEN，并以 Bearer 令牌访问", .bare = true, .media = "text/plain",
          .refusals = REFUSALS(RC_NOT_FOUND, RC_TOKEN_MISSING, RC_TOKEN_INVALID)),
};
const struct module metrics_module = MODULE("metrics", "运行指标", metrics_routes);
