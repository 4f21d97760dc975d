/* Reading a row of the old file, and listing what cannot come as it was. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"
#include "crypto/password.h"
#include "json/json.h"
#include "legacy/decimal.h"
#include "legacy/import.h"

#define ID_MAX INT64_C(1000000000000)
#define EARLIEST_MS INT64_C(946684800000) /* 2000-01-01 */
#define DAY_MS INT64_C(86400000)
#define ROW_TEXT_MAX ((size_t)4 << 20)
#define HEX_BYTES_MAX 256

static const struct {
    const char *code, *zh, *en;
} reasons[] = {
#define REASON(name, zh, en) {#name, zh, en},
#include "legacy/reasons.def"
#undef REASON
};

static const struct sql QUARANTINE = {
    "legacy_quarantine.insert", "INSERT INTO legacy_quarantine (table_name, row_id, column_name, raw_value, reason, outcome, replacement, "
                                "row_text) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};

const char *reason_code(enum reason why)
{
    return reasons[why].code;
}

const char *reason_zh(const char *code)
{
    for (size_t i = 0; i < WHY_COUNT; i++)
        if (strcmp(reasons[i].code, code) == 0)
            return reasons[i].zh;
    return "";
}

const char *reason_en(const char *code)
{
    for (size_t i = 0; i < WHY_COUNT; i++)
        if (strcmp(reasons[i].code, code) == 0)
            return reasons[i].en;
    return "";
}

void import_tell(const struct legacy_import *im, const char *what, int64_t done, int64_t total)
{
    if (im->options->progress)
        im->options->progress(im->options->progress_arg, what, done, total);
}

void import_fail(struct legacy_import *im, enum rc rc)
{
    if (im->rc == RC_OK)
        im->rc = rc;
}

void import_exec(struct legacy_import *im, const struct sql *sql, const struct db_value *args, size_t count)
{
    if (im->rc == RC_OK)
        import_fail(im, db_exec(im->c->db, sql, args, count, NULL));
}

/* ---------------------------------------------------------------- values as text */

/* Valid UTF-8 without NUL; what is none becomes U+FFFD. *broken: some did. */
static char *clean(struct arena *a, const char *bytes, size_t n, bool *broken)
{
    const char *at = bytes, *end = bytes + n;
    char *out = arena_alloc(a, 3 * n + 1), *to = out;
    while (at < end) {
        uint32_t cp = 0;
        size_t step = utf8_decode(at, end, &cp);
        bool good = step > 0 && cp != 0;
        *broken = *broken || !good;
        to += utf8_encode(good ? cp : 0xFFFD, to);
        at += step > 0 ? step : 1;
    }
    return out;
}

static char *hex(struct arena *a, const char *bytes, size_t n)
{
    size_t shown = n < HEX_BYTES_MAX ? n : HEX_BYTES_MAX;
    char *out = arena_alloc(a, 2 * shown + 16), *to = out + snprintf(out, 3, "x'");
    for (size_t i = 0; i < shown; i++)
        to += snprintf(to, 3, "%02X", (unsigned char)bytes[i]);
    snprintf(to, 8, "%s'", shown < n ? "…" : "");
    return out;
}

static bool is_secret(const struct legacy_table *t, size_t column)
{
    return strcmp(t->columns[column], "password") == 0;
}

/* A value as it is shown in lists; NULL for NULL. */
static const char *raw(struct old_row *r, size_t column)
{
    const struct legacy_value *v = &r->values[column];
    struct arena *a = r->im->c->arena;
    bool broken = false;
    if (v->kind == LEGACY_NULL)
        return NULL;
    if (is_secret(r->table, column))
        return "(secret)";
    if (v->kind == LEGACY_BLOB)
        return hex(a, v->text, v->n);
    char *text = clean(a, v->text, v->n, &broken);
    return broken ? hex(a, v->text, v->n) : text;
}

static const char *whole_row(struct old_row *r)
{
    struct buf out;
    struct json_writer w;
    buf_init(&out, ROW_TEXT_MAX);
    jw_init(&w, &out, false);
    jw_object(&w);
    for (size_t i = 0; i < r->table->count; i++) {
        if (is_secret(r->table, i))
            continue;
        jw_name(&w, r->table->columns[i]);
        if (r->values[i].kind == LEGACY_INT)
            jw_int(&w, r->values[i].number);
        else
            jw_text(&w, raw(r, i));
    }
    jw_object_end(&w);
    const char *text = out.overflow ? NULL : arena_dup(r->im->c->arena, buf_text(&out));
    buf_free(&out);
    return text;
}

/* ---------------------------------------------------------------- lists */

static void list_row(struct old_row *r, int column, enum reason why, const char *outcome, const char *replacement, const char *row_text)
{
    import_exec(r->im, &QUARANTINE,
                DB_ARGS(DB_T(r->table->name), r->values[0].kind == LEGACY_INT ? DB_I(r->values[0].number) : DB_N,
                        DB_T(column < 0 ? NULL : r->table->columns[column]), DB_T(column < 0 ? NULL : raw(r, (size_t)column)),
                        DB_T(reason_code(why)), DB_T(outcome), DB_T(replacement), DB_T(row_text)));
}

void row_leave_out(struct old_row *r, int column, enum reason why)
{
    r->left_out = true;
    r->im->result->left_out++;
    total_add(&r->im->totals, TOTAL_TABLES, r->table->name, SIDE_LEFT_OUT, 1, DEC_ZERO);
    list_row(r, column, why, "left_out", NULL, whole_row(r));
}

void row_replaced(struct old_row *r, int column, enum reason why, const char *replacement)
{
    r->im->result->replaced++;
    list_row(r, column, why, "replaced", replacement, NULL);
}

void row_noted(struct old_row *r, int column, enum reason why)
{
    r->im->result->noted++;
    list_row(r, column, why, "noted", NULL, NULL);
}

void import_note(struct legacy_import *im, const char *table, int64_t id, const char *column, const char *raw_value, enum reason why,
                 const char *replacement)
{
    im->result->noted++;
    import_exec(
        im, &QUARANTINE,
        DB_ARGS(DB_T(table), DB_I(id), DB_T(column), DB_T(raw_value), DB_T(reason_code(why)), DB_T("noted"), DB_T(replacement), DB_N));
}

/* ---------------------------------------------------------------- values */

bool row_is_null(const struct old_row *r, int column)
{
    return r->values[column].kind == LEGACY_NULL;
}

const char *row_text(struct old_row *r, int column)
{
    const struct legacy_value *v = &r->values[column];
    bool broken = false;
    if (v->kind == LEGACY_NULL)
        return NULL;
    char *text = clean(r->im->c->arena, v->text, v->n, &broken);
    if (broken)
        row_replaced(r, column, WHY_bad_encoding, text);
    return text;
}

const char *kept_text(struct old_row *r, int column)
{
    return arena_dup(r->im->keep, row_text(r, column));
}

const char *row_name(struct old_row *r, int column)
{
    const char *text = row_text(r, column);
    if (!text || text_chars(text) <= NAME_CHARS_MAX)
        return text;
    text = text_shorten(r->im->c->arena, text, NAME_CHARS_MAX);
    row_replaced(r, column, WHY_too_long, text);
    return text;
}

const char *row_code(struct old_row *r, int column, const char *code)
{
    struct arena *a = r->im->c->arena;
    if (text_chars(code) <= CODE_CHARS_MAX)
        return code;
    code = arena_fmt(a, "%s-%lld", text_shorten(a, code, CODE_CHARS_MAX - 15), (long long)r->id);
    row_replaced(r, column, WHY_too_long, code);
    return code;
}

const char *row_choice(struct old_row *r, int column, const char *const *choices)
{
    const struct legacy_value *v = &r->values[column];
    for (size_t i = 0; choices[i]; i++)
        if (v->kind == LEGACY_TEXT && v->n == strlen(choices[i]) && memcmp(v->text, choices[i], v->n) == 0)
            return choices[i];
    return NULL;
}

static enum number number_in_text(struct old_row *r, int column, struct dec *out, enum reason *why)
{
    bool broken = false;
    struct arena *a = r->im->c->arena;
    const char *text = text_trim(a, text_narrow(a, clean(a, r->values[column].text, r->values[column].n, &broken)));
    enum decimal read = decimal_read(text, strlen(text), out);
    *why = read == DECIMAL_TOO_LARGE ? WHY_too_large : WHY_not_a_number;
    if (read == DECIMAL_NONE || read == DECIMAL_TOO_LARGE)
        return NUMBER_BAD;
    char shown[DEC_TEXT_MAX];
    dec_print(*out, shown);
    row_replaced(r, column, read == DECIMAL_ROUNDED ? WHY_rounded : WHY_number_as_text, shown);
    return NUMBER_GOOD;
}

enum number row_number(struct old_row *r, int column, struct dec *out, enum reason *why)
{
    const struct legacy_value *v = &r->values[column];
    char shown[DEC_TEXT_MAX];
    if (v->kind == LEGACY_NULL)
        return NUMBER_NONE;
    if (v->kind == LEGACY_TEXT)
        return number_in_text(r, column, out, why);
    enum decimal read = v->kind == LEGACY_BLOB ? DECIMAL_NONE : decimal_read(v->text, v->n, out);
    *why = read == DECIMAL_TOO_LARGE ? WHY_too_large : WHY_not_a_number;
    if (read == DECIMAL_ROUNDED) {
        dec_print(*out, shown);
        row_replaced(r, column, WHY_rounded, shown);
    }
    return read == DECIMAL_EXACT || read == DECIMAL_ROUNDED ? NUMBER_GOOD : NUMBER_BAD;
}

struct dec row_amount(struct old_row *r, int column)
{
    struct dec d = DEC_ZERO;
    enum reason why = WHY_not_a_number;
    enum number number = row_number(r, column, &d, &why);
    if (number == NUMBER_GOOD && dec_sign(d) < 0) {
        number = NUMBER_BAD;
        why = WHY_negative;
    }
    if (number == NUMBER_GOOD)
        return d;
    if (number == NUMBER_BAD)
        row_replaced(r, column, why, "0");
    return DEC_ZERO;
}

static bool is_within_reason(const struct legacy_import *im, int64_t ms)
{
    return ms >= EARLIEST_MS && ms <= im->now_ms + DAY_MS;
}

bool row_has_time(struct old_row *r, int column, int64_t *ms)
{
    const struct legacy_value *v = &r->values[column];
    bool broken = false;
    if (v->kind != LEGACY_TEXT)
        return false;
    const char *text = clean(r->im->c->arena, v->text, v->n, &broken);
    return !broken && clock_parse(text, ms) && is_within_reason(r->im, *ms);
}

/* What other tools write: a day alone, slashes, blanks around it; milliseconds or seconds since 1970, as a number. */
static bool has_odd_time(struct old_row *r, int column, int64_t *ms)
{
    const struct legacy_value *v = &r->values[column];
    struct arena *a = r->im->c->arena;
    struct dec number;
    bool broken = false;
    if (v->kind == LEGACY_INT || v->kind == LEGACY_REAL) {
        if (!decimal_near(v->text, v->n, &number))
            return false;
        int64_t whole = number.millionths / DEC_ONE;
        *ms = is_within_reason(r->im, whole) ? whole : whole < INT32_MAX ? whole * 1000 : 0;
        return is_within_reason(r->im, *ms);
    }
    if (v->kind != LEGACY_TEXT)
        return false;
    char *text = text_trim(a, text_narrow(a, clean(a, v->text, v->n, &broken)));
    for (char *slash = text; (slash = strchr(slash, '/'));)
        *slash = '-';
    if (!clock_parse(text, ms)) {
        if (!day_parse(text, ms))
            return false;
        *ms *= DAY_MS;
    }
    return is_within_reason(r->im, *ms);
}

int64_t row_time(struct old_row *r, int column, int64_t otherwise)
{
    int64_t ms;
    char shown[CLOCK_TEXT_MAX];
    if (row_has_time(r, column, &ms))
        return ms;
    if (has_odd_time(r, column, &ms)) {
        clock_print_row(ms, shown);
        row_replaced(r, column, WHY_odd_date, shown);
        return ms;
    }
    if (row_is_null(r, column))
        return otherwise;
    if (otherwise)
        clock_print_row(otherwise, shown);
    row_replaced(r, column, WHY_bad_date, otherwise ? shown : NULL);
    return otherwise;
}

int64_t row_id_at(const struct old_row *r, int column)
{
    const struct legacy_value *v = &r->values[column];
    return v->kind == LEGACY_INT && v->number > 0 && v->number <= ID_MAX ? v->number : 0;
}

int64_t row_person(struct old_row *r, int column, int64_t at_ms)
{
    struct legacy_import *im = r->im;
    int64_t id = row_id_at(r, column);
    if (!id && !row_is_null(r, column))
        row_replaced(r, column, WHY_orphan_user, NULL);
    if (!id || id_get(&im->people, id) != ID_NONE)
        return id;
    row_noted(r, column, WHY_deleted_user);
    import_closed_account(im, id, arena_fmt(im->c->arena, "已删除用户#%lld", (long long)id), at_ms);
    return id;
}

/* ---------------------------------------------------------------- tables */

struct walk {
    struct legacy_import *im;
    const struct legacy_table *table;
    void (*take)(struct old_row *r);
    struct id_map seen; /* a table that was made anew by other tools may have lost its key */
    int64_t done, total;
};

static enum rc take_row(void *arg, const struct legacy_value *values)
{
    struct walk *w = arg;
    struct legacy_import *im = w->im;
    struct old_row r = {im, w->table, values, 0, false};
    arena_reset(im->c->arena);
    total_add(&im->totals, TOTAL_TABLES, w->table->name, SIDE_OLD, 1, DEC_ZERO);
    r.id = row_id_at(&r, 0);
    if (!r.id || id_get(&w->seen, r.id) != ID_NONE) {
        row_leave_out(&r, 0, r.id ? WHY_duplicate_id : WHY_bad_id);
    } else {
        id_put(&w->seen, r.id, 1);
    }
    w->take(&r);
    import_tell(im, w->table->name, ++w->done, w->total);
    return im->rc;
}

enum rc rows_read(struct legacy_import *im, const struct legacy_table *t, void (*take)(struct old_row *r))
{
    struct walk w = {.im = im, .table = t, .take = take, .seen.arena = im->keep};
    struct legacy_outcome outcome;
    if (!legacy_has_table(im->file, t->name)) {
        *LIST_ADD(im->keep, im->notices) = arena_fmt(im->keep, "旧文件没有表 %s / the old file has no table %s", t->name, t->name);
        return RC_OK;
    }
    total_add(&im->totals, TOTAL_TABLES, t->name, SIDE_OLD, 0, DEC_ZERO);
    w.total = im->options->progress ? legacy_count(im->file, t) : 0;
    TRY(legacy_read(im->file, t, take_row, &w, &outcome));
    if (outcome.is_cut) {
        *LIST_ADD(im->keep, im->notices) =
            arena_fmt(im->keep, "表 %s 已损坏：只读出 %lld 行 / table %s is damaged: only %lld rows can be read", t->name,
                      (long long)outcome.rows, t->name, (long long)outcome.rows);
        im->result->damage = im->result->damage ? im->result->damage : arena_dup(im->keep, t->name);
    }
    return im->rc;
}
