#include "domain/export_job.h"

#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "crypto/token.h"
#include "domain/list_export.h"
#include "domain/loose_file.h"
#include "domain/reply.h"

#define FOLDER "exports"
#define PREFIX "job-"
#define NAME_BYTES 16        /* random */
#define ADDRESS_MAX 8192     /* bytes */

/* ---------------------------------------------------------------- queueing */

/* {"path":…,"query":{…}}: the route's path, and the parameters that it was asked with. */
static const char *arguments_of(struct call *call, const struct list_source *s)
{
    static const char *const always[] = {"format", "lang", "sort", NULL};
    struct buf text;
    struct json_writer w;
    buf_init(&text, HTTP_BODY_MAX);
    jw_init(&w, &text, false);
    jw_object(&w);
    jw_member_text(&w, "path", call->route->http.path);
    jw_name(&w, "query");
    jw_object(&w);
    for (size_t i = 0; always[i]; i++)
        if (s->param(s->from, always[i])) {
            jw_name(&w, always[i]);
            jw_text(&w, s->param(s->from, always[i]));
        }
    for (const struct list_filter *f = s->spec->filters; f < s->spec->filters + LIST_FILTERS_MAX && f->param; f++)
        if (s->param(s->from, f->param)) {
            jw_name(&w, f->param);
            jw_text(&w, s->param(s->from, f->param));
        }
    jw_object_end(&w);
    jw_object_end(&w);
    const char *out = text.overflow ? NULL : arena_dup(call->ctx.arena, buf_text(&text));
    buf_free(&text);
    return out;
}

enum rc list_export_queue(struct call *call)
{
    const struct list_source s = list_source_of(call);
    struct export_set set;
    int64_t job_id;
    (void)export_order_of(&s, call->route->export); /* for its faults */
    TRY(export_choose(&s, call->route->export, call->id, &set));
    TRY(job_add(&call->ctx, &export_job, call->id, arguments_of(call, &s), &job_id));
    return job_reply(call, "开始导出", "The export has begun", job_id);
}

/* ---------------------------------------------------------------- the job */

struct exporting {
    struct job_run *run;
    struct list_source source;
    struct export_order order;
    const struct json *query;
    enum rc told; /* what the runner said last */
    struct export_file made;
    const char *key, *name;
};

static const char *stored_param(const void *query, const char *name)
{
    const struct json *v = json_member(query, name);
    return v && v->type == JSON_STRING ? v->text : NULL;
}

static const struct route *route_of(const char *path)
{
    for (size_t i = 0; i < module_count; i++)
        for (size_t k = 0; k < modules[i]->route_count; k++) {
            const struct route *r = &modules[i]->routes[k];
            if (r->export && r->handler == list_export_queue && strcmp(r->http.path, path) == 0)
                return r;
        }
    return NULL;
}

/* NULL: the list is one of another version's. */
static const struct route *asked_for(struct ctx *c, const char *arguments, const struct json **query)
{
    struct json_fault fault;
    const struct json *all = arguments ? json_parse(c->arena, arguments, strlen(arguments), &fault) : NULL;
    const struct json *path = json_member(all, "path");
    *query = json_member(all, "query");
    return path && path->type == JSON_STRING ? route_of(path->text) : NULL;
}

static enum rc understand(struct ctx *c, const char *arguments, struct exporting *e)
{
    const struct route *route = asked_for(c, arguments, &e->query);
    if (!route || !e->query)
        return error_set(&c->err, RC_INTERNAL);
    TRY(ctx_require(c, route->permission));
    e->source = (struct list_source){c, route->list, stored_param, e->query};
    e->order = export_order_of(&e->source, route->export);
    return c->err.rc;
}

static void tell(void *arg, int64_t done, int64_t total)
{
    struct exporting *e = arg;
    e->told = job_tell(e->run, done, total);
}

static bool is_over(void *arg)
{
    const struct exporting *e = arg;
    return e->told != RC_OK;
}

/* The file gets its name, which nobody can guess. */
static enum rc keep_file(struct exporting *e)
{
    struct ctx *c = &e->run->ctx;
    char random[2 * NAME_BYTES + 1];
    const struct files_source source = files_source_fd(&e->made.file.fd, e->made.file.bytes);
    random_hex(NAME_BYTES, random);
    e->name = arena_fmt(c->arena, PREFIX "%lld-%s.%s", (long long)e->run->id, random, export_formats[e->order.format]);
    e->key = arena_fmt(c->arena, FOLDER "/%s", e->name);
    enum rc rc = loose_file_put(c, e->key, &source, EXPORT_JOB_KEPT_MS);
    if (rc != RC_OK)
        log_event(LOG_ERROR, "export.not_kept", NULL, LOG_TEXT("key", e->key), LOG_TEXT("error", error_row(rc)->code));
    return rc;
}

static enum rc note(struct ctx *c, void *arg)
{
    struct exporting *e = arg;
    e->run->result = arena_fmt(c->arena, "{\"file\":\"%s\",\"rows\":%lld,\"bytes\":%lld,\"url\":\"/api/jobs/%lld/file\"}", e->name,
                               (long long)e->made.rows, (long long)e->made.file.bytes, (long long)e->run->id);
    return export_log(c, &e->order, e->run->subject_id, e->made.rows, export_asked_for(&e->source));
}

static enum rc run_export(struct job_run *run)
{
    struct ctx *c = &run->ctx;
    struct exporting e = {.run = run};
    const struct export_progress progress = {tell, is_over, &e};
    struct export_set set;
    TRY(understand(c, run->arguments, &e));
    TRY(export_choose(&e.source, e.order.list, run->subject_id, &set));
    enum rc rc = export_write(c, &set, &e.order, &progress, &e.made);
    if (rc != RC_OK)
        return e.told != RC_OK ? error_set(&c->err, e.told) : rc;
    rc = keep_file(&e);
    close(e.made.file.fd);
    TRY(rc);
    rc = job_write_last(run, note, &e);
    if (rc != RC_OK && rc != RC_DB_UNCERTAIN)
        files_remove_later(c->files, e.key);
    return rc;
}

static const char *list_name(struct ctx *c, const char *arguments)
{
    const struct json *query;
    const struct route *route = asked_for(c, arguments, &query);
    return !route ? NULL : c->english ? route->export->en : route->export->zh;
}

const struct job_kind export_job = {"export", "导出", "Export", PERM_DOCUMENT_CREATE, run_export, list_name};

/* ---------------------------------------------------------------- fetching */

/* A job's file, of who may fetch it. */
struct fetched {
    const char *key, *disposition, *media;
};

static enum rc find_file(struct call *call, struct fetched *out)
{
    struct ctx *c = &call->ctx;
    struct job_seen job;
    struct exporting e = {0};
    struct json_fault fault;
    TRY(job_see(call, &job));
    const struct json *result = job.result ? json_parse(c->arena, job.result, strlen(job.result), &fault) : NULL;
    const struct json *file = json_member(result, "file");
    if (strcmp(job.kind, export_job.name) != 0 || !file)
        return error_set(&c->err, RC_NOT_FOUND);
    TRY(understand(c, job.arguments, &e));
    TRY(export_disposition(c, &e.order, &out->disposition));
    out->key = arena_fmt(c->arena, FOLDER "/%s", file->text);
    out->media = e.order.format == EXPORT_CSV ? CSV_TYPE : EXCEL_TYPE;
    return RC_OK;
}

static enum rc say_over(struct ctx *c, enum rc rc)
{
    if (rc == RC_NOT_FOUND)
        return error_say(&c->err, RC_NOT_FOUND, "文件已过期，请重新导出", "The file is no longer kept: export it again");
    return rc == RC_OK ? RC_OK : error_set(&c->err, rc);
}

static enum rc get_file(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct fetched file;
    int64_t bytes;
    int fd;
    TRY(find_file(call, &file));
    TRY(say_over(c, files_open_file(c->files, file.key, c->settings->upload_dir, &fd, &bytes)));
    call->http->response.status = 200;
    call->http->response.content_type = file.media;
    http_set_header(call->http, "Content-Disposition", file.disposition);
    http_send_file(call->http, fd, bytes);
    return RC_OK;
}

static enum rc get_address(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct fetched file;
    struct files_fact fact;
    struct buf address;
    TRY(find_file(call, &file));
    buf_init(&address, ADDRESS_MAX);
    bool wanted = c->settings->oss_delivery == OSS_BY_ADDRESS && files_are_remote(c->files);
    if (wanted)
        TRY(say_over(c, files_head(c->files, file.key, &fact)));
    bool made = wanted && files_address(c->files, file.key, file.disposition, file.media, EXPORT_ADDRESS_S, &address);
    struct json_writer w = reply_data(call, 200, "查询成功", "Found");
    jw_object(&w);
    jw_member_text(&w, "address", made && !address.overflow ? buf_text(&address) : NULL);
    jw_object_end(&w);
    buf_free(&address);
    http_set_header(call->http, "Cache-Control", "no-store");
    return reply_end(call, &w);
}

static const struct route export_job_routes[] = {
    ROUTE("GET", "/api/jobs/:id/file-address", LANE_SLOW, PERM_DOCUMENT_CREATE, NULL, get_address, "导出任务文件的短期下载地址（OSS_DELIVERY=signed）",
          .http.moves_files = true, .parts = PARTS({"address", PART_TEXT, .nullable = true}),
          .refusals = REFUSALS(RC_JOB_NOT_FOUND, RC_NOT_FOUND, FILES_REFUSALS)),
    ROUTE("GET", "/api/jobs/:id/file", LANE_SLOW, PERM_DOCUMENT_CREATE, NULL, get_file, "导出任务的文件", .bare = true, .media = EXCEL_TYPE,
          .http.moves_files = true, .refusals = REFUSALS(RC_JOB_NOT_FOUND, RC_NOT_FOUND, RC_FILES_UNWRITABLE, RC_DB_FULL, FILES_REFUSALS)),
};
const struct module export_job_module = MODULE("export_jobs", "导出任务", export_job_routes);
