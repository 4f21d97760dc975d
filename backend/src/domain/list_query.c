/* Reading a request for a list: filters, sort, page. */
#include "domain/list_query.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "domain/setting.h"

#define PAGE_MAX 1000000

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

/* Appends a fragment with `value` for each `?`, and `written` for each `~` (NULL: a tilde is one). */
static void add_condition(struct buf *where, const char *condition, const char *value, const char *written)
{
    buf_str(where, where->n ? " AND " : " WHERE ");
    for (const char *p = condition; *p; p++)
        if (*p == '?')
            buf_str(where, value);
        else if (*p == '~' && written)
            buf_str(where, written);
        else
            buf_char(where, *p);
}

/* The same parameter $n for each `?`. */
static void add_bound(struct buf *where, const char *condition, size_t n)
{
    char value[24];
    snprintf(value, sizeof value, "$%zu", n);
    add_condition(where, condition, value, NULL);
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
    add_condition(where, f->condition, arena_fmt(s->c->arena, "'%s'", choice), NULL);
    q->topics |= f->topics;
}

/* The text twice: folded, and as it was written. */
static void add_name(const struct list_source *s, struct list_query *q, struct buf *where, const struct list_filter *f, const char *text)
{
    struct arena *a = s->c->arena;
    size_t n = q->arg_count;
    q->args[q->arg_count++] = DB_T(text_like(a, text_fold(a, text)));
    q->args[q->arg_count++] = DB_T(text_like(a, text));
    add_condition(where, f->condition, arena_fmt(a, "$%zu", n + 1), arena_fmt(a, "$%zu", n + 2));
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
    case FILTER_NAME:
        if (text_chars(text) > 100)
            fault(s, f->param, "too_long", "长度不能超过100个字符", "must have at most 100 characters");
        else if (f->kind == FILTER_NAME)
            add_name(s, q, where, f, text);
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
