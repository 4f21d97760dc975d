#include "domain/list_export.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "domain/audit.h"
#include "domain/setting.h"

#define VALUE_CHARS 100  /* of a filter, in the log */
#define LARGE_ROWS 20000 /* from here on one export at a time: signing in needs a worker as well */

const char *const export_formats[] = {"xlsx", "csv", NULL};
const char *const export_languages[] = {"zh", "en", NULL};

/* ---------------------------------------------------------------- the file */

enum rc export_begin(struct ctx *c, enum export_format format, const char *title, const struct table_column *columns, size_t count,
                     struct table **out)
{
    const char *folder = c->settings->upload_dir;
    (void)mkdir(folder, 0750); /* when it is not there yet; else what follows tells */
    switch (format) {
    case EXPORT_XLSX:
        *out = excel_new(folder, title, columns, count, EXCEL_ROWS_MAX);
        break;
    case EXPORT_CSV:
        *out = csv_new(folder, columns, count);
        break;
    }
    if (*out)
        return RC_OK;
    log_event(LOG_ERROR, "export.folder", c->request_id, LOG_TEXT("folder", folder), LOG_TEXT("error", strerror(errno)));
    return error_set(&c->err, errno == ENOSPC || errno == EDQUOT ? RC_DB_FULL : RC_FILES_UNWRITABLE);
}

enum rc export_end(struct table *table, enum rc rc, struct table_file *out)
{
    if (rc == RC_OK)
        return table_finish(table, out);
    table_abandon(table);
    return rc;
}

/* ---------------------------------------------------------------- rows */

struct writing {
    const struct export_order *order;
    const struct export_progress *progress;
    const struct zone *zone;
    struct table *table;
    size_t column_count;
    int64_t rows;
};

static void write_day(struct table *t, const char *text)
{
    int64_t day;
    if (day_parse(text, &day))
        table_day(t, day);
    else
        table_text(t, text);
}

static void write_cell(const struct writing *w, const struct export_column *column, struct db_rows *rows, int place)
{
    struct table *t = w->table;
    bool english = w->order->english;
    size_t n;
    if (place < 0)
        abort(); /* a column that the list has not: a mistake in the program */
    if (db_type_at(rows, place) == DB_NULL) {
        table_empty(t);
        return;
    }
    switch (column->kind) {
    case EXPORT_TEXT:
    case EXPORT_CODE:
        table_text(t, db_text_at(rows, place, &n));
        break;
    case EXPORT_WORD:
        table_text(t, word_for(column->words, db_text_at(rows, place, &n), english));
        break;
    case EXPORT_FLAG:
        table_text(t, word_for(flag_words, db_int_at(rows, place) ? "1" : "0", english));
        break;
    case EXPORT_WHOLE:
        table_whole(t, db_int_at(rows, place));
        break;
    case EXPORT_DEC:
        table_dec(t, db_dec(rows, column->field));
        break;
    case EXPORT_TIME:
        table_time(t, db_int_at(rows, place) + w->zone->offset_s * INT64_C(1000));
        break;
    case EXPORT_DAY_NUMBER:
        table_day(t, db_int_at(rows, place));
        break;
    case EXPORT_DAY:
        write_day(t, db_text_at(rows, place, &n));
        break;
    }
}

static enum rc write_row(void *arg, struct db_rows *rows)
{
    struct writing *w = arg;
    const struct export_column *columns = w->order->list->columns;
    const int16_t *places = db_columns(rows, columns, sizeof *columns, w->column_count);
    for (size_t i = 0; i < w->column_count; i++)
        write_cell(w, &columns[i], rows, places[i]);
    table_next_row(w->table);
    w->rows++;
    return RC_OK;
}

static enum rc go_on(void *arg, int64_t done, int64_t total)
{
    const struct writing *w = arg;
    const struct export_progress *p = w->progress;
    if (p && p->told)
        p->told(p->arg, done, total);
    if (p && p->is_cancelled && p->is_cancelled(p->arg))
        return RC_SHUTTING_DOWN;
    return table_state(w->table);
}

static size_t count_columns(const struct list_export *list)
{
    size_t n = 0;
    while (list->columns[n].field)
        n++;
    return n;
}

static const struct table_column *heads(struct ctx *c, const struct export_order *order, size_t count)
{
    struct table_column *out = arena_array(c->arena, count, sizeof *out);
    for (size_t i = 0; i < count; i++) {
        const struct export_column *column = &order->list->columns[i];
        out[i] = (struct table_column){order->english ? column->en : column->zh, column->width, column->kind == EXPORT_CODE};
    }
    return out;
}

enum rc export_write(struct ctx *c, const struct export_set *set, const struct export_order *order,
                     const struct export_progress *progress, struct export_file *out)
{
    struct writing w = {.order = order, .progress = progress, .column_count = count_columns(order->list)};
    const struct list_visitor visitor = {write_row, go_on, &w};
    const char *title = order->english ? order->list->en : order->list->zh;
    TRY(setting_zone(c, &w.zone));
    TRY(export_begin(c, order->format, title, heads(c, order, w.column_count), w.column_count, &w.table));
    TRY(export_end(w.table, set->query ? list_walk(c, set->query, &visitor) : order->list->walk(set->source, &visitor), &out->file));
    out->rows = w.rows;
    return RC_OK;
}

/* ---------------------------------------------------------------- the routes */

/* Whose client waits for it; of the large ones one at a time. */
struct waiting {
    struct call *call;
    bool is_large, is_refused;
};
static atomic_flag large_one = ATOMIC_FLAG_INIT;

static void see_size(void *arg, int64_t done, int64_t total)
{
    struct waiting *w = arg;
    if (done || total < LARGE_ROWS)
        return;
    w->is_large = !atomic_flag_test_and_set(&large_one);
    w->is_refused = !w->is_large;
}

static bool is_given_up(void *arg)
{
    const struct waiting *w = arg;
    return w->is_refused || !http_is_awaited(w->call->http);
}

static enum rc write_for_client(struct call *call, const struct export_set *set, const struct export_order *order,
                                struct export_file *out)
{
    struct waiting w = {.call = call};
    const struct export_progress progress = {see_size, is_given_up, &w};
    enum rc rc = export_write(&call->ctx, set, order, &progress, out);
    if (w.is_large)
        atomic_flag_clear(&large_one);
    return w.is_refused ? RC_BUSY : rc;
}

/* Which of the choices the parameter names; without it, the first. */
static size_t choice_of(const struct list_source *s, const char *param, const char *const *choices)
{
    struct ctx *c = s->c;
    const char *text = s->param(s->from, param);
    if (!text || !*text)
        return 0;
    for (size_t i = 0; choices[i]; i++)
        if (strcmp(choices[i], text) == 0)
            return i;
    error_fault(&c->err, c->arena, param, "choice", "不是允许的值", "is not one of the allowed values",
                text_shorten(c->arena, text, VALUE_CHARS));
    return 0;
}

struct export_order export_order_of(const struct list_source *s, const struct list_export *list)
{
    return (struct export_order){.list = list,
                                 .format = (enum export_format)choice_of(s, "format", export_formats),
                                 .english = choice_of(s, "lang", export_languages) == 1};
}

enum rc export_choose(const struct list_source *s, const struct list_export *list, int64_t id, struct export_set *out)
{
    struct list_scope scope = {0};
    *out = (struct export_set){.source = s};
    if (list->also)
        TRY(ctx_require(s->c, list->also));
    if (list->scope)
        TRY(list->scope(s->c, id, &scope));
    return list->walk ? list->walk(s, NULL) : list_read_set(s, &scope, &out->query);
}

enum rc list_export_prepare(struct call *call)
{
    struct ctx *c = &call->ctx;
    const struct list_source source = list_source_of(call);
    const struct export_order order = export_order_of(&source, call->route->export);
    struct export_file *out = arena_new(c->arena, struct export_file);
    struct export_set set;
    TRY(export_choose(&source, order.list, call->id, &set)); /* with the faults of the order */
    TRY(write_for_client(call, &set, &order, out));
    call->prepared = out; /* export_after closes it from now on */
    return RC_OK;
}

const char *export_asked_for(const struct list_source *s)
{
    struct arena *a = s->c->arena;
    const char *all = "", *sort = s->param(s->from, "sort");
    for (const struct list_filter *f = s->spec->filters; f < s->spec->filters + LIST_FILTERS_MAX && f->param; f++) {
        const char *value = s->param(s->from, f->param);
        if (value && *value)
            all = arena_fmt(a, "%s；%s=%s", all, f->param, text_shorten(a, value, VALUE_CHARS));
    }
    return sort && *sort ? arena_fmt(a, "%s；sort=%s", all, sort) : all;
}

/* For the name in a header (RFC 5987): every byte but letters and digits as %XX. */
static const char *percent_encoded(struct arena *a, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";
    char *out = arena_alloc(a, strlen(text) * 3 + 1), *to = out;
    for (const char *p = text; *p; p++) {
        unsigned char byte = (unsigned char)*p;
        *to++ = '%';
        *to++ = hex[byte >> 4];
        *to++ = hex[byte & 15];
    }
    *to = 0;
    return out;
}

enum rc export_disposition(struct ctx *c, const struct export_order *order, const char **out)
{
    const struct zone *zone;
    char today[DAY_TEXT_MAX];
    const char *ending = export_formats[order->format];
    TRY(setting_zone(c, &zone));
    day_print_compact(zone_day(zone, c->now_ms), today);
    *out = arena_fmt(c->arena, "attachment; filename=%s-%s.%s", order->list->name, today, ending);
    if (!order->english)
        *out = arena_fmt(c->arena, "%s; filename*=UTF-8''%s-%s.%s", *out, percent_encoded(c->arena, order->list->zh), today, ending);
    return RC_OK;
}

enum rc export_log(struct ctx *c, const struct export_order *order, int64_t id, int64_t rows, const char *asked_for)
{
    return audit_write(c, &(struct audit_entry){.module = order->list->module, .action = "export",
                                                .resource_type = order->list->resource_type, .resource_id = id,
                                                .description = arena_fmt(c->arena, "导出%s（%s）: %lld 行%s", order->list->zh,
                                                                         export_formats[order->format], (long long)rows, asked_for)});
}

enum rc list_export_log(struct call *call)
{
    struct ctx *c = &call->ctx;
    const struct list_source source = list_source_of(call);
    const struct export_order order = export_order_of(&source, call->route->export);
    const struct export_file *made = call->prepared;
    const char *disposition;
    TRY(export_log(c, &order, call->id, made->rows, export_asked_for(&source)));
    TRY(export_disposition(c, &order, &disposition));
    call->http->response.status = 200;
    call->http->response.content_type = order.format == EXPORT_CSV ? CSV_TYPE : EXCEL_TYPE;
    http_set_header(call->http, "Content-Disposition", disposition);
    return RC_OK;
}

void export_after(struct call *call, enum rc rc)
{
    const struct export_file *made = call->prepared;
    if (!made)
        return;
    if (rc == RC_OK)
        http_send_file(call->http, made->file.fd, made->file.bytes);
    else
        close(made->file.fd);
    call->prepared = NULL;
}
