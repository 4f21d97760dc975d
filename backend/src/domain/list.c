#include "domain/list.h"

#include <string.h>

#include "domain/list_memo.h"
#include "domain/list_query.h"
#include "domain/reply.h"

/* ---------------------------------------------------------------- total */

/* Counters only grow, so their sum stands still only when all of them do. */
static int64_t sum_of(const struct changes *n, unsigned topics)
{
    return (topics & TOPIC_MATERIALS ? n->materials : 0) + (topics & TOPIC_STOCK ? n->stock : 0) +
           (topics & TOPIC_DOCUMENTS ? n->documents : 0) + (topics & TOPIC_USERS ? n->users : 0) +
           (topics & TOPIC_COUNTING ? n->counting : 0);
}

static enum rc count_rows(struct call *call, const struct list_query *q, const char *text, int64_t *total)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start_text(call->ctx.db, text, q->args, q->arg_count, &rows));
    TRY(db_next(rows, &more));
    *total = db_int(rows, "n");
    return RC_OK;
}

static enum rc total_of(struct call *call, const struct list_query *q, const struct changes *changes, int64_t *total)
{
    struct ctx *c = &call->ctx;
    const char *from = q->spec->count_from ? q->spec->count_from : q->spec->from;
    const char *text = arena_fmt(c->arena, "SELECT COUNT(*) AS n FROM %s%s", from, q->where);
    struct buf key;
    int64_t now = sum_of(changes, q->topics);
    enum rc rc = RC_OK;
    if (!c->memo || !memo_key(&key, text, q->args, q->arg_count, 0, false))
        return count_rows(call, q, text, total);
    struct memo_slot *slot = memo_total(c->memo, &key);
    if (!memo_holds(slot, &key, now)) {
        int64_t counted = 0;
        rc = count_rows(call, q, text, &counted);
        if (rc == RC_OK) {
            memo_take(slot, &key, now);
            slot->total = counted;
        }
    }
    buf_free(&key);
    if (rc == RC_OK)
        *total = slot->total;
    return rc;
}

/* ---------------------------------------------------------------- rows */

/* How many rows are asked for: one more than the page tells whether there is a next. As constants, for the planner's sake; what is
 * asked for beyond is not read. */
static long long limit_for(int64_t page_size)
{
    static const long long limits[] = {11, 21, 51, 101, 201, 501, LIST_PAGE_SIZE_MAX + 1};
    size_t i = 0;
    while (limits[i] < page_size + 1)
        i++;
    return limits[i];
}

static const char *rows_text(struct call *call, struct list_query *q, struct db_value *args, size_t *count)
{
    struct ctx *c = &call->ctx;
    memcpy(args, q->args, sizeof *args * q->arg_count);
    size_t n = q->arg_count;
    const char *way = q->descending ? "DESC" : "ASC", *after = "";
    if (q->by_cursor) {
        args[n++] = q->cursor_value;
        args[n++] = DB_I(q->cursor_id);
        after = arena_fmt(c->arena, "%s (%s, %s) %s ($%zu, $%zu)", *q->where ? " AND" : " WHERE", q->sort->column, q->spec->id,
                          q->descending ? "<" : ">", n - 1, n);
    }
    const char *offset = "";
    if (!q->by_cursor && q->page > 1) {
        args[n++] = DB_I((q->page - 1) * q->page_size);
        offset = arena_fmt(c->arena, " OFFSET $%zu", n);
    }
    *count = n;
    return arena_fmt(c->arena, "SELECT %s, %s AS cursor_id, %s AS cursor_value FROM %s%s%s ORDER BY %s %s, %s %s LIMIT %lld%s",
                     q->spec->columns, q->spec->id, q->sort->column, q->spec->from, q->where, after, q->sort->column, way,
                     q->spec->id, way, limit_for(q->page_size), offset);
}

static const char *cursor_of(struct call *call, const struct list_query *q, struct db_rows *rows)
{
    long long id = (long long)db_int(rows, "cursor_id");
    if (q->sort->text)
        return arena_fmt(call->ctx.arena, "%lld:%s", id, db_text(rows, "cursor_value"));
    return arena_fmt(call->ctx.arena, "%lld:%lld", id, (long long)db_int(rows, "cursor_value"));
}

static enum rc write_rows(struct call *call, const struct list_query *q, const char *text, const struct db_value *args,
                          size_t count, struct json_writer *w, const char **next)
{
    DB_ROWS rows = NULL;
    TRY(db_start_text(call->ctx.db, text, args, count, &rows));
    jw_array(w);
    bool more;
    for (int64_t i = 0;; i++) {
        TRY(db_next(rows, &more));
        if (!more || i == q->page_size)
            break;
        jw_object(w);
        record_write_row(w, q->spec->row, rows);
        jw_object_end(w);
        if (i == q->page_size - 1)
            *next = cursor_of(call, q, rows);
    }
    if (!more)
        *next = NULL;
    jw_array_end(w);
    return RC_OK;
}

struct reply_work {
    struct call *call;
    struct list_query *q;
    enum rc (*more)(struct call *call, struct list_query *q, struct json_writer *w);
};

/* The page as statement and values. */
struct page {
    const char *text;
    struct db_value args[LIST_ARGS_MAX];
    size_t count;
};

void list_write_place(struct json_writer *w, int64_t total, int64_t page, int64_t page_size, const char *next)
{
    jw_member_int(w, "total", total);
    jw_member_int(w, "page", page);
    jw_member_int(w, "pageSize", page_size);
    jw_member_text(w, "nextCursor", next);
}

enum rc list_reply_rows(struct call *call, const struct record_type *type, const struct sql *sql, const struct db_value *args, size_t count,
                        int64_t total, int64_t page, int64_t page_size)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(call->ctx.db, sql, args, count, &rows));
    TRY(db_next(rows, &more));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    jw_name(&w, "list");
    jw_array(&w);
    while (more) {
        jw_object(&w);
        record_write_row(&w, type, rows);
        jw_object_end(&w);
        TRY(db_next(rows, &more));
    }
    jw_array_end(&w);
    list_write_place(&w, total, page, page_size, NULL);
    jw_object_end(&w);
    return reply_end(call, &w);
}

static enum rc write_page(const struct reply_work *work, const struct page *page, const struct changes *changes)
{
    struct call *call = work->call;
    struct list_query *q = work->q;
    int64_t total;
    TRY(total_of(call, q, changes, &total));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    jw_name(&w, "list");
    const char *next = NULL;
    TRY(write_rows(call, q, page->text, page->args, page->count, &w, &next));
    list_write_place(&w, total, q->page, q->page_size, next);
    if (work->more)
        TRY(work->more(call, q, &w));
    jw_object_end(&w);
    return reply_end(call, &w);
}

/* Takes the answer out of the slot (true), or leaves it to be made. */
static bool recall(struct call *call, const struct memo_slot *slot, const struct buf *key, int64_t now)
{
    struct http_response *r = &call->http->response;
    if (!memo_holds(slot, key, now))
        return false;
    buf_reset(&r->body);
    buf_add(&r->body, slot->page, slot->page_n);
    r->status = 200;
    return true;
}

static void remember(const struct call *call, struct memo_slot *slot, const struct buf *key, int64_t now)
{
    const struct http_response *r = &call->http->response;
    if (r->body.n > MEMO_PAGE_BYTES_MAX)
        return;
    memo_take(slot, key, now);
    memo_set_page(slot, r->body.bytes, r->body.n);
}

static enum rc remembered_page(const struct reply_work *work, const struct page *page, const struct changes *changes,
                               struct memo_slot *slot, const struct buf *key)
{
    int64_t now = sum_of(changes, work->q->topics | work->q->spec->row_topics);
    if (recall(work->call, slot, key, now))
        return RC_OK;
    TRY(write_page(work, page, changes));
    remember(work->call, slot, key, now);
    return RC_OK;
}

static enum rc reply_in_snapshot(struct db *db, void *arg)
{
    (void)db;
    const struct reply_work *work = arg;
    struct ctx *c = &work->call->ctx;
    struct changes changes = {0};
    struct page *page = arena_new(c->arena, struct page);
    struct buf key;
    TRY(ctx_read_changes(c, &changes));
    page->text = rows_text(work->call, work->q, page->args, &page->count);
    if (!c->memo || work->more || !memo_key(&key, page->text, page->args, page->count,
                                              work->q->page * (LIST_PAGE_SIZE_MAX + 1) + work->q->page_size, c->numbers_as_text))
        return write_page(work, page, &changes);
    struct memo_slot *slot = memo_page(c->memo, &key);
    enum rc rc = remembered_page(work, page, &changes, slot, &key);
    buf_free(&key);
    return rc;
}

enum rc list_reply(struct call *call, struct list_query *q,
                   enum rc (*more)(struct call *call, struct list_query *q, struct json_writer *w))
{
    struct reply_work work = {call, q, more};
    return db_run_read(call->ctx.db, reply_in_snapshot, &work);
}

enum rc list_answer(struct call *call, list_scope_fn scope_of)
{
    struct list_scope scope = {0};
    struct list_query *q;
    if (scope_of)
        TRY(scope_of(&call->ctx, call->id, &scope));
    TRY(list_read(call, &scope, &q));
    return list_reply(call, q, NULL);
}

/* ---------------------------------------------------------------- other answers that are remembered */

struct remembered {
    struct call *call;
    const char *key;
    const struct db_value *args;
    size_t count;
    unsigned topics;
    handler_fn write;
};

static enum rc remembered_in_snapshot(struct db *db, void *arg)
{
    (void)db;
    const struct remembered *r = arg;
    struct ctx *c = &r->call->ctx;
    struct changes changes = {0};
    struct buf key;
    TRY(ctx_read_changes(c, &changes));
    if (!c->memo || !memo_key(&key, r->key, r->args, r->count, 0, c->numbers_as_text))
        return r->write(r->call);
    int64_t now = sum_of(&changes, r->topics);
    struct memo_slot *slot = memo_page(c->memo, &key);
    enum rc rc = RC_OK;
    if (!recall(r->call, slot, &key, now)) {
        rc = r->write(r->call);
        if (rc == RC_OK)
            remember(r->call, slot, &key, now);
    }
    buf_free(&key);
    return rc;
}

enum rc list_remembered(struct call *call, const char *key, unsigned topics, handler_fn write)
{
    struct remembered r = {.call = call, .key = key, .topics = topics, .write = write};
    return db_run_read(call->ctx.db, remembered_in_snapshot, &r);
}

enum rc list_remembered_set(struct call *call, const char *key, const struct list_query *q, unsigned topics, handler_fn write)
{
    struct remembered r = {.call = call,
                           .key = arena_fmt(call->ctx.arena, "%s%s", key, q->where),
                           .args = q->args,
                           .count = q->arg_count,
                           .topics = topics | q->topics | q->spec->row_topics,
                           .write = write};
    return db_run_read(call->ctx.db, remembered_in_snapshot, &r);
}
