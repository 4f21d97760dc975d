#include "domain/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "domain/reply.h"
#include "domain/setting.h"

#define ARGS_MAX (LIST_FILTERS_MAX + 6)
#define PAGE_MAX 1000000

struct list_query {
    const struct list_spec *spec;
    const struct list_sort *sort;
    bool descending;
    int64_t page, page_size;
    bool by_cursor;
    struct db_value cursor_value;
    int64_t cursor_id;
    const char *where; /* "" or " WHERE …" */
    struct db_value args[ARGS_MAX];
    size_t arg_count;
    unsigned topics;       /* what the total depends on */
};

/* ---------------------------------------------------------------- remembered totals and pages */

#define TOTAL_SLOTS 128
#define PAGE_SLOTS 64
#define PAGE_BYTES_MAX (64 * 1024) /* of a page that is remembered: at most 4 MiB a thread */
#define KEY_MAX 8192               /* bytes of statement and values; longer ones are not remembered */

/* A key is the whole text of statement and values, so that two queries can never be taken for each other. */
struct memo_slot {
    char *key; /* NULL: empty */
    size_t key_n;
    int64_t changes; /* of the topics, when it was remembered */
    int64_t total;
    char *page; /* the answer's body */
    size_t page_n;
};

struct list_memo {
    struct memo_slot totals[TOTAL_SLOTS], pages[PAGE_SLOTS];
};

struct list_memo *list_memo_new(void)
{
    struct list_memo *memo = calloc(1, sizeof *memo);
    if (!memo)
        abort();
    return memo;
}

static void forget(struct memo_slot *slot)
{
    free(slot->key);
    free(slot->page);
    *slot = (struct memo_slot){0};
}

void list_memo_free(struct list_memo *memo)
{
    if (!memo)
        return;
    for (size_t i = 0; i < TOTAL_SLOTS; i++)
        forget(&memo->totals[i]);
    for (size_t i = 0; i < PAGE_SLOTS; i++)
        forget(&memo->pages[i]);
    free(memo);
}

static char *copy_bytes(const char *bytes, size_t n)
{
    char *copy = malloc(n + 1);
    if (!copy)
        abort();
    memcpy(copy, bytes, n);
    copy[n] = 0;
    return copy;
}

static size_t slot_of(const char *key, size_t n, size_t slots)
{
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)key[i]) * UINT64_C(1099511628211);
    return (size_t)((h >> 7) % slots);
}

/* False: too long to be remembered. */
static bool write_key(struct buf *key, const char *text, const struct db_value *args, size_t count, int64_t place,
                      bool numbers_as_text)
{
    buf_init(key, KEY_MAX);
    buf_str(key, text);
    buf_char(key, numbers_as_text ? 't' : 'n');
    buf_int(key, place); /* page and its size stand in the answer, but not in the values */
    for (size_t i = 0; i < count; i++) {
        buf_char(key, '\n');
        buf_char(key, args[i].type == DB_TEXT ? '"' : '#');
        if (args[i].type == DB_TEXT) {
            buf_int(key, (int64_t)strlen(args[i].text));
            buf_char(key, ':');
            buf_str(key, args[i].text);
        } else {
            buf_int(key, args[i].number);
        }
    }
    if (!key->overflow)
        return true;
    buf_free(key);
    return false;
}

static bool is_remembered(const struct memo_slot *slot, const struct buf *key, int64_t changes)
{
    return slot->key && slot->changes == changes && slot->key_n == key->n && memcmp(slot->key, key->bytes, key->n) == 0;
}

/* A slot that holds this key and nothing else yet. */
static void take_slot(struct memo_slot *slot, const struct buf *key, int64_t changes)
{
    forget(slot);
    slot->key = copy_bytes(key->bytes, key->n);
    slot->key_n = key->n;
    slot->changes = changes;
}

/* ---------------------------------------------------------------- reading the request */

/* The parameter, or NULL when absent or empty (which mean the same). */
static const char *param(const struct list_source *s, const char *name)
{
    const char *text = s->param(s->from, name);
    return text && *text ? text : NULL;
}

static void fault(const struct list_source *s, const char *name, const char *code, const char *zh, const char *en)
{
    error_fault(&s->c->err, s->c->arena, name, code, zh, en, text_shorten(s->c->arena, param(s, name), 100));
}

static int64_t number_param(const struct list_source *s, const char *name, int64_t preset, int64_t max)
{
    const char *text = param(s, name);
    int64_t n = preset;
    if (text && !text_int(text, 1, max, &n))
        fault(s, name, "out_of_range", arena_fmt(s->c->arena, "应为 1 到 %lld 的整数", (long long)max),
              arena_fmt(s->c->arena, "must be a whole number from 1 to %lld", (long long)max));
    return n;
}

/* Appends a fragment with `value` for each `?`. */
static void add_condition(struct buf *where, const char *condition, const char *value)
{
    buf_str(where, where->n ? " AND " : " WHERE ");
    for (const char *p = condition; *p; p++)
        if (*p == '?')
            buf_str(where, value);
        else
            buf_char(where, *p);
}

/* The same parameter $n for each `?`. */
static void add_bound(struct buf *where, const char *condition, size_t n)
{
    char value[24];
    snprintf(value, sizeof value, "$%zu", n);
    add_condition(where, condition, value);
}

static void add_filter(struct list_query *q, struct buf *where, const struct list_filter *f, struct db_value value)
{
    if (strchr(f->condition, '?'))
        q->args[q->arg_count++] = value;
    add_bound(where, f->condition, q->arg_count);
    q->topics |= f->topics;
}

/* The choice of the list's own table that this is; NULL: none. */
static const char *find_choice(const struct list_filter *f, const char *text)
{
    for (size_t i = 0; f->choices[i]; i++)
        if (strcmp(f->choices[i], text) == 0)
            return f->choices[i];
    return NULL;
}

/* A choice is a constant, and stands in the text as one: a planner that knows it need not plan anew for every value. */
static void add_choice(const struct list_source *s, struct list_query *q, struct buf *where, const struct list_filter *f, const char *text)
{
    const char *choice = find_choice(f, text);
    if (!choice) {
        fault(s, f->param, "choice", "不是允许的值", "is not one of the allowed values");
        return;
    }
    add_condition(where, f->condition, arena_fmt(s->c->arena, "'%s'", choice));
    q->topics |= f->topics;
}

/* The instant at which that day, or the day after it, begins for the company. */
static void add_day(const struct list_source *s, struct list_query *q, struct buf *where, const struct list_filter *f, const char *text,
                    int64_t days_later)
{
    const struct zone *zone;
    int64_t day;
    if (!day_parse(text, &day))
        fault(s, f->param, "format", "应为 YYYY-MM-DD 格式的日期", "must be a day, as YYYY-MM-DD");
    else if (setting_zone(s->c, &zone) == RC_OK)
        add_filter(q, where, f, DB_I(zone_day_start_ms(zone, day + days_later)));
    else
        error_set(&s->c->err, RC_DB);
}

static void read_filter(const struct list_source *s, struct list_query *q, struct buf *where, const struct list_filter *f)
{
    const char *text = param(s, f->param);
    if (!text)
        text = f->preset;
    if (!text)
        return;
    int64_t id;
    switch (f->kind) {
    case FILTER_TEXT:
        add_filter(q, where, f, DB_T(text));
        return;
    case FILTER_LIKE:
    case FILTER_PART:
        if (text_chars(text) > 100)
            fault(s, f->param, "too_long", "长度不能超过100个字符", "must have at most 100 characters");
        else
            add_filter(q, where, f, DB_T(text_like(s->c->arena, f->kind == FILTER_LIKE ? text_fold(s->c->arena, text) : text)));
        return;
    case FILTER_ID:
        if (text_int(text, 1, INT64_MAX, &id))
            add_filter(q, where, f, DB_I(id));
        else
            fault(s, f->param, "type", "应为正整数", "must be a positive whole number");
        return;
    case FILTER_CHOICE:
        if (strcmp(text, "all") != 0)
            add_choice(s, q, where, f, text);
        return;
    case FILTER_SINCE:
    case FILTER_UNTIL:
        add_day(s, q, where, f, text, f->kind == FILTER_UNTIL);
        return;
    case FILTER_FLAG:
        if (strcmp(text, "true") == 0 || strcmp(text, "1") == 0)
            add_filter(q, where, f, DB_N);
        else if (strcmp(text, "false") != 0 && strcmp(text, "0") != 0)
            fault(s, f->param, "type", "应为 true 或 false", "must be true or false");
        return;
    }
}

static void read_sort(const struct list_source *s, struct list_query *q)
{
    q->sort = &q->spec->sorts[0];
    q->descending = !q->spec->ascends;
    const char *text = param(s, "sort");
    if (!text)
        return;
    q->descending = *text == '-';
    for (const struct list_sort *sort = q->spec->sorts; sort->name; sort++)
        if (strcmp(sort->name, text + q->descending) == 0) {
            q->sort = sort;
            return;
        }
    fault(s, "sort", "choice", "无效的排序字段", "is not a field to sort by");
}

/* "<id>:<value of the sort column>" of the last row seen. */
static void read_cursor(const struct list_source *s, struct list_query *q)
{
    const char *text = param(s, "cursor");
    if (!text)
        return;
    const char *colon = strchr(text, ':');
    int64_t number = 0;
    bool good = colon && text_int(arena_copy(s->c->arena, text, (size_t)(colon - text)), 1, INT64_MAX, &q->cursor_id);
    if (good && !q->sort->text)
        good = text_int(colon + 1, INT64_MIN, INT64_MAX, &number);
    if (!good) {
        fault(s, "cursor", "format", "无效的游标", "is not a cursor of this list");
        return;
    }
    q->by_cursor = true;
    q->cursor_value = q->sort->text ? DB_T(colon + 1) : DB_I(number);
}

enum rc list_read_set(const struct list_source *s, const struct list_scope *scope, struct list_query **out)
{
    const struct list_spec *spec = s->spec;
    struct list_query *q = arena_new(s->c->arena, struct list_query);
    q->spec = spec;
    q->topics = spec->topics;
    if (spec->always_fresh)
        s->c->memo = NULL;
    struct buf where;
    buf_init(&where, 4096);
    if (scope && scope->condition) {
        q->args[q->arg_count++] = DB_I(scope->value);
        add_bound(&where, scope->condition, q->arg_count);
    }
    for (const struct list_filter *f = spec->filters; f < spec->filters + LIST_FILTERS_MAX && f->param; f++)
        read_filter(s, q, &where, f);
    q->where = arena_dup(s->c->arena, buf_text(&where));
    buf_free(&where);
    read_sort(s, q);
    *out = q;
    return s->c->err.rc;
}

static const char *query_param(const void *from, const char *name)
{
    return http_query(from, name);
}

struct list_source list_source_of(struct call *call)
{
    return (struct list_source){&call->ctx, call->route->list, query_param, call->http};
}

enum rc list_read(struct call *call, const struct list_scope *scope, struct list_query **out)
{
    const struct list_source s = list_source_of(call);
    struct list_query *q;
    enum rc rc = list_read_set(&s, scope, &q); /* all faults at once: those of the page, too */
    q->page = number_param(&s, "page", 1, PAGE_MAX);
    q->page_size = number_param(&s, "pageSize", s.spec->page_size, LIST_PAGE_SIZE_MAX);
    read_cursor(&s, q);
    *out = q;
    return rc != RC_OK ? rc : call->ctx.err.rc;
}

const char *list_where(const struct list_query *q, const struct db_value **args, size_t *count)
{
    *args = q->args;
    *count = q->arg_count;
    return q->where;
}

/* ---------------------------------------------------------------- total */

static const struct sql CHANGES = {"change_counters.get",
                                   "SELECT materials, stock, documents, users FROM change_counters WHERE id = 1"};

struct changes {
    int64_t materials, stock, documents, users;
};

static enum rc read_changes(struct ctx *c, struct changes *out)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &CHANGES, DB_NO_ARGS, &rows));
    TRY(db_next(rows, &more));
    *out = (struct changes){db_int(rows, "materials"), db_int(rows, "stock"), db_int(rows, "documents"),
                            db_int(rows, "users")};
    return RC_OK;
}

/* Counters only grow, so their sum stands still only when all of them do. */
static int64_t sum_of(const struct changes *n, unsigned topics)
{
    return (topics & TOPIC_MATERIALS ? n->materials : 0) + (topics & TOPIC_STOCK ? n->stock : 0) +
           (topics & TOPIC_DOCUMENTS ? n->documents : 0) + (topics & TOPIC_USERS ? n->users : 0);
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
    if (!c->memo || !write_key(&key, text, q->args, q->arg_count, 0, false))
        return count_rows(call, q, text, total);
    struct memo_slot *slot = &c->memo->totals[slot_of(key.bytes, key.n, TOTAL_SLOTS)];
    if (!is_remembered(slot, &key, now)) {
        int64_t counted = 0;
        rc = count_rows(call, q, text, &counted);
        if (rc == RC_OK) {
            take_slot(slot, &key, now);
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
    struct db_value args[ARGS_MAX];
    size_t count;
};

void list_write_place(struct json_writer *w, int64_t total, int64_t page, int64_t page_size, const char *next)
{
    jw_name(w, "total");
    jw_int(w, total);
    jw_name(w, "page");
    jw_int(w, page);
    jw_name(w, "pageSize");
    jw_int(w, page_size);
    jw_name(w, "nextCursor");
    jw_text(w, next);
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
    if (!is_remembered(slot, key, now))
        return false;
    buf_reset(&r->body);
    buf_add(&r->body, slot->page, slot->page_n);
    r->status = 200;
    return true;
}

static void remember(const struct call *call, struct memo_slot *slot, const struct buf *key, int64_t now)
{
    const struct http_response *r = &call->http->response;
    if (r->body.n > PAGE_BYTES_MAX)
        return;
    take_slot(slot, key, now);
    slot->page = copy_bytes(r->body.bytes, r->body.n);
    slot->page_n = r->body.n;
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
    TRY(read_changes(c, &changes));
    page->text = rows_text(work->call, work->q, page->args, &page->count);
    if (!c->memo || work->more || !write_key(&key, page->text, page->args, page->count,
                                              work->q->page * (LIST_PAGE_SIZE_MAX + 1) + work->q->page_size, c->numbers_as_text))
        return write_page(work, page, &changes);
    struct memo_slot *slot = &c->memo->pages[slot_of(key.bytes, key.n, PAGE_SLOTS)];
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

/* ---------------------------------------------------------------- all rows */

#define WALK_ROWS 250 /* at a time */
#define ID_DIGITS 19
#define IDS_MAX (INT64_C(8) * 16 * 1024 * 1024) /* bytes: of sixteen million rows */
#define QUOTED(n) #n
#define TEXT_OF(n) QUOTED(n)

/* Which rows, as one text of WALK_ROWS ids of ID_DIGITS each. */
#define CHOSEN(N)                                                                                                      \
    "WITH RECURSIVE chosen(place, chosen_id) AS (SELECT 1, CAST(SUBSTR(CAST($" N " AS TEXT), 1, " TEXT_OF(ID_DIGITS)      \
    ") AS BIGINT) UNION ALL SELECT place + 1, CAST(SUBSTR(CAST($" N " AS TEXT), place * " TEXT_OF(ID_DIGITS)             \
    " + 1, " TEXT_OF(ID_DIGITS) ") AS BIGINT) FROM chosen WHERE place < " TEXT_OF(WALK_ROWS) ")"

struct walk {
    struct ctx *c;
    const struct list_query *q;
    const struct list_visitor *visitor;
    struct buf ids; /* int64_t of every row, in the list's order */
};

static enum rc read_ids(struct walk *w)
{
    const struct list_query *q = w->q;
    const struct list_spec *spec = q->spec;
    const char *way = q->descending ? "DESC" : "ASC";
    DB_ROWS rows = NULL;
    TRY(db_start_text(w->c->db,
                      arena_fmt(w->c->arena, "SELECT %s AS row_id FROM %s%s ORDER BY %s %s, %s %s", spec->id,
                                spec->count_from ? spec->count_from : spec->from, q->where, q->sort->column, way, spec->id, way),
                      q->args, q->arg_count, &rows));
    for (;;) {
        bool more;
        TRY(db_next(rows, &more));
        if (!more)
            return w->ids.overflow ? RC_INTERNAL : RC_OK;
        int64_t id = db_int(rows, "row_id");
        buf_add(&w->ids, &id, sizeof id);
    }
}

static int64_t count_ids(const struct walk *w)
{
    return (int64_t)(w->ids.n / sizeof(int64_t));
}

/* 0, which no row has, for what is missing at the end. */
static void print_ids(const struct walk *w, int64_t from, char text[static WALK_ROWS * ID_DIGITS + 1])
{
    for (int64_t i = 0; i < WALK_ROWS; i++) {
        int64_t id = 0;
        if (from + i < count_ids(w))
            memcpy(&id, w->ids.bytes + (from + i) * (int64_t)sizeof id, sizeof id);
        snprintf(text + i * ID_DIGITS, ID_DIGITS + 1, "%0*lld", ID_DIGITS, (long long)id);
    }
}

static enum rc visit_rows(struct walk *w, const char *text, const struct db_value *args, size_t count)
{
    DB_ROWS rows = NULL;
    TRY(db_start_text(w->c->db, text, args, count, &rows));
    for (;;) {
        bool more;
        TRY(db_next(rows, &more));
        if (!more)
            return RC_OK;
        TRY(w->visitor->row(w->visitor->arg, rows));
    }
}

static enum rc walk_in_snapshot(struct db *db, void *arg)
{
    (void)db;
    struct walk *w = arg;
    const struct list_spec *spec = w->q->spec;
    bool names_scope = strstr(spec->from, "$1");
    const char *text = arena_fmt(w->c->arena, "%s SELECT %s FROM chosen CROSS JOIN %s WHERE %s = chosen_id ORDER BY place",
                                 names_scope ? CHOSEN("2") : CHOSEN("1"), spec->columns, spec->from, spec->id);
    char ids[WALK_ROWS * ID_DIGITS + 1];
    const struct db_value args[] = {w->q->args[0], DB_T(ids)};
    TRY(read_ids(w));
    for (int64_t done = 0, total = count_ids(w); done < total; done += WALK_ROWS) {
        TRY(w->visitor->progress(w->visitor->arg, done, total));
        print_ids(w, done, ids);
        TRY(visit_rows(w, text, names_scope ? args : args + 1, names_scope ? 2 : 1));
    }
    return w->visitor->progress(w->visitor->arg, count_ids(w), count_ids(w));
}

enum rc list_walk(struct ctx *c, const struct list_query *q, const struct list_visitor *visitor)
{
    struct walk w = {.c = c, .q = q, .visitor = visitor};
    buf_init(&w.ids, IDS_MAX);
    enum rc rc = db_run_read(c->db, walk_in_snapshot, &w);
    buf_free(&w.ids);
    return rc;
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
    TRY(read_changes(c, &changes));
    if (!c->memo || !write_key(&key, r->key, r->args, r->count, 0, c->numbers_as_text))
        return r->write(r->call);
    int64_t now = sum_of(&changes, r->topics);
    struct memo_slot *slot = &c->memo->pages[slot_of(key.bytes, key.n, PAGE_SLOTS)];
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

int64_t list_number(struct call *call, const char *param, int64_t fallback, int64_t max)
{
    struct ctx *c = &call->ctx;
    const char *text = http_query(call->http, param);
    int64_t n = fallback;
    if (text && *text && !text_int(text, 1, max, &n))
        error_fault(&c->err, c->arena, param, "out_of_range", arena_fmt(c->arena, "应为 1 到 %lld 的整数", (long long)max),
                    arena_fmt(c->arena, "must be a whole number from 1 to %lld", (long long)max),
                    text_shorten(c->arena, text, 50));
    return n;
}
