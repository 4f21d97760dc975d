/* Owns the table jobs. Invariants: one that has ended stays as it is; `news` grows with every change, in the order of the commits. */
#include "domain/job.h"

#include <string.h>

#include "base/buf.h"
#include "domain/job_runner.h"
#include "domain/list.h"
#include "domain/reply.h"
#include "domain/service_token.h"
#include "domain/user.h"

#define NEWS_MAX 50     /* events of one look */
#define LISTED 100

#define NEXT_NEWS "(SELECT COALESCE(MAX(news), 0) + 1 FROM jobs)"
#define COLUMNS                                                                                                        \
    "j.id, j.kind, j.subject_id, j.arguments, j.status, j.steps_done, j.steps_total, j.cancel_asked, j.result, j.failure, j.created_by, " \
    "j.created_at, j.started_at, j.ended_at, COALESCE(u.real_name, u.username) AS creator_name FROM jobs j JOIN users u ON " \
    "u.id = j.created_by "

static const struct sql ADD = {"job.add", "INSERT INTO jobs (kind, subject_id, arguments, news, created_by, service_token_id, ip_address, "
                                          "created_at) VALUES ($1, $2, $3, " NEXT_NEWS ", $4, $5, $6, $7) RETURNING id"};
static const struct sql OPEN_OF = {"job.open_of", "SELECT COUNT(*) AS n FROM jobs WHERE ended_at IS NULL AND subject_id = $1 AND "
                                                  "substr(kind, 1, length($2)) = $2"};
static const struct sql BY_ID = {"job.by_id", "SELECT " COLUMNS "WHERE j.id = $1"};
static const struct sql LIST = {"job.list", "SELECT " COLUMNS "WHERE j.created_by = $1 OR $2 = 1 ORDER BY j.created_at DESC, j.id DESC LIMIT $3"};
static const struct sql OPEN_JOBS = {"job.open", "SELECT id, status, session FROM jobs WHERE ended_at IS NULL ORDER BY id"};
static const struct sql TAKE = {"job.take", "UPDATE jobs SET status = 'running', session = $2, started_at = $3, news = " NEXT_NEWS
                                            " WHERE id = $1 RETURNING kind, subject_id, arguments, created_by"};
static const struct sql NOTE = {"job.note", "UPDATE jobs SET steps_done = $2, steps_total = $3, session = $4, news = " NEXT_NEWS
                                            " WHERE id = $1"};
static const struct sql STATE = {"job.state", "SELECT status, cancel_asked FROM jobs WHERE id = $1"};
static const struct sql END = {"job.end", "UPDATE jobs SET status = $2, ended_at = $3, result = $4, failure = $5, steps_done = $6, "
                                          "steps_total = $7, news = " NEXT_NEWS " WHERE id = $1 AND ended_at IS NULL"};
static const struct sql LOSE = {"job.lose", "UPDATE jobs SET status = 'interrupted', ended_at = $2, news = " NEXT_NEWS
                                            " WHERE id = $1 AND ended_at IS NULL"};
static const struct sql ASK_CANCEL = {"job.ask_cancel", "UPDATE jobs SET cancel_asked = 1, news = " NEXT_NEWS " WHERE id = $1"};
static const struct sql ACTOR = {"job.actor", "SELECT u.id AS user_id, u.username, u.real_name, u.role, u.status, u.must_change_password, "
                                              "j.ip_address, j.service_token_id FROM jobs j JOIN users u ON u.id = j.created_by WHERE j.id = $1"};
static const struct sql NEWEST = {"job.newest", "SELECT COALESCE(MAX(news), 0) AS n FROM jobs"};
static const struct sql NEWS = {"job.news", "SELECT id, kind, status, steps_done, steps_total, created_by, news FROM jobs WHERE news > $1 ORDER BY news LIMIT $2"};

static const struct job_kind *kind_of(const char *name)
{
    for (size_t i = 0; i < job_kind_count; i++)
        if (strcmp(job_kinds[i]->name, name) == 0)
            return job_kinds[i];
    return NULL;
}

/* ---------------------------------------------------------------- queueing */

enum rc job_add(struct ctx *c, const struct job_kind *kind, int64_t subject_id, const char *arguments, int64_t *id)
{
    const struct actor *a = &c->actor;
    job_runner_expect(c->jobs);
    return ctx_insert(c, &ADD,
                      DB_ARGS(DB_T(kind->name), DB_I(subject_id), DB_T(arguments), DB_I(a->user_id),
                              a->service_token_id ? DB_I(a->service_token_id) : DB_N, DB_T(a->ip_address), DB_I(c->now_ms)),
                      id);
}

enum rc job_reply(struct call *call, const char *zh, const char *en, int64_t job_id)
{
    struct json_writer w = reply_data(call, 202, zh, en);
    jw_object(&w);
    jw_member_int(&w, "id", call->id);
    jw_member_int(&w, "jobId", job_id);
    jw_object_end(&w);
    return reply_end(call, &w);
}

enum rc job_none_open(struct ctx *c, const char *prefix, int64_t subject_id)
{
    int64_t open;
    TRY(ctx_number(c, &OPEN_OF, DB_ARGS(DB_I(subject_id), DB_T(prefix)), &open));
    return open ? error_set(&c->err, RC_JOB_OPEN) : RC_OK;
}

/* ---------------------------------------------------------------- running */

static enum rc own_session(struct ctx *c, const char *instance, const char **out)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &db_catalogue(c->db)->session, DB_ARGS(DB_T(instance)), &rows));
    TRY(db_next(rows, &more));
    *out = more ? arena_dup(c->arena, db_text(rows, "session")) : "";
    return RC_OK;
}

/* An open job. */
struct open_job {
    int64_t id;
    bool is_queued;
    const char *session;
    struct open_job *next;
};

static enum rc read_open(struct ctx *c, struct open_job **out)
{
    DB_ROWS rows = NULL;
    bool more;
    *out = NULL;
    struct open_job **end = out;
    TRY(db_start(c->db, &OPEN_JOBS, DB_NO_ARGS, &rows));
    for (;;) {
        TRY(db_next(rows, &more));
        if (!more)
            return RC_OK;
        *end = arena_new(c->arena, struct open_job);
        **end = (struct open_job){db_int(rows, "id"), strcmp(db_text(rows, "status"), "queued") == 0,
                                  arena_dup(c->arena, db_text(rows, "session")), NULL};
        end = &(*end)->next;
    }
}

/* `own`: this connection. Who asks runs none at the moment, so that one of his own is left over from a claim whose answer got lost. */
static enum rc is_lost(struct ctx *c, const char *instance, const char *own, const struct open_job *j, bool *out)
{
    int64_t gone = !j->is_queued && j->session && strcmp(j->session, own) == 0;
    if (!j->is_queued && !gone)
        TRY(ctx_number(c, &db_catalogue(c->db)->session_is_gone, DB_ARGS(DB_T(instance), DB_T(j->session)), &gone));
    *out = gone != 0;
    return RC_OK;
}

enum rc job_is_awaited(struct ctx *c, const char *instance, bool *out)
{
    struct open_job *j;
    const char *own;
    *out = false;
    TRY(read_open(c, &j));
    if (!j)
        return RC_OK;
    TRY(own_session(c, instance, &own));
    for (; j && !*out; j = j->next) {
        TRY(is_lost(c, instance, own, j, out));
        *out = *out || j->is_queued;
    }
    return RC_OK;
}

static enum rc take(struct ctx *c, const char *session, int64_t id, struct job_claim *out)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &TAKE, DB_ARGS(DB_I(id), DB_T(session), DB_I(c->now_ms)), &rows));
    TRY(db_next(rows, &more));
    if (more)
        *out = (struct job_claim){id, db_int(rows, "subject_id"), db_int(rows, "created_by"), arena_dup(c->arena, db_text(rows, "arguments")),
                                  kind_of(db_text(rows, "kind"))};
    return RC_OK;
}

enum rc job_claim(struct ctx *c, const char *instance, struct job_claim *out)
{
    struct open_job *j;
    int64_t oldest = 0;
    const char *own;
    *out = (struct job_claim){0};
    TRY(read_open(c, &j));
    TRY(own_session(c, instance, &own));
    for (; j; j = j->next) {
        bool lost;
        TRY(is_lost(c, instance, own, j, &lost));
        if (lost)
            TRY(db_exec(c->db, &LOSE, DB_ARGS(DB_I(j->id), DB_I(c->now_ms)), NULL));
        else if (j->is_queued && !oldest)
            oldest = j->id;
    }
    return oldest ? take(c, own, oldest, out) : RC_OK;
}

/* A service token's scopes hold for its job, too. */
enum rc job_take_actor(struct ctx *c, const struct job_claim *claim)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &ACTOR, DB_ARGS(DB_I(claim->id)), &rows));
    TRY(db_next(rows, &more));
    if (!more || strcmp(db_text(rows, "status"), "active") != 0 || !user_as_actor(c, rows))
        return error_set(&c->err, RC_TOKEN_INVALID);
    const char *ip_address = arena_dup(c->arena, db_text(rows, "ip_address"));
    int64_t token = db_int(rows, "service_token_id");
    c->actor.permissions = role_permissions(c->actor.role);
    db_end(rows);
    rows = NULL;
    if (token) {
        c->actor = (struct actor){.service_token_id = token};
        TRY(service_token_check_again(c));
    }
    c->actor.ip_address = ip_address;
    return claim->kind ? ctx_require(c, claim->kind->permission) : error_set(&c->err, RC_INTERNAL);
}

enum rc job_check(struct ctx *c, const struct job_run *run)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &STATE, DB_ARGS(DB_I(run->id)), &rows));
    TRY(db_next(rows, &more));
    if (!more || strcmp(db_text(rows, "status"), "running") != 0)
        return error_set(&c->err, RC_JOB_INTERRUPTED);
    return db_int(rows, "cancel_asked") ? error_set(&c->err, RC_JOB_CANCELLED) : RC_OK;
}

static struct db_value total_of(const struct job_run *run)
{
    return run->total ? DB_I(run->total) : DB_N;
}

static const char *failure_of(struct ctx *c, const struct error *why)
{
    const struct error_row *row = error_row(why->rc);
    struct buf text;
    struct json_writer w;
    buf_init(&text, HTTP_ANSWER_MAX);
    jw_init(&w, &text, false);
    jw_object(&w);
    jw_member_text(&w, "code", row->code);
    jw_member_text(&w, "zh", why->zh ? why->zh : row->zh);
    jw_member_text(&w, "en", why->en ? why->en : row->en);
    jw_name(&w, "more");
    jw_object(&w);
    jw_members(&w, why->members);
    jw_object_end(&w);
    jw_object_end(&w);
    const char *out = arena_dup(c->arena, buf_text(&text));
    buf_free(&text);
    return out;
}

enum rc job_end(struct ctx *c, const struct job_run *run, const char *status, const struct error *why)
{
    return db_exec(c->db, &END, DB_ARGS(DB_I(run->id), DB_T(status), DB_I(c->now_ms), DB_T(run->result),
                                        why ? DB_T(failure_of(c, why)) : DB_N, DB_I(run->done), total_of(run)), NULL);
}

/* ---------------------------------------------------------------- a job's own */

struct writing {
    struct job_run *run;
    enum rc (*write)(struct ctx *c, void *arg);
    void *arg;
    bool is_last;
};

static enum rc note(struct ctx *c, const struct job_run *run)
{
    const char *session;
    TRY(own_session(c, run->instance, &session)); /* another one, when the connection was lost meanwhile */
    return db_exec(c->db, &NOTE, DB_ARGS(DB_I(run->id), DB_I(run->done), total_of(run), DB_T(session)), NULL);
}

static enum rc run_writing(struct db *db, void *arg)
{
    struct writing *w = arg;
    struct ctx c = w->run->ctx;
    c.db = db;
    c.memo = NULL;
    c.now_ms = clock_now_ms();
    error_clear(&c.err);
    enum rc rc = job_check(&c, w->run);
    if (rc == RC_OK && w->write)
        rc = w->write(&c, w->arg);
    if (rc == RC_OK && w->is_last)
        job_runner_ending(w->run->runner);
    if (rc == RC_OK)
        rc = w->is_last ? job_end(&c, w->run, "done", NULL) : note(&c, w->run);
    w->run->ctx.err = c.err;
    return rc;
}

enum rc job_tell(struct job_run *run, int64_t done, int64_t total)
{
    enum rc rc = job_runner_step(run->runner, done, total);
    run->done = done;
    run->total = total;
    if (rc != RC_OK)
        return error_set(&run->ctx.err, rc);
    if (run->is_writing || clock_monotonic_us() - run->told_at_us < JOB_TELL_MS * 1000)
        return RC_OK;
    return job_write(run, NULL, NULL);
}

static enum rc run_tx(struct job_run *run, struct writing *w)
{
    run->is_writing = true;
    enum rc rc = db_run_tx(run->ctx.writer, run_writing, w);
    run->is_writing = false;
    run->told_at_us = clock_monotonic_us();
    return rc;
}

enum rc job_write(struct job_run *run, enum rc (*write)(struct ctx *c, void *arg), void *arg)
{
    return run_tx(run, &(struct writing){run, write, arg, false});
}

enum rc job_write_last(struct job_run *run, enum rc (*write)(struct ctx *c, void *arg), void *arg)
{
    return run_tx(run, &(struct writing){run, write, arg, true});
}

/* ---------------------------------------------------------------- answers */

static void write_time(struct json_writer *w, struct db_rows *rows, const char *name)
{
    char text[CLOCK_TEXT_MAX];
    jw_name(w, name);
    if (db_is_null(rows, name)) {
        jw_null(w);
        return;
    }
    clock_print_row(db_int(rows, name), text);
    jw_text(w, text);
}

static void write_raw(struct json_writer *w, const char *json)
{
    if (json)
        jw_raw(w, json, strlen(json));
    else
        jw_null(w);
}

static void write_failure(struct ctx *c, struct json_writer *w, const char *status, const char *text)
{
    struct json_fault fault;
    const struct json *failure = text ? json_parse(c->arena, text, strlen(text), &fault) : NULL;
    const struct error_row *interrupted = error_row(RC_JOB_INTERRUPTED);
    jw_name(w, "error");
    if (!failure && strcmp(status, "interrupted") != 0) {
        jw_null(w);
        return;
    }
    const struct json *code = json_member(failure, "code"), *say = json_member(failure, c->english ? "en" : "zh");
    const char *more = text ? strstr(text, "\"more\":") : NULL; /* the last member: its text is handed on as it is */
    jw_object(w);
    jw_member_text(w, "code", code ? code->text : interrupted->code);
    jw_member_text(w, "message", say ? say->text : c->english ? interrupted->en : interrupted->zh);
    jw_name(w, "details");
    if (more)
        jw_raw(w, more + strlen("\"more\":"), strlen(more) - strlen("\"more\":") - 1);
    else
        jw_null(w);
    jw_object_end(w);
}

/* What the runner knows is newer than what it has noted. */
static void write_steps(struct ctx *c, struct json_writer *w, struct db_rows *rows)
{
    struct job_now now;
    bool here = job_runner_now(c->jobs, &now) && now.id == db_int(rows, "id");
    int64_t done = here ? now.done : db_int(rows, "steps_done"), total = here ? now.total : db_int(rows, "steps_total");
    jw_member_int(w, "done", done);
    jw_name(w, "total");
    if (total)
        jw_int(w, total);
    else
        jw_null(w);
}

static const char *title_of(struct ctx *c, struct db_rows *rows)
{
    const struct job_kind *kind = kind_of(db_text(rows, "kind"));
    if (!kind)
        return db_text(rows, "kind");
    const char *title = c->english ? kind->title_en : kind->title, *about = kind->about ? kind->about(c, db_text(rows, "arguments")) : NULL;
    return about ? arena_fmt(c->arena, c->english ? "%s: %s" : "%s：%s", title, about) : title;
}

static void write_job(struct ctx *c, struct json_writer *w, struct db_rows *rows)
{
    jw_object(w);
    jw_member_int(w, "id", db_int(rows, "id"));
    jw_member_text(w, "kind", db_text(rows, "kind"));
    jw_member_text(w, "title", title_of(c, rows));
    jw_member_int(w, "subject_id", db_int(rows, "subject_id"));
    jw_member_text(w, "status", db_text(rows, "status"));
    write_steps(c, w, rows);
    jw_member_bool(w, "cancel_asked", db_int(rows, "cancel_asked") != 0);
    jw_name(w, "result");
    write_raw(w, db_text(rows, "result"));
    write_failure(c, w, db_text(rows, "status"), db_text(rows, "failure"));
    jw_member_int(w, "created_by", db_int(rows, "created_by"));
    jw_member_text(w, "creator_name", db_text(rows, "creator_name"));
    write_time(w, rows, "created_at");
    write_time(w, rows, "started_at");
    write_time(w, rows, "ended_at");
    jw_object_end(w);
}

static bool is_seen(const struct ctx *c, struct db_rows *rows)
{
    return db_int(rows, "created_by") == c->actor.user_id || c->actor.role == ROLE_SYSTEM_ADMIN;
}

/* The job of the path, as far as it is the actor's to see; its rows are the caller's to end. */
static enum rc find(struct call *call, struct db_rows **rows)
{
    struct ctx *c = &call->ctx;
    bool more;
    TRY(db_start(c->db, &BY_ID, DB_ARGS(DB_I(call->id)), rows));
    TRY(db_next(*rows, &more));
    return more && is_seen(c, *rows) ? RC_OK : error_set(&c->err, RC_JOB_NOT_FOUND);
}

enum rc job_see(struct call *call, struct job_seen *out)
{
    struct arena *a = call->ctx.arena;
    DB_ROWS rows = NULL;
    TRY(find(call, &rows));
    *out = (struct job_seen){arena_dup(a, db_text(rows, "kind")), arena_dup(a, db_text(rows, "status")), arena_dup(a, db_text(rows, "result")),
                             arena_dup(a, db_text(rows, "arguments"))};
    return RC_OK;
}

static enum rc get_job(struct call *call)
{
    DB_ROWS rows = NULL;
    TRY(find(call, &rows));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    write_job(&call->ctx, &w, rows);
    return reply_end(call, &w);
}

static enum rc get_jobs(struct call *call)
{
    struct ctx *c = &call->ctx;
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &LIST, DB_ARGS(DB_I(c->actor.user_id), DB_I(c->actor.role == ROLE_SYSTEM_ADMIN), DB_I(LISTED)), &rows));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_array(&w);
    for (;;) {
        TRY(db_next(rows, &more));
        if (!more)
            break;
        write_job(c, &w, rows);
    }
    jw_array_end(&w);
    return reply_end(call, &w);
}

/* ---------------------------------------------------------------- cancelling */

/* The runner is told at once: the job may hold the writer, behind which this request would wait for its end. */
static enum rc prepare_cancel(struct call *call)
{
    DB_ROWS rows = NULL;
    TRY(find(call, &rows));
    job_runner_cancel(call->ctx.jobs, call->id);
    return RC_OK;
}

static enum rc post_cancel(struct call *call)
{
    struct ctx *c = &call->ctx;
    DB_ROWS rows = NULL;
    TRY(find(call, &rows));
    const char *status = arena_dup(c->arena, db_text(rows, "status"));
    bool is_over = !db_is_null(rows, "ended_at");
    db_end(rows);
    rows = NULL;
    if (is_over && strcmp(status, "cancelled") != 0)
        return error_set(&c->err, RC_JOB_OVER);
    if (strcmp(status, "queued") == 0)
        TRY(job_end(c, &(struct job_run){.id = call->id}, "cancelled", &(struct error){.rc = RC_JOB_CANCELLED}));
    else if (!is_over)
        TRY(db_exec(c->db, &ASK_CANCEL, DB_ARGS(DB_I(call->id)), NULL));
    return reply_id(call, 200, "任务正在取消", "The job is being cancelled", call->id);
}

/* ---------------------------------------------------------------- the event stream */

enum rc job_newest(struct ctx *c, int64_t *news)
{
    return ctx_number(c, &NEWEST, DB_NO_ARGS, news);
}

struct job_event *job_event_new(struct arena *a, int64_t user_id, int64_t id, const char *kind, const char *status, int64_t done,
                                int64_t total)
{
    struct job_event *e = arena_new(a, struct job_event);
    e->user_id = user_id;
    e->job_id = id;
    e->text = arena_fmt(a, "event: job\ndata: {\"id\":%lld,\"kind\":\"%s\",\"status\":\"%s\",\"done\":%lld,\"total\":%s}\n\n", (long long)id,
                        kind, status, (long long)done, total ? arena_fmt(a, "%lld", (long long)total) : "null");
    return e;
}

enum rc job_read_news(struct ctx *c, int64_t *news, struct job_event **out, bool *more)
{
    DB_ROWS rows = NULL;
    *out = NULL;
    TRY(db_start(c->db, &NEWS, DB_ARGS(DB_I(*news), DB_I(NEWS_MAX)), &rows));
    for (int n = 0;; n++) {
        TRY(db_next(rows, more));
        if (!*more)
            return RC_OK;
        *out = job_event_new(c->arena, db_int(rows, "created_by"), db_int(rows, "id"), db_text(rows, "kind"), db_text(rows, "status"),
                             db_int(rows, "steps_done"), db_int(rows, "steps_total"));
        out = &(*out)->next;
        *news = db_int(rows, "news");
        if (n == NEWS_MAX - 1)
            return RC_OK;
    }
}

static const struct answer_part job_parts[] = {
    {"id"}, {"kind", PART_TEXT}, {"title", PART_TEXT}, {"subject_id"}, {"status", PART_TEXT}, {"done"}, {"total", .nullable = true},
    {"cancel_asked", PART_BOOL}, {"result", PART_OBJECT, .nullable = true},
    {"error", PART_OBJECT, .nullable = true, .parts = PARTS({"code", PART_TEXT}, {"message", PART_TEXT}, {"details", PART_OBJECT, .nullable = true})},
    {"created_by"}, {"creator_name", PART_TEXT}, {"created_at", PART_TEXT}, {"started_at", PART_TEXT, .nullable = true},
    {"ended_at", PART_TEXT, .nullable = true}, {0}};

static const struct route job_routes[] = {
    ROUTE("GET", "/api/jobs", LANE_READ, PERM_DOCUMENT_CREATE, NULL, get_jobs, "后台任务（最近 100 项）", .shape = ANSWER_ARRAY,
          .parts = job_parts),
    ROUTE("GET", "/api/jobs/:id", LANE_READ, PERM_DOCUMENT_CREATE, NULL, get_job, "后台任务的进度", .parts = job_parts,
          .refusals = REFUSALS(RC_JOB_NOT_FOUND)),
    ROUTE("POST", "/api/jobs/:id/cancel", LANE_SLOW, PERM_DOCUMENT_CREATE, NULL, post_cancel, "取消后台任务", .prepare = prepare_cancel,
          .parts = PARTS({"id"}), .refusals = REFUSALS(RC_JOB_NOT_FOUND, RC_JOB_OVER)),
};
const struct module job_module = MODULE("jobs", "后台任务", job_routes);
